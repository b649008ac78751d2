"""Messages out of a stream: any split gives the same frames, and no message's length has two readings."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError, StateError
from sipstack.message import Limits, Request
from sipstack.message.framing import Framer, Keepalive

PING, PONG = Keepalive.PING, Keepalive.PONG
HEAD = "Via: SIP/2.0/TCP a;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 INFO\r\n"


def message(body: bytes = b"", length: str | None = None, start: str = "INFO sip:b@x SIP/2.0") -> bytes:
    line = f"Content-Length: {len(body)}\r\n" if length is None else length
    return f"{start}\r\n{HEAD}{line}\r\n".encode() + body


def frames(*pieces: bytes, limits: Limits | None = None) -> list[object]:
    """All frames, and at the end the fault's reason and status if there is one."""
    framer = Framer() if limits is None else Framer(limits)
    found: list[object] = []
    try:
        for piece in pieces:
            for frame in framer.feed(piece):
                found.append(frame)  # noqa: PERF402 - what came before a fault is kept
    except ParseError as fault:
        found.append((fault.reason, fault.status, isinstance(fault.message, Request)))
    return found


def fault_of(wire: bytes, limits: Limits | None = None) -> ParseError:
    framer = Framer() if limits is None else Framer(limits)
    with pytest.raises(ParseError) as raised:
        list(framer.feed(wire))
    return raised.value


def test_a_message_with_a_body_is_one_frame() -> None:
    assert frames(message(b"hello")) == [message(b"hello")]


def test_many_messages_in_one_segment_are_as_many_frames() -> None:
    wires = [message(b"x" * count) for count in range(1_000)]
    assert frames(b"".join(wires)) == wires


def test_a_message_sent_octet_by_octet_is_the_same_frame() -> None:
    wire = message(b"one") + b"\r\n\r\n" + message(b"two")
    assert frames(*[bytes([octet]) for octet in wire]) == [message(b"one"), PONG, PING, message(b"two")]


def test_a_body_that_looks_like_a_message_stays_a_body() -> None:
    inner = message(b"inner")
    assert frames(message(inner) + message()) == [message(inner), message()]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"\r\n", [PONG]),
        (b"\r\n\r\n", [PONG, PING]),
        (b"\r\n\r\n\r\n", [PONG, PING, PONG]),
        (b"\r\n\r\n\r\n\r\n", [PONG, PING, PONG, PING]),
        (b"\r\n" + message() + b"\r\n", [PONG, message(), PONG]),
        (message() + b"\r\n\r\n", [message(), PONG, PING]),
        (b"\r", []),
    ],
)
def test_line_ends_between_messages_are_keepalives(wire: bytes, expected: list[object]) -> None:
    assert frames(wire) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: 5\r\n",
        "content-LENGTH:5\r\n",
        "l: 5\r\n",
        "L \t:  5  \r\n",
        "Content-Length: 0005\r\n",
        "Content-Length:\r\n 5\r\n",
        "Content-Length:\r\n\t \r\n 5 \r\n",
        "X: 1\r\n Content-Length: 9\r\nl: 5\r\n",
        "X-Content-Length: 9\r\nl: 5\r\n",
        'Subject: "\r\n l: 9"\r\nl: 5\r\n',
    ],
)
def test_the_length_is_found_however_it_is_written(line: str) -> None:
    assert frames(message(b"hello", line) + message()) == [message(b"hello", line), message()]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "Missing Content-Length"),
        ("Content-Lenght: 5\r\n", "Missing Content-Length"),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", "Two Content-Length"),
        ("Content-Length: 5\r\nl: 6\r\n", "Two Content-Length"),
        ("Content-Length: 5, 5\r\n", "Bad Content-Length"),
        ("Content-Length: \r\n", "Bad Content-Length"),
        ("Content-Length: +5\r\n", "Bad Content-Length"),
        ("Content-Length: 5 5\r\n", "Bad Content-Length"),
        ("Content-Length: 0x5\r\n", "Bad Content-Length"),
        ("Content-Length: 5;x=1\r\n", "Bad Content-Length"),
        ("Content-Length: \xb2\r\n", "Bad Content-Length"),
        ("Content-Length: 9999999999999999999999\r\n", "Bad Content-Length"),
        ("X: a\nContent-Length: 5\r\n", "Line Feed Without Carriage Return"),
        ("Content-Length: 5\r\nX: a\n", "Line Feed Without Carriage Return"),
        ("Content-Length: 5\r\n\n", "Line Feed Without Carriage Return"),
        ("Content-Length: 5\n", "Line Feed Without Carriage Return"),
    ],
)
def test_a_length_that_leaves_doubt_is_a_fault_that_can_be_answered(line: str, reason: str) -> None:
    fault = fault_of(message(b"hello", line))
    assert (fault.reason, fault.status) == (reason, 400)
    assert isinstance(fault.message, Request)
    assert fault.message.call_id == "1"


def test_frames_before_a_fault_are_given_and_none_after_it() -> None:
    assert frames(message() + message(b"", "") + message()) == [message(), ("Missing Content-Length", 400, True)]


@pytest.mark.parametrize(
    "wire", [b"\x16\x03\x01", b"\n", b" INFO", b"\x00\x00\x00\x00", b":", b"\xff", b"\r\r\n", b"\rI"]
)
def test_what_begins_no_message_is_a_fault_at_once(wire: bytes) -> None:
    assert fault_of(wire).message is None


def test_a_lone_line_feed_never_ends_a_head() -> None:
    assert fault_of(b"GET / HTTP/1.1\n\n").status == 400


def test_a_body_beyond_the_limit_is_513_as_soon_as_its_head_is_there() -> None:
    fault = fault_of(message(b"", "l: 70000\r\n"))
    assert (fault.status, isinstance(fault.message, Request)) == (513, True)


def test_the_limit_is_for_the_whole_message() -> None:
    wire = message(b"x" * 100)
    assert frames(wire, limits=Limits(datagram=len(wire))) == [wire]
    assert fault_of(wire, Limits(datagram=len(wire) - 1)).status == 513


@pytest.mark.parametrize("piece", [1, 7, 1_000, 10_000])
def test_a_head_without_end_is_513_and_answerable_by_what_has_come(piece: int) -> None:
    wire = message(b"", "X: " + "x" * 5_000 + "\r\n")
    pieces = [wire[at : at + piece] for at in range(0, len(wire), piece)]
    assert frames(*pieces, limits=Limits(datagram=2_000)) == [("Message Too Large", 513, True)]


def test_a_broken_stream_takes_nothing_more() -> None:
    framer = Framer()
    with pytest.raises(ParseError):
        list(framer.feed(b"\n"))
    with pytest.raises(StateError):
        list(framer.feed(message()))
    assert not framer.is_amid


def test_it_says_whether_a_message_is_owed() -> None:
    framer = Framer()
    assert not framer.is_amid
    list(framer.feed(message()[:-1]))
    assert framer.is_amid
    list(framer.feed(message()[-1:]))
    assert not framer.is_amid
    list(framer.feed(message() + b"I"))
    assert framer.is_amid


PARTS = st.one_of(
    st.binary(max_size=40).map(message),
    st.sampled_from([b"\r\n", b"\r\n\r\n", message(b"", ""), message(b"x", "l: 1\r\n"), message(b"", "l: 70000\r\n")]),
    st.sampled_from([b"\n", b"\r", b"\x00", message()[:50], b"\n\n", b"I", message(b"", "X: \n\r\n")]),
    st.binary(max_size=8),
)
CUTS = st.lists(st.integers(0, 3_000), max_size=8)


@given(parts=st.lists(PARTS, max_size=6), cuts=CUTS, small=st.booleans())
def test_any_split_gives_the_same(parts: list[bytes], cuts: list[int], small: bool) -> None:
    wire, limits = b"".join(parts), Limits(datagram=200 if small else 65_535)
    marks = sorted({0, len(wire), *[cut % (len(wire) + 1) for cut in cuts]})
    pieces = [wire[first:last] for first, last in itertools.pairwise(marks)]
    whole = frames(wire, limits=limits)
    assert frames(*pieces, limits=limits) == whole
    assert frames(*[bytes([octet]) for octet in wire], limits=limits) == whole


@given(st.lists(st.one_of(st.binary(max_size=60).map(message), st.just(b"\r\n")), max_size=8))
def test_whole_messages_come_out_as_they_went_in(parts: list[bytes]) -> None:
    assert [frame for frame in frames(b"".join(parts)) if isinstance(frame, bytes)] == [
        part for part in parts if part != b"\r\n"
    ]


def test_memory_is_bounded_by_the_limit_and_the_piece() -> None:
    framer = Framer(Limits(datagram=5_000))
    for _ in range(5):
        list(framer.feed(b"x" * 1_000))
        assert len(framer._buffer) <= 5_000
    with pytest.raises(ParseError):
        list(framer.feed(b"x" * 1_000))
    assert len(framer._buffer) == 0


def test_a_head_that_comes_slowly_is_not_read_from_its_beginning_each_time() -> None:
    framer = Framer()
    list(framer.feed(b"INFO " + b"x" * 30_000))
    assert framer._scanned == 30_005
    list(framer.feed(b"y"))
    assert framer._scanned == 30_006
