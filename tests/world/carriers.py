"""Whoever carries media in the world of scenes: wires that do what a relay was told, and an engine that writes.

They look at every order as a relay would have to carry it out, and fail where it could not.
"""

import re
from collections.abc import Iterable
from random import Random

import attrs

from b2bua.media.ng import Command, Reply
from b2bua.media.orders import Close, Open, Order, Place, Point


@attrs.define(eq=False)
class Wires:
    """Channels, by what a relay was told of them."""

    channels: dict[int, Open] = attrs.field(factory=dict)
    targets: dict[tuple[int, int], Place | None] = attrs.field(factory=dict)
    bound: set[Place] = attrs.field(factory=set)
    opened: int = 0

    def heed(self, orders: Iterable[Order]) -> None:
        """Carries them out; fails for one that no relay could."""
        for order in orders:
            match order:
                case Open():
                    assert order.channel not in self.channels, "a channel has the name of another"
                    for face in order.faces:
                        place = face.address, face.port
                        assert place not in self.bound, f"{place} is in use"
                        self.bound.add(place)
                    self.channels[order.channel] = order
                    self.opened += 1
                case Point():
                    assert order.channel in self.channels, "a peer of a channel that is not open"
                    self.targets[order.channel, order.side] = order.target
                case Close():
                    closed = self.channels.pop(order.channel)
                    self.bound -= {(face.address, face.port) for face in closed.faces}
                    for side in (0, 1):
                        self.targets.pop((order.channel, side), None)

    def leads(self, place: Place) -> Place | None:
        """Where a packet goes that somebody sends to a place of ours; None: nowhere."""
        for channel, order in self.channels.items():
            for side, face in enumerate(order.faces):
                if (face.address, face.port) == place:
                    return self.targets.get((channel, 1 - side))
        raise AssertionError(f"nobody receives at {place}")


@attrs.define(eq=False)
class Scribe:
    """An engine: each end of a call gets a port of its own, as long as the call lasts."""

    random: Random
    host: str = "203.0.113.77"
    fails: float = 0.0
    """How often nothing comes of a command."""
    quick: float = 0.0
    """Seconds that it takes at least."""
    slow: float = 0.0
    """Seconds that it takes at most, if that is more."""
    calls: dict[str, dict[str, int]] = attrs.field(factory=dict)
    """Ports by call and by whose description stands behind them."""
    heard: list[Command] = attrs.field(factory=list)

    def heed(self, command: Command) -> Reply:
        """Its answer."""
        self.heard.append(command)
        if command.verb == "delete":
            self.calls.pop(command.call, None)
            return Reply(engine="scribe")
        if self.random.random() < self.fails:
            return Reply(error="nobody has answered", is_lost=True)
        ports = self.calls.setdefault(command.call, {})
        port = ports.setdefault(
            command.from_tag if command.verb == "offer" else command.to_tag, 40_000 + 2 * len(ports)
        )
        sdp = re.sub(rb"(?m)^c=IN IP4 \S+", b"c=IN IP4 " + self.host.encode(), command.sdp)
        return Reply(engine="scribe", sdp=re.sub(rb"(?m)^m=audio [1-9]\d*", b"m=audio %d" % port, sdp))
