"""From a TOML file to the frozen tree, or to every mistake at once."""

import datetime
import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from b2bua.config import tree
from b2bua.config.address import Endpoint, Peer
from b2bua.config.check import Finding, Where, check
from b2bua.errors import ConfigError
from policy.claim import TrunkClass
from policy.roaming import Roaming as RoamingOutcome

T = TypeVar("T")

#: Every table, inner ones before those they stand in.
TABLES: tuple[type, ...] = (
    tree.Sip,
    tree.Journal,
    tree.Profile,
    tree.Roaming,
    tree.Dossier,
    tree.Emergency,
    tree.Trunk,
    tree.Route,
    tree.Config,
)
#: Keys that TOML spells as Python cannot.
RENAMED: dict[type, dict[str, str]] = {tree.Trunk: {"declared_class": "class"}, tree.Route: {"source": "from"}}


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

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{place}: {'' if self.fatal else 'warning: '}{self.key}: {self.problem} ({self.mend})"


@attrs.frozen
class Result:
    """What reading a file gave: a configuration unless a mistake is fatal."""

    config: tree.Config | None
    mistakes: tuple[Mistake, ...]


def load(path: Path) -> tree.Config:
    """The configuration of a file that has no fatal mistake; raises ConfigError with all of them."""
    result = read(path)
    if result.config is None:
        raise ConfigError("\n".join(str(mistake) for mistake in result.mistakes))
    return result.config


def read(path: Path) -> Result:
    """Reads and checks a file whole; never raises for what is in it."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        return _unreadable(path, error.strerror or str(error), "name a file that can be read")
    except UnicodeDecodeError as error:
        return _unreadable(path, f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    except RecursionError:
        return _unreadable(path, "not TOML that can be read: it is nested too deep", "see toml.io")
    except ValueError as error:  # a TOMLDecodeError, or a number of more digits than Python will read
        line = re.search(r"line (\d+)", str(error))
        return _unreadable(path, f"not TOML: {error}", "see toml.io", int(line[1]) if line else None)
    config, findings = _structure(raw)
    if config is not None:
        config = _resolve(config, path.parent)
        findings = list(check(config))
    mistakes = tuple(
        Mistake(
            file=path,
            line=line_of(text, finding.where),
            key=_spell(finding.where),
            problem=finding.problem,
            mend=finding.mend,
            fatal=finding.fatal,
        )
        for finding in findings
    )
    return Result(None if any(mistake.fatal for mistake in mistakes) else config, mistakes)


def _unreadable(path: Path, problem: str, mend: str, line: int | None = None) -> Result:
    return Result(None, (Mistake(file=path, line=line, key="(file)", problem=problem, mend=mend),))


def _resolve(config: tree.Config, folder: Path) -> tree.Config:
    """Paths in the file are relative to the file, wherever the daemon is started from."""
    journal = attrs.evolve(config.journal, directory=str(folder / config.journal.directory))
    profile = config.profile
    if profile.name.endswith(".toml"):
        profile = attrs.evolve(profile, name=str(folder / profile.name))
    return attrs.evolve(config, journal=journal, profile=profile)


def _structure(raw: dict[str, Any]) -> tuple[tree.Config | None, list[Finding]]:
    try:
        return CONVERTER.structure(raw, tree.Config), []
    except ClassValidationError as error:
        return None, list(_explain(error, ()))


def _strict(kind: type, words: str) -> Callable[[object, type], object]:
    """A hook that takes a value of that TOML type and nothing that merely could be made one."""

    def take(value: object, _: type) -> object:
        if type(value) is not kind:
            raise ValueError(f"{value!r} is not {words}")
        return value

    return take


def _number(value: object, _: type) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{value!r} is not a number")
    return float(value)  # type: ignore[arg-type]  # narrowed by the line above, which mypy does not follow


def _day(value: object, _: type) -> datetime.date:
    if type(value) is not datetime.date:
        raise ValueError(f"{value!r} is not a day; write it bare, as 2026-01-31")
    return value


def _parsed(parse: Callable[[str], T]) -> Callable[[object, type], T]:
    def take(value: object, _: type) -> T:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a string")
        return parse(value)

    return take


def _choice(kind: type[TrunkClass] | type[RoamingOutcome]) -> Callable[[object, type], object]:
    def take(value: object, _: type) -> object:
        try:
            return kind(value)  # type: ignore[arg-type]  # an enum says by ValueError what is none of its values
        except ValueError:
            raise ValueError(f"{value!r} is none of {', '.join(repr(str(member)) for member in kind)}") from None

    return take


def _table(made: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A table, and nothing else that has keys or could be walked."""

    def take(value: object, kind: type) -> object:
        if type(value) is not dict:
            raise ValueError(f"{value!r} is not a table")
        return made(value, kind)

    return take


def _list(converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    """A list, for a string is one of characters and a table one of keys to whoever merely walks it."""

    def take(value: object, kind: Any) -> object:
        if type(value) is dict:
            raise ValueError("is one table where there may be several: write its name in double brackets, [[...]]")
        if type(value) is not list:
            raise ValueError(f"{value!r} is not a list")
        element: Any = get_args(kind)[0]
        inner: Any = list[element]
        return tuple(converter.structure(value, inner))

    return take


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _strict(str, "a string"))
    converter.register_structure_hook(int, _strict(int, "a whole number"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(datetime.date, _day)
    converter.register_structure_hook(Endpoint, _parsed(Endpoint.parse))
    converter.register_structure_hook(Peer, _parsed(Peer.parse))
    converter.register_structure_hook(TrunkClass, _choice(TrunkClass))
    converter.register_structure_hook(RoamingOutcome, _choice(RoamingOutcome))
    converter.register_structure_hook_func(_is_list, _list(converter))
    for kind in TABLES:
        overrides = {field: override(rename=key) for field, key in RENAMED.get(kind, {}).items()}
        made: Callable[[Any, Any], Any] = make_dict_structure_fn(
            kind,
            converter,
            _cattrs_forbid_extra_keys=True,
            **overrides,  # type: ignore[arg-type]  # cattrs types its own ** too narrowly
        )
        converter.register_structure_hook(kind, _table(made))
    return converter


CONVERTER = _converter()


def _explain(error: BaseException, where: Where) -> Iterator[Finding]:
    """The leaves of cattrs' tree of errors, each in words."""
    if isinstance(error, ClassValidationError | IterableValidationError):
        for inner in error.exceptions:
            yield from _explain(inner, where + _step(inner, error))
    elif isinstance(error, ForbiddenExtraKeysError):
        yield from _unknown_keys(error, where)
    elif isinstance(error, KeyError):
        yield Finding(where, "is missing", "add it; docs/operating.md shows an example")
    else:
        named = re.match(r"'(\w+)' must be (.*)", str(error))
        if named:  # an attrs validator names the field, which cattrs' path does not
            yield Finding((*where, named[1]), f"must be {named[2]}", "choose a value in that range")
        else:
            yield Finding(where, str(error), "write it in the form that docs/operating.md shows")


def _step(inner: BaseException, outer: BaseException) -> Where:
    """How one leads to the other: a key, an index, or nothing."""
    for note in getattr(inner, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            kind = getattr(outer, "cl", None)
            return (RENAMED.get(kind, {}).get(note.name, note.name) if kind else note.name,)
        if isinstance(note, IterableValidationNote):
            return (note.index,)
    return ()


def _unknown_keys(error: ForbiddenExtraKeysError, where: Where) -> Iterator[Finding]:
    renamed = RENAMED.get(error.cl, {})
    known = [renamed.get(field.name, field.name) for field in attrs.fields(error.cl)]
    for key in sorted(error.extra_fields):
        near = difflib.get_close_matches(key, known, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(sorted(known))}"
        yield Finding((*where, key), "is no key of this table", mend)


def _spell(where: Where) -> str:
    """`("trunk", 0, "class")` as `trunk[0].class`."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(file)"


def line_of(text: str, where: Where) -> int | None:
    """The line of a key as people write TOML: tables by header, keys at a line's start; else its table's line.

    tomllib gives no positions. A key of an inline table falls back to the line of what holds it.
    """
    names = [step for step in where if isinstance(step, str)]
    index = next((step for step in where[:2] if isinstance(step, int)), 0)
    table: list[str] = []
    seen: Counter[str] = Counter()
    found, depth = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)([^\]]*)\]", line)
        path = [step.strip(" \t\"'") for step in header[2].split(".")] if header else [*table, *_key(line)]
        if header:
            table = path
            seen[path[0]] += header[1] == "[["
        shared = len(path) if path == names[: len(path)] else len(names) if path[: len(names)] == names else 0
        if shared > depth and index == max(0, seen[path[0]] - 1):
            found, depth = number, shared
    return found


def _key(line: str) -> list[str]:
    """The key a line begins with, in a list; an empty one when it begins with none."""
    found = re.match(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""", line)
    return [found[1].strip("\"'")] if found else []
