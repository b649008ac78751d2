"""The SIP messages of a capture, each with the packet that completed it, when and from where."""

import ipaddress
import re
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import attrs

from b2bua.audit.capture import Capture, Packet
from b2bua.audit.internet import TCP, UDP, Internet
from b2bua.audit.link import ip_at, is_read
from b2bua.audit.streams import Broken, Found, Streams

#: What is said of a datagram of which the capture kept only the beginning.
CUT: Final = "Cut Short by the Capture"

_ports = struct.Struct(">HH").unpack_from
_length = struct.Struct(">H").unpack_from
_INVITE: Final = b"INVITE "
#: The first octet of a SIP message, or of a line end before it.
_BEGINNINGS: Final = frozenset(bytes([octet]) for octet in b"\r\nABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_SIP: Final = re.compile(rb"(?:[A-Z]{2,16}+ \S{1,2048}+ SIP/|SIP/2\.0 )", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Message:
    """One SIP message as it crossed the wire."""

    packet: int
    """The packet that completed it, from 1: where Wireshark shows it."""
    at: float
    """When, seconds since 1970, UTC."""
    source: str
    """The address it came from, numeric."""
    port: int
    transport: str
    """UDP or TCP."""
    data: bytes
    fault: str | None = None
    """Why it could not be followed to its end, in a stream or in the capture; `data` is then its beginning."""


@attrs.define(eq=False)
class Seen:
    """What a capture held; the fields are keys of the report."""

    packets: int = 0
    """All that are in it."""
    cut: int = 0
    """Of which the capture kept only the beginning."""
    unread: int = 0
    """Of a link type that is not read."""
    other: int = 0
    """Neither UDP nor TCP over IP."""
    damaged: int = 0
    """Whose headers cannot be read."""
    undated: int = 0
    """Left out because no time is told of them."""
    datagrams: int = 0
    """UDP."""
    segments: int = 0
    """TCP."""
    fragments: int = 0
    """Packets that were a part of a datagram."""
    incomplete: int = 0
    """Datagrams of which a part was missing."""
    gaps: int = 0
    """Places in TCP streams where octets were missing."""
    dropped: int = 0
    """TCP streams given up because there were too many at one time."""
    messages: int = 0
    """SIP messages."""
    first: float | None = None
    """When the first packet was captured, seconds since 1970."""
    last: float | None = None
    damage: str | None = None
    """Where the file could not be followed further, and why."""


@attrs.define(eq=False)
class Traffic:
    """Reads one capture; iterate over `messages` once."""

    capture: Capture
    seen: Seen = attrs.field(factory=Seen)
    _internet: Internet = attrs.field(factory=Internet, init=False)
    _streams: Streams = attrs.field(factory=Streams, init=False)

    def messages(self) -> Iterator[Message]:
        """Every SIP message, in the order in which it was complete. Raises nothing."""
        seen = self.seen
        packet: Packet | None = None
        for packet in self.capture:
            seen.first = packet.at if seen.first is None else min(seen.first, packet.at)
            seen.last = packet.at if seen.last is None else max(seen.last, packet.at)
            yield from self._packet(packet)
        if packet is not None:
            for ends, found in self._streams.finish():
                yield from self._found(ends, found, packet)
        self._internet.finish()
        self._sum_up()

    def _sum_up(self) -> None:
        seen, internet, streams, capture = self.seen, self._internet, self._streams, self.capture
        seen.packets, seen.undated, seen.damage = capture.number, capture.undated, capture.damage
        seen.fragments, seen.incomplete = internet.fragments, internet.incomplete
        seen.gaps, seen.dropped = streams.gaps, streams.dropped
        seen.damaged += internet.damaged + streams.damaged

    def _packet(self, packet: Packet) -> Iterable[Message]:
        """What it completes; most packets of a capture are media, and are done with here."""
        seen, data = self.seen, packet.data
        if packet.is_cut:
            seen.cut += 1
        start = ip_at(packet.link, data)
        if start < 0:
            if is_read(packet.link):
                seen.other += 1
            else:
                seen.unread += 1
            return ()
        datagram = self._internet.receive(data, start, packet.at)
        if datagram is None:
            return ()
        protocol, source, destination, payload = datagram
        if protocol == UDP:
            return self._datagram(source, payload, packet)
        if protocol == TCP:
            return self._segment(source + destination + payload[:4], payload, packet)
        seen.other += 1
        return ()

    def _segment(self, ends: bytes, payload: bytes, packet: Packet) -> Iterator[Message]:
        self.seen.segments += 1
        for found in self._streams.receive(ends, payload, packet.at):
            yield from self._found(ends, found, packet)

    def _datagram(self, source: bytes, payload: bytes, packet: Packet) -> tuple[Message, ...]:
        seen = self.seen
        if len(payload) < 8:
            seen.damaged += 1
            return ()
        seen.datagrams += 1
        if payload[8:9] not in _BEGINNINGS:
            return ()
        (length,) = _length(payload, 4)
        data = payload[8:length] if length >= 8 else payload[8:]
        text = data.lstrip(b"\r\n")
        if not text.startswith(_INVITE) and _SIP.match(text) is None:
            return ()
        seen.messages += 1
        message = Message(
            packet=packet.number,
            at=packet.at,
            source=_host(source),
            port=_ports(payload)[0],
            transport="UDP",
            data=data,
            fault=CUT if length > len(payload) else None,
        )
        return (message,)

    def _found(self, ends: bytes, found: Found, packet: Packet) -> Iterator[Message]:
        self.seen.messages += 1
        size = (len(ends) - 4) // 2
        yield Message(
            packet=packet.number,
            at=packet.at,
            source=_host(ends[:size]),
            port=_ports(ends, 2 * size)[0],
            transport="TCP",
            data=found.data if isinstance(found, Broken) else found,
            fault=found.fault.reason if isinstance(found, Broken) else None,
        )


@lru_cache(maxsize=4_096)
def _host(octets: bytes) -> str:
    return str(ipaddress.ip_address(octets))
