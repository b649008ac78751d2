"""The other direction: a callee abroad who says who answers shows the national caller no forbidden number."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.countries import BELGIUM, FRANCE, SPAIN, Country
from tests.safety.draft import may
from tests.safety.hiding import Secret, later, secret
from tests.safety.oracle import leaks, leaks_whole
from tests.safety.stand import NATIONAL, SDP, Invite, Stand
from tests.safety.wire import Seen, read

ABROAD = "+4930000000"


def invite_to(called: str) -> Invite:
    """The national caller's INVITE."""
    return Invite(
        uri=f"sip:{called}@b2bua.example",
        lines=(
            "Via: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bKcaller",
            "From: <sip:+3223456789@home.example>;tag=caller",
            f"To: <sip:{called}@b2bua.example>",
            "Call-ID: call-of-the-national-side",
            "CSeq: 1 INVITE",
            "Contact: <sip:127.0.0.3:5060>",
            "Content-Type: application/sdp",
        ),
        caller="<sip:+3223456789@home.example>;tag=caller",
        called=f"<sip:{called}@b2bua.example>",
        call_id="call-of-the-national-side",
    )


INVITE = invite_to(ABROAD)


def shown(stand: Stand, number: Secret) -> list[str]:
    """Where what left towards the national caller shows the number."""
    return [f"{place} of {seen.start}" for seen in map(read, stand.got) for place in _places(seen, number)]


def _places(seen: Seen, number: Secret) -> list[str]:
    if number.is_whole:
        return leaks_whole(seen, number.digits, number.code)
    return leaks(seen, number.shown, ABROAD)


@pytest.mark.law("L11")
@pytest.mark.parametrize("country", [BELGIUM, FRANCE, SPAIN], ids=lambda country: country.name)
@given(rng=st.randoms(use_true_random=False))
def test_the_national_caller_never_sees_a_forbidden_number_of_a_callee_abroad(
    country: Country, rng: random.Random
) -> None:
    number = secret(rng, country=country)
    stand = Stand(caller=NATIONAL, country=country)
    arrived = stand.invite(INVITE)
    assert arrived is not None
    if may(rng, 0.7):
        stand.answer(arrived, "183 Session Progress", [*later(rng, number, known=False)[0], "RSeq: 1"], SDP)
    if may(rng, 0.1):
        stand.answer(arrived, "486 Busy Here", later(rng, number, known=False)[0])
        assert not shown(stand, number)
        return
    stand.answer(arrived, "200 OK", [*later(rng, number, known=False)[0], "Content-Type: application/sdp"], SDP)
    assert stand.last_answer().status == 200
    stand.request(INVITE, "ACK")
    for method in rng.sample(("UPDATE", "INVITE", "INFO", "MESSAGE", "NOTIFY"), 2):
        stand.callee_request(
            arrived, method, [*later(rng, number, known=False)[0], "Content-Type: application/sdp"], SDP
        )
        asked = read(stand.got[-1])
        if asked.is_request and asked.method == method:
            stand.caller_answer(asked, "200 OK", ["Content-Type: application/sdp"], SDP)
            if method == "INVITE":
                stand.callee_request(arrived, "ACK", later(rng, number, known=False)[0])
    before = len(stand.sent)
    stand.request(INVITE, "INFO", ["Content-Type: text/plain"], b"hello")
    if len(stand.sent) > before:
        stand.answer(read(stand.sent[-1]), "200 OK", later(rng, number, known=False)[0])
    stand.callee_request(arrived, "BYE", later(rng, number, known=False)[0])
    assert not shown(stand, number)


@given(st.randoms(use_true_random=False))
def test_a_callee_abroad_who_shows_the_number_that_was_called_is_heard(rng: random.Random) -> None:
    stand = Stand(caller=NATIONAL)
    arrived = stand.invite(INVITE)
    assert arrived is not None
    said = rng.choice((f'P-Asserted-Identity: "{spell_name(rng)}" <sip:{ABROAD}@x.example>', "Server: Gateway/4"))
    stand.answer(arrived, "180 Ringing", [said])
    assert said in stand.last_answer().crossing()


def spell_name(rng: random.Random) -> str:
    return rng.choice(("Accueil", "Standard 24/7", "Hôtel"))
