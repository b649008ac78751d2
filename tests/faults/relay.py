"""A UDP relay between a peer and the daemon that does to datagrams what a bad network does, by seed.

It knows no SIP. The peer gives the relay's outer address as its own; what the daemon sends there is carried to the
peer, and what the peer sends to the inner address to the daemon. Loss, doubles and delay are those of a `Link`;
besides, a datagram may be cut short or have a bit turned.
"""

import heapq
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import attrs

from tests.peers.waiting import LONG
from tests.world.scene import Link

Address = tuple[str, int]
Heard = Callable[[bytes, Address], object]


@attrs.define(eq=False)
class Loop:
    """Sockets and things to do later, in real time."""

    _sockets: selectors.BaseSelector = attrs.field(factory=selectors.DefaultSelector, init=False)
    _later: list[tuple[float, int, Callable[[], object]]] = attrs.field(factory=list, init=False)
    _serial: int = attrs.field(default=0, init=False)

    def listen(self, sock: socket.socket, heard: Heard) -> None:
        """What comes to the socket is told to `heard`; it is closed with the loop."""
        sock.setblocking(False)
        self._sockets.register(sock, selectors.EVENT_READ, heard)

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Does it later."""
        self._serial += 1
        heapq.heappush(self._later, (time.monotonic() + seconds, self._serial, action))

    def until(self, fact: Callable[[], object], what: str, within: float = LONG) -> None:
        """Turns until it is so; AssertionError when it does not come to be in time."""
        end = time.monotonic() + within
        while not fact():
            assert time.monotonic() < end, f"{what}: not within {within:g} s"
            self._turn(0.05)

    def run(self, seconds: float) -> None:
        """Turns for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._turn(left)

    def close(self) -> None:
        for key in list(self._sockets.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._sockets.close()

    def _turn(self, patience: float) -> None:
        due = self._later[0][0] - time.monotonic() if self._later else patience
        for key, _ in self._sockets.select(max(0.0, min(due, patience))):
            self._hear(key)
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()

    def _hear(self, key: selectors.SelectorKey) -> None:
        assert isinstance(key.fileobj, socket.socket)
        for _ in range(100):
            try:
                data, address = key.fileobj.recvfrom(65_535)
            except (BlockingIOError, ConnectionRefusedError):
                return
            key.data(data, address)


@attrs.define(eq=False, kw_only=True)
class Relay:
    """Between one peer and the daemon."""

    loop: Loop
    link: Link
    outer: socket.socket
    """Where the daemon sends to."""
    inner: socket.socket
    """Where the peer sends to."""
    daemon: Address
    peer: Address
    damaged: float = 0.0
    """The share of datagrams that are cut short or have a bit turned, on their way to the daemon."""
    counters: Counter[str] = attrs.field(factory=Counter, init=False)

    def __attrs_post_init__(self) -> None:
        self.loop.listen(self.outer, self._to_peer)
        self.loop.listen(self.inner, self._to_daemon)

    def _to_peer(self, data: bytes, _source: Address) -> None:
        self._carry("to peer", data, self.inner, self.peer)

    def _to_daemon(self, data: bytes, _source: Address) -> None:
        if self.link.random.random() < self.damaged:
            data = self._damage(data)
        self._carry("to daemon", data, self.outer, self.daemon)

    def _carry(self, way: str, data: bytes, sock: socket.socket, target: Address) -> None:
        copies = self.link.copies()
        self.counters[f"{way}: lost" if not copies else way] += 1
        for delay in copies:
            self.loop.after(delay, partial(self._send, sock, data, target))

    def _send(self, sock: socket.socket, data: bytes, target: Address) -> None:
        try:
            sock.sendto(data, target)
        except (BlockingIOError, ConnectionRefusedError):
            self.counters["not taken"] += 1

    def _damage(self, data: bytes) -> bytes:
        self.counters["damaged"] += 1
        at = self.link.random.randrange(len(data))
        if self.link.random.random() < 0.5:
            return data[:at]
        return data[:at] + bytes([data[at] ^ 1 << self.link.random.randrange(8)]) + data[at + 1 :]
