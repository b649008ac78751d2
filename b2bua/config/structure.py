"""From what tomllib reads to the frozen tree, by cattrs: each value of exactly its TOML type, no key unknown.

Only this module needs cattrs, which comes with the extra `daemon`: a configuration built in Python does without.
"""

import datetime
import difflib
import enum
import ipaddress
import re
from collections.abc import Callable, Iterator
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

from b2bua.config import media, roaming, tree
from b2bua.config.address import Endpoint, Peer
from b2bua.config.finding import Finding, Where
from b2bua.config.header_rule import Action, Direction, HeaderRule, Part
from b2bua.config.password import Password
from b2bua.config.store import Clerk, Store
from policy import register
from policy.claim import TrunkClass
from policy.roaming import Roaming as RoamingOutcome

T = TypeVar("T")

#: Every table, inner ones before those they stand in.
TABLES: tuple[type, ...] = (
    tree.Sip,
    tree.Journal,
    tree.Profile,
    tree.Outbound,
    tree.Explain,
    roaming.OAuth,
    roaming.Camara,
    roaming.Dns,
    roaming.NumberList,
    roaming.Own,
    roaming.Roaming,
    register.Dossier,
    register.MobileRange,
    register.Consent,
    register.Agreement,
    register.Attestation,
    register.Suspension,
    register.Decision,
    register.BlockedUser,
    register.DoNotOriginate,
    register.CallerList,
    register.Node,
    register.Shadow,
    tree.Register,
    tree.Emergency,
    tree.Target,
    tree.Probe,
    HeaderRule,
    tree.Credentials,
    tree.Circuit,
    tree.Redirect,
    media.TrunkMedia,
    tree.Trunk,
    tree.Route,
    media.Between,
    media.Engine,
    media.Rtpengine,
    media.Media,
    Store,
    tree.Retention,
    tree.Nomadic,
    tree.Cases,
    tree.Config,
)
#: Every set of words of which one is written.
CHOICES: tuple[type[enum.Enum], ...] = (
    Action,
    Direction,
    Clerk,
    media.Candidates,
    media.Latch,
    media.Lost,
    media.Way,
    Part,
    RoamingOutcome,
    TrunkClass,
    register.Derogation,
    register.Ruling,
    register.Service,
    tree.CalledFormat,
    tree.FourEyes,
    tree.Inexpressible,
    tree.Isup,
    tree.Language,
    tree.Mode,
    tree.Passage,
    tree.Redirects,
    tree.WhenFull,
)
#: Keys that TOML spells as Python cannot.
RENAMED: dict[type, dict[str, str]] = {
    tree.Circuit: {"trunk_class": "class"},
    tree.Trunk: {"declared_class": "class"},
    tree.Route: {"source": "from"},
}
#: Keys that are not of the tree, for `gather.py` has put what they name in their place.
GATHERED: dict[type, tuple[str, ...]] = {
    tree.Register: ("file",),
    register.Agreement: ("numbers_file",),
    register.CallerList: ("numbers_file",),
}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def structure(raw: object, kind: type[T], where: Where = ()) -> tuple[T | None, list[Finding]]:
    """The tree, or that part of it which stands at `where`; or what keeps it from being one."""
    try:
        return CONVERTER.structure(raw, kind), []
    except (ClassValidationError, ValueError) as error:
        return None, list(_explain(error, where))


def _told(value: object) -> str:
    """A value that is in the wrong place; of a table or list only that it is one, since a password may stand in it."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return repr(value)


def _strict(kind: type, words: str) -> Callable[[object, type], object]:
    """A hook that takes a value of that TOML type and nothing that merely could be made one."""

    def take(value: object, _: type) -> object:
        if type(value) is not kind:
            raise ValueError(f"{_told(value)} is not {words}")
        return value

    return take


def _number(value: object, _: type) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{_told(value)} is not a number")
    return float(value)  # type: ignore[arg-type]  # narrowed by the line above, which mypy does not follow


def _day(value: object, _: type) -> datetime.date:
    if type(value) is not datetime.date:
        raise ValueError(f"{_told(value)} is not a day; write it bare, as 2026-01-31")
    return value


def _parsed(parse: Callable[[str], T]) -> Callable[[object, type], T]:
    def take(value: object, _: type) -> T:
        if not isinstance(value, str):
            raise ValueError(f"{_told(value)} is not a string")
        return parse(value)

    return take


def _choice(kind: type[enum.Enum]) -> Callable[[object, type], object]:
    def take(value: object, _: type) -> object:
        try:
            return kind(value)
        except ValueError:
            raise ValueError(f"{_told(value)} is none of {', '.join(repr(str(member)) for member in kind)}") from None

    return take


def _table(made: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A table, and nothing else that has keys or could be walked."""

    def take(value: object, kind: type) -> object:
        if type(value) is not dict:
            raise ValueError(f"{_told(value)} is not a table")
        return made(value, kind)

    return take


def _list(converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    """A list, for a string is one of characters and a table one of keys to whoever merely walks it."""

    def take(value: object, kind: Any) -> object:
        if type(value) is dict:
            raise ValueError("is one table where there may be several: write its name in double brackets, [[...]]")
        if type(value) is not list:
            raise ValueError(f"{_told(value)} is not a list")
        element: Any = get_args(kind)[0]
        inner: Any = list[element]
        return tuple(converter.structure(value, inner))

    return take


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_credentials(kind: Any) -> bool:
    return bool(kind == tuple[tree.Credentials, ...])


def _is_set(kind: Any) -> bool:
    return get_origin(kind) is frozenset


def _is_free(kind: Any) -> bool:
    """A table whose keys are somebody else's to know."""
    return bool(kind == dict[str, object])


def _set(converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    """A list in which each counts once."""

    def take(value: object, _: Any) -> object:
        if type(value) is not list:
            raise ValueError(f"{_told(value)} is not a list")
        return frozenset(converter.structure(value, list[str]))

    return take


def _credentials(converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    """One table or several. What stands there instead may be a password, and is not repeated."""
    take = _list(converter)

    def several(value: object, kind: Any) -> object:
        tables = [value] if type(value) is dict else value
        if type(tables) is not list or not all(type(table) is dict for table in tables):
            raise ValueError("is neither a table with username and password nor several of them")
        return take(tables, kind)

    return several


def _password(value: object, _: type) -> Password:
    if not isinstance(value, str):
        raise ValueError("is not a string; write it in quotes")
    return Password(value)


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _strict(str, "a string"))
    converter.register_structure_hook(int, _strict(int, "a whole number"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(datetime.date, _day)
    converter.register_structure_hook(Endpoint, _parsed(Endpoint.parse))
    converter.register_structure_hook(Peer, _parsed(Peer.parse))
    converter.register_structure_hook(Network, _parsed(ipaddress.ip_network))
    converter.register_structure_hook(Network | None, _parsed(ipaddress.ip_network))
    converter.register_structure_hook(bool, _strict(bool, "true or false"))
    for choice in CHOICES:
        converter.register_structure_hook(choice, _choice(choice))
    converter.register_structure_hook(Password, _password)
    converter.register_structure_hook_func(_is_list, _list(converter))
    converter.register_structure_hook_func(_is_set, _set(converter))
    converter.register_structure_hook_func(_is_free, _table(lambda value, _: dict(value)))
    converter.register_structure_hook_func(_is_credentials, _credentials(converter))
    for kind in TABLES:
        overrides = {field: override(rename=key) for field, key in RENAMED.get(kind, {}).items()}
        made: Callable[[Any, Any], Any] = make_dict_structure_fn(
            kind,
            converter,
            _cattrs_forbid_extra_keys=True,
            **overrides,  # type: ignore[arg-type]  # cattrs types its own ** too narrowly
        )
        converter.register_structure_hook(kind, _target(made) if kind is tree.Target else _table(made))
    return converter


def _target(made: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A target is mostly an address and nothing more."""
    take = _table(made)

    def either(value: Any, kind: Any) -> Any:
        return tree.Target(address=Endpoint.parse(value)) if isinstance(value, str) else take(value, kind)

    return either


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
    known += GATHERED.get(error.cl, ())
    for key in sorted(error.extra_fields):
        near = difflib.get_close_matches(key, known, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(sorted(known))}"
        yield Finding((*where, key), "is no key of this table", mend)
