"""A number in the ways in which people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.cases.spelling import spellings
from b2bua.errors import CaseError
from policy.profile import Profile
from tests.b2bua.cases.making import PLAN

FRANCE = Profile.load("france").plan


@pytest.mark.law("¶16 identity")
@pytest.mark.parametrize(
    "text",
    [
        "0470123456",
        "0470 12 34 56",
        "0470/12.34.56",
        "0470-12-34-56",
        "+32470123456",
        "+32 470 12 34 56",
        "+32 (0)470 12 34 56",
        "+32 0470 12 34 56",
        "0032470123456",
        "0032 (0) 470 123 456",
        "32470123456",
        "470123456",
        "tel:+32-470-12-34-56",
        "sip:+32470123456@carrier;user=phone",
        "(0470) 12 34 56",
        " 0470\u00a012\u201134 56 ",
    ],
)
def test_every_spelling_of_a_mobile_number_is_first_of_all_that_number(text: str) -> None:
    assert spellings(text, PLAN)[0] == "+32470123456"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("02 555 12 12", "+3225551212"),
        ("0800 12 345", "+3280012345"),
        ("+33 1 23 45 67 89", "+33123456789"),
        ("+44 (0)20 7946 0000", "+442079460000"),
    ],
)
def test_other_numbers_too(text: str, first: str) -> None:
    assert spellings(text, PLAN)[0] == first


def test_a_short_number_is_looked_for_as_it_is() -> None:
    assert spellings("1207", PLAN)[0] == "1207"


def test_what_may_be_read_in_two_ways_is_looked_for_in_both() -> None:
    assert {"+32470123456", "+470123456"} <= set(spellings("470123456", PLAN))


def test_a_number_as_it_was_badly_written_on_the_wire_is_looked_for_too() -> None:
    assert "0470123456" in spellings("0470 12 34 56", PLAN)


def test_the_country_is_that_of_the_profile() -> None:
    assert spellings("01 23 45 67 89", FRANCE)[0] == "+33123456789"


@pytest.mark.parametrize(
    "text", ["", "   ", "anonymous", "+", "0470 12 34 5x", "++32470123456", "1" * 21, "٠٤٧٠١٢٣٤٥٦"]
)
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    with pytest.raises(CaseError, match="is no telephone number"):
        spellings(text, PLAN)


@given(st.text(max_size=40))
def test_any_text_has_spellings_or_is_no_number(text: str) -> None:
    try:
        found = spellings(text, PLAN)
    except CaseError:
        return
    assert found
    assert len(found) == len(set(found))
    assert all(one.removeprefix("+").isdigit() for one in found)
