"""Capture files: their packets one after the other, as pcap or pcapng keep them (draft-ietf-opsawg-pcap, -pcapng).

Read forwards only and a packet at a time, so that size does not matter and a pipe will do. The file is not trusted:
whatever it claims of lengths is held against what a packet can be before anything is read. Where it cannot be followed
further it ends, with the reason in `damage`; what stood before is as good as in a whole one.
"""

import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol, Self

import attrs

from b2bua.errors import GatewayError

#: Octets of one packet: the snaplen that tcpdump takes for "whole", above any that a network carries.
LARGEST_PACKET: Final = 262_144
#: Octets of a pcapng block that has to be read whole: a packet and its options.
LARGEST_BLOCK: Final = 1_048_576
#: Interfaces one section of a pcapng file may describe.
MOST_INTERFACES: Final = 4_096
#: A time is before this second (the year 2242): what claims another is damaged.
LATEST: Final = 2.0**33

_GZIP: Final = b"\x1f\x8b"
_PIECE: Final = 65_536
#: The magic of pcap by its octets: byte order, units in a second, octets of a packet's header.
_CLASSIC: Final = {
    b"\xa1\xb2\xc3\xd4": (">", 1e6, 16),
    b"\xd4\xc3\xb2\xa1": ("<", 1e6, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1e9, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1e9, 16),
    b"\xa1\xb2\xcd\x34": (">", 1e6, 24),
    b"\x34\xcd\xb2\xa1": ("<", 1e6, 24),
}
_LINK_TYPE: Final = 0xFFFF  # what is above says how many octets of frame check sequence there are

_SECTION: Final = b"\x0a\x0d\x0d\x0a"
_SECTION_TYPE: Final = 0x0A0D0D0A
_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6
_READ_WHOLE: Final = frozenset({_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET})
_OPTION_RESOLUTION, _OPTION_OFFSET = 9, 14


class CaptureError(GatewayError):
    """A file is not a capture."""


class Readable(Protocol):
    """What a capture is read from: a file, a pipe, standard input."""

    def read(self, size: int, /) -> bytes:
        """That many octets or fewer; none at the end."""


class _DamagedError(Exception):
    """Where a file cannot be followed further, and why."""


@attrs.frozen
class Packet:
    """One packet as it was captured."""

    number: int
    """From 1, as Wireshark counts."""
    at: float
    """Seconds since 1970, UTC."""
    link: int
    """What `data` begins with: LINKTYPE_ETHERNET and so on (tcpdump.org/linktypes.html)."""
    data: bytes
    is_cut: bool
    """Whether the packet had more octets than were kept."""


@attrs.define(eq=False)
class Capture:
    """A file that is being read; iterate over it once."""

    file: Readable
    magic: bytes
    damage: str | None = attrs.field(default=None, init=False)
    """Why it ended before its end; None when it did not."""
    number: int = attrs.field(default=0, init=False)
    """Of the last packet that was met."""
    undated: int = attrs.field(default=0, init=False)
    """Packets left out because no time of theirs is known."""

    @classmethod
    def open(cls, file: Readable, name: str) -> Self:
        """Of pcap or pcapng, compressed by gzip or not. Raises CaptureError, which names it, when it is neither."""
        buffered = _buffered(file.read)
        try:
            if buffered.peek(2)[:2] == _GZIP:
                # `read1` gives what there is: a file that breaks off is good up to there.
                buffered = _buffered(gzip.GzipFile(fileobj=buffered).read1)
            magic = _up_to(buffered, 4)
        except (OSError, EOFError, zlib.error) as error:
            raise CaptureError(f"{name} cannot be read: {error}") from error
        if magic not in _CLASSIC and magic != _SECTION:
            raise CaptureError(f"{name} is no capture, neither pcap nor pcapng")
        return cls(buffered, magic)

    def __iter__(self) -> Iterator[Packet]:
        """Every packet until the end, or until `damage`. Raises nothing."""
        try:
            yield from self._sections() if self.magic == _SECTION else self._classic()
        except _DamagedError as damaged:
            self.damage = str(damaged)
        except (OSError, EOFError, zlib.error) as error:
            self.damage = f"after packet {self.number}: {error}"

    def _classic(self) -> Iterator[Packet]:
        order, units, size = _CLASSIC[self.magic]
        header = self._exactly(20, "its header")
        link = struct.unpack_from(f"{order}I", header, 16)[0] & _LINK_TYPE
        unpack = struct.Struct(f"{order}IIII").unpack_from
        while head := _up_to(self.file, size):
            self.number += 1
            if len(head) < size:
                raise self._damaged("the file ends")
            seconds, fraction, kept, length = unpack(head)
            if kept > LARGEST_PACKET:
                raise self._damaged(f"a packet of {kept} octets")
            yield Packet(self.number, seconds + fraction / units, link, self._exactly(kept, "a packet"), kept < length)

    def _sections(self) -> Iterator[Packet]:
        """pcapng: blocks, each with its type and length at both ends; a section header sets the byte order anew."""
        order = self._section_order(self._exactly(8, "a section header"))
        interfaces: list[_Interface] = []
        latest: float | None = None
        while head := _up_to(self.file, 8):
            if head[:4] == _SECTION:
                head += self._exactly(4, "a section header")
                order, interfaces = self._section_order(head[4:]), []
                continue
            kind, body = self._block(order, head)
            if kind == _INTERFACE:
                interfaces.append(self._interface(order, body, len(interfaces)))
            elif kind in _READ_WHOLE:
                self.number += 1
                packet = self._packet(order, kind, body, interfaces, latest)
                if packet is not None:
                    latest = packet.at
                    yield packet

    def _section_order(self, head: bytes) -> str:
        """The byte order of a section, of whose header the length and the magic are read; the rest is passed over."""
        order = _ORDERS.get(head[4:8])
        if order is None:
            raise self._damaged("a section without a byte order")
        (length,) = struct.unpack_from(f"{order}I", head)
        self._skip(self._inner(length) - 4)
        return order

    def _block(self, order: str, head: bytes) -> tuple[int, bytes]:
        """The type of a block and, where it is one of ours, what is in it."""
        if len(head) < 8:
            raise self._damaged("the file ends")
        kind, length = struct.unpack(f"{order}II", head)
        inner = self._inner(length)
        if kind not in _READ_WHOLE:
            self._skip(inner)
            return kind, b""
        if length > LARGEST_BLOCK:
            raise self._damaged(f"a block of {length} octets")
        whole = self._exactly(inner, "a block")
        if struct.unpack_from(f"{order}I", whole, inner - 4)[0] != length:
            raise self._damaged("a block whose two lengths differ")
        return kind, whole[:-4]

    def _inner(self, length: int) -> int:
        """Octets of a block after its type and first length, with the length that ends it."""
        if length < 12 or length % 4:
            raise self._damaged(f"a block of {length} octets")
        return length - 8

    def _interface(self, order: str, body: bytes, known: int) -> "_Interface":
        if len(body) < 8 or known >= MOST_INTERFACES:
            raise self._damaged("an interface that cannot be read")
        (link,) = struct.unpack_from(f"{order}H", body)
        return _Interface.of(order, link, body[8:])

    def _packet(
        self, order: str, kind: int, body: bytes, interfaces: list["_Interface"], latest: float | None
    ) -> Packet | None:
        """The packet of a block; None for one without a time, or of an interface that nothing was said of."""
        try:
            if kind == _SIMPLE_PACKET:  # has no time: it is taken to be as late as the one before it
                (length,), start, index = struct.unpack_from(f"{order}I", body), 4, 0
                kept, ticks = min(length, len(body) - start), None
            else:
                form = f"{order}IIIII" if kind == _PACKET else f"{order}HxxIIII"
                index, high, low, kept, length = struct.unpack_from(form, body)
                start, ticks = 20, high << 32 | low
            interface = interfaces[index]
        except (struct.error, IndexError):
            raise self._damaged("a packet that cannot be read") from None
        if kept > len(body) - start:
            raise self._damaged(f"a packet of {kept} octets in a block of {len(body)}")
        at = latest if ticks is None else interface.time(ticks)
        if at is None or not 0 <= at < LATEST:
            self.undated += 1
            return None
        return Packet(self.number, at, interface.link, body[start : start + kept], kept < length)

    def _exactly(self, size: int, what: str) -> bytes:
        data = _up_to(self.file, size)
        if len(data) < size:
            raise self._damaged(f"the file ends within {what}")
        return data

    def _skip(self, size: int) -> None:
        while size:
            size -= len(self._exactly(min(size, _PIECE), "a block"))

    def _damaged(self, why: str) -> _DamagedError:
        return _DamagedError(f"at packet {self.number}: {why}")


@attrs.frozen
class _Interface:
    """One interface of a pcapng section: what its packets begin with, and how their times are told."""

    link: int
    units: int = 1_000_000
    """Of a second."""
    offset: int = 0
    """Seconds to add."""

    @classmethod
    def of(cls, order: str, link: int, options: bytes) -> Self:
        """With what its options say of time; what cannot be read of them is left alone."""
        units, offset, at = 1_000_000, 0, 0
        while at + 4 <= len(options):
            code, size = struct.unpack_from(f"{order}HH", options, at)
            value = options[at + 4 : at + 4 + size]
            if code == _OPTION_RESOLUTION and size == 1 and value:
                units = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
            elif code == _OPTION_OFFSET and len(value) == size == 8:
                (offset,) = struct.unpack(f"{order}q", value)
            elif code == 0:
                break
            at += 4 + size + -size % 4
        return cls(link, units, offset)

    def time(self, ticks: int) -> float:
        return ticks / self.units + self.offset


def _buffered(read: Callable[[int], bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Raw(read), 1 << 20)


class _Raw(io.RawIOBase):
    """A file as what `io.BufferedReader` reads from, whatever it is: a pipe, a progress bar, a decompressor."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _up_to(file: Readable, size: int) -> bytes:
    """That many octets, or what is left."""
    return file.read(size)
