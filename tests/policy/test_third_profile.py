"""Another country without a line of code: a file beside this one, and the same engine."""

from pathlib import Path

import pytest

from policy import Outcome, Position, Profile, Roaming
from tests.policy.making import LONDON, asserted, claim, displayed, diverted, presented, said
from tests.policy.making import asked as decided

pytestmark = pytest.mark.law("K27")

SPAIN = Profile.load(Path(__file__).parent / "profiles" / "spain.toml")
MADRID, MOBILE = "+34912345678", "+34612345678"


def outcome(*places: object, roaming: Roaming = Roaming.ABROAD) -> Outcome:
    return decided(claim(*places), roaming=roaming, profile=SPAIN).outcome  # type: ignore[arg-type]


def test_its_fixed_numbers_are_blocked_and_everybody_else_s_pass() -> None:
    assert outcome(presented(MADRID)) is Outcome.BLOCK
    assert outcome(presented(LONDON), asserted(MADRID)) is Outcome.BLOCK
    assert outcome(presented("+34800123456")) is Outcome.BLOCK
    for number in (LONDON, "+3225551212", "+33155551234", "anonymous"):
        assert outcome(presented(number)) is Outcome.PASS


def test_its_own_rules_stand_in_each_position() -> None:
    assert outcome(presented(LONDON), diverted(MADRID)) is Outcome.PASS
    assert outcome(presented(LONDON), displayed(MADRID)) is Outcome.STRIP


@pytest.mark.parametrize(
    ("answer", "found", "marked"),
    [
        (Roaming.ABROAD, Outcome.PASS, False),
        (Roaming.NOT_ABROAD, Outcome.BLOCK, False),
        (Roaming.UNKNOWN_SUBSCRIBER, Outcome.BLOCK, False),
        (Roaming.FAILED, Outcome.PASS, True),
        (Roaming.NOT_OFFERED, Outcome.PASS, True),
        (Roaming.NOT_ASKED, Outcome.BLOCK, False),
    ],
)
def test_what_follows_from_a_roaming_check_is_its_own(answer: Roaming, found: Outcome, marked: bool) -> None:
    verdict = decided(claim(presented(MOBILE)), roaming=answer, profile=SPAIN)
    assert (verdict.outcome, "marked" in verdict.flags) == (found, marked)


def test_its_form_and_its_hidden_numbers_are_found_by_its_own_plan() -> None:
    assert outcome(presented("34912345678")) is Outcome.BLOCK
    assert outcome(presented("+3491234567")) is Outcome.BLOCK
    assert outcome(presented("+34 912 345 678")) is Outcome.BLOCK
    assert outcome(presented(LONDON), said(Position.OTHER, "sip:+34912345678@x")) is Outcome.STRIP
    assert outcome(presented("112")) is Outcome.BLOCK


def test_a_verdict_names_it() -> None:
    verdict = decided(claim(presented(MADRID)), profile=SPAIN)
    assert verdict.profile.startswith("spain 2025-06-07 ")
    assert verdict.findings[0].why.startswith("+34912345678 in From is a Spanish geographic number")
