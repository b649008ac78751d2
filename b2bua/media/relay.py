"""The userspace relay: packets between the two ends of each channel, as they came.

A plain epoll loop over sockets that are connected as soon as a peer is known, in a process of its own: a packet is one
`recv` and one `send`, and the kernel drops what comes from anybody else. Nothing is read of what crosses but the
sequence number of RTP, now and then, to say how much was lost.

**Who may speak.** A peer has said in its description where it receives. It mostly sends from there, and the first
packet that comes from there settles it. Before that, `Latch` says whom else we believe: nobody, the same host by
another port (asymmetric RTP), or anybody for some seconds (a peer behind NAT). A peer that is told to be elsewhere
begins anew, and what its old place still sends is thrown away.
"""

import ctypes
import os
import select
import socket
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import attrs

from b2bua.config import Latch
from b2bua.media.orders import Place

#: Packets taken from a socket that has not settled before the others have their turn.
BATCH: Final = 32
#: Seconds in which `Latch.WINDOW` believes the first who sends.
WINDOW: Final = 5.0
#: The largest datagram: a shorter buffer would cut one, and what is relayed is relayed whole.
_LARGEST: Final = 65_535
#: Sockets looked at in one go.
_EVENTS: Final = 1_024
#: Packets of one end between two looks at its sequence number: fewer than half of its 65,536 values.
_LOOK: Final = 16_384
_RTP_HEADER: Final = 12
_NOBODY: Final = struct.pack("=H14x", socket.AF_UNSPEC)
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@attrs.frozen(kw_only=True)
class Figures:
    """What has come from the peer of one end."""

    packets: int
    octets: int
    lost: int
    """As the sequence numbers of RTP tell it; 0 of what is no RTP, and of what the kernel carried."""
    strangers: int
    """Datagrams of others, which went nowhere. Those that a connected socket never shows are not among them."""
    unsent: int
    """Of `packets`, those that could not be sent on."""
    first: float | None
    """When the first came, monotonic seconds."""
    last: float | None
    longest_gap: float
    """The longest time between two that came, seconds; of what the kernel carried, the least that it can have been."""


@attrs.frozen(kw_only=True)
class Settled:
    """A channel both peers of which have sent from where they receive: nothing is left to find out."""

    channel: int
    ordered: tuple[Place | None, Place | None]
    """Where they had been said to be; who has said otherwise since knows that this is over."""
    places: tuple[Place, Place]
    """Where they are."""


@attrs.define(eq=False)
class End:
    """One socket of ours, and the peer that it talks with."""

    sock: socket.socket
    latch: Latch
    target: Place | None = None
    """Where its peer receives; None: nothing may be sent to it now."""
    other: "End | None" = attrs.field(default=None, repr=False)
    is_settled: bool = False
    """Whether the socket is connected to the peer, so that nobody else is heard."""
    _is_clear: bool = attrs.field(default=False, init=False)
    """Whether it has settled, and nothing is in its queue that came from others before."""
    on_joined: Callable[[], None] = attrs.field(default=lambda: None, repr=False)
    """Called when it has settled, and the other end too."""
    source: Place | None = None
    """Another place that its peer sends from."""
    former: Place | None = None
    """Where its peer was before, which is believed no more."""
    until: float = 0.0
    """How long `Latch.WINDOW` believes anybody."""
    packets: int = 0
    octets: int = 0
    strangers: int = 0
    unsent: int = 0
    first: float | None = None
    last: float | None = None
    longest_gap: float = 0.0
    ordered: Place | None = attrs.field(init=False)
    """Where its peer has been said to be, which `Latch.WINDOW` may have found to be elsewhere."""
    _lost: int = attrs.field(default=0, init=False)
    """Before `_since`."""
    _since: int = attrs.field(default=0, init=False)
    """How many packets had come when the count of sequence numbers began."""
    _begun: int | None = attrs.field(default=None, init=False)
    """The first sequence number."""
    _highest: int = attrs.field(default=0, init=False)
    """The last sequence number that was looked at, its rounds counted."""
    _seen: bytes = attrs.field(default=b"", init=False, repr=False)
    """The latest packet."""

    @ordered.default
    def _as_given(self) -> Place | None:
        return self.target

    def point(self, target: Place | None, now: float) -> None:
        """Its peer is at that place from now on; whatever the old one still sends goes nowhere."""
        self.ordered = target
        if target == self.target:
            self._tell_joined()
            return
        if self.is_settled:
            _disconnect(self.sock)
        self.former, self.target, self.source = self.target or self.former, target, None
        self.is_settled, self._is_clear, self.until = False, False, now + WINDOW

    def pump(self, now: float) -> None:
        """Hands on one packet of a peer that has settled; of any other what has come, `BATCH` packets at most."""
        if self._is_clear:
            self._pump_settled(now)
        else:
            self._pump_unsettled(now)

    def _pump_settled(self, now: float) -> None:
        """One packet: to be told by epoll again of a socket that has more costs less than to find out that it has none,
        which media mostly has not (0.74 times as much, 2026-11-23).

        `_hand_on` written out: 0.94 times as much.
        """
        other, last = self.other, self.last
        assert other is not None, "a channel has two ends"
        assert last is not None, "it has settled by a packet"
        try:
            data = self.sock.recv(_LARGEST)
        except OSError:  # what was sent to the peer has found nobody
            return
        try:
            if other.is_settled:
                other.sock.send(data)
            elif not other.give(data):
                self.unsent += 1
        except OSError:  # its buffer is full, or its peer's host has said that nobody is there
            self.unsent += 1
        if now - last > self.longest_gap:  # noqa: PLR1730 - no call more for each packet
            self.longest_gap = now - last
        self.last, self._seen = now, data
        self.packets += 1
        self.octets += len(data)
        if self._begun is None or not self.packets % _LOOK:
            self._look(data)

    def _pump_unsettled(self, now: float) -> None:
        for _ in range(BATCH):
            came = self._next()
            if came is None:
                return
            data, sender = came
            if not self._believes(sender, now):
                self.strangers += 1
                continue
            self._hand_on(data, now)
            if sender == self.target and not self.is_settled:
                self._settle()

    def _next(self) -> tuple[bytes, Place] | None:
        try:
            data, sender = self.sock.recvfrom(_LARGEST)
        except BlockingIOError:  # nothing more has come: whoever was in the queue before it settled is out of it
            self._is_clear = self.is_settled
            return None
        except OSError:  # what was sent to the peer has found nobody
            return None
        return data, (sender[0], sender[1])

    def _believes(self, sender: Place, now: float) -> bool:
        """Whether that is our peer."""
        if self.is_settled or sender == self.target:
            return sender == self.target
        if self.source is not None:
            return sender == self.source
        if self.target is None or sender == self.former:
            return False
        if self.latch is Latch.SAME_HOST and sender[0] == self.target[0]:
            self.source = sender
            return True
        if self.latch is Latch.WINDOW and now < self.until:
            self.target = sender
            return True
        return False

    def _settle(self) -> None:
        """From here on the kernel keeps others away, if it can."""
        assert self.target is not None, "it is where the peer sends from"
        try:
            self.sock.connect(self.target)
        except OSError:
            return
        self.is_settled = True
        self._tell_joined()

    def _tell_joined(self) -> None:
        if self.is_settled and self.other is not None and self.other.is_settled:
            self.on_joined()

    def _hand_on(self, data: bytes, now: float) -> None:
        assert self.other is not None, "a channel has two ends"
        if not self.other.give(data):
            self.unsent += 1
        self._count(data, now)

    def give(self, data: bytes) -> bool:
        """Sends to the peer, where there is one; whether that went."""
        if self.target is None:
            return False
        try:
            if self.is_settled:
                self.sock.send(data)
            else:
                self.sock.sendto(data, self.target)
        except OSError:
            return False
        return True

    def _count(self, packet: bytes, now: float) -> None:
        self._heard(now)
        self._seen = packet
        self.packets += 1
        self.octets += len(packet)
        if self._begun is None or not self.packets % _LOOK:
            self._look(packet)

    def _heard(self, now: float, within: float = 0.0) -> None:
        """Something has come, in that many seconds before now."""
        if self.last is None:
            self.first = now
        elif now - within - self.last > self.longest_gap:
            self.longest_gap = now - within - self.last
        self.last = now

    def carried(self, packets: int, octets: int, within: float, now: float) -> None:
        """So much has gone past us in that many seconds. Nobody looked at its sequence numbers, which begin anew."""
        self._lost, self._begun, self._seen = self._lost_so_far(), None, b""
        self._heard(now, within)
        self.packets += packets
        self.octets += octets
        self._since = self.packets

    def _look(self, packet: bytes) -> None:
        number = _sequence(packet)
        if number is None:
            return
        if self._begun is None:
            self._begun = self._highest = number
        else:
            self._highest += (number - self._highest) & 0xFFFF

    def _lost_so_far(self) -> int:
        self._look(self._seen)
        if self._begun is None:
            return self._lost
        return self._lost + max(0, self._highest - self._begun + 1 - (self.packets - self._since))

    def figures(self) -> Figures:
        """What has been counted."""
        return Figures(
            packets=self.packets,
            octets=self.octets,
            lost=self._lost_so_far(),
            strangers=self.strangers,
            unsent=self.unsent,
            first=self.first,
            last=self.last,
            longest_gap=self.longest_gap,
        )


@attrs.define(eq=False)
class Relay:
    """All channels of a process. It never waits but in `turn`."""

    clock: Callable[[], float] = attrs.field(repr=False)
    """Monotonic seconds."""
    _poll: select.epoll = attrs.field(factory=select.epoll, init=False, repr=False)
    _ends: dict[int, End] = attrs.field(factory=dict, init=False, repr=False)
    """By descriptor."""
    _channels: dict[int, tuple[End, End]] = attrs.field(factory=dict, init=False, repr=False)
    _opened: dict[int, float] = attrs.field(factory=dict, init=False, repr=False)
    """When each was, or a peer of it was last said to be elsewhere."""
    _joined: list[int] = attrs.field(factory=list, init=False, repr=False)
    """Channels that have settled on both sides, until `settled` tells of them."""

    def open(self, channel: int, ends: tuple[End, End]) -> None:
        """Two ends that are each other's from now on."""
        first, second = ends
        first.other, second.other = second, first
        self._channels[channel], self._opened[channel] = ends, self.clock()
        for end in ends:
            end.on_joined = partial(self._joined.append, channel)
            end.sock.setblocking(False)
            self._ends[end.sock.fileno()] = end
            self._poll.register(end.sock, select.EPOLLIN)

    def point(self, channel: int, side: int, target: Place | None) -> None:
        """The peer of one side, 0 or 1, is at that place from now on; of a channel that is gone, nobody's is."""
        ends = self._channels.get(channel)
        if ends is not None:
            now = self._opened[channel] = self.clock()
            ends[side].point(target, now)

    def close(self, channel: int) -> tuple[Figures, Figures] | None:
        """Gives its sockets back, and says what came from both sides; None of a channel that is gone."""
        ends = self._channels.pop(channel, None)
        if ends is None:
            return None
        del self._opened[channel]
        for end in ends:
            del self._ends[end.sock.fileno()]
            self._poll.unregister(end.sock)
            end.sock.close()
            end.other = None
            end.on_joined = lambda: None
        return ends[0].figures(), ends[1].figures()

    def carried(self, channel: int, side: int, packets: int, octets: int, within: float) -> None:
        """So much of one side has gone past us in that many seconds; of a channel that is gone, nothing has."""
        ends = self._channels.get(channel)
        if ends is not None:
            ends[side].carried(packets, octets, within, self.clock())

    def settled(self) -> list[Settled]:
        """The channels that have settled since the last time this was asked, and still are."""
        if not self._joined:
            return []
        joined, self._joined[:] = self._joined[:], []
        return [settled for channel in joined if (settled := self._settled(channel)) is not None]

    def _settled(self, channel: int) -> Settled | None:
        ends = self._channels.get(channel)
        if ends is None or not all(end.is_settled for end in ends):
            return None
        (a, b), (at_a, at_b) = ends, (end.target for end in ends)
        assert at_a is not None, "it has settled"
        assert at_b is not None, "it has settled"
        return Settled(channel=channel, ordered=(a.ordered, b.ordered), places=(at_a, at_b))

    def silent(self, since: float) -> Sequence[int]:
        """The channels on which nothing has come from either side since then, and nothing has been ordered."""
        return [
            channel
            for channel, (one, two) in self._channels.items()
            if max(one.last or 0.0, two.last or 0.0, self._opened[channel]) < since
        ]

    def watch(self, fd: int) -> None:
        """Has `turn` tell when that descriptor can be read."""
        self._poll.register(fd, select.EPOLLIN)

    def turn(self, timeout: float) -> list[int]:
        """Waits for packets, so many seconds at most, and hands them on; or gives those descriptors of `watch` that can
        be read. They go first: what made a peer send may be what there is to say of the other."""
        events = self._poll.poll(timeout, _EVENTS)
        ends = self._ends
        watched = [fd for fd, _ in events if fd not in ends]
        if not watched:
            now = self.clock()
            for fd, _ in events:
                ends[fd].pump(now)
        return watched


def _disconnect(sock: socket.socket) -> None:
    """Takes a datagram socket back from its peer (connect(2), AF_UNSPEC), which Python's `connect` cannot say. One that
    was bound to a port of a number keeps that. Raises OSError."""
    if _LIBC.connect(sock.fileno(), _NOBODY, len(_NOBODY)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _sequence(packet: bytes) -> int | None:
    """That of an RTP packet (RFC 3550 §5.1); None of anything else (RFC 7983 §7)."""
    if len(packet) < _RTP_HEADER or packet[0] >> 6 != 2:
        return None
    return int.from_bytes(packet[2:4], "big")
