"""What workers tell and hand each other: a box for each, of which everybody has the slit and one has the key.

A box is a pair of connected datagram sockets of the host (AF_UNIX). It is made before the first worker is, and outlives
each of them: what is put in while its owner is dead is read by whoever takes the place. What stands in a box stands in
the order in which it was put there, whoever put it.

Two kinds of things go by it. Datagrams of the network that are somebody else's are handed over, and lost when the box
is full, as the network would lose them. News (`tell`) wait here until there is room.
"""

import marshal
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from sipstack.flow import Flow

#: What a process says to another is plain data of one version of one program; `marshal` takes a third of JSON's time
#: and has bytes.
Item = tuple[Any, ...]
DATAGRAM: Final = "datagram"
"""The first word of an item that is one; every other item is news."""
#: Octets of one putting, beyond which another is begun; the kernel takes 200 KiB from an ordinary user.
LARGEST: Final = 48 * 1024
#: News that wait for a full box; beyond, the oldest are lost.
MOST_WAITING: Final = 10_000
#: What a box may hold, octets, if the host lets it.
ROOM: Final = 4 * 1024 * 1024
_READ: Final = 256 * 1024
#: Octets of one putting at most: a full piece with the largest datagram there is.
_MOST_AT_ONCE: Final = LARGEST + 80 * 1024


@attrs.frozen
class Box:
    """The box of one worker."""

    slit: socket.socket
    key: socket.socket

    @classmethod
    def make(cls) -> "Box":
        """An empty one. Raises OSError."""
        slit, key = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in (slit, key):
            end.setblocking(False)
        slit.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        return cls(slit, key)


@attrs.define(eq=False)
class Post:
    """One worker's side of it."""

    slot: int
    boxes: Sequence[Box] = attrs.field(repr=False)
    """Of all workers, in their order."""
    counters: Counter[str] = attrs.field(factory=Counter)
    _out: list[list[Item]] = attrs.field(init=False, repr=False)
    """By whom it is for."""
    _sizes: list[int] = attrs.field(init=False, repr=False)
    _is_empty: bool = attrs.field(default=True, init=False)

    @_out.default
    def _nothing(self) -> list[list[Item]]:
        return [[] for _ in self.boxes]

    @_sizes.default
    def _no_sizes(self) -> list[int]:
        return [0 for _ in self.boxes]

    def hand(self, slot: int, data: bytes, flow: Flow) -> None:
        """Puts aside a datagram that is that worker's; `flush` sends it."""
        self._out[slot].append((DATAGRAM, data, flow.socket, *flow.remote))
        self._sizes[slot] += len(data)
        self._is_empty = False
        if self._sizes[slot] >= LARGEST:
            self._send(slot)

    def tell(self, *news: object) -> None:
        """Puts aside news for all others: plain values, the first of which says what they are."""
        for slot, out in enumerate(self._out):
            if slot != self.slot:
                out.append(news)
                self._is_empty = False

    def flush(self) -> None:
        """What was put aside is in the boxes when this returns, as far as they have room."""
        if self._is_empty:
            return
        self._is_empty = True
        for slot, out in enumerate(self._out):
            if out:
                self._send(slot)

    def collect(self) -> Iterator[Item]:
        """All that is in our own box, oldest first."""
        receive = self.boxes[self.slot].key.recv
        while True:
            try:
                items = marshal.loads(receive(_READ))
            except (BlockingIOError, InterruptedError):
                return
            yield from items

    def _send(self, slot: int) -> None:
        items, self._out[slot], self._sizes[slot] = self._out[slot], [], 0
        while items:
            piece, data = _begun(items)
            try:
                self.boxes[slot].slit.send(data)
            except (BlockingIOError, InterruptedError):
                self._keep_news(slot, items)
                return
            except OSError:  # one item alone that the kernel does not take: it never will
                self.counters["box: item too large"] += 1
            items = items[piece:]

    def _keep_news(self, slot: int, items: list[Item]) -> None:
        news = [item for item in items if item[0] != DATAGRAM]
        self.counters["box full: datagram lost"] += len(items) - len(news)
        if len(news) > MOST_WAITING:
            self.counters["box full: news lost"] += len(news) - MOST_WAITING
        self._out[slot] = news[-MOST_WAITING:]
        self._is_empty = self._is_empty and not news


def _begun(items: list[Item]) -> tuple[int, bytes]:
    """So many of the first items as go by one putting, at least one, and their octets: news that have waited for a full
    box may come to more than the kernel takes."""
    count = len(items)
    data = marshal.dumps(items)
    while len(data) > _MOST_AT_ONCE and count > 1:
        count = max(1, count * _MOST_AT_ONCE // (2 * len(data)))
        data = marshal.dumps(items[:count])
    return count, data
