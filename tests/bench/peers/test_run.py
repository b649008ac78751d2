"""The trials' order and the search, over boxes that hold up to a rate of their own; no process is started."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest

from bench.boxes import Box, Ports
from bench.errors import BenchError
from bench.peers import run as subject
from bench.peers.offer import Offer
from bench.peers.run import Plan, Run, between, stillborn, why
from bench.peers.table import Present, Row
from bench.processes import Cores
from bench.sipp import Trial
from tests.bench.making import trial

PORTS = Ports(caller=1, front=2, back=2, callee=3)


@attrs.define
class Stage:
    """What each box holds, and every trial that was made: box, rate, seconds, whether delays were wanted."""

    limits: dict[str, float]
    made: list[tuple[str, float, float, bool]] = attrs.field(factory=list)
    pauses: list[str] = attrs.field(factory=list)
    """Boxes whose next trial, after its warming up, fails by somebody else's pause."""

    def __call__(self, box: Box, rate: float, calls: int, _folder: object, _cores: object, *, delays: bool) -> Trial:
        if self.limits[box.name] <= 0:
            raise BenchError(f"{box.name} ended at once: no such modules")
        self.made.append((box.name, rate, calls / rate, delays))
        paused = calls > 1 and box.name in self.pauses
        if paused:
            self.pauses.remove(box.name)
        repeated = 0 if rate <= self.limits[box.name] and not paused else 7
        return trial(box=box.name, rate=rate, calls=calls, succeeded=calls, seconds=calls / rate, repeated=repeated)


def a_run(monkeypatch, tmp_path, plan: Plan, limits: dict[str, float], calls: bool = True) -> tuple[Run, Stage]:
    stage = Stage(limits)
    monkeypatch.setattr(subject, "trial", stage)
    monkeypatch.setattr(subject, "_WARMING", 0.0)
    boxes = [
        Present(Row(name=name, what="", offer=lambda _: Offer(standing), calls=calls), Offer(standing))
        for name in limits
    ]
    return Run(plan, boxes, lambda _: None, tmp_path, Cores(box=0, load=1)), stage


@contextmanager
def standing(_folder: object, _core: int) -> Iterator[Box]:
    yield Box("server", None, PORTS)  # type: ignore[arg-type]


def measured(stage: Stage) -> list[tuple[str, float]]:
    """Without the warming up, which is one call here."""
    return [(name, rate) for name, rate, seconds, _ in stage.made if seconds * rate > 1]


def test_at_the_modest_rate_the_boxes_take_turns_and_each_trial_warms_its_box_up(monkeypatch, tmp_path) -> None:
    run, stage = a_run(monkeypatch, tmp_path, Plan(rate=200, seconds=10, repeats=2), {"a": 1e3, "b": 1e3})

    run.steady()

    assert measured(stage) == [("a", 200), ("b", 200)] * 2
    assert [(done.trial.box, done.repeat) for done in run.done] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert len(stage.made) == 8
    assert {delays for _, _, seconds, delays in stage.made if seconds == 10} == {True}


def test_a_box_climbs_the_ladder_until_it_falls_off_at_its_last_chance(monkeypatch, tmp_path) -> None:
    run, stage = a_run(monkeypatch, tmp_path, Plan(ladder=(50, 100, 200, 400), chances=2), {"a": 100, "b": 1e3})

    run.ladder()

    assert [rate for name, rate in measured(stage) if name == "a"] == [50, 100, 200, 200]
    assert [rate for name, rate in measured(stage) if name == "b"] == [50, 100, 200, 400]


def test_one_pause_of_somebody_elses_making_does_not_end_a_ladder(monkeypatch, tmp_path) -> None:
    run, stage = a_run(monkeypatch, tmp_path, Plan(ladder=(50, 100), chances=2), {"a": 1e3})
    stage.pauses = ["a"]

    run.ladder()

    assert measured(stage) == [("a", 50), ("a", 50), ("a", 100)]


@pytest.mark.parametrize("limit", [130, 437, 801, 1190, 1560])
def test_the_highest_rate_is_found_to_the_plans_precision_in_every_repeat(monkeypatch, tmp_path, limit: float) -> None:
    plan = Plan(steps=6, precision=1.06, repeats=3)
    run, _ = a_run(monkeypatch, tmp_path, plan, {"a": limit})

    run.ladder()
    run.highest()

    for repeat in (1, 2, 3):
        rates = [done.trial.rate for done in run.of("a", "highest") if done.repeat == repeat and done.trial.held]
        assert limit / 1.07 <= max(rates) <= limit


def test_what_only_moves_datagrams_or_never_held_is_not_searched(monkeypatch, tmp_path) -> None:
    run, stage = a_run(monkeypatch, tmp_path, Plan(ladder=(50, 100)), {"a": 1e4}, calls=False)
    run.ladder()
    climbed = len(stage.made)
    run.highest()
    assert len(stage.made) == climbed

    run, stage = a_run(monkeypatch, tmp_path, Plan(ladder=(50, 100)), {"a": 10})
    run.ladder()
    run.highest()
    assert not list(run.of("a", "highest"))


def test_a_box_that_does_not_start_fails_its_trials_with_its_last_words_and_the_others_go_on(
    monkeypatch, tmp_path
) -> None:
    run, _ = a_run(monkeypatch, tmp_path, Plan(repeats=1), {"a": 0, "b": 1e3})

    run.steady()

    assert [(done.trial.box, done.trial.held) for done in run.done] == [("a", False), ("b", True)]
    assert why(run.done[0].trial) == "a ended at once: no such modules"


def test_a_search_begins_between_the_rung_that_held_and_the_one_that_did_not() -> None:
    held, failed = trial(rate=400.0, calls=400, succeeded=400, seconds=1.0), trial(rate=1600.0, repeated=1)

    assert between([held, failed]) == (800.0, 1600.0)
    assert between([held]) == (400.0, None)
    paused = trial(rate=200.0, repeated=1)  # by another's making, since the box held more
    assert between([paused, held]) == (400.0, None)


def test_a_trial_that_was_not_held_says_why() -> None:
    assert why(trial()) == ""
    assert why(trial(repeated=3)) == "3 messages were repeated"
    assert why(trial(succeeded=490)) == "10 of 500 calls had not ended in time"
    assert why(trial(succeeded=490, failures=("caller: 10 UnexpectedMessage",))) == "caller: 10 UnexpectedMessage"
    assert why(trial(seconds=10.15)) == "only 50 calls a second were made"
    assert why(stillborn("a", 100, 10, "no such modules")) == "no such modules"
