import orjson
import pytest

from bench import ratios
from bench.baseline import Baseline
from bench.errors import BenchError
from bench.micro import CALIBRATION, subjects
from bench.ratios import Effort, measured

PRINT = "print it, untouched"


def test_a_process_of_its_own_finds_the_ratio_of_the_part_that_is_asked_for() -> None:
    found = measured(Effort(processes=2, rounds=1), [PRINT])

    assert found.keys() == {PRINT}
    assert found[PRINT] > 0


def test_the_second_least_of_what_the_processes_find_counts(monkeypatch) -> None:
    found = iter((0.9, 0.4, 0.6, 0.5, 0.7))
    monkeypatch.setattr(ratios, "_in_process", lambda *_: {PRINT: next(found)})

    assert measured(Effort(processes=5, rounds=1)) == {PRINT: 0.5}


def test_a_process_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(BenchError, match="cannot be measured: ValueError: invalid literal"):
        measured(Effort(processes=2, rounds="many"))  # type: ignore[arg-type]


def test_every_part_but_the_unit_is_measured_and_has_a_baseline(capsys) -> None:
    ratios.main(1, ())

    found = orjson.loads(capsys.readouterr().out)
    with subjects() as all_subjects:
        assert found.keys() == {subject.name for subject in all_subjects} - {CALIBRATION}
    assert found.keys() == Baseline.read().parts.keys()
