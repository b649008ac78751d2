from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain, repeat

import attrs
import pytest

from bench.baseline import Baseline, Part, establish, parts
from bench.errors import BenchError
from bench.guard import AGAIN, Change, Judged, Outcome, judge, report
from bench.micro import CALIBRATION, Subject, calibrate, ratios, sample
from bench.story import invite
from sipstack.message.parse import parse_structure

PARSE, PRINT = "parse an INVITE", "print it, untouched"
WAS = Baseline(
    date="2026-01-31T12:00:00+00:00",
    runs=10,
    processor="a processor",
    python="CPython 3.11",
    parts={PARSE: Part(6.0, 0.10), PRINT: Part(0.2, 0.05)},
)


class Measurements:
    """What each measurement finds, the last one again and again; and what was asked for."""

    def __init__(self, *found: Mapping[str, float]) -> None:
        self.found = chain(found, repeat(found[-1]))
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, names: Collection[str]) -> Mapping[str, float]:
        self.asked.append(tuple(names))
        return {name: ratio for name, ratio in next(self.found).items() if not names or name in names}


def judged(*found: Mapping[str, float], is_from_here: bool = True) -> Outcome:
    return judge(WAS, Measurements(*found), lambda _: None, is_from_here=is_from_here)


def worse(outcome: Outcome) -> list[str]:
    return [one.name for one in outcome.worse]


def test_a_part_within_its_noise_passes_and_is_measured_once() -> None:
    measure = Measurements({PARSE: 6.59, PRINT: 0.209})

    assert judge(WAS, measure, lambda _: None).passes
    assert measure.asked == [()]


def test_a_part_that_stays_beyond_its_noise_fails() -> None:
    outcome = judged({PARSE: 6.61, PRINT: 0.2})

    assert not outcome.passes
    assert worse(outcome) == [PARSE]


def test_each_part_has_a_noise_of_its_own() -> None:
    assert worse(judged({PARSE: 6.5, PRINT: 0.217})) == [PRINT]


def test_only_suspects_are_measured_again_and_a_disturbance_passes() -> None:
    measure = Measurements({PARSE: 9.0, PRINT: 0.2}, {PARSE: 7.0}, {PARSE: 6.1})
    said: list[str] = []

    outcome = judge(WAS, measure, said.append)

    assert outcome.passes
    assert measure.asked == [(), (PARSE,), (PARSE,)]
    assert [PARSE in line and PRINT not in line for line in said] == [True, True]


def test_one_that_is_well_the_second_time_is_not_asked_a_third() -> None:
    measure = Measurements({PARSE: 9.0, PRINT: 0.2}, {PARSE: 6.0})

    assert judge(WAS, measure, lambda _: None).passes
    assert len(measure.asked) == 2


def test_a_suspect_is_worse_only_after_all_its_measurements() -> None:
    measure = Measurements({PARSE: 9.0, PRINT: 0.2})

    (parse,) = judge(WAS, measure, lambda _: None).worse

    assert len(measure.asked) == len(parse.found) == 1 + AGAIN


def test_a_part_that_is_better_beyond_its_noise_is_told_and_passes() -> None:
    outcome = judged({PARSE: 5.3, PRINT: 0.2})
    lines = list(report(WAS, outcome))

    assert outcome.passes
    assert lines[0].startswith(f"better: {PARSE}")


def test_what_has_no_baseline_or_is_measured_no_more_is_unguarded_and_fails() -> None:
    outcome = judged({PARSE: 6.0, "something new": 1.0})

    assert outcome.strangers == (PRINT, "something new")
    assert not outcome.passes
    assert sum("stranger: " in line for line in report(WAS, outcome)) == 2


def test_the_failure_says_which_part_was_is_and_may_be_and_what_to_do() -> None:
    said = "\n".join(report(WAS, judged({PARSE: 7.5, PRINT: 0.2})))

    assert f"worse: {PARSE}: was 6 calibration loops, is 7.5, +25% (measured 3 times); allowed 6.6, +10%" in said
    assert "1 of 2 parts" in said
    assert "2026-01-31" in said
    assert "python -m bench micro" in said
    assert "python -m bench baseline" in said


def test_the_least_of_its_measurements_is_what_a_part_is() -> None:
    assert Judged(PARSE, WAS.parts[PARSE], (9.0, 6.7, 8.0)).least == 6.7
    assert Judged(PARSE, WAS.parts[PARSE], (9.0, 6.7, 8.0)).change is Change.WORSE


def test_on_another_machine_more_is_allowed_and_that_is_said() -> None:
    outcome = judged({PARSE: 8.0, PRINT: 0.15}, is_from_here=False)

    assert outcome.passes
    assert not judged({PARSE: 9.0, PRINT: 0.2}, is_from_here=False).passes
    assert "another machine (a processor, CPython 3.11)" in next(report(WAS, outcome))


def test_a_part_that_does_half_as_much_again_fails_by_its_real_time() -> None:
    def measure(work: Callable[[bytes], object]) -> Mapping[str, float]:
        unit = Subject.over(CALIBRATION, int, lambda _: calibrate(), times=100)
        found = ratios(sample([unit, Subject.over(PARSE, invite, work, times=100)], 15, lambda _: None))
        return {PARSE: found[PARSE]}

    def twice(wire: bytes) -> None:
        parse_structure(wire)
        parse_structure(wire)

    def thrice(wire: bytes) -> None:
        twice(wire)
        parse_structure(wire)

    was = attrs.evolve(WAS, parts={PARSE: Part(measure(twice)[PARSE], 0.25)})

    assert judge(was, lambda _: measure(twice), lambda _: None).passes
    assert not judge(was, lambda _: measure(thrice), lambda _: None).passes


def test_the_value_of_a_part_is_the_median_and_its_noise_covers_the_worst_run() -> None:
    part = parts([{PARSE: ratio} for ratio in (6.0, 6.0, 6.0, 6.1, 7.2)])[PARSE]

    assert part.value == 6.0
    assert part.noise == pytest.approx(0.2)
    assert part.allowed == pytest.approx(7.2)


def test_runs_that_agree_by_chance_make_no_noise_smaller_than_they_stray() -> None:
    ratios = (5.9, 5.9, 5.9, 6.0, 6.0, 6.1, 6.1, 6.1)

    assert parts([{PARSE: ratio} for ratio in ratios])[PARSE].noise == pytest.approx(4 * 1.4826 * 0.1 / 6.0)


def test_no_part_is_taken_to_stray_less_than_the_middle_one() -> None:
    steady, middling, wild = ((1.0, 1.0, 1.0), (1.0, 1.0, 1.1), (1.0, 1.0, 1.5))
    found = parts([{"steady": a, "middling": b, "wild": c} for a, b, c in zip(steady, middling, wild, strict=True)])

    assert {name: round(part.noise, 6) for name, part in found.items()} == {"steady": 0.1, "middling": 0.1, "wild": 0.5}


def test_a_baseline_is_read_as_it_was_written(tmp_path) -> None:
    path = tmp_path / "baseline.toml"

    WAS.write(path)

    assert Baseline.read(path) == WAS


@pytest.mark.parametrize("text", ["", "[measured]\n", "not toml", '[measured]\nx = 1\n[part]\n"a" = 3\n'])
def test_a_file_that_is_no_baseline_is_an_error_that_says_how_to_make_one(tmp_path, text) -> None:
    path = tmp_path / "baseline.toml"
    path.write_text(text)

    with pytest.raises(BenchError, match="python -m bench baseline"):
        Baseline.read(path)


def test_half_of_the_runs_of_a_baseline_have_neighbours(monkeypatch) -> None:
    from contextlib import contextmanager

    company: list[str] = []
    seen: list[Sequence[str]] = []

    @contextmanager
    def neighbours():
        company.append("there")
        yield
        company.clear()

    def measure() -> Mapping[str, float]:
        seen.append(tuple(company))
        return {PARSE: 6.0 + len(seen)}

    monkeypatch.setattr("bench.baseline.neighbours", neighbours)
    said: list[str] = []

    found = establish(measure, 2, said.append)

    assert seen == [(), ("there",), (), ("there",)]
    assert found.runs == 4
    assert found.is_from_here
    assert found.parts[PARSE].value == 8.5
    assert "run 4 of 4" in said[-1]
