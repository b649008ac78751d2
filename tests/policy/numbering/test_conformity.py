"""The ways not to be an E.157 number, one by one: each is a breach, and what it hides is found.

Of the eleven ways the nature of address (the eleventh) belongs to ISUP: a SIP user part has none.
"""

import pytest

from policy import Notation
from policy.numbering import Breach, Number, Range, judge
from tests.policy.making import PLAN

WAYS: dict[str, tuple[Breach, list[str]]] = {
    "1 neither + nor 00": (
        Breach.NO_PREFIX,
        ["3225551212", "025551212", "442079460000", "33612345678", "25551212", "011442079460000"],
    ),
    "2 the national zero is kept": (
        Breach.TRUNK_ZERO,
        ["+32025551212", "003202555121", "+320470123456", "0032025551212", "+320"],
    ),
    "3 the wrong length": (
        Breach.WRONG_LENGTH,
        ["+322555121", "+32255512123", "+3247012345", "+324701234567", "+328001234", "+3280012345678", "+327712345"],
    ),
    "4 more than 15 digits": (
        Breach.TOO_LONG,
        ["+4420794600001234", "+3277123456789012", "+1212555012345678", "00442079460000123456"],
    ),
    "5 an unassigned country code, or the code alone": (
        Breach.UNASSIGNED_CODE,
        ["+999123456789", "+210123456789", "+0123456789", "+99", "+2", "000044123456"],
    ),
    "5 the code alone": (Breach.TOO_SHORT, ["+32", "+44", "+1", "+352"]),
    "6 fewer than six digits in all": (Breach.TOO_SHORT, ["+44123", "+1212", "+35212", "0033123"]),
    "7 letters, signs and service prefixes": (
        Breach.CHARACTERS,
        ["+32800FLOWER", "+3225551212*", "+3225551212#", "#31#+3225551212", "*31*025551212", "+32 2 555", "+32/2"],
    ),
    "8 other digits than ASCII's, invisible characters": (
        Breach.NOT_ASCII,
        ["+32２5551212", "+32٢5551212", "+322\u200b5551212", "+322\u00ad5551212", "+3225551212\u202c", "+32\x002"],
    ),
    "9 a local number, or a context": (
        Breach.LOCAL,
        ["25551212;phone-context=+32", "5551212;phone-context=+322", "+442079460000;phone-context=example.com"],
    ),
    "10 two +, or two numbers": (Breach.SEVERAL, ["++3225551212", "+3225551212+442079460000", "+44+2079460000"]),
}
CASES = [
    pytest.param(breach, raw, id=f"{way}: {ascii(raw)[1:-1]}") for way, (breach, raws) in WAYS.items() for raw in raws
]


@pytest.mark.law("¶8 1°", "K5")
@pytest.mark.parametrize("notation", [Notation.SIP, Notation.TEL])
@pytest.mark.parametrize(("breach", "raw"), CASES)
def test_each_way_is_a_breach(breach: Breach, raw: str, notation: Notation) -> None:
    number = judge(raw, notation, PLAN)
    assert breach in number.breaches
    assert number.range in (Range.BAD_FORM, Range.SHORT)
    assert number.e164 is None


@pytest.mark.law("¶8 1°", "¶25", "K15")
@pytest.mark.parametrize(
    "raw",
    ["+442079460000", "00442079460000", "+299321", "+6831234", "+290123", "+123456789012345", "+79161234567"],
)
def test_a_foreign_number_in_order_has_no_breach_whatever_a_library_knows(raw: str) -> None:
    number = judge(raw, Notation.SIP, PLAN)
    assert (number.range, number.breaches, number.hidden) == (Range.FOREIGN, (), ())


@pytest.mark.law("¶8 1°")
@pytest.mark.parametrize("written", ["+32-2-555-12-12", "+32.2.555.12.12", "+32(2)5551212", "+(32)25551212"])
def test_the_separators_of_a_tel_uri_are_a_breach_only_where_the_grammar_has_none(written: str) -> None:
    """RFC 3966 §3: visual separators have no meaning; RFC 3261 §19.1.6 lends them to a SIP URI with user=phone."""

    def judged(notation: Notation, *, phone: bool = False) -> Number:
        return judge(written, notation, PLAN, phone)

    assert judged(Notation.TEL).range is judged(Notation.SIP, phone=True).range is Range.GEOGRAPHIC
    plain = judged(Notation.SIP)
    assert plain.breaches == (Breach.CHARACTERS,)
    assert [hidden.e164 for hidden in plain.hidden] == ["+3225551212"]
