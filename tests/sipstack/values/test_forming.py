import pytest

from sipstack.errors import ParseError
from sipstack.values import Parameters, SipUri, parse_uri, request_parts
from sipstack.values.forming import REFUSED


def sip(text: str) -> SipUri:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    return uri


def test_method_headers_and_body_come_out_of_the_uri() -> None:
    parts = request_parts(
        sip("sips:a:p@b:5061;transport=tcp;method=MESSAGE;x=1?s=hi%20there&To=sip:c%40d&body=1%0D%0A2")
    )
    assert parts.method == "MESSAGE"
    assert parts.uri == SipUri(
        "sips", "a", "b", port=5061, password="p", parameters=Parameters((("transport", "tcp"), ("x", "1")))
    )
    assert parts.headers == (("Subject", "hi there"), ("To", "sip:c@d"))
    assert parts.body == b"1\r\n2"
    assert parts.refused == ()


def test_a_bare_uri_asks_for_nothing() -> None:
    parts = request_parts(sip("sip:a@b"))
    assert (parts.method, parts.uri, parts.headers, parts.body) == (None, sip("sip:a@b"), (), b"")


# Those of section 19.1.5, spelled out, for the set itself may have lost one.
NAMED = ["from", "call-id", "cseq", "via", "record-route", "route", "accept", "accept-encoding", "accept-language"]
NAMED += ["allow", "contact", "organization", "supported", "user-agent"]


@pytest.mark.parametrize("name", [*NAMED, *sorted(REFUSED.difference(NAMED)), "f", "i", "v", "m", "FROM", "%46rom"])
def test_a_dangerous_header_is_left_out_and_named(name: str) -> None:
    parts = request_parts(sip(f"sip:a@b?{name}=x&Priority=urgent"))
    assert parts.headers == (("Priority", "urgent"),)
    assert len(parts.refused) == 1


@pytest.mark.parametrize(
    "text",
    [
        "sip:a@b?Subject",
        "sip:a@b?=x",
        "sip:a@b?a%20b=x",
        "sip:a@b?Subject=x%0D%0AFrom:%20y",
        "sip:a@b?Subject=%0A",
        "sip:a@b?Subject=%00",
        "sip:a@b?a=1&&b=2",
        "sip:a@b;method",
        "sip:a@b;method=",
        "sip:a@b;method=IN%20VITE",
    ],
)
def test_a_uri_that_describes_no_valid_request_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        request_parts(sip(text))


def test_octets_of_a_body_that_are_no_text_stay() -> None:
    assert request_parts(sip("sip:a@b?body=%00%FF%C3%A9")).body == b"\0\xff\xc3\xa9"


def test_a_body_that_no_wire_could_bring_is_refused() -> None:
    with pytest.raises(ParseError):
        request_parts(SipUri("sip", "a", "b", headers="body=\ud800"))
