"""Capture files of every form, whole and damaged."""

import gzip
import io
import random
import struct
from collections.abc import Callable

import pytest

from b2bua.audit.capture import LARGEST_PACKET, MOST_INTERFACES, Capture, CaptureError, Packet
from tests.b2bua.audit.making import ETHERNET, NOON, RAW, pcap, pcapng

PACKETS = [b"first", b"second!", b""]


def read(data: bytes) -> tuple[list[Packet], Capture]:
    capture = Capture.open(io.BytesIO(data), "x")
    return list(capture), capture


def classic(magic: bytes, order: str, *, fraction: int, link: int = 101, extra: bytes = b"") -> bytes:
    """A pcap file of one packet, written by hand."""
    header = magic + struct.pack(f"{order}HHiIII", 2, 4, 0, 0, 65535, link)
    return header + struct.pack(f"{order}IIII", int(NOON), fraction, 3, 3) + extra + b"abc"


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += b"\0" * (-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int = RAW, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(f"{order}HHI", link, 0, 0) + options, order)


def packet(data: bytes, ticks: int, index: int = 0, order: str = "<", length: int | None = None) -> bytes:
    whole = len(data) if length is None else length
    head = struct.pack(f"{order}IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), whole)
    return block(6, head + data, order)


@pytest.mark.parametrize("write", [pcap, pcapng])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_capture_that_dpkt_wrote_is_read_packet_by_packet(
    write: Callable[..., bytes], pack: Callable[[bytes], bytes]
) -> None:
    found, capture = read(pack(write(PACKETS, ETHERNET)))
    assert [one.data for one in found] == PACKETS
    assert [one.number for one in found] == [1, 2, 3]
    assert [one.link for one in found] == [ETHERNET] * 3
    assert [round(one.at - NOON, 3) for one in found] == [0.0, 0.01, 0.02]
    assert (capture.damage, capture.number) == (None, 3)


@pytest.mark.parametrize(
    ("magic", "order", "fraction", "extra"),
    [
        (b"\xa1\xb2\xc3\xd4", ">", 250_000, b""),
        (b"\xd4\xc3\xb2\xa1", "<", 250_000, b""),
        (b"\xa1\xb2\x3c\x4d", ">", 250_000_000, b""),
        (b"\x4d\x3c\xb2\xa1", "<", 250_000_000, b""),
        (b"\xa1\xb2\xcd\x34", ">", 250_000, b"\0" * 8),
        (b"\x34\xcd\xb2\xa1", "<", 250_000, b"\0" * 8),
    ],
)
def test_every_byte_order_and_resolution_of_pcap_is_read(magic: bytes, order: str, fraction: int, extra: bytes) -> None:
    (found,), _ = read(classic(magic, order, fraction=fraction, extra=extra))
    assert (found.at, found.data, found.link) == (NOON + 0.25, b"abc", 101)


def test_what_the_link_type_says_of_check_sequences_is_no_part_of_it() -> None:
    (found,), _ = read(classic(b"\xd4\xc3\xb2\xa1", "<", fraction=0, link=0x2400_0001))
    assert found.link == ETHERNET


def test_a_packet_that_was_cut_is_marked() -> None:
    whole = classic(b"\xd4\xc3\xb2\xa1", "<", fraction=0)
    (found,), _ = read(whole[:-7] + struct.pack("<I", 1500) + b"abc")
    assert found.is_cut
    assert not read(whole)[0][0].is_cut


@pytest.mark.parametrize("order", ["<", ">"])
def test_each_interface_of_a_pcapng_file_has_its_own_link_type_and_clock(order: str) -> None:
    nano = struct.pack(f"{order}HHBxxx", 9, 1, 9)
    binary = struct.pack(f"{order}HHBxxx", 9, 1, 0x80 | 10)
    late = struct.pack(f"{order}HHq", 14, 8, 3600)
    whole = section(order) + interface(ETHERNET, order=order) + interface(RAW, nano, order)
    whole += interface(113, binary + late, order)
    whole += packet(b"a", int(NOON) * 10**6 + 500_000, 0, order)
    whole += packet(b"b", int(NOON) * 10**9 + 500_000_000, 1, order)
    whole += packet(b"c", (int(NOON) - 3600) * 1024 + 512, 2, order)
    found, capture = read(whole)
    assert capture.damage is None
    assert [(one.data, one.link) for one in found] == [(b"a", ETHERNET), (b"b", RAW), (b"c", 113)]
    assert {one.at for one in found} == {NOON + 0.5}


def test_a_second_section_may_have_the_other_byte_order_and_its_own_interfaces() -> None:
    whole = section("<") + interface(ETHERNET) + packet(b"a", 0) + section(">") + interface(RAW, order=">")
    found, capture = read(whole + packet(b"b", 1, order=">"))
    assert [(one.data, one.link, one.number) for one in found] == [(b"a", ETHERNET, 1), (b"b", RAW, 2)]
    assert capture.damage is None


def test_blocks_that_hold_no_packet_are_passed_over_whatever_their_size() -> None:
    whole = section() + interface() + block(5, b"\0" * 40) + block(0xBAD, b"x" * 300_000) + packet(b"a", 0)
    found, capture = read(whole)
    assert [one.data for one in found] == [b"a"]
    assert capture.damage is None


def test_a_packet_without_a_time_has_that_of_the_one_before_it_or_is_left_out() -> None:
    simple = block(3, struct.pack("<I", 5) + b"hello")
    found, capture = read(section() + interface() + simple + packet(b"a", int(NOON) * 10**6) + simple)
    assert [(one.number, one.data, one.at) for one in found] == [(2, b"a", NOON), (3, b"hello", NOON)]
    assert capture.undated == 1


def test_the_old_packet_block_is_read() -> None:
    ticks = int(NOON) * 10**6
    head = struct.pack("<HHIIII", 0, 0, ticks >> 32, ticks & 0xFFFFFFFF, 3, 9)
    (found,), _ = read(section() + interface() + block(2, head + b"abc"))
    assert (found.at, found.data, found.is_cut) == (NOON, b"abc", True)


def test_a_time_that_no_calendar_has_leaves_the_packet_out() -> None:
    found, capture = read(section() + interface() + packet(b"a", 2**64 - 1) + packet(b"b", 5))
    assert [one.data for one in found] == [b"b"]
    assert capture.undated == 1


# What is no capture, or none any more.


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"INVITE sip:a SIP/2.0\r\n", b"\x1f\x8b", gzip.compress(b"hello", mtime=0), b"\xff" * 99]
)
def test_what_is_no_capture_is_an_error_that_names_it(data: bytes) -> None:
    with pytest.raises(CaptureError, match=r"^traffic\.bin "):
        Capture.open(io.BytesIO(data), "traffic.bin")


@pytest.mark.parametrize("write", [pcap, pcapng])
def test_a_file_that_ends_within_a_packet_gives_those_before_it_and_says_so(write: Callable[..., bytes]) -> None:
    whole = write([b"a" * 40, b"b" * 40])
    for end in range(len(whole) - 30, len(whole)):
        found, capture = read(whole[:end])
        assert [one.data for one in found] == [b"a" * 40]
        assert capture.damage is not None
        assert "the file ends" in capture.damage


def test_a_compressed_file_that_breaks_off_gives_what_stood_before() -> None:
    noise = random.Random(1).randbytes(100_000)
    packed = gzip.compress(pcap([noise[:50_000], noise[50_000:]]))
    found, capture = read(packed[: len(packed) * 3 // 4])
    assert [one.data for one in found] == [noise[:50_000]]
    assert capture.damage is not None


@pytest.mark.parametrize(
    "tail",
    [
        struct.pack("<IIII", 0, 0, LARGEST_PACKET + 1, 60),
        struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0xFFFFFFFF),
    ],
)
def test_a_packet_larger_than_any_ends_the_reading_of_pcap(tail: bytes) -> None:
    found, capture = read(pcap([b"a"]) + tail + b"x" * 100)
    assert len(found) == 1
    assert capture.damage is not None
    assert "octets" in capture.damage


@pytest.mark.parametrize(
    "tail",
    [
        struct.pack("<II", 6, 0xFFFFFFFC),
        struct.pack("<II", 6, 13),
        struct.pack("<II", 6, 8),
        struct.pack("<II", 99, 0),
        block(6, b"\0" * 8),
        packet(b"a", 0, index=1),
        packet(b"abc", 0)[:-4] + b"\0\0\0\0",
        block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500) + b"abc"),
        block(1, b"\0" * 4),
        b"\x0a\x0d\x0d\x0a" + struct.pack("<I", 28) + b"\0" * 20,
    ],
)
def test_a_block_that_cannot_be_ends_the_reading_of_pcapng(tail: bytes) -> None:
    found, capture = read(section() + interface() + packet(b"a", 7) + tail + b"x" * 50)
    assert [one.data for one in found] == [b"a"]
    assert capture.damage is not None


def test_interfaces_without_end_are_not_remembered() -> None:
    _, capture = read(section() + interface() * (MOST_INTERFACES + 1))
    assert capture.damage is not None


def test_a_file_is_read_forwards_in_pieces_so_that_a_pipe_will_do() -> None:
    class Pipe:
        def __init__(self, data: bytes) -> None:
            self._rest = data

        def read(self, size: int, /) -> bytes:
            piece, self._rest = self._rest[:7], self._rest[7:]
            return piece[:size]

    capture = Capture.open(Pipe(pcap(PACKETS)), "-")
    assert [one.data for one in capture] == PACKETS
