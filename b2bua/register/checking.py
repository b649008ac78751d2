"""Whether what somebody wants entered could stand in the register: by the very checks that a file of it has to pass."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from b2bua.config import Config, Register
from b2bua.config.entries import check_entries
from b2bua.config.finding import Finding, Where
from b2bua.config.source import spell
from b2bua.errors import RegisterError
from b2bua.register.entries import Entries
from b2bua.register.shape import entry_of, fields_of, kinds
from policy.register import Entry

#: Mistakes that are told one by one.
_MOST: Final = 20


def checked(
    config: Config,
    entries: Entries,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    places: Sequence[str] = (),
    instead_of: str = "",
) -> list[dict[str, Any]]:
    """The fields as the desk's lines have them. Raises RegisterError with every mistake of these rows, each by its
    place: where it was written, where that is known."""
    made, findings = _structured(kind, rows)
    if not findings:
        findings = [found for found in _about(config, kind, _beside(entries, kind, instead_of), made) if found.fatal]
    if findings:
        told = [f"{_place(found.where, places)}: {found.problem} ({found.mend})" for found in findings[:_MOST]]
        more = [f"and {len(findings) - _MOST} mistakes more"] if len(findings) > _MOST else []
        raise RegisterError("\n".join([*told, *more]))
    return [fields_of(entry) for entry in made]


def _structured(kind: str, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Entry], list[Finding]]:
    from b2bua.config.structure import structure

    days = {field.name for field in attrs.fields(kinds()[kind]) if field.type in (datetime.date, datetime.date | None)}
    made: list[Entry] = []
    findings: list[Finding] = []
    for index, row in enumerate(rows):
        raw = {key: _day(value) if key in days else value for key, value in row.items()}
        entry, wrong = structure(raw, kinds()[kind], (index,))
        findings += wrong
        if entry is not None:
            made.append(entry)
    return made, findings


def _day(value: object) -> object:
    """A day, where a text is one; what is none is told of as it stands."""
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _beside(entries: Entries, kind: str, instead_of: str) -> list[Entry]:
    """What else of the kind stands: some mistakes are those of several entries together."""
    standing = (item for item in entries.standing() if item.kind == kind and item.id != instead_of)
    return [entry_of(kind, item.said) for item in standing]


def _about(config: Config, kind: str, beside: Iterable[Entry], made: Sequence[Entry]) -> list[Finding]:
    """What is wrong with entries of one kind, `where` their place among them."""
    others = (*getattr(config.register, kind), *beside) if kind == "shadow" else ()
    alone: dict[str, Any] = {kind: (*others, *made)}
    register = Register(**alone)
    found = check_entries(attrs.evolve(config, register=register))
    return [
        attrs.evolve(one, where=(index - len(others), *rest))
        for one in found
        for index, rest in _of_these(one.where, kind)
        if index >= len(others)
    ]


def _of_these(where: Where, kind: str) -> Iterable[tuple[int, Where]]:
    match where:
        case ("register", str(name), int(index), *rest) if name == kind:
            yield index, tuple(rest)


def _place(where: Where, places: Sequence[str]) -> str:
    """The key, behind the place of its entry where there are several."""
    index, *rest = where
    key = spell(tuple(rest)) if rest else "the entry"
    return f"{places[int(index)]}: {key}" if places else key
