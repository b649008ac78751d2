"""Whose turn it is in a lane, and what is told of a chore that fails: enough to be seen, too seldom to fill a log."""

import datetime
import logging
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from b2bua.chore import Chore
from b2bua.errors import GatewayError

log = logging.getLogger("b2bua")

AGAIN: Final = 600.0
"""Seconds after which a chore that has failed is tried again, however seldom it is due."""
TOLD_EVERY: Final = 60.0
"""Seconds from one alarm of a chore that goes on failing to the next."""


@attrs.define
class Standing:
    """How it stands with one chore."""

    chore: Chore
    due: float
    """Monotonic seconds."""
    done: int = 0
    failed: int = 0
    """Times in a row."""
    told: float | None = None
    """When its failing was last told."""
    since: float | None = None
    """Since when it is being done; None while it is not."""

    def as_dict(self, tick: float) -> dict[str, object]:
        """Fit for JSON."""
        busy = None if self.since is None else round(tick - self.since, 1)
        return {"done": self.done, "failed_in_a_row": self.failed, "busy_seconds": busy}


@attrs.define(eq=False)
class Lane:
    """Chores that are done one after the other."""

    standings: Sequence[Standing]

    @classmethod
    def of(cls, chores: Sequence[Chore], tick: float) -> "Lane":
        """Each is due at once."""
        return cls([Standing(chore, tick) for chore in chores])

    def turn(self, tick: Callable[[], float], now: Callable[[], datetime.datetime]) -> float:
        """Does what is due; returns in how many seconds something is again."""
        for standing in self.standings:
            if standing.due <= tick():
                self._do(standing, tick, now())
        return max(0.0, min(standing.due for standing in self.standings) - tick())

    def finish(self, tick: Callable[[], float], now: Callable[[], datetime.datetime]) -> None:
        """Does once more what is done at the end."""
        for standing in self.standings:
            if standing.chore.at_end:
                self._do(standing, tick, now())

    def _do(self, standing: Standing, tick: Callable[[], float], now: datetime.datetime) -> None:
        standing.since = tick()
        try:
            standing.chore.run(now)
        except Exception as error:
            self._failed(standing, tick(), error)
        else:
            if standing.failed:
                log.info("chore %s goes again, after it had failed %d times", standing.chore.name, standing.failed)
            standing.done, standing.failed, standing.told = standing.done + 1, 0, None
        finally:
            standing.since = None
            again = min(standing.chore.every_seconds, AGAIN) if standing.failed else standing.chore.every_seconds
            standing.due = tick() + again

    def _failed(self, standing: Standing, tick: float, error: Exception) -> None:
        standing.failed += 1
        if standing.told is None or tick - standing.told >= TOLD_EVERY:
            standing.told = tick
            is_ours = not isinstance(error, GatewayError | OSError)
            text = f"{type(error).__name__}: {error}" if is_ours else str(error)
            log.error("alarm: chore: %s has failed %d times: %s", standing.chore.name, standing.failed, text)
            if is_ours:
                log.error("this is a bug of ours", exc_info=error)
