"""What must hold of whatever comes as one datagram, one stream or one body."""

import json
import re
from typing import Final

import sipmessage

from sipstack.__main__ import judge
from sipstack.errors import ParseError, SipError, StateError
from sipstack.message import (
    Headers,
    Limits,
    Message,
    PartLimits,
    Request,
    Response,
    ack_to_failure,
    cancel_of,
    content_of,
    parse,
    parse_structure,
    parts_of,
    read_parts,
    replaced,
    response_to,
    without,
)
from sipstack.message.framing import Framer
from sipstack.message.headers import has_stray_control
from sipstack.message.typed import Field
from sipstack.values import LISTS, MediaType, SipUri, TelUri, unescape

TYPED: Final = tuple(
    sorted(
        name
        for name in {name for kind in Request.__mro__ for name in vars(kind)}
        if isinstance(getattr(Request, name), property | Field) and name != "request_uri"
    )
)
"""Every typed property that requests and responses share."""

WIDE: Final = Limits(datagram=10**8, body=10**8, headers=10**6, line=10**8, uri=10**8, parameters=10**8, values=10**8)
"""For what repeats a line that was refused for its size, and for what is to grow."""
_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")


def datagram(data: bytes) -> None:
    """It is read or refused; what is read goes out as it came, and says the same to the next reader."""
    try:
        message = parse(data)
    except ParseError as error:
        refusal(error)
        return
    before = list(message.headers.lines)
    typed = readings(message)
    printed = message.encode()
    came_as_it_went(data, before, printed, message)
    again = parse(printed)
    assert type(again) is type(message)
    assert (again.method, again.uri) == (message.method, message.uri) if isinstance(message, Request) else True
    assert (again.status, again.reason) == (message.status, message.reason) if isinstance(message, Response) else True
    assert again.encode() == printed
    assert {**readings(again), "content_length": None} == {**typed, "content_length": None}
    assert typed["content_length"] in (None, len(message.body))
    for key in LISTS & set(message.headers.keys):
        try:
            message.headers.values(key)
        except ParseError:
            continue
    if isinstance(message, Request):
        answers(message)


def refusal(error: ParseError) -> None:
    """What is refused has a status to say, and an answer that does not repeat what made it unreadable."""
    assert 400 <= error.status < 700
    assert error.reason.isascii()
    assert error.reason.isprintable()
    if isinstance(error.message, Request):
        printed = response_to(error.message, error.status, error.reason, to_tag="t").encode()
        read = parse_structure(printed, WIDE)
        assert isinstance(read, Response)
        assert read.encode() == printed


def readings(message: Message) -> dict[str, object]:
    """What each typed property says, or why it cannot."""
    found: dict[str, object] = {}
    for name in TYPED:
        try:
            found[name] = getattr(message, name)
        except ParseError as error:
            found[name] = error.reason
    return found


def came_as_it_went(data: bytes, lines: list[str], printed: bytes, message: Message) -> None:
    """The lines that were read are those of the datagram, and all but Content-Length stand in what is printed."""
    data = data.lstrip(b"\r\n")
    empty = _EMPTY_LINE.search(data)
    assert empty is not None
    head = data[: empty.start()].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    wire = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    assert head.partition(b"\r\n")[2] == wire
    left = [line for key, line in zip(message.headers.keys, message.headers.lines, strict=True) if key != _LENGTH]
    assert left == [line for line in lines if line in left]
    assert len(left) >= len(lines) - 1
    body = data[empty.end() :]
    assert body.startswith(message.body)
    assert printed.endswith(b"\r\n\r\n" + message.body)
    assert not any(has_stray_control(value) for _, value in message.headers)


_LENGTH: Final = "content-length"


def answers(request: Request) -> None:
    """What is made of a request can be read by whoever sent it, and is about it."""
    response = response_to(request, 486, to_tag="minted")
    read = parse(response.encode())
    assert isinstance(read, Response)
    assert (read.call_id, read.cseq, read.from_) == (request.call_id, request.cseq, request.from_)
    assert read.to.uri == request.to.uri
    assert read.to.tag == (request.to.tag or "minted")
    assert read.headers.all("via") == request.headers.all("via")
    for made in (ack_to_failure(request, response), cancel_of(request)):
        found = parse(made.encode())
        assert isinstance(found, Request)
        assert (found.via, found.call_id, found.uri) == (request.via, request.call_id, request.uri)
        assert found.cseq.number == request.cseq.number


def line(data: bytes) -> None:
    """The judgement of the command line is JSON, and is the parser's."""
    report = judge("-", data)
    assert json.loads(json.dumps(report)) == report
    json.dumps(report, ensure_ascii=False).encode("utf-8")
    try:
        parse(data)
    except ParseError:
        assert report["ok"] is False
        assert report["error"]
    assert report["ok"] is (report["error"] is None)
    assert report["status"] is None or not report["ok"]


def caller(data: bytes) -> None:
    """Where another reader takes the message too, it sees the same caller."""
    try:
        message = parse(data)
    except ParseError:
        return
    if not isinstance(message, Request):
        return
    try:
        other = sipmessage.Message.parse(data).from_address.uri
    except Exception:  # its own bugs are not looked for here
        return
    ours = message.from_.uri
    if isinstance(ours, SipUri):
        # It undoes escapes at once, and keeps of octets that are no UTF-8 only that there were some.
        user = unescape(ours.user or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        assert (user, ours.host.lower()) == (other.user or "", other.host.lower())
    elif isinstance(ours, TelUri):
        assert ours.subscriber == other.user


def stream(data: bytes) -> None:
    """Wherever the network cuts a stream, it holds the same messages and breaks at the same fault.

    The first octet seeds the cuts.
    """
    seed, data = (data[0], data[1:]) if data else (0, b"")
    for limits in (Limits(), Limits(datagram=512, body=512)):
        whole, fault = frames([data], limits)
        sizes = (1, 2, 3, 5, 8, 64, 1000)
        pieces, at = [], 0
        while at < len(data):
            size = sizes[(seed * 31 + at * 7) % len(sizes)]
            pieces.append(data[at : at + size])
            at += size
        assert frames(pieces, limits) == (whole, fault)
        taken = b"".join(frame if isinstance(frame, bytes) else b"\r\n" for frame in whole)
        assert data.startswith(taken)
        for frame in whole:
            if isinstance(frame, bytes):
                assert len(frame) <= limits.datagram
                one_message(frame, limits)


def one_message(frame: bytes, limits: Limits) -> None:
    """A frame is one message to its last octet, or is refused."""
    try:
        message = parse(frame, limits)
    except ParseError:
        return
    assert frame.endswith(b"\r\n\r\n" + message.body)
    assert message.content_length == len(message.body)


def frames(pieces: list[bytes], limits: Limits) -> tuple[list[object], tuple[str, int] | None]:
    """What comes out of a stream, and how it broke."""
    framer = Framer(limits)
    found: list[object] = []
    for piece in pieces:
        try:
            for frame in framer.feed(piece):
                found.append(frame)  # noqa: PERF402 - a generator that raises has yielded before
        except ParseError as error:
            return found, (error.reason, error.status)
    return found, None


def body(data: bytes) -> None:
    """The first line is a media type, the rest its body: parts are where they say, a splice touches nothing else."""
    head, _, content = data.partition(b"\r\n")
    text = head.decode("utf-8", "surrogateescape")
    if has_stray_control(text):
        return
    message = Request("MESSAGE", "sip:b@b.example", Headers.of([("Content-Type", text)]), content)
    for limits in (PartLimits(), PartLimits(parts=3, depth=2, head=64)):
        try:
            parts = parts_of(message, limits)
        except ParseError:
            continue
        assert len(parts) <= limits.parts
        assert [part.place for part in parts] == sorted(part.place for part in parts)
        if parts:
            # What looks like a delimiter is one: nobody else can see more parts.
            mark = re.escape(b"--" + (MediaType.parse(text).boundary or "").encode())
            outer = sum(len(part.place) == 1 for part in parts)
            assert len(re.findall(rb"(?:\A|\n)" + mark, content)) - outer in (0, 1)
        for part in parts:
            assert content[part.start : part.end] == part.body
            assert part.is_truncated or content[part.end - 1 : part.end + 1] != b"\r\n", "half a line end"
            properties(part)
            spliced(MediaType.parse(text), content, part, limits)
    try:
        content_of(message, "application/sdp")
    except ParseError:
        return


def properties(part: object) -> None:
    """Reading a part's own headers raises nothing but what it says."""
    for name in ("media_type", "disposition", "content_encodings", "content_languages", "content_id", "mime_version"):
        try:
            getattr(part, name)
        except ParseError:
            continue


def spliced(media_type: MediaType, content: bytes, part: object, limits: PartLimits) -> None:
    """One part replaced by what it is, by something else, or taken out."""
    try:
        assert replaced(content, part, part.body) == content
        other = replaced(content, part, b"x=1\r\n")
    except StateError:
        pass
    else:
        assert (len(other) - len(content), other[: part.start]) == (5 - len(part.body), content[: part.start])
        if all(kin.place[: len(part.place)] != part.place or kin is part for kin in read_parts(media_type, content)):
            again = {kin.place: kin for kin in tried(media_type, other)}
            assert part.place not in again or again[part.place].body == b"x=1\r\n"
            assert again
    try:
        less = without(content, part)
    except StateError:
        return
    count = len([kin for kin in read_parts(media_type, content) if kin.place[: len(part.place)] != part.place])
    assert len(read_parts(media_type, less)) == count


def tried(media_type: MediaType, content: bytes) -> tuple[object, ...]:
    try:
        return read_parts(media_type, content)
    except SipError as error:
        raise AssertionError(f"unreadable after a splice: {error}") from error
