"""The process that relays: fed through its socket, heard of through it, and started again with all that stood."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from b2bua.config import Latch
from b2bua.media.orders import A, B, Close, Face, Open, Point
from b2bua.media.userspace import Userspace
from bench.processes import free_ports

if TYPE_CHECKING:
    from b2bua.media.wire import Told

HOST = "127.0.0.1"
PATIENCE = 10.0


class Listener:
    """What the handle is told, awaited."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Told] = asyncio.Queue()
        self.alarms: asyncio.Queue[str] = asyncio.Queue()


class Party:
    def __init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((HOST, 0))
        self.sock.setblocking(False)
        self.place = self.sock.getsockname()

    async def hear(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.sock, 65_535)


@asynccontextmanager
async def relaying(silence: float = 60.0) -> AsyncIterator[tuple[Userspace, Listener]]:
    listener = Listener()
    handle = Userspace(silence, listener.told.put_nowait, listener.alarms.put_nowait)
    handle.start()
    try:
        async with asyncio.timeout(PATIENCE):
            yield handle, listener
    finally:
        handle.stop()


def run(story: Callable[[], object]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]


def opened(channel: int, parties: tuple[Party, Party]) -> tuple[list[Open | Point], tuple[int, int]]:
    one, two = free_ports(2)
    faces = (Face(HOST, one, Latch.SAME_HOST), Face(HOST, two, Latch.SAME_HOST))
    points = [Point(channel, side, parties[side].place) for side in (A, B)]
    return [Open(channel, faces), *points], (one, two)


async def across(sender: Party, port: int, receiver: Party, payload: bytes) -> None:
    """A packet crosses; sent again as long as the process is starting, as media does."""
    heard = b""
    while heard != payload:
        sender.sock.sendto(payload, (HOST, port))
        with suppress(TimeoutError):
            heard = await asyncio.wait_for(receiver.hear(), 0.05)


def test_packets_cross_and_their_figures_are_told_at_the_end() -> None:
    async def story() -> None:
        parties = (Party(), Party())
        async with relaying() as (handle, listener):
            orders, ports = opened(7, parties)
            handle.carry_out(orders)
            await across(parties[A], ports[A], parties[B], b"one way")
            await across(parties[B], ports[B], parties[A], b"and back")
            handle.carry_out([Close(7)])
            ((channel, figures),) = (await listener.told.get()).closed
            assert channel == 7
            assert min(figures[A].packets, figures[B].packets) >= 1
            assert handle.channels == 0
        for party in parties:
            party.sock.close()

    run(story)


def test_a_process_that_dies_is_started_again_and_goes_on_with_what_stood() -> None:
    async def story() -> None:
        parties = (Party(), Party())
        async with relaying() as (handle, listener):
            orders, ports = opened(7, parties)
            handle.carry_out(orders)
            await across(parties[A], ports[A], parties[B], b"before")
            first = handle.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            assert "started again" in await listener.alarms.get()
            await across(parties[A], ports[A], parties[B], b"after")
            assert handle.pid not in (None, first)
        for party in parties:
            party.sock.close()

    run(story)


def test_orders_that_come_while_no_process_is_there_are_not_lost() -> None:
    async def story() -> None:
        parties = (Party(), Party())
        async with relaying() as (handle, listener):
            assert handle.pid is not None
            os.kill(handle.pid, signal.SIGKILL)
            await listener.alarms.get()
            orders, ports = opened(7, parties)
            handle.carry_out(orders)
            await across(parties[A], ports[A], parties[B], b"after")
        for party in parties:
            party.sock.close()

    run(story)


def test_a_port_that_is_somebody_elses_is_told_and_costs_the_others_nothing() -> None:
    async def story() -> None:
        parties = (Party(), Party())
        async with relaying() as (handle, listener):
            taken = Face(HOST, parties[A].place[1], Latch.NEVER)
            orders, ports = opened(8, parties)
            handle.carry_out([Open(7, (taken, taken)), *orders])
            assert "cannot be used: Address already in use" in await listener.alarms.get()
            await across(parties[A], ports[A], parties[B], b"well")
        for party in parties:
            party.sock.close()

    run(story)


def test_a_thousand_channels_are_opened_and_nothing_is_left_of_them() -> None:
    async def story() -> None:
        parties = (Party(), Party())
        async with relaying() as (handle, listener):
            before = len(os.listdir("/proc/self/fd"))
            channels = range(1, 1_001)
            ports = iter(free_ports(2 * len(channels)))
            faces = [(Face(HOST, next(ports), Latch.NEVER), Face(HOST, next(ports), Latch.NEVER)) for _ in channels]
            handle.carry_out([Open(channel, both) for channel, both in zip(channels, faces, strict=True)])
            handle.carry_out([Close(channel) for channel in channels])
            closed = 0
            while closed < len(channels):
                closed += len((await listener.told.get()).closed)
            assert len(os.listdir("/proc/self/fd")) <= before
            assert len(os.listdir(f"/proc/{handle.pid}/fd")) < 20
        for party in parties:
            party.sock.close()

    run(story)


@pytest.mark.parametrize("side", [A, B])
def test_a_channel_that_falls_silent_is_told_of(side: int) -> None:
    async def story() -> None:
        parties = (Party(), Party())
        async with relaying(silence=0.2) as (handle, listener):
            orders, ports = opened(7, parties)
            handle.carry_out(orders)
            await across(parties[side], ports[side], parties[1 - side], b"the last")
            assert (await listener.told.get()).silent == (7,)
        for party in parties:
            party.sock.close()

    run(story)


def test_stopping_twice_is_stopping_once() -> None:
    async def story() -> None:
        async with relaying() as (handle, _):
            handle.stop()
            handle.stop()
            assert handle.pid is None

    run(story)
