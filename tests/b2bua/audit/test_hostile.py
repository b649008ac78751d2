"""A capture is a stranger's file: nothing in it raises anything but the error that it is none, or takes memory."""

import gzip
import io
import random
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.audit import auditing, judging
from b2bua.audit.capture import Capture, CaptureError
from b2bua.audit.report import EXAMPLES, Report
from b2bua.audit.tally import Tally
from b2bua.audit.traffic import Traffic
from tests.b2bua.audit.making import (
    CONFIG,
    ETHERNET,
    FOREIGN,
    GEOGRAPHIC,
    NULL,
    RAW,
    SLL,
    SLL2,
    SOURCE_6,
    audited,
    ethernet,
    fragments,
    fragments_6,
    framed,
    invite,
    pcap,
    pcapng,
    tcp,
    udp,
)

WHOLE = invite(GEOGRAPHIC, f"P-Asserted-Identity: <tel:{FOREIGN}>", 'Diversion: "x" <tel:+3225551212>')
PACKETS = [
    ethernet(udp(WHOLE), 1),
    *map(ethernet, fragments(udp(WHOLE), 160)),
    *map(ethernet, fragments_6(udp(WHOLE, SOURCE_6), 160)),
    *(ethernet(tcp(WHOLE[at : at + 90], 100 + at)) for at in range(0, len(WHOLE), 90)),
]
FILES = [pcap(PACKETS, ETHERNET), pcapng(PACKETS, ETHERNET), gzip.compress(pcap(PACKETS, ETHERNET), mtime=0)]


def tried(data: bytes) -> None:
    with suppress(CaptureError):
        audited(data).as_dict()


@given(
    st.sampled_from([b"", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a", b"\x1f\x8b\x08"]), st.binary()
)
def test_no_bytes_raise_anything_but_the_clear_error(magic: bytes, data: bytes) -> None:
    tried(magic + data)


@given(st.sampled_from(FILES), st.integers(0, 4_000), st.binary(max_size=12), st.booleans())
def test_a_damaged_capture_raises_nothing(whole: bytes, at: int, damage: bytes, over: bool) -> None:
    tried(whole[:at] + damage + whole[at + len(damage) * over :])


@given(
    st.sampled_from([ETHERNET, NULL, RAW, SLL, SLL2]), st.integers(0, 60), st.binary(max_size=8), st.integers(0, 400)
)
def test_a_damaged_packet_raises_nothing(link: int, at: int, damage: bytes, end: int) -> None:
    for packet in (udp(WHOLE), udp(WHOLE, SOURCE_6), tcp(WHOLE, 5), fragments(udp(WHOLE), 80)[1]):
        frame = framed(link, packet)
        tried(pcap([(frame[:at] + damage + frame[at + len(damage) :])[: end or None]], link))


@given(st.integers(0, 400), st.binary(max_size=40))
def test_a_damaged_invite_raises_nothing(at: int, damage: bytes) -> None:
    message = WHOLE[:at] + damage + WHOLE[at:]
    report = audited(pcap([udp(message), *(tcp(message[n : n + 200], 9 + n) for n in range(0, len(message), 200))]))
    told = report.as_dict()
    assert sum(told["verdicts"].values()) == told["invites"]["judged"] <= 2


def test_a_compressed_file_that_grows_without_end_is_read_in_pieces() -> None:
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb") as packed:
        packed.write(pcap([]))
        record = pcap([b"\0" * 60_000])[24:] * 50
        for _ in range(25):
            packed.write(record)
    assert len(bomb.getvalue()) < 1_000_000
    bomb.seek(0)
    traffic = Traffic(Capture.open(bomb, "bomb"))
    tracemalloc.start()
    try:
        assert list(traffic.messages()) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert traffic.seen.packets == 1_250
    assert peak < 16_000_000


def test_calls_of_ever_new_numbers_peers_and_names_are_kept_in_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "MOST_REMEMBERED", 50)
    monkeypatch.setattr(judging, "MOST_CALLS", 50)
    monkeypatch.setattr(Tally.__init__, "__defaults__", (50,))
    traffic = Traffic(Capture.open(io.BytesIO(pcap(stranger(number) for number in range(300))), "x"))
    judge = judging.Judge.of(CONFIG, "INT-1")
    report = Report(file="", trunk="", trunk_class="", profile="", register="", seen=traffic.seen)
    auditor = auditing._Auditor(judge, report, ())
    for message in traffic.messages():
        auditor.take(message)
    told = report.as_dict()
    assert (told["invites"]["judged"], told["invites"]["unreadable"], told["partial"]) == (200, 100, True)
    assert len(report.numbers) <= 50
    assert len(report.peers) <= 50
    assert len(judge._calls) == len(auditor._known) == 50
    assert len(told["examples"]) <= EXAMPLES * 5
    assert all(len(row["examples"]) <= EXAMPLES for row in told["unreadable"])


def stranger(number: int) -> bytes:
    """An INVITE of its own caller, peer and names; every third cannot be read."""
    dice = random.Random(number)
    end = "Content-Length: 5" if number % 3 == 0 else f"X-{number}: 1"
    caller = f"+44{dice.randrange(10**9, 10**10)}"
    return udp(invite(caller, "Referred-By: <tel:+3225551212>", end, call=f"{number}"), dice.randbytes(4))
