"""A box that moves datagrams and does not know SIP, as `bench/forwarder.py`, on the event loop that the daemon has.

`python -m bench.peers.uvloop_forwarder FRONT BACK CALLEE`. `add_reader` and recvfrom until it would block: what any
gateway on uvloop costs before it looks at a byte. It is ended by a signal.
"""

import asyncio
import socket
import sys

import uvloop

from bench.forwarder import bind

_LOOPBACK = "127.0.0.1"
_LARGEST = 65_535


async def forward(front: socket.socket, back: socket.socket, callee: tuple[str, int]) -> None:
    """Forwards for ever."""
    caller: tuple[str, int] | None = None

    def from_caller() -> None:
        nonlocal caller
        try:
            while True:
                data, caller = front.recvfrom(_LARGEST)
                back.sendto(data, callee)
        except OSError:  # drained; or a peer is not there yet (ECONNREFUSED), or a full buffer loses one
            return

    def from_callee() -> None:
        try:
            while True:
                data, _ = back.recvfrom(_LARGEST)
                if caller is not None:
                    front.sendto(data, caller)
        except OSError:
            return

    loop = asyncio.get_running_loop()
    loop.add_reader(front, from_caller)
    loop.add_reader(back, from_callee)
    await asyncio.Event().wait()


if __name__ == "__main__":
    front_port, back_port, callee_port = map(int, sys.argv[1:])
    uvloop.run(forward(bind(front_port), bind(back_port), (_LOOPBACK, callee_port)))
