"""Which way the media of a call takes, by the trunks of its two sides, and the ports and addresses that it may have.

One for each process that has calls: where several share an address, each lends a part of the range of its own.
"""

import itertools
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final

import attrs

from b2bua.config import Config, Lost, Media, Trunk, Way
from b2bua.config.carrying import ANY, hosts_of
from b2bua.errors import MediaError
from b2bua.media.ports import Ports
from b2bua.media.sdp import Address
from b2bua.media.session import Session, Side

#: Pairs of trunks whose way is remembered.
_MOST_KNOWN: Final = 4_096
#: Name of a trunk, and whether by IPv6.
Name = tuple[str, bool]


@attrs.define(eq=False)
class Ways:
    """Made of a configuration that has been checked."""

    media: Media
    sides: Mapping[Name, Side] = attrs.field(repr=False)
    """How each trunk has its media relayed, in each family that it can."""
    interfaces: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """What an rtpengine calls the side of each trunk."""
    channels: "itertools.count[int]" = attrs.field(factory=lambda: itertools.count(1), repr=False)
    """Names of channels; no two of a process may have one name."""
    _known: dict[tuple[str, str], Way] = attrs.field(factory=dict, init=False, repr=False)

    @classmethod
    def none(cls) -> "Ways":
        """All media flows end to end."""
        return cls(Media(), {})

    @classmethod
    def of(cls, config: Config, share: tuple[int, int] = (0, 1)) -> "Ways":
        """`share`: which part of the ports, and of how many."""
        places: dict[Address, Ports] = {}
        sides = {
            (trunk.name, address.version == 6): _side(trunk, address, places, config.media, share)
            for trunk in config.trunk
            for address in addresses_of(trunk)
        }
        return cls(config.media, sides, {trunk.name: trunk.media.interface for trunk in config.trunk})

    @property
    def is_idle(self) -> bool:
        """Whether all media flows end to end, so that there is nothing to do for any call."""
        return self.media.way is Way.PASSTHROUGH and not self.media.pair

    def between(self, one: str, other: str) -> Way:
        """The way between two trunks."""
        found = self._known.get((one, other))
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[one, other] = _between(self.media, one, other)
        return found

    @property
    def goes_past(self) -> bool:
        """Whether a call that no engine takes goes on all the same, with its media end to end."""
        return self.media.rtpengine is not None and self.media.rtpengine.when_lost is Lost.PASSTHROUGH

    def session(self, way: Way, caller: Name, callee: Name) -> Session:
        """The media of a call between those by that way, before anything has been said of it.

        Raises MediaError where one of them has no address of that family.
        """
        for name, is_ipv6 in (caller, callee):
            if (name, is_ipv6) not in self.sides:
                raise MediaError(f"trunk {name} has no address for media by IPv{6 if is_ipv6 else 4}", status=503)
        return Session(sides=(self.sides[caller], self.sides[callee]), number=self.channels, way=way)

    @property
    def ports(self) -> Iterable[Ports]:
        """Those of each address."""
        return {id(side.ports): side.ports for side in self.sides.values()}.values()


def addresses_of(trunk: Trunk) -> tuple[Address, ...]:
    """Where a trunk's peers may send their media: as it says, else where it listens; the first of each family."""
    found: dict[int, Address] = {}
    for host in hosts_of(trunk):
        address = ip_address(host)
        found.setdefault(address.version, address)
    return tuple(found.values())


def shown_for(trunk: Trunk, address: Address) -> Address:
    """What descriptions name in place of one of our addresses: another that leads there, if one is advertised."""
    for host in (trunk.media.advertise, trunk.advertise):
        try:
            shown = ip_address(host or "")
        except ValueError:
            continue
        if shown.version == address.version:
            return shown
    return address


def _side(trunk: Trunk, address: Address, places: dict[Address, Ports], media: Media, share: tuple[int, int]) -> Side:
    if address not in places:
        places[address] = _ports(media, share)
    return Side(
        name=(trunk.name, address.version == 6),
        address=shown_for(trunk, address),
        bound=address,
        ports=places[address],
        latch=trunk.media.latch,
        candidates=trunk.media.candidates,
    )


def _ports(media: Media, share: tuple[int, int]) -> Ports:
    """A run of the range, as long as those of the others."""
    at, of = share
    first = media.first_port + media.first_port % 2
    pairs = (media.last_port + 1 - first) // 2
    each = pairs // of
    return Ports(first + 2 * at * each, first + 2 * (at + 1) * each - 1, media.rest_seconds)


def _between(media: Media, one: str, other: str) -> Way:
    for pair in media.pair:
        first, second = pair.between
        if (first in (ANY, one) and second in (ANY, other)) or (first in (ANY, other) and second in (ANY, one)):
            return pair.way
    return media.way
