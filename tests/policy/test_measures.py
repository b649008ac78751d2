"""What an entry of the register decides by itself: blocked users, the regulator's decisions, numbers that call nobody,
lists of callers, trials in shadow."""

from datetime import date, timedelta

import pytest

from policy import (
    Attestation,
    BlockedUser,
    CallerList,
    Decision,
    DoNotOriginate,
    Outcome,
    Questions,
    Register,
    Shadow,
    TrunkClass,
    decide,
)
from policy.register import Entry, Ruling
from tests.policy.making import BELGIUM, LONDON, NOW, asked, asserted, claim, displayed, diverted, elsewhere, presented

BRUSSELS, OTHER, FREEPHONE, MOBILE = "+3225557777", "+3225551212", "+3280012345", "+32470999999"
SINCE, FOREVER = date(2026, 1, 1), date(2099, 1, 1)


def register(*entries: Entry) -> Register:
    return Register("v", entries)


def decision(number: str = BRUSSELS, action: Ruling = Ruling.PASS, **changed: object) -> Decision:
    facts = {"reference": "D-1", "since": SINCE, "until": FOREVER, "number": number, "trunk": "T", "action": action}
    return Decision(**{**facts, **changed})  # type: ignore[arg-type]


# ¶6.


@pytest.mark.law("¶6", "K23")
@pytest.mark.parametrize("number", [BRUSSELS, FREEPHONE, "+3272123456", MOBILE])
def test_a_decision_lets_just_its_number_pass_wherever_it_stands(number: str) -> None:
    one = claim(presented(number), asserted(number), displayed(number), diverted(number))
    verdict = decide(one, BELGIUM, register(decision(number)), NOW, {})
    assert not isinstance(verdict, Questions)
    assert (verdict.outcome, verdict.basis) == (Outcome.PASS, "¶6")
    assert {f.entry for f in verdict.findings} == {"D-1"}


@pytest.mark.law("¶6", "K23")
@pytest.mark.parametrize(
    "changed",
    [{"trunk": "U"}, {"until": date(2026, 6, 30)}, {"since": date(2026, 7, 2)}, {"number": OTHER}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_decision_binds_its_number_its_trunk_and_its_time(changed: dict[str, object]) -> None:
    assert asked(claim(presented(BRUSSELS)), register(decision(**changed))).outcome is Outcome.BLOCK  # type: ignore[arg-type]


@pytest.mark.law("¶6", "¶8 1°")
@pytest.mark.parametrize("raw", ["3225557777", "+32(0)25557777", "025557777", "+3225557777;ext=+3225551212"])
def test_a_decision_is_not_about_a_number_in_bad_form(raw: str) -> None:
    assert asked(claim(presented(raw)), register(decision())).outcome is Outcome.BLOCK


@pytest.mark.law("¶6")
def test_another_forbidden_number_of_the_same_call_still_blocks_it() -> None:
    assert asked(claim(presented(BRUSSELS), asserted(OTHER)), register(decision())).outcome is Outcome.BLOCK


@pytest.mark.law("¶6")
def test_a_decision_can_withhold_or_block_any_number() -> None:
    for action, found in ((Ruling.WITHHOLD, Outcome.WITHHOLD), (Ruling.BLOCK, Outcome.BLOCK)):
        verdict = asked(claim(presented(LONDON)), register(decision(LONDON, action)))
        assert (verdict.outcome, verdict.basis) == (found, "¶6")


# Art. 4 §2.

BLOCKED = BlockedUser(reference="CASE-1", since=SINCE, number=LONDON)


@pytest.mark.law("¶16 block", "L18")
@pytest.mark.parametrize("trunk_class", TrunkClass)
@pytest.mark.parametrize("raw", [LONDON, "00442079460000"])
def test_all_calls_of_a_blocked_user_are_refused_by_whatever_trunk(raw: str, trunk_class: TrunkClass) -> None:
    for one in (
        claim(presented(raw), trunk_class=trunk_class),
        claim(presented("anonymous"), asserted(raw), trunk_class=trunk_class),
    ):
        verdict = asked(one, register(BLOCKED))
        assert (verdict.outcome, verdict.basis) == (Outcome.BLOCK, "art. 4 §2, ¶16")
        assert "blocked-user" in verdict.flags


@pytest.mark.law("¶16 block")
def test_calls_of_others_are_not_refused_for_a_blocked_user() -> None:
    entries = register(BLOCKED)
    assert asked(claim(presented("+442079460001")), entries).outcome is Outcome.PASS
    assert asked(claim(presented("+33612345678"), diverted(LONDON)), entries).outcome is Outcome.PASS
    assert asked(claim(presented(LONDON)), entries, now=NOW - timedelta(days=200)).outcome is Outcome.PASS


@pytest.mark.law("¶16 block", "¶6")
def test_a_blocked_user_is_refused_before_any_decision_or_derogation() -> None:
    entries = register(decision(), BlockedUser(reference="CASE-2", since=SINCE, number=BRUSSELS))
    assert asked(claim(presented(BRUSSELS)), entries).outcome is Outcome.BLOCK


# Do not originate.

SILENT = DoNotOriginate(reference="DNO-1", since=SINCE, number=OTHER)


@pytest.mark.law("K28", "L22")
@pytest.mark.parametrize("raw", [OTHER, "025551212", "003225551212", "3225551212", "02 555 12 12"])
def test_a_number_that_makes_no_calls_is_refused_on_a_national_trunk_in_any_spelling(raw: str) -> None:
    verdict = asked(claim(presented(raw), trunk_class=TrunkClass.NATIONAL), register(SILENT))
    assert (verdict.outcome, verdict.findings[0].entry) == (Outcome.BLOCK, "DNO-1")


@pytest.mark.law("K16", "¶24", "L22")
def test_a_list_of_silent_numbers_leaves_every_other_national_call_alone() -> None:
    for number in (BRUSSELS, FREEPHONE, "1207", "anonymous", "+32(0)2555"):
        verdict = asked(claim(presented(number), trunk_class=TrunkClass.NATIONAL), register(SILENT))
        assert (verdict.outcome, verdict.findings) == (Outcome.PASS, ())
    shown = claim(presented(BRUSSELS), diverted(OTHER), elsewhere(OTHER), trunk_class=TrunkClass.NATIONAL)
    assert asked(shown, register(SILENT)).outcome is Outcome.PASS


@pytest.mark.law("K28")
def test_a_silent_number_is_refused_in_attested_transit_too() -> None:
    whole = Attestation(
        reference="A",
        since=SINCE,
        trunk="T",
        operator="X",
        dedicated_circuits=True,
        total_control=True,
        evidence="e",
    )
    one = claim(presented(OTHER), trunk_class=TrunkClass.NATIONAL_TRANSIT)
    assert asked(one, register(whole)).outcome is Outcome.PASS
    assert asked(one, register(whole, SILENT)).outcome is Outcome.BLOCK


@pytest.mark.law("¶24")
def test_belgium_has_no_rule_on_lists_of_callers() -> None:
    lists = CallerList(reference="L", since=SINCE, trunk="T", numbers=frozenset({BRUSSELS}))
    assert asked(claim(presented(OTHER), trunk_class=TrunkClass.NATIONAL), register(lists)).outcome is Outcome.PASS


# Shadow.


def shadow(**changed: object) -> Shadow:
    facts = {"reference": "T-1", "since": date(2026, 6, 20), "until": date(2026, 7, 5), "trunk": "T"}
    return Shadow(**{**facts, "owner": "NOC", "reason": "trial", **changed})  # type: ignore[arg-type]


@pytest.mark.law("K25", "¶33", "L21")
def test_a_trunk_on_trial_is_judged_as_ever_and_nothing_is_enforced() -> None:
    verdict = asked(claim(presented(OTHER)), register(shadow()))
    assert (verdict.outcome, verdict.enforced) == (Outcome.BLOCK, False)
    assert "shadow" in verdict.flags
    assert asked(claim(presented(OTHER))).enforced


@pytest.mark.law("K23", "¶33", "L21")
@pytest.mark.parametrize("days", [-1, 15, 16, 400])
def test_a_trial_ends_by_itself_and_never_lasts_longer_than_thirty_days(days: int) -> None:
    long = shadow(since=date(2026, 6, 1), until=date(2099, 1, 1))
    short = shadow(until=date(2026, 7, 15))
    for entry, last in ((long, date(2026, 6, 30)), (short, date(2026, 7, 15))):
        now = NOW + timedelta(days=days)
        held = entry.since <= now.date() <= last
        assert asked(claim(presented(OTHER)), register(entry), now=now).enforced is not held


@pytest.mark.law("¶33", "K25")
def test_a_trial_of_another_trunk_leaves_this_one_enforced() -> None:
    assert asked(claim(presented(OTHER)), register(shadow(trunk="U"))).enforced
