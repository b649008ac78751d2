"""The home plan against a plain reading of it, exhaustively."""

from itertools import product

import pytest

from policy import Notation
from policy.numbering import Range, country_code_of, dialled_in, judge
from tests.policy.making import PLAN

UNALLOCATED = ("17", "18", "62", "66", "72", "73", "74", "75", "76", "79", "88")


def plainly(national: str) -> Range:
    """What the table of the numbering plan says, in the order a person would ask."""
    length, two = len(national), national[:2]
    if national[0] == "0":
        return Range.BAD_FORM
    if length in (3, 4, 6):
        return Range.SHORT
    if length < 4 or length > 13:
        return Range.BAD_FORM
    if two in UNALLOCATED:
        return Range.UNALLOCATED
    if two == "77":
        return Range.MACHINE if length >= 8 else Range.BAD_FORM
    if national[0] == "4" and length == 9:
        return Range.MOBILE if two >= "45" else Range.UNOPENED_MOBILE
    if length != 8 or two in ("45", "46", "47", "48", "49"):
        return Range.BAD_FORM
    if two in ("70", "78", "90") or national.startswith("800"):
        return Range.NON_GEOGRAPHIC
    return Range.GEOGRAPHIC


@pytest.mark.parametrize("first", "0123456789")
def test_every_prefix_and_length_is_classified_as_the_plan_reads(first: str) -> None:
    for rest in product("0123456789", repeat=3):
        prefix = first + "".join(rest)
        for length in range(4, 16):
            national = prefix + "1" * (length - 4)
            classified = PLAN.classify(national) if len(national) <= 13 else None
            assert (classified or Range.BAD_FORM) is plainly(national), national


@pytest.mark.parametrize("length", range(1, 16))
def test_judging_agrees_with_the_plan_for_every_two_digit_prefix(length: int) -> None:
    for prefix in product("0123456789", repeat=min(length, 2)):
        national = "".join(prefix) + "1" * (length - 2)
        number = judge("+32" + national, Notation.SIP, PLAN)
        assert number.range is plainly(national), national
        assert number.e164 == (None if number.breaches else "+32" + national)


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
    assert not dialled_in("", "33")
    assert dialled_in("0612345678", "33")
