"""Kamailio and its `sanity` module: each request gets its verdict, 299 for a sound one, over UDP on loopback.

Requests alone, and no ACK: nobody answers the others.
"""

import re
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

import attrs

from tests.sipstack.peers.process import HOST, PATIENCE, Process, free_pairs

SOUND = b"SIP/2.0 299 "
_BRANCH = re.compile(rb"branch=([^;\s]+)", re.IGNORECASE)


@attrs.frozen(eq=False)
class Kamailio:
    """One Kamailio that judges requests on `port`."""

    port: int
    process: Process

    @classmethod
    def start(cls, folder: Path) -> "Kamailio":
        """It listens when this returns."""
        folder.mkdir(parents=True, exist_ok=True)
        (port,) = free_pairs(1)
        (folder / "sanity.cfg").write_text(_CONFIGURATION.format(host=HOST, port=port))
        program = shutil.which("kamailio")
        assert program is not None
        sizes = ["-m", "32", "-M", "8"]
        command = [program, "-f", "sanity.cfg", "-DD", "-E", *sizes, "-P", str(folder / "pid"), "-Y", str(folder)]
        kamailio = cls(port, Process.start(command, folder))
        kamailio.process.listens(udp=(port,))
        return kamailio

    def objections(self, messages: Sequence[bytes], patience: float = PATIENCE) -> list[str]:
        """What it has against any of these requests; it is not asked about responses and ACKs. Where it cannot answer
        it says nothing, which shows after `patience` seconds."""
        asked = [data for data in messages if not data.startswith((b"SIP/2.0 ", b"ACK "))]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((HOST, 0))
            sock.settimeout(patience)
            return [f"{said!r}: {data!r}" for data in asked if (said := self._verdict(sock, data))]

    def _verdict(self, sock: socket.socket, data: bytes) -> str:
        """ "" for a sound request."""
        sock.sendto(data, (HOST, self.port))
        branch = _BRANCH.search(data)
        while True:
            try:
                answer = sock.recv(65_535)
            except TimeoutError:
                return "silence"
            told = _BRANCH.search(answer)
            if branch is None or (told is not None and told[1] == branch[1]):
                return "" if answer.startswith(SOUND) else answer.partition(b"\r\n")[0].decode(errors="replace")

    def close(self) -> None:
        """With its children."""
        self.process.close()


# The masks: every check of a request but that of the Via's protocol alone, which is not built in, and all three of the
# URIs (the module's README, "sanity_check").
_CONFIGURATION = """
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:{host}:{port}

loadmodule "sl.so"
loadmodule "sanity.so"

request_route {{
  force_rport();
  if (!sanity_check("17895", "7")) {{ exit; }}
  sl_send_reply("299", "Sound");
  exit;
}}
"""
