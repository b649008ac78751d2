"""The way of media through the kernel: the userspace relay, with settled channels taken off its hands.

The relay says which channels have settled on both sides; the four places of such a channel make two flows, which the
kernel then carries past the relay. Its sockets stay, and get whatever the kernel does not know. So no rule about who is
believed stands here, and where the kernel cannot, what is left is the relay.

An order about a channel that the kernel carries waits until its flows are gone, and so does one that opens a port
again which such a flow names: whatever happens to a channel happens when nothing is left of what it was. That takes
the time of a transaction, some milliseconds, in which the session stands as it stood.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import attrs

from b2bua.media.flow import TOGETHER, Add, Count, Flow, Hello, Reply, Take
from b2bua.media.orders import A, B, Close, Face, Open, Order, Place, Point
from b2bua.media.relay import Settled
from b2bua.media.rules import Rules
from b2bua.media.userspace import Userspace
from b2bua.media.wire import Carried, Told

#: Marks of packets that we use are 0xB2000000 and up, 2**24 of them; each table has so many.
FIRST_MARK: Final = 0xB200_0000
MARKS: Final = 0x4_0000
#: Of a table, channels that the kernel carries at once; one has two flows.
_MOST: Final = MARKS // 2
#: Requests that may wait. What settles beyond stays with the relay.
_MOST_WAITING: Final = 10_000
#: The kernel's figures are read so many times in the time after which a channel counts as silent.
_READINGS: Final = 4

Address = IPv4Address | IPv6Address
_Carried = Sequence[tuple[int, tuple[Flow, Flow]]]
"""Channels, with their flows."""


@attrs.define
class _Ordered:
    """What has been said of a channel."""

    faces: tuple[Place, Place]
    targets: list[Place | None] = attrs.field(factory=lambda: [None, None])


@attrs.define(eq=False)
class Kernel:
    """Carries out orders by the kernel, where it can. All of it runs in the loop that calls `start`."""

    silence: float
    """Seconds without a packet after which a channel counts as silent; it may be told a quarter of that later."""
    hear: Callable[[Told], None] = attrs.field(repr=False)
    """Is told what the relaying process has to say; must not raise."""
    alarm: Callable[[str], None] = attrs.field(repr=False)
    """Is told in words what does not work; must not raise."""
    table: str = "b2bua"
    """The name of the kernel's table; no two processes of a host may share one."""
    first_mark: int = FIRST_MARK
    """Of the `MARKS` that are ours; no two tables of a host may share them."""
    _relay: Userspace = attrs.field(kw_only=True, repr=False)
    _rules: Rules = attrs.field(kw_only=True, repr=False)
    _ordered: dict[int, _Ordered] = attrs.field(factory=dict, init=False, repr=False)
    """By channel, those that are open."""
    _flows: dict[int, tuple[Flow, Flow]] = attrs.field(factory=dict, init=False, repr=False)
    """By channel, what the kernel carries, or will when it can again."""
    _held: dict[int, list[Order]] = attrs.field(factory=dict, init=False, repr=False)
    """By channel, orders that wait for flows to go."""
    _leaving: dict[Place, Flow] = attrs.field(factory=dict, init=False, repr=False)
    """By our ports, the last of their flows that are going."""
    _free: list[int] = attrs.field(factory=list, init=False, repr=False)
    """Pairs of marks that have been used."""
    _used: int = attrs.field(default=0, init=False)
    """How many pairs ever were."""
    _versions: frozenset[int] = attrs.field(default=frozenset({4, 6}), init=False)
    """Of IP: those of which the kernel carries packets, as far as is known."""
    _now: Callable[[], float] = attrs.field(default=lambda: asyncio.get_running_loop().time(), kw_only=True, repr=False)
    """The loop's time."""
    _reading: asyncio.TimerHandle | None = attrs.field(default=None, init=False, repr=False)
    _read: float = attrs.field(default=0.0, init=False)
    """The loop's time when the figures were read last."""

    @_relay.default
    def _a_relay(self) -> Userspace:
        return Userspace(self.silence, self.hear, self.alarm, settled=self._settled)

    @_rules.default
    def _some_rules(self) -> Rules:
        return Rules(self.table, self.first_mark, self._ready, self.alarm)

    def start(self) -> None:
        """Starts both processes; call inside a running loop."""
        self._relay.start()
        self._rules.start()
        self._read_later(self._now())

    def stop(self) -> None:
        """Ends both, and with them all that is carried; idempotent."""
        if self._reading is not None:
            self._reading.cancel()
        self._rules.stop()
        self._relay.stop()

    @property
    def pid(self) -> int | None:
        """Of the process that relays now."""
        return self._relay.pid

    @property
    def rules_pid(self) -> int | None:
        """Of the process that has the kernel carry flows, where it can."""
        return self._rules.pid

    @property
    def is_ready(self) -> bool:
        """Whether the kernel carries what can be."""
        return bool(self._rules.versions)

    @property
    def channels(self) -> int:
        """Those that are open."""
        return len(self._ordered)

    @property
    def carried(self) -> int:
        """Those of them that the kernel carries."""
        return len(self._flows) if self.is_ready else 0

    def carry_out(self, orders: Sequence[Order]) -> None:
        """In their order, those of each channel; what cannot be done is told by `alarm`, and costs its call the media
        alone."""
        self._relay.carry_out([order for order in orders if self._is_free(order)])

    async def done(self) -> None:
        """Returns when the kernel has done what was ordered before."""
        reached = asyncio.Event()
        self._rules.ask(Take(()), lambda _: reached.set())
        await reached.wait()

    def _is_free(self, order: Order) -> bool:
        """Whether the relay may carry it out now; else it will when flows are gone."""
        self._note(order)
        channel = order.channel
        if channel in self._held:
            self._held[channel].append(order)
            return False
        if isinstance(order, Open):
            if self._leaving.keys().isdisjoint(map(_place, order.faces)):
                return True
            self._held[channel] = [order]
            self._rules.ask(Take(()), lambda _: self._let_go(channel))  # after all that are leaving
            return False
        flows = self._flows.pop(channel, None)
        if flows is None:
            return True
        self._held[channel] = [order]
        self._take(channel, flows, self._let_go)
        return False

    def _note(self, order: Order) -> None:
        match order:
            case Open():
                self._ordered[order.channel] = _Ordered((_place(order.faces[A]), _place(order.faces[B])))
            case Point():
                if order.channel in self._ordered:
                    self._ordered[order.channel].targets[order.side] = order.target
            case Close():
                self._ordered.pop(order.channel, None)

    def _let_go(self, channel: int) -> None:
        self._relay.carry_out(self._held.pop(channel))

    def _take(self, channel: int, flows: tuple[Flow, Flow], then: Callable[[int], None]) -> None:
        self._leaving.update((flow.face, flow) for flow in flows)
        self._rules.ask(Take(flows), partial(self._taken, channel, flows, then))

    def _taken(self, channel: int, flows: tuple[Flow, Flow], then: Callable[[int], None], reply: Reply) -> None:
        for flow in flows:
            if self._leaving.get(flow.face) is flow:
                del self._leaving[flow.face]
        self._free.append(flows[A].mark)
        self._tell([(channel, flows)], reply)
        then(channel)

    def _settled(self, settled: Settled) -> None:
        """The kernel carries the channel from now on, if it can and nothing else has been ordered meanwhile."""
        channel = settled.channel
        ordered = self._ordered.get(channel)
        if ordered is None or channel in self._held or tuple(ordered.targets) != settled.ordered:
            return
        former = self._flows.get(channel)
        if former is not None and (former[A].source, former[B].source) == settled.places:
            return
        if former is not None:  # the relay has begun anew, and has found its peers elsewhere
            del self._flows[channel]
            self._take(channel, former, lambda _: None)
        if self._can_carry(settled.places, ordered.faces):
            self._carry(channel, settled.places, ordered.faces)

    def _can_carry(self, places: Sequence[Place], faces: Sequence[Place]) -> bool:
        version = _common_version([ip_address(host) for host, _ in (*places, *faces)])
        return version in self._versions and self._rules.waiting < _MOST_WAITING and not any(map(_is_ours, places))

    def _carry(self, channel: int, places: tuple[Place, Place], faces: tuple[Place, Place]) -> None:
        mark = self._mark()
        if mark is None:
            return
        flows = (
            Flow(mark, places[A], faces[A], places[B], faces[B]),
            Flow(mark + 1, places[B], faces[B], places[A], faces[A]),
        )
        self._flows[channel] = flows
        self._add(channel, flows)

    def _mark(self) -> int | None:
        """The first of two that no flow has."""
        if self._free:
            return self._free.pop()
        if self._used >= _MOST:
            return None
        self._used += 1
        return self.first_mark + 2 * (self._used - 1)

    def _add(self, channel: int, flows: tuple[Flow, Flow]) -> None:
        self._rules.ask(Add(flows), partial(self._added, channel, flows))

    def _added(self, channel: int, flows: tuple[Flow, Flow], reply: Reply) -> None:
        refused = [reply.refused[flow.mark] for flow in flows if flow.mark in reply.refused]
        if refused and self._flows.get(channel) is flows:
            del self._flows[channel]
            self._take(channel, flows, lambda _: None)
            self.alarm(f"media: the relay goes on with a channel that the kernel does not take: {refused[0]}")

    def _ready(self, hello: Hello) -> None:
        """The kernel carries nothing yet: it gets all that stands."""
        if hello.lacks:
            self.alarm("media: the relay carries what the kernel cannot: " + "; ".join(hello.lacks))
        self._versions = hello.versions
        for channel, flows in list(self._flows.items()):
            if flows[A].version in hello.versions:
                self._add(channel, flows)
            else:
                self._forget(channel)

    def _forget(self, channel: int) -> None:
        flows = self._flows.pop(channel)
        self._free.append(flows[A].mark)

    def _read_later(self, read: float) -> None:
        loop = asyncio.get_running_loop()
        self._read = read
        self._reading = loop.call_at(read + self.silence / _READINGS, self._read_figures)

    def _read_figures(self) -> None:
        now = self._now()
        self._read_all(now - self._read)
        self._read_later(now)

    def _read_all(self, within: float) -> None:
        carried = list(self._flows.items())
        parts = (carried[at : at + TOGETHER // 2] for at in range(0, len(carried), TOGETHER // 2))
        self._read_some(parts, within)

    def _read_some(self, parts: Iterator[_Carried], within: float) -> None:
        """One part after the other, so that what is asked meanwhile comes in between."""
        part = next(parts, None)
        if part is None:
            return
        flows = tuple(flow for _, both in part for flow in both)

        def read(reply: Reply) -> None:
            self._tell(part, reply, within)
            if self._rules.versions:
                self._read_some(parts, within)

        self._rules.ask(Count(flows), read)

    def _tell(self, carried: _Carried, reply: Reply, within: float | None = None) -> None:
        """The relay gets the figures of those that have moved, in so many seconds; else since the last reading."""
        if within is None:
            within = self._now() - self._read
        counts = reply.counts
        self._relay.carried(
            Carried(channel, side, *counts[flows[side].mark], within)
            for channel, flows in carried
            for side in (A, B)
            if flows[side].mark in counts
        )


def _place(face: Face) -> Place:
    return face.address, face.port


def _common_version(addresses: Sequence[Address]) -> int | None:
    """Of IP, where all can be routed and are of one."""
    versions = {address.version for address in addresses}
    if len(versions) > 1 or any(map(_is_special, addresses)):
        return None
    return versions.pop()


def _is_special(address: Address) -> bool:
    return address.is_unspecified or address.is_multicast or address.is_loopback or address.is_link_local


def _is_ours(place: Place) -> bool:
    """Whether that is on this host, whose own packets do not pass where the kernel would send them from us: an address
    of ours is reached from itself."""
    with socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(place)
        except OSError:  # no way there: the relay may find out what becomes of that
            return True
        own: str = sock.getsockname()[0]
        return own == place[0]
