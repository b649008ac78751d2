"""The register from all the files it is written in: the configuration, a file of its own, lists of numbers.

    [register]
    file = "register.toml"                  # the same tables, [[register.consent]] and so on
    [[register.agreement]]
    numbers_file = "numbers.csv"            # one number a line

What they hold is put in the place where it would stand in the configuration, before anything is made of it; where it
came from is kept, so that a mistake is told with its own file and line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from b2bua.config.finding import Finding, Where
from b2bua.config.source import Mistake, Source

#: The tables whose `numbers` may stand in a list.
LISTED = ("agreement", "caller_list")


@attrs.define(eq=False)
class Gathered:
    """All that is written, and where."""

    main: Source
    raw: dict[str, Any] = attrs.field(repr=False)
    """The tables of the configuration, those of the other files in their places."""
    mistakes: list[Mistake] = attrs.field(factory=list, init=False)
    """What cannot be read at all."""
    _other: Source | None = attrs.field(default=None, init=False)
    """The file of the register."""
    _inline: dict[str, int] = attrs.field(factory=dict, init=False)
    """How many entries of a kind the configuration itself has: those beyond are the other file's."""
    _lists: dict[tuple[str, int], Source] = attrs.field(factory=dict, init=False)
    """The list of numbers of an entry, by kind and place."""

    @classmethod
    def read(cls, path: Path) -> "Gathered | Mistake":
        """The configuration and what it names; a Mistake when it is none."""
        main = Source.read(path)
        if isinstance(main, Mistake):
            return main
        raw = main.toml()
        if isinstance(raw, Mistake):
            return raw
        gathered = cls(main, raw)
        register = raw.get("register")
        if type(register) is dict:
            gathered._register(register)
        return gathered

    def mistake(self, finding: Finding) -> Mistake:
        """A finding with the file and the line that it is about."""
        match finding.where:
            case ("register", str(kind), int(index), *rest):
                return self._of_entry(finding, kind, index, tuple(rest))
        return self.main.mistake(finding)

    def _of_entry(self, finding: Finding, kind: str, index: int, rest: Where) -> Mistake:
        numbers = self._lists.get((kind, index))
        if numbers is not None and rest[:1] == ("numbers",) and len(rest) > 1:
            line = next((line for line, number in _numbers_of(numbers.text) if number == rest[1]), None)
            if line is not None:
                return attrs.evolve(numbers.mistake(finding), line=line)
        inline = self._inline.get(kind, 0)
        if self._other is None or index < inline:
            return self.main.mistake(finding)
        return self._other.mistake(attrs.evolve(finding, where=("register", kind, index - inline, *rest)))

    def _register(self, register: dict[str, Any]) -> None:
        self._inline = {kind: len(entries) for kind, entries in register.items() if type(entries) is list}
        self._numbers(register, self.main.path.parent)
        file = register.pop("file", None)
        if file is None:
            return
        if type(file) is not str or not file:
            wrong = Finding(("register", "file"), "is not the name of a file", 'write file = "register.toml"')
            self.mistakes.append(self.main.mistake(wrong))
            return
        other = self._tables(self.main.path.parent / file)
        self._numbers(other, self.main.path.parent / Path(file).parent, self._inline)
        for kind, entries in other.items():
            inline = register.setdefault(kind, [])
            if type(inline) is list:  # else it is a mistake by itself, and told as one
                inline += entries

    def _tables(self, path: Path) -> dict[str, Any]:
        """What the register's own file has under `[register]`, as far as it is what it should be."""
        source = Source.read(path)
        raw = source if isinstance(source, Mistake) else source.toml()
        if isinstance(raw, Mistake) or isinstance(source, Mistake):
            self.mistakes += [raw] if isinstance(raw, Mistake) else []
            return {}
        self._other = source
        self.mistakes += [source.mistake(finding) for finding in _misplaced(raw)]
        register = raw.get("register")
        tables = register if type(register) is dict else {}
        return {kind: entries for kind, entries in tables.items() if type(entries) is list}

    def _numbers(self, register: dict[str, Any], folder: Path, before: dict[str, int] | None = None) -> None:
        """Puts the numbers of lists in the place of their names; `before` counts the entries that come first."""
        for kind in LISTED:
            for index, entry in enumerate(_tables_of(register.get(kind))):
                name = entry.get("numbers_file")
                if type(name) is not str or type(entry.get("numbers", [])) is not list:
                    continue  # left in its place, it is told as a mistake there
                del entry["numbers_file"]
                source = Source.read(folder / name)
                if isinstance(source, Mistake):
                    self.mistakes.append(source)
                    entry.setdefault("numbers", [])
                    continue
                self._lists[kind, index + (before or {}).get(kind, 0)] = source
                entry["numbers"] = [*entry.get("numbers", []), *(number for _, number in _numbers_of(source.text))]


def _misplaced(raw: dict[str, Any]) -> Iterator[Finding]:
    """What a file of the register may not have."""
    mend = "write [[register.consent]] and so on"
    for key in raw:
        if key != "register":
            yield Finding((key,), "stands in a file of the register, which has no other tables", mend)
    register = raw.get("register", {})
    if type(register) is not dict:
        yield Finding(("register",), "is not a table", mend)
        return
    for key, value in register.items():
        if type(value) is not list:
            yield Finding(("register", key), "is no array of tables", mend)


def _tables_of(entries: object) -> list[dict[str, Any]]:
    """The tables of an array, in their places; what is none stands as an empty one."""
    if type(entries) is not list:
        return []
    return [entry if type(entry) is dict else {} for entry in entries]


def _numbers_of(text: str) -> Iterator[tuple[int, str]]:
    """The numbers of a list, each with its line; empty lines and those that begin with # are nothing."""
    for line, written in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        number = written.strip()
        if number and not number.startswith("#"):
            yield line, number
