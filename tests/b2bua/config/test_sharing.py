"""What two trunks cannot both have, found without comparing all with all."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config.address import Endpoint, Peer
from b2bua.config.sharing import check_sharing
from b2bua.config.tree import Config, Journal, Trunk
from policy.claim import TrunkClass

LISTENS = ("192.0.2.1:5060", "192.0.2.2:5060", "0.0.0.0:5060", "192.0.2.1:5070", "[2001:db8::1]:5060", "[::]:5060")
PEERS = (
    *("198.51.100.7", "198.51.100.7:5060", "198.51.100.7:5070", "198.51.100.8", "198.51.100.0/28", "198.51.100.0/24"),
    *("198.51.0.0/16", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::7", "[2001:db8::7]:5060"),
)


@st.composite
def trunks(draw: st.DrawFn) -> Trunk:
    return Trunk(
        name=draw(st.sampled_from("abcdef")),
        declared_class=draw(st.sampled_from((TrunkClass.INTERNATIONAL, TrunkClass.NATIONAL))),
        listen=tuple(map(Endpoint.parse, draw(st.lists(st.sampled_from(LISTENS), min_size=1, max_size=2)))),
        peers=tuple(map(Peer.parse, draw(st.lists(st.sampled_from(PEERS), min_size=1, max_size=4)))),
    )


def made(declared: Sequence[Trunk]) -> Config:
    """A configuration of these trunks alone."""
    return Config(journal=Journal(directory="journal"), trunk=tuple(declared))


def meet(one: Endpoint, other: Endpoint) -> bool:
    """On one address and port."""
    same = one.host == other.host or one.is_wildcard or other.is_wildcard
    return one.port == other.port and one.is_ipv6 == other.is_ipv6 and same


def compared(config: Config) -> set[tuple[int, str]]:
    """Trunks at fault and the key at fault, each compared with each before it."""
    found: set[tuple[int, str]] = set()
    listens = [(index, endpoint) for index, trunk in enumerate(config.trunk) for endpoint in trunk.listen]
    found |= {(index, "listen") for (_, one), (index, two) in combinations(listens, 2) if one != two and meet(one, two)}
    for (_, first), (index, second) in combinations(enumerate(config.trunk), 2):
        if first.name == second.name:
            found.add((index, "name"))
        if any(meet(mine, ours) for mine in first.listen for ours in second.listen):
            if first.trunk_class is not second.trunk_class:
                found.add((index, "listen"))
            if clash(first, second):
                found.add((index, "peers"))
    return found


def clash(first: Trunk, second: Trunk) -> bool:
    """Whether one source could be of both."""
    return any(peer.overlaps(other) for peer in second.peers for other in first.peers)


@given(st.lists(trunks(), max_size=6))
def test_what_clashes_is_found_as_if_each_trunk_were_compared_with_each(declared: list[Trunk]) -> None:
    config = made(declared)
    assert {(finding.where[1], finding.where[2]) for finding in check_sharing(config)} == compared(config)


@given(st.lists(trunks(), max_size=6))
def test_a_clash_of_peers_is_told_with_the_earliest_trunk_on_its_port(declared: list[Trunk]) -> None:
    config = made([attrs.evolve(trunk, name=f"trunk {at}") for at, trunk in enumerate(declared)])
    for finding in check_sharing(config):
        if finding.where[2] == "peers":
            second = config.trunk[int(finding.where[1])]
            assert any(f"{first.name!r}" in finding.problem for first in earliest(config, second))


def earliest(config: Config, second: Trunk) -> Iterator[Trunk]:
    """Of each port, the first that has a socket and a source in common with this one."""
    for port in {endpoint.port for endpoint in second.listen}:
        ours = [endpoint for endpoint in second.listen if endpoint.port == port]
        for first in config.trunk:
            if any(meet(mine, one) for mine in first.listen for one in ours) and clash(first, second):
                yield first
                break
