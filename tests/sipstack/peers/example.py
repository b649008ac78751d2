"""The user agents of `examples/`, as processes of their own."""

import sys
from pathlib import Path

import attrs

from tests.sipstack.peers.certificates import Certificates
from tests.sipstack.peers.process import HOST, Process, free_pairs

EXAMPLES = Path(__file__).parents[3] / "examples"
_LAST_LINE = "asyncio.run(serve(application, *sys.argv[1:]))"
_WITH_TLS = """
from sipstack.net import Certificate, Clients, Tls
tls = Tls.load([Certificate({certificate!r}, {key!r})], {authority!r}, Clients.ASKED)
asyncio.run(serve(application, *sys.argv[1:], tls=tls))
"""
_ANSWERS = "[*call.ring(now), *call.answer(SDP, now)]"
_RINGS = "call.ring(now)"


@attrs.define(eq=False)
class Example:
    """`examples/ua.py` on UDP and TCP, and with the line that a certificate takes, on TLS."""

    port: int
    process: Process

    @classmethod
    def start(cls, folder: Path, certificates: Certificates, *, rings: bool = False) -> "Example":
        """It takes calls when this returns; with `rings` it does no more than ring."""
        text = (EXAMPLES / "ua.py").read_text()
        shown = certificates.ours
        tls = _WITH_TLS.format(
            certificate=str(shown.certificate), key=str(shown.key), authority=str(certificates.authority)
        )
        text = _changed(text, _LAST_LINE, tls)
        if rings:
            text = _changed(text, _ANSWERS, _RINGS)
        folder.mkdir(parents=True)
        (folder / "ua.py").write_text(text)
        (port,) = free_pairs(1)
        addresses = (f"udp:{HOST}:{port}", f"tcp:{HOST}:{port}", f"tls:{HOST}:{port + 1}")
        process = Process.start([sys.executable, "ua.py", *addresses], folder)
        process.listens(tcp=(port, port + 1), udp=(port,))
        return cls(port, process)

    def uri(self, transport: str) -> str:
        """Where it is called over that transport."""
        return f"sip:ua@{HOST}:{self.port + (transport == 'tls')};transport={transport}"

    def close(self) -> None:
        """It runs until it is ended; until then it has complained of nothing."""
        complaints = self.process.said
        self.process.close()
        assert complaints == ""


def _changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"the example no longer says {old!r}"
    return text.replace(old, new)
