"""`python fed.py WAY ORDERS`: carries out the orders of a file by one of our ways, as the daemon does, until it is told
to end."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from b2bua.media.kernel import Kernel
from b2bua.media.userspace import Userspace
from b2bua.media.wire import Carried, Message, Told, decode

#: No channel falls silent before the bench is over.
_SILENCE = 3_600.0


def carrier(way: str) -> Userspace | Kernel:
    """Whoever carries packets that way."""
    if way == "relay":
        return Userspace(_SILENCE, hear, alarm)
    if way == "kernel":
        return Kernel(_SILENCE, hear, alarm, table=f"b2bua_bench_{os.getpid()}")
    raise SystemExit(f"there is no way {way!r}")


def hear(_told: Told) -> None:
    """Figures of closed channels, which the bench has its own of."""


def alarm(text: str) -> None:
    """Whoever runs the bench must know."""
    print(text, file=sys.stderr, flush=True)


async def feed(way: str, orders: Sequence[Message]) -> None:
    """Until SIGTERM comes."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    carries = carrier(way)
    carries.start()
    try:
        carries.carry_out([order for order in orders if not isinstance(order, Carried)])
        await over.wait()
    finally:
        carries.stop()


if __name__ == "__main__":
    uvloop.run(feed(sys.argv[1], decode(Path(sys.argv[2]).read_bytes())))
