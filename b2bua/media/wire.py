"""How orders reach the process that relays, and what it tells: JSON in packets, with the sockets themselves beside it.

Both ends are ours and of one version, so that whatever does not fit is a bug and raises as such.
"""

from collections.abc import Sequence
from typing import Any, Final

import attrs
import orjson

from b2bua.media.orders import Close, Face, Open, Order, Point
from b2bua.media.relay import Figures, Latch

#: Descriptors that Linux takes beside one packet are 253; each channel has two.
MOST_OPENED: Final = 100
#: Of a packet, octets.
LARGEST: Final = 65_536


@attrs.frozen
class Told:
    """What the process has to say."""

    closed: tuple[tuple[int, tuple[Figures, Figures]], ...] = ()
    """Channels that are over, with what came from either side."""
    silent: tuple[int, ...] = ()
    """Channels on which nothing comes any more."""


def encode(orders: Sequence[Order]) -> bytes:
    """A packet of orders."""
    return orjson.dumps([_plain(order) for order in orders])


def decode(data: bytes) -> list[Order]:
    """The orders of a packet."""
    return [_order(*plain) for plain in orjson.loads(data)]


def encode_told(told: Told) -> bytes:
    """A packet of news."""
    closed = [(channel, [attrs.astuple(figures) for figures in both]) for channel, both in told.closed]
    return orjson.dumps({"closed": closed, "silent": told.silent})


def decode_told(data: bytes) -> Told:
    """The news of a packet."""
    plain = orjson.loads(data)
    names = [field.name for field in attrs.fields(Figures)]
    closed = []
    for channel, both in plain["closed"]:
        a, b = (Figures(**dict(zip(names, values, strict=True))) for values in both)
        closed.append((channel, (a, b)))
    return Told(tuple(closed), tuple(plain["silent"]))


def _plain(order: Order) -> list[object]:
    match order:
        case Open():
            return ["open", order.channel, [attrs.astuple(face) for face in order.faces]]
        case Point():
            return ["point", order.channel, order.side, order.target]
        case Close():
            return ["close", order.channel]


def _order(kind: str, channel: int, *rest: Any) -> Order:
    if kind == "open":
        a, b = (Face(address, port, Latch(latch)) for address, port, latch in rest[0])
        return Open(channel, (a, b))
    if kind == "point":
        side, target = rest
        return Point(channel, side, None if target is None else (target[0], target[1]))
    return Close(channel)
