"""One rtpengine of Debian's, in userspace, on ports of its own."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import attrs

from b2bua.config import Endpoint
from b2bua.media.ng import decode, ping
from tests.peers.ports import free_ports
from tests.peers.waiting import until

#: Its interfaces of these names, by IPv4.
WEST, EAST = "127.0.0.1", "127.0.0.2"


@attrs.define(eq=False)
class Box:
    """One rtpengine on ports of its own; `start` it again after it has ended."""

    folder: Path
    first_port: int
    more: tuple[str, ...] = ()
    port: int = attrs.field(factory=lambda: free_ports("127.0.0.1", 1)[0])
    process: subprocess.Popen[bytes] | None = None
    _asked: "count[int]" = attrs.field(factory=count, init=False, repr=False)

    @property
    def _log(self) -> Path:
        return self.folder / f"rtpengine-{self.port}.log"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port)

    def start(self) -> None:
        """Returns when it answers."""
        command = [
            *("rtpengine", "--config-file=none", "--table=-1", "--num-threads=2"),
            *("--foreground", "--log-stderr", "--log-level=5"),
            *(f"--interface=west/{WEST}", f"--interface=east/{EAST}", "--interface=west/::1", "--interface=east/::1"),
            *(f"--listen-ng={self.endpoint}", f"--port-min={self.first_port}", f"--port-max={self.first_port + 999}"),
            *self.more,
        ]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._answers, "rtpengine answers")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it has ended:\n{self._log.read_text()}"
        try:
            return self.say(ping("there")) == b'there {"result":"pong"}'
        except (ConnectionRefusedError, TimeoutError):
            return False

    def say(self, data: bytes) -> bytes:
        """What it answers to one datagram."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1.0)
            sock.connect(("127.0.0.1", self.port))
            sock.send(data)
            return sock.recv(65_536)

    def calls(self) -> list[str]:
        """Those that it holds, a thousand at most."""
        # A cookie that it has seen before would have it repeat what it said then.
        heard = decode(self.say(b'list-%d {"command": "list", "limit": 1000}' % next(self._asked)))
        assert heard is not None
        return sorted(heard.plain["calls"])

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def boxed(folder: Path, first_port: int, *more: str) -> Iterator[Box]:
    one = Box(folder, first_port, more)
    try:
        one.start()
        yield one
    finally:
        one.kill()
