"""A home country of several codes, and one whose people dial no zero before a number."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import Notation
from policy.numbering import Block, Breach, Number, Plan, Range, judge, read_display
from policy.numbering.display import read_at_length
from policy.numbering.number import judge_at_length
from tests.policy.making import PLAN

GEOGRAPHIC, MOBILE = Range.GEOGRAPHIC, Range.MOBILE


def _plan(code: str, blocks: dict[str, tuple[tuple[int, ...], Range]], **more: object) -> Plan:
    lengths = {length for several, _ in blocks.values() for length in several}
    basis = attrs.evolve(
        PLAN,
        country_code=code,
        blocks={beginning: (Block(several, span),) for beginning, (several, span) in blocks.items()},
        national_lengths=tuple(sorted(lengths, reverse=True)),
        usual_length=max(lengths),
        short_lengths=frozenset({3, 4}),
    )
    return attrs.evolve(basis, **more)


OVERSEAS = (
    _plan("262", {"26": ((9,), GEOGRAPHIC), "6": ((9,), MOBILE)}),
    _plan("508", {"41": ((6,), GEOGRAPHIC), "55": ((6,), MOBILE)}, short_lengths=frozenset({3})),
)
FRANCE = _plan(
    "33",
    {**dict.fromkeys("12345", ((9,), GEOGRAPHIC)), "6": ((9,), MOBILE), "9": ((9,), Range.NON_GEOGRAPHIC)},
    overseas=OVERSEAS,
)
SPAIN = _plan("34", {"9": ((9,), GEOGRAPHIC), "6": ((9,), MOBILE)}, trunk_prefix="")
ITALY = _plan("39", {"0": ((9, 10), GEOGRAPHIC), "3": ((10,), MOBILE)}, trunk_prefix="")
LONG_SHORTS = attrs.evolve(PLAN, short_max=10)
PLANS = (PLAN, FRANCE, SPAIN, ITALY, LONG_SHORTS)


def _found(number: Number) -> set[tuple[str, Range]]:
    return {(hidden.e164, hidden.range) for hidden in number.hidden}


@pytest.mark.law("K27")
@pytest.mark.parametrize(
    ("raw", "span"),
    [
        ("+33123456789", GEOGRAPHIC),
        ("+33612345678", MOBILE),
        ("+262262123456", GEOGRAPHIC),
        ("00262692123456", MOBILE),
        ("+508411234", GEOGRAPHIC),
        ("+508551234", MOBILE),
        ("+3225551212", Range.FOREIGN),
        ("+2612012345", Range.FOREIGN),
        ("+50812", Range.BAD_FORM),
        ("+508123", Range.SHORT),
        ("+26226212345", Range.BAD_FORM),
    ],
)
def test_a_number_of_any_code_is_at_home(raw: str, span: Range) -> None:
    number = judge(raw, Notation.SIP, FRANCE)
    assert number.range is span
    assert FRANCE.is_home(number.country_code) is (number.e164 is not None and span is not Range.FOREIGN)


def test_the_longest_beginning_decides_in_whatever_order_they_are_written() -> None:
    blocks = {"7": ((9,), MOBILE), "70": ((9,), Range.MACHINE), "700": ((9, 10), GEOGRAPHIC)}
    for written in (blocks, dict(reversed(blocks.items()))):
        plan = _plan("33", written)
        assert [plan.classify(n) for n in ("712345678", "701234567", "700123456")] == [
            MOBILE,
            Range.MACHINE,
            GEOGRAPHIC,
        ]
        assert plan.classify("7012345678") is None
        assert plan.classify("7001234567") is GEOGRAPHIC


@pytest.mark.law("K27")
@pytest.mark.parametrize(
    ("raw", "hidden"),
    [
        ("262262123456", {("+262262123456", GEOGRAPHIC)}),
        ("+262-262-12-34-56", {("+262262123456", GEOGRAPHIC)}),
        ("+2620262123456", {("+262262123456", GEOGRAPHIC)}),
        ("+262(0)262123456", {("+262262123456", GEOGRAPHIC), ("+33262123456", GEOGRAPHIC)}),
        ("0692123456", {("+262692123456", MOBILE), ("+33692123456", MOBILE)}),
        ("0262123456", {("+262262123456", GEOGRAPHIC), ("+33262123456", GEOGRAPHIC)}),
        ("0411234", {("+508411234", GEOGRAPHIC)}),
        ("262123456;phone-context=+262", {("+262262123456", GEOGRAPHIC)}),
        ("2123456;phone-context=+262-26", {("+262262123456", GEOGRAPHIC)}),
        ("+262262123456 x 5", {("+262262123456", GEOGRAPHIC)}),
        ("0612345678", {("+33612345678", MOBILE), ("+262612345678", MOBILE)}),
        ("+442079460000;rn=+508411234", {("+508411234", GEOGRAPHIC)}),
    ],
)
def test_a_hidden_number_of_any_code_is_found(raw: str, hidden: set[tuple[str, Range]]) -> None:
    assert _found(judge(raw, Notation.SIP, FRANCE)) == hidden


def test_a_kept_zero_is_a_breach_behind_any_code() -> None:
    assert judge("+2620262123456", Notation.SIP, FRANCE).breaches == (Breach.TRUNK_ZERO,)


@pytest.mark.law("K27")
def test_a_display_text_shows_numbers_of_every_code() -> None:
    shown = read_display("0262 12 34 56 / +508 41 12 34, +44 20 7946 0000", FRANCE)
    assert [(number.range, number.e164, number.digits) for number in shown] == [
        (GEOGRAPHIC, "+33262123456", "262123456"),
        (GEOGRAPHIC, "+262262123456", "262123456"),
        (GEOGRAPHIC, "+508411234", "411234"),
        (Range.FOREIGN, "+442079460000", "442079460000"),
    ]


def test_a_plan_says_how_long_a_bare_number_is_short() -> None:
    assert judge("0044123456", Notation.SIP, PLAN).range is Range.FOREIGN
    assert judge("0044123456", Notation.SIP, LONG_SHORTS).range is Range.SHORT
    assert judge("+44123456", Notation.SIP, LONG_SHORTS).range is Range.FOREIGN
    assert [number.range for number in read_display("+44 123 456", LONG_SHORTS)] == [Range.SHORT]


def test_three_digits_may_be_a_number_where_numbers_are_that_short() -> None:
    tiny = _plan("7", {"1": ((2,), GEOGRAPHIC)})
    assert _found(judge(";ext=712", Notation.PARAMETERS, tiny)) == {("+712", GEOGRAPHIC)}
    assert judge(";ext=712", Notation.PARAMETERS, PLAN).range is Range.NONE


def test_what_is_longer_than_any_number_or_holds_no_digits_is_classified_too() -> None:
    assert PLAN.classify("17" + "1" * 20) is Range.UNALLOCATED
    assert PLAN.classify("2" + "1" * 20) is None
    assert PLAN.classify("0" + "1" * 20) is None
    assert ITALY.classify("0" + "1" * 20) is None
    assert PLAN.classify("") is PLAN.classify("2x551212") is PLAN.classify("x") is None


def test_national_digits_are_what_follows_any_home_code() -> None:
    assert FRANCE.codes == ("33", "262", "508")
    assert FRANCE.national("+262262123456") == "262123456"
    assert FRANCE.national("+33123456789") == "123456789"
    assert FRANCE.national("+442079460000") == "442079460000"
    assert FRANCE.significant("002620262123456") == "262123456"
    assert FRANCE.significant("0123456789") == "123456789"
    assert PLAN.national("+3225551212") == "25551212"
    assert PLAN.codes == ("32",)
    assert not PLAN.is_home(None)


@pytest.mark.law("K27")
def test_where_no_zero_is_dialled_a_leading_zero_is_the_numbers_own() -> None:
    rome = judge("+390612345678", Notation.SIP, ITALY)
    assert (rome.range, rome.e164, rome.digits) == (GEOGRAPHIC, "+390612345678", "0612345678")
    assert _found(judge("0612345678", Notation.SIP, ITALY)) == {("+390612345678", GEOGRAPHIC)}
    assert _found(judge("+39 06 1234 5678", Notation.SIP, ITALY)) == {("+390612345678", GEOGRAPHIC)}
    assert [number.e164 for number in read_display("+39 06 1234 5678", ITALY)] == ["+390612345678"]
    assert _found(judge("912345678", Notation.SIP, SPAIN)) == {("+34912345678", GEOGRAPHIC)}
    assert judge("+340912345678", Notation.SIP, SPAIN).breaches == (Breach.WRONG_LENGTH,)


def test_where_no_zero_is_dialled_a_parameters_digits_alone_are_no_number() -> None:
    assert judge(";cpc=912345678", Notation.PARAMETERS, SPAIN).range is Range.NONE
    assert judge("+442079460000;isub=912345678", Notation.SIP, SPAIN).range is Range.FOREIGN
    assert _found(judge(";cpc=34912345678", Notation.PARAMETERS, SPAIN)) == {("+34912345678", GEOGRAPHIC)}
    assert _found(judge(";cpc=0612345678", Notation.PARAMETERS, ITALY)) == {("+390612345678", GEOGRAPHIC)}


PIECES = st.sampled_from(
    """
    + + 00 0 32 33 262 508 34 39 44 1 800 25551212 470123456 262123456 411234 912345678 0612345678 2079460000 112 1207
    116000 ( ) (0) - . / ; = ? , @ %2B %25 %32 %3 & &#43; &#5 &plus; &half; \\u0033 =?u?q?=33?= phone-context= ext
    rn= ext= x a O l é ² ½ ８ ٣ \u200b \u202e anonymous Ltd 5 7 9 12 345 999
    """.split()  # noqa: SIM905 - a list of eighty quoted pieces would not be read
)
TEXTS = st.lists(PIECES | st.just(" "), max_size=9).map("".join)


@given(TEXTS, st.sampled_from(Notation), st.booleans(), st.sampled_from(PLANS))
def test_what_is_known_at_a_look_is_what_the_long_way_says(
    raw: str, notation: Notation, user_phone: bool, plan: Plan
) -> None:
    assert judge(raw, notation, plan, user_phone) == judge_at_length(raw, notation, plan, user_phone)
    assert read_display(raw, plan) == read_at_length(raw, plan)


@given(
    st.from_regex(r"(\+|00|)[0-9]{1,17}|[+][0-9 ./()-]{6,30}|[;=a-z.0-9]{1,12}", fullmatch=True), st.sampled_from(PLANS)
)
def test_ordinary_texts_are_known_at_a_look_as_at_length(raw: str, plan: Plan) -> None:
    for notation in Notation:
        assert judge(raw, notation, plan) == judge_at_length(raw, notation, plan)
    assert read_display(raw, plan) == read_at_length(raw, plan)
