"""SIPp on strict ladders and a user agent of ours: each side places the call, ends it, takes it back, asks again."""

from collections.abc import Iterator

import pytest

from sipstack.agent import (
    Established,
    IncomingCall,
    Invited,
    OutgoingCall,
    Progressed,
    Reanswered,
    Release,
    Released,
    Reoffered,
)
from tests.sipstack.peers import ladders
from tests.sipstack.peers.phone import Phone
from tests.sipstack.peers.stage import Stage

pytestmark = [pytest.mark.peer("sipp"), pytest.mark.parametrize("transport", ["udp", "tcp"])]


@pytest.fixture
def phone(stage: Stage, transport: str) -> Iterator[Phone]:
    """Whatever it says, it says over the transport of the test."""
    yield stage.phone
    assert {used for used, _ in stage.phone.sent} == {transport.upper()}


def comes(phone: Phone) -> IncomingCall:
    """SIPp calls, and hears it ring."""
    call = phone.tells(Invited).call
    assert isinstance(call, IncomingCall)
    phone.rings(call)
    return call


def comes_to_stand(phone: Phone) -> IncomingCall:
    """SIPp calls, up to its ACK."""
    call = comes(phone)
    phone.answers(call)
    phone.tells(Established)
    return call


def goes_to_stand(phone: Phone, uri: str) -> OutgoingCall:
    """The phone calls SIPp."""
    call = phone.dial(uri)
    assert phone.tells(Progressed).response.status == 180
    phone.tells(Established)
    return call


def test_they_call_and_hang_up(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.calls_and_hangs_up(phone.uri(transport)), phone.port)
    comes_to_stand(phone)
    sipp.finishes()
    assert phone.tells(Released).cause is Release.BYE


def test_they_call_and_we_hang_up(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.calls_and_is_hung_up(phone.uri(transport)), phone.port)
    phone.hangs_up(comes_to_stand(phone))
    sipp.finishes()


def test_they_call_and_take_it_back(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.calls_and_cancels(phone.uri(transport)), phone.port)
    comes(phone)
    assert phone.tells(Released).cause is Release.CANCELLED
    sipp.finishes()


def test_they_call_and_hold(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.calls_and_asks_again(phone.uri(transport)), phone.port)
    call = comes_to_stand(phone)
    assert b"a=sendonly" in phone.tells(Reoffered).request.body
    phone.accepts(call, "recvonly")
    sipp.finishes()


def test_they_call_and_we_hold(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.calls_and_is_asked_again(phone.uri(transport)), phone.port)
    call = comes_to_stand(phone)
    phone.asks_again(call)
    assert phone.tells(Reanswered).response.status == 200
    phone.hangs_up(call)
    sipp.finishes()


def test_we_call_and_hang_up(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.answers_and_is_hung_up())
    phone.hangs_up(goes_to_stand(phone, sipp.uri()))
    sipp.finishes()


def test_we_call_and_they_hang_up(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.answers_and_hangs_up())
    goes_to_stand(phone, sipp.uri())
    assert phone.tells(Released).cause is Release.BYE
    sipp.finishes()


def test_we_call_and_take_it_back(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.rings_and_is_cancelled())
    call = phone.dial(sipp.uri())
    phone.tells(Progressed)
    phone.hangs_up(call)
    sipp.finishes()
    assert phone.tells(Released).cause is Release.HUNG_UP


def test_we_call_and_they_hold(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.answers_and_asks_again())
    call = goes_to_stand(phone, sipp.uri())
    assert b"a=sendonly" in phone.tells(Reoffered).request.body
    phone.accepts(call, "recvonly")
    sipp.sends("ACK")  # a BYE before it would leave the ladder
    phone.hangs_up(call)
    sipp.finishes()


def test_we_call_and_hold(stage: Stage, phone: Phone, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.answers_and_is_asked_again())
    call = goes_to_stand(phone, sipp.uri())
    phone.asks_again(call)
    assert phone.tells(Reanswered).response.status == 200
    phone.hangs_up(call)
    sipp.finishes()
