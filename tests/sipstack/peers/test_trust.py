"""TLS with a certificate that is not to be believed, either way: no call, and no message to whoever shows it."""

import pytest

from sipstack.agent import Established, IncomingCall, Invited, Release, Released
from sipstack.net import Clients
from tests.sipstack.peers.certificates import Certificates
from tests.sipstack.peers.phone import Phone, status_of
from tests.sipstack.peers.stage import Stage

UNTRUSTED = pytest.mark.parametrize("shown", ["unknown", "misnamed"])
"""Signed by nobody we know; signed as it should be, but for another host (RFC 5922 §7.2)."""


def is_refused(phone: Phone) -> None:
    """The call has failed for want of somebody to talk to, and nothing was said to the impostor."""
    released = phone.tells(Released)
    assert released.cause is Release.REFUSED
    assert status_of(released.message) == 503


@pytest.mark.peer("baresip")
@UNTRUSTED
def test_no_invite_goes_to_a_baresip_that_cannot_prove_who_it_is(stage: Stage) -> None:
    stage.phone.dial(stage.baresip.uri("tls"))
    is_refused(stage.phone)
    assert not stage.baresip.trace


@pytest.mark.peer("kamailio")
@UNTRUSTED
def test_no_invite_goes_to_a_kamailio_that_cannot_prove_who_it_is(stage: Stage) -> None:
    stage.phone.dial("sip:bob@peers.test", proxy=f"{stage.kamailio.uri('tls')};lr")
    is_refused(stage.phone)
    assert not stage.kamailio.heard


@pytest.mark.peer("kamailio")
@pytest.mark.peer("baresip")
def test_kamailio_brings_no_call_to_a_phone_that_it_does_not_believe(stage: Stage, certificates: Certificates) -> None:
    phone = stage.another(identity=certificates.unknown)
    stage.behind.dial(phone.uri("tls"), "udp")
    stage.kamailio.process.says("certificate verify failed")
    assert not phone.told


@pytest.mark.peer("kamailio")
@pytest.mark.peer("baresip")
@pytest.mark.parametrize("shown", ["unknown"])
def test_a_phone_that_wants_names_takes_no_call_from_a_stranger(stage: Stage) -> None:
    phone = stage.another(clients=Clients.NAMED)
    stage.behind.dial(phone.uri("tls"), "udp")
    stage.kamailio.process.says("alert unknown ca")
    assert not phone.told


@pytest.mark.peer("kamailio")
@pytest.mark.peer("baresip")
def test_a_phone_that_wants_names_takes_a_call_from_who_has_one(stage: Stage) -> None:
    phone = stage.another(clients=Clients.NAMED)
    stage.behind.dial(phone.uri("tls"), "udp")
    call = phone.tells(Invited).call
    assert isinstance(call, IncomingCall)
    phone.answers(call)
    phone.tells(Established)
    stage.behind.hang_up()
    assert phone.tells(Released).cause is Release.BYE
