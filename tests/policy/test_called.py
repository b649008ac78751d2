"""The called number that is known at a look is the one that the long way finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.called import dialled, dialled_at_length
from tests.policy.making import CALLED, PLAN
from tests.policy.test_laws import raws
from tests.policy.test_laws_of_the_register import PROFILES

WORDS = [CALLED, "003293330000", "+32470123456", "+442079460000", "+320123456", "+32112", "003212", "+999123"]
OTHERS = ["93330000", f"{CALLED};rn=+3225551212", f"{CALLED};phone-context=+32", f"{CALLED}\n", "", "sales"]
texts = st.one_of(raws, st.sampled_from([*WORDS, *OTHERS]))


@given(texts, st.sampled_from(PROFILES))
def test_at_a_look_and_at_length_the_called_number_is_one(raw: str, profile: object) -> None:
    plan = profile.plan  # type: ignore[attr-defined]
    assert dialled(raw, plan) == dialled_at_length(raw, plan)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("raw", [*WORDS, *OTHERS])
def test_so_it_is_of_each_kind_of_number(raw: str, profile: object) -> None:
    plan = profile.plan  # type: ignore[attr-defined]
    assert dialled(raw, plan) == dialled_at_length(raw, plan)


@pytest.mark.parametrize("raw", [CALLED, "003293330000", "0032%393330000"])
def test_a_home_number_in_any_spelling_is_called_plainly(raw: str) -> None:
    assert dialled(raw, PLAN) == (frozenset([CALLED]), frozenset([CALLED]), CALLED)


@pytest.mark.parametrize("raw", [f"{CALLED};rn=+3225551212", "", "sales"])
def test_what_is_no_home_number_or_may_lead_elsewhere_is_not_called_plainly(raw: str) -> None:
    assert not dialled(raw, PLAN)[2]
