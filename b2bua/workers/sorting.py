"""Between the sockets and the core of a worker: what is ours goes in, what is somebody else's is handed over.

The rule that makes several memories one: after the sockets are read, and before anything that came is looked at, our
box is emptied. Whoever causes a datagram to come back to us, by any way, has first told what it takes to judge it
(`Post.flush` stands before his messages), so that the news lie in our box by the time it is read.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from b2bua.workers.owner import names_a_dialog, owner_of, stray
from b2bua.workers.post import DATAGRAM, Item, Post
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.net import Inbox, Transport

#: The news that a peer cannot be reached: an error that the network reports comes to one socket of an address, and not
#: always to that which has sent.
UNREACHABLE: Final = "unreachable"
#: The news that an INVITE is not where its Call-ID says: its CANCEL has nothing else to go by.
STRAY: Final = "stray"
#: INVITEs of that kind remembered, and flows of handed datagrams; of more, the oldest are forgotten, or all.
REMEMBERED: Final = 4_096


@attrs.define(eq=False)
class Sorting:
    """What one worker does with all that comes, from whichever socket and from its box."""

    post: Post
    heed: Callable[[Item], None] = attrs.field(repr=False)
    """Hears the news of others that are not about datagrams."""
    inbox: Inbox | None = attrs.field(default=None, init=False, repr=False)
    strays: OrderedDict[str, int] = attrs.field(factory=OrderedDict, init=False, repr=False)
    """By Call-ID: who has the INVITE."""
    _flows: dict[tuple[str, str, int], Flow] = attrs.field(factory=dict, init=False, repr=False)

    def sort(self, messages: Iterable[tuple[bytes, Flow]]) -> None:
        """What the network has brought, and what lies in the box by then."""
        post = self.post
        slot, workers = post.slot, len(post.boxes)
        read = list(messages)
        ours = self._emptied()
        for message in read:
            data, flow = message
            owner = self._owner(data, workers)
            if owner == slot:
                ours.append(message)
            else:
                post.hand(owner, data, flow)
        post.flush()
        if ours and self.inbox is not None:
            self.inbox.received(ours)

    def failed(self, flow: Flow) -> None:
        """A socket of ours has heard that a peer cannot be reached."""
        self.post.tell(UNREACHABLE, flow.socket, *flow.remote)
        self.post.flush()
        if self.inbox is not None:
            self.inbox.failed(flow)

    def _owner(self, data: bytes, workers: int) -> int:
        owner = owner_of(data, workers)
        if data.startswith(b"INVITE ") and names_a_dialog(data):
            self._note_stray(data, owner, workers)
        elif self.strays and data.startswith(b"CANCEL "):
            owner = self.strays.get(stray(data, workers)[0], owner)
        return owner

    def _note_stray(self, invite: bytes, owner: int, workers: int) -> None:
        call_id, home = stray(invite, workers)
        if call_id and home != owner:
            self._remember(call_id, owner)
            self.post.tell(STRAY, call_id, owner)

    def _remember(self, call_id: str, owner: int) -> None:
        self.strays[call_id] = owner
        if len(self.strays) > REMEMBERED:
            self.strays.popitem(last=False)

    def _emptied(self) -> list[tuple[bytes, Flow]]:
        """Heeds the news in the box; the datagrams that others have handed us."""
        ours: list[tuple[bytes, Flow]] = []
        for item in self.post.collect():
            if item[0] == DATAGRAM:
                _, data, *place = item
                ours.append((data, self._flow(*place)))
            elif item[0] == UNREACHABLE:
                if self.inbox is not None:
                    self.inbox.failed(self._flow(*item[1:]))
            elif item[0] == STRAY:
                self._remember(*item[1:])
            else:
                self.heed(item)
        return ours

    def _flow(self, socket: str, host: str, port: int) -> Flow:
        flow = self._flows.get((socket, host, port))
        if flow is None:
            if len(self._flows) >= REMEMBERED:
                self._flows.clear()
            flow = self._flows[socket, host, port] = Flow(socket, (host, port))
        return flow


@attrs.define(eq=False)
class Sorted:
    """One of our sockets, whose messages are sorted before anybody reads them."""

    inner: Transport
    sorting: Sorting = attrs.field(repr=False)
    name: str = attrs.field(init=False)
    counters: Counter[str] = attrs.field(init=False, repr=False)

    @name.default
    def _as_the_socket(self) -> str:
        return self.inner.name

    @counters.default
    def _of_the_socket(self) -> Counter[str]:
        return self.inner.counters

    def start(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        """Begins to read; all sockets of a worker have one inbox."""
        self.sorting.inbox = inbox
        self.inner.start(loop, self)

    def poll(self) -> None:
        """Hands on what has arrived."""
        self.inner.poll()

    def send(self, send: Send) -> None:
        """Puts the bytes on their way."""
        self.inner.send(send)

    def stop(self) -> None:
        """Closes the socket."""
        self.inner.stop()

    def received(self, messages: Iterable[tuple[bytes, Flow]]) -> None:
        """The socket has these."""
        self.sorting.sort(messages)

    def failed(self, flow: Flow) -> None:
        """The socket cannot deliver there."""
        self.sorting.failed(flow)


@attrs.define(eq=False)
class Letterbox:
    """Our box, as one more transport of the driver's: nothing is sent by it, and no flow names it."""

    sorting: Sorting = attrs.field(repr=False)
    name: str = "post"
    counters: Counter[str] = attrs.field(init=False, repr=False)
    _loop: asyncio.AbstractEventLoop | None = attrs.field(default=None, init=False, repr=False)

    @counters.default
    def _of_the_post(self) -> Counter[str]:
        return self.sorting.post.counters

    def start(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        """Begins to read."""
        self.sorting.inbox, self._loop = inbox, loop
        loop.add_reader(self._key, self.poll)

    def poll(self) -> None:
        """Hands on what lies there."""
        self.sorting.sort(())

    def send(self, send: Send) -> None:
        """Raises AssertionError: a flow names a socket."""
        raise AssertionError(f"{send.flow} is no flow of a box")

    def stop(self) -> None:
        """Stops reading; the box stays, for who comes after us."""
        if self._loop is not None:
            self._loop.remove_reader(self._key)
            self._loop = None

    @property
    def _key(self) -> int:
        return self.sorting.post.boxes[self.sorting.post.slot].key.fileno()
