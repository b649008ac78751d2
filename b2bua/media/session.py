"""The media of one call: which of our ports stand for which stream, and where its peers are (RFC 3264).

What one side says of itself is told to the other with our ports in place of its own. An offer of a session that stands
changes nothing before it is answered: until then packets go where they went, and after a refusal too.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import attrs

from b2bua.errors import MediaError
from b2bua.media.orders import A, B, Close, Face, Open, Order, Point
from b2bua.media.ports import Ports
from b2bua.media.relay import Latch
from b2bua.media.relay import Place as Target
from b2bua.media.sdp import Address, Candidates, Description, Place, Stream

Streams = tuple[Stream, ...]


@attrs.frozen(kw_only=True)
class Side:
    """How one trunk has its media relayed."""

    address: Address
    """Where we receive what its peers send."""
    ports: Ports = attrs.field(repr=False)
    latch: Latch = Latch.SAME_HOST
    candidates: Candidates = Candidates.REPLACE
    """What becomes of the candidates that its peers get to see."""


@attrs.define
class _Channels:
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
    orders: list[Order] = attrs.field(factory=list)
    """What is to be done before the next message leaves; taken out by whoever sees to it."""
    _streams: list[_Channels | None] = attrs.field(factory=list, init=False)
    """By the place of their `m=`, which is the same in all descriptions of a session (§8)."""
    _proposed: tuple[int, Streams] | None = attrs.field(default=None, init=False)
    """The offer that waits for its answer, with its side."""
    _answers: dict[str, Streams] = attrs.field(factory=dict, init=False)
    """What the branches of a fork have answered to the first offer."""
    _stands: bool = attrs.field(default=False, init=False)
    """Whether an offer has been answered."""

    def offered(self, side: int, body: bytes, now: float) -> bytes:
        """An offer of that side, as the other one gets to see it.

        Raises MediaError when it cannot be relayed or no ports are left; nothing has changed then.
        """
        found = Description.read(body)
        self._provide(found.streams, now)
        self._proposed = (side, found.streams)
        if not self._stands:
            # Nobody is led astray: what the callee sends before its answer comes should be heard (§5.1).
            self._point(side, found.streams)
        return self._moved(side, found)

    def answered(self, side: int, body: bytes, branch: str = "") -> bytes:
        """The answer of that side to what the other offered, or of one more branch of a fork; the session stands as
        they have agreed. Raises MediaError when it cannot be relayed."""
        found = Description.read(body)
        if self._proposed is not None and self._proposed[0] != side:
            offered = self._proposed[1]
            self._point(1 - side, offered, found.streams)
        else:
            offered = ()
        self._point(side, found.streams, offered)
        if branch:
            self._answers[branch] = found.streams
        self._stands = True
        return self._moved(side, found)

    def chosen(self, branch: str) -> None:
        """That branch has accepted the call: its peer is whom the caller talks with."""
        streams = self._answers.get(branch)
        if streams is not None:
            self._point(B, streams)
        self._answers.clear()

    def settled(self) -> None:
        """The offer has had its final answer: a description that the same side says next is another."""
        self._proposed = None

    def refused(self) -> None:
        """The offer came to nothing; the session stands as it stood."""
        self._proposed = None

    def over(self, now: float) -> None:
        """Everything is given back; idempotent."""
        for channels in self._streams:
            if channels is not None:
                self._give_back(channels, now)
        self._streams.clear()

    def _moved(self, side: int, found: Description) -> bytes:
        """As the other side is told: our ports on its face."""
        other = 1 - side
        places = [
            None if channels is None or not stream.is_wanted else self._place(channels, other)
            for stream, channels in zip_longest(found.streams, self._streams[: len(found.streams)])
        ]
        return found.moved(places, self.sides[other].candidates)

    def _place(self, channels: _Channels, side: int) -> Place:
        port = channels.ports[side]
        return Place(self.sides[side].address, port, port + 1)

    def _provide(self, streams: Streams, now: float) -> None:
        """Ports for each stream that has none yet, or for none of them."""
        missing = [at for at, stream in enumerate(streams) if stream.is_wanted and self._at(at) is None]
        taken: list[_Channels] = []
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

    def _at(self, index: int) -> _Channels | None:
        return self._streams[index] if index < len(self._streams) else None

    def _take(self, now: float) -> _Channels:
        first = self.sides[A].ports.take(now)
        try:
            second = self.sides[B].ports.take(now)
        except MediaError:
            self.sides[A].ports.give_back(first, now)
            raise
        channels = _Channels(next(self.number), (first, second))
        next(self.number)
        for beyond in (0, 1):
            faces = (self._face(A, first + beyond), self._face(B, second + beyond))
            self.orders.append(Open(channels.first + beyond, faces))
        return channels

    def _face(self, side: int, port: int) -> Face:
        return Face(str(self.sides[side].address), port, self.sides[side].latch)

    def _give_back(self, channels: _Channels, now: float) -> None:
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
