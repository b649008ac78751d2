import math

import orjson
from rich.console import Console

from bench.figures import Figure, Report, machine, tables, versions

FIGURES = (
    Figure(bench="whole", subject="forwarder", quantity="CPU per call", value=0.2, unit="ms"),
    Figure(bench="whole", subject="b2bua", quantity="CPU per call", value=2345.6, unit="ms", ratio=4.2, to="forwarder"),
    Figure(bench="whole", subject="b2bua", quantity="highest rate", value=None, unit="calls/s", note="no rate held"),
    Figure(bench="micro", subject="parse", quantity="CPU", value=3.5, unit="us", ratio=0.5, to="calibration"),
)


def printed(figures: tuple[Figure, ...]) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        for table in tables(figures):
            console.print(table)
    return captured.get()


def test_each_bench_has_a_table_of_its_own() -> None:
    assert [str(table.title).partition(":")[0] for table in tables(FIGURES)] == ["whole", "micro"]


def test_a_figure_is_printed_with_its_unit_its_ratio_and_what_that_is_to() -> None:
    line = next(line for line in printed(FIGURES).splitlines() if "b2bua" in line)

    assert line.split() == ["CPU", "per", "call", "b2bua", "2,346", "ms", "4.2", "forwarder"]


def test_what_could_not_be_measured_says_why() -> None:
    line = next(line for line in printed(FIGURES).splitlines() if "highest" in line)

    assert line.split() == ["highest", "rate", "b2bua", "-", "(no", "rate", "held)"]


def test_a_report_is_read_back_as_it_was_written(tmp_path) -> None:
    report = Report(
        date="2026-01-31T12:00:00+00:00",
        machine=machine(),
        versions=versions(),
        quick=True,
        load=(0.5, 1.5),
        figures=FIGURES,
    )
    path = tmp_path / "results" / "latest.json"

    report.write(path)
    read = orjson.loads(path.read_bytes())

    assert set(read) == {"date", "machine", "versions", "quick", "load", "figures", "trials"}
    assert read["load"] == [0.5, 1.5]
    assert read["figures"][1] == {
        "bench": "whole",
        "subject": "b2bua",
        "quantity": "CPU per call",
        "value": 2345.6,
        "unit": "ms",
        "ratio": 4.2,
        "to": "forwarder",
        "note": "",
    }


def test_a_figure_that_is_no_number_is_written_as_none(tmp_path) -> None:
    figure = Figure(bench="whole", subject="b2bua", quantity="delay", value=math.nan, unit="ms")
    report = Report(date="", machine={}, versions={}, quick=True, load=(0, 0), figures=(figure,))

    report.write(tmp_path / "latest.json")

    assert orjson.loads((tmp_path / "latest.json").read_bytes())["figures"][0]["value"] is None
