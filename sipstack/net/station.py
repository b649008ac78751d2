"""A user agent on the air: from addresses as people write them to sockets, driver and resolver.

    asyncio.run(serve(application, "udp:192.0.2.1:5060", "tcp:192.0.2.1:5060"))

`application` is the function that `sipstack.agent` describes. `start`, when given, is called once the sockets are open,
with the agent and the time, and returns the first acts: that is how a program places a call or registers.
"""

import asyncio
import os
import random  # noqa: TID251 - this is the shell: chance comes from here
import time  # noqa: TID251 - and so does time
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from sipstack.agent import Act, Application, Context, Listener, UserAgent
from sipstack.auth import Account
from sipstack.effects import Send
from sipstack.errors import StateError
from sipstack.ids import Ids
from sipstack.locate import Locate, Located
from sipstack.net.driver import Driver
from sipstack.net.resolver import Resolver
from sipstack.net.stream import StreamSocket, bind_tcp
from sipstack.net.tls import Tls
from sipstack.net.transport import Transport
from sipstack.net.udp import UdpSocket, bind_udp
from sipstack.transaction import TransactionLayer

_WILDCARDS: Final = ("0.0.0.0", "::")

Start = Callable[[UserAgent, float], Iterable[Act]]


def everybody(_host: str, _port: int) -> bool:
    """Admits any source."""
    return True


def context() -> Context:
    """Names from the operating system's randomness, times as the RFC has them."""
    return Context(ids=Ids(os.urandom), dice=random.SystemRandom().random)


@attrs.define(eq=False)
class Station:
    """The agent with its sockets, driver and resolver. `act` brings in what the program does of its own accord."""

    agent: UserAgent
    driver: Driver
    resolver: Resolver

    def act(self, acts: Iterable[Act]) -> None:
        """Do acts that no event has asked for; call from inside the loop."""
        self.perform(self.agent.do(acts, time.monotonic()))
        self.driver.rearm()

    def perform(self, outputs: Iterable[object]) -> None:
        """Send what is to be sent, find what is to be found."""
        for output in outputs:
            if isinstance(output, Send):
                self.driver.send_all((output,))
            elif isinstance(output, Locate):
                found = self.resolver.locate(output)
                if found is not None:
                    self.perform(self.agent.located(found, time.monotonic()))

    def located(self, located: Located) -> None:
        """The resolver has found something."""
        self.perform(self.agent.located(located, time.monotonic()))
        self.driver.rearm()

    def stop(self) -> None:
        """Close everything; calls that stand are not hung up."""
        self.resolver.stop()
        self.driver.stop()


def open_station(
    application: Application,
    addresses: Iterable[str],
    *,
    tls: Tls | None = None,
    accounts: tuple[Account, ...] = (),
    settings: Context | None = None,
    admits: Callable[[str, int], bool] = everybody,
    user: str = "",
    advertised: str | None = None,
) -> Station:
    """Bind the addresses and begin to read; call from inside a running loop.

    An address is `udp:HOST:PORT`, `tcp:HOST:PORT` or `tls:HOST:PORT`, IPv6 in brackets; a name goes by its whole text.
    `advertised` is the host that others reach us at, where it is not the one bound: for Via and Contact.
    Raises StateError for one that is none, for TLS without `tls`, and for a wildcard (0.0.0.0, [::]) without
    `advertised`, since nobody can answer to that; OSError when it cannot be bound.
    """
    settings = settings or context()
    transports: dict[str, Transport] = {}
    listeners: list[Listener] = []
    domains: dict[tuple[str, int], str] = {}
    try:
        for address in addresses:
            if advertised is None and _read_address(address)[1] in _WILDCARDS:
                raise StateError(f"nobody can reach {address!r}: say by `advertised` what others reach")
            listener, transport = _open(address, tls, admits, user, domains)
            listeners.append(attrs.evolve(listener, host=advertised or listener.host))
            transports[listener.name] = transport
        if not listeners:
            raise StateError("no address to listen on")
    except BaseException:
        for transport in transports.values():
            transport.stop()
        raise
    agent = UserAgent(
        context=settings,
        layer=TransactionLayer(settings.timing, settings.ids),
        listeners=tuple(listeners),
        application=application,
        accounts=accounts,
        domains=domains,
    )
    driver = Driver(agent, transports)
    resolver = Resolver(lambda located: station.located(located), preferences=agent.preferences)  # noqa: PLW0108 - bound below
    station = Station(agent, driver, resolver)
    driver.perform = station.perform
    driver.start()
    return station


async def serve(
    application: Application,
    *addresses: str,
    tls: Tls | None = None,
    accounts: tuple[Account, ...] = (),
    start: Start | None = None,
    user: str = "",
    advertised: str | None = None,
) -> None:
    """Run a user agent until the task is cancelled. Raises as `open_station` does."""
    station = open_station(application, addresses, tls=tls, accounts=accounts, user=user, advertised=advertised)
    try:
        if start is not None:
            station.act(start(station.agent, time.monotonic()))
        await asyncio.get_running_loop().create_future()
    finally:
        station.stop()


def _open(
    text: str,
    tls: Tls | None,
    admits: Callable[[str, int], bool],
    user: str,
    domains: dict[tuple[str, int], str],
) -> tuple[Listener, Transport]:
    transport, host, port = _read_address(text)
    opened: Transport
    if transport == "UDP":
        sock = bind_udp(host, port)
        opened = UdpSocket(text, sock, admits)
    else:
        if transport == "TLS" and tls is None:
            raise StateError(f"{text} needs a certificate: give `tls`")
        sock = bind_tcp(host, port)
        secured = tls if transport == "TLS" else None
        opened = StreamSocket(text, sock, admits, tls=secured, domain_of=lambda remote: domains.get(remote, remote[0]))
    return Listener(name=text, transport=transport, host=host, port=sock.getsockname()[1], user=user), opened


def _read_address(text: str) -> tuple[str, str, int]:
    transport, _, place = text.partition(":")
    host, _, port = place.rpartition(":")
    if transport.upper() not in ("UDP", "TCP", "TLS") or not host or not port.isdecimal() or int(port) > 65_535:
        raise StateError(f"not an address: {text!r}; write udp:127.0.0.1:5060, tcp:[::1]:5060 or tls:192.0.2.1:5061")
    return transport.upper(), host.removeprefix("[").removesuffix("]"), int(port)
