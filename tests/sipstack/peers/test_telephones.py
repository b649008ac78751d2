"""baresip, called directly and through Kamailio, and a user agent of ours: who places the call, and who ends it how."""

import attrs
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
from tests.sipstack.peers.baresip import Baresip
from tests.sipstack.peers.stage import TRANSPORTS, Stage

pytestmark = pytest.mark.peer("baresip")


@attrs.frozen
class Way:
    """Between baresip and the phone; `transport` is that of the phone's side."""

    stage: Stage
    transport: str
    by_kamailio: bool

    @property
    def baresip(self) -> Baresip:
        """Whoever is at its end."""
        return self.stage.behind if self.by_kamailio else self.stage.baresip

    def comes(self) -> IncomingCall:
        """baresip calls the phone."""
        if self.by_kamailio:
            self.baresip.dial(self.stage.phone.uri(self.transport), "udp")
        else:
            self.baresip.dial(self.stage.phone.uri(self.transport))
        call = self.stage.phone.tells(Invited).call
        assert isinstance(call, IncomingCall)
        return call

    def goes(self) -> OutgoingCall:
        """The phone calls baresip."""
        if not self.by_kamailio:
            return self.stage.phone.dial(self.baresip.uri(self.transport))
        return self.stage.phone.dial(self.baresip.uri("udp"), proxy=f"{self.stage.kamailio.uri(self.transport)};lr")

    def comes_to_stand(self) -> IncomingCall:
        """The same, up to the ACK."""
        call = self.comes()
        self.stage.phone.rings(call)
        self.baresip.tells("CALL_RINGING")
        self.stage.phone.answers(call)
        self.baresip.tells("CALL_ESTABLISHED")
        self.stage.phone.tells(Established)
        return call

    def goes_to_stand(self) -> OutgoingCall:
        """The same, up to the ACK."""
        call = self.goes()
        self.baresip.tells("CALL_INCOMING")
        self.stage.phone.tells(Progressed)
        self.baresip.answer()
        self.stage.phone.tells(Established)
        self.baresip.traces("ACK")
        return call

    def is_over(self, cause: Release) -> None:
        """Both sides know, and all between them went the way it should: in the dialog too (RFC 3261 §12.2.1.1)."""
        assert self.stage.phone.tells(Released).cause is cause
        self.baresip.tells("CALL_CLOSED")
        assert {transport for transport, _ in self.stage.phone.sent} == {self.transport.upper()}
        if self.by_kamailio:
            kamailio = f"127.0.0.1:{self.stage.kamailio.port}"
            assert all(kamailio in (message.source, message.target) for message in self.baresip.trace)


WAYS = [pytest.param((transport, False), id=f"straight-{transport}") for transport in TRANSPORTS]
WAYS += [
    pytest.param((transport, True), id=f"kamailio-{transport}", marks=pytest.mark.peer("kamailio"))
    for transport in TRANSPORTS
]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, stage: Stage) -> Way:
    return Way(stage, *request.param)


def test_they_call_and_hang_up(way: Way) -> None:
    way.comes_to_stand()
    way.baresip.hang_up()
    way.is_over(Release.BYE)


def test_they_call_and_we_hang_up(way: Way) -> None:
    call = way.comes_to_stand()
    way.stage.phone.hangs_up(call)
    way.baresip.traces("SIP/2.0 200", "BYE")
    way.is_over(Release.HUNG_UP)


def test_they_call_and_take_it_back(way: Way) -> None:
    way.stage.phone.rings(way.comes())
    way.baresip.tells("CALL_RINGING")
    way.baresip.hang_up()
    way.baresip.traces("SIP/2.0 487", "INVITE")
    way.is_over(Release.CANCELLED)


def test_they_call_and_we_refuse(way: Way) -> None:
    call = way.comes()
    way.stage.phone.do(lambda now: call.refuse(486, now))
    way.baresip.traces("SIP/2.0 486", "INVITE")
    way.is_over(Release.REFUSED)


def test_they_call_and_hold_and_resume(way: Way) -> None:
    call = way.comes_to_stand()
    for turn, change, direction in ((2, way.baresip.hold, b"a=sendonly"), (3, way.baresip.resume, b"a=sendrecv")):
        change()
        asked = way.stage.phone.tells(Reoffered)
        assert asked.call is call
        assert direction in asked.request.body
        way.stage.phone.accepts(call)
        way.baresip.traces("ACK", times=turn)
    way.baresip.hang_up()
    way.is_over(Release.BYE)


def test_they_call_and_we_hold_and_resume(way: Way) -> None:
    call = way.comes_to_stand()
    for direction in ("sendonly", "sendrecv"):
        way.stage.phone.asks_again(call, direction)
        assert way.stage.phone.tells(Reanswered).response.status == 200
    way.stage.phone.hangs_up(call)
    way.is_over(Release.HUNG_UP)


def test_we_call_and_hang_up(way: Way) -> None:
    call = way.goes_to_stand()
    way.stage.phone.hangs_up(call)
    way.baresip.traces("SIP/2.0 200", "BYE")
    way.is_over(Release.HUNG_UP)


def test_we_call_and_they_hang_up(way: Way) -> None:
    way.goes_to_stand()
    way.baresip.hang_up()
    way.is_over(Release.BYE)


def test_we_call_and_take_it_back(way: Way) -> None:
    call = way.goes()
    way.baresip.tells("CALL_INCOMING")
    way.stage.phone.tells(Progressed)
    way.stage.phone.hangs_up(call)
    way.baresip.traces("ACK")
    way.is_over(Release.HUNG_UP)


def test_we_call_and_they_refuse(way: Way) -> None:
    way.goes()
    way.baresip.tells("CALL_INCOMING")
    way.baresip.hang_up()
    released = way.stage.phone.tells(Released)
    assert released.cause is Release.REFUSED
    assert released.message is not None
    assert way.baresip.traces("ACK").transport


def test_we_call_and_they_hold(way: Way) -> None:
    call = way.goes_to_stand()
    way.baresip.hold()
    way.stage.phone.tells(Reoffered)
    way.stage.phone.accepts(call, "recvonly")
    way.baresip.traces("ACK", times=2)
    way.baresip.hang_up()
    way.is_over(Release.BYE)


def test_we_call_and_hold(way: Way) -> None:
    call = way.goes_to_stand()
    way.stage.phone.asks_again(call)
    assert way.stage.phone.tells(Reanswered).response.status == 200
    way.baresip.traces("ACK", times=2)
    way.baresip.hang_up()
    way.is_over(Release.BYE)
