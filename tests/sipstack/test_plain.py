"""What the hot path reads and prints is what it would without its short cuts, in all that peers may send."""

import contextlib
import random
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipstack.errors import ParseError, StateError
from sipstack.message import Headers, Limits, Message, Request, Response, check, parse, response_to
from sipstack.transaction.layer import _is_misrouted
from sipstack.values import Address, CSeq, Parameters, Via, parse_uri
from sipstack.values import key as key_of
from tests.fuzz.mutation import mutated
from tests.fuzz.seeds import MESSAGES
from tests.sipstack import plain
from tests.sipstack.values.laws import junk

NARROW = Limits(headers=14, line=90, parameters=4, values=3, uri=30, body=200, datagram=900)

VIAS = (
    "SIP/2.0/UDP a.example;branch=z9hG4bK1",
    "SIP/2.0/TCP 192.0.2.1:65535;branch=;rport",
    "SIP/2.0/TLS a_b:65536;branch=z9hG4bK1",
    "SIP/2.0/UDP a:99999;branch=z9hG4bK1;rport=5",
    "SIP/2.0/udp [2001:db8::1]:5060;rport;branch=z9hG4bK1",
    "SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.1",
)
URIS = (
    "sip:+32470123456@192.0.2.1:5060;user=phone",
    "SIPS:a:b@[2001:db8::1]:65535;lr?x=y",
    "sIp:host:65536",
    "sip:a;isub=1@b:0",
    "sip:@b",
    "sips:",
    "http://a",
    "urn:service:sos",
)
ADDRESSES = (
    '"A B" <sip:+3221234567@a:5060;user=phone>;tag=1',
    '"A \\" B"<sips:a@b>;tag=',
    '"A \\\\ \\B" <sip:a@b>;tag=1',
    "<sip:a@b>;tag",
    "<sip:a@b>;tag=",
    "<sip:a@b>;Tag=1;tag=2",
    "A <sip:a@b> ;tag=1",
    "sip:a@b;tag=1",
    '""\t<tel:+1>;tag=a',
    '<sip:a@b>;x="y,z";tag=1',
)


def outcome(read: Callable[[str], object], text: str) -> object:
    try:
        return read(text)
    except ParseError as error:
        return error.status, error.reason, str(error)


@pytest.mark.parametrize(
    ("quick", "slow", "examples"),
    [
        (Via.parse, plain.via, VIAS),
        (Via.parse_list, plain.vias, (*VIAS, "SIP/2.0/UDP a, SIP/2.0/UDP b", "", ",", '"', "<")),
        (parse_uri, plain.uri, URIS),
        (Address.parse, plain.address, ADDRESSES),
        (Address.parse_list, plain.addresses, (*ADDRESSES, "<sip:a@b>, <sip:c@d>", "", " ", ",", '"', "<sip:a@b", "*")),
        (Parameters.parse, plain.parameters, (";a", ";a=b", ";a=", ";a=b;c", ";a;", ";", ";;a", ' ; a = "b;c"')),
        (CSeq.parse, plain.cseq, ("1 INVITE", "4294967296 BYE", "00000000000000000000000000000000000001 A", "1\tACK")),
    ],
    ids=["Via", "Vias", "URI", "Address", "Addresses", "Parameters", "CSeq"],
)
def test_a_value_is_read_as_by_its_grammar_alone(
    quick: Callable[[str], object], slow: Callable[[str], object], examples: tuple[str, ...]
) -> None:
    @given(junk(*examples))
    def reads_alike(text: str) -> None:
        if not text.lower().startswith("tel:"):
            assert outcome(quick, text) == outcome(slow, text)

    for text in examples:
        assert outcome(quick, text) == outcome(slow, text), text
    reads_alike()


def told(read: Callable[[bytes], Message], data: bytes) -> object:
    """All that is to be known about a message, or about why it is none."""
    try:
        message = read(data)
    except ParseError as error:
        left = error.message
        return error.status, error.reason, str(error), None if left is None else lines_of(left)
    return lines_of(message), message.body


def lines_of(message: object) -> tuple[object, ...]:
    assert isinstance(message, Request | Response)
    start = (message.method, message.uri) if isinstance(message, Request) else (message.status, message.reason)
    return (*start, message.headers.keys, message.headers.lines)


def read(data: bytes) -> Message | ParseError:
    try:
        return parse(data)
    except ParseError as error:
        return error


def hold(data: bytes) -> None:
    """Every law of this page, for one datagram."""
    for limits in (Limits(), NARROW):
        assert told(lambda data, limits=limits: parse(data, limits), data) == told(
            lambda data, limits=limits: plain.message(data, limits), data
        )
    message = read(data)
    if isinstance(message, ParseError):
        left = message.message
        if isinstance(left, Request):
            assert response_to(left, 400, "No", to_tag="t").encode() == plain.answer(left, 400, "No", "t")
        return
    typed(message)
    assert message.encode() == plain.printed(parse(data))
    message.body += b"\r\n"
    assert message.encode() == plain.printed(message)
    if isinstance(message, Request):
        answered = response_to(parse(data), 486, "No", to_tag="t")
        assert answered.encode() == plain.answer(message, 486, "No", "t")
        assert answered.to == plain.address(answered.headers.top("to"))
    else:
        assert outcome(lambda _: _is_misrouted(message), "") == outcome(lambda _: plain.is_misrouted(message), "")


def typed(message: Message) -> None:
    """What the check has read and remembered is what stands there."""
    values, headers = message, message.headers
    assert values.via == plain.top_via(message)
    assert (values.from_, values.to) == tuple(plain.address(headers.all(name)[0]) for name in ("from", "to"))
    assert (values.from_.tag, values.to.tag) == (values.from_.parameters.get("tag"), values.to.parameters.get("tag"))
    assert (values.call_id, values.cseq) == (headers.all("call-id")[0], plain.cseq(headers.all("cseq")[0]))
    if isinstance(message, Request):
        assert message.contacts == plain.contacts(message)
        hops = headers.all("max-forwards")
        assert message.max_forwards == (int(hops[0]) if hops else None)


@pytest.mark.parametrize("data", MESSAGES)
def test_a_message_is_read_and_answered_as_line_by_line(data: bytes) -> None:
    hold(data)


@given(st.integers(0, 2**32), st.sampled_from(MESSAGES))
def test_a_damaged_message_is_read_and_answered_as_line_by_line(seed: int, data: bytes) -> None:
    hold(mutated(data, random.Random(seed), MESSAGES))


def test_many_damaged_messages_are_read_and_answered_as_line_by_line() -> None:
    dice = random.Random(3261)
    for _ in range(1500):
        hold(mutated(dice.choice(MESSAGES), dice, MESSAGES))


@pytest.mark.parametrize(
    "below", ["", ", SIP/2.0/UDP b", ",", ", ,", "\r\nv: SIP/2.0/UDP b", ', "', "\r\nv: ,", "\r\nVia:"]
)
def test_a_response_of_one_via_is_ours_however_it_is_written(below: str) -> None:
    hold(
        f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1{below}\r\nFrom: <sip:a@a>;tag=x\r\n"
        "To: <sip:b@b>;tag=y\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n".encode()
    )


def test_a_message_that_is_checked_again_after_a_change_is_read_anew() -> None:
    message = parse(
        b"INVITE sip:b@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@a>;tag=x\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\n"
        b"CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\r\n"
    )
    message.headers.replace("from", "<sip:other@example.org>;tag=other")
    message.headers.remove("max-forwards")
    check(message)
    assert message.from_.tag == "other"
    message.headers.replace("to", "<sip:other@example.org>;tag")
    with pytest.raises(ParseError, match="Empty Tag"):
        check(message)


@example("Via", "a\0b")
@example("Via", "a\rb")
@example("Via", '"a\\\0b"')
@example("Via ", "a")
@example("X-New", "a\nb")
@given(
    st.sampled_from(["Via", "vIA", "X-New", "Via ", "", "a b", "a:b", "é"]) | st.text(max_size=4),
    st.lists(st.sampled_from(["a", '"', "\\", "\0", "\r", "\n", "\r\n ", "é", "\udc80"]), max_size=6).map("".join),
)
def test_a_line_is_made_or_refused_as_by_its_grammar_alone(name: str, value: str) -> None:
    with contextlib.suppress(ParseError):
        key_of(name)  # as if it had come from a peer
    try:
        key, line = plain.line(name, value)
    except StateError:
        for make in (lambda: Headers.of([(name, value)]), lambda: Headers().add(name, value)):
            with pytest.raises(StateError):
                make()
        return
    added = Headers()
    added.add(name, value)
    for headers in (Headers.of([(name, value)]), added):
        assert (headers.keys, headers.lines) == ([key], [line])
