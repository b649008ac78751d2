"""At Kamailio as registrar and as a proxy that wants to know who calls: digest authentication, both hashes."""

import os

import pytest

from sipstack.agent import Established, IncomingCall, Invited, Reanswered, Release, Released
from sipstack.agent.events import Enrolled
from sipstack.agent.registration import Binding, Registered, RegisterFailed, Unregistered
from sipstack.auth import DigestClient
from tests.sipstack.peers.kamailio import PASSWORD
from tests.sipstack.peers.phone import Phone, status_of
from tests.sipstack.peers.stage import TRANSPORTS, Stage, account

pytestmark = pytest.mark.peer("kamailio")
over_each_transport = pytest.mark.parametrize("transport", TRANSPORTS)
ALICE = "<sip:alice@peers.test>"


@pytest.fixture(params=["MD5", "SHA-256"])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def binding(stage: Stage, transport: str, expires: int = 3600) -> Binding:
    """Ours, at Kamailio."""
    registrar = stage.kamailio.uri(transport)
    contact = stage.phone.uri(transport)
    return Binding(registrar=registrar, aor="sip:alice@peers.test", contact=contact, expires=expires, shortest=0.1)


def client(password: str = PASSWORD) -> DigestClient:
    """What answers the registrar's challenges."""
    return DigestClient((account(password),), os.urandom)


def outcome(phone: Phone) -> object:
    """Of the next turn the registration takes."""
    return phone.tells(Enrolled).outcome


def authorizations(phone: Phone, transport: str, start: str) -> list[str]:
    """What the messages with that start said to prove who we are; empty where they said nothing."""
    found = []
    for wire in phone.said(transport, start):
        lines = wire.decode().split("\r\n")
        values = [line.partition(": ")[2] for line in lines if line.lower().startswith(("authoriz", "proxy-authoriz"))]
        found.append("".join(values))
    return found


@over_each_transport
def test_a_registration_is_granted_after_a_challenge_and_can_be_called(stage: Stage, transport: str) -> None:
    phone, kamailio = stage.phone, stage.kamailio
    phone.register(binding(stage, transport), client())
    registered = outcome(phone)
    assert isinstance(registered, Registered)
    assert registered.listed
    first, second = authorizations(phone, transport, "REGISTER")
    assert first == ""
    assert stage.algorithm in (second if stage.algorithm != "MD5" else "MD5")
    kamailio.hears(transport, "REGISTER", times=2)


@pytest.mark.peer("baresip")
@over_each_transport
def test_a_call_to_our_address_finds_us_where_we_registered(stage: Stage, transport: str) -> None:
    phone = stage.phone
    phone.register(binding(stage, transport), client())
    assert isinstance(outcome(phone), Registered)
    stage.baresip.dial(f"sip:alice@127.0.0.1:{stage.kamailio.port}")
    call = phone.tells(Invited).call
    assert isinstance(call, IncomingCall)
    phone.answers(call)
    phone.tells(Established)
    stage.baresip.tells("CALL_ESTABLISHED")
    stage.baresip.hang_up()
    assert phone.tells(Released).cause is Release.BYE
    stage.kamailio.hears(transport, "SIP/2.0 200 BYE")


def test_a_refresh_comes_before_the_end_with_the_credentials_it_has(stage: Stage) -> None:
    phone = stage.phone
    phone.register(binding(stage, "udp", expires=1), client())
    assert isinstance(outcome(phone), Registered)
    assert isinstance(outcome(phone), Registered)
    _, challenged, refreshed = authorizations(phone, "udp", "REGISTER")[:3]
    assert "nc=00000001" in challenged
    assert "nc=00000002" in refreshed
    assert not [event for event in phone.told if "Lapsed" in repr(event)]


def test_who_unregisters_is_no_longer_found(stage: Stage) -> None:
    phone = stage.phone
    enrolment = phone.register(binding(stage, "tcp"), client())
    assert isinstance(outcome(phone), Registered)
    phone.do(enrolment.unregister)
    assert isinstance(outcome(phone), Unregistered)
    phone.dial(f"sip:alice@127.0.0.1:{stage.kamailio.port};transport=tcp", caller="<sip:bob@peers.test>")
    assert status_of(phone.tells(Released).message) == 404


def test_a_wrong_password_is_tried_once(stage: Stage) -> None:
    phone = stage.another(password="looking-glass")
    phone.register(binding(stage, "tcp"), client("looking-glass"))
    failed = outcome(phone)
    assert isinstance(failed, RegisterFailed)
    assert failed.status == 401
    assert len(phone.said("tcp", "REGISTER")) == 2
    phone.dial(stage.kamailio.uri("tcp"), caller=ALICE)
    assert status_of(phone.tells(Released).message) == 407
    assert len(phone.said("tcp", "INVITE")) == 2


@pytest.mark.peer("baresip")
@over_each_transport
def test_a_call_goes_on_after_407_and_all_that_follows_in_it_is_authorized(stage: Stage, transport: str) -> None:
    phone = stage.phone
    call = phone.dial(stage.baresip.uri("udp"), caller=ALICE, proxy=f"{stage.kamailio.uri(transport)};lr")
    stage.baresip.tells("CALL_INCOMING")
    stage.baresip.answer()
    phone.tells(Established)
    stage.baresip.traces("ACK")
    phone.asks_again(call)
    assert phone.tells(Reanswered).response.status == 200
    stage.baresip.traces("ACK", times=2)
    phone.hangs_up(call)
    stage.baresip.tells("CALL_CLOSED")
    stage.kamailio.hears(transport, "INVITE", times=3)
    assert [bool(text) for text in authorizations(phone, transport, "INVITE")] == [False, True, True]
    assert [bool(text) for text in authorizations(phone, transport, "BYE")] == [True]
    numbers = [wire.partition(b"CSeq: ")[2].partition(b" ")[0] for wire in phone.said(transport, "INVITE")]
    assert numbers == [b"1", b"2", b"3"]
    assert "Proxy-Authorization" not in stage.baresip.traces("INVITE").text
