"""A number in normal form, however a message spells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.store import normal


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("sip:+3225551212@home.example", "+3225551212"),
        ("<sip:003225551212@home.example;user=phone>;tag=1", "+3225551212"),
        ('"Bob 12" <sips:025551212@home.example>', "+3225551212"),
        ("tel:+32-2-555.12.12;phone-context=x", "+3225551212"),
        ("tel:(02)5551212", "+3225551212"),
        ("+32470123456", "+32470123456"),
        ("0470/12.34.56", "+32470123456"),
        ("112", "112"),
        ("sip:1207@home.example", "1207"),
        ("sip:+3225551212;npdi@home.example", "+3225551212"),
        ("sip:anonymous@anonymous.invalid", None),
        ("sip:home.example", None),
        ("sip:bob42@home.example", None),
        ("sip:+32２5551212@home.example", None),
        ("", None),
        ("7", None),
        ("1" * 21, None),
    ],
)
def test_how_it_is_spelt(text: str, number: str | None) -> None:
    assert normal(text) == number


def test_a_national_number_is_one_of_the_country_that_is_home() -> None:
    assert normal("0142345678", "33") == "+33142345678"


@given(st.text(max_size=60))
def test_any_text_is_a_number_in_normal_form_or_none(text: str) -> None:
    number = normal(text)
    assert number is None or (number.isascii() and number.removeprefix("+").isdigit())
    assert number is None or normal(number) == number or number.startswith("0")
