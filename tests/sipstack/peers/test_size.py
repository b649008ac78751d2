"""An INVITE too large for UDP goes by TCP, and by UDP after all where nobody listens on TCP (RFC 3261 §18.1.1)."""

import pytest

from sipstack.agent import Established, Release, Released
from tests.sipstack.peers import ladders
from tests.sipstack.peers.phone import sdp
from tests.sipstack.peers.stage import Stage

#: More than 1300 bytes, with which a request of an unknown path MTU must not go by UDP.
LARGE = sdp() + b"".join(b"a=x-filler:%060d\r\n" % number for number in range(30))


@pytest.mark.peer("sipp")
def test_a_large_invite_goes_by_tcp_to_a_sipp_on_tcp(stage: Stage) -> None:
    sipp = stage.sipp("tcp", ladders.answers_and_is_hung_up())
    call = stage.phone.dial(f"sip:sipp@127.0.0.1:{sipp.port}", body=LARGE)
    stage.phone.tells(Established)
    stage.phone.hangs_up(call)
    sipp.finishes()
    (invite,) = stage.phone.said("tcp", "INVITE")
    assert b"\r\nVia: SIP/2.0/TCP 127.0.0.1:" in invite
    assert not stage.phone.said("udp", "INVITE")


@pytest.mark.peer("kamailio")
@pytest.mark.peer("baresip")
def test_a_large_invite_goes_by_tcp_to_kamailio_and_on_to_baresip(stage: Stage) -> None:
    proxy = f"sip:127.0.0.1:{stage.kamailio.port};lr"
    call = stage.phone.dial(stage.baresip.uri("tcp"), body=LARGE, proxy=proxy)
    stage.baresip.tells("CALL_INCOMING")
    stage.baresip.answer()
    stage.phone.tells(Established)
    stage.baresip.traces("ACK")
    assert stage.kamailio.heard[0].transport == "tcp"
    stage.phone.hangs_up(call)
    assert stage.phone.tells(Released).cause is Release.HUNG_UP
    stage.baresip.tells("CALL_CLOSED")


@pytest.mark.peer("sipp")
def test_a_large_invite_goes_by_udp_to_a_sipp_that_has_nothing_else(stage: Stage) -> None:
    sipp = stage.sipp("udp", ladders.answers_and_is_hung_up())
    call = stage.phone.dial(f"sip:sipp@127.0.0.1:{sipp.port}", body=LARGE)
    stage.phone.tells(Established)
    stage.phone.hangs_up(call)
    sipp.finishes()
    (invite,) = set(stage.phone.said("udp", "INVITE"))
    assert b"\r\nVia: SIP/2.0/UDP 127.0.0.1:" in invite


@pytest.mark.peer("sipp")
def test_a_small_invite_stays_on_udp(stage: Stage) -> None:
    sipp = stage.sipp("udp", ladders.answers_and_is_hung_up())
    call = stage.phone.dial(f"sip:sipp@127.0.0.1:{sipp.port}")
    stage.phone.tells(Established)
    stage.phone.hangs_up(call)
    sipp.finishes()
    assert {transport for transport, _ in stage.phone.sent} == {"UDP"}
