"""SIPp and a user agent of ours on what came after RFC 3261: reliable responses, UPDATE, session timers."""

import pytest

from sipstack.agent import (
    Established,
    IncomingCall,
    Invited,
    Progressed,
    Reanswered,
    Received,
    Released,
    Reoffered,
    Reply,
    Responded,
)
from tests.peers.waiting import until
from tests.sipstack.peers import extension_ladders as ladders
from tests.sipstack.peers.phone import sdp
from tests.sipstack.peers.stage import Stage

pytestmark = [pytest.mark.peer("sipp")]
both = pytest.mark.parametrize("transport", ["udp", "tcp"])


@both
def test_they_require_reliable_responses(stage: Stage, transport: str) -> None:
    phone = stage.phone
    sipp = stage.sipp(transport, ladders.requires_100rel(phone.uri(transport)), phone.port)
    call = phone.tells(Invited).call
    assert isinstance(call, IncomingCall)
    phone.rings(call)
    phone.answers(call)
    phone.tells(Established)
    sipp.finishes()


@both
def test_they_answer_in_a_reliable_response(stage: Stage, transport: str) -> None:
    phone = stage.phone
    sipp = stage.sipp(transport, ladders.answers_reliably())
    call = phone.dial(sipp.uri())
    assert phone.tells(Progressed).response.status == 183
    phone.tells(Established)
    assert [data.split(b"\r\n\r\n")[0].count(b"RAck: 4711 1 INVITE") for data in phone.said(transport, "PRACK")] == [1]
    phone.hangs_up(call)
    sipp.finishes()


@both
def test_they_offer_and_refresh_by_update(stage: Stage, transport: str) -> None:
    phone = stage.phone
    sipp = stage.sipp(transport, ladders.calls_and_updates(phone.uri(transport)), phone.port)
    call = phone.tells(Invited).call
    assert isinstance(call, IncomingCall)
    phone.answers(call)
    assert phone.tells(Reoffered).request.method == "UPDATE"
    phone.accepts(call, "recvonly")
    phone.tells(Released)
    sipp.finishes()


@both
def test_we_offer_by_update(stage: Stage, transport: str) -> None:
    phone = stage.phone
    sipp = stage.sipp(transport, ladders.answers_and_is_updated())
    call = phone.dial(sipp.uri())
    phone.tells(Established)
    phone.do(lambda now: call.reoffer(sdp(2, "sendonly"), now, method="UPDATE"))
    assert phone.tells(Reanswered).response.status == 200
    phone.hangs_up(call)
    sipp.finishes()


@both
def test_a_session_they_want_too_short_is_asked_for_again_longer(stage: Stage, transport: str) -> None:
    phone = stage.phone
    sipp = stage.sipp(transport, ladders.asks_for_too_short_a_session(phone.uri(transport)), phone.port)
    call = phone.tells(Invited).call
    assert isinstance(call, IncomingCall)
    phone.answers(call)
    phone.tells(Released)
    sipp.finishes()
    (answer,) = [data for data in phone.said(transport, "SIP/2.0 200") if b"INVITE\r\n" in data]
    assert b"Session-Expires: 90;refresher=uac\r\n" in answer
    assert b"Require: timer\r\n" in answer


@pytest.mark.slow
def test_a_session_that_is_ours_to_refresh_is_refreshed_at_its_half(stage: Stage) -> None:
    phone = stage.phone
    sipp = stage.sipp("udp", ladders.answers_and_is_refreshed(), timeout=60)
    call = phone.dial(sipp.uri())
    phone.tells(Established)
    # 45 seconds: no shorter session is allowed (RFC 4028 §5).
    until(lambda: phone.said("udp", "UPDATE"), "the phone refreshes the session", within=60.0)
    sipp.sends("SIP/2.0 200", 2)
    phone.hangs_up(call)
    sipp.finishes()


@both
def test_they_say_more_in_the_call(stage: Stage, transport: str) -> None:
    phone = stage.phone
    sipp = stage.sipp(transport, ladders.calls_and_says_more(phone.uri(transport)), phone.port)
    call = phone.tells(Invited).call
    assert isinstance(call, IncomingCall)
    phone.answers(call)
    info = phone.tells(Received)
    phone.do(lambda now: [Reply(info.key, info.response(200))])
    phone.tells(Released)
    sipp.finishes()


@both
def test_we_say_more_in_the_call(stage: Stage, transport: str) -> None:
    phone = stage.phone
    sipp = stage.sipp(transport, ladders.answers_and_is_told_more())
    call = phone.dial(sipp.uri())
    phone.tells(Established)
    phone.do(lambda now: call.request("INFO", (), b"Signal=5\r\n", "application/dtmf-relay"))
    assert phone.tells(Responded).response.status == 200
    phone.tells(Released)
    sipp.finishes()
