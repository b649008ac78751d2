"""SIPp plays ladders (`ladders.py`) over UDP and TCP; it fails when the other side leaves the ladder."""

import re
from pathlib import Path

import attrs

from tests.peers.waiting import LONG, until
from tests.sipstack.peers.process import HOST, PATIENCE, Process, free_pairs

#: Seconds after which SIPp itself gives up.
TIMEOUT = 20
_MODES = {"udp": "u1", "tcp": "t1"}


@attrs.define(eq=False, kw_only=True)
class Sipp:
    """One SIPp with one ladder and one call."""

    port: int
    transport: str
    process: Process
    timeout: int

    @classmethod
    def start(
        cls, folder: Path, transport: str, ladder: str, remote: int | None = None, *, timeout: int = TIMEOUT
    ) -> "Sipp":
        """Calls that port; without one it waits to be called, and listens when this returns."""
        folder.mkdir(parents=True)
        (folder / "ladder.xml").write_text(ladder)
        (port,) = free_pairs(1)
        command = ["sipp", "-sf", "ladder.xml", "-t", _MODES[transport], "-i", HOST, "-p", str(port), "-m", "1"]
        command += ["-nostdin", "-max_socket", "16", "-timeout", str(timeout), "-timeout_error"]
        command += ["-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages"]
        if remote is not None:
            command.append(f"{HOST}:{remote}")
        sipp = cls(port=port, transport=transport, process=Process.start(command, folder), timeout=timeout)
        if remote is None:
            listening = {transport: (port,)}
            sipp.process.listens(**listening)
        return sipp

    def uri(self, user: str = "sipp") -> str:
        """Where it is called."""
        return f"sip:{user}@{HOST}:{self.port};transport={self.transport}"

    @property
    def messages(self) -> str:
        """All it sent and received, in its own words."""
        return self._read("messages")

    def sends(self, start: str, times: int = 1) -> None:
        """Waits until it has sent that many messages with that start."""
        sent = re.compile(rf"message sent \(\d+ bytes\):\n\n{re.escape(start)}")

        def seen() -> bool:
            return len(sent.findall(self.messages)) >= times

        until(seen, f"SIPp sends {start!r} {times} times", PATIENCE)

    def finishes(self) -> None:
        """Waits until it is done; its call has gone as the ladder says."""
        code = self.process.popen.wait(self.timeout + LONG)
        told = f"{self._read('errors')}\n{self.messages[-8000:]}\n{self.process.said[-1000:]}"
        assert code == 0, f"SIPp over {self.transport} ended with {code}:\n{told}"

    def _read(self, name: str) -> str:
        path = self.process.folder / name
        return path.read_bytes().decode(errors="backslashreplace") if path.exists() else ""

    def close(self) -> None:
        """It may have finished before."""
        self.process.close()
