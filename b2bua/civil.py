"""Moments as people write them, in letters and on the command line: Brussels time unless a zone is written, to the
second, the minute or only the day, by a clock that may be wrong.

Civil time has an hour of each autumn twice and an hour of each spring not at all. The first is read both ways, and so
is the second, since somebody's clock was not set; whoever needs one moment says whether the earlier or the later one
counts.
"""

import datetime
import re
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from b2bua.errors import MomentError

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
_DAY: Final = datetime.timedelta(days=1)
_MOST_SECONDS: Final = 7 * 24 * 60 * 60
#: Years whose every day has one before and one behind it, and whose zones are known.
_FIRST_YEAR, _LAST_YEAR = 1900, 9998
_BELGIAN: Final = re.compile(
    r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T]+(\d{1,2})[:hHu.](\d{2})(?:[:.](\d{2}))?)?", re.ASCII
)
_ISO: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?P<time>[ T]\d{2}:\d{2}(?P<seconds>:\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_MEND: Final = "write it as 2026-01-31T14:05, in Brussels time, or with its zone, 2026-01-31T13:05Z"


@attrs.frozen
class Span:
    """A stretch of time, both ends aware UTC: from `since` and before `until`."""

    since: datetime.datetime
    until: datetime.datetime
    is_day: bool = False
    """Whether no more than the day was told."""

    def widened(self, by: datetime.timedelta) -> "Span":
        """With as much before it and behind it."""
        return attrs.evolve(self, since=self.since - by, until=self.until + by)


def spans_of(text: str, error: datetime.timedelta) -> tuple[Span, ...]:
    """When that was, for a clock that was wrong by `error` at most: one stretch, or two around the end of summer time
    where these do not touch; the first first.

    Raises MomentError when it is no moment.
    """
    try:
        return _joined([span.widened(error) for span in _shown(*_read(text.strip()))])
    except (ValueError, OverflowError):
        raise MomentError(f"{text!r} is no moment; {_MEND}") from None


def error_of(seconds: int) -> datetime.timedelta:
    """By how much a clock was wrong. Raises MomentError for what no clock is."""
    if not 0 <= seconds <= _MOST_SECONDS:
        raise MomentError(f"no clock is wrong by {seconds} s; from 0 to {_MOST_SECONDS}")
    return datetime.timedelta(seconds=seconds)


def day_of(day: datetime.date) -> Span:
    """A day of the calendar in Brussels, of 23 to 25 hours."""
    begin = datetime.datetime.combine(day, datetime.time())
    return Span(_instants(begin)[0], _instants(begin + _DAY)[-1], is_day=True)


def first_of(text: str) -> datetime.datetime:
    """The first moment that it may mean, aware UTC: of a day its beginning, of an hour that comes twice the earlier.

    Raises MomentError.
    """
    return spans_of(text, datetime.timedelta())[0].since


def end_of(text: str) -> datetime.datetime:
    """The moment, aware UTC, at which what ends then is over: of a day its end, of an hour that comes twice the later.

    Raises MomentError.
    """
    span = spans_of(text, datetime.timedelta())[-1]
    return span.until if span.is_day else span.since


def local(moment: datetime.datetime, *, milliseconds: bool = False) -> str:
    """A moment as people are shown it: Brussels time, with its distance from UTC."""
    shown = moment.astimezone(BRUSSELS)
    more = f".{shown.microsecond // 1_000:03d}" if milliseconds else ""
    return f"{shown:%Y-%m-%d %H:%M:%S}{more} {shown:%z}"


def _read(text: str) -> tuple[datetime.datetime, datetime.timedelta]:
    """What was written, naive where no zone is told, and in which unit. Raises ValueError."""
    wall, unit = _written(text)
    if not _FIRST_YEAR <= wall.year <= _LAST_YEAR:
        raise ValueError(text)
    return wall, unit


def _written(text: str) -> tuple[datetime.datetime, datetime.timedelta]:
    belgian = _BELGIAN.fullmatch(text)
    if belgian:
        day, month, year, hour, minute, second = (int(part or 0) for part in belgian.groups())
        return datetime.datetime(year, month, day, hour, minute, second), _unit(belgian[4], belgian[6])
    iso = _ISO.fullmatch(text)
    if not iso:
        raise ValueError(text)
    return datetime.datetime.fromisoformat(text), _unit(iso["time"], iso["seconds"])


def _unit(time: str | None, seconds: str | None) -> datetime.timedelta:
    if time is None:
        return _DAY
    return datetime.timedelta(minutes=1) if seconds is None else datetime.timedelta(seconds=1)


def _shown(wall: datetime.datetime, unit: datetime.timedelta) -> list[Span]:
    """When a clock in Brussels may have shown that, in order."""
    if unit == _DAY:
        return [day_of(wall.date())]
    return [Span(begin, begin + unit) for begin in _instants(wall)]


def _instants(wall: datetime.datetime) -> list[datetime.datetime]:
    readings = [wall] if wall.tzinfo else [wall.replace(tzinfo=BRUSSELS, fold=fold) for fold in (0, 1)]
    return sorted({reading.astimezone(datetime.UTC) for reading in readings})


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    joined = spans[:1]
    for span in spans[1:]:
        if span.since <= joined[-1].until:
            joined[-1] = attrs.evolve(joined[-1], until=max(joined[-1].until, span.until))
        else:
            joined.append(span)
    return tuple(joined)
