"""Media through the daemon between SIPps: the callee sends back what it hears, the caller has it octet for octet."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from b2bua.media import Description
from tests.peers.ports import bound, free_ports
from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.peers.rtpengine import EAST, WEST, boxed
from tests.peers.sipp import Sipp
from tests.peers.waiting import LONG, until

pytestmark = pytest.mark.peer("sipp")

#: RTP with every octet there is, and what is none.
PACKETS = [b"\x80\x08" + number.to_bytes(2, "big") + bytes(range(168)) for number in range(20)]
PACKETS += [b"\x00\x07\x06\xc0\x01\x80\x00\xff", b"\xff" * 1_200]
AUDIO, FAX = "audio {} RTP/AVP 8", "image {} udptl t38"
#: Below the ports that the system lends to those who ask for any.
RANGE = "first_port = 20000\nlast_port = 20999"


def told(sipp: Sipp) -> tuple[str, int] | None:
    """Where the 200 has said that media goes."""
    for message in sipp.messages:
        if message.emitted and message.data.startswith(b"SIP/2.0 200") and b"m=" in message.data:
            (stream,) = Description.read(message.data.partition(b"\r\n\r\n")[2]).streams
            return str(stream.address), stream.port
    return None


def talk(rig: Rig, stream: str = AUDIO, host: str = "127.0.0.1") -> tuple[str, int]:
    """A call in which the caller hears its own packets; gives where it was told to send them."""
    family = f"IP{6 if ':' in host else 4} {host}"
    (echoed,) = free_ports(host, 1)
    with bound(host) as sock:
        sock.settimeout(LONG)
        own = sock.getsockname()[1]
        b = rig.play("b-echoes", NATIONAL, where=family, stream=stream.format(echoed), port=str(echoed))
        a = rig.play("a-talks", FOREIGN, where=family, stream=stream.format(own), talk="1500")
        there = until(lambda: told(a), "the call is answered")
        assert there[1] not in (own, echoed)
        for packet in PACKETS:
            sock.sendto(packet, there)
            heard, source = sock.recvfrom(65_535)
            assert heard == packet
            assert source[:2] == there
        rig.finish(a, b)
    return there


@pytest.mark.parametrize("way", ["relay", "kernel"])
@pytest.mark.parametrize("stream", [AUDIO, FAX])
def test_a_caller_hears_what_the_callee_sends(fresh: Rig, way: str, stream: str) -> None:
    fresh.start(media=f'way = "{way}"\n{RANGE}', relays=["127.0.0.1"])
    talk(fresh, stream)
    (line,) = until(lambda: fresh.box.journal("media"), "its figures are in the journal")
    assert line["way"] == way
    (figures,) = line["streams"]
    for side in ("a", "b"):
        assert figures[side]["packets"] == len(PACKETS)
        assert figures[side]["octets"] == sum(map(len, PACKETS))
        assert figures[side]["lost"] == 0
    fresh.box.drained()
    fresh.begin()


def test_by_ipv6_too(fresh6: Rig) -> None:
    fresh6.start(media=f'way = "relay"\n{RANGE}', relays=["::1"])
    talk(fresh6, host="::1")
    fresh6.begin()


def test_with_two_workers_each_has_ports_of_its_own(fresh: Rig) -> None:
    fresh.start(media=f'way = "relay"\n{RANGE}', relays=["127.0.0.1"], workers=2)
    for _ in range(6):
        talk(fresh)
    until(lambda: len(fresh.box.journal("media")) == 6, "all figures are in the journal")
    fresh.begin()


@pytest.mark.peer("rtpengine")
def test_by_an_rtpengine(fresh: Rig, tmp_path: Path) -> None:
    with ExitStack() as stack:
        engine = stack.enter_context(boxed(tmp_path, 22_000))
        media = f'way = "rtpengine"\n[[media.rtpengine.engine]]\naddress = "{engine.endpoint}"'
        west, east = {"media": '{ interface = "west" }'}, {"media": '{ interface = "east" }'}
        fresh.start(media=media, relays=[WEST, EAST], foreign=west, national=east)
        assert talk(fresh)[0] == WEST
        until(lambda: not engine.calls(), "the engine has let the call go")
        (line,) = until(lambda: fresh.box.journal("media"), "its figures are in the journal")
        assert line["way"] == "rtpengine"
        fresh.box.drained()
        fresh.begin()


def test_without_an_engine_that_answers_a_call_gets_503(fresh: Rig) -> None:
    (nobody,) = free_ports("127.0.0.1", 1)
    media = f'way = "rtpengine"\n[[media.rtpengine.engine]]\naddress = "127.0.0.1:{nobody}"'
    fresh.start(media=media)
    fresh.finish(fresh.play("a-is-refused", FOREIGN, status="503"))
    until(lambda: fresh.box.causes() == ["media"], "the call has ended")
    assert "media" in fresh.box.alarms
    fresh.begin()
