"""A box that moves datagrams and does not know SIP: the floor under everything that stands between two peers.

`python forwarder.py FRONT BACK CALLEE`: what comes to port FRONT leaves from BACK to port CALLEE, and what comes to
BACK leaves from FRONT to whoever spoke there last; all on loopback. Plain sockets, no event loop library: this is the
least that Python costs. It is ended by a signal.
"""

import select
import socket
import sys

_LOOPBACK = "127.0.0.1"
_LARGEST = 65_535
_BUFFER = 4 * 1024 * 1024


def forward(front: socket.socket, back: socket.socket, callee: tuple[str, int]) -> None:
    """Forwards for ever."""
    caller: tuple[str, int] | None = None
    poll = select.epoll()
    poll.register(front, select.EPOLLIN)
    poll.register(back, select.EPOLLIN)
    while True:
        for descriptor, _ in poll.poll():
            try:
                if descriptor == front.fileno():
                    while True:
                        data, caller = front.recvfrom(_LARGEST)
                        back.sendto(data, callee)
                while True:
                    data, _ = back.recvfrom(_LARGEST)
                    if caller is not None:
                        front.sendto(data, caller)
            except OSError:  # drained; or a peer is not there yet (ECONNREFUSED), or a full buffer loses one
                continue


def bind(port: int) -> socket.socket:
    """A socket as the daemon's own is: non-blocking, with room for a burst."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    made.bind((_LOOPBACK, port))
    return made


if __name__ == "__main__":
    front_port, back_port, callee_port = map(int, sys.argv[1:])
    forward(bind(front_port), bind(back_port), (_LOOPBACK, callee_port))
