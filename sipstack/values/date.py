"""Date: when a request or response was first sent (RFC 3261 section 20.17): RFC 1123's form, and GMT alone.

The names are English whatever the locale, so they are written out here.
"""

import datetime
import re
from typing import Final, Self

import attrs

from sipstack.errors import ParseError, StateError

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"[ \t]*+(?:{'|'.join(_DAYS)}),[ \t]++([0-9]{{1,2}})[ \t]++({'|'.join(_MONTHS)})[ \t]++([0-9]{{4}})"
    r"[ \t]++([0-9]{2}):([0-9]{2}):([0-9]{2})[ \t]++GMT[ \t]*+",
    re.IGNORECASE,
)


@attrs.frozen
class Date:
    """A moment, to the second."""

    at: datetime.datetime
    """Aware."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `Sat, 13 Nov 2010 23:29:00 GMT`; a wrong day of the week is borne. Raises `ParseError`."""
        found = _DATE.fullmatch(text)
        if found is None:
            raise ParseError("Bad Date", text)
        day, month, year, hour, minute, second = found.groups()
        try:
            at = datetime.datetime(
                int(year),
                _MONTHS.index(month.capitalize()) + 1,
                int(day),
                int(hour),
                int(minute),
                int(second),
                tzinfo=datetime.UTC,
            )
        except ValueError as error:
            raise ParseError("Bad Date", text) from error
        return cls(at)

    def __str__(self) -> str:
        if self.at.tzinfo is None:
            raise StateError("a Date without time zone")
        at = self.at.astimezone(datetime.UTC)
        return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"
