"""The table of docs/scenarios.md is true: every scenario stands once, every test it names exists, none is forgotten."""

import ast
import functools
import re
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "scenarios.md"
SCENARIOS = 60

_ROW = re.compile(r"\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@attrs.frozen
class Row:
    """One line of the table."""

    number: int
    scenario: str
    rfc: str
    shown: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        """File and function of each test it names."""
        return _TEST.findall(self.shown)


def rows(text: str) -> list[Row]:
    return [Row(int(number), *cells) for number, *cells in _ROW.findall(text)]


@functools.cache
def functions(path: Path) -> set[str]:
    """The tests of a file, wherever in it they stand."""
    tree = ast.parse(path.read_text())
    found = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {name for name in found if name.startswith("test_")}


ROWS = rows(TABLE.read_text())


def test_each_scenario_stands_once_and_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, SCENARIOS + 1))


def test_no_line_of_the_table_is_passed_over() -> None:
    lines = [line for line in TABLE.read_text().splitlines() if re.match(r"\|\s*\d", line)]
    assert len(lines) == len(ROWS)
    assert sum(line.count("tests/") for line in lines) == sum(len(row.tests) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_each_scenario_is_shown_by_tests_that_exist_or_says_why_not(row: Row) -> None:
    assert re.search(r"\d{4}", row.rfc)
    assert row.tests or len(row.shown) > 40
    for file, name in row.tests:
        assert name in functions(ROOT / file), f"scenario {row.number} names {file}::{name}, which does not exist"


def test_no_test_of_a_scenario_is_missing_from_the_table() -> None:
    named = {name for row in ROWS for _, name in row.tests}
    written = {
        name for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__) for name in functions(path)
    }
    assert written - named == set()


def test_a_row_is_read_with_all_its_tests() -> None:
    text = "| 7 | a scene | 3261 §13 | `tests/a/test_b.py::test_c`, `tests/d.py::test_e`: so |\n"
    assert rows(text) == [Row(7, "a scene", "3261 §13", "`tests/a/test_b.py::test_c`, `tests/d.py::test_e`: so")]
    assert rows(text)[0].tests == [("tests/a/test_b.py", "test_c"), ("tests/d.py", "test_e")]
