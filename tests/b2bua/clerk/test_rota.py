"""Chores, each at its pace; one that fails is told and holds nobody up."""

import datetime
import logging
from collections.abc import Callable

import attrs
import pytest

from b2bua.chore import Chore
from b2bua.clerk.rota import AGAIN, TOLD_EVERY, Lane
from b2bua.errors import StoreError

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)


@attrs.define(eq=False)
class Day:
    """A lane whose clock the test moves."""

    tick: float = 0.0
    done: list[str] = attrs.field(factory=list)

    def lane(self, *chores: Chore) -> Lane:
        return Lane.of(chores, self.tick)

    def chore(self, name: str, every: float, act: Callable[[], object] = lambda: None, **more: bool) -> Chore:
        def run(_: datetime.datetime) -> None:
            self.done.append(name)
            act()

        return Chore(name, every, run, **more)

    def turn(self, lane: Lane, tick: float) -> float:
        self.tick = max(tick, self.tick)
        return lane.turn(lambda: self.tick, lambda: NOON)


def fails(error: Exception) -> Callable[[], object]:
    def raises() -> object:
        raise error

    return raises


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith("alarm: ")]


def test_each_is_done_at_once_and_then_at_its_pace() -> None:
    day = Day()
    lane = day.lane(day.chore("often", 1), day.chore("seldom", 10))
    assert day.turn(lane, 0) == 1
    assert day.done == ["often", "seldom"]
    for tick in range(1, 10):
        day.turn(lane, tick)
    assert day.done.count("often") == 10
    assert day.turn(lane, 10) == 1
    assert day.done.count("seldom") == 2


def test_nothing_is_done_before_it_is_due() -> None:
    day = Day()
    lane = day.lane(day.chore("one", 10))
    day.turn(lane, 0)
    assert day.turn(lane, 4) == 6
    assert day.done == ["one"]


def test_a_pause_begins_when_the_chore_is_done() -> None:
    day = Day()

    def slow() -> None:
        day.tick += 30

    lane = day.lane(day.chore("slow", 10, slow))
    assert day.turn(lane, 0) == 10


def test_a_chore_is_given_the_time() -> None:
    given: list[datetime.datetime] = []
    Lane.of([Chore("one", 1, given.append)], 0).turn(lambda: 0, lambda: NOON)
    assert given == [NOON]


def test_one_that_fails_is_told_and_the_others_are_done(caplog: pytest.LogCaptureFixture) -> None:
    day = Day()
    lane = day.lane(day.chore("bad", 1, fails(StoreError("the store is away"))), day.chore("good", 1))
    with caplog.at_level(logging.INFO):
        day.turn(lane, 0)
        day.turn(lane, 1)
    assert day.done == ["bad", "good"] * 2
    assert alarms(caplog) == ["alarm: chore: bad has failed 1 times: the store is away"]


def test_one_that_goes_on_failing_is_told_once_a_minute_and_when_it_is_well_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    day, error = Day(), [StoreError("away")]

    def act() -> None:
        if error:
            raise error[0]

    lane = day.lane(day.chore("bad", 1, act))
    with caplog.at_level(logging.INFO):
        for tick in range(int(TOLD_EVERY) * 3):
            day.turn(lane, tick)
        assert len(alarms(caplog)) == 3
        error.clear()
        day.turn(lane, TOLD_EVERY * 3)
    assert "chore bad goes again, after it had failed 180 times" in caplog.text
    assert lane.standings[0].as_dict(0) == {"done": 1, "failed_in_a_row": 0, "busy_seconds": None}


def test_a_daily_chore_that_failed_is_tried_again_within_ten_minutes_and_then_keeps_its_pace() -> None:
    day, error = Day(), [StoreError("away")]

    def act() -> None:
        if error:
            raise error.pop()

    lane = day.lane(day.chore("daily", 86_400, act))
    assert day.turn(lane, 0) == AGAIN <= 600
    assert day.turn(lane, AGAIN) == 86_400
    assert day.done == ["daily"] * 2


def test_a_bug_of_ours_is_told_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    day = Day()
    lane = day.lane(day.chore("bug", 1, fails(KeyError("x"))), day.chore("good", 1))
    with caplog.at_level(logging.ERROR):
        day.turn(lane, 0)
    assert day.done == ["bug", "good"]
    assert "KeyError" in alarms(caplog)[0]
    assert any(record.exc_info for record in caplog.records)


def test_at_the_end_only_that_is_done_which_should_be() -> None:
    day = Day()
    lane = day.lane(day.chore("index", 1, at_end=True), day.chore("pack", 1))
    lane.finish(lambda: 0, lambda: NOON)
    assert day.done == ["index"]
