"""A peer is a process with a log, and leader of a group of its own: so it is ended, whatever became of the test."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import attrs

from tests.peers.ports import is_taken
from tests.peers.waiting import until

HOST = "127.0.0.1"
#: Seconds after which a message that should come at once counts as missing.
PATIENCE = 10.0
_LISTEN = "0A"


@attrs.define(eq=False)
class Process:
    """One running program. What it says goes to `log` in its folder."""

    name: str
    folder: Path
    popen: subprocess.Popen[bytes]
    read: int = attrs.field(default=0, kw_only=True)
    """Bytes of the log that were said before this test."""

    @classmethod
    def start(cls, command: Sequence[str], folder: Path) -> "Process":
        """Runs it in that folder, with no input."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log").open("wb") as log:
            popen = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(Path(command[0]).name, folder, popen)

    @property
    def said(self) -> str:
        """Its log since `forget`; bytes that are not UTF-8 are shown, not lost."""
        return (self.folder / "log").read_bytes()[self.read :].decode(errors="backslashreplace")

    def forget(self) -> None:
        """What was said so far belongs to an earlier test."""
        self.read = (self.folder / "log").stat().st_size

    def says(self, pattern: str, within: float = PATIENCE) -> re.Match[str]:
        """Waits until the log holds the pattern (`re.MULTILINE`)."""
        wanted = re.compile(pattern, re.MULTILINE)

        def seen() -> re.Match[str] | None:
            found = wanted.search(self.said)
            assert found or self.popen.poll() is None, f"{self.name} has ended:\n{self.said[-6000:]}"
            return found

        return until(seen, f"{self.name} says {pattern!r}", within)

    def listens(self, tcp: Collection[int] = (), udp: Collection[int] = ()) -> None:
        """Waits until it listens on those ports. Nothing is sent there: a probe would be a peer, too."""

        def open_on_all() -> bool:
            assert self.popen.poll() is None, f"{self.name} has ended:\n{self.said[-6000:]}"
            return set(tcp) <= _listening() and all(is_taken(port) for port in udp)

        until(open_on_all, f"{self.name} listens on TCP {list(tcp)} and UDP {list(udp)}", PATIENCE)

    def close(self) -> None:
        """Ends it, and with it the processes it has started; asked to, some would first wait for what never comes."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()


def _listening() -> set[int]:
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == _LISTEN}


def free_pairs(count: int) -> list[int]:
    """Ports that are free for UDP and TCP, and so is the port above each, where TLS goes."""
    with ExitStack() as held:
        pairs = (port for port in _candidates() if _hold(held, port) and _hold(held, port + 1))
        return [next(pairs) for _ in range(count)]


def _candidates() -> Iterator[int]:
    """Ports the system has just found free; the pair lies well apart from the one it will find next."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        if port < 65_535:
            yield port


def _hold(held: ExitStack, port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        sock = held.enter_context(socket.socket(socket.AF_INET, kind))
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return True
