from pathlib import Path

import orjson
import pytest

from bench.errors import BenchError
from bench.plots import Curve, curves_by_calls, curves_by_rate, draw


def trial(box: str, rate: float, cpu: float | None, held: bool = True, purpose: str = "ladder") -> dict[str, object]:
    return {"box": box, "rate": rate, "held": held, "purpose": purpose, "cpu_ms": cpu, "p50_ms": cpu, "p99_ms": cpu}


TRIALS = [
    trial("b2bua", 200, 0.7),
    trial("b2bua", 100, 0.9),
    *(trial("b2bua", 200, cost, purpose="steady") for cost in (0.5, 0.6)),
    trial("b2bua", 400, 9.9, held=False),
    trial("b2bua", 300, 9.9, purpose="highest"),
    trial("kamailio", 100, None),
]
FIGURES = [
    {"quantity": "memory, 10,000 calls up", "subject": "b2bua", "value": 150.0},
    {"quantity": "memory, 0 calls up", "subject": "b2bua", "value": 40.0},
    {"quantity": "memory, 1,000 calls up", "subject": "kamailio", "value": None},
    {"quantity": "memory, 0 calls up", "subject": "kamailio", "value": None},
    {"quantity": "memory per held call, 1,000 up", "subject": "b2bua", "value": 11.0},
]


def test_a_curve_goes_through_the_median_of_what_held_by_rate() -> None:
    assert curves_by_rate(TRIALS, "cpu_ms") == [Curve("b2bua", ((100, 0.9), (200, 0.6)))]


def test_a_curve_of_memory_begins_without_calls() -> None:
    assert curves_by_calls(FIGURES) == [Curve("b2bua", ((0, 40.0), (10_000, 150.0)))]


def report(folder: Path) -> Path:
    path = folder / "peers.json"
    path.write_bytes(orjson.dumps({"trials": TRIALS, "figures": FIGURES}))
    return path


def test_three_plots_are_drawn_the_same_each_time_with_text_as_text(tmp_path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `bench` is not installed")

    drawn = draw(report(tmp_path), tmp_path / "a")
    again = draw(report(tmp_path), tmp_path / "b")

    assert [path.name for path in drawn] == ["cpu.svg", "delay.svg", "memory.svg"]
    assert [path.read_bytes() for path in drawn] == [path.read_bytes() for path in again]
    text = drawn[0].read_text()
    assert ">b2bua</text>" in text
    assert "CPU ms a call" in text


def test_without_matplotlib_it_says_what_to_install(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)

    with pytest.raises(BenchError, match=r"pip install 'b2bua\[bench\]'"):
        draw(report(tmp_path), tmp_path)
