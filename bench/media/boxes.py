"""What stands between the two ends of media: nothing, the relay in C, ours, the kernel by our rules, an rtpengine."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from b2bua.config import Latch
from b2bua.media.orders import A, B, Face, Open, Order, Point
from b2bua.media.wire import encode
from bench.media import fed
from bench.media.engine import rtpengine
from bench.media.generator import Flow, Standing, compiled, written
from bench.media.nets import Net
from bench.peers.offer import NotHereError
from bench.processes import await_bound, last_words, running

#: A folder for its files, its core, where it is, and what it is to carry. May raise NotHereError.
Box = Callable[[Path, int, Net, Sequence[Flow]], AbstractContextManager[Standing]]


@contextmanager
def direct(folder: Path, _core: int, net: Net, flows: Sequence[Flow]) -> Iterator[Standing]:
    """Nothing: the ends send to each other, by way of the box's routing where it is apart from them."""
    straight = attrs.evolve(net, face_a=net.b, face_b=net.a)
    each = [Flow(flow.a, flow.b, flow.b, flow.a) for flow in flows]
    yield Standing(net=straight, flows=written(each, folder), peers=2 * len(flows))


@contextmanager
def in_c(folder: Path, core: int, net: Net, flows: Sequence[Flow]) -> Iterator[Standing]:
    """The least that a relay can be."""
    file, log = written(flows, folder), folder / "relay.log"
    command = [str(compiled("relay", folder)), str(file), net.a, net.face_a, net.b, net.face_b]
    with net.within(), running(command, core, log) as process:
        await_bound(process, flows[-1].face_b, log)
        yield Standing(net=net, flows=file, peers=2 * len(flows), process=process.pid)


@contextmanager
def ours(way: str, folder: Path, core: int, net: Net, flows: Sequence[Flow]) -> Iterator[Standing]:
    """One of our ways, fed as the daemon feeds it; its process is whatever does that, with all that it starts.

    Raises NotHereError when it has said that it cannot go its way, or not for all.
    """
    orders, log = folder / "orders", folder / f"{way}.log"
    orders.write_bytes(encode([order for number, flow in enumerate(flows) for order in _orders(number, net, flow)]))
    with net.within(), running([sys.executable, fed.__file__, way, str(orders)], core, log) as process:
        await_bound(process, flows[-1].face_b, log)
        yield Standing(net=net, flows=written(flows, folder), peers=2 * len(flows), process=process.pid)
        if log.stat().st_size:
            raise NotHereError(last_words(log))


def _orders(channel: int, net: Net, flow: Flow) -> list[Order]:
    faces = (Face(net.face_a, flow.face_a, Latch.NEVER), Face(net.face_b, flow.face_b, Latch.NEVER))
    return [Open(channel, faces), Point(channel, A, (net.a, flow.a)), Point(channel, B, (net.b, flow.b))]


STRAIGHT: Final = "direct"
FLOOR: Final = "relay in C"
BOXES: Final[dict[str, Box]] = {
    STRAIGHT: direct,
    FLOOR: in_c,
    "relay": partial(ours, "relay"),
    "kernel": partial(ours, "kernel"),
    "rtpengine": rtpengine,
}
