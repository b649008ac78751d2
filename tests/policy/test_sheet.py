"""The decision table written out for a day says what its rows say that day, and holds nothing that they leave open."""

from datetime import UTC, date, datetime
from unittest.mock import patch

import attrs
import pytest

from policy import Assertion, Consent, Decision, Position, Profile, Register, Verdict, decide, engine
from policy.numbering import Range
from policy.profile import Action, RuleName
from policy.register import Ruling
from policy.rules import sheet_of
from policy.rules.clause import BLANK, MARKED
from tests.policy.making import BELGIUM, LONDON, asserted, claim, displayed, diverted, elsewhere, presented

FRANCE = Profile.load("france")
DAYS = [date(2024, 8, 31), date(2024, 9, 1), date(2024, 12, 1), date(2026, 7, 1)]
NUMBERS = {
    BELGIUM.name: ["+3225551212", "+3270123456", "+3277123456", "+32171234567", "+32401234567", LONDON, "anonymous"],
    FRANCE.name: ["+33123456789", "+33899123456", "+33700123456789", LONDON, "anonymous"],
}
PLACES = [presented, asserted, diverted, displayed, elsewhere]


def said(profile: Profile, place: Assertion, day: date, register: Register = Register()) -> Verdict:  # noqa: B008
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    one = claim(presented("+32112"), place)  # a short number first: no ordinary caller
    verdict = decide(one, profile, register, now, {})
    assert isinstance(verdict, Verdict)
    return verdict


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize("profile", [BELGIUM, FRANCE], ids=lambda profile: profile.name)
def test_on_every_day_the_table_says_what_the_rows_say(profile: Profile, day: date) -> None:
    for place in PLACES:
        for raw in NUMBERS[profile.name]:
            written = said(profile, place(raw), day)
            with patch.object(engine, "sheet_of", lambda *_: BLANK):
                assert written == said(profile, place(raw), day)


def test_nothing_is_written_of_what_must_be_asked_or_repeats_another_number() -> None:
    sheet = sheet_of(BELGIUM, DAYS[-1])
    assert all(Range.MOBILE not in column and Range.BAD_FORM not in column for column in sheet.values())
    assert sheet[Position.DISPLAY].keys() == sheet[Position.OTHER].keys() == {Range.NONE}
    assert Range.GEOGRAPHIC in sheet[Position.PRESENTATION]


def test_a_text_that_does_not_pass_where_no_cli_stands_is_left_to_its_row() -> None:
    row = BELGIUM.rules[RuleName.NO_NUMBER]
    stripping = attrs.evolve(row, actions={**row.actions, Position.OTHER: Action.STRIP})
    profile = attrs.evolve(BELGIUM, rules={**BELGIUM.rules, RuleName.NO_NUMBER: stripping})
    assert "not-a-cli" in said(profile, elsewhere("anonymous"), DAYS[-1]).flags


def test_two_profiles_of_one_name_and_version_have_each_their_own() -> None:
    row = BELGIUM.rules[RuleName.FOREIGN]
    blocking = attrs.evolve(row, actions={**row.actions, Position.NETWORK: Action.BLOCK})
    other = attrs.evolve(BELGIUM, rules={**BELGIUM.rules, RuleName.FOREIGN: blocking})
    for profile in (BELGIUM, other, BELGIUM):
        found = said(profile, asserted(LONDON), DAYS[-1]).findings[-1]
        assert found.outcome.word == ("block" if profile is other else "pass")


def test_of_many_profiles_only_some_are_kept_and_each_is_right() -> None:
    for day in [*DAYS, *DAYS]:
        for _ in range(10):
            profile = attrs.evolve(BELGIUM)
            assert sheet_of(profile, day) == sheet_of(BELGIUM, day)
            assert sheet_of(profile, day) is sheet_of(profile, day)


def test_a_new_day_has_a_new_table() -> None:
    for day in [*DAYS, *reversed(DAYS)]:
        assert sheet_of(BELGIUM, day)[Position.NETWORK][Range.UNOPENED_MOBILE].outcome.word == (
            "pass" if day < date(2024, 12, 1) else "block"
        )


def test_a_rule_says_from_when_it_is_in_force() -> None:
    assert said(BELGIUM, asserted("+32401234567"), DAYS[1]).findings[-1].why.endswith("not in force before 2024-12-01.")


def test_a_number_that_crosses_unverified_is_marked() -> None:
    row = BELGIUM.rules[RuleName.FOREIGN]
    marking = attrs.evolve(row, actions={**row.actions, Position.NETWORK: Action.MARK})
    profile = attrs.evolve(BELGIUM, rules={**BELGIUM.rules, RuleName.FOREIGN: marking})
    assert said(profile, asserted(LONDON), DAYS[-1]).findings[-1].flag == MARKED


def test_a_text_that_names_a_protected_code_is_not_any_text() -> None:
    assert said(BELGIUM, displayed("Police 101"), DAYS[-1]).flags == ("protected-code",)


def test_a_number_of_which_the_register_says_something_is_judged_by_that() -> None:
    number = "+3225551212"
    entry = Decision(reference="D1", since=DAYS[1], until=DAYS[-1], number=number, trunk="T", action=Ruling.PASS)
    found = said(BELGIUM, asserted(number), DAYS[-1], Register("r", (entry,))).findings
    assert [f.entry for f in found if f.number == number] == ["D1"]


def test_a_forwarded_call_is_judged_by_its_proof() -> None:
    forwarding, called = "+33612345678", "+3293330000"
    entry = Consent(reference="C1", since=DAYS[1], forwarding=forwarding, called=called)
    one = claim(presented("+3225551212"), diverted(forwarding), called=called)
    verdict = decide(one, BELGIUM, Register("r", (entry,)), datetime(2026, 7, 1, 12, tzinfo=UTC), {})
    assert isinstance(verdict, Verdict)
    assert (verdict.outcome.word, verdict.forwarded_by) == ("pass", forwarding)
