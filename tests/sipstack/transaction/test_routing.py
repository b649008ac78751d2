import pytest

from sipstack.flow import Flow
from sipstack.message import parse
from sipstack.transaction import note_source, reply_flow
from sipstack.values import Via

SOURCE = Flow("outside", ("192.0.2.1", 1024))


def request(*vias):
    lines = "".join(f"{via}\r\n" for via in vias)
    return parse(
        f"OPTIONS sip:b@b SIP/2.0\r\n{lines}From: <sip:a@a>;tag=f\r\nTo: <sip:b@b>\r\ncall-id:c\r\n"
        "CSeq: 1 OPTIONS\r\n\r\n".encode()
    )


@pytest.mark.parametrize(
    ("sent", "noted"),
    [
        ("SIP/2.0/UDP 192.0.2.1", "SIP/2.0/UDP 192.0.2.1"),
        ("SIP/2.0/UDP a.example", "SIP/2.0/UDP a.example;received=192.0.2.1"),
        ("SIP/2.0/UDP 10.0.0.1:5070", "SIP/2.0/UDP 10.0.0.1:5070;received=192.0.2.1"),
        ("SIP/2.0/UDP 192.0.2.1;rport", "SIP/2.0/UDP 192.0.2.1;rport=1024;received=192.0.2.1"),
        ("SIP/2.0/UDP a.example;rport;branch=z", "SIP/2.0/UDP a.example;rport=1024;branch=z;received=192.0.2.1"),
        ("SIP/2.0/UDP a.example;rport=9", "SIP/2.0/UDP a.example;rport=1024;received=192.0.2.1"),
        ("SIP/2.0/UDP 192.0.2.1;received=203.0.113.9", "SIP/2.0/UDP 192.0.2.1"),
        ("SIP/2.0/UDP a.example;received=203.0.113.9", "SIP/2.0/UDP a.example;received=192.0.2.1"),
    ],
)
def test_the_top_via_tells_where_the_request_really_came_from(sent, noted):
    message = request(f"Via: {sent}")
    note_source(message, SOURCE)
    assert str(message.via) == noted


def test_an_ipv6_source_is_noted_without_brackets_and_matches_a_bracketed_host():
    source = Flow("outside", ("2001:db8::1", 5060))
    same, other = request("Via: SIP/2.0/UDP [2001:DB8::1]"), request("Via: SIP/2.0/UDP [2001:db8::2]")
    note_source(same, source)
    note_source(other, source)
    assert same.via.received is None
    assert other.via.received == "2001:db8::1"


def test_all_else_keeps_its_bytes():
    message = request("v:  SIP/2.0/UDP a.example , SIP/2.0/UDP   b", "VIA:SIP/2.0/TCP c")
    before = list(message.headers.lines)
    note_source(message, SOURCE)
    assert [str(via) for via in message.vias] == [
        "SIP/2.0/UDP a.example;received=192.0.2.1",
        "SIP/2.0/UDP b",
        "SIP/2.0/TCP c",
    ]
    assert message.headers.lines[1:] == before[1:]


def test_a_via_that_needs_nothing_keeps_its_bytes_too():
    message = request("Via:SIP/2.0/UDP   192.0.2.1")
    before = message.encode()
    note_source(message, SOURCE)
    assert message.encode() == before


@pytest.mark.parametrize(
    ("via", "remote"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5070;rport=1024", ("192.0.2.1", 1024)),
        ("SIP/2.0/UDP 192.0.2.1:5070", ("192.0.2.1", 5070)),
        ("SIP/2.0/UDP a.example;received=192.0.2.1", ("192.0.2.1", 5060)),
        ("SIP/2.0/UDP a.example:5070;maddr=224.0.1.75;rport=1024", ("224.0.1.75", 5070)),
        ("SIP/2.0/UDP a.example;maddr=[ff02::9]", ("ff02::9", 5060)),
        ("SIP/2.0/UDP a.example;maddr=[2001:db8::9]", ("192.0.2.1", 5060)),
        ("SIP/2.0/UDP a.example;maddr=198.51.100.9;rport=1024", ("192.0.2.1", 1024)),
        ("SIP/2.0/UDP a.example;maddr=m.example;rport=1024", ("192.0.2.1", 1024)),
    ],
)
def test_a_response_over_udp_goes_where_the_via_says(via, remote):
    assert reply_flow(Via.parse(via), SOURCE) == Flow("outside", remote)


def test_a_response_over_a_connection_goes_back_on_it():
    connection = Flow("outside", ("192.0.2.1", 1024), "TCP")
    assert reply_flow(Via.parse("SIP/2.0/TCP a.example:5070;maddr=192.0.2.9"), connection) is connection
