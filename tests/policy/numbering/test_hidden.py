"""The second net: what a text hides, and what only looks like it."""

import pytest

from policy.numbering.hidden import drawn_digits, find, plain
from tests.policy.making import PLAN


@pytest.mark.parametrize(
    ("text", "made_plain"),
    [
        ("+32 2-555", "+32 2 555"),
        ("++ +32", "+32"),
        ("%2B%2B32", "+32"),
        ("%25%32%42", "+"),
        ("３２", "32"),
        ("٣٢", "32"),
        ("3\u200b2\u00ad", "32"),
        ("0\ufe0f\u20e32", "02"),
        ("①②➂", "123"),
        ("➕32", "+32"),
        ("Ünï", "xnx"),
        ("a\x00b\tc", "ab c"),
        ("  ", ""),
    ],
)
def test_a_text_made_plain_has_digits_plus_letters_and_single_spaces(text: str, made_plain: str) -> None:
    assert plain(text) == made_plain


@pytest.mark.law("¶8 1°")
@pytest.mark.parametrize(
    "raw",
    [
        "025551212",
        "02/555.12.12",
        "0 2 5 5 5 1 2 1 2",
        "32(0)25551212",
        "+32-(0)2-555-12-12",
        "0032 02 5551212",
        "call:025551212",
        "1;2;025551212",
        "25551212;phone-context=+32",
        "5551212;phone-context=+32-2",
        "x;a=b;phone-context=+322;5=5551212 025551212",
        "+3225551212999",
        "44207946000003225551212",
        "+32 2 555 1212 x 5",
        "O25551212",
        "+32 2 555 l2 I2",
        "0113225551212",
        "810 32 2 555 12 12",
        "%3225551212",
        "&#43;32 2 555 12 12",
        "\u202e2121555223+",
    ],
)
def test_a_hidden_home_number_is_found(raw: str) -> None:
    assert "+3225551212" in {hidden.e164 for hidden in find(raw, PLAN)}


@pytest.mark.law("¶25")
@pytest.mark.parametrize(
    "raw",
    [
        "",
        "alice",
        "+442079460000",
        "0033612345678",
        "00 33 61 23 45 67 8",
        "0612345678",
        "02079460000",
        "2555121",
        "10.0.0.1",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "x;phone-context=example.com",
    ],
)
def test_what_is_no_home_number_is_not_found(raw: str) -> None:
    assert find(raw, PLAN) == ()


def test_letters_are_those_of_a_keypad_where_a_number_was_attempted() -> None:
    assert [hidden.e164 for hidden in find("0800FLOWE", PLAN)] == ["+3280035693"]
    assert [hidden.e164 for hidden in find("+32800FLOWER", PLAN)] == ["+32800", "+3280035693"]
    assert find("flower0800", PLAN) == ()


def test_a_number_with_its_country_code_is_sure_and_one_without_is_not() -> None:
    assert [hidden.sure for hidden in find("+32 2 555 12 12", PLAN)] == [True]
    assert [hidden.sure for hidden in find("0032 2 555 12 12", PLAN)] == [True]
    assert [hidden.sure for hidden in find("02 555 12 12", PLAN)] == [False]
    assert [hidden.sure for hidden in find("02 555 12 12, +3225551212", PLAN)] == [True]


def test_letters_pass_for_digits_only_beside_digits() -> None:
    assert drawn_digits("O2 555 l2 I2") == "02 555 12 12"
    assert drawn_digits("Oslo 2") == "Oslo 2"
    assert drawn_digits("hello2") == "hello2"


def test_of_too_many_hidden_numbers_those_judged_hardest_are_kept() -> None:
    many = " ".join(f"+3247000{i:04}" for i in range(100)) + " +3225551212"
    found = find(many, PLAN)
    assert len(found) == 64
    assert found[0].e164 == "+3225551212"
