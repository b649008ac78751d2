"""A foreign and a national carrier over real sockets, each behind a relay; their calls are those of `tests.world`."""

from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import Self

from tests.faults.relay import Address, Loop, Relay
from tests.peers.ports import bound
from tests.peers.rig import Rig, Side
from tests.world.crowd import Plan, Talk, Talks
from tests.world.party import Party
from tests.world.scene import Link


class Carriers:
    """The peers of a rig, at the ports that its daemon calls them at."""

    def __init__(self, rig: Rig, seed: int = 0) -> None:
        self.loop = Loop()
        self.link = Link(Random(seed), delay=(0.0, 0.0))
        sides = (rig.foreign, rig.national)
        self.gateways = {side.address(side.listen): side for side in sides}
        self._sockets = {side.name: bound(side.host) for side in sides}
        self.relays = {side.name: self._relay(side) for side in sides}
        for name, sock in self._sockets.items():
            self.loop.listen(sock, self._heard)
            assert name in self.relays
        known = [(side.address(side.peer), side.address(side.listen)) for side in sides]
        self.talks = Talks(self, abroad=known[0], home=known[1])
        self.strays = 0
        """Datagrams of the daemon for calls that nobody here knows."""

    def _relay(self, side: Side) -> Relay:
        return Relay(
            loop=self.loop,
            link=self.link,
            outer=bound(side.host, side.peer),
            inner=bound(side.host),
            daemon=(side.host, side.listen),
            peer=self._sockets[side.name].getsockname()[:2],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.loop.close()

    # What parties ask of their world.

    def send(self, party: Party, data: bytes) -> None:
        """By the relay of that side."""
        name = self.gateways[party.gateway].name
        self._sockets[name].sendto(data, self.relays[name].inner.getsockname())

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Does it later."""
        self.loop.after(seconds, action)

    # What a test asks of them.

    def place(self, plan: Plan, count: int = 1, *, pause: float = 0.02, from_home: bool = False) -> list[Talk]:
        """So many calls, one after the other; returns when the last INVITE has left."""
        talks = []
        for _ in range(count):
            talks.append(self.talks.place(plan, from_home=from_home))
            self.loop.run(pause)
        return talks

    def _heard(self, data: bytes, _source: Address) -> None:
        party = self.talks.find(data)
        if party is None:
            self.strays += 1
        else:
            party.receive(data)
