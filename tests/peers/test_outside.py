"""What comes from nowhere: outside a dialog, from a stranger, or not SIP at all."""

import random

import pytest

from tests.peers.ports import bound
from tests.peers.rig import FOREIGN, NATIONAL, Rig, Side
from tests.peers.waiting import until

pytestmark = pytest.mark.peer("sipp")

ALLOW = '<ereg regexp="INVITE.*OPTIONS" search_in="hdr" header="Allow:" check_it="true" assign_to="seen"/>'


OUTSIDE = [
    ("OPTIONS", 200, "", ALLOW),
    ("REGISTER", 405, "", ALLOW),
    ("SUBSCRIBE", 405, "", ALLOW),
    ("PUBLISH", 405, "", ALLOW),
    ("BREW", 501, "", ""),
    ("BYE", 481, "", ""),
    ("CANCEL", 481, "", ""),
    ("INFO", 481, ";tag=nobody", ""),
    ("BYE", 481, ";tag=nobody", ""),
]


@pytest.mark.parametrize(
    ("method", "status", "tag", "seen"), OUTSIDE, ids=[f"{method}{tag}" for method, _, tag, _ in OUTSIDE]
)
def test_a_request_outside_any_call_is_answered(rig: Rig, method: str, status: int, tag: str, seen: str) -> None:
    rig.finish(rig.play("a-asks-outside", FOREIGN, method=method, status=str(status), totag=tag, seen=seen))
    assert rig.box.journal("verdict") == []


def options(side: Side, port: int) -> bytes:
    own = side.address(port)
    lines = (
        "OPTIONS sip:box.example SIP/2.0",
        f"Via: SIP/2.0/UDP {own};branch=z9hG4bKstranger",
        f"From: <sip:stranger@{own}>;tag=1",
        "To: <sip:box.example>",
        "Call-ID: stranger",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "\r\n",
    )
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("at", [FOREIGN, NATIONAL])
def test_a_stranger_is_counted_and_hears_nothing(rig: Rig, at: str) -> None:
    side = rig.side(at)
    box = side.host, side.listen
    with bound(side.host, side.stranger) as stranger, bound(side.host, side.odd) as peer:
        stranger.sendto(options(side, side.stranger), box)
        name = side.address(side.listen)
        until(lambda: rig.box.statistics()["sockets"].get(name) == {"unknown source": 1}, "it is counted")
        # A peer that asks after it is answered; the stranger still has heard nothing.
        peer.sendto(options(side, side.odd), box)
        assert peer.recv(65_535).startswith(b"SIP/2.0 200 OK")
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(65_535)


def damaged(seed: int, side: Side) -> bytes:
    """A datagram that is no sound request: noise, or a sound one torn, spliced or with bytes changed."""
    chance = random.Random(seed)
    sound = options(side, side.odd)
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(1, 1_500))
    data = bytearray(sound)
    for _ in range(chance.randrange(1, 9)):
        place = chance.randrange(len(data))
        kind = chance.randrange(4)
        if kind == 0:
            data[place] = chance.randrange(256)
        elif kind == 1:
            del data[place : place + chance.randrange(1, 40)]
            data += b"\r\n"
        elif kind == 2:
            data[place:place] = chance.choice((b"\0", b"\r", b"\n", b"\xff", b";" * 50, b'"', b"<" * 9, b"9" * 40))
        else:
            data = data[:place] + bytearray(sound[place:]) + data[place:]
    return bytes(data)


def test_damaged_datagrams_do_not_disturb_the_calls_around_them(fresh: Rig) -> None:
    fresh.start(t1_ms=500)
    b = fresh.load("b-answers", NATIONAL, calls=300)
    a = fresh.load("a-calls", FOREIGN, calls=300, rate=150)
    sent = 0
    with bound(fresh.foreign.host, fresh.foreign.odd) as abroad, bound(fresh.national.host, fresh.national.odd) as home:
        while a.process.poll() is None:
            for sock, side in ((abroad, fresh.foreign), (home, fresh.national)):
                sock.sendto(damaged(sent, side), (side.host, side.listen))
                sent += 1
            # A sound question with each pair, and its answer, so that the noise keeps to the pace of the box.
            branch = b"z9hG4bK%d;" % sent
            question = options(fresh.national, fresh.national.odd).replace(b"z9hG4bKstranger", branch)
            home.sendto(question, (fresh.national.host, fresh.national.listen))
            while branch not in home.recv(65_535):
                pass
    fresh.finish(a, b)
    assert sent > 300
    counters = fresh.box.statistics()["counters"]
    assert counters["drop: unparsable"] > 0
    assert fresh.box.causes() == ["BYE"] * 300
