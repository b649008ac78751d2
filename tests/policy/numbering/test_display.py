"""What a display text shows."""

import pytest

from policy.numbering import Range, read_display
from tests.policy.making import PLAN


@pytest.mark.law("L2")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", []),
        ("Jean", []),
        ("Room 12", []),
        ("1207", [(Range.SHORT, None)]),
        ("+32 2 555 12 12", [(Range.GEOGRAPHIC, "+3225551212")]),
        ("+44 20 7946 0000", [(Range.FOREIGN, "+442079460000")]),
        ("+800 1234 5678", [(Range.GLOBAL_SERVICE, "+80012345678")]),
        ("02 555 12 12 / 0470 12 34 56", [(Range.GEOGRAPHIC, "+3225551212"), (Range.MOBILE, "+32470123456")]),
        ("+44 20 7946 0000 or +3225551212", [(Range.GEOGRAPHIC, "+3225551212"), (Range.FOREIGN, "+442079460000")]),
        ("5551212", [(Range.BAD_FORM, None)]),
        ("Suite 5551212", []),
        ("Police 101", [(Range.NONE, None)]),
        ("+999 123 456 789", [(Range.BAD_FORM, None)]),
        ("+32 800 FLOWER", [(Range.BAD_FORM, None), (Range.NON_GEOGRAPHIC, "+3280035693")]),
        ("+48 112 345 678", [(Range.FOREIGN, "+48112345678")]),
        ("Jan, +48 112 345 678", [(Range.FOREIGN, "+48112345678")]),
        ("John +1 321 234 5678", [(Range.FOREIGN, "+13212345678")]),
        ("John +1 321 234 5678 ext 5", [(Range.FOREIGN, "+13212345678")]),
        ("02 555 a 12 12 / +44 20 25551212", [(Range.GEOGRAPHIC, "+3225551212"), (Range.FOREIGN, "+442025551212")]),
        ("0470 x12 34 56 +4420470123456", [(Range.MOBILE, "+32470123456"), (Range.FOREIGN, "+4420470123456")]),
        ("J +44 20 25551212 a 02 x 555 12 12", [(Range.GEOGRAPHIC, "+3225551212"), (Range.FOREIGN, "+442025551212")]),
        ("J +1 321 234 5678 a 012 x 34 56 78", [(Range.GEOGRAPHIC, "+3212345678"), (Range.FOREIGN, "+13212345678")]),
        ("J +33 1 23 45 67 02 a 555 12 12", [(Range.GEOGRAPHIC, "+3225551212"), (Range.FOREIGN, "+33123456702")]),
        ("J. +1 321 234 5678, 02 x 555 12 12", [(Range.GEOGRAPHIC, "+3225551212"), (Range.FOREIGN, "+1321234567802")]),
        ("+1 321 234 5678 Tel 02 555 12 12", [(Range.GEOGRAPHIC, "+3225551212"), (Range.FOREIGN, "+13212345678")]),
        ("Jan 112, +48 22 345 67 89", [(Range.FOREIGN, "+48223456789"), (Range.NONE, None)]),
        ("+116000", [(Range.SHORT, None)]),
        ("Jan +116000", [(Range.FOREIGN, "+116000"), (Range.NONE, None)]),
        ("Tel +32 (Bxl) 2 x 555 12 12", [(Range.GEOGRAPHIC, "+3225551212"), (Range.BAD_FORM, None)]),
        ("Tel 0032 x 2 555 12 12", [(Range.GEOGRAPHIC, "+3225551212"), (Range.BAD_FORM, None)]),
        ("100%25", [(Range.SHORT, None)]),
        ("%3225551212", [(Range.GEOGRAPHIC, "+3225551212"), (Range.BAD_FORM, None)]),
        ("\u202e21 21 555 2 23+", [(Range.GEOGRAPHIC, "+3225551212"), (Range.BAD_FORM, None)]),
        ("三二二五五五一二一二", []),
    ],
)
def test_every_number_shown_is_found(text: str, shown: list[tuple[Range, str | None]]) -> None:
    assert [(number.range, number.e164) for number in read_display(text, PLAN)] == shown


def test_a_text_full_of_numbers_is_reported_as_too_many_and_never_as_fewer() -> None:
    found = read_display("+442079460000 " * 100, PLAN)
    assert len(found) == 65
    assert found[-1].range is Range.BAD_FORM
