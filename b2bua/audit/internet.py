"""IP as it is seen from beside: headers read, fragments put together again (RFC 791 §3.2, RFC 8200 §4.5).

Fragments wait for each other within a budget of octets and for as long as a host would wait, by the clock of the
capture. Those that overlap are no datagram at all (RFC 5722 for IPv6; whoever sends them over IPv4 means harm too).
"""

import struct
from typing import Final

import attrs

TCP: Final = 6
UDP: Final = 17

#: Seconds a datagram waits for its fragments, as on Linux.
PATIENCE: Final = 30.0
#: Octets of memory for all fragments that wait, and how many datagrams they may belong to.
BUDGET: Final = 16 * 1_048_576
MOST_WAITING: Final = 4_096

_LARGEST: Final = 65_535
_OVERHEAD: Final = 128
_FRAGMENT: Final = 44
#: IPv6 extension headers that stand before what they carry (hop-by-hop, routing, destination), and AH.
_EXTENSIONS: Final = frozenset({0, 43, 60})
_AUTHENTICATION: Final = 51
_MOST_EXTENSIONS: Final = 8

_v4 = struct.Struct(">xxHHHxB").unpack_from
_v6 = struct.Struct(">4xHB").unpack_from
_fragment = struct.Struct(">BxHI").unpack_from

#: Protocol, source, destination, payload.
Datagram = tuple[int, bytes, bytes, bytes]
_Key = tuple[int, bytes, bytes, int]


@attrs.define(eq=False)
class _Waiting:
    """A datagram whose fragments have not all come."""

    since: float
    pieces: dict[int, bytes] = attrs.field(factory=dict)
    """By offset."""
    held: int = 0
    whole: int | None = None
    """Its size, once the last fragment has come."""
    is_broken: bool = False
    """Fragments overlap: what still comes of it is dropped."""

    def add(self, offset: int, more: bool, piece: bytes) -> bytes | None:
        """Keeps a fragment; the datagram when that completes it."""
        if self.is_broken or self.pieces.get(offset) == piece:
            return None
        if offset in self.pieces or offset + len(piece) > _LARGEST or not piece or (more and len(piece) % 8):
            self._break()
            return None
        self.pieces[offset] = piece
        self.held += len(piece)
        if not more:
            self.whole = offset + len(piece)
        return None if self.whole is None or self.held < self.whole else self._join()

    @property
    def cost(self) -> int:
        """What it holds of the budget: many small pieces cost more than their octets."""
        return self.held + len(self.pieces) * _OVERHEAD

    def _join(self) -> bytes | None:
        """The pieces, if they are all there and none lies over another."""
        ordered = sorted(self.pieces)
        end = 0
        for offset in ordered:
            if offset != end:
                self._break()
                return None
            end += len(self.pieces[offset])
        return b"".join([self.pieces[offset] for offset in ordered])

    def _break(self) -> None:
        self.pieces.clear()
        self.held, self.is_broken = 0, True


@attrs.define(eq=False)
class Internet:
    """Reads IP packets; holds the fragments that wait."""

    fragments: int = attrs.field(default=0, init=False)
    """Packets that were one."""
    incomplete: int = attrs.field(default=0, init=False)
    """Datagrams given up because fragments were missing, overlapped or were too many."""
    damaged: int = attrs.field(default=0, init=False)
    """Packets whose headers cannot be read."""
    _waiting: dict[_Key, _Waiting] = attrs.field(factory=dict, init=False, repr=False)
    _held: int = attrs.field(default=0, init=False)

    def receive(self, data: bytes, start: int, at: float) -> Datagram | None:
        """The datagram that an IP packet, which begins at `start`, is or completes; None: nothing yet, or never."""
        version = data[start] >> 4 if start < len(data) else 0
        if version == 4:
            return self._version_4(data, start, at)
        if version == 6:
            return self._version_6(data, start, at)
        self.damaged += 1
        return None

    def finish(self) -> None:
        """The capture is over: what waits, waits in vain."""
        self.incomplete += len(self._waiting)
        self._waiting.clear()
        self._held = 0

    def _version_4(self, data: bytes, start: int, at: float) -> Datagram | None:
        size = (data[start] & 15) * 4
        if size < 20 or len(data) < start + size:
            self.damaged += 1
            return None
        length, identity, fragment, protocol = _v4(data, start)
        # A card that cuts segments itself shows the uncut one, whose length may be 0.
        end = start + length if length else len(data)
        source, destination = data[start + 12 : start + 16], data[start + 16 : start + 20]
        payload = data[start + size : end]
        if fragment & 0x3FFF:
            key = (protocol, source, destination, identity)
            position = (fragment & 0x1FFF) << 3 | bool(fragment & 0x2000)
            return self._piece(key, position, payload if end <= len(data) else b"", at)
        return protocol, source, destination, payload

    def _version_6(self, data: bytes, start: int, at: float) -> Datagram | None:
        if len(data) < start + 40:
            self.damaged += 1
            return None
        length, protocol = _v6(data, start)
        source, destination = data[start + 8 : start + 24], data[start + 24 : start + 40]
        end = start + 40 + length if length else len(data)
        head = start + 40
        for _ in range(_MOST_EXTENSIONS):
            if protocol == _FRAGMENT:
                if len(data) < head + 8:
                    break
                protocol, position, identity = _fragment(data, head)
                key = (protocol, source, destination, identity)
                return self._piece(key, position, data[head + 8 : end] if end <= len(data) else b"", at)
            if protocol not in _EXTENSIONS and protocol != _AUTHENTICATION:
                return protocol, source, destination, data[head:end]
            if len(data) < head + 8:
                break
            units = (data[head + 1] + 2) * 4 if protocol == _AUTHENTICATION else (data[head + 1] + 1) * 8
            protocol, head = data[head], head + units
        self.damaged += 1
        return None

    def _piece(self, key: _Key, position: int, piece: bytes, at: float) -> Datagram | None:
        """A fragment: its offset with the bit that says whether more follow, as IPv6 writes it; b"" when it was cut."""
        self.fragments += 1
        offset, more = position & 0xFFF8, bool(position & 1)
        if offset == 0 and not more:  # an atomic fragment is a whole datagram (RFC 6946)
            return key[0], key[1], key[2], piece
        self._expire(at)
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = _Waiting(at)
        before = waiting.cost
        whole = waiting.add(offset, more, piece)
        self._held += waiting.cost - before
        if whole is None:
            return None
        self._forget(key)
        return key[0], key[1], key[2], whole

    def _expire(self, at: float) -> None:
        """Gives up what has waited too long, and the oldest while too much waits."""
        while self._waiting:
            oldest = next(iter(self._waiting))
            is_late = at - self._waiting[oldest].since > PATIENCE
            if not (is_late or self._held > BUDGET or len(self._waiting) >= MOST_WAITING):
                return
            self._forget(oldest)
            self.incomplete += 1

    def _forget(self, key: _Key) -> None:
        self._held -= self._waiting.pop(key).cost
