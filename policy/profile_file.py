"""A profile as it is written: TOML, read once and refused whole if anything in it is not understood.

A misspelt rule must not be a missing one, so that every key is known, and every row and column there.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Final, TypeGuard

from .errors import ProfileError
from .numbering import Block, Plan, Range
from .position import CLI, Position
from .profile import (
    Action,
    Article3,
    Authenticated,
    Measure,
    Profile,
    Rule,
    RuleName,
    Settings,
    Terms,
    Verify,
)
from .register import Derogation

_MAX_LENGTH: Final = 15
#: Tables whose keys an operator may choose otherwise, each under the name it has there.
_CHOICES: Final = {"settings": ("settings",), "article-3": ("derogations", "article-3")}
_LAW: Final = frozenset({"basis", "effective"})
_ROAMING: Final = (Action.PASS, Action.MARK, Action.WITHHOLD, Action.BLOCK)


def read(data: bytes, file: str, chosen: Mapping[str, object]) -> Profile:
    """The profile written in these bytes; what is `chosen` stands in place of its own settings. Raises ProfileError."""
    try:
        table = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(file, "file", f"write it as TOML in UTF-8: {error}") from error
    _choose(table, chosen, file)
    top = _Table(file, "", table)
    name, effective = top.text("name"), top.text("version")
    settings = top.table("settings")
    machine = settings.choice("machine", ("non-geographic", "mobile"))
    on_error = Action(settings.choice("on_error", (Action.WITHHOLD, Action.BLOCK, Action.MARK)))
    derogations = top.table("derogations")
    profile = Profile(
        name=name,
        version=f"{name} {effective} {_digest(data, chosen)}",
        country=top.text("country"),
        home=top.text("home"),
        emergency=frozenset(top.texts("emergency")),
        plan=_plan(top.table("numbering"), Range.MOBILE if machine == "mobile" else Range.MACHINE),
        rules=_rules(top.table("rules")),
        verify=_verify(top.table("verify"), on_error),
        article_3=_article_3(derogations.table("article-3")) if derogations.has("article-3") else None,
        article_4=_terms(derogations.table("article-4")) if derogations.has("article-4") else None,
        authenticated=_authenticated(derogations.table("authenticated")) if derogations.has("authenticated") else None,
        measures=_measures(top.table("measures")),
        settings=Settings(
            max_questions=settings.number("max_questions", 0, 64),
            max_assertions=settings.number("max_assertions", 1, 4096),
            transit_passes=settings.choice("transit", ("block", "pass")) == "pass",
        ),
    )
    for part in (settings, derogations, top):
        part.finish()
    return profile


def _digest(data: bytes, chosen: Mapping[str, object]) -> str:
    said = data + json.dumps(chosen, sort_keys=True, default=str).encode() if chosen else data
    return hashlib.sha256(said).hexdigest()[:12]


def _choose(table: dict[str, object], chosen: Mapping[str, object], file: str) -> None:
    """Puts the operator's choices in place of the profile's own: of what the law leaves open, and of nothing else."""
    own = {key: value for key, value in chosen.items() if not isinstance(value, dict)}
    tables: dict[str, Mapping[str, object]] = {"settings": own}
    for key, value in chosen.items():
        if isinstance(value, dict):
            if key == "settings" or key not in _CHOICES:
                raise ProfileError(file, f"settings.{key}", "there is no such table of settings")
            tables[key] = value
    for name, values in tables.items():
        place: object = table
        for step in _CHOICES[name]:
            place = place.get(step) if isinstance(place, dict) else None
        for key, value in values.items():
            if not isinstance(place, dict) or key not in place or key in _LAW:
                raise ProfileError(file, f"{name}.{key}", "the profile has no such setting")
            if value == Action.MARK and place[key] != Action.MARK:  # a country's law may say so, no operator
                raise ProfileError(file, f"{name}.{key}", "write withhold or block: by this profile it is never shown")
            place[key] = value


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

    def codes(self, key: str) -> frozenset[int]:
        value = self.take(key)
        if not (isinstance(value, list) and value and all(_is_number(code) and 200 <= code <= 999 for code in value)):
            raise self.fail(key, "write a list of mobile country codes, 200 to 999")
        return frozenset(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.fail(key, "write a list of texts")
        return tuple(value)

    def yes(self, key: str) -> bool:
        value = self.take(key)
        if not isinstance(value, bool):
            raise self.fail(key, "write true or false")
        return value

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
    short_max = table.number("short_max", 1, _MAX_LENGTH)
    protected = table.texts("protected")
    short_lengths = frozenset(table.numbers("short_lengths"))
    usual = table.number("usual_length", 1, _MAX_LENGTH)
    trunk_prefix = table.choice("trunk_prefix", ("0", "")) if table.has("trunk_prefix") else "0"
    mobile_codes = table.codes("mobile_country_codes") if table.has("mobile_country_codes") else frozenset()
    overseas: list[Plan] = []
    for row in table.tables("overseas") if table.has("overseas") else ():
        code, blocks, lengths = _numbers(row, machine)
        overseas.append(
            Plan(
                country_code=code,
                blocks=blocks,
                short_lengths=frozenset(row.numbers("short_lengths")) if row.has("short_lengths") else short_lengths,
                short_max=short_max,
                protected=protected,
                national_lengths=lengths,
                usual_length=row.number("usual_length", 1, _MAX_LENGTH) if row.has("usual_length") else usual,
                trunk_prefix=trunk_prefix,
            )
        )
        row.finish()
    code, blocks, lengths = _numbers(table, machine)
    codes = [code, *(plan.country_code for plan in overseas)]
    if len(set(codes)) < len(codes):
        raise table.fail("overseas", "each country code once")
    table.finish()
    return Plan(
        country_code=code,
        blocks=blocks,
        short_lengths=short_lengths,
        short_max=short_max,
        protected=protected,
        national_lengths=lengths,
        usual_length=usual,
        trunk_prefix=trunk_prefix,
        mobile_country_codes=mobile_codes,
        overseas=tuple(overseas),
    )


def _numbers(table: _Table, machine: Range) -> tuple[str, dict[str, tuple[Block, ...]], tuple[int, ...]]:
    """A country code, its blocks by prefix, and the lengths of its numbers, the longest first."""
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
    return code, blocks, tuple(sorted(lengths, reverse=True))


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
    unless = row.texts("unless") if row.has("unless") else ()
    if not set(unless) <= set(Derogation):
        raise row.fail("unless", f"write some of {', '.join(Derogation)}")
    rule = Rule(
        name=name,
        basis=row.text("basis"),
        effective=row.day("effective"),
        unless=tuple(Derogation(word) for word in unless),
        actions={position: _action(row, position, name) for position in Position},
        special=_columns(row, "article-4", name),
        hidden=_columns(row, "hidden", name),
    )
    row.finish()
    return rule


def _columns(row: _Table, key: str, name: RuleName) -> Mapping[Position, Action]:
    """Columns of their own for a case of that row."""
    if not row.has(key):
        return {}
    table = row.table(key)
    columns = {position: _action(table, position, name) for position in Position if table.has(position)}
    table.finish()
    return columns


def _action(row: _Table, position: Position, name: RuleName) -> Action:
    action = Action(row.choice(position, tuple(Action)))
    # Only a mobile number's holder can be asked, and never about what is not a CLI or only a text.
    if action is Action.VERIFY and (name is not RuleName.MOBILE or position in (Position.DISPLAY, Position.OTHER)):
        raise row.fail(position, "only a mobile presentation, network or redirecting number can be verified")
    # What withholding hides is who calls, and what a mark speaks of is the caller's number.
    if action in (Action.WITHHOLD, Action.MARK) and position not in CLI:
        raise row.fail(position, f"only a presentation or network number can be given {action}")
    if action is Action.STRIP and position is Position.PRESENTATION:
        raise row.fail(position, "a request must have a From: block it, or withhold")
    return action


def _verify(table: _Table, on_error: Action) -> Verify:
    def outcome(key: str) -> Action:
        return Action(table.choice(key, _ROAMING))

    verify = Verify(
        abroad=outcome("abroad"),
        not_abroad=outcome("not-abroad"),
        unknown_subscriber=outcome("unknown-subscriber"),
        failed=on_error,
        infeasible=outcome("infeasible"),
        not_offered=outcome("not-offered"),
        not_asked=outcome("not-asked"),
    )
    table.finish()
    return verify


def _terms(table: _Table) -> Terms:
    terms = Terms(basis=table.text("basis"), effective=table.day("effective"))
    table.finish()
    return terms


def _article_3(table: _Table) -> Article3:
    article = Article3(
        basis=table.text("basis"),
        effective=table.day("effective"),
        visitor=table.yes("visitor"),
        roamer=table.yes("roamer"),
        consent=table.yes("consent"),
        outbound=table.yes("outbound"),
        needs_ledger=table.choice("proof", ("any", "ledger")) == "ledger",
        unproven=Action(table.choice("unproven", (Action.BLOCK, Action.WITHHOLD))),
        forwardings_per_hour=table.number("forwardings_per_hour", 1, 1_000_000),
    )
    table.finish()
    return article


def _authenticated(table: _Table) -> Authenticated:
    found = Authenticated(basis=table.text("basis"), effective=table.day("effective"), levels=table.texts("levels"))
    table.finish()
    return found


def _measures(table: _Table) -> Mapping[Measure, Terms]:
    measures = {name: _terms(table.table(name)) for name in Measure if table.has(name)}
    table.finish()
    return measures
