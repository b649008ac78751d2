"""The French profile: the same engine, other rules."""

from datetime import UTC, date, datetime

import pytest

from policy import CallerList, Claim, Outcome, Position, Profile, Questions, Register, TrunkClass, Verdict, decide
from tests.policy.making import said

pytestmark = pytest.mark.law("K27")

FRANCE = Profile.load("france")
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
P, D, N, R = Position.PRESENTATION, Position.DISPLAY, Position.NETWORK, Position.REDIRECT
LONDON = "+442079460000"
LETTERS = {"P": Outcome.PASS, "S": Outcome.STRIP, "W": Outcome.WITHHOLD, "B": Outcome.BLOCK}


def judged(
    *places: tuple[Position, str],
    trunk_class: TrunkClass = TrunkClass.INTERNATIONAL,
    authentication: str = "",
    entries: tuple[CallerList, ...] = (),
    now: datetime = NOW,
) -> Verdict:
    assertions = tuple(said(position, raw) for position, raw in places)
    one = Claim(
        trunk="T",
        trunk_class=trunk_class,
        called="+33155555555",
        assertions=assertions,
        authentication=authentication,
    )
    decided = decide(one, FRANCE, Register("r", entries), now, {})
    assert not isinstance(decided, Questions), "nobody is asked in France"
    return decided


TABLE = [
    ("+33155551234", "01", "B", "S", "B", "P"),
    ("+33412345678", "04", "B", "S", "B", "P"),
    ("+33912345678", "09", "B", "S", "B", "P"),
    ("+33800123456", "08", "B", "S", "B", "P"),
    ("+33612345678", "06", "W", "S", "W", "P"),
    ("+33712345678", "07", "W", "S", "W", "P"),
    ("+337001234567890", "0700, machines", "W", "S", "W", "P"),
    ("+262262123456", "Réunion", "B", "S", "B", "P"),
    ("+262692123456", "Réunion, mobile", "W", "S", "W", "P"),
    ("+508410000", "Saint-Pierre", "B", "S", "B", "P"),
    ("+508551234", "Saint-Pierre, mobile", "W", "S", "W", "P"),
    ("+590590123456", "Guadeloupe", "B", "S", "B", "P"),
    ("+594694123456", "Guiana, mobile", "W", "S", "W", "P"),
    ("+596596123456", "Martinique", "B", "S", "B", "P"),
    ("3250", "short", "B", "S", "B", "P"),
    ("0155551234", "national form", "B", "S", "B", "S"),
    ("+330155551234", "trunk zero kept", "B", "S", "B", "S"),
    ("+3225551212", "Belgian, so foreign", "P", "S", "P", "P"),
    (LONDON, "foreign", "P", "P", "P", "P"),
    ("anonymous", "no number", "P", "P", "P", "P"),
]


@pytest.mark.parametrize(
    ("number", "position", "letter"),
    [(row[0], place, row[2 + i]) for row in TABLE for i, place in enumerate((P, D, N, R))],
)
def test_the_table_of_a_call_from_abroad(number: str, position: Position, letter: str) -> None:
    shown = [] if position is P else [(P, LONDON)]
    assert judged(*shown, (position, number)).outcome is LETTERS[letter]


def test_a_number_that_its_own_operator_vouches_for_passes() -> None:
    for number in ("+33155551234", "+33912345678", "+33612345678", "+262692123456"):
        assert judged((P, number), (N, number), (D, number), authentication="A").outcome is Outcome.PASS
        assert judged((P, number), authentication="B").outcome > Outcome.PASS
    assert judged((P, "3250"), authentication="A").outcome is Outcome.BLOCK
    assert judged((P, "33155551234"), authentication="A").outcome is Outcome.BLOCK


def test_mobile_numbers_are_masked_since_the_first_of_january_2026() -> None:
    before = datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC)
    assert judged((P, "+33612345678"), now=before).outcome is Outcome.PASS
    assert judged((P, "+33612345678"), now=before.replace(hour=23)).outcome is Outcome.WITHHOLD


def test_a_withheld_number_is_named_wherever_it_must_be_taken_out() -> None:
    verdict = judged((P, "+33612345678"), (N, "+33612345678"))
    assert {f.digits for f in verdict.findings} == {"612345678"}


LIST = CallerList(reference="customer 7", since=date(2026, 1, 1), trunk="T", numbers=frozenset({"+33155551234"}))


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("+33155551234", Outcome.PASS),
        ("0155551234", Outcome.PASS),
        ("+33155551235", Outcome.BLOCK),
        ("0612345678", Outcome.BLOCK),
        ("+262692123456", Outcome.BLOCK),
        (LONDON, Outcome.PASS),
        ("anonymous", Outcome.PASS),
    ],
)
def test_a_call_centre_shows_only_numbers_that_are_its_own_or_lent_to_it(raw: str, found: Outcome) -> None:
    national = TrunkClass.NATIONAL
    assert judged((P, raw), trunk_class=national, entries=(LIST,)).outcome is found
    assert judged((P, "+33155551234"), (N, raw), trunk_class=national, entries=(LIST,)).outcome is found
    assert judged((P, raw), trunk_class=national).outcome is Outcome.PASS, "a customer without a list"


def test_belgium_s_derogations_are_not_france_s() -> None:
    assert judged((P, "+33155551234"), trunk_class=TrunkClass.ARTICLE_4).outcome is Outcome.BLOCK
    verdict = judged((P, "+33155551234"), trunk_class=TrunkClass.NATIONAL_TRANSIT)
    assert (verdict.outcome, verdict.trunk_class) == (Outcome.BLOCK, "international")
