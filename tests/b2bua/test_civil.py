"""Moments as people write them, read in one way wherever they are written."""

import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.civil import BRUSSELS, Span, end_of, error_of, first_of, local, spans_of
from b2bua.errors import MomentError

pytestmark = pytest.mark.law("¶16 identity")

EXACT = datetime.timedelta()
FIVE = datetime.timedelta(minutes=5)


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def spans(text: str, error: datetime.timedelta = EXACT) -> list[tuple[datetime.datetime, datetime.datetime]]:
    return [(span.since, span.until) for span in spans_of(text, error)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T14:03",
        "2026-11-22 14:03",
        "22/11/2026 14:03",
        "22/11/2026 14h03",
        "22.11.2026 14u03",
        "22/11/2026 14.03",
        "2026-11-22T14:03+01:00",
        "2026-11-22T13:03Z",
        " 2026-11-22T14:03 ",
    ],
)
def test_a_minute_is_the_whole_of_it(text: str) -> None:
    assert spans(text) == [(utc("2026-11-22T13:03"), utc("2026-11-22T13:04"))]


def test_a_second_is_one_second() -> None:
    assert spans("2026-11-22T14:03:20") == [(utc("2026-11-22T13:03:20"), utc("2026-11-22T13:03:21"))]


def test_in_summer_brussels_is_two_hours_ahead() -> None:
    assert spans("2026-07-01T14:03") == [(utc("2026-07-01T12:03"), utc("2026-07-01T12:04"))]


def test_a_wrong_clock_widens_it_to_both_sides() -> None:
    assert spans("2026-11-22T14:03", FIVE) == [(utc("2026-11-22T12:58"), utc("2026-11-22T13:09"))]


def test_it_crosses_midnight_into_the_next_day_and_year() -> None:
    assert spans("2026-12-31T23:58", FIVE) == [(utc("2026-12-31T22:53"), utc("2026-12-31T23:04"))]
    assert spans("2027-01-01T00:01", FIVE) == [(utc("2026-12-31T22:56"), utc("2026-12-31T23:07"))]


def test_a_day_is_the_calendars_in_brussels() -> None:
    assert spans("2026-11-22") == [(utc("2026-11-21T23:00"), utc("2026-11-22T23:00"))]
    assert spans("22/11/2026") == spans("2026-11-22")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_on_which_the_clocks_change_is_shorter_or_longer(day: str, hours: int) -> None:
    ((since, until),) = spans(day)
    assert until - since == datetime.timedelta(hours=hours)


def test_an_hour_that_the_clock_shows_twice_is_looked_for_twice() -> None:
    assert spans("2026-10-25T02:30") == [
        (utc("2026-10-25T00:30"), utc("2026-10-25T00:31")),
        (utc("2026-10-25T01:30"), utc("2026-10-25T01:31")),
    ]


def test_with_its_zone_it_is_only_one_of_both() -> None:
    assert len(spans("2026-10-25T02:30+02:00")) == 1


def test_stretches_that_touch_are_one() -> None:
    assert spans("2026-10-25T02:30", datetime.timedelta(minutes=40)) == [
        (utc("2026-10-24T23:50"), utc("2026-10-25T02:11"))
    ]


def test_an_hour_that_no_clock_shows_was_shown_by_one_that_was_not_set() -> None:
    assert [since for since, _ in spans("2026-03-29T02:30")] == [utc("2026-03-29T00:30"), utc("2026-03-29T01:30")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "32/01/2026",
        "2026-02-30T10:00",
        "2026-11-22T25:00",
        "14:03",
        "2026-11-22Z",
        "٢٠٢٦-11-22",
        "0001-01-01",
        "0001-01-01T00:00+14:00",
        "1899-12-31",
        "9999-12-31",
        "9999-12-31T23:59:59Z",
    ],
)
def test_what_is_no_moment_is_said_to_be_none(text: str) -> None:
    with pytest.raises(MomentError, match=r"is no moment; write it as 2026-01-31T14:05"):
        spans_of(text, FIVE)


def test_of_a_moment_of_our_own_the_earlier_counts_so_that_a_period_ends_sooner() -> None:
    assert first_of("2026-10-25T02:30") == utc("2026-10-25T00:30")


def test_of_a_moment_at_which_something_ends_the_later_counts() -> None:
    assert end_of("2026-10-25T02:30") == utc("2026-10-25T01:30")
    assert end_of("2026-10-25T03:30") == utc("2026-10-25T02:30")


def test_a_day_begins_and_ends_in_brussels() -> None:
    assert (first_of("2026-07-01"), end_of("2026-07-01")) == (utc("2026-06-30T22:00"), utc("2026-07-01T22:00"))


@pytest.mark.parametrize("seconds", [-1, 7 * 86_400 + 1, 10**20])
def test_what_no_clock_is_wrong_by_is_said_so(seconds: int) -> None:
    with pytest.raises(MomentError, match="no clock is wrong by"):
        error_of(seconds)


def test_a_moment_is_told_with_its_distance_from_utc() -> None:
    assert local(utc("2026-07-01T12:00")) == "2026-07-01 14:00:00 +0200"


@given(st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2099, 1, 1)), st.integers(0, 7_200))
def test_whatever_moment_it_was_what_a_clock_in_brussels_showed_finds_it(wall: datetime.datetime, error: int) -> None:
    moment = wall.replace(tzinfo=datetime.UTC)
    shown = moment.astimezone(BRUSSELS).strftime("%Y-%m-%d %H:%M")
    found = spans_of(shown, datetime.timedelta(seconds=error))
    assert any(span.since <= moment < span.until for span in found)
    assert all(one.until < other.since for one, other in pairwise(found))


def test_a_span_is_widened_to_both_sides() -> None:
    span = Span(utc("2026-01-01T10:00"), utc("2026-01-01T11:00"))
    assert span.widened(FIVE) == Span(utc("2026-01-01T09:55"), utc("2026-01-01T11:05"))
