import pytest

from sipstack.errors import StateError
from sipstack.message import ack_to_failure, cancel_of, parse, parse_structure, request, response_to
from sipstack.message.message import Request

INVITE = (
    b"INVITE sip:+3224001000@b SIP/2.0\r\n"
    b"v: SIP/2.0/UDP a:5062 ;branch=z9hG4bK1, SIP/2.0/UDP b\r\n"
    b"Route: <sip:r1;lr>,\r\n <sip:r2;lr>\r\n"
    b"fRoM :  sip:a@a;tag=x\r\n"
    b't: "B" <sip:b@b> \r\n'
    b"VIA: SIP/2.0/UDP c\r\n"
    b"i: 1\r\n"
    b"CSEQ: 007  INVITE\r\n"
    b"Proxy-Authorization: Digest a\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 3\r\n\r\nv=0"
)


def invite() -> Request:
    message = parse(INVITE)
    assert isinstance(message, Request)
    return message


def test_a_response_repeats_the_requests_lines_byte_for_byte() -> None:
    assert response_to(invite(), 100).encode() == (
        b"SIP/2.0 100 Trying\r\n"
        b"v: SIP/2.0/UDP a:5062 ;branch=z9hG4bK1, SIP/2.0/UDP b\r\n"
        b"VIA: SIP/2.0/UDP c\r\n"
        b"fRoM :  sip:a@a;tag=x\r\n"
        b't: "B" <sip:b@b> \r\n'
        b"i: 1\r\n"
        b"CSEQ: 007  INVITE\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_a_response_carries_reason_headers_and_body() -> None:
    response = response_to(
        invite(), 603, "No", to_tag="t1", headers=[("Reason", "Q.850;cause=21"), ("Content-Type", "a/b")], body=b"xy"
    )
    again = parse(response.encode())
    assert response.encode().startswith(b"SIP/2.0 603 No\r\n")
    assert again.to.tag == "t1"
    assert again.to.display_name == "B"
    assert again.headers.first("reason") == "Q.850;cause=21"
    assert (again.content_length, again.body) == (2, b"xy")


@pytest.mark.parametrize("to", ["<sip:b@b>", "sip:b@b", "<sip:b@b>;", "<sip:b@b>;x=y ;  ", "<sip:b@b>\r\n "])
def test_a_tag_is_added_to_whatever_form_of_to(to: str) -> None:
    received = parse(INVITE.replace(b'"B" <sip:b@b> ', to.encode()))
    assert isinstance(received, Request)
    assert parse(response_to(received, 200, to_tag="t1").encode()).to.tag == "t1"


def test_a_tag_that_is_there_is_kept() -> None:
    received = parse(INVITE.replace(b"<sip:b@b>", b"<sip:b@b>;TAG=old"))
    assert isinstance(received, Request)
    assert response_to(received, 200, to_tag="new").to.tag == "old"


def test_a_request_refused_for_its_headers_can_still_be_answered() -> None:
    received = parse_structure(
        b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nTo: <sip:broken\r\nFrom: 1\r\nFrom: 2\r\n\r\n"
    )
    assert isinstance(received, Request)
    assert response_to(received, 400, to_tag="t").encode() == (
        b"SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP a\r\nFrom: 1\r\nTo: <sip:broken\r\nContent-Length: 0\r\n\r\n"
    )


def test_the_ack_to_a_failure_is_of_the_invites_transaction() -> None:
    sent = invite()
    response = response_to(sent, 486, to_tag="t9")
    assert ack_to_failure(sent, response).encode() == (
        b"ACK sip:+3224001000@b SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP a:5062;branch=z9hG4bK1\r\n"
        b"Max-Forwards: 70\r\n"
        b"fRoM :  sip:a@a;tag=x\r\n"
        b't: "B" <sip:b@b>;tag=t9\r\n'
        b"i: 1\r\n"
        b"Route: <sip:r1;lr>,\r\n <sip:r2;lr>\r\n"
        b"CSeq: 7 ACK\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_the_cancel_is_of_the_invites_transaction() -> None:
    assert cancel_of(invite(), [("Reason", "SIP;cause=200"), ("X-A", "b")]).encode() == (
        b"CANCEL sip:+3224001000@b SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP a:5062;branch=z9hG4bK1\r\n"
        b"Max-Forwards: 70\r\n"
        b"fRoM :  sip:a@a;tag=x\r\n"
        b't: "B" <sip:b@b> \r\n'
        b"i: 1\r\n"
        b"Route: <sip:r1;lr>,\r\n <sip:r2;lr>\r\n"
        b"CSeq: 7 CANCEL\r\n"
        b"Reason: SIP;cause=200\r\n"
        b"X-A: b\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_what_is_built_from_an_invite_leaves_it_alone() -> None:
    sent = invite()
    ack_to_failure(sent, response_to(sent, 486, to_tag="t"))
    cancel_of(sent, [("Reason", "SIP")])
    assert sent.encode() == INVITE


def test_a_request_is_built_from_its_parts() -> None:
    assert request("INFO", "sip:a", [("Via", "x"), ("Subject", "")], b"abc").encode() == (
        b"INFO sip:a SIP/2.0\r\nVia: x\r\nSubject: \r\nContent-Length: 3\r\n\r\nabc"
    )


def test_no_part_may_inject_a_header() -> None:
    with pytest.raises(StateError):
        request("INFO", "sip:a", [("Subject", "a\r\nFrom: b")])
    with pytest.raises(StateError):
        response_to(invite(), 200, headers=[("Subject", "a\nFrom: b")])
