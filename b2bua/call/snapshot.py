"""A call as plain data, fit for JSON, and back: what makes it outlive its process.

Values of the classes named in `PARTS` are taken apart field by field. Four things are not theirs to keep: what every
call shares (`Context`, a trunk, its limits and ports) is kept by name and found again in the context of the restorer;
times are kept relative to the moment of the snapshot, for the next process has another monotonic clock; what two places
hold together is kept once, so that they hold it together again; and no secret of a trunk is in it.

Nothing but the classes named is ever made of a snapshot, whatever it says.
"""

import datetime
import enum
import ipaddress
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from b2bua.call.context import Context
from b2bua.call.credentials import Asked
from b2bua.call.description import Description
from b2bua.call.fork import Fork
from b2bua.call.leg import Branch, Leg
from b2bua.call.liveness import Liveness
from b2bua.call.outgoing import Outgoing
from b2bua.call.pair import Crossing, Pair
from b2bua.call.redirection import Redirections
from b2bua.call.relay import Relay, Relays
from b2bua.call.upshot import Upshot
from b2bua.config import Way
from b2bua.errors import SnapshotError
from b2bua.identity.redaction import Redacted
from b2bua.media.engaged import Engaged
from b2bua.media.ng import Command
from b2bua.media.sdp import Stream
from b2bua.media.session import Channels, Session, Side
from b2bua.trunk import Limit, Socket, Trunk
from policy.claim import Assertion, Claim, Notation, Position, TrunkClass
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome, Verdict
from sipstack.auth import Known
from sipstack.dialog import Dialog, SentAcks, SessionTimer, UnackedAnswer
from sipstack.flow import Flow
from sipstack.locate import FailureMemory, Hunt, Target
from sipstack.message import Headers, Request, Response
from sipstack.timing import Timing
from sipstack.values import Challenge

Plain: TypeAlias = Any
"""What JSON can say. (A recursive alias is beyond what the readers of JSON are typed with.)"""

#: What a call is made of, beside itself.
PARTS: Final[tuple[type, ...]] = (
    *(Answer, Asked, Assertion, Branch, Challenge, Channels, Claim, Command, Crossing, Description, Dialog, Engaged),
    *(Finding, Flow, Fork, Headers, Hunt, Known, Leg, Liveness, Notation, Outcome, Outgoing, Pair, Position, Redacted),
    *(Redirections, Relay, Relays, Request, Response, Roaming, SentAcks, Session, SessionTimer, Socket, Stream, Target),
    *(Timing, TrunkClass, UnackedAnswer, Upshot, Verdict, Way),
)
#: Fields that are a moment of the monotonic clock.
MOMENTS: Final[Mapping[str, frozenset[str]]] = {
    "Call": frozenset({"answer_by", "answered_at", "ends_by"}),
    "Hunt": frozenset({"_free_at"}),
    "Liveness": frozenset({"answer_by", "offer_at", "probe_at"}),
    "Relay": frozenset({"answer_by"}),
    "SessionTimer": frozenset({"expire_at", "refresh_at"}),
    "UnackedAnswer": frozenset({"_give_up_at", "_repeat_at"}),
}
#: Fields that only remember what the others say.
MEMORIES: Final = frozenset(
    {("Headers", "_typed"), ("Request", "_request_uri"), ("Socket", "address"), ("Socket", "contact")}
)
KIND, SAME, OF = "is", "same", "of"


def save(value: object, now: float) -> Plain:
    """The value and all that it holds, as it is at `now`. Raises SnapshotError for what has no place in a call."""
    return _Saving(now).plain(value)


def load(data: Plain, kinds: Iterable[type], context: Context, now: float) -> Any:
    """The value that was saved, its times counted from `now`; `kinds` may be in it beside `PARTS`.

    Raises SnapshotError when it is not one that this version and this configuration can restore.
    """
    try:
        return _Loading({kind.__name__: kind for kind in (*PARTS, *kinds)}, context, now).value(data)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotError(f"not a snapshot of this version and configuration: {error!r}") from error


def fill(made: Any, fields: Mapping[str, object]) -> Any:
    """Gives an object that has nothing yet what these fields of its hold; raises KeyError when one is missing."""
    kind: Any = type(made)
    given: dict[str, object] = {}
    later: dict[str, object] = {}
    for field in attrs.fields(kind):
        if (kind.__name__, field.name) in MEMORIES:
            continue
        if field.init:
            given[field.alias] = fields[field.name]
        else:
            later[field.name] = fields[field.name]
    # Where a class has a beginning of its own, attrs' goes by this name.
    getattr(made, "__attrs_init__", made.__init__)(**given)
    for name, value in later.items():
        setattr(made, name, value)
    return made


@attrs.define
class _Saving:
    now: float
    _seen: dict[int, int] = attrs.field(factory=dict)
    """What is held by reference, by identity: its place in the order of first meeting."""

    def plain(self, value: object) -> Plain:
        if value is None or isinstance(value, bool | float) or type(value) is int:
            return value
        for kind, keep in _KEPT.items():
            if isinstance(value, kind):
                return keep(self, value)
        if attrs.has(type(value)):
            return self._object(value)
        raise SnapshotError(f"a {type(value).__name__} has no place in a snapshot")

    def _object(self, value: Any) -> Plain:
        kind: Any = type(value)
        if kind.__eq__ is object.__eq__:
            if id(value) in self._seen:
                return {KIND: SAME, OF: self._seen[id(value)]}
            self._seen[id(value)] = len(self._seen)
        moments = MOMENTS.get(kind.__name__, frozenset())
        fields: dict[str, Plain] = {KIND: kind.__name__}
        for field in attrs.fields(kind):
            if (kind.__name__, field.name) not in MEMORIES:
                held = getattr(value, field.name)
                is_moment = held is not None and field.name in moments
                fields[field.name] = held - self.now if is_moment else self.plain(held)
        return fields

    def text(self, value: str) -> Plain:
        """Octets that are no UTF-8 stand in a text as lone surrogates, which JSON cannot say."""
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            return {KIND: "octets", OF: value.encode("utf-8", "surrogateescape").decode("latin-1")}
        return value

    def choice(self, value: enum.Enum) -> Plain:
        """One that stands where a text is asked for, such as the name of a rule, is a text to us."""
        if isinstance(value, str) and type(value) not in PARTS:
            return str(value)
        return {KIND: type(value).__name__, OF: value.value}

    def list(self, kind: str, values: Iterable[object]) -> Plain:
        return {KIND: kind, OF: [self.plain(value) for value in values]}

    def limit(self, limit: Limit) -> Plain:
        return {KIND: "limit", OF: list(limit.of)}


#: How values that are no objects of ours are kept, and those that are known by name; the first that fits.
_KEPT: Final[Mapping[type, Callable[[_Saving, Any], Plain]]] = {
    enum.Enum: _Saving.choice,
    str: _Saving.text,
    bytes: lambda saving, value: {KIND: "bytes", OF: value.decode("latin-1")},
    datetime.datetime: lambda saving, value: {KIND: "time", OF: value.isoformat()},
    tuple: lambda saving, value: saving.list("tuple", value),
    list: lambda saving, value: saving.list("list", value),
    frozenset: lambda saving, value: saving.list("frozenset", sorted(value)),
    dict: lambda saving, value: saving.list("dict", value.items()),
    Context: lambda saving, value: {KIND: "context"},
    Trunk: lambda saving, value: {KIND: "trunk", OF: value.name},
    Limit: _Saving.limit,
    FailureMemory: lambda saving, value: {KIND: "failures"},
    Side: lambda saving, value: {KIND: "side", OF: list(value.name)},
    itertools.count: lambda saving, value: {KIND: "channels"},
    ipaddress.IPv4Address: lambda saving, value: {KIND: "address", OF: str(value)},
    ipaddress.IPv6Address: lambda saving, value: {KIND: "address", OF: str(value)},
}


@attrs.define
class _Loading:
    kinds: Mapping[str, type]
    context: Context
    now: float
    _seen: list[object] = attrs.field(factory=list)

    def value(self, data: Plain) -> Any:
        if not isinstance(data, dict):
            return data
        kind, inner = data[KIND], data.get(OF)
        if kind in _FOUND:
            return _FOUND[kind](self, inner)
        made = self.kinds[kind]
        return made(inner) if issubclass(made, enum.Enum) else self._object(made, data)

    def _object(self, kind: Any, data: dict[str, Plain]) -> Any:
        made = kind.__new__(kind)
        if kind.__eq__ is object.__eq__:
            self._seen.append(made)
        moments = MOMENTS.get(kind.__name__, frozenset())
        fields: dict[str, object] = {}
        for field in attrs.fields(kind):
            if (kind.__name__, field.name) not in MEMORIES:
                held = data[field.name]
                is_moment = held is not None and field.name in moments
                fields[field.name] = held + self.now if is_moment else self.value(held)
        return fill(made, fields)

    def list(self, inner: Plain) -> list[Any]:
        return [self.value(one) for one in inner]

    def limit(self, inner: Plain) -> Limit:
        trunk = self.context.trunks.by_name[inner[0]]
        return {limit.of: limit for limit in (trunk.inward, trunk.outward)}[inner[0], inner[1]]


_FOUND: Final[Mapping[str, Callable[[_Loading, Plain], Any]]] = {
    SAME: lambda loading, inner: loading._seen[inner],
    "octets": lambda loading, inner: inner.encode("latin-1").decode("utf-8", "surrogateescape"),
    "bytes": lambda loading, inner: inner.encode("latin-1"),
    "time": lambda loading, inner: datetime.datetime.fromisoformat(inner),
    "tuple": lambda loading, inner: tuple(loading.list(inner)),
    "list": _Loading.list,
    "frozenset": lambda loading, inner: frozenset(loading.list(inner)),
    "dict": lambda loading, inner: dict(loading.list(inner)),
    "context": lambda loading, inner: loading.context,
    "trunk": lambda loading, inner: loading.context.trunks.by_name[inner],
    "limit": _Loading.limit,
    "failures": lambda loading, inner: loading.context.failures,
    "side": lambda loading, inner: loading.context.ways.sides[inner[0], inner[1]],
    "channels": lambda loading, inner: loading.context.ways.channels,
    "address": lambda loading, inner: ipaddress.ip_address(inner),
}
