"""24 hours, told of at 12, 20 and 23."""

import datetime

import pytest

from b2bua.cases.clock import Clock, Duty
from tests.b2bua.cases.making import NOW, after

SECOND = datetime.timedelta(seconds=1)
CLOCK = Clock(Duty.ANSWER, NOW)


def test_it_is_due_a_day_after_it_began() -> None:
    assert CLOCK.due == after(24)


def test_the_last_moment_is_in_time_and_the_next_is_late() -> None:
    assert not CLOCK.is_late(after(24))
    assert CLOCK.is_late(after(24) + SECOND)


def test_what_was_done_in_time_never_becomes_late() -> None:
    assert not Clock(Duty.ANSWER, NOW, met=after(23)).is_late(after(1_000))


def test_what_was_done_too_late_stays_late() -> None:
    late = Clock(Duty.ANSWER, NOW, met=after(26))
    assert late.is_late(after(1_000))
    assert late.left(after(1_000)) == datetime.timedelta(hours=-2)


@pytest.mark.parametrize(
    ("at", "mark"),
    [(0, None), (11.99, None), (12, 12), (19.99, 12), (20, 20), (23, 23), (23.99, 23), (24, 24), (99, 24)],
)
def test_the_last_mark_that_has_passed_is_told(at: float, mark: int | None) -> None:
    assert CLOCK.mark(after(at)) == mark


def test_nothing_is_told_of_what_is_done() -> None:
    assert Clock(Duty.BLOCK, NOW, met=after(1)).mark(after(99)) is None


def test_where_summer_time_ends_a_day_of_25_hours_does_not_lengthen_the_period() -> None:
    evening = datetime.datetime(2026, 10, 24, 20, tzinfo=datetime.UTC)
    assert Clock(Duty.ANSWER, evening).due - evening == datetime.timedelta(hours=24)
