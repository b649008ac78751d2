"""Everything the daemon emits, before Wireshark's SIP dissector."""

import subprocess
from pathlib import Path

import pytest

from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.peers.waiting import LONG
from tests.peers.wire import Datagram, write_pcap

pytestmark = pytest.mark.peer("sipp", "tshark")

#: Wireshark's severities: note is 0x400000, warning 0x600000, error 0x800000.
WARNING = 0x600000


def objections(capture: Path, ports: list[int]) -> tuple[int, list[str]]:
    """How many packets are SIP to tshark, and what it has against any."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "separator=|"]
    for port in ports:
        command += ["-d", f"udp.port=={port},sip"]
    for field in ("sip.Method", "sip.Status-Code", "_ws.expert.severity", "_ws.expert.message", "_ws.malformed"):
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=True)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    bad = [" | ".join(row) for row in rows if row[4] or any(int(s) >= WARNING for s in row[2].split(",") if s)]
    return sum(bool(row[0] or row[1]) for row in rows), bad


def mix(rig: Rig) -> list[Datagram]:
    """A call of every kind, one after the other."""
    geographic, unverifiable = "<sip:+3225551212@foreign.example>", "<sip:+32470666666@foreign.example>"
    rig.call("a-calls", "b-answers")
    rig.call("a-calls", "b-answers", NATIONAL)
    rig.call("a-is-hung-up", "b-hangs-up")
    rig.call("a-calls", "b-answers", caller=unverifiable, extra=f"P-Asserted-Identity: {unverifiable}")
    rig.finish(rig.play("a-is-refused-at-once", FOREIGN, status="603", caller=geographic))
    rig.call("a-cancels-ringing", "b-is-cancelled")
    rig.call("a-offers-nothing", "b-offers")
    rig.call("a-changes-the-session", "b-hears-a-new-offer")
    rig.call("a-hears-in-the-dialog", "b-sends-in-the-dialog", method="UPDATE")
    rig.call("a-acknowledges-ringing", "b-rings-reliably", extra="Supported: 100rel")
    rig.call("a-is-refused", "b-refuses", code="486", status="486")
    rig.call("a-is-refused", "b-refuses", code="302", status="480")
    for method, status in (("OPTIONS", "200"), ("REGISTER", "405"), ("BREW", "501"), ("BYE", "481")):
        rig.finish(rig.play("a-asks-outside", FOREIGN, method=method, status=status))
    return [datagram for datagram in rig.trace if datagram.emitted]


def test_the_dissector_has_nothing_against_what_the_daemon_emits(rig: Rig, tmp_path: Path) -> None:
    emitted = mix(rig)
    write_pcap(tmp_path / "emitted.pcap", emitted, rig.ours)
    seen, bad = objections(tmp_path / "emitted.pcap", [rig.foreign.listen, rig.national.listen])
    assert bad == []
    assert seen == len(emitted) > 80


def test_the_dissector_would_object(tmp_path: Path) -> None:
    lines = (
        "OPTIONS sip:box.example SIP/2.0",
        "Via: SIP/2.0/UDP [::1]:5060;branch=z9hG4bKsound",
        "From: <sip:a@a.example>;tag=1",
        "To: <sip:box.example>",
        "Call-ID: sound",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
        "\r\n",
    )
    sound = "\r\n".join(lines).encode()
    damaged = [sound[:90], sound[:-4], sound.replace(b"CSeq: ", b"CSeq "), sound.replace(b"Length: 0", b"Length: x")]
    datagrams = [
        Datagram(at=float(at), side=NATIONAL, host="::1", port=6000, emitted=True, data=data)
        for at, data in enumerate([sound, *damaged])
    ]
    write_pcap(tmp_path / "damaged.pcap", datagrams, {NATIONAL: ("::1", 5060)})
    seen, bad = objections(tmp_path / "damaged.pcap", [5060])
    assert (seen, len(bad)) == (5, 4)
