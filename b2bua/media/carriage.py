"""Media at the edge: orders and questions of calls to whoever carries them out, and what comes back to the calls.

Runs in the loop that calls `start`; a way that no trunk pair takes has nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import attrs

from b2bua.config import Media, Way
from b2bua.media.asking import Engines
from b2bua.media.kernel import FIRST_MARK, MARKS, Kernel
from b2bua.media.ng import Command, Reply
from b2bua.media.orders import Close, Open, Order
from b2bua.media.relay import Figures
from b2bua.media.userspace import Userspace
from b2bua.media.wire import Told

Both = tuple[Figures, Figures]
#: Ends of a channel, as figures name them: whose packets they are.
_SIDES: Final = ("a", "b")
#: Seconds after which figures that have not come are not waited for: whoever had them is gone.
_PATIENCE: Final = 5.0


class Carrier(Protocol):
    """Who carries packets between the two ends of a channel."""

    def start(self) -> None:
        """Begins; call inside a running loop."""

    def stop(self) -> None:
        """Ends, and all that is carried with it; idempotent."""

    def carry_out(self, orders: Sequence[Order]) -> None:
        """In their order, without waiting."""


@attrs.define
class _Carried:
    """The channels of one call by one way: two for each stream, the second for its RTCP."""

    call: str
    way: Way
    began: float
    channels: dict[int, Both | None] = attrs.field(factory=dict)
    """In the order in which they were opened, with what came of those that are closed."""
    open: set[int] = attrs.field(factory=set)
    silent: set[int] = attrs.field(factory=set)


@attrs.define(eq=False, kw_only=True)
class Carriage:
    """All media of one process. What it is given to call must not raise."""

    media: Media
    clock: Callable[[], float] = attrs.field(repr=False)
    """Monotonic seconds."""
    report: Callable[[str, dict[str, object]], None] = attrs.field(repr=False)
    """Is told the name of a call and the figures of its media, for the evidence."""
    fell_silent: Callable[[str], None] = attrs.field(repr=False)
    """Is told the name of a call by whose media nothing comes any more."""
    alarm: Callable[[str], None] = attrs.field(repr=False)
    """Is told in words what does not work."""
    name: str = "b2bua"
    """Of what it keeps in the kernel; no two processes of a host may have one."""
    slot: int = 0
    """Which of the processes of one gateway it is of."""
    carriers: dict[Way, Carrier] = attrs.field(init=False, repr=False)
    engines: Engines | None = attrs.field(init=False, repr=False)
    _calls: dict[tuple[str, Way], _Carried] = attrs.field(factory=dict, init=False, repr=False)
    _of_channel: dict[int, _Carried] = attrs.field(factory=dict, init=False, repr=False)
    """Until its figures have come."""
    _leaving: dict[tuple[str, Way], float] = attrs.field(factory=dict, init=False, repr=False)
    """Calls without an open channel whose figures have not all come, with when that began."""

    @carriers.default
    def _of_the_ways(self) -> dict[Way, Carrier]:
        ways = ways_of(self.media)
        made: dict[Way, Carrier] = {}
        if Way.RELAY in ways:
            made[Way.RELAY] = Userspace(self.media.silence_seconds, self._hear, self.alarm)
        if Way.KERNEL in ways:
            made[Way.KERNEL] = Kernel(
                self.media.silence_seconds,
                self._hear,
                self.alarm,
                table=self.name,
                first_mark=FIRST_MARK + self.slot * MARKS,
            )
        return made

    @engines.default
    def _as_configured(self) -> Engines | None:
        engines = self.media.rtpengine if Way.RTPENGINE in ways_of(self.media) else None
        return None if engines is None else Engines.of(engines, self.alarm)

    def start(self) -> None:
        """Begins; call inside a running loop."""
        for carrier in self.carriers.values():
            carrier.start()
        if self.engines is not None:
            self.engines.start()

    def stop(self) -> None:
        """Ends, and all that is carried with it; idempotent."""
        for name in tuple(self._leaving):
            self._tell(self._calls[name])
        for carrier in self.carriers.values():
            carrier.stop()
        if self.engines is not None:
            self.engines.stop()

    def carry_out(self, call: str, way: Way, orders: Sequence[Order]) -> None:
        """What a call wants of those by its way."""
        for order in orders:
            if isinstance(order, Open):
                self._opened(call, way, order.channel)
            elif isinstance(order, Close):
                self._closed(order.channel)
        self.carriers[way].carry_out(orders)
        self.tidy()

    def engage(self, call: str, command: Command, heed: Callable[[Reply], None]) -> None:
        """What a call asks of its engine; `heed` is told what came of it, once, and not before this has returned."""
        assert self.engines is not None, "no call is engaged without"

        def told(reply: Reply) -> None:
            if command.verb == "delete" and reply.figures:
                self.report(call, {"way": Way.RTPENGINE, "engine": reply.engine, **reply.figures})
            heed(reply)

        self.engines.ask(command, told)

    def statistics(self) -> Mapping[str, object]:
        """What is carried now."""
        calls = {str(way): sum(other is way for _, other in self._calls) for way in self.carriers}
        engines = {} if self.engines is None else {"engines": self.engines.statistics()}
        return {"calls": calls, "channels": len(self._of_channel), **engines}

    def _opened(self, call: str, way: Way, channel: int) -> None:
        carried = self._calls.setdefault((call, way), _Carried(call, way, self.clock()))
        carried.channels[channel] = None
        carried.open.add(channel)
        self._of_channel[channel] = carried
        self._leaving.pop((call, way), None)

    def _closed(self, channel: int) -> None:
        carried = self._of_channel.get(channel)
        if carried is None:
            return
        carried.open.discard(channel)
        if not carried.open:
            self._leaving[carried.call, carried.way] = self.clock()

    def _hear(self, told: Told) -> None:
        for channel, both in told.closed:
            carried = self._of_channel.pop(channel, None)
            if carried is not None:
                carried.channels[channel] = both
                if not carried.open and None not in carried.channels.values():
                    self._tell(carried)
        for channel in told.heard:
            if channel in self._of_channel:
                self._of_channel[channel].silent.discard(channel)
        for channel in told.silent:
            self._fell_silent(channel)
        self.tidy()

    def _fell_silent(self, channel: int) -> None:
        """One channel of several may well be silent: a video that nobody shows, RTCP that a peer does not send."""
        carried = self._of_channel.get(channel)
        if carried is None or channel not in carried.open:
            return
        carried.silent.add(channel)
        if carried.open <= carried.silent:
            self.fell_silent(carried.call)

    def tidy(self) -> None:
        """Tells of calls whose figures nobody will tell whole, since who had them is gone; from time to time."""
        while self._leaving:
            name, since = next(iter(self._leaving.items()))
            if self.clock() < since + _PATIENCE:
                return
            self._tell(self._calls[name])

    def _tell(self, carried: _Carried) -> None:
        name = carried.call, carried.way
        del self._calls[name]
        self._leaving.pop(name, None)
        for channel in carried.channels:
            self._of_channel.pop(channel, None)
        self.report(carried.call, figures_of(carried))


def ways_of(media: Media) -> frozenset[Way]:
    """Those that any two trunks may have."""
    return frozenset((media.way, *(pair.way for pair in media.pair)))


def figures_of(carried: _Carried) -> dict[str, object]:
    """The figures of a call for its evidence: for each stream, what came from either side."""
    told = list(carried.channels.values())
    streams = [_stream(media, rtcp, carried.began) for media, rtcp in zip(told[::2], told[1::2], strict=True)]
    return {"way": carried.way, "streams": streams}


def _stream(media: Both | None, rtcp: Both | None, began: float) -> dict[str, object]:
    """Of one `m=`; {} where whoever had the figures is gone."""
    if media is None:
        return {}
    counted = rtcp or (None, None)
    return {side: _side(*both, began) for side, both in zip(_SIDES, zip(media, counted, strict=True), strict=True)}


def _side(figures: Figures, rtcp: Figures | None, began: float) -> dict[str, object]:
    """What came from one side; times in seconds."""
    return {
        "packets": figures.packets,
        "octets": figures.octets,
        "lost": figures.lost,
        "strangers": figures.strangers,
        "unsent": figures.unsent,
        "first": None if figures.first is None else round(figures.first - began, 3),
        "longest_gap": round(figures.longest_gap, 3),
        "rtcp": 0 if rtcp is None else rtcp.packets,
    }
