"""What stands between the two ends of media."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from b2bua.media.orders import A, B, Face, Open, Order, Point
from b2bua.media.relay import Latch
from b2bua.media.userspace import Userspace
from bench.media.generator import Ports, compiled
from bench.processes import LOOPBACK, await_bound, pinned, running

#: The process id of a box; none of what is nobody's.
Box = Callable[[Path, int, Ports, int], AbstractContextManager[int | None]]


@contextmanager
def direct(_folder: Path, _core: int, _ports: Ports, _flows: int) -> Iterator[None]:
    """Nothing: the ends send to each other."""
    yield None


@contextmanager
def in_c(folder: Path, core: int, ports: Ports, flows: int) -> Iterator[int]:
    """The least that a relay can be."""
    numbers = (flows, ports.face_a, ports.face_b, ports.a, ports.b)
    command = [str(compiled("relay", folder)), *map(str, numbers)]
    with running(command, core, folder / "relay.log") as process:
        await_bound(process, ports.face_b + flows - 1, folder / "relay.log")
        yield process.pid


@contextmanager
def ours(_folder: Path, core: int, ports: Ports, flows: int) -> Iterator[int]:
    """The userspace relay, fed as the daemon feeds it."""
    ready, over = threading.Event(), threading.Event()
    found: list[int] = []

    async def feed() -> None:
        relay = Userspace(60.0, lambda _: None, lambda _: None)
        with pinned(core):
            relay.start()
        try:
            relay.carry_out(_orders(ports, flows))
            assert relay.pid is not None, "it has been started"
            found.append(relay.pid)
            ready.set()
            await asyncio.to_thread(over.wait)
        finally:
            relay.stop()

    feeder = threading.Thread(target=lambda: asyncio.run(feed()))
    feeder.start()
    try:
        ready.wait()
        yield found[0]
    finally:
        over.set()
        feeder.join()


def _orders(ports: Ports, flows: int) -> list[Order]:
    orders: list[Order] = []
    for flow in range(flows):
        faces = [Face(LOOPBACK, port + flow, Latch.NEVER) for port in (ports.face_a, ports.face_b)]
        orders.append(Open(flow, (faces[0], faces[1])))
        orders.append(Point(flow, A, (LOOPBACK, ports.a + flow)))
        orders.append(Point(flow, B, (LOOPBACK, ports.b + flow)))
    return orders
