"""The decision table of an international trunk, cell by cell, to be read beside the law."""

import pytest

from policy import Notation, Outcome, Position, Roaming
from tests.policy.making import LONDON, displayed, judged, outcome, presented, said

P, D, N, R, O = Position.PRESENTATION, Position.DISPLAY, Position.NETWORK, Position.REDIRECT, Position.OTHER  # noqa: E741
LETTERS = {"P": Outcome.PASS, "S": Outcome.STRIP, "W": Outcome.WITHHOLD, "B": Outcome.BLOCK}

TABLE = [
    # number                    what                                P    D    N    R    elsewhere
    ("+3225551212", "geographic, Brussels",                        "B", "B", "B", "B", "S"),
    ("+3242345678", "geographic, Liège",                           "B", "B", "B", "B", "S"),
    ("+3291234567", "geographic, Ghent",                           "B", "B", "B", "B", "S"),
    ("+3280123456", "geographic, Stavelot",                        "B", "B", "B", "B", "S"),
    ("+3210123456", "geographic, Wavre",                           "B", "B", "B", "B", "S"),
    ("+3221234567", "geographic, which libraries do not know",     "B", "B", "B", "B", "S"),
    ("+3270123456", "non-geographic 070",                          "B", "B", "B", "B", "S"),
    ("+3278102345", "non-geographic 078",                          "B", "B", "B", "B", "S"),
    ("+3280012345", "non-geographic 0800",                         "B", "B", "B", "B", "S"),
    ("+3290212345", "non-geographic 090x",                         "B", "B", "B", "B", "S"),
    ("+32771234567890", "machines 077",                            "B", "B", "B", "B", "S"),
    ("+3277123456", "machines 077, eight digits",                  "B", "B", "B", "B", "S"),
    ("+3272123456", "unallocated",                                 "B", "B", "B", "B", "S"),
    ("+3262123456", "unallocated",                                 "B", "B", "B", "B", "S"),
    ("+32440123456", "mobile, not opened",                         "B", "B", "B", "B", "S"),
    ("1207", "short",                                              "B", "B", "B", "B", "P"),
    ("112", "short",                                               "B", "B", "B", "B", "P"),
    ("116000", "short",                                            "B", "B", "B", "B", "P"),
    ("0", "short",                                                 "B", "B", "B", "B", "P"),
    ("001207", "short, with zeros before",                         "B", "B", "B", "B", "P"),
    ("+321207", "short with the country code",                     "B", "B", "B", "B", "P"),
    ("+32112", "short with the country code",                      "B", "B", "B", "B", "P"),
    ("+32116000", "short with the country code",                   "B", "B", "B", "B", "P"),
    ("612345678", "no prefix",                                     "B", "S", "B", "S", "P"),
    ("442079460001", "no prefix",                                  "B", "S", "B", "S", "P"),
    ("+322555121", "too short for its range",                      "B", "S", "B", "S", "P"),
    ("+2101234567", "unassigned country code",                     "B", "S", "B", "S", "P"),
    ("+9991234567", "unassigned country code",                     "B", "S", "B", "S", "P"),
    ("+4420794600001234", "more than 15 digits",                   "B", "S", "B", "S", "P"),
    ("025551212", "national form",                                 "B", "B", "B", "B", "S"),
    ("3225551212", "no prefix, a home number",                     "B", "B", "B", "B", "S"),
    ("+320470123456", "trunk zero kept, a home mobile",            "B", "S", "B", "B", "S"),
    ("0470123456", "national form, a home mobile",                 "B", "S", "B", "B", "S"),
    ("+33612345678", "foreign, another than the call's",           "P", "S", "P", "P", "P"),
    ("0033612345678", "foreign, 00",                               "P", "S", "P", "P", "P"),
    ("+390612345678", "foreign, with a real leading zero",         "P", "S", "P", "P", "P"),
    ("+8001234567890", "global service",                           "P", "S", "P", "P", "P"),
    ("+881612345678", "global service",                            "P", "S", "P", "P", "P"),
    ("anonymous", "text",                                          "P", "P", "P", "P", "P"),
    ("Privé", "text",                                              "P", "P", "P", "P", "P"),
    ("Jean-Pierre 2", "text",                                      "P", "P", "P", "P", "P"),
    ("", "nothing",                                                "P", "P", "P", "P", "P"),
]  # fmt: skip


@pytest.mark.law("¶8 1°", "¶8 2°", "¶8 4°", "¶9", "¶25", "L6", "L7")
@pytest.mark.parametrize(
    ("raw", "position", "letter"),
    [(row[0], p, letter) for row in TABLE for p, letter in zip((P, D, N, R, O), row[2:], strict=True)],
)
def test_each_cell_of_the_table_is_as_the_law_has_it(raw: str, position: Position, letter: str) -> None:
    placed = said(position, raw)
    others = () if position is P else (presented(LONDON),)
    assert outcome(*others, placed) is LETTERS[letter]


MOBILE = [
    # the answer                 P    N    R
    (Roaming.ABROAD,             "P", "P", "P"),
    (Roaming.NOT_ABROAD,         "B", "B", "S"),
    (Roaming.UNKNOWN_SUBSCRIBER, "B", "B", "S"),
    (Roaming.FAILED,             "W", "W", "S"),
    (Roaming.NOT_OFFERED,        "B", "B", "S"),
    (Roaming.NOT_ASKED,          "B", "B", "S"),
]  # fmt: skip


@pytest.mark.law("¶8 3°", "L3", "L4", "L5", "L20")
@pytest.mark.parametrize(
    ("roaming", "position", "letter"),
    [(row[0], p, letter) for row in MOBILE for p, letter in zip((P, N, R), row[1:], strict=True)],
)
def test_a_mobile_number_is_as_its_roaming_check_says(roaming: Roaming, position: Position, letter: str) -> None:
    others = () if position is P else (presented(LONDON),)
    assert outcome(*others, said(position, "+32470123456"), roaming=roaming) is LETTERS[letter]


BAD_FORMS = [
    ("+320470123456", "keeps the national trunk zero"),
    ("00320470123456", "keeps the national trunk zero"),
    ("470123456", "neither + nor 00"),
    ("32470123456", "neither + nor 00"),
    ("+324701234567", "wrong length"),
    ("+3247012345", "wrong length"),
    ("+322555121", "wrong length"),
    ("+2101234567", "no country has its country code"),
    ("+0612345678", "no country has its country code"),
    ("+33699", "too few digits"),
    ("+44", "too few digits"),
    ("+", "too few digits"),
    ("+4420794600001234", "more than 15 digits"),
    ("+32(0)470123456", "characters other than"),
    ("+32-470-123-456", "characters other than"),
    ("+32800FLOWER", "characters other than"),
    ("*31#+33612345678", "characters other than"),
    ("+３３612345678", "non-ASCII digits"),
    ("+336\u200b12345678", "non-ASCII digits"),
    ("+336%E2%80%8B12345678", "non-ASCII digits"),
    ("++33612345678", "more than one number or more than one +"),
    ("+33612345678+33612345679", "more than one number or more than one +"),
    ("+33612345678;phone-context=+33", "phone-context"),
    ("612345678;phone-context=+33", "phone-context"),
    ("+33612345678;rn=+32475000000", "one of its parameters"),
]


@pytest.mark.law("¶8 1°", "L10")
@pytest.mark.parametrize(("raw", "why"), BAD_FORMS)
def test_a_cli_that_is_not_in_e157_form_is_blocked_for_its_form(raw: str, why: str) -> None:
    verdict = judged(presented(raw))
    assert verdict.outcome is Outcome.BLOCK
    assert verdict.basis == "art. 1 1°, ¶8"
    assert verdict.deciding is not None
    assert why in verdict.deciding.why


GOOD_FORMS = [
    ("0032470123456", Notation.SIP, False),
    ("%2B32470123456", Notation.SIP, False),
    ("%2b3247%30123456", Notation.SIP, False),
    ("+32470123456;verstat=TN-Validation-Passed", Notation.TEL, False),
    ("+32-470.12(34)56", Notation.TEL, False),
    ("+32-470-123-456", Notation.SIP, True),
    ("+32470123456;ext=55;isub=1;npdi;cpc=ordinary;tgrp=a;trunk-context=+32", Notation.TEL, False),
]


@pytest.mark.law("¶8 1°", "¶28")
@pytest.mark.parametrize(("raw", "notation", "user_phone"), GOOD_FORMS)
def test_a_well_formed_mobile_abroad_passes_however_its_uri_may_write_it(
    raw: str, notation: Notation, user_phone: bool
) -> None:
    assert outcome(presented(raw, notation, user_phone=user_phone)) is Outcome.PASS


@pytest.mark.law("¶8 1°")
@pytest.mark.parametrize("raw", ["+32-470(0)123456", "+32(0)470123456"])
@pytest.mark.parametrize("notation", [Notation.TEL, Notation.SIP])
def test_a_bracketed_zero_is_bad_form_even_where_separators_are_allowed(raw: str, notation: Notation) -> None:
    assert outcome(presented(raw, notation, user_phone=True)) is Outcome.BLOCK


@pytest.mark.law("¶8 3°", "L4")
def test_a_withheld_mobile_says_which_proof_it_rests_on() -> None:
    assert judged(presented("+32470123456"), roaming=Roaming.FAILED).basis == "art. 1 3°, ¶8 3° (failed check)"


@pytest.mark.law("¶9", "L2")
@pytest.mark.parametrize(
    ("display", "cli", "letter"),
    [
        ("02/555.12.12", "+33612345678", "B"),  # no French number looks like this
        ("02/555.12.12", "+390612345678", "S"),  # a Milan number does
        ("02 5551212", "+44 20", "B"),
        ("+32 2 555 12 12", "+390612345678", "B"),  # with its country code there is no doubt
        ('"+3225551212"', "+33612345678", "B"),
        ("3225551212", "+12125550123", "S"),  # +1 322 555 1212
        ("3225551212", "+33612345678", "B"),
        ("Bank 02 555 12 12", "+33612345678", "B"),
        ("0470 12 34 56", "+33612345678", "S"),
        ("+33 6 12 34 56 78", "+33612345678", "P"),
        ("0033612345678", "+33612345678", "P"),
        ("+33 (6) 12.34.56.78 Jean", "+33612345678", "P"),
        ("+33 6 12 34 56 79", "+33612345678", "S"),
        ("06 12 34 56 78", "+33612345678", "S"),
        ("33612345678", "+33612345678", "S"),
        ("+39 02 5551212", "+39025551212", "P"),  # its inner 02 5551212 is no Brussels number
        ("Police 101", LONDON, "S"),
        ("Police 1.0.1", LONDON, "S"),
        ("Police １０１", LONDON, "S"),
        ("Child Focus 116 000", LONDON, "S"),
        ("Autobianchi A112", LONDON, "P"),
        ("Room 12", LONDON, "P"),
        ("24/7 Support", LONDON, "P"),
        ("Call +321207", LONDON, "S"),
        ("(1207)", LONDON, "B"),
        ("１２０７", LONDON, "B"),
        ("Ref 12345678", LONDON, "S"),
        ("+32 2 KKK LALA", LONDON, "B"),
        ("O2 555 12 12", "+33612345678", "B"),
    ],
)
def test_a_display_name_is_judged_by_the_numbers_it_shows(display: str, cli: str, letter: str) -> None:
    verdict = judged(presented(cli), displayed(display))
    found = max(f.outcome for f in verdict.findings if f.position is Position.DISPLAY)
    assert found is LETTERS[letter]


@pytest.mark.law("L2", "¶8 3°")
def test_a_display_name_shows_no_mobile_number_of_home_not_even_the_one_that_was_verified() -> None:
    for name in ("+32 470 12 34 56", "0470123456", "+32 (0)470 12 34 56", "+32470123457", "0470123456 / 25551212"):
        for caller in ("+32470123456", LONDON):
            assert outcome(presented(caller), displayed(name)) is Outcome.STRIP, name
    stripped = judged(presented("+32470123456"), displayed("0470 12 34 56"))
    assert [f.digits for f in stripped.findings] == ["", ""], "what crosses in From is no secret"
    withheld = judged(presented("+32470123456"), displayed("+32470123456"), roaming=Roaming.FAILED)
    assert [f.outcome for f in withheld.findings] == [Outcome.WITHHOLD, Outcome.STRIP]


@pytest.mark.law("¶8 1°", "¶25")
@pytest.mark.parametrize(
    ("raw", "letter"),
    [
        ("alice", "P"),
        ("john.doe.1990", "P"),
        ("unavailable", "P"),
        ("police101", "P"),
        ("a12345678", "B"),  # a run of eight digits
        ("7of9", "B"),  # begins with a digit
        ("x-02-555-12-12", "B"),  # hides one
        ("%23112", "B"),
        ("112%23", "B"),
        ("1%2E1%2E2", "B"),
        ("\u200b112", "B"),
    ],
)
def test_a_user_part_is_text_until_it_sets_out_to_be_a_number(raw: str, letter: str) -> None:
    assert outcome(presented(raw)) is LETTERS[letter]


@pytest.mark.law("¶9")
@pytest.mark.parametrize(
    ("raw", "letter"),
    [
        ("mailto:bob@example.com", "P"),
        ("pres:+3225551212@example.com", "B"),
        ("im:1207@example.com", "B"),
        ("<sip:+3225551212@x", "B"),
        ("sip:025551212", "B"),
        ("", "P"),
    ],
)
def test_what_is_no_sip_or_tel_uri_is_judged_on_its_whole_text(raw: str, letter: str) -> None:
    assert outcome(presented(raw, Notation.OTHER)) is LETTERS[letter]
