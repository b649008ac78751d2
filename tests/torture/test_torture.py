"""Every message of RFC 4475 and RFC 5118 before a bare user agent, and what the RFCs want understood of each."""

import os
from pathlib import Path

import pytest

from sipstack.__main__ import judge
from sipstack.errors import ParseError
from sipstack.message import Message, Request, Response, parse
from sipstack.values import OtherUri, SipUri
from tests.torture import rfc4475, rfc5118
from tests.torture.torture import ACCEPT, DISCARD, Torture

MESSAGES = {torture.name: torture for torture in (*rfc4475.MESSAGES, *rfc5118.MESSAGES)}
ACCEPTED = [name for name, torture in MESSAGES.items() if torture.fate == ACCEPT]
#: Those with octets beyond their Content-Length, which stay behind.
BEYOND = {"dblreq", "ipv6-in-sdp", "mult-ip-in-sdp", "ipv4-mapped-ipv6"}
#: The subsections of each RFC that hold a message, and how many.
SECTIONS = {
    rfc4475: {"3.1.1": 13, "3.1.2": 19, "3.2": 1, "3.3": 15, "3.4": 1},
    rfc5118: {"4": 12},
}


def read(name: str) -> Message:
    return parse(MESSAGES[name].data)


def request(name: str) -> Request:
    message = read(name)
    assert isinstance(message, Request)
    return message


def sip(uri: object) -> SipUri:
    assert isinstance(uri, SipUri)
    return uri


def test_no_message_of_either_rfc_is_missing() -> None:
    for module, counts in SECTIONS.items():
        told = [torture.section.rpartition(".")[0] for torture in module.MESSAGES]
        assert {section: told.count(section) for section in counts} == counts
        assert len(told) == sum(counts.values())
        numbers = {tuple(map(int, torture.section.split("."))) for torture in module.MESSAGES}
        for section in {number[:-1] for number in numbers}:
            assert {number[-1] for number in numbers if number[:-1] == section} == set(
                range(1, 1 + max(number[-1] for number in numbers if number[:-1] == section))
            )


@pytest.mark.parametrize("torture", MESSAGES.values(), ids=MESSAGES.keys())
def test_each_message_meets_its_fate(torture: Torture) -> None:
    report = judge(torture.name, torture.data)
    expected = {ACCEPT: (True, None), DISCARD: (False, None)}.get(str(torture.fate), (False, torture.fate))
    assert (report["ok"], report["status"]) == expected, (torture.why, report["error"])
    assert report["kind"] == ("response" if torture.data.startswith(b"SIP/") else "request")


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted_crosses_byte_for_byte(name: str) -> None:
    data, printed = MESSAGES[name].data, read(name).encode()
    if name == "inv2543":  # which has no Content-Length, and goes on with one
        assert printed.replace(b"Content-Length: 105\r\n", b"") == data
    else:
        assert data.startswith(printed)
        assert printed == data or name in BEYOND


@pytest.mark.parametrize("torture", MESSAGES.values(), ids=MESSAGES.keys())
def test_what_is_refused_can_be_answered_as_far_as_its_lines_can_be_read(torture: Torture) -> None:
    if judge(torture.name, torture.data)["status"] == 400:
        with pytest.raises(ParseError) as caught:
            parse(torture.data)
        assert isinstance(caught.value.message, Request)


def test_each_message_is_the_one_in_the_file_of_its_name() -> None:
    folder = os.environ.get("TORTURE_FILES")
    if folder is None:
        pytest.skip("TORTURE_FILES names no folder with the messages of the RFCs as NAME.dat")
    files = {path.stem: path.read_bytes() for path in Path(folder).rglob("*.dat")}
    for torture in MESSAGES.values():
        # The archive's baddn ends without its empty line.
        assert files[torture.name] + (b"\r\n" if torture.name == "baddn" else b"") == torture.data, torture.name


def test_the_tortuous_invite_is_understood() -> None:
    message = request("wsinv")
    assert message.to.tag == "1918181833n"
    assert (message.from_.display_name, message.from_.tag) == ('J Rosenberg \\"', "98asjd8")
    assert message.max_forwards == 68
    assert (message.cseq.number, message.cseq.method) == (9, "INVITE")
    assert [(via.transport, via.host, via.branch) for via in message.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert message.headers.first("subject") == ""
    assert message.headers.first("newfangledheader") == "newfangled value continued newfangled value"
    assert message.contact is not None
    assert message.contact.display_name == 'Quoted string ""'
    assert str(message.contact.parameters) == ";newparam=newvalue;secondparam;q=0.33"
    assert "lr" in sip(message.routes[0].uri).parameters
    assert len(message.body) == 150


def test_every_valid_character_is_read() -> None:
    message = request("intmeth")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    uri = sip(message.request_uri)
    assert uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert (uri.password, uri.host) == ("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", "example.com")
    assert message.to.display_name == "BEL:\a NUL:\0 DEL:\x7f"
    assert message.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.max_forwards == 255


def test_escapes_are_not_undone() -> None:
    message = request("esc01")
    assert sip(message.request_uri).user == "sips%3Auser%40example.com"
    assert message.contact is not None
    contact = sip(message.contact.uri)
    assert contact.user == "cal%6Cer"
    assert "lr" not in contact.parameters
    assert contact.parameters.get("n%61me") == "v%61lue%25%34%31"


def test_escaped_nuls_make_different_addresses() -> None:
    assert [sip(contact.uri).user for contact in read("escnull").contacts] == ["%00", "%00%00"]


def test_an_escaped_method_or_header_is_not_the_one_it_resembles() -> None:
    message = request("esc02")
    assert message.method == "RE%47IST%45R"
    assert message.to.display_name == "%Z%45"
    assert [sip(contact.uri).user for contact in message.contacts] == ["alias1", "alias3"]


def test_a_display_name_ends_where_the_bracket_begins() -> None:
    assert read("lwsdisp").from_.display_name == "caller"


def test_long_values_are_read_to_their_end() -> None:
    message = read("longreq")
    assert len(message.vias) == 34
    assert len(message.from_.tag or "") == 155
    assert len(message.to.display_name) > 80


def test_the_second_message_of_a_datagram_is_not_passed_on() -> None:
    assert b"INVITE" not in read("dblreq").encode()


def test_the_user_part_keeps_its_semicolons() -> None:
    uri = sip(request("semiuri").request_uri)
    assert (uri.user, uri.host, len(uri.parameters)) == ("user;par=u%40example.net", "example.com", 0)


def test_the_transports_are_told_apart() -> None:
    assert [via.transport for via in read("transports").vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_a_binary_part_is_octets() -> None:
    message = read("mpart01")
    assert message.content_type == "multipart/mixed"
    assert len(message.body) == 553
    assert b"\0" in message.body


def test_reason_phrases_are_read_as_text() -> None:
    unusual, empty = read("unreason"), read("noreason")
    assert isinstance(unusual, Response)
    assert isinstance(empty, Response)
    assert unusual.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert empty.reason == ""


def test_unknown_schemes_are_carried_as_they_are() -> None:
    message = read("unksm2")
    assert message.to.uri == OtherUri("isbn", "2983792873")
    assert message.from_.uri == OtherUri("http", "//www.example.com")
    assert message.contact is not None
    assert message.contact.uri == OtherUri("name", "John_Smith")


def test_a_parameter_belongs_to_what_it_stands_in() -> None:
    header, uri = read("cparam01").contact, read("cparam02").contact
    assert header is not None
    assert uri is not None
    assert "unknownparam" in header.parameters
    assert "unknownparam" not in sip(header.uri).parameters
    assert "unknownparam" not in uri.parameters
    assert "unknownparam" in sip(uri.uri).parameters


def test_headers_in_a_contact_are_kept_and_not_obeyed() -> None:
    message = read("regescrt")
    assert message.contact is not None
    assert sip(message.contact.uri).headers == "Route=%3Csip:sip.example.com%3E"
    assert message.routes == ()


def test_what_rfc_2543_did_not_have_is_absent() -> None:
    message = read("inv2543")
    assert (message.via.branch, message.from_.tag, message.max_forwards, message.content_length) == (None,) * 4
    assert message.body.startswith(b"v=0\r\n")


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("ipv6-good", "[2001:db8::10]", None),
        ("port-ambiguous", "[2001:db8::10:5070]", None),
        ("port-unambiguous", "[2001:db8::10]", 5070),
    ],
)
def test_a_port_stands_after_the_brackets(name: str, host: str, port: int | None) -> None:
    uri = sip(request(name).request_uri)
    assert (uri.host, uri.port) == (host, port)


def test_received_is_read_with_brackets_and_without() -> None:
    assert read("via-received-param-no-delim").via.received == "2001:db8::9:255"
    assert read("via-received-param-with-delim").via.received == "[2001:db8::9:255]"


def test_hops_of_both_families_are_read() -> None:
    assert [via.host for via in read("mult-ip-in-header").vias] == ["[2001:db8::9:1]", "192.0.2.1", "[2001:db8::9:255]"]
    assert read("ipv4-mapped-ipv6").via.host == "[::ffff:192.0.2.10]"
