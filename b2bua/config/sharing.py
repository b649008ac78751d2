"""Names, sockets and sources that two trunks cannot both have.

Trunks are compared only where they meet, at a port and within a network, since an operator may have ten thousand.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from b2bua.config.address import Endpoint, Network, Peer
from b2bua.config.finding import Finding
from b2bua.config.tree import Config, Trunk

_Numbered = tuple[int, Trunk]


def check_sharing(config: Config) -> Iterator[Finding]:
    """Each trunk that clashes is told of once for each thing and port, with the earliest that it clashes with."""
    yield from _bindings(config)
    yield from _names(config)
    ports: defaultdict[int, list[_Numbered]] = defaultdict(list)
    for index, trunk in enumerate(config.trunk):
        for port in {endpoint.port for endpoint in trunk.listen}:
            ports[port].append((index, trunk))
    for met in ports.values():
        yield from _classes(met)
        yield from _peers(met)


def _bindings(config: Config) -> Iterator[Finding]:
    """Sockets that the system would not give us both: every address of a host, and one of them, on one port."""
    known: defaultdict[int, dict[Endpoint, None]] = defaultdict(dict)
    for index, trunk in enumerate(config.trunk):
        for second in trunk.listen:
            here = known[second.port]
            first = next((first for first in here if first != second and _collide(first, second)), None)
            here[second] = None
            if first is not None:
                yield Finding(
                    ("trunk", index, "listen"),
                    f"{second} and {first} cannot both be bound",
                    "write the same address in both places, or another port",
                )


def _names(config: Config) -> Iterator[Finding]:
    taken: set[str] = set()
    for index, trunk in enumerate(config.trunk):
        if trunk.name in taken:
            yield Finding(
                ("trunk", index, "name"), f"{trunk.name!r} is taken by an earlier trunk", "give it another name"
            )
        taken.add(trunk.name)


def _classes(trunks: Sequence[_Numbered]) -> Iterator[Finding]:
    """A socket has one class, for all trunks that share it."""
    known: dict[tuple[Endpoint, str], Trunk] = {}
    for index, trunk in trunks:
        for (mine, trunk_class), first in known.items():
            shared = next((ours for ours in trunk.listen if _collide(mine, ours)), None)
            if shared is not None and trunk_class != trunk.trunk_class:
                yield Finding(
                    ("trunk", index, "listen"),
                    f"{shared} would carry both {trunk_class} and {trunk.trunk_class} calls ({first.name!r})",
                    "give each class a socket of its own: art. 2 wants them clearly separate",
                )
                break
        for endpoint in trunk.listen:
            known.setdefault((endpoint, trunk.trunk_class), trunk)


def _peers(trunks: Sequence[_Numbered]) -> Iterator[Finding]:
    """Sources that one socket would have to tell to be of two trunks."""
    clashes: dict[int, tuple[_Numbered, _Numbered, Peer]] = {}
    for one, other in _overlapping(trunks):
        (first, _), (second, peer) = sorted((one, other), key=lambda each: each[0][0])
        if _shared(first[1], second[1]) and (second[0] not in clashes or first[0] < clashes[second[0]][0][0]):
            clashes[second[0]] = first, second, peer
    for first, second, clash in clashes.values():
        yield Finding(
            ("trunk", second[0], "peers"),
            f"{clash} on {_shared(first[1], second[1])} is also a peer of {first[1].name!r}, "
            "so a call could not be told to be either's",
            "name peers that do not overlap, or listen elsewhere",
        )


def _overlapping(trunks: Iterable[_Numbered]) -> Iterator[tuple[tuple[_Numbered, Peer], tuple[_Numbered, Peer]]]:
    """Pairs of peers of two trunks that one source could be.

    Networks overlap only when one holds the other, so in the order of their addresses, larger ones first, each need be
    compared with those alone that are still open.
    """
    each = [(numbered, peer) for numbered in trunks for peer in numbered[1].peers]
    each.sort(key=lambda found: _place(found[1].network))
    holders: list[tuple[_Numbered, Peer]] = []
    for found in each:
        while holders and not holders[-1][1].network.overlaps(found[1].network):
            holders.pop()
        for holder in holders:
            if holder[0][0] != found[0][0] and holder[1].overlaps(found[1]):
                yield holder, found
        holders.append(found)


def _place(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen


def _shared(first: Trunk, second: Trunk) -> Endpoint | None:
    """The socket of the second that the first has too."""
    return next((ours for mine in first.listen for ours in second.listen if _collide(mine, ours)), None)


def _collide(first: Endpoint, second: Endpoint) -> bool:
    if first.port != second.port or first.is_ipv6 != second.is_ipv6:
        return False
    return first.host == second.host or first.is_wildcard or second.is_wildcard
