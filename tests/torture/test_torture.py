"""Messages that try a parser, in the manner of RFC 4475 and RFC 5118, with what a bare user agent server does to each.

Each is ours, made after the section it names. What is accepted crosses byte for byte.
"""

import attrs
import pytest

from sipstack.__main__ import judge
from sipstack.message import Request, parse
from sipstack.values import OtherUri, SipUri

DISCARD = "discard"
ACCEPT = "accept"

OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.3\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0\r\n"


@attrs.frozen
class Torture:
    """One datagram and its fate: accepted, discarded, or refused with a status."""

    section: str
    data: bytes
    fate: str | int = attrs.field(kw_only=True)


def lines(*texts: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*texts, "", ""]).encode("utf-8", "surrogateescape") + body


def options(*more: str, start: str = "OPTIONS sip:user@example.com SIP/2.0", **changed: str) -> bytes:
    """A sound OPTIONS with some of its headers changed, or left out when empty."""
    headers = {
        "via": "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-t-1",
        "to": "To: sip:user@example.com",
        "from_": "From: <sip:caller@example.net>;tag=94021",
        "call_id": "Call-ID: torture.0ha0isnd",
        "cseq": "CSeq: 8 OPTIONS",
        "hops": "Max-Forwards: 70",
        "length": "Content-Length: 0",
    } | changed
    return lines(start, *[header for header in headers.values() if header], *more)


def answer(start: str, *more: str, cseq: str = "CSeq: 35 INVITE") -> bytes:
    return lines(
        start,
        "Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe",
        *more,
        "Call-ID: torture.asndj203",
        cseq,
        "From: <sip:user@example.com>;tag=39ansfi3",
        "To: <sip:user@example.edu>;tag=902jndnke3",
        "Content-Length: 0",
    )


TORTUROUS = lines(
    "INVITE sip:vivian@chair.example.com;unknownparam SIP/2.0",
    "TO :",
    " sip:vivian@chair.example.com ;   tag    = 1918n",
    'from   : "J Doe \\\\\\""       <sip:jdoe@example.com>',
    "  ;",
    "  tag = 98asjd8",
    "MaX-fOrWaRdS: 0068",
    "Call-ID: torture.ndaksdj@192.0.2.1",
    f"Content-Length   : {len(OFFER)}",
    "cseq: 0009",
    "  INVITE",
    "Via  : SIP  /   2.0",
    " /UDP",
    "    192.0.2.2;branch=390skdjuw",
    "s :",
    "NewFangledHeader:   newfangled value",
    " continued newfangled value",
    "UnknownHeaderWithUnusualValue: ;;,,;;,;",
    "Content-Type: application/sdp",
    "Route:",
    " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
    "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
    "  branch  =   z9hG4bK9ikj8  ,",
    " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
    " z9hG4bK30239",
    'm:"Quoted string \\"\\"" <sip:jdoe@example.com> ; newparam =',
    "      newvalue ;",
    "  secondparam ; q = 0.33",
    body=OFFER,
)
METHOD = "!odd-Method0123456789_*+`.%indeed'~"
CORPUS = {
    "a short tortuous INVITE": Torture("4475 3.1.1.1", TORTUROUS, fate=ACCEPT),
    "a wide range of valid characters": Torture(
        "4475 3.1.1.2",
        options(
            "extensionHeader-!.%*+_`'~:\ufeff大停電",
            start=f"{METHOD} sip:1_odd.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too@a SIP/2.0",
            cseq=f"CSeq: 139122385 {METHOD}",
            to='To: "BEL:\\\a NUL:\\\0 DEL:\\\x7f" <sip:1_odd.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>',
            from_="From: token1~` token2'+_ token3*%!.- <sip:a@b>;fromParam''~+*_!.-%=\"работающий\";tag=_t~1'+`*%!-.",
            call_id="Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
        ),
        fate=ACCEPT,
    ),
    "escapes that mean something else when undone": Torture(
        "4475 3.1.1.3",
        options(
            "Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
            to="To: sip:%75se%72@example.com",
        ),
        fate=ACCEPT,
    ),
    "escaped NULs": Torture("4475 3.1.1.4", options("Contact: <sip:%00@a>", "Contact: <sip:%00%00@a>"), fate=ACCEPT),
    "a percent sign that escapes nothing": Torture(
        "4475 3.1.1.5",
        options(
            "C%6Fntact: <sip:alias2@host2.example.com>",
            start="RE%47IST%45R sip:registrar.example.com SIP/2.0",
            cseq="CSeq: 29344 RE%47IST%45R",
        ),
        fate=ACCEPT,
    ),
    "no blank before the bracket": Torture("4475 3.1.1.6", options(from_="From: caller<sip:a@b>;tag=3"), fate=ACCEPT),
    "long values": Torture(
        "4475 3.1.1.7",
        options(
            *[f"v: SIP/2.0/TCP sip{serial}.example.com;branch=z9hG4bK{'x' * 400}" for serial in range(33)],
            call_id=f"Call-ID: {'long' * 200}",
            from_=f"F: sip:{'amazinglylongcallername' * 10}@example.net;tag={'12982' * 80}",
        ),
        fate=ACCEPT,
    ),
    "octets after the end": Torture(
        "4475 3.1.1.8", options() + b"\r\nINVITE sip:joe@a SIP/2.0\r\nt: <x>\r\n\r\n", fate=ACCEPT
    ),
    "semicolons in the user part": Torture(
        "4475 3.1.1.9", options(start="OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"), fate=ACCEPT
    ),
    "unknown transports": Torture(
        "4475 3.1.1.10", options("Via: SIP/2.0/UNKNOWN t4.example.com", "Via: SIP/2.0/SCTP t2"), fate=ACCEPT
    ),
    "an unusual reason phrase": Torture(
        "4475 3.1.1.12", answer("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять"), fate=ACCEPT
    ),
    "no reason phrase": Torture("4475 3.1.1.13", answer("SIP/2.0 100 "), fate=ACCEPT),
    "extraneous separators": Torture("4475 3.1.2.1", options(via="Via: SIP/2.0/UDP 192.0.2.15;;,;,,"), fate=400),
    "a length beyond the datagram": Torture("4475 3.1.2.2", options(length="Content-Length: 9999"), fate=400),
    "a negative length": Torture("4475 3.1.2.3", options(length="Content-Length: -999"), fate=400),
    "overlarge numbers": Torture("4475 3.1.2.4", options(cseq="CSeq: 36893488147419103232 OPTIONS"), fate=400),
    "overlarge hops": Torture("4475 3.1.2.4", options(hops="Max-Forwards: 300"), fate=400),
    "overlarge numbers in a response": Torture(
        "4475 3.1.2.5",
        answer("SIP/2.0 503 Service Unavailable", cseq="CSeq: 9292394834772304023312 OPTIONS"),
        fate=DISCARD,
    ),
    "an open quote": Torture("4475 3.1.2.6", options(to='To: "Mr. J. User <sip:j.user@example.com>'), fate=400),
    "brackets around the Request-URI": Torture("4475 3.1.2.7", options(start="OPTIONS <sip:user@a> SIP/2.0"), fate=400),
    "a blank in the Request-URI": Torture("4475 3.1.2.8", options(start="OPTIONS sip:user@a; lr SIP/2.0"), fate=400),
    "two blanks in the request line": Torture("4475 3.1.2.9", options(start="OPTIONS  sip:user@a  SIP/2.0"), fate=400),
    "blanks after the request line": Torture("4475 3.1.2.10", options(start="OPTIONS sip:user@a SIP/2.0  "), fate=400),
    "headers in the Request-URI": Torture(
        "4475 3.1.2.11", options(start="OPTIONS sip:user@a?Route=%3Csip:a%3E SIP/2.0"), fate=400
    ),
    "an impossible date": Torture("4475 3.1.2.12", options("Date: Fri, 01 Jan 2010 16:00:00 EST"), fate=ACCEPT),
    "a Contact that needs brackets": Torture(
        "4475 3.1.2.13", options("Contact: sip:user@a?Route=%3Csip:a%3E"), fate=400
    ),
    "blanks within the brackets": Torture("4475 3.1.2.14", options(to="To: < sip:t.watson@example.org >"), fate=400),
    "a comma in a bare display name": Torture(
        "4475 3.1.2.15", options(from_="From: Bell, Alex <sip:a@b>;tag=43"), fate=400
    ),
    "an unknown version": Torture("4475 3.1.2.16", options(start="OPTIONS sip:user@a SIP/7.0"), fate=505),
    "another method in CSeq": Torture("4475 3.1.2.17", options(cseq="CSeq: 8 INVITE"), fate=400),
    "another method in CSeq of an unknown one": Torture(
        "4475 3.1.2.18", options(start="NEWMETHOD sip:user@a SIP/2.0"), fate=400
    ),
    "an overlarge status": Torture("4475 3.1.2.19", answer("SIP/2.0 4294967301 better not break"), fate=DISCARD),
    "missing headers": Torture("4475 3.3.1", options(call_id="", from_="", to=""), fate=400),
    "an unknown scheme to go to": Torture("4475 3.3.2", options(start="OPTIONS nobodyKnows:opaque SIP/2.0"), fate=416),
    "a known scheme not for SIP": Torture(
        "4475 3.3.3", options(start="OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"), fate=416
    ),
    "unknown schemes in headers": Torture(
        "4475 3.3.4",
        options(
            "Contact: <name:John_Smith>", to="To: isbn:2983792873", from_="From: <http://www.example.com>;tag=3234233"
        ),
        fate=ACCEPT,
    ),
    "unknown extensions": Torture("4475 3.3.5", options("Require: nothingSupportsThis, norThis"), fate=420),
    "two of each": Torture(
        "4475 3.3.8",
        options("From: sip:caller@example.net;tag=29", "To: sip:other@example.net", "CSeq: 59 OPTIONS"),
        fate=400,
    ),
    "two lengths": Torture("4475 3.3.9", options("Content-Length: 5"), fate=400),
    "somebody else's response": Torture(
        "4475 3.3.10", answer("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"), fate=DISCARD
    ),
    "a header's parameter": Torture(
        "4475 3.3.12", options("Contact: sip:+19725552222@gw1.example.net;unknownparam"), fate=ACCEPT
    ),
    "a URI's parameter": Torture(
        "4475 3.3.13", options("Contact: <sip:+19725552222@gw1.example.net;unknownparam>"), fate=ACCEPT
    ),
    "RFC 2543": Torture(
        "4475 3.4.1",
        options(via="Via: SIP/2.0/UDP a", from_="From: <sip:a@b>", hops="", length="Content-Length: 0"),
        fate=ACCEPT,
    ),
    "an IPv6 reference": Torture("5118 4.1", options(start="OPTIONS sip:[2001:db8::10] SIP/2.0"), fate=ACCEPT),
    "IPv6 without brackets": Torture("5118 4.2", options(start="OPTIONS sip:2001:db8::10 SIP/2.0"), fate=400),
    "a port after the brackets": Torture(
        "5118 4.4", options(start="OPTIONS sip:[2001:db8::10]:5070 SIP/2.0"), fate=ACCEPT
    ),
    "received without brackets": Torture(
        "5118 4.5",
        options(via="Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3"),
        fate=ACCEPT,
    ),
    "an IPv4 address mapped": Torture(
        "5118 4.9", options(via="Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19"), fate=ACCEPT
    ),
}


@pytest.mark.parametrize("torture", CORPUS.values(), ids=CORPUS.keys())
def test_each_message_meets_its_fate(torture: Torture) -> None:
    report = judge("-", torture.data)
    expected = {ACCEPT: (True, None), DISCARD: (False, None)}.get(str(torture.fate), (False, torture.fate))
    assert (report["ok"], report["status"]) == expected, report["error"]
    assert report["kind"] == ("response" if torture.data.startswith(b"SIP/") else "request")


@pytest.mark.parametrize("name", [name for name, torture in CORPUS.items() if torture.fate == ACCEPT])
def test_what_is_accepted_crosses_byte_for_byte(name: str) -> None:
    data = CORPUS[name].data
    printed = parse(data).encode()
    assert data.startswith(printed)
    assert printed == data or name == "octets after the end"


def test_the_tortuous_invite_is_understood() -> None:
    message = parse(TORTUROUS)
    assert isinstance(message, Request)
    assert message.to.tag == "1918n"
    assert (message.from_.display_name, message.from_.tag) == ('J Doe \\"', "98asjd8")
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
    assert "lr" in message.routes[0].uri.parameters if isinstance(message.routes[0].uri, SipUri) else False
    assert message.body == OFFER


def test_escapes_are_not_undone() -> None:
    message = parse(CORPUS["escapes that mean something else when undone"].data)
    assert message.contact is not None
    assert isinstance(message.contact.uri, SipUri)
    assert message.contact.uri.user == "cal%6Cer"
    assert "lr" not in message.contact.uri.parameters


def test_an_escaped_method_or_header_is_not_the_one_it_resembles() -> None:
    message = parse(CORPUS["a percent sign that escapes nothing"].data)
    assert isinstance(message, Request)
    assert message.method == "RE%47IST%45R"
    assert message.contacts == ()


def test_the_second_message_of_a_datagram_is_not_passed_on() -> None:
    assert b"INVITE" not in parse(CORPUS["octets after the end"].data).encode()


def test_unknown_schemes_are_carried_as_they_are() -> None:
    message = parse(CORPUS["unknown schemes in headers"].data)
    assert message.to.uri == OtherUri("isbn", "2983792873")
    assert message.contact is not None
    assert message.contact.uri == OtherUri("name", "John_Smith")
