"""The peers' configurations, in the peers themselves: each test is skipped where its peer is not."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bench.boxes import Box
from bench.peers import forwarders, servers
from bench.peers.offer import NotHereError, Offer, Settings
from bench.processes import Cores, free_ports

OFFERS = {
    "kamailio": servers.kamailio,
    "opensips": servers.opensips,
    "yate": servers.yate,
    "asterisk": servers.asterisk,
}
INVITE = """\
INVITE sip:+3293330000@127.0.0.1:{front} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{caller};branch=z9hG4bK-{key}
Max-Forwards: 70
From: <sip:{presented}@127.0.0.1:{caller}>;tag={key}
To: <sip:+3293330000@127.0.0.1:{front}>
Call-ID: {key}@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:caller@127.0.0.1:{caller}>
P-Asserted-Identity: <sip:{asserted}@127.0.0.1:{caller}>
Content-Length: 0

"""
FOREIGN = "+442079460000"


@pytest.fixture(
    params=[
        pytest.param("kamailio", marks=pytest.mark.peer("kamailio")),
        "opensips",
        "yate",
        "asterisk",
    ]
)
def box(request, tmp_path) -> Iterator[Box]:
    try:
        offer = OFFERS[request.param](Settings())
    except NotHereError as reason:
        pytest.skip(f"{request.param} is not here: {reason}")
    with offer.start(tmp_path, Cores.choose().box) as started:
        yield started


@pytest.fixture
def caller() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(0.5)
        yield made


def final(caller: socket.socket, box: Box, presented: str, asserted: str) -> str:
    """The status of what is not provisional; the callee is silent, so only a refusal is."""
    while (status := said(caller, box, caller, presented, asserted).split(b" ", 2)[1]).startswith(b"1"):
        pass
    return status.decode()


def said(heard: socket.socket, box: Box, caller: socket.socket, presented: str, asserted: str) -> bytes:
    """What comes after an INVITE, which is sent again meanwhile (RFC 3261 17.1.1.2): some listen before they answer."""
    port, key = caller.getsockname()[1], f"{presented}{asserted}".replace("+", "p")
    text = INVITE.format(front=box.ports.front, caller=port, key=key, presented=presented, asserted=asserted)
    for _ in range(20):
        caller.sendto(text.replace("\n", "\r\n").encode(), ("127.0.0.1", box.ports.front))
        with suppress(TimeoutError):
            return heard.recv(65_535)
    raise AssertionError("nothing came")


def test_a_belgian_number_in_from_or_p_asserted_identity_is_refused_and_a_foreign_one_sent_on(box, caller) -> None:
    for presented, asserted in (("+3223456789", FOREIGN), (FOREIGN, "+3223456789"), ("003223456789", FOREIGN)):
        assert final(caller, box, presented, asserted) in ("603", "403"), (presented, asserted)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as callee:
        callee.bind(("127.0.0.1", box.ports.callee))
        callee.settimeout(0.5)

        assert said(callee, box, caller, FOREIGN, FOREIGN).startswith(b"INVITE sip:+3293330000@127.0.0.1")


def in_c(folder) -> Offer:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    return forwarders.in_c(Settings(scratch=folder / "scratch"))


def on_uvloop(folder) -> Offer:
    return forwarders.on_uvloop(Settings(scratch=folder / "scratch"))


@pytest.mark.parametrize("offered", [in_c, on_uvloop])
def test_a_forwarder_forwards_both_ways_and_changes_nothing(tmp_path, caller, offered) -> None:
    with (
        offered(tmp_path).start(tmp_path, Cores.choose().box) as box,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as callee,
    ):
        callee.bind(("127.0.0.1", box.ports.callee))
        callee.settimeout(5)
        for data in (b"there", b"", b"x" * 60_000):
            caller.sendto(data, ("127.0.0.1", box.ports.front))
            assert callee.recvfrom(65_535) == (data, ("127.0.0.1", box.ports.back))
            callee.sendto(b"and back" + data, ("127.0.0.1", box.ports.back))
            assert caller.recvfrom(65_535) == (b"and back" + data, ("127.0.0.1", box.ports.front))


def test_the_forwarder_in_c_says_when_its_port_is_taken(tmp_path) -> None:
    in_c(tmp_path)
    front, back, callee = free_ports(3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", front))
        program = str(tmp_path / "scratch" / "forwarder")
        done = subprocess.run(
            [program, str(front), str(back), str(callee)], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
