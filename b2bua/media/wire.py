"""How orders reach the process that relays, and what it tells: JSON in packets, with the sockets themselves beside it.

Both ends are ours and of one version, so that whatever does not fit is a bug and raises as such.
"""

from collections.abc import Sequence
from typing import Any, Final

import attrs
import orjson

from b2bua.config import Latch
from b2bua.media.orders import Close, Face, Open, Order, Place, Point
from b2bua.media.relay import Figures, Settled

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
    """Channels on which nothing comes any more, or ever came."""
    settled: tuple[Settled, ...] = ()
    """Channels that need the process no longer."""
    heard: tuple[int, ...] = ()
    """Of those, on which something has come again."""


@attrs.frozen
class Carried:
    """The process is told what has gone past it from the peer of one side, so that all figures are in one place."""

    channel: int
    side: int
    packets: int
    octets: int
    within: float
    """In so many seconds before now."""


Message = Order | Carried


def encode(messages: Sequence[Message]) -> bytes:
    """A packet for the process."""
    return orjson.dumps([_plain(message) for message in messages])


def decode(data: bytes) -> list[Message]:
    """What is in a packet for the process."""
    return [_message(*plain) for plain in orjson.loads(data)]


def encode_told(told: Told) -> bytes:
    """A packet of news."""
    closed = [(channel, [attrs.astuple(figures) for figures in both]) for channel, both in told.closed]
    settled = [attrs.astuple(one) for one in told.settled]
    return orjson.dumps({"closed": closed, "silent": told.silent, "settled": settled, "heard": told.heard})


def decode_told(data: bytes) -> Told:
    """The news of a packet."""
    plain = orjson.loads(data)
    names = [field.name for field in attrs.fields(Figures)]
    closed = []
    for channel, both in plain["closed"]:
        a, b = (Figures(**dict(zip(names, values, strict=True))) for values in both)
        closed.append((channel, (a, b)))
    settled = [
        Settled(channel=channel, ordered=(place(ordered[0]), place(ordered[1])), places=(tuple(a), tuple(b)))
        for channel, ordered, (a, b) in plain["settled"]
    ]
    return Told(tuple(closed), tuple(plain["silent"]), tuple(settled), tuple(plain["heard"]))


def place(plain: Sequence[Any] | None) -> Place | None:
    """A place as JSON has it."""
    return None if plain is None else (plain[0], plain[1])


def _plain(message: Message) -> list[object]:
    match message:
        case Open():
            return ["open", message.channel, [attrs.astuple(face) for face in message.faces]]
        case Point():
            return ["point", message.channel, message.side, message.target]
        case Close():
            return ["close", message.channel]
        case Carried():
            return ["carried", *attrs.astuple(message)]


def _message(kind: str, channel: int, *rest: Any) -> Message:
    if kind == "open":
        a, b = (Face(address, port, Latch(latch)) for address, port, latch in rest[0])
        return Open(channel, (a, b))
    if kind == "point":
        side, target = rest
        return Point(channel, side, place(target))
    if kind == "carried":
        return Carried(channel, *rest)
    return Close(channel)
