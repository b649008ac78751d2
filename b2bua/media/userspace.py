"""The way of media through our own userspace relay, as the process of the calls has it.

Ports are bound here, at once, so that a message never names one that is not ours; the sockets then go to the relaying
process, which is started anew when it dies, with all that stood.
"""

import asyncio
import errno
import logging
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Final

import attrs

from b2bua.media.orders import Close, Face, Open, Order, Point
from b2bua.media.relay import Settled
from b2bua.media.wire import LARGEST, Carried, Message, Told, decode_told, encode

log = logging.getLogger("b2bua")

#: Orders in one packet.
_TOGETHER: Final = 50
#: Seconds between two starts of a process that does not stay.
_PAUSE: Final = 1.0
#: Room for orders while the process is busy, octets.
_ROOM: Final = 4 * 1024 * 1024
#: How often, and how many seconds apart, a port is tried for that somebody has: the process of a worker before us may
#: not have ended yet.
_TRIES: Final = 50
_TRIED_EVERY: Final = 0.1
#: Seconds until the kernel is asked again to take descriptors, when too many are on their way (unix(7), ETOOMANYREFS).
_BREATH: Final = 0.02


@attrs.define
class _Standing:
    """A channel that is open, for a process that has to begin anew."""

    order: Open
    targets: dict[int, Point] = attrs.field(factory=dict)
    is_bound: bool = False
    """Whether the process of now has its sockets, or will."""
    tries: int = _TRIES


@attrs.define(eq=False)
class Userspace:
    """Carries out orders through a process of its own. All of it runs in the loop that calls `start`."""

    silence: float
    """Seconds without a packet after which a channel counts as silent."""
    hear: Callable[[Told], None] = attrs.field(repr=False)
    """Is told what the process has to say; must not raise."""
    alarm: Callable[[str], None] = attrs.field(repr=False)
    """Is told in words what does not work; must not raise."""
    settled: Callable[[Settled], None] = attrs.field(default=lambda _: None, kw_only=True, repr=False)
    """Is told of channels that need the process no longer; must not raise."""
    _process: "subprocess.Popen[bytes] | None" = attrs.field(default=None, init=False, repr=False)
    _control: socket.socket | None = attrs.field(default=None, init=False, repr=False)
    _standing: dict[int, _Standing] = attrs.field(factory=dict, init=False, repr=False)
    _waiting: deque[list[Message]] = attrs.field(factory=deque, init=False, repr=False)
    """Of what waits, no port is bound: descriptors are scarce."""
    _packet: tuple[bytes, list[socket.socket]] | None = attrs.field(default=None, init=False, repr=False)
    """The next, before them."""
    _again: asyncio.TimerHandle | None = attrs.field(default=None, init=False, repr=False)
    _not_before: float = attrs.field(default=0.0, init=False)
    """The loop's time before which no other process is started."""

    def start(self) -> None:
        """Starts the process, and hands it what stands; call inside a running loop."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            ours.setblocking(False)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
            command = [sys.executable, "-m", "b2bua.media.process", str(theirs.fileno()), str(self.silence)]
            try:
                self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
            except OSError:
                ours.close()
                raise
        loop = asyncio.get_running_loop()
        self._control, self._again, self._not_before = ours, None, loop.time() + _PAUSE
        loop.add_reader(ours, self._readable)
        standing = list(self._standing.values())
        for one in standing:
            one.is_bound, one.tries = False, _TRIES
        self._give([one.order for one in standing])
        self._give([point for one in standing for point in one.targets.values()])

    def stop(self) -> None:
        """Ends the process, and with it all that it relays; idempotent."""
        if self._again is not None:
            self._again.cancel()
        self._leave()

    @property
    def pid(self) -> int | None:
        """Of the process that relays now."""
        return None if self._process is None else self._process.pid

    @property
    def channels(self) -> int:
        """Those that are open."""
        return len(self._standing)

    def carry_out(self, orders: Sequence[Order]) -> None:
        """In their order; what cannot be done is told by `alarm`, and costs its call the media alone."""
        for order in orders:
            match order:
                case Open():
                    self._standing[order.channel] = _Standing(order)
                case Point():
                    if order.channel in self._standing:
                        self._standing[order.channel].targets[order.side] = order
                case Close():
                    self._standing.pop(order.channel, None)
        self._give(orders)

    def carried(self, figures: Iterable[Carried]) -> None:
        """Those packets have gone past the process: they count as if it had had them."""
        self._give(figures)

    def _give(self, messages: Iterable[Message]) -> None:
        if self._control is None:
            return  # orders stand, and go to the next process; figures are lost with the last
        given = list(messages)
        self._waiting.extend(given[at : at + _TOGETHER] for at in range(0, len(given), _TOGETHER))
        self._send()

    def _packed(self, messages: Sequence[Message]) -> tuple[bytes, list[socket.socket]]:
        """Those whose ports can be bound, and their sockets."""
        batch: list[Message] = []
        sockets: list[socket.socket] = []
        for message in messages:
            if isinstance(message, Open):
                bound = self._bound(message)
                if bound is None:
                    continue
                sockets += bound
            batch.append(message)
        return encode(batch), sockets

    def _try_again(self, order: Open) -> None:
        standing = self._standing.get(order.channel)
        if standing is not None and standing.order is order and not standing.is_bound:
            self._give([order, *standing.targets.values()])

    def _bound(self, order: Open) -> list[socket.socket] | None:
        standing = self._standing.get(order.channel)
        bound: list[socket.socket] = []
        try:
            for face in order.faces:
                bound.append(_socket(face))  # the first is closed when the second fails
        except OSError as error:
            _close(bound)
            if error.errno == errno.EADDRINUSE and standing is not None and standing.tries > 0:
                standing.tries -= 1
                asyncio.get_running_loop().call_later(_TRIED_EVERY, self._try_again, order)
                return None
            self.alarm(f"media: {face.address} port {face.port} cannot be used: {error.strerror}")
            return None
        if standing is not None:
            standing.is_bound = True
        return bound

    def _send(self) -> None:
        control = self._control
        if control is None:
            return
        loop = asyncio.get_running_loop()
        while self._packet is not None or self._waiting:
            if self._packet is None:
                self._packet = self._packed(self._waiting.popleft())
            data, sockets = self._packet
            try:
                socket.send_fds(control, [data], [sock.fileno() for sock in sockets])
            except BlockingIOError:
                loop.add_writer(control, self._send)
                return
            except OSError as error:
                if error.errno == errno.ETOOMANYREFS:
                    loop.remove_writer(control)
                    loop.call_later(_BREATH, self._send)
                else:
                    self._lost()
                return
            self._packet = None
            _close(sockets)
        loop.remove_writer(control)

    def _readable(self) -> None:
        assert self._control is not None, "it is what can be read"
        try:
            data = self._control.recv(LARGEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._told(decode_told(data))
        else:
            self._lost()

    def _told(self, told: Told) -> None:
        for settled in told.settled:
            self.settled(settled)
        if told.closed or told.silent or told.heard:
            self.hear(told)

    def _lost(self) -> None:
        self.alarm("media: the process that relays has ended, and is started again; its figures are lost")
        self._leave()
        if self._standing:  # the next does not know which had fallen silent, and tells anew
            self.hear(Told(heard=tuple(self._standing)))
        loop = asyncio.get_running_loop()
        self._again = loop.call_at(self._not_before, self._start_again)

    def _start_again(self) -> None:
        try:
            self.start()
        except OSError as error:  # no process, descriptor or memory is left for it, just now
            self.alarm(f"media: the process that relays cannot be started: {error.strerror}")
            self._leave()
            self._again = asyncio.get_running_loop().call_later(_PAUSE, self._start_again)

    def _leave(self) -> None:
        """Lets the process go, which ends by that; one that does not is ended."""
        control, self._control = self._control, None
        if control is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(control)
            loop.remove_writer(control)
            control.close()
        if self._packet is not None:
            _close(self._packet[1])
            self._packet = None
        self._waiting.clear()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def _socket(face: Face) -> socket.socket:
    version = ip_address(face.address).version
    sock = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((face.address, face.port))
    except OSError:
        sock.close()
        raise
    return sock


def _close(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        sock.close()
