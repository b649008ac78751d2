"""The peers against each other, so that what fails with a user agent of ours in the place of one is ours."""

import pytest

from tests.sipstack.peers import ladders
from tests.sipstack.peers.stage import Stage

pytestmark = [pytest.mark.peer("sipp"), pytest.mark.peer("kamailio"), pytest.mark.peer("baresip")]

SIPP = ("udp", "tcp")
over_sipps_transport = pytest.mark.parametrize("transport", SIPP)
by_each_way = pytest.mark.parametrize(("transport", "far"), [("udp", "tcp"), ("tcp", "udp"), ("tls", "tcp")])


@over_sipps_transport
def test_sipp_calls_baresip_through_kamailio(stage: Stage, transport: str) -> None:
    called = stage.baresip.uri("tls")
    sipp = stage.sipp(transport, ladders.calls_and_hangs_up(called), stage.kamailio.port)
    stage.baresip.tells("CALL_INCOMING")
    stage.baresip.answer()
    stage.baresip.tells("CALL_CLOSED")
    sipp.finishes()
    stage.kamailio.hears(transport, "BYE")
    assert stage.baresip.traces("INVITE").transport == "TLS"


@over_sipps_transport
def test_sipp_cancels_its_call_to_baresip_through_kamailio(stage: Stage, transport: str) -> None:
    called = stage.baresip.uri("tcp")
    sipp = stage.sipp(transport, ladders.calls_and_cancels(called), stage.kamailio.port)
    stage.baresip.tells("CALL_CLOSED")
    sipp.finishes()
    stage.baresip.traces("CANCEL")


@over_sipps_transport
def test_sipp_is_asked_again_and_hung_up_by_baresip(stage: Stage, transport: str) -> None:
    called = stage.baresip.uri("udp")
    sipp = stage.sipp(transport, ladders.calls_and_is_asked_again(called), stage.kamailio.port)
    stage.baresip.tells("CALL_INCOMING")
    stage.baresip.answer()
    stage.baresip.tells("CALL_ESTABLISHED")
    stage.baresip.hold()
    stage.baresip.traces("SIP/2.0 200", "INVITE", times=2)
    stage.baresip.hang_up()
    sipp.finishes()


@over_sipps_transport
def test_sipp_asks_baresip_again(stage: Stage, transport: str) -> None:
    called = stage.baresip.uri("udp")
    sipp = stage.sipp(transport, ladders.calls_and_asks_again(called), stage.kamailio.port)
    stage.baresip.tells("CALL_INCOMING")
    stage.baresip.answer()
    stage.baresip.tells("CALL_CLOSED")
    sipp.finishes()


@over_sipps_transport
def test_sipp_is_hung_up_by_baresip(stage: Stage, transport: str) -> None:
    called = stage.baresip.uri("udp")
    sipp = stage.sipp(transport, ladders.calls_and_is_hung_up(called), stage.kamailio.port)
    stage.baresip.tells("CALL_INCOMING")
    stage.baresip.answer()
    stage.baresip.traces("ACK")
    stage.baresip.hang_up()
    sipp.finishes()


@by_each_way
def test_baresip_calls_sipp_through_kamailio_and_hangs_up(stage: Stage, transport: str, far: str) -> None:
    sipp = stage.sipp(far, ladders.answers_and_is_hung_up())
    stage.behind.dial(sipp.uri(), transport)
    stage.behind.tells("CALL_ESTABLISHED")
    stage.behind.hang_up()
    sipp.finishes()
    stage.kamailio.hears(transport, "BYE")
    stage.kamailio.hears(far, "SIP/2.0 200 BYE")


@by_each_way
def test_baresip_cancels_its_call_to_sipp(stage: Stage, transport: str, far: str) -> None:
    sipp = stage.sipp(far, ladders.rings_and_is_cancelled())
    stage.behind.dial(sipp.uri(), transport)
    stage.behind.tells("CALL_RINGING")
    stage.behind.hang_up()
    sipp.finishes()
    stage.kamailio.hears(transport, "CANCEL")


@by_each_way
def test_baresip_holds_its_call_to_sipp(stage: Stage, transport: str, far: str) -> None:
    sipp = stage.sipp(far, ladders.answers_and_is_asked_again())
    stage.behind.dial(sipp.uri(), transport)
    stage.behind.tells("CALL_ESTABLISHED")
    stage.behind.hold()
    stage.behind.traces("ACK", times=2)
    stage.behind.hang_up()
    sipp.finishes()


@by_each_way
def test_baresip_is_asked_again_and_hung_up_by_sipp(stage: Stage, transport: str, far: str) -> None:
    for ladder in (ladders.answers_and_asks_again(), ladders.answers_and_hangs_up()):
        sipp = stage.sipp(far, ladder)
        stage.behind.dial(sipp.uri(), transport)
        stage.behind.tells("CALL_ESTABLISHED")
        if "sendonly" in ladder:
            stage.behind.traces("ACK", times=2)
            stage.behind.hang_up()
        stage.behind.tells("CALL_CLOSED")
        sipp.finishes()
