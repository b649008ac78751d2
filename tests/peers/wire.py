"""What went over the wire, as the peers saw it: SIPp's message logs read back, and written as a capture.

The peers are everybody the daemon speaks to, so their logs together hold all it emitted; a capture from the interface
would need privileges that not every machine grants to its tests.
"""

import datetime
import ipaddress
import re
import struct
from collections.abc import Iterable
from pathlib import Path

import attrs

_ENTRY = re.compile(
    rb"-{40,} (?P<time>[\d-]+[ \t][\d:.]+)\n"
    rb"UDP message (?:sent \((?P<sent>\d+) bytes\)|received \[(?P<received>\d+)\] bytes ):\n\n"
)
RAW_IP = 101
UDP = 17


@attrs.frozen(kw_only=True)
class Datagram:
    """One SIP datagram between the daemon and a peer."""

    at: float
    side: str
    """Whose peer it is."""
    host: str
    port: int
    emitted: bool
    """By the daemon; false: sent to it."""
    data: bytes


def read_log(path: Path, side: str, host: str, port: int) -> list[Datagram]:
    """The datagrams of a SIPp message log; a message whose length is not the one that SIPp read is an error."""
    if not path.exists():
        return []
    text, found, place = path.read_bytes(), [], 0
    while match := _ENTRY.search(text, place):
        size = int(match["sent"] or match["received"])
        place = match.end() + size
        data = text[match.end() : place]
        assert len(data) == size, f"{path} is torn"
        moment = datetime.datetime.fromisoformat(match["time"].decode().replace("\t", " "))
        emitted = match["received"] is not None
        found.append(Datagram(at=moment.timestamp(), side=side, host=host, port=port, emitted=emitted, data=data))
    assert len(found) == text.count(b"\nUDP message "), f"{path} holds entries that were not understood"
    return found


def write_pcap(path: Path, datagrams: Iterable[Datagram], ours: dict[str, tuple[str, int]]) -> None:
    """A capture of raw IP packets; `ours` is the daemon's address on each side."""
    packets = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, RAW_IP)]
    for datagram in datagrams:
        peer, box = (datagram.host, datagram.port), ours[datagram.side]
        packet = _packet(box, peer, datagram.data) if datagram.emitted else _packet(peer, box, datagram.data)
        seconds, micros = divmod(round(datagram.at * 1_000_000), 1_000_000)
        packets += [struct.pack("<IIII", seconds, micros, len(packet), len(packet)), packet]
    path.write_bytes(b"".join(packets))


def _packet(source: tuple[str, int], target: tuple[str, int], data: bytes) -> bytes:
    start, end = (ipaddress.ip_address(host).packed for host in (source[0], target[0]))
    length = 8 + len(data)
    pseudo = start + end + struct.pack("!HBB", length, 0, UDP)
    bare = struct.pack("!HHHH", source[1], target[1], length, 0) + data
    udp = bare[:6] + struct.pack("!H", _checksum(pseudo + bare) or 0xFFFF) + bare[8:]
    if len(start) == 16:
        return struct.pack("!IHBB", 6 << 28, length, UDP, 64) + start + end + udp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, UDP, 0) + start + end
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + udp


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
