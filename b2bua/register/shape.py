"""What an entry of each kind looks like: to people (the keys of its table in a file), to the rules (a class of
`policy.register`), and in the desk's lines (the same keys, as JSON has them)."""

import datetime
import ipaddress
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, get_args

import attrs

from b2bua.config import Register
from b2bua.errors import RegisterError
from policy.register import Derogation, Entry, Ruling, Service

#: What makes a value of a field of that type out of one of JSON. A snapshot was checked before it was written, and is
#: read beside calls: a converter that explains each mistake would take ten times as long.
_READ: Final[Mapping[object, Callable[[Any], object]]] = {
    str: str,
    str | None: lambda value: value,
    bool: bool,
    datetime.date: datetime.date.fromisoformat,
    datetime.date | None: lambda value: None if value is None else datetime.date.fromisoformat(value),
    frozenset[str]: frozenset,
    Service: Service,
    Derogation: Derogation,
    Ruling: Ruling,
    ipaddress.IPv4Network | ipaddress.IPv6Network: ipaddress.ip_network,
    ipaddress.IPv4Network | ipaddress.IPv6Network | None: lambda value: value and ipaddress.ip_network(value),
}


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, type[Entry]]:
    """The class of each kind, by the name of its table."""
    tables = [field for field in attrs.fields(Register) if get_args(field.type)]
    return {field.name: get_args(field.type)[0] for field in tables}


def kind_of(text: str) -> str:
    """The name of a kind, also with hyphens, as a command line has it. Raises RegisterError."""
    name = text.replace("-", "_")
    if name not in kinds():
        raise RegisterError(f"{text!r} is no kind of entry; one of {', '.join(kinds())}")
    return name


def entry_of(kind: str, fields: Mapping[str, Any]) -> Entry:
    """The entry of fields that have been checked. Raises KeyError, TypeError or ValueError for others."""
    made: dict[str, Any] = {name: read(fields[name]) for name, read in _readers(kind) if name in fields}
    return kinds()[kind](**made)


def fields_of(entry: Entry) -> dict[str, Any]:
    """An entry as the desk's lines have it; what is as if it had not been written is left out."""
    found = {}
    for field in attrs.fields(type(entry)):
        value = getattr(entry, field.name)
        if value != field.default:
            found[field.name] = _plain(value)
    return found


@lru_cache(maxsize=64)
def _readers(kind: str) -> tuple[tuple[str, Callable[[Any], object]], ...]:
    return tuple((field.name, _READ[field.type]) for field in attrs.fields(kinds()[kind]))


def _plain(value: object) -> object:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return value if isinstance(value, bool) else str(value)
