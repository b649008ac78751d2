import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.duties.month import Month, begins
from policy.register import civil_day


def utc(*fields: int) -> datetime.datetime:
    return datetime.datetime(*fields, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("month", "since", "until"),
    [
        ("2026-01", utc(2025, 12, 31, 23), utc(2026, 1, 31, 23)),
        ("2026-03", utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)),
        ("2026-07", utc(2026, 6, 30, 22), utc(2026, 7, 31, 22)),
        ("2026-10", utc(2026, 9, 30, 22), utc(2026, 10, 31, 23)),
        ("2026-12", utc(2026, 11, 30, 23), utc(2026, 12, 31, 23)),
    ],
)
def test_a_month_is_one_of_brussels(month: str, since: datetime.datetime, until: datetime.datetime) -> None:
    told = Month.parse(month)
    assert (told.since, told.until, str(told)) == (since, until, month)


@given(st.dates(datetime.date(1990, 1, 2), datetime.date(2200, 1, 1)))
def test_a_day_begins_at_the_first_moment_that_is_of_it(day: datetime.date) -> None:
    first = begins(day)
    assert civil_day(first) == day
    assert civil_day(first - datetime.timedelta(microseconds=1)) == day - datetime.timedelta(days=1)


@given(st.integers(1990, 2200), st.integers(1, 12))
def test_months_follow_each_other_without_a_gap(year: int, month: int) -> None:
    told = Month(year, month)
    after = Month(year + month // 12, month % 12 + 1)
    assert told.until == after.since
    assert Month.before(after.since) == told
    assert Month.before(after.until - datetime.timedelta(microseconds=1)) == told


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", "0000-01", "2026-01\n"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no month"):
        Month.parse(text)
