"""What we read in an ISUP message, against what Wireshark's dissector reads in it."""

import subprocess
from pathlib import Path
from random import Random

import pytest

from b2bua.identity.isup import read_isup
from tests.b2bua.identity.making_isup import (
    GENERIC,
    MULTIPART,
    TYPE,
    Parameter,
    Spoken,
    acm,
    anm,
    cpg,
    iam,
    inf,
    rel,
    sip_i,
)
from tests.peers.waiting import LONG
from tests.peers.wire import Datagram, write_pcap

pytestmark = pytest.mark.peer("tshark")

#: The dissector's name of each number, by parameter code.
NAMES = {
    0x0A: "isup.calling",
    0x0B: "isup.redirecting",
    0x0C: "isup.redirection_number",
    0x21: "isup.connected_number",
    0x28: "isup.original_called_number",
    0x3F: "isup.location_number",
    0x45: "isup.call_transfer_number",
    0x6F: "isup.called_in_number",
    GENERIC: "isup.generic_number",
}
NATURE, PLAN = "isup.calling_party_nature_of_address_indicator", "isup.numbering_plan_indicator"
PRESENTATION, QUALIFIER = "isup.address_presentation_restricted_indicator", "isup.number_qualifier_indicator"
FIELDS = ("isup.message_type", QUALIFIER, *NAMES.values(), "_ws.malformed")
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"


def dissected(messages: list[bytes], folder: Path, *fields: str) -> list[dict[str, list[str]]]:
    """Each field of each message, as often as it stands there; half of them are bodies, the others parts."""
    datagrams = []
    for at, octets in enumerate(messages):
        kind, body = (TYPE, octets) if at % 2 else (MULTIPART, sip_i(SDP, octets))
        head = (
            "INFO sip:a@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n"
            f"To: <sip:b@x>;tag=2\r\nCall-ID: c\r\nCSeq: {at + 1} INFO\r\nMax-Forwards: 70\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        data = head.encode() + body
        datagrams.append(Datagram(at=float(at), side="any", host="127.0.0.1", port=6000, emitted=True, data=data))
    write_pcap(folder / "isup.pcap", datagrams, {"any": ("127.0.0.1", 5060)})
    command = ["tshark", "-n", "-r", str(folder / "isup.pcap"), "-d", "udp.port==5060,sip", "-T", "fields"]
    command += ["-E", "separator=|", *(word for field in fields for word in ("-e", field))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=True)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert len(rows) == len(messages)
    return [
        {field: value.split(",") if value else [] for field, value in zip(fields, row, strict=True)} for row in rows
    ]


def parameters(random: Random) -> list[Parameter]:
    """Numbers of any kind, each but the generic one at most once, with others between them."""
    found: list[Parameter] = []
    for code in random.sample(sorted(NAMES), random.randint(1, 5)):
        written = Spoken(
            "".join(random.choices("0123456789", k=random.randint(1, 16))),
            nature=random.choice((1, 2, 3, 4)),
            plan=random.choice((1, 1, 1, 3, 4)),
            presentation=random.choice((0, 1)),
        )
        qualifier = bytes([random.choice((1, 5, 6, 7, 8, 9))]) if code == GENERIC else b""
        found.append((code, qualifier + written.content))
        found.append(random.choice([(0x3D, b"\x14"), (0x39, b"\x0a\x80"), (0x1D, b"\x80\x90\xa3")]))
    return found


@pytest.mark.law("¶9", "L11")
def test_both_read_the_same_numbers(tmp_path: Path) -> None:
    random = Random(7)
    builds = (iam, acm, cpg, anm, inf, rel)
    messages = [builds[at % len(builds)](*parameters(random)) for at in range(120)]
    told = dissected(messages, tmp_path, *FIELDS)
    for octets, theirs in zip(messages, told, strict=True):
        ours = read_isup(octets)
        assert theirs["_ws.malformed"] == []
        assert [int(kind, 0) for kind in theirs["isup.message_type"]] == [ours.kind]
        for code, name in NAMES.items():
            assert theirs[name] == [one.digits for one in ours.numbers if one.parameter == code], octets.hex()
        qualifiers = [one.qualifier for one in ours.numbers if one.qualifier is not None]
        assert [int(value, 0) for value in theirs[QUALIFIER]] == qualifiers


def test_both_read_the_same_indicators(tmp_path: Path) -> None:
    messages = [
        iam((0x0A, Spoken("33612345678", nature, plan, presentation).content), called="")
        for nature in (1, 2, 3, 4, 5)
        for plan in (1, 3, 4, 5, 6)
        for presentation in (0, 1, 2)
    ]
    for octets, theirs in zip(messages, dissected(messages, tmp_path, NATURE, PLAN, PRESENTATION), strict=True):
        (ours,) = read_isup(octets).numbers
        # The called number has a plan too, and stands first.
        assert [int(value, 0) for value in theirs[NATURE]] == [ours.nature]
        assert [int(value, 0) for value in theirs[PLAN]] == [1, ours.plan]
        assert [int(value, 0) for value in theirs[PRESENTATION]] == [ours.presentation]
