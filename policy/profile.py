"""One country's rules as data: its numbering, and for each kind of number and position what happens and by which law.

A profile is read once and refused whole if anything in it is not understood: a misspelt rule must not be a missing
one. Its version names the file's bytes, so that a verdict says exactly which rules decided.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeGuard

import attrs

from .errors import ProfileError
from .numbering import Block, Plan, Range
from .position import Position

_MAX_BYTES: Final = 1 << 20
_MAX_LENGTH: Final = 15


class Action(StrEnum):
    """What a rule does in one position."""

    PASS = "pass"
    STRIP = "strip"
    BLOCK = "block"
    VERIFY = "verify"
    EQUAL = "equal"


class RuleName(StrEnum):
    """The rows of the decision table."""

    GEOGRAPHIC = "geographic"
    NON_GEOGRAPHIC = "non-geographic"
    MACHINE = "machine"
    UNALLOCATED = "unallocated"
    MOBILE = "mobile"
    UNOPENED_MOBILE = "unopened-mobile"
    SHORT = "short"
    FORM = "form"
    FOREIGN = "foreign"
    GLOBAL_SERVICE = "global-service"
    NO_NUMBER = "no-number"
    PROTECTED_CODE = "protected-code"


@attrs.frozen(kw_only=True)
class Rule:
    """One row: its law, the day it came into force, and its columns."""

    name: RuleName
    basis: str
    effective: date
    actions: Mapping[Position, Action]
    hidden: Mapping[Position, Action]
    """What happens instead where the text hides a home number."""

    def action(self, position: Position, day: date, *, hidden: bool = False) -> Action:
        """What the rule does there on that day; before it was in force it lets everything pass."""
        if day < self.effective:
            return Action.PASS
        return self.hidden.get(position, self.actions[position]) if hidden else self.actions[position]


@attrs.frozen(kw_only=True)
class Settings:
    """What was chosen where the law is silent."""

    block_on_error: bool
    max_questions: int
    max_assertions: int


@attrs.frozen(kw_only=True)
class Profile:
    """A country's rules, ready to decide."""

    name: str
    version: str
    """Name, last effective date and the first twelve hex digits of the file's SHA-256."""
    home: str
    """How a finding calls a number of this country: "Belgian"."""
    emergency: frozenset[str]
    """The called numbers of the emergency services, as dialled."""
    plan: Plan
    rules: Mapping[RuleName, Rule]
    settings: Settings

    @classmethod
    def load(cls, source: str | Path) -> "Profile":
        """The profile of that name in this package, or of that path. Raises ProfileError."""
        if isinstance(source, Path):
            return cls.parse(_read(source), str(source))
        found = files("policy.profiles") / f"{source}.toml"
        if not source.isidentifier() or not found.is_file():
            raise ProfileError(source, "profile", "no such profile; name one that ships, or give a path")
        return cls.parse(found.read_bytes(), f"{source}.toml")

    @classmethod
    def parse(cls, data: bytes, file: str) -> "Profile":
        """The profile written in these bytes; `file` is only for the errors. Raises ProfileError."""
        try:
            table = tomllib.loads(data.decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ProfileError(file, "file", f"write it as TOML in UTF-8: {error}") from error
        top = _Table(file, "", table)
        name, effective = top.text("name"), top.text("version")
        settings = top.table("settings")
        machine = settings.choice("machine", ("non-geographic", "mobile"))
        profile = cls(
            name=name,
            version=f"{name} {effective} {hashlib.sha256(data).hexdigest()[:12]}",
            home=top.text("home"),
            emergency=frozenset(top.texts("emergency")),
            plan=_plan(top.table("numbering"), Range.MOBILE if machine == "mobile" else Range.MACHINE),
            rules=_rules(top.table("rules")),
            settings=Settings(
                block_on_error=settings.choice("on_error", ("withhold", "block")) == "block",
                max_questions=settings.number("max_questions", 0, 64),
                max_assertions=settings.number("max_assertions", 1, 4096),
            ),
        )
        settings.finish()
        top.finish()
        return profile


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError(str(path), "file", f"make it readable: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise ProfileError(str(path), "file", "make it smaller than a megabyte")
    return data


class _Table:
    """One TOML table being read: each key is taken once, and none may be left over."""

    def __init__(self, file: str, key: str, values: Mapping[str, object]) -> None:
        self._file = file
        self._key = key
        self._left = dict(values)

    def fail(self, key: str, mend: str) -> ProfileError:
        return ProfileError(self._file, f"{self._key}{key}", mend)

    def take(self, key: str) -> object:
        if key not in self._left:
            raise self.fail(key, "is missing")
        return self._left.pop(key)

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise self.fail(key, "write a text")
        return value

    def choice(self, key: str, words: tuple[str, ...]) -> str:
        value = self.take(key)
        if not isinstance(value, str) or value not in words:
            raise self.fail(key, f"write one of {', '.join(words)}")
        return value

    def number(self, key: str, least: int, most: int) -> int:
        value = self.take(key)
        if not _is_number(value) or not least <= value <= most:
            raise self.fail(key, f"write a number from {least} to {most}")
        return value

    def numbers(self, key: str) -> tuple[int, ...]:
        value = self.take(key)
        if not isinstance(value, list) or not all(_is_number(n) and 1 <= n <= _MAX_LENGTH for n in value) or not value:
            raise self.fail(key, f"write a list of numbers from 1 to {_MAX_LENGTH}")
        return tuple(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.fail(key, "write a list of texts")
        return tuple(value)

    def day(self, key: str) -> date:
        value = self.take(key)
        if type(value) is not date:
            raise self.fail(key, "write a date, without quotes")
        return value

    def table(self, key: str) -> "_Table":
        value = self.take(key)
        if not isinstance(value, dict):
            raise self.fail(key, "write a table")
        return _Table(self._file, f"{self._key}{key}.", value)

    def tables(self, key: str) -> tuple["_Table", ...]:
        value = self.take(key)
        if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
            raise self.fail(key, f"write [[{self._key}{key}]] tables")
        return tuple(_Table(self._file, f"{self._key}{key}[{i}].", row) for i, row in enumerate(value))

    def has(self, key: str) -> bool:
        return key in self._left

    def finish(self) -> None:
        for key in self._left:
            raise self.fail(key, "is not a known key; remove it or mend its spelling")


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _plan(table: _Table, machine: Range) -> Plan:
    code = table.text("country_code")
    if not code.isascii() or not code.isdecimal() or code.startswith("0") or len(code) > 3:
        raise table.fail("country_code", "write one to three digits, without +")
    blocks: dict[str, tuple[Block, ...]] = {}
    lengths: set[int] = set()
    for row in table.tables("blocks"):
        block = _block(row, machine)
        lengths.update(block.lengths)
        for prefix in _prefixes(row):
            _refuse_overlap(row, prefix, block, blocks.get(prefix, ()))
            blocks[prefix] = (*blocks.get(prefix, ()), block)
        row.finish()
    plan = Plan(
        country_code=code,
        blocks=blocks,
        short_lengths=frozenset(table.numbers("short_lengths")),
        short_max=table.number("short_max", 1, _MAX_LENGTH),
        protected=table.texts("protected"),
        national_lengths=tuple(sorted(lengths, reverse=True)),
        usual_length=table.number("usual_length", 1, _MAX_LENGTH),
    )
    table.finish()
    return plan


def _block(row: _Table, machine: Range) -> Block:
    words = tuple(
        Range[name].value
        for name in ("GEOGRAPHIC", "NON_GEOGRAPHIC", "MACHINE", "MOBILE", "UNOPENED_MOBILE", "UNALLOCATED")
    )
    span = Range(row.choice("range", words))
    lengths = row.take("lengths")
    if lengths == "any":
        return Block((), span)
    if (
        not isinstance(lengths, list)
        or not lengths
        or not all(_is_number(n) and 1 <= n <= _MAX_LENGTH for n in lengths)
    ):
        raise row.fail("lengths", 'write a list of numbers, or "any"')
    return Block(tuple(lengths), machine if span is Range.MACHINE else span)


def _prefixes(row: _Table) -> list[str]:
    found = []
    for word in row.text("prefixes").split():
        first, _, last = word.partition("-")
        last = last or first
        if not (first.isdecimal() and last.isdecimal() and len(first) == len(last) <= 4 and first <= last):
            raise row.fail("prefixes", f'{word!r}: write digits such as "2" or a span such as "10-16"')
        found += [str(n) for n in range(int(first), int(last) + 1)]
    return found


def _refuse_overlap(row: _Table, prefix: str, new: Block, known: tuple[Block, ...]) -> None:
    for block in known:
        if not new.lengths or not block.lengths or set(new.lengths) & set(block.lengths):
            raise row.fail("prefixes", f"{prefix} already has a range for one of these lengths")


def _rules(table: _Table) -> Mapping[RuleName, Rule]:
    rules = {name: _rule(name, table.table(name)) for name in RuleName}
    table.finish()
    return rules


def _rule(name: RuleName, row: _Table) -> Rule:
    rule = Rule(
        name=name,
        basis=row.text("basis"),
        effective=row.day("effective"),
        actions={position: _action(row, position, name) for position in Position},
        hidden=_hidden(row, name),
    )
    row.finish()
    return rule


def _hidden(row: _Table, name: RuleName) -> Mapping[Position, Action]:
    if not row.has("hidden"):
        return {}
    table = row.table("hidden")
    hidden = {position: _action(table, position, name) for position in Position if table.has(position)}
    table.finish()
    return hidden


def _action(row: _Table, position: Position, name: RuleName) -> Action:
    action = Action(row.choice(position, tuple(Action)))
    # Only a mobile number's holder can be asked, and never about what is not a CLI or only a text.
    if action is Action.VERIFY and (name is not RuleName.MOBILE or position in (Position.DISPLAY, Position.OTHER)):
        raise row.fail(position, "only a mobile presentation, network or redirecting number can be verified")
    return action
