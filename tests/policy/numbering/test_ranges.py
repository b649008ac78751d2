"""Each zone by its name, each range by what people know it as."""

import pytest

from policy import Notation
from policy.numbering import Range, judge, read_display
from tests.policy.making import PLAN
from tests.policy.numbering.plainly import UNALLOCATED, ZONES, zone


def _number(national: str) -> str:
    return f"+32{national}{'12345678'[: 8 - len(national)]}"


@pytest.mark.law("¶8 2°", "K6")
def test_there_are_forty_zones() -> None:
    assert len(ZONES) == 40


@pytest.mark.law("¶8 2°", "K6")
@pytest.mark.parametrize(("area", "name"), [pytest.param(a, n, id=f"0{a} {n}") for a, n in ZONES.items()])
def test_a_number_of_a_zone_is_geographic(area: str, name: str) -> None:
    whole = _number({"4": "42", "9": "91", "80": "801"}.get(area, area))
    assert zone(whole[3:]) == name
    for spelt in (whole, "00" + whole[1:]):
        number = judge(spelt, Notation.SIP, PLAN)
        assert (number.range, number.e164, number.breaches) == (Range.GEOGRAPHIC, whole, ())
    assert [(shown.range, shown.e164) for shown in read_display("0" + whole[3:], PLAN)] == [(Range.GEOGRAPHIC, whole)]


@pytest.mark.law("¶8 2°", "¶8 3°", "¶8 4°", "K6")
@pytest.mark.parametrize(
    ("raw", "span"),
    [
        pytest.param("+3221234567", Range.GEOGRAPHIC, id="Brussels, which a library calls unknown"),
        pytest.param("+3229999999", Range.GEOGRAPHIC, id="029, not yet opened"),
        pytest.param("+3240123456", Range.GEOGRAPHIC, id="040 with eight digits"),
        pytest.param("+3244123456", Range.GEOGRAPHIC, id="044 with eight digits"),
        pytest.param("+3280123456", Range.GEOGRAPHIC, id="0801, Stavelot"),
        pytest.param("+3291123456", Range.GEOGRAPHIC, id="091, Ghent"),
        pytest.param("+32450012345", Range.MOBILE, id="0450"),
        pytest.param("+32455123456", Range.MOBILE, id="0455"),
        pytest.param("+32460123456", Range.MOBILE, id="0460"),
        pytest.param("+32470123456", Range.MOBILE, id="0470"),
        pytest.param("+32489123456", Range.MOBILE, id="0489"),
        pytest.param("+32499123456", Range.MOBILE, id="0499"),
        pytest.param("+32400123456", Range.UNOPENED_MOBILE, id="0400 with nine digits"),
        pytest.param("+32444123456", Range.UNOPENED_MOBILE, id="0444 with nine digits"),
        pytest.param("+3247012345", Range.BAD_FORM, id="a mobile number short of a digit"),
        pytest.param("+324701234567", Range.BAD_FORM, id="a mobile number with a digit too many"),
        pytest.param("+3277123456", Range.MACHINE, id="077 of eight digits"),
        pytest.param("+32771234567890", Range.MACHINE, id="077 of twelve digits"),
        pytest.param("+327712345678901", Range.MACHINE, id="077 of thirteen digits"),
        pytest.param("+3277123456789012", Range.BAD_FORM, id="077 of fourteen digits"),
        pytest.param("+32771234", Range.SHORT, id="077 of six digits"),
        pytest.param("+327712345", Range.BAD_FORM, id="077 of seven digits"),
        pytest.param("+3280012345", Range.NON_GEOGRAPHIC, id="0800"),
        pytest.param("+3270123456", Range.NON_GEOGRAPHIC, id="070"),
        pytest.param("+3278123456", Range.NON_GEOGRAPHIC, id="078"),
        *(pytest.param(f"+3290{n}12345", Range.NON_GEOGRAPHIC, id=f"090{n}") for n in range(10)),
        *(pytest.param(f"+32{two}123456", Range.UNALLOCATED, id=f"0{two}") for two in UNALLOCATED),
        pytest.param("+3217123", Range.UNALLOCATED, id="an unallocated range in five digits"),
        pytest.param("112", Range.SHORT, id="112"),
        pytest.param("1207", Range.SHORT, id="1207"),
        pytest.param("+32112", Range.SHORT, id="+32112"),
        pytest.param("+321207", Range.SHORT, id="+321207"),
        pytest.param("+32116000", Range.SHORT, id="+32116000"),
        pytest.param("0032116117", Range.SHORT, id="0032116117"),
        pytest.param("+3212", Range.BAD_FORM, id="two digits after the country code"),
        pytest.param("+3211600", Range.BAD_FORM, id="five digits after the country code"),
        pytest.param("+32", Range.BAD_FORM, id="the country code alone"),
        pytest.param("0032", Range.SHORT, id="0032 alone"),
    ],
)
def test_a_number_is_in_the_range_of_its_beginning_and_length(raw: str, span: Range) -> None:
    assert judge(raw, Notation.SIP, PLAN).range is span
    assert judge(raw, Notation.TEL, PLAN).range is span
