"""A file as it was read: what it says, and in which line of it a key stands."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import attrs

from b2bua.config.finding import Finding, Where

#: Bytes of a file; a list of a million numbers is smaller.
LARGEST: Final = 16 * 1024 * 1024


@attrs.frozen(kw_only=True)
class Mistake:
    """One thing to mend in the file."""

    file: Path
    line: int | None
    """Where the key stands, or the table it is missing from; None when the file has neither."""
    key: str
    """`trunk[0].class`: tables of an array counted from 0."""
    problem: str
    mend: str
    fatal: bool = True
    """False for a warning: the daemon runs."""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}" if self.line else f"{self.file}"

    def __str__(self) -> str:
        return f"{self.place}: {'' if self.fatal else 'warning: '}{self.key}: {self.problem} ({self.mend})"


@attrs.frozen
class Source:
    """The text of one file."""

    path: Path
    text: str = attrs.field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "Source | Mistake":
        """The file, unless it cannot be read."""
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                return unreadable(path, f"is larger than {LARGEST >> 20} MiB", "take out what is no longer in force")
            return cls(path, data.decode("utf-8"))
        except (OSError, ValueError) as error:  # UnicodeDecodeError is a ValueError, and so is a NUL in the path
            if isinstance(error, UnicodeDecodeError):
                return unreadable(path, f"byte {error.start} is not UTF-8", "save the file as UTF-8")
            return unreadable(path, getattr(error, "strerror", None) or str(error), "name a file that can be read")

    def toml(self) -> dict[str, Any] | Mistake:
        """Its tables, unless it is no TOML."""
        try:
            return tomllib.loads(self.text)
        except RecursionError:
            return unreadable(self.path, "not TOML that can be read: it is nested too deep", "see toml.io")
        except ValueError as error:  # a TOMLDecodeError, or a number of more digits than Python will read
            line = re.search(r"line (\d+)", str(error))
            return unreadable(self.path, f"not TOML: {error}", "see toml.io", int(line[1]) if line else None)

    @cached_property
    def _lines(self) -> "_Lines":
        return _Lines.of(self.text)

    def mistake(self, finding: Finding) -> Mistake:
        """A finding with its line."""
        return Mistake(
            file=self.path,
            line=self._lines.find(finding.where),
            key=spell(finding.where),
            problem=finding.problem,
            mend=finding.mend,
            fatal=finding.fatal,
        )


def unreadable(path: Path, problem: str, mend: str, line: int | None = None) -> Mistake:
    """A file of which nothing can be used."""
    return Mistake(file=path, line=line, key="(file)", problem=problem, mend=mend)


def spell(where: Where) -> str:
    """`("trunk", 0, "class")` as `trunk[0].class`."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(file)"


def line_of(text: str, where: Where) -> int | None:
    """The line of a key as people write TOML: tables by header, keys at a line's start; else its table's line.

    tomllib gives no positions. A key of an inline table falls back to the line of what holds it.
    """
    return _Lines.of(text).find(where)


@attrs.frozen
class _Lines:
    """Where each key and table stands, by its steps: `("trunk", 1, "header", 0)` is the second trunk's first header."""

    numbers: Mapping[Where, int]
    arrays: frozenset[tuple[str, ...]]
    """The names of the arrays of tables."""

    @classmethod
    def of(cls, text: str) -> "_Lines":
        """One look at each line, however many keys will be asked for."""
        numbers: dict[Where, int] = {}
        arrays: set[tuple[str, ...]] = set()
        seen: Counter[tuple[str, ...]] = Counter()
        table: list[str] = []
        for number, line in enumerate(text.splitlines(), start=1):
            header = re.match(r"\s*(\[\[?)([^\]]*)\]", line)
            path = [step.strip(" \t\"'") for step in header[2].split(".")] if header else [*table, *_key(line)]
            if header:
                table = path
                if header[1] == "[[":
                    arrays.add(tuple(path))
                    _count(tuple(path), seen)
            where: Where = ()
            for length, name in enumerate(path, start=1):
                where, array = (*where, name), tuple(path[:length])
                if array in seen:
                    where = (*where, seen[array] - 1)
                numbers.setdefault(where, number)
        return cls(numbers, frozenset(arrays))

    def find(self, where: Where) -> int | None:
        """The line of the key, or of the innermost table or key around it that has one."""
        found, at, names = None, Where(), tuple[str, ...]()
        indexes = _indexes(where)
        for step in where:
            if isinstance(step, int):
                continue
            names, at = (*names, step), (*at, step)
            if names in self.arrays:
                at = (*at, indexes.get(names, 0))
            if at not in self.numbers:
                break
            found = self.numbers[at]
        return found


def _indexes(where: Where) -> dict[tuple[str, ...], int]:
    """Which table of each array it is: `("trunk", 1, "header", 0)` is the second trunk's first header."""
    indexes: dict[tuple[str, ...], int] = {}
    names: tuple[str, ...] = ()
    for step in where:
        if isinstance(step, str):
            names = (*names, step)
        else:
            indexes.setdefault(names, step)
    return indexes


def _count(array: tuple[str, ...], seen: Counter[tuple[str, ...]]) -> None:
    """One table more of an array; the arrays inside it begin anew."""
    seen[array] += 1
    for inner in [other for other in seen if other[: len(array)] == array and other != array]:
        del seen[inner]


def _key(line: str) -> list[str]:
    """The key a line begins with, in a list; an empty one when it begins with none."""
    found = re.match(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""", line)
    return [found[1].strip("\"'")] if found else []
