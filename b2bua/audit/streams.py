"""SIP over TCP as it is seen from beside: segments put in order, messages cut out of the stream (RFC 3261 §18.3).

A capture may begin amid a stream, miss segments, or show them twice or out of order. What comes early waits for what is
missing, within a budget; when that does not come, the stream has a gap, and is followed again from the next start line.
Streams of other protocols are only searched for one.
"""

import re
import struct
from collections import OrderedDict
from collections.abc import Generator, Iterator
from typing import Final

import attrs

from sipstack.errors import ParseError
from sipstack.message.framing import Framer, Keepalive

#: Seconds a stream waits for a missing segment: several retransmissions of TCP's.
PATIENCE: Final = 10.0
#: Segments that wait for an earlier one, and their octets.
MOST_HELD: Final = 256
LARGEST_HELD: Final = 262_144
#: Directions of connections that are followed at one time, and octets of memory for all of them.
MOST_STREAMS: Final = 16_384
BUDGET: Final = 64 * 1_048_576

_FIN, _SYN, _RST = 1, 2, 4
_header = struct.Struct(">IxxxxBB").unpack_from
_WRAP: Final = 1 << 32
_HALF: Final = 1 << 31
#: Octets by which a segment may be early; what is further away is of another connection.
_AHEAD: Final = 1 << 24
_OVERHEAD: Final = 256

#: Octets looked at in one go: a fault costs as much as this and no more, however large the segment.
_PIECE: Final = 2_048
# Methods in use are upper-case; possessive, so that no octet is read twice.
_START: Final = re.compile(
    rb"^(?:[A-Z]{2,16}+ \S{1,2048}+ SIP/2\.0|SIP/2\.0 [1-6][0-9]{2}(?: [^\r\n]*+)?)\r$", re.MULTILINE
)
_EMPTY_LINE: Final = re.compile(rb"\n\r?\n")
_LONGEST_LINE: Final = 4_096
_CAPITALS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@attrs.frozen
class Broken:
    """What began as a message and cannot be followed to its end."""

    data: bytes
    """Its beginning."""
    fault: ParseError


Found = bytes | Broken


@attrs.define(eq=False)
class _Text:
    """The octets of one direction in order, and the messages in them."""

    begun: bytearray = attrs.field(factory=bytearray)
    """In a message: the octets since it began. Else: the last line, if a message may begin in it."""
    framer: Framer | None = None
    """None while no start line is known from which the stream could be followed."""

    def feed(self, data: bytes) -> Iterator[Found]:
        """The messages that are complete with `data`."""
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            while piece:
                if self.framer is None:
                    piece = self._search(piece)
                    self.framer = Framer() if piece else None
                if self.framer is not None:
                    piece = yield from self._follow(self.framer, piece)

    def lose(self) -> None:
        """Octets are missing here."""
        self.framer = None
        self.begun.clear()

    def _search(self, data: bytes) -> bytes:
        """What has come, from the first start line on; b"" when there is none yet."""
        whole = bytes(self.begun) + data
        # A message may begin with a segment although what stands before it has no line end.
        if self.begun and (_START.match(whole) or not _START.match(data)):
            data = whole
        self.begun.clear()
        found = _START.search(data) if b"SIP/2.0" in data else None
        if found is not None:
            return data[found.start() :]
        line = data[data.rfind(b"\n") + 1 :]
        if line and line[0] in _CAPITALS and len(line) <= _LONGEST_LINE:
            self.begun += line
        return b""

    def _follow(self, framer: Framer, data: bytes) -> Generator[Found, None, bytes]:
        """Yields the messages that end in `data`; what of it is to be searched, once the stream is lost."""
        self.begun += data
        end = 0
        try:
            for frame in framer.feed(data):
                if isinstance(frame, Keepalive):
                    end += 2
                else:
                    end += len(frame)
                    yield frame
        except ParseError as fault:
            rest = bytes(self.begun[end:])
            self.lose()
            if _START.match(rest) is None:
                return rest[1:]
            yield Broken(rest[:_LONGEST_LINE], fault)
            head = _EMPTY_LINE.search(rest)
            return rest[head.end() :] if head else b""
        del self.begun[:end]
        if len(self.begun) > _LONGEST_LINE and _START.match(self.begun) is None:
            rest = bytes(self.begun[1:])  # whatever it is, it is no message, and need not be waited for
            self.lose()
            return rest
        return b""


@attrs.define(eq=False)
class _Direction:
    """One direction of a connection."""

    expected: int
    """The sequence number of the octet that comes next."""
    text: _Text = attrs.field(factory=_Text)
    held: dict[int, bytes] = attrs.field(factory=dict)
    """Segments that came early, by sequence number."""
    octets: int = 0
    """Of those."""
    since: float = 0.0
    """When the first of those came."""
    gaps: int = 0

    @property
    def cost(self) -> int:
        """Octets of memory; what has begun is in the framer too."""
        return self.octets + len(self.held) * _OVERHEAD + 2 * len(self.text.begun) + _OVERHEAD

    def take(self, number: int, data: bytes, at: float) -> Iterator[Found]:
        """A segment."""
        ahead = self._distance(number)
        if ahead > _AHEAD or ahead < -_AHEAD:
            yield from self.finish()
            self.text.lose()
            self.expected, ahead = number, 0
        if ahead > 0:
            self._hold(number, data, at)
        else:
            yield from self._deliver(data[-ahead:])
            yield from self._drain(at)
        while self.held and (len(self.held) > MOST_HELD or self.octets > LARGEST_HELD or at - self.since > PATIENCE):
            yield from self._jump(at)

    def finish(self) -> Iterator[Found]:
        """What waits will not have what it waits for."""
        while self.held:
            yield from self._jump(self.since)

    def _distance(self, number: int) -> int:
        """How far ahead of what is expected; negative: behind."""
        return (number - self.expected + _HALF) % _WRAP - _HALF

    def _hold(self, number: int, data: bytes, at: float) -> None:
        if not self.held:
            self.since = at
        known = self.held.get(number, b"")
        if len(data) > len(known):
            self.held[number] = data
            self.octets += len(data) - len(known)

    def _deliver(self, data: bytes) -> Iterator[Found]:
        self.expected = (self.expected + len(data)) % _WRAP
        yield from self.text.feed(data)

    def _drain(self, at: float) -> Iterator[Found]:
        """Delivers what waited, as far as nothing is missing."""
        while self.held:
            number = min(self.held, key=self._distance)
            ahead = self._distance(number)
            if ahead > 0:
                self.since = max(self.since, at)
                return
            data = self.held.pop(number)
            self.octets -= len(data)
            yield from self._deliver(data[-ahead:])

    def _jump(self, at: float) -> Iterator[Found]:
        """Gives up what is missing."""
        self.gaps += 1
        self.text.lose()
        self.expected = min(self.held, key=self._distance)
        yield from self._drain(at)


@attrs.define(eq=False)
class Streams:
    """All connections of a capture."""

    gaps: int = attrs.field(default=0, init=False)
    """Places where octets are missing."""
    damaged: int = attrs.field(default=0, init=False)
    """Segments whose header cannot be read."""
    dropped: int = attrs.field(default=0, init=False)
    """Directions given up for want of memory."""
    _directions: "OrderedDict[bytes, _Direction]" = attrs.field(factory=OrderedDict, init=False, repr=False)
    _cost: int = attrs.field(default=0, init=False)

    def receive(self, ends: bytes, segment: bytes, at: float) -> Iterator[Found]:
        """The messages that a segment completes; `ends` names the direction: both addresses and ports."""
        size = (segment[12] >> 4) * 4 if len(segment) >= 20 else 0
        if not 20 <= size <= len(segment):
            self.damaged += 1
            return
        number, _, flags = _header(segment, 4)
        data = segment[size:]
        if not data and not flags & (_SYN | _FIN | _RST):
            return
        if flags & _SYN:
            number = (number + 1) % _WRAP  # the SYN itself takes a number (RFC 9293 §3.4)
        direction = self._direction(ends, number, is_new=bool(flags & _SYN))
        before = direction.cost
        if data:
            yield from direction.take(number, data, at)
        self._cost += direction.cost - before
        self.gaps, direction.gaps = self.gaps + direction.gaps, 0
        is_over = flags & _FIN and direction.expected == (number + len(data)) % _WRAP
        if is_over or flags & _RST:
            self._cost -= self._directions.pop(ends).cost
        self._make_room()

    def finish(self) -> Iterator[tuple[bytes, Found]]:
        """The capture is over: what is there of what waits, each with its direction."""
        while self._directions:
            ends, direction = self._directions.popitem(last=False)
            for found in direction.finish():
                yield ends, found
            self.gaps += direction.gaps
        self._cost = 0

    def _direction(self, ends: bytes, number: int, *, is_new: bool) -> _Direction:
        known = self._directions.get(ends)
        if known is not None and is_new and known.expected != number:
            self._cost -= self._directions.pop(ends).cost
            known = None
        if known is None:
            known = self._directions[ends] = _Direction(number)
            self._cost += known.cost
        self._directions.move_to_end(ends)
        return known

    def _make_room(self) -> None:
        while self._cost > BUDGET or len(self._directions) > MOST_STREAMS:
            _, direction = self._directions.popitem(last=False)
            self._cost -= direction.cost
            self.dropped += 1
