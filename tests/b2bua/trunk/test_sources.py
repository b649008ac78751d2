import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Peer
from b2bua.trunk.sources import Sources, by_socket

octets = st.integers(0, 3)
addresses = st.one_of(
    st.builds("10.0.{}.{}".format, octets, octets), st.builds("2001:db8::{}:{}".format, octets, octets)
)
ports = st.sampled_from([5060, 5061])


@st.composite
def peers(draw: st.DrawFn) -> Peer:
    """Few places, so that they meet."""
    address = ipaddress.ip_address(draw(addresses))
    width = draw(st.sampled_from([0, 1, 8, 9, 120]))
    network = ipaddress.ip_network((address, max(0, address.max_prefixlen - width)), strict=False)
    return Peer(network, draw(st.one_of(st.none(), ports)))


@given(st.lists(st.lists(peers(), max_size=3), max_size=5), addresses, ports)
def test_a_source_is_whose_it_is_when_all_are_asked_in_turn(owned: list[list[Peer]], host: str, port: int) -> None:
    sources, address = Sources[int](), ipaddress.ip_address(host)
    for number, each in enumerate(owned):
        sources.enter(number, each)
    plainly = next((n for n, each in enumerate(owned) if any(peer.admits(address, port) for peer in each)), None)
    assert sources.find(address, port) == plainly


def test_as_many_questions_are_asked_among_ten_thousand_owners_as_among_ten() -> None:
    sources = Sources[int]()
    for number in range(10_000):
        sources.enter(number, [Peer(ipaddress.ip_network(f"10.{number // 256}.{number % 256}.7"), 5060)])
    assert len(sources._widths) == 1
    assert sources.find(ipaddress.ip_address("10.39.15.7"), 5060) == 9_999
    assert sources.find(ipaddress.ip_address("10.39.15.8"), 5060) is None
    assert sources.find(ipaddress.ip_address("10.39.15.7"), 5061) is None


def test_each_socket_has_its_own_sources() -> None:
    peer = Peer.parse("192.0.2.1")
    sources = by_socket([("a", ["one", "two"], [peer]), ("b", ["two", "two"], [peer])])
    found = {socket: of.find(ipaddress.ip_address("192.0.2.1"), 5060) for socket, of in sources.items()}
    assert found == {"one": "a", "two": "a"}
