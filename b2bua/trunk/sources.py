"""Whose a source address is: one question for each length of prefix that there is, however many trunks there are."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import attrs

from b2bua.config import Peer

T = TypeVar("T")


@attrs.define(eq=False)
class Sources(Generic[T]):
    """Who speaks from where to one socket. Where several might, it is the one that was entered first."""

    _owners: list[T] = attrs.field(factory=list)
    _places: dict[tuple[int, int, int, int | None], int] = attrs.field(factory=dict)
    """By IP version, bits beyond the prefix, prefix, and port, which may be any: the first owner's place."""
    _widths: set[tuple[int, int]] = attrs.field(factory=set)
    """The versions with the numbers of bits beyond the prefix."""

    def enter(self, owner: T, peers: Iterable[Peer]) -> None:
        """These peers are of that owner."""
        self._owners.append(owner)
        for peer in peers:
            network = peer.network
            width = network.version, network.max_prefixlen - network.prefixlen
            self._widths.add(width)
            self._places.setdefault(
                (*width, int(network.network_address) >> width[1], peer.port), len(self._owners) - 1
            )

    def find(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> T | None:
        """Whose a datagram from there is; None: nobody's."""
        number, places = int(address), self._places
        found = [
            place
            for version, bits in self._widths
            if version == address.version
            for of in (port, None)
            if (place := places.get((version, bits, number >> bits, of))) is not None
        ]
        return self._owners[min(found)] if found else None


def by_socket(owned: Sequence[tuple[T, Iterable[str], Iterable[Peer]]]) -> dict[str, Sources[T]]:
    """Of owners, each with the names of its sockets and its peers: the sources of every socket."""
    found: dict[str, Sources[T]] = {}
    for owner, sockets, peers in owned:
        for socket in dict.fromkeys(sockets):
            found.setdefault(socket, Sources()).enter(owner, peers)
    return found
