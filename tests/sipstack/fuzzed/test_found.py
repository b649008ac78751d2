"""What fuzzing has found, kept: each input once broke a law of `tests/fuzz`, or is what is left of one that did."""

import random

import pytest

from sipstack.errors import ParseError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import parse
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from sipstack.values import Replaces, SipUri, escape_header, parse_uri, unescape
from tests.fuzz import machines, reading
from tests.fuzz.machines import MARK, SDP
from tests.fuzz.seeds import answer, in_ours, theirs, to_invite, within

PEER = Flow("u", ("192.0.2.1", 5060))
INVITE = theirs(b"INVITE", 1, body=SDP)
ACK = within(b"ACK", 1)
REFUSES, RINGS = b"p2", b"p1"


def played(*steps: bytes) -> list[str]:
    """The start lines of all that a user agent sends in the course of a script, its laws looked at after each step."""
    agent = machines.Agent()
    agent.run(MARK.join(steps))
    return [message.encode().partition(b"\r\n")[0].decode() for message in agent.wire.sent]


def test_a_nul_whose_quotes_a_fold_has_shifted_is_bare() -> None:
    data = INVITE[1:].replace(b"Max-Forwards", b'Timestamp: "a\r\n b"x\\\0"\r\nMax-Forwards')
    with pytest.raises(ParseError):
        parse(data)
    layer = TransactionLayer(Timing(), Ids(random.Random(1).randbytes))
    layer.receive(data, PEER, 0.0)
    layer.tick(0.3)
    reading.datagram(data)


def test_a_nul_within_quotes_that_span_a_fold_is_quoted() -> None:
    data = INVITE[1:].replace(b"Max-Forwards", b'Subject: "a\r\n b\\\0"\r\nMax-Forwards')
    assert parse(data).headers.first("subject") == '"a b\\\0"'
    reading.datagram(data)


@pytest.mark.parametrize("end", [b";", b" ;", b"; ", b"\t;\t"])
def test_a_call_to_an_address_that_ends_with_a_semicolon_can_be_ended(end: bytes) -> None:
    invite = INVITE.replace(b"To: <sip:us@192.0.2.9>", b"To: <sip:us@192.0.2.9>" + end)
    sent = played(invite, ACK, b"h", answer(200))
    assert sent[-1] == "BYE sip:bob@192.0.2.1 SIP/2.0"


@pytest.mark.parametrize("name", [b"Supported", b"Require", b"Allow", b"Session-Expires", b"Min-SE", b"Record-Route"])
@pytest.mark.parametrize("value", [b'"', b"<", b"a,,b;"])
def test_a_list_that_cannot_be_read_harms_nobody(name: bytes, value: bytes) -> None:
    line = name + b": " + value
    invite = theirs(b"INVITE", 1, line, body=SDP)
    played(invite, ACK, within(b"INVITE", 2, line, body=SDP), within(b"UPDATE", 3, line), within(b"BYE", 4))
    played(RINGS, invite, b"q", within(b"PRACK", 2, b"RAck: $RSEQ 1 INVITE", line), b"a")
    played(
        b"i", answer(183, line, b"Require: 100rel", b"RSeq: 1"), to_invite(200, line, body=SDP), b"n", answer(200, line)
    )


def test_a_second_2xx_to_a_call_that_is_over_does_not_bring_it_back() -> None:
    played(b"i", answer(200, b'Record-Route: "', body=SDP), answer(200, tag=b"eve", body=SDP))
    played(b"i", answer(180), answer(200, b'Record-Route: "'), b"m", answer(200), b"h", answer(200))


def test_a_stray_2xx_without_a_tag_does_not_end_a_call_that_stands() -> None:
    sent = played(b"i", answer(200, body=SDP), to_invite(200, tag=b""), b"m", answer(200), in_ours(b"BYE", 1))
    assert sent.index("INFO sip:bob@192.0.2.1 SIP/2.0") < sent.index("SIP/2.0 200 OK")
    assert not any(line.startswith("SIP/2.0 481") for line in sent)


def test_headers_in_a_contact_do_not_come_into_a_request_uri() -> None:
    bob, odd = b"<sip:bob@192.0.2.1>", b"<sip:bob@192.0.2.1?Subject=x>"
    for script in (
        (b"i", answer(200, body=SDP).replace(b"Contact: " + bob, b"Contact: " + odd), b"h"),
        (INVITE.replace(b"Contact: " + bob, b"Contact: " + odd), ACK, b"h"),
    ):
        assert {line for line in played(*script) if line.startswith("BYE")} == {"BYE sip:bob@192.0.2.1 SIP/2.0"}


def test_a_user_part_with_a_question_mark_is_no_telephone_number() -> None:
    for user in ("+3;branc?=z9hG4bK", "+3;a=b?c"):
        uri = parse_uri(f"sip:{user}@b.example")
        assert isinstance(uri, SipUri)
        assert (uri.user, uri.telephone) == (user, None)
    read = parse_uri("sip:+3;a=b@b.example")
    assert isinstance(read, SipUri)
    assert parse_uri(str(read.telephone)) == read.telephone


@pytest.mark.parametrize("text", ["%C3\udca9", "\udcc3%A9", "%c3%a9", "\udcc3%a9%C3\udca9"])
def test_octets_make_the_same_text_whether_or_not_each_is_escaped(text: str) -> None:
    assert set(unescape(text)) == {"é"}
    assert unescape(escape_header(unescape(text))) == unescape(text)


def test_octets_that_are_no_text_stay_what_they_are() -> None:
    assert unescape("%CA\udcff%41") == "\udcca\udcffA"
    assert unescape("%CA\ud800") == "\udcca\ud800"


def test_the_answer_to_a_line_with_too_many_parameters_repeats_it() -> None:
    reading.datagram(INVITE[1:].replace(b";branch", b";a" * 300 + b";branch"))
    assert "SIP/2.0 400 Too Many Parameters" in played(INVITE.replace(b";branch", b";a" * 300 + b";branch"))


@pytest.mark.parametrize("flags", [";early-only=6472", ";early-only;early-only", ";early-only=6472;early-only"])
def test_a_flag_of_replaces_has_no_value_and_stands_once(flags: str) -> None:
    with pytest.raises(ParseError):
        Replaces.parse(f"a@b;to-tag=1;from-tag=2{flags}")
    assert Replaces.parse("a@b;to-tag=1;from-tag=2;Early-Only").early_only
