"""The sockets to rtpengines: one for each, connected, so that the kernel drops what comes from elsewhere and tells when
nobody is there.

    engines = Engines.of(config.media.rtpengine, alarm)
    engines.start()                        # in the loop
    engines.ask(command, done)             # `done` gets the reply, always later
    engines.stop()
"""

import asyncio
import logging
import os
import socket
import time  # noqa: TID251 - a part of the shell
from collections.abc import Callable
from typing import Final

import attrs

from b2bua.config import Rtpengine
from b2bua.media.engines import Done, Pool, Turn
from b2bua.media.ng import Command, Reply

log = logging.getLogger("b2bua")

#: Datagrams that are read of one engine before anything else has its turn.
_AT_ONCE: Final = 64
#: Octets of one; no UDP datagram is longer.
_ROOM: Final = 65_536
#: Octets that the kernel is asked to hold of what an engine says while we do something else.
_BUFFER: Final = 1024 * 1024


@attrs.define(eq=False)
class Engines:
    """All rtpengines of one gateway. Everything runs in the loop that calls `start`."""

    pool: Pool
    alarm: Callable[[str], None] = attrs.field(repr=False)
    """Is told in words which engine goes and which comes back; must not raise."""
    _sockets: dict[str, socket.socket] = attrs.field(factory=dict, init=False, repr=False)
    """By the name of the engine; none where there is no way to it just now."""
    _is_running: bool = attrs.field(default=False, init=False)
    _timer: asyncio.TimerHandle | None = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, config: Rtpengine, alarm: Callable[[str], None]) -> "Engines":
        """Those of `[media.rtpengine]`."""
        return cls(Pool.of(config, os.urandom, time.monotonic()), alarm)

    def start(self) -> None:
        """Begins to ping them; call inside a running loop."""
        self._is_running = True
        self._wake()

    def ask(self, command: Command, done: Done) -> None:
        """`done` gets the reply within the time of three engines, never in this call, and not at all after `stop`."""
        if not self._is_running:
            return
        turn = self.pool.ask(command, done, time.monotonic())
        loop = asyncio.get_running_loop()
        for who, reply in turn.replies:
            loop.call_soon(_tell, who, reply)
        turn.replies.clear()
        self._carry_out(turn)

    def stop(self) -> None:
        """Gives up what is open, whose `done` is called no more; idempotent."""
        self._is_running = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for name in tuple(self._sockets):
            self._close(name)

    def statistics(self) -> dict[str, object]:
        """What is open now, which engines are up, and what has been counted since the start, fit for JSON."""
        return self.pool.statistics()

    def _readable(self, name: str) -> None:
        for _ in range(_AT_ONCE):
            # Whoever is told of one reply may have called `stop`.
            sock = self._sockets.get(name)
            if sock is None:
                return
            try:
                data = sock.recv(_ROOM)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                self._carry_out(self.pool.unreachable(name, time.monotonic()))
            except OSError as error:
                log.debug("rtpengine %s: %s", name, error.strerror)
                self._close(name)
                return
            else:
                self._carry_out(self.pool.heard(name, data, time.monotonic()))

    def _wake(self) -> None:
        # Where the loop was held up, what has come meanwhile is read first: that we did not listen is no silence.
        for name in tuple(self._sockets):
            self._readable(name)
        self._timer = None
        self._carry_out(self.pool.wake(time.monotonic()))

    def _carry_out(self, turn: Turn) -> None:
        for name, data in turn.sends:
            self._send(name, data)
        for said in turn.news:
            self.alarm(said)
        for done, reply in turn.replies:
            _tell(done, reply)
        self._set_timer()

    def _send(self, name: str, data: bytes) -> None:
        """What does not leave is as good as lost on its way: it is sent again, or its engine counts as silent."""
        try:
            self._socket(name).send(data)
        except ConnectionRefusedError:
            # It tells of a datagram before this one, which has not been sent for it.
            asyncio.get_running_loop().call_soon(self._is_refused, name)
        except BlockingIOError:
            pass
        except OSError as error:
            # No way there, or no longer from this address of ours: the next time tries afresh.
            log.debug("rtpengine %s: not sent: %s", name, error.strerror)
            self._close(name)

    def _is_refused(self, name: str) -> None:
        if self._is_running:
            self._carry_out(self.pool.unreachable(name, time.monotonic()))

    def _socket(self, name: str) -> socket.socket:
        """The one that there is, or another. Raises OSError."""
        if name not in self._sockets:
            sock = _connected(name)
            self._sockets[name] = sock
            asyncio.get_running_loop().add_reader(sock, self._readable, name)
        return self._sockets[name]

    def _close(self, name: str) -> None:
        sock = self._sockets.pop(name, None)
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _set_timer(self) -> None:
        """One for whatever is due next."""
        if not self._is_running:
            return
        loop = asyncio.get_running_loop()
        in_seconds = max(0.0, self.pool.next_at - time.monotonic())
        due = loop.time() + in_seconds
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = loop.call_at(due, self._wake)


def _connected(name: str) -> socket.socket:
    host, _, port = name.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.connect((host.strip("[]"), int(port)))
    except OSError:
        sock.close()
        raise
    return sock


def _tell(done: Done, reply: Reply) -> None:
    try:
        done(reply)
    except Exception:
        log.exception("alarm: bug: on what an rtpengine has said")
