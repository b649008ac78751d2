"""An answered call as bytes, for whoever takes its worker's place, and back.

`b2bua.call.snapshot` says a call in JSON, for another version or another host; that costs a third of what the whole
call does (335 us, 2026-11-23). Whoever takes a place was forked off the same program: it has the same classes and the
same monotonic clock. So a call is pickled here, field by field (30 us), and times stay as they are. The rest is as
there: what every call shares goes by name, and nothing but the classes of `PARTS` is ever made of the bytes.
"""

import datetime
import enum
import io
import ipaddress
import itertools
import pickle
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final

import attrs

from b2bua.call.call import Call, State
from b2bua.call.context import Context
from b2bua.call.snapshot import MEMORIES, PARTS, fill
from b2bua.errors import SnapshotError
from b2bua.media.session import Side
from b2bua.trunk import Limit, Trunk
from sipstack.effects import Key
from sipstack.locate import FailureMemory

Reduced = tuple[Callable[..., object], tuple[object, ...]]

KINDS: Final[Mapping[str, Any]] = {kind.__name__: kind for kind in (*PARTS, Call, State)}
#: Classes that pickle itself takes apart and puts together.
PLAIN: Final = (
    *(datetime.datetime, datetime.timezone, datetime.timedelta),
    *(ipaddress.IPv4Address, ipaddress.IPv6Address),
)
_PLAIN: Final = {(kind.__module__, kind.__name__): kind for kind in PLAIN}


@attrs.frozen
class Saved:
    """A call with the keys of its transactions, as `Core.adopt` wants it."""

    call: Call
    servers: tuple[Key, ...]
    clients: dict[str, Key]
    """By purpose."""


class _Loading(pickle.Unpickler):
    """Its methods stand in the bytes for what they make."""

    def __init__(self, data: bytes, context: Context) -> None:
        super().__init__(io.BytesIO(data))
        self.context = context

    def find_class(self, module: str, name: str) -> Any:
        owner, _, method = name.partition(".")
        if module == __name__ and owner == type(self).__name__ and method in _METHODS:
            return getattr(self, method)
        if (module, name) in _PLAIN:
            return _PLAIN[module, name]
        raise SnapshotError(f"{module}.{name} has no place in a call")

    def made(self, kind: str, values: tuple[object, ...]) -> object:
        of = KINDS[kind]
        return fill(of.__new__(of), dict(zip(_names(of), values, strict=True)))

    def choice(self, kind: str, value: object) -> object:
        return KINDS[kind](value)

    def text(self, value: str) -> str:
        return value

    def shared(self) -> Context:
        return self.context

    def failures(self) -> FailureMemory:
        return self.context.failures

    def trunk(self, name: str) -> Trunk:
        return self.context.trunks.by_name[name]

    def side(self, trunk: str, is_ipv6: bool) -> Side:
        return self.context.ways.sides[trunk, is_ipv6]

    def channels(self) -> "itertools.count[int]":
        return self.context.ways.channels

    def limit(self, trunk: str, direction: str) -> Limit:
        found = self.context.trunks.by_name[trunk]
        return {limit.of: limit for limit in (found.inward, found.outward)}[trunk, direction]


_METHODS: Final = ("made", "choice", "text", "shared", "failures", "trunk", "limit", "side", "channels")


#: What every call shares goes by name.
_SHARED: Final[Mapping[type, Callable[[Any], Reduced]]] = {
    Trunk: lambda trunk: (_Loading.trunk, (trunk.name,)),
    Limit: lambda limit: (_Loading.limit, limit.of),
    Context: lambda context: (_Loading.shared, ()),
    FailureMemory: lambda memory: (_Loading.failures, ()),
    Side: lambda side: (_Loading.side, side.name),
    itertools.count: lambda channels: (_Loading.channels, ()),
}


class _Reducing(dict[type, Callable[[Any], Reduced]]):
    """How a value of each class is said; found out when the first one is met."""

    def __missing__(self, kind: type) -> Callable[[Any], Reduced]:
        if kind in PLAIN:
            raise KeyError(kind)
        self[kind] = made = _reducer(kind)
        return made


def _reducer(kind: type) -> Callable[[Any], Reduced]:
    name = kind.__name__
    if kind in KINDS.values() and not issubclass(kind, enum.Enum):
        names = _names(kind)
        if len(names) == 1:
            return lambda value: (_Loading.made, (name, (getattr(value, names[0]),)))
        fields = attrgetter(*names)
        return lambda value: (_Loading.made, (name, fields(value)))
    if issubclass(kind, enum.Enum):
        if kind in KINDS.values():
            return lambda value: (_Loading.choice, (name, value._value_))
        if issubclass(kind, str):  # one that stands where a text is asked for is a text to us
            return lambda value: (_Loading.text, (str.__str__(value._value_),))
    for shared, named in _SHARED.items():
        if issubclass(kind, shared):
            return named
    raise SnapshotError(f"a {name} has no place in a call")


def _names(kind: type) -> tuple[str, ...]:
    return tuple([field.name for field in attrs.fields(kind) if (kind.__name__, field.name) not in MEMORIES])


@attrs.define(eq=False)
class Saving:
    """Makes the bytes; one for a process, since its buffer and its tables are used again."""

    _buffer: io.BytesIO = attrs.field(factory=io.BytesIO, init=False)
    _pickler: pickle.Pickler = attrs.field(init=False)

    @_pickler.default
    def _by_field(self) -> pickle.Pickler:
        pickler = pickle.Pickler(self._buffer, protocol=5)
        pickler.dispatch_table = _Reducing()
        return pickler

    def save(self, call: Call, servers: Iterable[Key], clients: Mapping[str, Key]) -> bytes:
        """The call as it is now. Raises SnapshotError for what has no place in one."""
        buffer = self._buffer
        buffer.seek(0)
        buffer.truncate()
        self._pickler.clear_memo()
        self._pickler.dump((call, tuple(servers), dict(clients)))
        return buffer.getvalue()


def load(data: bytes, context: Context) -> Saved:
    """What was saved, in that context. Raises SnapshotError."""
    try:
        call, servers, clients = _Loading(data, context).load()
    except (pickle.UnpicklingError, LookupError, TypeError, ValueError, AttributeError, EOFError) as error:
        raise SnapshotError(f"not what a worker has put down: {error!r}") from error
    if not isinstance(call, Call):
        raise SnapshotError("not what a worker has put down")
    return Saved(call, servers, clients)
