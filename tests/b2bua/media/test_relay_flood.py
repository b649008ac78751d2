"""A flood at one port of the process that relays: other streams go on, orders are taken, no stranger gets through."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import attrs
import pytest

from b2bua.config import Latch
from b2bua.media.orders import A, B, Close, Face, Open, Order, Point
from b2bua.media.userspace import Userspace
from bench.processes import free_ports
from tests.b2bua.media.rig import Party

if TYPE_CHECKING:
    from b2bua.media.wire import Told

HOST, ELSEWHERE = "127.0.0.1", "127.0.0.2"
FLOOD = 100_000
#: Packets each way of the call that must not notice.
CALM = 200
PATIENCE = 60.0


@attrs.define
class Call:
    """A channel with both its parties."""

    channel: int
    parties: tuple[Party, Party]
    ports: tuple[int, int]

    @classmethod
    def begun(cls, channel: int) -> "Call":
        one, two = free_ports(2)
        return cls(channel, (Party(), Party()), (one, two))

    def orders(self, latch: Latch) -> list[Order]:
        faces = (Face(HOST, self.ports[A], latch), Face(HOST, self.ports[B], latch))
        return [Open(self.channel, faces), *(Point(self.channel, side, self.parties[side].place) for side in (A, B))]

    def send(self, side: int, payload: bytes) -> None:
        self.parties[side].sock.sendto(payload, (HOST, self.ports[side]))

    async def hear(self, side: int) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.parties[side].sock, 65_535)

    async def settle(self) -> None:
        """Both peers are known; sent again as long as the process is starting."""
        for side in (A, B):
            heard = b""
            while heard != b"settles":
                self.send(side, b"settles")
                with suppress(TimeoutError):
                    heard = await asyncio.wait_for(self.hear(1 - side), 0.05)
                assert heard in (b"", b"settles")

    def close(self) -> None:
        for party in self.parties:
            party.sock.close()


@attrs.define
class Flood:
    """Packets from one socket to one port, one after the other, until it is told to end, and `FLOOD` at least."""

    sock: socket.socket
    port: int
    sent: int = 0
    has_begun: threading.Event = attrs.field(factory=threading.Event)
    is_over: threading.Event = attrs.field(factory=threading.Event)

    def run(self) -> None:
        while self.sent < FLOOD or not self.is_over.is_set():
            with suppress(BlockingIOError):
                self.sock.sendto(b"flood", (HOST, self.port))
            self.sent += 1
            self.has_begun.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            thread.join()


Story = Callable[[Userspace, "asyncio.Queue[Told]"], Awaitable[None]]


def told(story: Story) -> None:
    """Runs it with a process that relays."""

    async def run() -> None:
        news: asyncio.Queue[Told] = asyncio.Queue()
        alarms: list[str] = []
        handle = Userspace(PATIENCE, news.put_nowait, alarms.append)
        handle.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await story(handle, news)
        finally:
            handle.stop()
        assert alarms == []

    asyncio.run(run())


async def goes_on(calm: Call) -> None:
    """Not a packet of it is lost."""
    for number in range(CALM):
        for side in (A, B):
            calm.send(side, b"%d" % number)
            while (heard := await calm.hear(1 - side)) == b"settles":
                pass  # it was sent more than once
            assert heard == b"%d" % number


EARLY = "a stranger before the peer has settled"


@pytest.mark.parametrize(
    ("flooder", "latch"),
    [(EARLY, Latch.NEVER), (EARLY, Latch.SAME_HOST), ("a stranger", Latch.WINDOW), ("the peer", Latch.SAME_HOST)],
)
def test_a_flood_at_one_port_leaves_other_streams_and_the_orders_alone(flooder: str, latch: Latch) -> None:
    flooded, calm, later = Call.begun(7), Call.begun(8), Call.begun(9)
    stranger = Party(host=ELSEWHERE)
    sock = flooded.parties[A].sock if flooder == "the peer" else stranger.sock

    async def story(handle: Userspace, news: "asyncio.Queue[Told]") -> None:
        handle.carry_out([*flooded.orders(latch), *calm.orders(latch)])
        await calm.settle()
        if flooder != EARLY:
            await flooded.settle()
        flood = Flood(sock, flooded.ports[A])
        with flood.running():
            await asyncio.to_thread(flood.has_begun.wait)
            await goes_on(calm)
            handle.carry_out(later.orders(latch))
            await later.settle()
            handle.carry_out([Close(later.channel)])
            ((channel, figures),) = (await news.get()).closed
            assert (channel, figures[A].packets > 0, figures[B].packets > 0) == (later.channel, True, True)
            await goes_on(calm)
        assert flood.sent >= FLOOD
        if flooder != "the peer":
            await flooded.settle()
            with suppress(BlockingIOError):
                while heard := flooded.parties[B].sock.recv(65_535):
                    assert heard != b"flood"

    try:
        told(story)
    finally:
        stranger.sock.close()
        for call in (flooded, calm, later):
            call.close()
