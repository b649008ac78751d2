"""Every beginning of four digits in every length: the code, docs/numbering.md and a plain reading of the plan agree."""

import pytest

from policy import Notation
from policy.numbering import Breach, Range, judge
from tests.policy.making import PLAN
from tests.policy.numbering.page import LENGTHS, PAGE, PREFIXES, judged, of_length, page
from tests.policy.numbering.plainly import breaches, plainly


@pytest.mark.law("¶8 1°", "¶8 2°", "¶8 4°", "L7", "K6")
@pytest.mark.parametrize("length", LENGTHS)
def test_every_beginning_is_in_the_range_and_form_that_a_person_reads(length: int) -> None:
    for prefix in PREFIXES:
        national = of_length(prefix, length)
        number, expected, broken = judged(national), plainly(national), breaches(national)
        assert number.range is (Range.BAD_FORM if broken else expected), national
        assert number.breaches == broken, national
        assert number.e164 == (None if broken else "+32" + national)


@pytest.mark.law("K6")
def test_the_page_says_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "python -m tests.policy.numbering.page prints it anew"


@pytest.mark.parametrize("rest", ["0000000000000", "9999999999999", "3232323232323", "0320032003200"])
def test_the_digits_behind_the_beginning_decide_nothing(rest: str) -> None:
    for prefix in PREFIXES[::7]:
        for length in LENGTHS:
            assert PLAN.classify((prefix + rest)[:length]) is PLAN.classify(of_length(prefix, length))


@pytest.mark.law("¶8 1°", "K5")
@pytest.mark.parametrize(
    ("before", "breach"),
    [("32", Breach.NO_PREFIX), ("+320", Breach.TRUNK_ZERO), ("00320", Breach.TRUNK_ZERO), ("++32", Breach.SEVERAL)],
)
def test_every_whole_number_is_found_behind_a_breach_of_form(before: str, breach: Breach) -> None:
    for prefix in PREFIXES[1000::3]:
        for length in (8, 9):
            national = of_length(prefix, length)
            expected = plainly(national)
            if expected is Range.BAD_FORM or (expected is Range.UNALLOCATED and length != PLAN.usual_length):
                continue
            number = judge(before + national, Notation.SIP, PLAN)
            assert breach in number.breaches, national
            assert ("+32" + national, expected) in {(hidden.e164, hidden.range) for hidden in number.hidden}, national


@pytest.mark.law("¶8 4°")
def test_every_bare_number_of_one_to_four_digits_is_short() -> None:
    for size in range(1, 5):
        for number in range(10**size):
            assert judge(f"{number:0{size}}", Notation.SIP, PLAN).range is Range.SHORT


@pytest.mark.law("¶8 4°")
@pytest.mark.parametrize("number", ["00000", "11600", "99999", "000000", "116000", "116117", "003212", "999999"])
def test_a_bare_number_of_five_or_six_digits_is_short(number: str) -> None:
    assert judge(number, Notation.SIP, PLAN).range is Range.SHORT
    assert judge(number, Notation.TEL, PLAN).range is Range.SHORT
