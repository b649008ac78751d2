"""Captures for the tests: packets and files as dpkt writes them, which shares no line with what reads them."""

import io
import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path

import dpkt
from dpkt.ethernet import ETH_TYPE_8021AD, ETH_TYPE_8021Q, ETH_TYPE_IP, ETH_TYPE_IP6

from b2bua.audit import Report, audit
from b2bua.config import Config, load
from b2bua.explain import message_of

ROOT = Path(__file__).parents[3]
CONFIG = load(ROOT / "examples/vectors/b2bua.toml")

SOURCE, TARGET = b"\xc0\x00\x02\x07", b"\xc0\x00\x02\x01"
SOURCE_6, TARGET_6 = (
    bytes.fromhex("20010db8000000000000000000000007"),
    bytes.fromhex("20010db8000000000000000000000001"),
)
NOON = 1_782_907_200.0  # 2026-07-01T12:00:00Z
ETHERNET, NULL, RAW, LOOP, SLL, SLL2 = 1, 0, 101, 108, 113, 276

FOREIGN, GEOGRAPHIC, MOBILE = "+442079460000", "+3225551212", "+32470999999"


def invite(caller: str = FOREIGN, *headers: str, call: str = "1", called: str = "+3293330000", cseq: int = 1) -> bytes:
    """An INVITE of its own Call-ID, tag and branch."""
    whole = message_of(
        {
            "request_uri": f"sip:{called}@x",
            "headers": [f"From: <sip:{caller}@x>;tag={call}", f"Via: SIP/2.0/UDP x;branch=z9hG4bK{call}", *headers],
        }
    )
    whole = whole.replace(b"Via: SIP/2.0/UDP vector.invalid:5060;branch=z9hG4bKvector;rport\r\n", b"")
    return whole.replace(b"vector@vector.invalid", call.encode()).replace(b"CSeq: 1 ", f"CSeq: {cseq} ".encode())


def udp(data: bytes, source: bytes = SOURCE, target: bytes = TARGET, sport: int = 5060, dport: int = 5060) -> bytes:
    """An IP packet with a UDP datagram."""
    return ip(dpkt.udp.UDP(sport=sport, dport=dport, ulen=8 + len(data), data=data), 17, source, target)


def tcp(data: bytes, number: int, flags: int = 0x18, sport: int = 40000, source: bytes = SOURCE) -> bytes:
    """An IP packet with a TCP segment."""
    segment = dpkt.tcp.TCP(sport=sport, dport=5060, seq=number % 2**32, flags=flags, data=data)
    return ip(segment, 6, source, TARGET if len(source) == 4 else TARGET_6)


def ip(payload: object, protocol: int, source: bytes = SOURCE, target: bytes = TARGET) -> bytes:
    """An IP packet, of the version that the addresses are of."""
    if len(source) == 16:
        target = TARGET_6 if len(target) == 4 else target
        return bytes(dpkt.ip6.IP6(nxt=protocol, src=source, dst=target, plen=len(bytes(payload)), data=payload))
    return bytes(dpkt.ip.IP(src=source, dst=target, p=protocol, data=payload, len=20 + len(bytes(payload))))


def fragments(packet: bytes, size: int, identity: int = 7) -> list[bytes]:
    """The same IPv4 packet in pieces of that many octets."""
    whole = dpkt.ip.IP(packet)
    payload = packet[20:]
    pieces = []
    for at in range(0, len(payload), size):
        piece = payload[at : at + size]
        one = dpkt.ip.IP(src=whole.src, dst=whole.dst, p=whole.p, id=identity, data=piece, len=20 + len(piece))
        one.offset, one.mf = at // 8, int(at + size < len(payload))
        pieces.append(bytes(one))
    return pieces


def fragments_6(packet: bytes, size: int, identity: int = 7) -> list[bytes]:
    """The same of an IPv6 packet."""
    head, payload, protocol = packet[:40], packet[40:], packet[6]
    pieces = []
    for at in range(0, len(payload), size):
        piece = payload[at : at + size]
        more = int(at + size < len(payload))
        extension = bytes([protocol, 0]) + (at | more).to_bytes(2, "big") + identity.to_bytes(4, "big")
        length = (8 + len(piece)).to_bytes(2, "big")
        pieces.append(head[:4] + length + b"\x2c" + head[7:] + extension + piece)
    return pieces


def ethernet(packet: bytes, tags: int = 0) -> bytes:
    """A frame around an IP packet, with that many VLAN tags."""
    kind = ETH_TYPE_IP6 if packet[0] >> 4 == 6 else ETH_TYPE_IP
    types = [ETH_TYPE_8021AD if tags > 1 else ETH_TYPE_8021Q, *[ETH_TYPE_8021Q] * (tags - 1)][:tags]
    chain = b"".join(one.to_bytes(2, "big") + b"\x00\x2a" for one in types)
    return b"\x02" * 6 + b"\x04" * 6 + chain + kind.to_bytes(2, "big") + packet


def framed(link: int, packet: bytes) -> bytes:
    """An IP packet behind what that link type puts before it."""
    is_6 = packet[0] >> 4 == 6
    kind = ETH_TYPE_IP6 if is_6 else ETH_TYPE_IP
    if link == ETHERNET:
        return ethernet(packet)
    if link == SLL:
        return bytes(dpkt.sll.SLL(ethtype=kind, data=packet))
    if link == SLL2:
        return bytes(dpkt.sll2.SLL2(ethtype=kind, hdr=b"\0" * 8, data=packet))
    if link in (NULL, LOOP):
        family = 30 if is_6 else 2
        return family.to_bytes(4, "little" if link == NULL else "big") + packet
    return packet


def pcap(
    packets: Iterable[bytes], link: int = RAW, start: float = NOON, step: float = 0.01, nano: bool = False
) -> bytes:
    """A pcap file of packets that have their link header."""
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, snaplen=65535, linktype=link, nano=nano)
    for number, packet in enumerate(packets):
        writer.writepkt(packet, ts=start + number * step)
    return file.getvalue()


def pcapng(packets: Iterable[bytes], link: int = RAW, start: float = NOON, step: float = 0.01) -> bytes:
    """The same as pcapng."""
    file = io.BytesIO()
    writer = dpkt.pcapng.Writer(file, linktype=link)
    for number, packet in enumerate(packets):
        writer.writepkt(packet, ts=start + number * step)
    return file.getvalue()


def audited(
    capture: bytes, trunk: str = "INT-1", config: Config = CONFIG, sources: Iterable[str] = (), is_masked: bool = False
) -> Report:
    """The report on a capture."""
    networks = [ipaddress.ip_network(one) for one in sources]
    return audit(config, trunk, io.BytesIO(capture), name="test.pcap", sources=networks, is_masked=is_masked)


def calls(count: int, caller: str = GEOGRAPHIC) -> Iterator[bytes]:
    """INVITEs of different calls."""
    for number in range(count):
        yield invite(caller, call=f"call-{number}")
