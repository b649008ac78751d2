"""Wireshark's SIP dissector: what it marks in a message, when it takes it for SIP at all."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.peers.waiting import LONG
from tests.peers.wire import Datagram, write_pcap

#: Wireshark's severities: note is 0x400000, warning 0x600000, error 0x800000. A repetition is worth a note to it.
WARNING = 0x600000
_FIELDS = ("sip.Method", "sip.Status-Code", "_ws.expert.severity", "_ws.expert.message", "_ws.malformed")
_PORT = 5060


def objections(messages: Sequence[bytes], folder: Path) -> list[str]:
    """What it has against any of these datagrams."""
    datagrams = [
        Datagram(at=float(at), side="any", host="127.0.0.1", port=6000, emitted=True, data=data)
        for at, data in enumerate(messages)
    ]
    write_pcap(folder / "messages.pcap", datagrams, {"any": ("127.0.0.1", _PORT)})
    rows = _dissected(folder / "messages.pcap")
    assert len(rows) == len(messages)
    return [f"{row}: {data!r}" for row, data in zip(rows, messages, strict=True) if row]


def _dissected(capture: Path) -> list[str]:
    command = ["tshark", "-n", "-r", str(capture), "-d", f"udp.port=={_PORT},sip", "-T", "fields", "-E", "separator=|"]
    for field in _FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=True)
    return [_objection(line) for line in done.stdout.splitlines()]


def _objection(line: str) -> str:
    method, status, severities, _, malformed = line.split("|")
    if not (method or status):
        return "no SIP"
    bad = malformed or any(int(severity) >= WARNING for severity in severities.split(",") if severity)
    return line if bad else ""
