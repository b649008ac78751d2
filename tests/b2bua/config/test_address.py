import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Endpoint, Peer

HOSTS = st.ip_addresses()
PORTS = st.integers(1, 65_535)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1:5070", "192.0.2.1", 5070),
        ("192.0.2.1", "192.0.2.1", 5060),
        ("[2001:DB8::1]:5070", "2001:db8::1", 5070),
        ("[2001:db8::1]", "2001:db8::1", 5060),
        ("2001:db8:0::1", "2001:db8::1", 5060),
        ("udp:192.0.2.1:5070", "192.0.2.1", 5070),
        ("udp:[2001:db8::1]:5070", "2001:db8::1", 5070),
    ],
)
def test_an_endpoint_is_read_in_every_form(text: str, host: str, port: int) -> None:
    assert Endpoint.parse(text) == Endpoint(host, port)


@given(host=HOSTS, port=PORTS)
def test_an_endpoint_reads_what_it_prints(host: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
    endpoint = Endpoint(str(host), port)
    assert Endpoint.parse(str(endpoint)) == endpoint
    assert endpoint.is_ipv6 == (host.version == 6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gw.example",
        "192.0.2.1:sip",
        "192.0.2.1:-1",
        "192.0.2.1:65536",
        "192.0.2.1:٥",
        "[::1",
        "[::1]5060",
        "1.2.3",
        ":5060",
    ],
)
def test_what_is_no_endpoint_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Endpoint.parse(text)


@given(st.text(max_size=30))
def test_only_value_errors_come_of_any_text(text: str) -> None:
    for parse in (Endpoint.parse, Peer.parse):
        with contextlib.suppress(ValueError):
            assert str(parse(text))


@pytest.mark.parametrize(("text", "is_it"), [("0.0.0.0", True), ("[::]", True), ("192.0.2.1", False), ("[::1]", False)])
def test_a_wildcard_is_every_address(text: str, is_it: bool) -> None:
    assert Endpoint.parse(text).is_wildcard is is_it


@pytest.mark.parametrize(
    ("peer", "host", "port", "admitted"),
    [
        ("192.0.2.7", "192.0.2.7", 5060, True),
        ("192.0.2.7", "192.0.2.7", 40_000, True),
        ("192.0.2.7", "192.0.2.8", 5060, False),
        ("192.0.2.7:5060", "192.0.2.7", 5060, True),
        ("192.0.2.7:5060", "192.0.2.7", 5061, False),
        ("192.0.2.0/24", "192.0.2.255", 1, True),
        ("192.0.2.0/24", "192.0.3.0", 1, False),
        ("2001:db8::/32", "2001:db8:ffff::1", 1, True),
        ("[2001:db8::7]:5060", "2001:db8::7", 5061, False),
        ("192.0.2.0/24", "2001:db8::1", 1, False),
        ("0.0.0.0/0", "203.0.113.1", 1, True),
    ],
)
def test_a_peer_admits_its_own_sources(peer: str, host: str, port: int, admitted: bool) -> None:
    assert Peer.parse(peer).admits(ipaddress.ip_address(host), port) is admitted


@pytest.mark.parametrize("text", ["192.0.2.7", "192.0.2.0/24", "192.0.2.7:5060", "2001:db8::/32", "[2001:db8::7]:5060"])
def test_a_peer_reads_what_it_prints(text: str) -> None:
    assert str(Peer.parse(text)) == text


@given(first=HOSTS, second=HOSTS, bits=st.integers(0, 32), ports=st.tuples(st.none() | PORTS, st.none() | PORTS))
def test_peers_overlap_alike_from_both_sides(
    first: ipaddress.IPv4Address, second: ipaddress.IPv4Address, bits: int, ports: tuple[int | None, int | None]
) -> None:
    one = Peer(ipaddress.ip_network(f"{first}/{bits}", strict=False), ports[0])
    other = Peer(ipaddress.ip_network(str(second)), ports[1])
    assert one.overlaps(other) == other.overlaps(one)
    assert one.overlaps(one)
    if one.admits(second, ports[1] or 5060) and other.admits(second, ports[1] or 5060):
        assert one.overlaps(other)
