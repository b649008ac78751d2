"""How many calls a trunk may carry in one direction: at one time, and anew per second."""

import math
from typing import Protocol, Self

import attrs

from b2bua.trunk.news import News

#: Seconds after which a caller may try again when all places are taken: about as long as a short call.
_FULL = 5
#: Seconds between two alarms about one limit.
_QUIET = 60.0


class Tally(Protocol):
    """What other processes of the gateway count towards a limit; entered by one of them at a time."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def elsewhere(self) -> int:
        """How many calls the others hold."""

    def bucket(self) -> tuple[float | None, float]:
        """What is left of the rate that all share, and when that was so; None at the start."""

    def note(self, tokens: float | None, at: float) -> None:
        """The same from now on."""

    def holds(self, calls: int) -> None:
        """So many are held here."""


@attrs.define(eq=False, kw_only=True)
class Limit:
    """One limit and what is counted towards it. Each call that `admit` lets in must `leave`, once."""

    of: tuple[str, str] = ("", "")
    """The name of its trunk, and its direction there, `inward` or `outward`."""
    calls: int | None = None
    """At one time; None: any number."""
    per_second: float | None = None
    """New ones; None: any number. A second's worth may come at once, one at least."""
    held: int = 0
    refused: int = 0
    """Since the start."""
    _tokens: float | None = None
    _counted_at: float = 0.0
    shared: Tally | None = attrs.field(default=None, init=False, repr=False)
    """What counts towards it in other processes; None: there are none."""
    _news: News = attrs.field(factory=lambda: News(_QUIET), init=False, repr=False)

    @property
    def is_set(self) -> bool:
        """Whether there is one."""
        return self.calls is not None or self.per_second is not None

    def admit(self, now: float) -> int | None:
        """Counts one more call in; else the seconds after which to try again, for a Retry-After."""
        tally = self.shared
        if tally is None:
            return self._admit(now, 0)
        with tally:
            self._tokens, self._counted_at = tally.bucket()
            wait = self._admit(now, tally.elsewhere())
            tally.note(self._tokens, self._counted_at)
            tally.holds(self.held)
        return wait

    def enter(self) -> None:
        """Counts in a call that was let in elsewhere, and goes on here."""
        self._hold(self.held + 1)

    def leave(self) -> None:
        """A call that was let in is over."""
        self._hold(self.held - 1)

    def is_news(self, now: float) -> bool:
        """Whether a refusal at `now` is worth an alarm: not when there was one a moment ago."""
        return self._news.is_due(now)

    def __str__(self) -> str:
        most = "" if self.calls is None else f" of at most {self.calls}"
        rate = "" if self.per_second is None else f", {self.per_second:g} new ones a second"
        held = self.held if self.shared is None else self.held + self.shared.elsewhere()
        return f"{held} at the moment{most}{rate}; {self.refused} refused so far"

    def _hold(self, calls: int) -> None:
        self.held = calls
        if self.shared is not None:
            self.shared.holds(calls)

    def _admit(self, now: float, elsewhere: int) -> int | None:
        wait = self._wait(now, self.held + elsewhere)
        if wait is None:
            self.held += 1
        else:
            self.refused += 1
        return wait

    def _wait(self, now: float, held: int) -> int | None:
        if self.calls is not None and held >= self.calls:
            return _FULL
        if self.per_second is None:
            return None
        burst = max(1.0, self.per_second)
        tokens = burst if self._tokens is None else self._tokens + (now - self._counted_at) * self.per_second
        self._tokens, self._counted_at = min(tokens, burst), now
        if self._tokens < 1.0:
            return max(1, math.ceil((1.0 - self._tokens) / self.per_second))
        self._tokens -= 1.0
        return None
