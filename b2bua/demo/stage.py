"""The stage: the daemon as it is, and around it three carriers on real sockets of the loopback network.

    127.0.0.1   the daemon: one socket for international trunks, one for national ones
    127.0.0.2   the foreign carrier (INT-1)
    127.0.0.3   the national carrier (NAT-1)
    127.0.0.4   another national operator (NAT-2), told apart from NAT-1 by its address

and on 127.0.0.1 the mobile operator too, which is asked over HTTP where its subscribers are.

Everything runs in one loop, yet the carriers and the daemon meet only on the wire.
"""

import asyncio
import contextlib
import datetime
import os
import socket
import time  # noqa: TID251 - this is the shell of the play: it says `now` to the carriers
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs

from b2bua.app import App
from b2bua.config import (
    Camara,
    Config,
    Emergency,
    Endpoint,
    Journal,
    OAuth,
    Password,
    Peer,
    Register,
    Roaming,
    Route,
    Target,
    Trunk,
)
from b2bua.demo.carrier import Carrier
from b2bua.demo.holder import CLIENT, SECRET, Stub, served
from b2bua.demo.judgement import Played, Sighting, judge
from b2bua.demo.stories import NOT_OFFERED, SUBSCRIBERS
from b2bua.demo.story import Side, Story
from b2bua.demo.witness import Witness, of_call
from b2bua.errors import GatewayError
from policy.claim import TrunkClass
from policy.register import Dossier
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.net import Driver, UdpSocket, bind_udp

#: Seconds a story may take; the longest that the daemon waits for anything in these stories is a roaming answer (2 s).
PATIENCE: Final = 5.0

_DAEMON: Final = "127.0.0.1"
_HOSTS: Final = {Side.FOREIGN: "127.0.0.2", Side.NATIONAL: "127.0.0.3", Side.NEIGHBOUR: "127.0.0.4"}
_SOCKET: Final = "demo"


@attrs.define(eq=False, kw_only=True)
class Stage:
    """Daemon and carriers, ready to play. Open it with `staged`."""

    app: App
    carriers: dict[Side, Carrier]
    drivers: dict[Side, Driver]
    witness: Witness
    changed: asyncio.Event = attrs.field(factory=asyncio.Event, init=False, repr=False)
    """Set after each datagram that a carrier has received."""

    @property
    def international(self) -> Endpoint:
        """Where the daemon listens for the foreign carrier."""
        return self.app.config.trunk[0].listen[0]

    @property
    def national(self) -> Endpoint:
        """Where it listens for the national ones."""
        return self.app.config.trunk[1].listen[0]

    async def play(self, story: Story, patience: float = PATIENCE) -> Played:
        """Plays one story to its end, or to its deadline."""
        for carrier in self.carriers.values():
            carrier.forget()
        caller, others = self.carriers[story.caller], [side for side in Side if side is not story.caller]
        in_time = True
        try:
            async with asyncio.timeout(patience):
                self._do(story.caller, lambda now: caller.place(story.uri, story.sends, now))
                await self._until(lambda: self._is_over(story))
                # The caller's probe is answered after all that it sent has been dealt with, and what that led to
                # reaches the others before the answers to theirs: who has heard nothing by then was sent nothing.
                await self._probe([story.caller])
                await self._probe(others)
        except TimeoutError:
            in_time = False
        return judge(story, self._sighting(story, in_time))

    async def _probe(self, sides: list[Side]) -> None:
        for side in sides:
            self._do(side, self.carriers[side].probe)
        await self._until(lambda: all(self.carriers[side].probes for side in sides))

    def _is_over(self, story: Story) -> bool:
        placed, taken = self.carriers[story.caller].placed, self.carriers[story.callee].taken
        return placed is not None and placed.is_over and (placed.dialog is None or taken is None or taken.is_over)

    def _sighting(self, story: Story, in_time: bool) -> Sighting:
        callee, placed = self.carriers[story.callee], self.carriers[story.caller].placed
        assert placed is not None, "a story begins with a call"
        taken = callee.taken
        decided = placed.final_at if taken is None else taken.began
        strangers = [carrier for side, carrier in self.carriers.items() if side not in (story.caller, story.callee)]
        return Sighting(
            in_time=in_time,
            statuses=tuple(placed.statuses),
            final=placed.final,
            hung_up=placed.hung_up,
            offer=placed.invite.body,
            answer=callee.session,
            invite=None if taken is None else taken.invite,
            is_acked=taken is not None and taken.is_acked,
            is_over=taken is not None and taken.is_over,
            heard=tuple(callee.heard),
            elsewhere=sum(len(carrier.heard) for carrier in strangers),
            lines=of_call(self.witness.news(), placed.invite.call_id),
            ms=None if decided is None else round((decided - placed.began) * 1000, 1),
        )

    def _do(self, side: Side, act: Callable[[float], Iterable[object]]) -> None:
        driver = self.drivers[side]
        driver.perform(act(time.monotonic()))
        driver.rearm()

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Waits until it holds; it is looked at after each datagram that a carrier has received."""
        while not holds():
            self.changed.clear()
            await self.changed.wait()


@contextlib.asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """The stage in the loop that is running, its journal in `directory`; all of it is closed at the end.

    Raises GatewayError when the journal cannot be opened or a socket cannot be bound.
    """
    async with contextlib.AsyncExitStack() as stack:
        sockets = {side: stack.enter_context(_bound(host)) for side, host in _HOSTS.items()}
        where = {side: Endpoint(*sock.getsockname()) for side, sock in sockets.items()}
        holder = await stack.enter_async_context(served(Stub(SUBSCRIBERS)))
        app = App.open(config(directory, where, *_free_endpoints(), holder))
        try:
            app.start()
        except BaseException:
            app.journal.close()
            raise
        stack.push_async_callback(app.stop)
        stage = Stage(app=app, carriers={}, drivers={}, witness=Witness(directory))
        for side, sock in sockets.items():
            gateway = stage.international if side is Side.FOREIGN else stage.national
            carrier = stage.carriers[side] = _carrier(side, where[side], gateway)
            udp = UdpSocket(_SOCKET, sock, lambda _host, _port: True)
            driver = stage.drivers[side] = Driver(_Watched(carrier, stage.changed), {_SOCKET: udp})
            driver.start()
            stack.callback(driver.stop)
        yield stage


def config(
    directory: Path, carriers: dict[Side, Endpoint], international: Endpoint, national: Endpoint, holder: str
) -> Config:
    """What an operator would write into a file for this play."""
    return Config(
        journal=Journal(directory=str(directory), segment_mib=1),
        roaming=Roaming(camara=(_holder(holder),), not_offered=(NOT_OFFERED,)),
        register=Register(dossier=(Dossier(prefix=NOT_OFFERED, reference="DEMO", since=datetime.date(2024, 12, 1)),)),
        emergency=Emergency(route=Side.NATIONAL),
        trunk=(
            _trunk(Side.FOREIGN, TrunkClass.INTERNATIONAL, international, carriers),
            _trunk(Side.NATIONAL, TrunkClass.NATIONAL, national, carriers),
            _trunk(Side.NEIGHBOUR, TrunkClass.NATIONAL, national, carriers),
        ),
        route=(
            Route(source=Side.FOREIGN, to=Side.NATIONAL),
            Route(source=Side.NATIONAL, to=Side.FOREIGN),
            Route(source=Side.NEIGHBOUR, prefix="+32", to=Side.NATIONAL),
        ),
    )


def _holder(address: str) -> Camara:
    """The mobile operator. It fails whenever it is asked about one of its subscribers, and is asked on all the same."""
    return Camara(
        name="mobile operator",
        prefixes=("+324",),
        url=f"{address}/device-roaming-status/v1",
        oauth=OAuth(token_url=f"{address}/token", client_id=CLIENT, client_secret=Password(SECRET)),
        failures=0,
    )


def _trunk(side: Side, kind: TrunkClass, listen: Endpoint, carriers: dict[Side, Endpoint]) -> Trunk:
    peer = carriers[side]
    target = Target(address=peer)
    return Trunk(name=side, declared_class=kind, listen=(listen,), peers=(Peer.parse(str(peer)),), targets=(target,))


def _carrier(side: Side, where: Endpoint, gateway: Endpoint) -> Carrier:
    flow = Flow(_SOCKET, (gateway.host, gateway.port))
    return Carrier(name=side, shown=str(where), gateway=flow, ids=Ids(os.urandom))


@attrs.frozen(eq=False)
class _Watched:
    """A carrier for its driver, with a bell that rings after each datagram."""

    carrier: Carrier
    bell: asyncio.Event

    def receive(self, data: bytes, flow: Flow, now: float) -> Sequence[object]:
        effects = self.carrier.receive(data, flow, now)
        self.bell.set()
        return effects

    def transport_failed(self, flow: Flow, now: float) -> Sequence[object]:
        return self.carrier.transport_failed(flow, now)

    def tick(self, now: float) -> Sequence[object]:
        return self.carrier.tick(now)

    def deadline(self) -> float | None:
        return self.carrier.deadline()


def _free_endpoints() -> tuple[Endpoint, Endpoint]:
    """Two addresses nobody listens on; the daemon binds them itself, as it would bind those of a file."""
    with _bound(_DAEMON) as first, _bound(_DAEMON) as second:
        return Endpoint(*first.getsockname()), Endpoint(*second.getsockname())


def _bound(host: str) -> socket.socket:
    try:
        return bind_udp(host, 0)
    except OSError as error:
        raise GatewayError(f"the demonstration needs the loopback address {host}: {error.strerror}") from error
