"""The dated entries that change what the rules say: a snapshot, never a code change.

Today the infeasibility dossiers of art. 1 3° ("exclusivement s'il peut être démontré", ¶8). Dates are civil days in
the home country, both ends included, because that is how a dossier is written.
"""

from datetime import UTC, date, datetime, timedelta

import attrs

_SUNDAY = 6


@attrs.frozen(kw_only=True)
class Dossier:
    """The dated proof that a roaming check is technically infeasible for the numbers of one holder or range."""

    prefix: str
    """E.164 with +, the numbers it speaks of."""
    reference: str
    since: date
    until: date | None = None
    """Last day it holds; None while it stands."""

    def covers(self, e164: str, day: date) -> bool:
        """Whether it speaks of this number on that day."""
        return e164.startswith(self.prefix) and self.since <= day and (self.until is None or day <= self.until)


@attrs.frozen
class Register:
    """One immutable state of the register; every verdict names its version."""

    version: str = "empty"
    dossiers: tuple[Dossier, ...] = ()

    def dossier_for(self, e164: str, day: date) -> Dossier | None:
        """The most particular dossier that covers this number on that day."""
        covering = [dossier for dossier in self.dossiers if dossier.covers(e164, day)]
        return max(covering, key=lambda dossier: (len(dossier.prefix), dossier.since, dossier.reference), default=None)


def civil_day(now: datetime) -> date:
    """The calendar day in Brussels at an aware moment.

    Written out (directive 2000/84/EC: summer time runs between the last Sundays of March and October, 01:00 UTC), so
    that a machine without a time zone database decides like any other.
    """
    utc = now.astimezone(UTC)
    summer = _last_sunday(utc.year, 3) <= utc < _last_sunday(utc.year, 10)
    return (utc + timedelta(hours=2 if summer else 1)).date()


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() - _SUNDAY) % 7)
