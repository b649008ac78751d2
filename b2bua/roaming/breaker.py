"""A circuit breaker: a holder that has failed several times in a row is left alone for a while.

Failures in a row, and no share of them: of a holder that answers every other question half the callers have the good of
it, while an open breaker refuses them all.
"""

import attrs

#: The longest that a holder's Retry-After is heeded, seconds.
LONGEST_PAUSE = 300.0


@attrs.define(eq=False)
class Breaker:
    """That of one holder. `now` is monotonic seconds."""

    after: int
    """How many failures in a row open it; 0: none."""
    pause: float
    """Seconds for which it stays open; then one question tries."""
    opened: int = attrs.field(default=0, init=False)
    """How often it has."""
    _failures: int = attrs.field(default=0, init=False)
    _until: float | None = attrs.field(default=None, init=False)
    _is_trying: bool = attrs.field(default=False, init=False)

    @property
    def is_open(self) -> bool:
        """Whether the holder is being left alone, or one question tries whether it is back."""
        return self._until is not None

    def admits(self, now: float) -> bool:
        """Whether a question may be asked. The first after the pause may, and `answered` or `failed` must follow."""
        if self._until is None:
            return True
        if now < self._until or self._is_trying:
            return False
        self._is_trying = True
        return True

    def answered(self) -> bool:
        """The holder has answered; whether that is news."""
        was_open, self._until = self.is_open, None
        self._failures, self._is_trying = 0, False
        return was_open

    def failed(self, now: float, pause: float | None = None) -> bool:
        """It has not, and asked to be left alone so long, or for no certain time; whether the breaker opens by it."""
        self._failures += 1
        if self._until is not None:
            if self._is_trying or pause is not None:
                # What was asked before it opened and fails after says nothing new.
                self._is_trying, self._until = False, max(self._until, now + self._length(pause))
            return False
        if not self.after or (pause is None and self._failures < self.after):
            return False
        self._until = now + self._length(pause)
        self.opened += 1
        return True

    def _length(self, pause: float | None) -> float:
        return self.pause if pause is None else min(max(pause, 0.0), LONGEST_PAUSE)
