"""The media of one call: which of our ports stand for which stream, and where its peers are (RFC 3264).

What one side says of itself is told to the other with our ports in place of its own. An offer of a session that stands
changes nothing before it is answered: until then packets go where they went, and after a refusal too.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import attrs

from b2bua.config import Candidates, Latch, Way
from b2bua.errors import MediaError
from b2bua.media.ng import Command
from b2bua.media.orders import A, B, Close, Face, Open, Order, Point
from b2bua.media.orders import Place as Target
from b2bua.media.ports import Ports
from b2bua.media.sdp import Address, Description, Place, Stream

Streams = tuple[Stream, ...]


@attrs.frozen(kw_only=True)
class Side:
    """How one trunk has its media relayed."""

    address: Address
    """Where its peers are told that we receive."""
    bound: Address = attrs.field()
    """Where we do."""
    name: tuple[str, bool] = ("", False)
    """Of the trunk, and whether by IPv6."""
    ports: Ports = attrs.field(repr=False)
    latch: Latch = Latch.SAME_HOST
    candidates: Candidates = Candidates.REPLACE
    """What becomes of the candidates that its peers get to see."""

    @bound.default
    def _as_told(self) -> Address:
        return self.address


@attrs.define
class Channels:
    """What stands for one `m=`: a channel for its packets, the one after it for RTCP."""

    first: int
    ports: tuple[int, int]
    """The even ports on both sides."""
    pointed: list[Target | None] = attrs.field(factory=lambda: [None] * 4)
    """Where the peers of both sides are known to be: those of the packets, then those of RTCP."""


@attrs.define(eq=False, kw_only=True)
class Session:
    """One call's. `now` is a monotonic time in seconds."""

    sides: tuple[Side, Side]
    number: Iterator[int] = attrs.field(repr=False)
    """Names channels; no two of a relay may have one name."""
    way: Way = Way.RELAY
    """Who carries its packets."""
    orders: list[Order] = attrs.field(factory=list)
    """What is to be done before the next message leaves; taken out by whoever sees to it."""
    faults: list[str] = attrs.field(factory=list)
    """What could not be relayed and was left behind, likewise."""
    _streams: list[Channels | None] = attrs.field(factory=list, init=False)
    """By the place of their `m=`, which is the same in all descriptions of a session (§8)."""
    _proposed: tuple[int, Streams] | None = attrs.field(default=None, init=False)
    """The offer that waits for its answer, with its side."""
    _answers: dict[str, Streams] = attrs.field(factory=dict, init=False)
    """What the branches of a fork have answered to the first offer."""
    _offers: dict[str, Streams] = attrs.field(factory=dict, init=False)
    """What the branches of a fork have offered, each of which has an answer of its own."""
    _stands: bool = attrs.field(default=False, init=False)
    """Whether an offer has been answered."""
    _before: dict[int, tuple[Target | None, ...]] = attrs.field(factory=dict, init=False)
    """Where the peers of each stream were before an answer that may yet come to nothing (a 183 to a re-INVITE)."""
    _held: list[bool] = attrs.field(factory=lambda: [False, False], init=False)
    """Whether a side has said last that it is not to be talked with."""

    @property
    def proposer(self) -> int | None:
        """The side whose offer waits for its answer."""
        return None if self._proposed is None else self._proposed[0]

    @property
    def is_held(self) -> bool:
        """Whether one side holds the call, so that silence is what it wants."""
        return any(self._held)

    def offered(self, side: int, body: bytes, now: float, branch: str = "") -> bytes:
        """An offer of that side, as the other one gets to see it.

        Raises MediaError when it cannot be relayed or no ports are left; nothing has changed then.
        """
        found = self._read(side, body)
        self._provide(found.streams, now)
        self._before.clear()
        self._proposed = (side, found.streams)
        if branch and side == B:
            self._offers[branch] = found.streams
        if not self._stands:
            # Nobody is led astray: what the callee sends before its answer comes should be heard (§5.1).
            self._point(side, found.streams)
        return self._moved(side, found)

    def answered(self, side: int, body: bytes, branch: str = "") -> bytes:
        """The answer of that side to what the other offered, or of one more branch of a fork; the session stands as
        they have agreed. Raises MediaError when it cannot be relayed."""
        found = self._read(side, body)
        if self._proposed is not None and self._proposed[0] != side:
            offered = self._offers.get(branch, self._proposed[1]) if side == A else self._proposed[1]
            if self._stands:
                for at, channels in enumerate(self._streams):
                    if channels is not None:
                        self._before.setdefault(at, tuple(channels.pointed))
            self._point(1 - side, offered, found.streams)
        else:
            offered = ()
        self._point(side, found.streams, offered)
        if branch:
            self._answers[branch] = found.streams if side == B else offered or self._answers.get(branch, ())
        self._stands = True
        return self._moved(side, found)

    def chosen(self, branch: str) -> Command | None:
        """That branch has accepted the call: its peer is whom the caller talks with. Nobody need be asked."""
        streams = self._answers.get(branch)
        if streams is not None:
            self._point(B, streams)
        self._answers.clear()
        self._offers.clear()
        return None

    def settled(self) -> None:
        """The offer has had its final answer: a description that the same side says next is another."""
        self._proposed = None
        self._before.clear()

    def refused(self) -> Command | None:
        """The offer came to nothing; the session stands as it stood. Nobody need be asked."""
        self._proposed = None
        for at, pointed in self._before.items():
            channels = self._streams[at]
            for known, target in enumerate(pointed):
                if channels is not None and channels.pointed[known] != target:
                    channels.pointed[known] = target
                    self.orders.append(Point(channels.first + known // 2, known % 2, target))
        self._before.clear()
        return None

    def over(self, now: float) -> None:
        """Everything is given back; idempotent."""
        for channels in self._streams:
            if channels is not None:
                self._give_back(channels, now)
        self._streams.clear()

    def resume(self) -> None:
        """The same session for another process than that which had it, which is gone, and its packets with it."""
        for at, channels in enumerate(self._streams):
            if channels is None:
                continue
            for side, port in zip(self.sides, channels.ports, strict=True):
                side.ports.claim(port)
            self._streams[at] = anew = Channels(self._named(), channels.ports, channels.pointed)
            self._open(anew)
            for known, target in enumerate(channels.pointed):
                if target is not None:
                    self.orders.append(Point(anew.first + known // 2, known % 2, target))

    def _read(self, side: int, body: bytes) -> Description:
        found = Description.read(body)
        version = self.sides[side].bound.version
        if any(stream.address is not None and stream.address.version != version for stream in found.streams):
            raise MediaError(f"media is not relayed by IPv{10 - version} where the call came by IPv{version}")
        self._held[side] = any(stream.is_held for stream in found.streams if stream.is_wanted)
        return found

    def _moved(self, side: int, found: Description) -> bytes:
        """As the other side is told: our ports on its face."""
        other = 1 - side
        places = [
            None if channels is None or not stream.is_wanted else self._place(channels, other)
            for stream, channels in zip_longest(found.streams, self._streams[: len(found.streams)])
        ]
        return found.moved(self.sides[other].address, places, self.sides[other].candidates)

    def _place(self, channels: Channels, side: int) -> Place:
        port = channels.ports[side]
        return Place(port, port + 1)

    def _provide(self, streams: Streams, now: float) -> None:
        """Ports for each stream that has none yet, or for none of them."""
        missing = [at for at, stream in enumerate(streams) if stream.is_wanted and self._at(at) is None]
        taken: list[Channels] = []
        try:
            for _ in missing:
                taken.append(self._take(now))  # noqa: PERF401 - what was taken before one fails is given back
        except MediaError:
            for channels in taken:
                self._give_back(channels, now)
            raise
        self._streams += [None] * (len(streams) - len(self._streams))
        for at, channels in zip(missing, taken, strict=True):
            self._streams[at] = channels

    def _at(self, index: int) -> Channels | None:
        return self._streams[index] if index < len(self._streams) else None

    def _take(self, now: float) -> Channels:
        first = self.sides[A].ports.take(now)
        try:
            second = self.sides[B].ports.take(now)
        except MediaError:
            self.sides[A].ports.give_back(first, now)
            raise
        channels = Channels(self._named(), (first, second))
        self._open(channels)
        return channels

    def _named(self) -> int:
        first = next(self.number)
        next(self.number)
        return first

    def _open(self, channels: Channels) -> None:
        first, second = channels.ports
        for beyond in (0, 1):
            faces = (self._face(A, first + beyond), self._face(B, second + beyond))
            self.orders.append(Open(channels.first + beyond, faces))

    def _face(self, side: int, port: int) -> Face:
        return Face(str(self.sides[side].bound), port, self.sides[side].latch)

    def _give_back(self, channels: Channels, now: float) -> None:
        self.orders += [Close(channels.first), Close(channels.first + 1)]
        for side, port in zip(self.sides, channels.ports, strict=True):
            side.ports.give_back(port, now)

    def _point(self, side: int, streams: Streams, others: Sequence[Stream] = ()) -> None:
        """The peer of that side is where its description says; nowhere for a stream that either side refuses."""
        for at, channels in enumerate(self._streams):
            if channels is None:
                continue
            stream = streams[at] if at < len(streams) else None
            is_refused = at < len(others) and not others[at].is_wanted
            wanted = stream if stream is not None and stream.is_wanted and not is_refused else None
            targets = (None, None) if wanted is None else (_target(wanted), _rtcp_target(wanted))
            for beyond, target in enumerate(targets):
                known = 2 * beyond + side
                if channels.pointed[known] != target:
                    channels.pointed[known] = target
                    self.orders.append(Point(channels.first + beyond, side, target))


def _target(stream: Stream) -> Target | None:
    return None if stream.address is None else (str(stream.address), stream.port)


def _rtcp_target(stream: Stream) -> Target | None:
    if stream.rtcp is None or stream.rtcp[0] is None:
        return None
    return str(stream.rtcp[0]), stream.rtcp[1]
