"""Once is enough: what may happen at every call, and should not be told at every call."""

import attrs


@attrs.define(eq=False)
class News:
    """One matter for alarms, told again only when a while has passed."""

    every: float
    """Seconds between two alarms."""
    _told_at: float | None = attrs.field(default=None, init=False)

    def is_due(self, now: float) -> bool:
        """Whether it is to be told at `now`; if so, it has been."""
        if self._told_at is not None and now - self._told_at < self.every:
            return False
        self._told_at = now
        return True
