import pytest

from sipstack.errors import ParseError, StateError
from sipstack.message import Headers, Request, Response, request
from sipstack.values import CSeq, SipUri, TelUri

PAIRS = [
    ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b"),
    ("Via", "SIP/2.0/TLS c"),
    ("From", '"A" <sip:a@b>;tag=1'),
    ("To", "<sip:c@d>"),
    ("Call-ID", "x@y"),
    ("CSeq", "7 INVITE"),
    ("Contact", "<sip:a@1>, <sip:a@2>"),
    ("Route", "<sip:r1;lr>, <sip:r2;lr>"),
    ("Route", "<sip:r3;lr>"),
    ("Record-Route", "<sip:rr;lr>"),
    ("Max-Forwards", "070"),
    ("Content-Type", "Application/SDP ; charset=utf-8"),
    ("Content-Length", "3"),
]


def invite() -> Request:
    return request("INVITE", "sip:c@d", PAIRS, b"v=0")


def test_every_typed_property_is_read() -> None:
    message = invite()
    assert message.via.branch == "z9hG4bK1"
    assert [via.host for via in message.vias] == ["a", "b", "c"]
    assert message.from_.tag == "1"
    assert message.to.uri == SipUri("sip", "c", "d")
    assert message.call_id == "x@y"
    assert message.cseq == CSeq(7, "INVITE")
    assert [str(contact) for contact in message.contacts] == ["<sip:a@1>", "<sip:a@2>"]
    assert message.contact is message.contacts[0]
    assert [str(route.uri) for route in message.routes] == ["sip:r1;lr", "sip:r2;lr", "sip:r3;lr"]
    assert [str(route.uri) for route in message.record_routes] == ["sip:rr;lr"]
    assert message.max_forwards == 70
    assert message.content_type == "application/sdp"
    assert message.content_length == 3
    assert message.request_uri == SipUri("sip", "c", "d")


def test_typed_values_are_remembered() -> None:
    message = invite()
    assert message.via is message.via
    assert message.from_ is message.from_
    assert message.cseq is message.cseq
    assert message.request_uri is message.request_uri


def test_typed_values_follow_a_change() -> None:
    message = invite()
    assert message.from_.tag == "1"
    assert message.request_uri == SipUri("sip", "c", "d")
    message.headers.replace("from", "<sip:z@b>;tag=2")
    message.uri = "tel:+32"
    assert message.from_.tag == "2"
    assert message.request_uri == TelUri("+32")


def test_what_may_be_absent_is_none_or_empty() -> None:
    message = request("OPTIONS", "sip:a", [])
    assert (message.contact, message.contacts, message.routes, message.record_routes) == (None, (), (), ())
    assert (message.max_forwards, message.content_type) == (None, None)


def test_a_star_is_no_contact() -> None:
    message = request("REGISTER", "sip:a", [("Contact", "*")])
    assert (message.contact, message.contacts) == (None, ())


@pytest.mark.parametrize("name", ["via", "from_", "to", "call_id", "cseq"])
def test_what_must_be_there_is_a_parse_error_when_absent(name: str) -> None:
    with pytest.raises(ParseError):
        getattr(request("OPTIONS", "sip:a", []), name)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("max_forwards", "Max-Forwards", "256"),
        ("max_forwards", "Max-Forwards", "-1"),
        ("max_forwards", "Max-Forwards", ""),
        ("content_length", "Content-Length", "1 1"),
        ("call_id", "Call-ID", ""),
        ("call_id", "Call-ID", "a b"),
        ("contacts", "Contact", "sip:a@b?x=y"),
        ("contacts", "Contact", "*, <sip:a@b>"),
        ("routes", "Route", "<sip:a@b"),
        ("via", "Via", ","),
    ],
)
def test_what_cannot_be_read_is_a_parse_error(name: str, header: str, value: str) -> None:
    with pytest.raises(ParseError):
        getattr(request("OPTIONS", "sip:a", [(header, value)]), name)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("from_", "From", "<sip:a@b>"),
        ("cseq", "CSeq", "1 A"),
        ("max_forwards", "Max-Forwards", "1"),
        ("content_type", "Content-Type", "a/b"),
    ],
)
def test_of_two_none_is_chosen(name: str, header: str, value: str) -> None:
    with pytest.raises(ParseError):
        getattr(request("OPTIONS", "sip:a", [(header, value), (header, value)]), name)


def test_the_bytes_are_start_line_headers_and_body() -> None:
    message = Request("BYE", "sip:a", Headers.of([("To", "<sip:é>"), ("l", "2")]), b"ab")
    assert message.encode() == b"BYE sip:a SIP/2.0\r\nTo: <sip:\xc3\xa9>\r\nl: 2\r\n\r\nab"
    response = Response(200, "OK", Headers(["x-a", "content-length"], ["X-a :1 ", "L:0"]))
    assert response.encode() == b"SIP/2.0 200 OK\r\nX-a :1 \r\nL:0\r\n\r\n"


@pytest.mark.parametrize("wrong", ["9", "x", ""])
def test_a_wrong_content_length_is_corrected_where_it_stands(wrong: str) -> None:
    message = Request("BYE", "sip:a", Headers.of([("Content-Length", wrong), ("To", "x")]), b"ab")
    assert message.encode() == b"BYE sip:a SIP/2.0\r\nContent-Length: 2\r\nTo: x\r\n\r\nab"


def test_two_content_lengths_become_one() -> None:
    message = Request("BYE", "sip:a", Headers.of([("Content-Length", "2"), ("l", "2")]), b"ab")
    assert message.encode().count(b"Content-Length") == 1
    assert b"\r\nl:" not in message.encode()


def test_a_missing_content_length_is_added() -> None:
    assert Response(100, "Trying").encode() == b"SIP/2.0 100 Trying\r\nContent-Length: 0\r\n\r\n"


def test_a_right_content_length_is_left_as_it_was_written() -> None:
    message = Request("BYE", "sip:a", Headers(["content-length"], ["l :\r\n 002"]), b"ab")
    assert message.encode() == b"BYE sip:a SIP/2.0\r\nl :\r\n 002\r\n\r\nab"


@pytest.mark.parametrize(
    "message",
    [
        Request("BYE", "sip:a\r\nFrom: x"),
        Request("B\nYE", "sip:a"),
        Response(200, "OK\r\nFrom: x"),
        Response(200, "\0"),
        Response(200, "\ud800"),
    ],
    ids=repr,
)
def test_a_start_line_that_is_none_is_our_fault(message: Request | Response) -> None:
    with pytest.raises(StateError):
        message.encode()


def test_the_repr_is_one_line_that_tells_messages_apart() -> None:
    assert repr(invite()) == "<Request INVITE sip:c@d cseq='7 INVITE' call_id='x@y' lines=13>"
    assert repr(Response(200, "OK")) == "<Response 200 OK cseq=None call_id=None lines=0>"


@pytest.mark.parametrize(
    ("values", "wildcard"), [(["*"], True), ([], False), (["<sip:a@b>"], False), (["*", "<sip:a@b>"], False)]
)
def test_a_star_alone_is_a_wildcard(values: list[str], wildcard: bool) -> None:
    message = request("REGISTER", "sip:a", [("Contact", value) for value in values])
    assert message.has_wildcard_contact is wildcard
