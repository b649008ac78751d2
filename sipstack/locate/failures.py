"""Which targets failed lately, so that the next message tries them last (RFC 3261 section 21.5.4).

RFC 3263 section 4.3 says what a failure is; how long one is held against a target is ours to choose, except that a
Retry-After says it itself.
"""

from collections.abc import Iterable

import attrs

from sipstack.locate.target import Target

Place = tuple[str, str, int]


@attrs.define(eq=False)
class FailureMemory:
    """For every message the same one: what a `Hunt` learns, the next one begins with. Bounded.

    A target in it is tried last and not never: being wrong about it then costs a call nothing.
    """

    penalty: float = 30.0
    """For how many seconds a time-out or a transport error counts."""
    longest: float = 600.0
    """The longest Retry-After that is believed, seconds: a peer must not take itself out for a month by mistake."""
    limit: int = attrs.field(default=4096, kw_only=True)
    """Targets remembered; the one noted first makes room."""
    _until: dict[Place, float] = attrs.field(factory=dict, init=False, repr=False)

    def note(self, target: Target, now: float, seconds: float | None = None) -> None:
        """The target failed; `seconds` is its Retry-After, else `penalty` counts. A longer time that runs stays."""
        place = _place(target)
        until = now + min(self.penalty if seconds is None else max(seconds, 0.0), self.longest)
        until = max(until, self._until.pop(place, until))
        if len(self._until) >= self.limit:
            del self._until[next(iter(self._until))]
        self._until[place] = until

    def forget(self, target: Target) -> None:
        """The target answered: nothing is held against it any more."""
        self._until.pop(_place(target), None)

    def until(self, target: Target, now: float) -> float | None:
        """When its time will have passed; None when nothing is held against it."""
        until = self._until.get(_place(target))
        return until if until is not None and until > now else None

    def ordered(self, targets: Iterable[Target], now: float) -> tuple[Target, ...]:
        """Those that did not fail in their order, then the others, whose time passes soonest first."""
        return (
            tuple(sorted(targets, key=lambda target: self.until(target, now) or 0.0)) if self._until else tuple(targets)
        )

    @property
    def size(self) -> int:
        """Targets remembered."""
        return len(self._until)


def _place(target: Target) -> Place:
    return target.transport, target.address, target.port
