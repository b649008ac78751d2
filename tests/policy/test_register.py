"""Dated entries, and the day it is in Brussels."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import Dossier, Register, civil_day

OLD = Dossier(prefix="+3245", reference="old", since=date(2025, 1, 1), until=date(2025, 12, 31))
NARROW = Dossier(prefix="+32456", reference="narrow", since=date(2025, 6, 1))


@pytest.mark.law("L5", "K12")
@pytest.mark.parametrize(
    ("number", "day", "reference"),
    [
        ("+32456000000", date(2024, 12, 31), None),
        ("+32456000000", date(2025, 1, 1), "old"),
        ("+32456000000", date(2025, 6, 1), "narrow"),
        ("+32455000000", date(2025, 12, 31), "old"),
        ("+32455000000", date(2026, 1, 1), None),
        ("+32456000000", date(2030, 1, 1), "narrow"),
        ("+32470000000", date(2025, 6, 1), None),
    ],
)
def test_the_most_particular_dossier_of_the_day_is_found(number: str, day: date, reference: str | None) -> None:
    for dossiers in ((OLD, NARROW), (NARROW, OLD)):
        found = Register("v", dossiers).covering(Dossier, number, day)
        assert (found and found.reference) == reference


@pytest.mark.law("L5")
def test_an_empty_register_has_no_dossier() -> None:
    assert Register().covering(Dossier, "+32456000000", date(2026, 1, 1)) is None


@pytest.mark.law("¶4")
@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 1, 22, 59, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 23, 0, tzinfo=UTC), date(2026, 1, 2)),
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 22, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2025, 3, 29, 23, 0, tzinfo=UTC), date(2025, 3, 30)),
        (datetime(2025, 10, 25, 22, 0, tzinfo=UTC), date(2025, 10, 26)),
    ],
)
def test_a_moment_falls_on_the_day_it_is_in_brussels(moment: datetime, day: date) -> None:
    assert civil_day(moment) == day


@given(st.datetimes(datetime(2000, 1, 1), datetime(2036, 12, 31)))
def test_the_civil_day_is_that_of_the_time_zone_database(moment: datetime) -> None:
    try:
        brussels = ZoneInfo("Europe/Brussels")
    except ZoneInfoNotFoundError:
        pytest.skip("this machine has no time zone database")
    for aware in (moment.replace(tzinfo=UTC), moment.replace(minute=0, hour=23, tzinfo=UTC) - timedelta(hours=1)):
        assert civil_day(aware) == aware.astimezone(brussels).date()
