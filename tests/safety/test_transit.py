"""Attested national transit is national (¶31, ¶39): nothing of a call is changed, whatever number it shows."""

import datetime
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.register import Attestation
from tests.safety.conversation import play
from tests.safety.hiding import attempt
from tests.safety.stand import LAPSED, SDP, Stand
from tests.safety.test_honest_calls import as_it_came
from tests.safety.wire import read

pytestmark = pytest.mark.law("¶31", "¶39", "K17")

chances = st.randoms(use_true_random=False)
ATTESTED = Attestation(
    reference="TRANSIT anew",
    since=datetime.date(2026, 7, 1),
    trunk="lapsed",
    operator="an operator at home",
    dedicated_circuits=True,
    total_control=True,
    evidence="cabinet 3",
)


@given(chances)
def test_a_call_on_an_attested_trunk_crosses_byte_for_byte_whatever_number_it_shows(rng: random.Random) -> None:
    invite = attempt(rng).invite
    stand = Stand(caller=LAPSED, entries=(ATTESTED,))
    left = stand.invite(invite)
    if left is None:  # no SIP at all: the parser's own refusal, not the law's
        assert not stand.records
        return
    assert (stand.verdict, stand.judged_as) == ("pass", "national-transit")
    as_it_came(invite, left)


@given(chances)
def test_nor_is_anything_refused_or_taken_out_later(rng: random.Random) -> None:
    made = attempt(rng)
    stand = Stand(caller=LAPSED, entries=(ATTESTED,))
    if stand.invite(made.invite) is None:
        return
    play(rng, stand, made.invite, made.number)
    assert not any(record.kind == "later" for record in stand.records)
    assert not any(read(data).status in (415, 603) for data in stand.got)


def test_what_is_said_later_crosses_as_it_is() -> None:
    made = attempt(random.Random(2))
    stand = Stand(caller=LAPSED, entries=(ATTESTED,))
    arrived = stand.invite(made.invite)
    assert arrived is not None
    stand.answer(arrived, "200 OK", ["Content-Type: application/sdp"], SDP)
    stand.request(made.invite, "ACK")
    said = ["P-Asserted-Identity: <tel:+3225551212>", "Remote-Party-ID: <sip:025551212@x>"]
    for method in ("UPDATE", "INFO", "BYE"):
        before = len(stand.sent)
        stand.request(made.invite, method, said)
        (crossed,) = stand.new(stand.sent, before)
        assert set(said) <= set(crossed.lines), method
        stand.answer(crossed, "200 OK")
