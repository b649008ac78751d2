"""What is known at a look or from the written table is what the rules say, of every claim, or is left to them."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import Claim, Notation, Outcome, Position, Register, TrunkClass, decide, engine, ordinary
from policy.register import civil_day
from policy.rules import sheet_of
from policy.rules.clause import BLANK
from tests.policy.making import BELGIUM, LONDON, NOW, claim, displayed, presented, said
from tests.policy.test_laws import notations, raws
from tests.policy.test_laws_of_the_register import PROFILES, SEVERITY

texts = st.one_of(
    raws,
    st.sampled_from(
        [LONDON, "00442079460000", "+8001234567890", "+33612345678", "+262262123456", "+3225551212", "anonymous", ""]
    ),
    st.sampled_from(["Worldwide Shipping Ltd", "Privé", "Zoë", "\u202e", "Room 12", "+9991234567", "+12345", "+33\n"]),
)
assertions = st.lists(
    st.builds(said, st.sampled_from(Position), texts, notations, index=st.integers(0, 2), user_phone=st.booleans()),
    max_size=5,
)
registers = st.sampled_from([Register(), Register("r", SEVERITY), Register("r", SEVERITY[:6])])


@pytest.mark.law("¶25", "K32")
@given(assertions, raws, st.sampled_from(TrunkClass), st.sampled_from(PROFILES), registers, st.booleans())
def test_what_is_known_at_a_look_is_what_the_rules_say(  # noqa: PLR0917 - what Hypothesis draws
    claimed: list, called: str, trunk_class: TrunkClass, profile: object, register: Register, emergency: bool
) -> None:
    one = claim(*claimed, called=called, trunk_class=trunk_class, emergency=emergency)
    at_length = decide_at_length(one, profile, register, NOW, {})
    assert decide(one, profile, register, NOW, {}) == at_length  # type: ignore[arg-type]


@pytest.mark.law("K32")
@given(assertions, raws, st.sampled_from(PROFILES), registers)
def test_what_the_written_table_says_is_what_the_rules_say(
    claimed: list, called: str, profile: object, register: Register
) -> None:
    one = claim(*claimed, called=called)
    with patch.object(ordinary, "findings_on", return_value=None):
        from_the_table = decide(one, profile, register, NOW, {})  # type: ignore[arg-type]
    assert from_the_table == decide_at_length(one, profile, register, NOW, {})


def decide_at_length(*asked: object) -> object:
    """What the rules say, asked of each number, with nothing known at a look."""
    with patch.object(ordinary, "findings_on", return_value=None), patch.object(engine, "sheet_of", lambda *_: BLANK):
        return decide(*asked)  # type: ignore[arg-type]


def looked_at(one: Claim) -> bool:
    return ordinary.findings_on(one, BELGIUM, sheet_of(BELGIUM, civil_day(NOW))) is not None


def test_an_ordinary_caller_is_known_at_a_look_and_others_are_not() -> None:
    assert looked_at(claim(presented(LONDON), displayed("Worldwide Shipping Ltd")))
    assert looked_at(claim(presented("anonymous")))
    for raw in (
        "+3225551212",
        "+32470123456",
        "1207",
        "+44 2079460000",
        "+8001234567890",
        "+9991234567",
        "442079460000",
    ):
        assert not looked_at(claim(presented(LONDON), said(Position.NETWORK, raw)))
    assert not looked_at(claim(presented(LONDON), displayed("Room 12")))
    assert not looked_at(claim(presented(LONDON), said(Position.REDIRECT, LONDON)))


@pytest.mark.parametrize("day", ["2024-08-31", "2024-09-01"])
def test_before_a_rule_is_in_force_the_rules_themselves_are_asked(day: str) -> None:
    now = NOW.fromisoformat(f"{day}T12:00:00+00:00")
    one = claim(presented(LONDON))
    assert decide(one, BELGIUM, Register(), now, {}) == decide_at_length(one, BELGIUM, Register(), now, {})
    assert decide(one, BELGIUM, Register(), now, {}).outcome is Outcome.PASS  # type: ignore[union-attr]


def test_a_number_in_another_notation_than_a_uri_s_is_left_to_the_rules() -> None:
    assert not looked_at(claim(said(Position.NETWORK, LONDON, Notation.OTHER)))
