"""The table of docs/faults.md is true: every fault stands once, every test it names exists, none is forgotten."""

import pytest

from tests.tables import ROOT, Row, rows, unknown, unnamed

TEXT = (ROOT / "docs" / "faults.md").read_text()
ROWS = rows(TEXT)


def test_each_fault_stands_once() -> None:
    assert sorted(row.number for row in ROWS) == list(range(1, 31))


def test_every_test_that_is_named_exists() -> None:
    assert unknown(ROWS) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_each_fault_has_what_holds_a_figure_and_a_test(row: Row) -> None:
    fault, holds, figure, shown = row.cells
    assert fault
    assert holds
    assert figure
    assert len(row.tests) == shown.count("tests/") > 0


def test_no_test_of_a_fault_is_missing() -> None:
    assert unnamed(ROWS, "tests/faults") == set()


def test_a_row_is_read_with_all_its_tests() -> None:
    text = "| No. |\n|---|\n| 7 | a fault | so | `tests/a/test_b.py::test_c`, `tests/d.py` |\n"
    assert rows(text) == [Row(7, ("a fault", "so", "`tests/a/test_b.py::test_c`, `tests/d.py`"))]
    assert rows(text)[0].tests == [("tests/a/test_b.py", "test_c"), ("tests/d.py", "")]
    assert unknown(rows(text)) == ["tests/a/test_b.py::test_c", "tests/d.py::"]
