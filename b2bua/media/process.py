"""The process that relays: `python -m b2bua.media.process FD SECONDS`, which `userspace.Userspace` alone starts.

It takes orders from the descriptor FD and ends when whoever holds the other end is gone. A channel on which nothing has
come for SECONDS is told of once.
"""

import resource
import signal
import socket
import sys
import time  # noqa: TID251 - an edge: packets have a time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import attrs

from b2bua.media.orders import Close, Open, Order, Point
from b2bua.media.relay import End, Figures, Relay
from b2bua.media.wire import LARGEST, MOST_OPENED, Told, decode, encode_told

#: Seconds between two looks for channels that have fallen silent.
_LOOK: Final = 1.0


Closed = tuple[int, tuple[Figures, Figures]]


@attrs.define(eq=False)
class Process:
    """What takes the orders."""

    control: socket.socket
    silence: float
    """Seconds without a packet after which a channel counts as silent."""
    relay: Relay = attrs.field(factory=lambda: Relay(time.monotonic))
    _told_silent: set[int] = attrs.field(factory=set, init=False, repr=False)

    def run(self) -> None:
        """Until the other end of the control socket is closed."""
        self.relay.watch(self.control.fileno())
        due = time.monotonic() + _LOOK
        while True:
            if self.relay.turn(_LOOK) and not self._take():
                return
            now = time.monotonic()
            if now >= due:
                due = now + _LOOK
                self._look(now)

    def _take(self) -> bool:
        """One packet of orders; False when no more can come."""
        try:
            data, fds, _, _ = socket.recv_fds(self.control, LARGEST, 2 * MOST_OPENED)
        except BlockingIOError:
            return True
        if not data:
            return False
        sockets = iter([socket.socket(fileno=fd) for fd in fds])
        closed = [one for order in decode(data) for one in self._heed(order, sockets)]
        if closed:
            self._tell(Told(closed=tuple(closed)))
        return True

    def _heed(self, order: Order, sockets: Iterator[socket.socket]) -> list[Closed]:
        match order:
            case Open():
                a, b = (End(sock, face.latch) for face, sock in zip(order.faces, sockets, strict=False))
                self.relay.open(order.channel, (a, b))
            case Point():
                self.relay.point(order.channel, order.side, order.target)
            case Close():
                figures = self.relay.close(order.channel)
                self._told_silent.discard(order.channel)
                return [] if figures is None else [(order.channel, figures)]
        return []

    def _look(self, now: float) -> None:
        silent = set(self.relay.silent(now - self.silence))
        news = silent - self._told_silent
        self._told_silent = silent
        if news:
            self._tell(Told(silent=tuple(sorted(news))))

    def _tell(self, told: Told) -> None:
        with suppress(OSError):  # nobody reads, or there is no room: figures are no reason to hold up packets
            self.control.send(encode_told(told))


def main(arguments: list[str]) -> None:
    """Takes what was inherited, and begins."""
    fd, silence = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which ends this by going
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    control = socket.socket(fileno=int(fd))
    control.setblocking(False)
    Process(control, float(silence)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
