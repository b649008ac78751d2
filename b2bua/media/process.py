"""The process that relays: `python -m b2bua.media.process FD SECONDS`, which `userspace.Userspace` alone starts.

It takes orders from the descriptor FD and ends when whoever holds the other end is gone. A channel on which nothing has
come for SECONDS is told of once.
"""

import resource
import signal
import socket
import sys
import time  # noqa: TID251 - an edge: packets have a time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import attrs

from b2bua.media.orders import Close, Open, Point
from b2bua.media.relay import End, Figures, Relay
from b2bua.media.wire import LARGEST, MOST_OPENED, Carried, Message, Told, decode, encode_told

#: Seconds between two looks for channels that have fallen silent.
_LOOK: Final = 1.0
#: Channels that one packet tells to have settled.
_TOGETHER: Final = 100
#: Channels that one packet tells to have fallen silent, and likewise to be heard again.
_NAMED: Final = 1_000
#: Packets of news that may wait for whoever reads them.
_MOST_NEWS: Final = 10_000

Closed = tuple[int, tuple[Figures, Figures]]


@attrs.define(eq=False)
class Process:
    """What takes the orders."""

    control: socket.socket
    silence: float
    """Seconds without a packet after which a channel counts as silent."""
    relay: Relay = attrs.field(factory=lambda: Relay(time.monotonic))
    _news: deque[bytes] = attrs.field(factory=lambda: deque(maxlen=_MOST_NEWS), init=False, repr=False)
    """What is to be told and found no room yet; of too much, the oldest is forgotten."""
    _told_silent: set[int] = attrs.field(factory=set, init=False, repr=False)

    def run(self) -> None:
        """Until the other end of the control socket is closed."""
        self.relay.watch(self.control.fileno())
        due = time.monotonic() + _LOOK
        while True:
            if self.relay.turn(_LOOK) and not self._take():
                return
            self._tell_settled()
            if self._news:
                self._go_on_telling()
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
        closed = [one for message in decode(data) for one in self._heed(message, sockets)]
        if closed:
            self._tell(Told(closed=tuple(closed)))
        return True

    def _heed(self, message: Message, sockets: Iterator[socket.socket]) -> list[Closed]:
        channel = message.channel
        match message:
            case Open():
                a, b = (End(sock, face.latch) for face, sock in zip(message.faces, sockets, strict=False))
                self.relay.open(channel, (a, b))
            case Point():
                self.relay.point(channel, message.side, message.target)
            case Carried():
                self.relay.carried(channel, message.side, message.packets, message.octets, message.within)
            case Close():
                figures = self.relay.close(channel)
                self._told_silent.discard(channel)
                return [] if figures is None else [(channel, figures)]
        return []

    def _tell_settled(self) -> None:
        settled = self.relay.settled()
        for at in range(0, len(settled), _TOGETHER):
            self._tell(Told(settled=tuple(settled[at : at + _TOGETHER])))

    def _look(self, now: float) -> None:
        silent = set(self.relay.silent(now - self.silence))
        news, heard = silent - self._told_silent, self._told_silent - silent
        self._told_silent = silent
        for at in range(0, max(len(news), len(heard)), _NAMED):
            part = slice(at, at + _NAMED)
            self._tell(Told(silent=tuple(sorted(news)[part]), heard=tuple(sorted(heard)[part])))

    def _tell(self, told: Told) -> None:
        self._news.append(encode_told(told))
        self._go_on_telling()

    def _go_on_telling(self) -> None:
        """As much as there is room for: news are no reason to hold up packets."""
        with suppress(OSError):  # there is no room now, or nobody reads any more
            while self._news:
                self.control.send(self._news[0])
                self._news.popleft()


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
