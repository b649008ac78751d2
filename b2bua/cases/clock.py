"""24 hours, told of at 12, 20 and 23 (art. 4 §2, ¶16).

Hours that pass, and not those that a clock on the wall shows: where summer time begins or ends, a day of the calendar
is an hour shorter or longer, and the period is not.
"""

import datetime
from enum import StrEnum
from typing import Final

import attrs

PERIOD: Final = datetime.timedelta(hours=24)
MARKS: Final = (12, 20, 23, 24)
"""Hours after which somebody is reminded; the last says that it is too late."""
_HOUR: Final = datetime.timedelta(hours=1)


class Duty(StrEnum):
    """What must be done before the clock runs out."""

    ANSWER = "answer"
    BLOCK = "block"


@attrs.frozen
class Clock:
    """One of a case's two clocks; the moments are aware."""

    duty: Duty
    since: datetime.datetime
    met: datetime.datetime | None = None
    """When what it asks for was done; None while it is not."""

    @property
    def due(self) -> datetime.datetime:
        """The last moment."""
        return self.since + PERIOD

    def is_late(self, now: datetime.datetime) -> bool:
        """Whether it was done too late, or is not done and should be."""
        return (self.met or now) > self.due

    def left(self, now: datetime.datetime) -> datetime.timedelta:
        """How long there is, or was when it was done; negative by how much it is late."""
        return self.due - (self.met or now)

    def mark(self, now: datetime.datetime) -> int | None:
        """The last of the hours in `MARKS` that has passed with nothing done; None when there is nothing to tell."""
        if self.met is not None:
            return None
        return max((hours for hours in MARKS if now - self.since >= hours * _HOUR), default=None)
