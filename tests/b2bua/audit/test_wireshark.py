"""The INVITEs that are found, beside those that Wireshark finds in the same file."""

import random
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from b2bua.audit.capture import Capture
from b2bua.audit.traffic import Traffic
from sipstack.errors import ParseError
from sipstack.message import Request, parse
from tests.b2bua.audit.making import (
    ETHERNET,
    GEOGRAPHIC,
    NULL,
    RAW,
    SLL,
    SLL2,
    SOURCE,
    SOURCE_6,
    audited,
    fragments,
    fragments_6,
    framed,
    invite,
    pcap,
    pcapng,
    tcp,
    udp,
)
from tests.peers.waiting import LONG, until

pytestmark = pytest.mark.peer("tshark")

Found = list[tuple[int, str]]


def ours(path: Path) -> Found:
    """Packet and Call-ID of every INVITE."""
    found = []
    with path.open("rb") as file:
        for message in Traffic(Capture.open(file, path.name)).messages():
            try:
                request = parse(message.data)
            except ParseError:
                continue
            if isinstance(request, Request) and request.method == "INVITE":
                found.append((message.packet, request.call_id))
    return sorted(found)


def theirs(path: Path, port: int = 5060) -> Found:
    """The same by Wireshark's dissector, its reassembly of streams out of order switched on."""
    command = ["tshark", "-n", "-r", str(path), "-Y", 'sip.Method == "INVITE"', "-T", "fields"]
    command += ["-o", "tcp.reassemble_out_of_order:TRUE", "-o", "ip.defragment:TRUE"]
    command += ["-d", f"udp.port=={port},sip", "-d", f"tcp.port=={port},sip"]
    command += ["-e", "frame.number", "-e", "sip.Call-ID"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return sorted((int(number), call) for number, calls in rows for call in calls.split(","))


def mixture(dice: random.Random) -> list[bytes]:
    """Calls over UDP whole and in fragments, over TCP in pieces, over IPv4 and IPv6, and what is none."""
    packets = [udp(invite(call=f"udp-{n}"), dice.choice([SOURCE, SOURCE_6])) for n in range(20)]
    for n in range(6):
        packets += fragments(udp(invite(call=f"fragments-{n}")), dice.choice([80, 160, 240]), n)
        packets += fragments_6(udp(invite(call=f"fragments-6-{n}"), SOURCE_6), dice.choice([80, 160, 240]), n)
    packets += [udp(b"OPTIONS sip:a@x SIP/2.0\r\nCall-ID: o\r\n\r\n"), udp(b"\x80" * 172, sport=30_000, dport=30_000)]
    for n, source in enumerate([SOURCE, SOURCE_6, SOURCE]):
        whole = b"".join(invite(call=f"tcp-{n}-{m}") for m in range(8))
        size = dice.randrange(60, 700)
        packets.append(tcp(b"", 999, 2, 41_000 + n, source))
        packets += [
            tcp(whole[at : at + size], 1_000 + at, sport=41_000 + n, source=source) for at in range(0, len(whole), size)
        ]
    return packets


@pytest.mark.parametrize(
    ("link", "write"), [(ETHERNET, pcap), (NULL, pcap), (RAW, pcapng), (SLL, pcap), (SLL2, pcapng)]
)
def test_wireshark_finds_the_same_invites_in_the_same_packets(
    link: int, write: Callable[..., bytes], tmp_path: Path
) -> None:
    path = tmp_path / "traffic.pcap"
    path.write_bytes(write([framed(link, packet) for packet in mixture(random.Random(link))], link))
    found = ours(path)
    assert len(found) == 20 + 12 + 24
    assert found == theirs(path)


def test_wireshark_finds_the_same_invites_in_a_stream_out_of_order(tmp_path: Path) -> None:
    whole = b"".join(invite(call=f"m{n}") for n in range(12))
    parts = [tcp(whole[at : at + 180], 1_000 + at) for at in range(0, len(whole), 180)]
    parts[3], parts[4] = parts[4], parts[3]
    parts.insert(9, parts[7])
    path = tmp_path / "traffic.pcap"
    path.write_bytes(pcap([tcp(b"", 999, 2), *parts]))
    found = ours(path)
    assert {call for _, call in found} == {f"m{n}" for n in range(12)}
    assert {call for _, call in found} == {call for _, call in theirs(path)}


# What was really on a wire.


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def captured(folder: Path, transport: str, calls: int) -> tuple[Path, int]:
    """Calls of SIPp to SIPp on the loopback, as dumpcap keeps them, and their port; skips where it may not listen."""
    path, port = folder / "wire.pcapng", free_port()
    listening = subprocess.Popen(
        ["dumpcap", "-q", "-i", "lo", "-w", str(path), "-f", f"port {port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    sipp = ["sipp", "-nostdin", "-t", transport, "-i", "127.0.0.1", "-m", str(calls), "-timeout", "30"]
    try:
        if not path_appears(path, listening):
            pytest.skip("dumpcap may not capture here")
        answering = subprocess.Popen([*sipp, "-sn", "uas", "-p", str(port)], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            until(lambda: is_heard(port), "SIPp listens")
            asking = [*sipp, "-sn", "uac", "-d", "10", "-r", "50", f"127.0.0.1:{port}"]
            done = subprocess.run(asking, cwd=folder, stdout=subprocess.DEVNULL, timeout=LONG, check=False)
            assert done.returncode == 0
        finally:
            answering.kill()
            answering.wait()
        until(lambda: len(theirs(path, port)) >= calls, "the capture is written", every=0.2)
    finally:
        listening.terminate()
        listening.communicate(timeout=LONG)
    return path, port


def is_heard(port: int) -> bool:
    """Whether somebody listens there, over UDP or TCP."""
    wanted = f":{port:04X} "
    return any(wanted in Path(f"/proc/net/{table}").read_text() for table in ("udp", "tcp"))


def path_appears(path: Path, listening: "subprocess.Popen[str]") -> bool:
    """Whether it captures; it has written the head of its file when it does."""
    until(lambda: listening.poll() is not None or (path.exists() and path.stat().st_size > 0), "dumpcap")
    return listening.poll() is None


@pytest.mark.peer("sipp", "dumpcap")
@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_calls_of_a_real_peer_are_found_on_a_real_interface(transport: str, tmp_path: Path) -> None:
    path, port = captured(tmp_path, transport, 10)
    found = ours(path)
    assert len({call for _, call in found}) == 10
    assert found == theirs(path, port)
    report = audited(path.read_bytes())
    assert (report.verdicts.total(), report.seen.damage) == (10, None)


def test_a_forbidden_number_in_what_wireshark_wrote_is_blocked(tmp_path: Path) -> None:
    """A file that passes through Wireshark's own writer, as those that are filtered or merged do."""
    path, again = tmp_path / "a.pcap", tmp_path / "b.pcapng"
    path.write_bytes(pcap([framed(ETHERNET, udp(invite(GEOGRAPHIC)))], ETHERNET))
    subprocess.run(["tshark", "-r", str(path), "-w", str(again)], capture_output=True, timeout=LONG, check=True)
    assert audited(again.read_bytes()).verdicts == {"block": 1}
