"""Which nonce has been used how far, so that what was heard once cannot be said again (RFC 7616 §3.4 and §5.5).

A nonce count may be used once. Requests of one client overtake each other on UDP, so the counts of a nonce need not
come in order: those at most 63 below the highest are told apart, older ones count as used.
"""

import math
from typing import Final

import attrs

_WINDOW: Final = 64
_ALL: Final = 2**_WINDOW - 1
_BEYOND: Final = 2**32


@attrs.define(eq=False)
class _Use:
    issued: float
    highest: int
    below: int
    """Bit n: the count `highest - n` has been used."""


@attrs.define(eq=False, repr=False)
class NonceMemory:
    """The counts used with each nonce, for at most `capacity` nonces at a time.

    Note only what has been proved right, so that strangers cannot fill it. When it is full the nonce that came first
    is forgotten, and with it every nonce as old: what is no longer remembered is refused, never believed.
    """

    capacity: int = 10_000
    _uses: dict[str, _Use] = attrs.field(factory=dict, init=False)
    _forgotten: float = attrs.field(default=-math.inf, init=False)
    """An unknown nonce issued at this time or earlier may be one that was forgotten."""

    def use(self, nonce: str, issued: float, count: int | None) -> bool:
        """Note one use; False when that count was used before, or when this can no longer be told.

        `count` is 1 or more; None (a response without qop has no count) uses the whole nonce up.
        """
        use = self._uses.get(nonce)
        if use is None:
            if issued <= self._forgotten:
                return False
            self._uses[nonce] = _Use(issued, _BEYOND, _ALL) if count is None else _Use(issued, count, 1)
            self._shrink()
            return True
        return count is not None and _advance(use, count)

    def forget(self, before: float) -> None:
        """Nonces issued before that time have expired: the oldest entries that hold such go."""
        while self._uses:
            nonce, use = next(iter(self._uses.items()))
            if use.issued >= before:
                return
            self._drop(nonce)

    def _shrink(self) -> None:
        while len(self._uses) > self.capacity:
            self._drop(next(iter(self._uses)))

    def _drop(self, nonce: str) -> None:
        self._forgotten = max(self._forgotten, self._uses.pop(nonce).issued)

    def __len__(self) -> int:
        return len(self._uses)

    def __repr__(self) -> str:
        return f"<NonceMemory {len(self)} of {self.capacity}>"


def _advance(use: _Use, count: int) -> bool:
    ahead = count - use.highest
    if ahead > 0:
        use.below = (use.below << min(ahead, _WINDOW) | 1) & _ALL
        use.highest = count
        return True
    bit = 1 << -ahead if -ahead < _WINDOW else 0
    if not bit or use.below & bit:
        return False
    use.below |= bit
    return True
