"""What crosses is read by a foreign parser with the same headers that we believe to have sent."""

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.faults.bare import Bare, invite
from tests.peers.waiting import LONG
from tests.peers.wire import Datagram, write_pcap

POISON: dict[str, list[tuple[str, str]]] = {
    "an escaped line end in a user part": [("P-Asserted-Identity", "<sip:a%0d%0aX-Evil:%20b@c>")],
    "an escaped line end in a display name": [("P-Asserted-Identity", '"a%0d%0aX-Evil: b" <sip:a@c>')],
    "a quoted line end": [("X-A", '"a\\\r\n X-Evil: b"')],
    "a bare CR": [("X-A", "a\rX-Evil: b")],
    "a bare CR in a display name": [("P-Asserted-Identity", '"a\rX-Evil: b" <sip:a@c>')],
    "a bare LF": [("X-A", "a\nX-Evil: b")],
    "a bare LF and a blank": [("X-A", "a\n X-Evil: b")],
    "NUL": [("X-A", "a\0b")],
    "a fold before Content-Length": [("X-A", "a\r\n ")],
    "a fold that is a header": [("X-A", "a\r\n Content-Length: 999")],
    "a second Content-Length": [("Content-Length", "5")],
    "a second Content-Length in short": [("l", "0")],
    "an overlong line end": [("X-A", "a\udcc0\udc8d\udcc0\udc8aX-Evil: b")],
    "a next line": [("X-A", "a\x85X-Evil: b\u2028X-Evil: c")],
    "vertical space": [("X-A", "a\x0bX-Evil: b\x0cX-Evil: c")],
    "blanks before the colon": [("X-A ", "a")],
    "a name with an escape": [("X-%0d%0aX-Evil", "a")],
    "no octet that is text": [("X-A", "\udcff\udcfe\udc80")],
    "nothing": [("X-A", "")],
}


def crossed(headers: list[tuple[str, str]], body: bytes = b"v=0\r\n") -> bytes | None:
    """What the callee gets."""
    bare = Bare(keep=True)
    bare.hear(invite(1, headers=headers, body=body))
    placed = [send.data for send in bare.sent if send.data.startswith(b"INVITE")]
    return placed[0] if placed else None


def believed(data: bytes) -> list[str]:
    """The names of the lines, for one who knows nothing but CRLF and folds."""
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    return [line.partition(":")[0].strip() for line in head.split("\r\n")[1:] if line[:1] not in " \t"]


def is_generated(header: ElementTree.Element) -> bool:
    """Whether the dissector adds it of its own."""
    return header.get("name", "").endswith("_generated")


def test_no_line_ends_but_by_crlf() -> None:
    for kind, headers in POISON.items():
        data = crossed(headers)
        if data is not None:
            head = data.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"")
            assert not set(head) & set(b"\r\n\0"), kind


def test_a_message_has_one_length_and_it_is_true() -> None:
    for kind, headers in POISON.items():
        data = crossed(headers)
        if data is not None:
            names = [name.lower() for name in believed(data)]
            assert names.count("content-length") + names.count("l") == 1, kind
            body = data.partition(b"\r\n\r\n")[2]
            assert b"\r\nContent-Length: %d\r\n" % len(body) in data, kind


@pytest.mark.parametrize("stated", [0, 3])
def test_what_stands_beyond_the_stated_length_stays_behind(stated: int) -> None:
    bare = Bare(keep=True)
    body = b"v=0\r\nX-Evil: b\r\n"
    true, lying = (b"Content-Length: %d\r\n" % length for length in (len(body), stated))
    bare.hear(invite(1, body=body).replace(true, lying))
    (placed,) = [send.data for send in bare.sent if send.data.startswith(b"INVITE")]
    assert placed.partition(b"\r\n\r\n")[2] == b"v=0\r\n"[:stated]


@pytest.mark.peer("tshark")
def test_the_dissector_reads_the_headers_that_we_believe_to_have_sent(tmp_path: Path) -> None:
    messages = [data for data in map(crossed, POISON.values()) if data is not None]
    assert len(messages) > len(POISON) // 2
    datagrams = [
        Datagram(at=float(at), side="home", host="198.51.100.1", port=5060, emitted=True, data=data)
        for at, data in enumerate(messages)
    ]
    write_pcap(tmp_path / "poison.pcap", datagrams, {"home": ("198.51.100.10", 5060)})
    command = ["tshark", "-n", "-r", str(tmp_path / "poison.pcap"), "-d", "udp.port==5060,sip", "-T", "pdml"]
    done = subprocess.run(command, capture_output=True, timeout=LONG, check=True)
    packets = ElementTree.fromstring(done.stdout).findall("packet")
    assert len(packets) == len(messages)
    for packet, data in zip(packets, messages, strict=True):
        headers = packet.findall("./proto[@name='sip']/field[@name='sip.msg_hdr']/field")
        lines = [bytes.fromhex(header.get("value", "")) for header in headers if not is_generated(header)]
        names = [line.partition(b":")[0].decode().strip() for line in lines]
        assert names == believed(data)
