"""A month of Brussels' calendar, and a day of it, in UTC; without a database of time zones."""

import datetime
import re
from typing import Final

import attrs

from policy.register import civil_day

_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_HOUR: Final = datetime.timedelta(hours=1)


def begins(day: datetime.date) -> datetime.datetime:
    """The moment in UTC at which that day begins in Brussels. Raises OverflowError for the first day of all."""
    earliest = datetime.datetime.combine(day, datetime.time(), datetime.UTC) - 2 * _HOUR
    return earliest if civil_day(earliest) == day else earliest + _HOUR


@attrs.frozen(order=True)
class Month:
    """One of the calendar."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Of 2026-10. Raises ValueError."""
        found = _MONTH.fullmatch(text)
        if found is None or not 1900 <= int(found[1]) <= 9998:
            raise ValueError(f"{text!r} is no month; write it as 2026-10")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def before(cls, now: datetime.datetime) -> "Month":
        """The last one that is over at that moment, in Brussels."""
        day = civil_day(now)
        return cls(day.year - 1, 12) if day.month == 1 else cls(day.year, day.month - 1)

    @property
    def since(self) -> datetime.datetime:
        """Its first moment."""
        return begins(datetime.date(self.year, self.month, 1))

    @property
    def until(self) -> datetime.datetime:
        """The first moment after it."""
        over = self.month == 12
        return begins(datetime.date(self.year + over, 1 if over else self.month + 1, 1))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
