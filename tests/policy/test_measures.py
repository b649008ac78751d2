"""What an entry of the register decides by itself: blocked users, the regulator's decisions, numbers that call nobody,
lists of callers, trials in shadow."""

from datetime import date, timedelta
from ipaddress import ip_network

import attrs
import pytest

from policy import (
    Attestation,
    BlockedUser,
    CallerList,
    Claim,
    Decision,
    DoNotOriginate,
    Outcome,
    Questions,
    Register,
    Shadow,
    TrunkClass,
    Verdict,
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


def user(**known: object) -> BlockedUser:
    return BlockedUser(reference="CASE-3", since=SINCE, **known)  # type: ignore[arg-type]


def judged(one: Claim, *entries: Entry) -> Verdict:
    verdict = decide(one, BELGIUM, register(*entries), NOW, {})
    assert isinstance(verdict, Verdict)
    return verdict


@pytest.mark.law("¶16 block", "K20")
@pytest.mark.parametrize("trunk_class", TrunkClass)
@pytest.mark.parametrize(
    "known",
    [{"trunk": "T"}, {"peer": ip_network("192.0.2.0/24")}, {"trunk": "T", "peer": ip_network("192.0.2.7/32")}],
    ids=["trunk", "peer", "both"],
)
def test_all_calls_of_a_user_known_by_the_way_they_come_are_refused_whatever_they_show(
    known: dict[str, object], trunk_class: TrunkClass
) -> None:
    for shown in (presented(LONDON), presented("anonymous"), presented(MOBILE), displayed("Ada")):
        verdict = judged(attrs.evolve(claim(shown, trunk_class=trunk_class), peer="192.0.2.7"), user(**known))
        assert (verdict.outcome, verdict.basis) == (Outcome.BLOCK, "art. 4 §2, ¶16")
        assert [f.entry for f in verdict.findings] == ["CASE-3"]
        assert "blocked-user" in verdict.flags
    assert (
        judged(attrs.evolve(claim(trunk_class=trunk_class), peer="192.0.2.7"), user(**known)).outcome is Outcome.BLOCK
    )


@pytest.mark.law("¶16 block")
@pytest.mark.parametrize(
    "known",
    [
        {"trunk": "U"},
        {"peer": ip_network("192.0.2.8/32")},
        {"peer": ip_network("2001:db8::/32")},
        {"trunk": "U", "peer": ip_network("192.0.2.7/32")},
        {"trunk": "T", "peer": ip_network("192.0.2.8/32")},
        {"trunk": "T", "number": "+442079460001"},
        {"trunk": "U", "number": LONDON},
        {"peer": ip_network("192.0.2.8/32"), "number": LONDON},
        {"account": "acme-8"},
        {"account": "acme-7", "trunk": "U"},
    ],
)
def test_a_call_that_lacks_anything_of_what_a_user_is_known_by_is_not_his(known: dict[str, object]) -> None:
    one = attrs.evolve(claim(presented(LONDON), asserted("acme-7")), peer="192.0.2.7")
    assert judged(one, user(**known)).outcome is Outcome.PASS


@pytest.mark.law("¶16 block", "K20")
def test_a_number_may_be_blocked_on_one_trunk_alone() -> None:
    verdict = judged(claim(presented(LONDON)), user(number=LONDON, trunk="T"))
    assert (verdict.outcome, verdict.findings[0].number) == (Outcome.BLOCK, LONDON)


@pytest.mark.law("¶16 block", "K20", "K29")
@pytest.mark.parametrize(
    "known",
    [
        {"trunk": "T"},
        {"trunk": "T", "peer": ip_network("192.0.2.7/32")},
        {"trunk": "T", "account": "acme-7"},
        {"trunk": "T", "number": LONDON},
    ],
    ids=" ".join,
)
def test_a_user_of_a_trunk_is_refused_on_every_circuit_of_it_and_one_of_a_circuit_on_that_alone(
    known: dict[str, object],
) -> None:
    one = attrs.evolve(claim(presented(LONDON), asserted("acme-7"), trunk="virtual"), peer="192.0.2.7")
    assert judged(attrs.evolve(one, carrier="T"), user(**known)).outcome is Outcome.BLOCK
    assert judged(attrs.evolve(one, carrier="U"), user(**known)).outcome is Outcome.PASS
    own = user(**{**known, "trunk": "virtual"})
    assert judged(attrs.evolve(one, carrier="T"), own).outcome is Outcome.BLOCK
    assert judged(attrs.evolve(one, trunk="T"), own).outcome is Outcome.PASS


@pytest.mark.law("¶16 block", "K20")
@pytest.mark.parametrize("trunk_class", TrunkClass)
@pytest.mark.parametrize("raw", ["acme-7", "ACME-7", "acme%2d7", "%61cme-7", "acme-7;cpc=ordinary", "acme-7;a=b;c"])
def test_an_account_is_refused_wherever_it_says_who_calls_and_however_it_is_escaped(
    raw: str, trunk_class: TrunkClass
) -> None:
    for one in (
        claim(presented(raw), trunk_class=trunk_class),
        claim(presented(LONDON), asserted(raw), trunk_class=trunk_class),
    ):
        verdict = judged(one, user(account="acme-7"))
        assert verdict.outcome is Outcome.BLOCK
        assert "blocked-user" in verdict.flags
        assert judged(one, user(account="Acme-7")).outcome is Outcome.BLOCK
    shown = claim(presented(LONDON), displayed(raw), diverted(raw), elsewhere(raw), trunk_class=trunk_class)
    assert judged(shown, user(account="acme-7")).outcome is Outcome.PASS, "there it says who redirected, or nothing"


@pytest.mark.law("L13")
def test_an_emergency_call_of_a_blocked_user_goes_through() -> None:
    one = claim(presented("acme-7"), called="112")
    for known in ({"trunk": "T"}, {"account": "acme-7"}):
        assert judged(attrs.evolve(one, emergency=True), user(**known)).outcome is Outcome.PASS


@pytest.mark.law("¶16 block")
def test_what_is_said_within_a_call_that_stands_is_no_other_call_of_that_trunk() -> None:
    later = attrs.evolve(claim(asserted(LONDON)), is_later=True)
    assert judged(later, user(trunk="T")).outcome is Outcome.PASS
    assert judged(attrs.evolve(later, is_later=False), user(trunk="T")).outcome is Outcome.BLOCK


@pytest.mark.law("¶16 block")
def test_a_user_is_blocked_on_the_days_of_his_entry_alone() -> None:
    for known in ({"trunk": "T"}, {"account": "acme-7"}):
        one = attrs.evolve(user(**known), until=date(2026, 2, 1))
        assert judged(claim(presented("acme-7")), one).outcome is Outcome.PASS


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
