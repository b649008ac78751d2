"""The home plan against a plain reading of it, exhaustively."""

from itertools import product

import pytest

from policy import Notation
from policy.numbering import Range, country_code_of, dialled_in, judge
from tests.policy.making import PLAN
from tests.policy.numbering.plainly import plainly


@pytest.mark.law("¶8 2°", "¶8 4°", "L7", "K6")
@pytest.mark.parametrize("first", "0123456789")
def test_every_prefix_and_length_is_classified_as_the_plan_reads(first: str) -> None:
    for rest in product("0123456789", repeat=3):
        prefix = first + "".join(rest)
        for length in range(4, 16):
            national = prefix + "1" * (length - 4)
            classified = PLAN.classify(national) if len(national) <= 13 else None
            assert (classified or Range.BAD_FORM) is plainly(national), national


@pytest.mark.law("¶8 1°", "K6")
@pytest.mark.parametrize("length", range(1, 16))
def test_judging_agrees_with_the_plan_for_every_two_digit_prefix(length: int) -> None:
    for prefix in product("0123456789", repeat=min(length, 2)):
        national = "".join(prefix) + "1" * (length - 2)
        number = judge("+32" + national, Notation.SIP, PLAN)
        assert number.range is plainly(national), national
        assert number.e164 == (None if number.breaches else "+32" + national)


@pytest.mark.law("¶8 1°")
@pytest.mark.parametrize("length", [8, 9])
def test_every_whole_number_is_found_behind_a_missing_plus(length: int) -> None:
    for prefix in product("123456789", "0123456789", "0123456789"):
        national = "".join(prefix) + "1" * (length - 3)
        expected = plainly(national)
        if expected is Range.BAD_FORM or (expected is Range.UNALLOCATED and length != 8):
            continue
        number = judge("32" + national, Notation.SIP, PLAN)
        assert ["+32" + national] == [hidden.e164 for hidden in number.hidden if hidden.range is expected]


def test_an_exchange_stops_listening_at_the_first_whole_number() -> None:
    assert PLAN.leading("255512129") == "25551212"
    assert PLAN.leading("4701234567") == "470123456"
    assert PLAN.leading("4012345678") == "40123456"
    assert PLAN.leading("2555121") is None
    assert PLAN.leading("") is None


@pytest.mark.parametrize(
    ("digits", "code"),
    [("442079", "44"), ("12125", "1"), ("35212", "352"), ("2101", None), ("999", None), ("0612", None), ("", None)],
)
def test_a_country_code_is_one_that_is_assigned(digits: str, code: str | None) -> None:
    assert country_code_of(digits) == code


def test_a_protected_code_may_have_any_digit_where_the_plan_writes_x() -> None:
    assert PLAN.is_protected("112")
    assert PLAN.is_protected("116117")
    assert not PLAN.is_protected("111")
    assert not PLAN.is_protected("1161")
    assert not PLAN.is_protected("")


def test_digits_are_dialled_in_a_country_only_as_its_people_dial() -> None:
    assert dialled_in("025551212", "39")
    assert not dialled_in("025551212", "33")
    assert not dialled_in("025551212", "34")
    assert not dialled_in("025551212", "31"), "eight digits after the zero, which only Dutch service numbers have"
    assert dialled_in("08001234", "31"), "which this one is"
    assert not dialled_in("", "33")
    assert dialled_in("0612345678", "33")
    assert dialled_in("3211234567", "57"), "no Colombian writes the trunk zero that the library knows"
    assert not dialled_in("3211234567", "49"), "Germans do"
