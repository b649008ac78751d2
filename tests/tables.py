"""Tables of the documentation that name tests: read here, so that each can be shown to be true."""

import re
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[1]

_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")

_FUNCTION = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


@attrs.frozen
class Row:
    """One line: its number, and its other cells."""

    number: int
    cells: tuple[str, ...]

    @property
    def tests(self) -> list[tuple[str, str]]:
        """File and function of each test it names; a whole file has no function."""
        return _TEST.findall(" ".join(self.cells))


def rows(text: str) -> list[Row]:
    """All rows that begin with a number."""
    found = [line.strip("| ").split(" | ") for line in text.splitlines() if re.match(r"\|\s*\d", line)]
    return [Row(int(number), tuple(cells)) for number, *cells in found]


def functions(path: Path) -> set[str]:
    """The tests of a file, wherever in it they stand."""
    return set(_FUNCTION.findall(path.read_text()))


def unknown(found: list[Row]) -> list[str]:
    """Tests that are named and do not exist."""
    named = {test for row in found for test in row.tests}
    there = {file: functions(ROOT / file) if (ROOT / file).exists() else None for file, _ in named}
    known = {(file, name) for file, names in there.items() for name in names or ()}
    files = {(file, "") for file, names in there.items() if names is not None}
    return [f"{file}::{name}" for file, name in sorted(named - known - files)]


def unnamed(found: list[Row], folder: str) -> set[str]:
    """Tests of a folder that no row names; those of the tables themselves need no row."""
    named = {name for row in found for _, name in row.tests}
    paths = [path for path in (ROOT / folder).glob("test_*.py") if path.name != "test_table.py"]
    return {name for path in paths for name in functions(path)} - named
