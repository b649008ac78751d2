"""One text judged twice."""

import pytest

from policy import Notation
from policy.numbering import Breach, Range, judge
from tests.policy.making import PLAN


@pytest.mark.parametrize(
    ("raw", "notation", "user_phone", "span", "e164"),
    [
        ("+3225551212", Notation.SIP, False, Range.GEOGRAPHIC, "+3225551212"),
        ("+32-2-555-12-12", Notation.TEL, False, Range.GEOGRAPHIC, "+3225551212"),
        ("+32-2-555-12-12", Notation.SIP, True, Range.GEOGRAPHIC, "+3225551212"),
        ("+32-2-555-12-12", Notation.SIP, False, Range.BAD_FORM, None),
        ("0044207946", Notation.SIP, False, Range.FOREIGN, "+44207946"),
        ("+8001234567890", Notation.SIP, False, Range.GLOBAL_SERVICE, "+8001234567890"),
        ("+8801712345678", Notation.SIP, False, Range.FOREIGN, "+8801712345678"),
        ("1207;phone-context=+32", Notation.TEL, False, Range.SHORT, None),
        ("bob", Notation.SIP, False, Range.NONE, None),
        ("&half;", Notation.OTHER, False, Range.SHORT, None),
        ("&plus;", Notation.OTHER, False, Range.BAD_FORM, None),
        ("&nbsp;", Notation.OTHER, False, Range.NONE, None),
        (";ext=5", Notation.SIP, False, Range.NONE, None),
        ("+3225551212", Notation.OTHER, False, Range.BAD_FORM, None),
        ("+3225551212", Notation.DISPLAY, False, Range.BAD_FORM, None),
    ],
)
def test_a_text_has_one_range_and_a_normal_form_when_its_form_is_good(
    raw: str, notation: Notation, user_phone: bool, span: Range, e164: str | None
) -> None:
    number = judge(raw, notation, PLAN, user_phone)
    assert (number.range, number.e164) == (span, e164)


def test_a_number_names_its_country() -> None:
    assert judge("+35212345678", Notation.SIP, PLAN).country_code == "352"
    assert judge("bob", Notation.SIP, PLAN).country_code is None


@pytest.mark.law("¶8 1°")
def test_a_parameter_breaks_the_form_only_when_it_holds_a_home_number_or_a_context() -> None:
    fine = judge("+442079460000;ext=12;isub=9;verstat=No-TN-Validation;trunk-context=+322", Notation.TEL, PLAN)
    assert fine.range is Range.FOREIGN
    routed = judge("+442079460000;rn=%2B3225551212", Notation.TEL, PLAN)
    assert routed.breaches == (Breach.PARAMETER,)
    assert [hidden.e164 for hidden in routed.hidden] == ["+3225551212"]
    for context in (";phone-context=+44", ";PHONE-CONTEXT=+44", ";%70hone-context=+44"):
        assert judge("+442079460000" + context, Notation.TEL, PLAN).breaches == (Breach.LOCAL,)
    both = judge("+32470123456;rn=+3225551212", Notation.TEL, PLAN)
    for routed in ("npdi;rn=C00001;rn-context=+32", "rn=8087321000;npdi", "npdi;rn=8087321000", "npdi;rn=2025440000"):
        assert judge(f"+18085551212;{routed}", Notation.TEL, PLAN).range is Range.FOREIGN
        assert judge(f";{routed}", Notation.PARAMETERS, PLAN).range is Range.NONE
    assert {hidden.e164 for hidden in both.hidden} == {"+32470123456", "+3225551212"}


@pytest.mark.law("¶8 1°", "¶9")
@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        (";rn=25551212;rn-context=+32", "+3225551212"),
        (";npdi;rn-context=%2B32;rn=2-555-12-12", "+3225551212"),
        (";RN = 5551212 ;RN-Context= +322", "+3225551212"),
        (";rn=470123456;rn-context=0032", "+32470123456"),
        (";rn=C00001;rn=25551212;rn-context=+33;rn-context=+32", "+3225551212"),
        (";cic=25551212;cic-context=+32", "+3225551212"),
    ],
)
def test_a_local_routing_number_is_completed_by_its_own_context(parameters: str, found: str) -> None:
    for raw, notation in ((f"+442079460000{parameters}", Notation.TEL), (f"{parameters} carrier", Notation.PARAMETERS)):
        number = judge(raw, notation, PLAN)
        assert [hidden.e164 for hidden in number.hidden] == [found]
        assert number.range is Range.BAD_FORM


@pytest.mark.law("¶25")
@pytest.mark.parametrize(
    "parameters",
    [
        ";rn=25551212",
        ";rn=25551212;rn-context=+44",
        ";rn=25551212;cic-context=+32",
        ";rn=C25551212;rn-context=+32",
        ";rn=+44207946;rn-context=+32",
        ";rn=25551212;rn-context=carrier.example",
        ";rn-context=+32;cic-context=+32",
    ],
)
def test_no_other_routing_number_is_a_home_number(parameters: str) -> None:
    assert judge(f"+442079460000{parameters}", Notation.TEL, PLAN).range is Range.FOREIGN
    assert judge(parameters, Notation.PARAMETERS, PLAN).range is Range.NONE
