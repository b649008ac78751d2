"""The four classes of trunk, and what makes a call be judged as another than its trunk was declared."""

from datetime import date, timedelta
from ipaddress import ip_network

import pytest

from policy import (
    Agreement,
    Answer,
    Assertion,
    Attestation,
    Claim,
    Derogation,
    Node,
    Outcome,
    Position,
    Profile,
    Questions,
    Register,
    Roaming,
    Service,
    Suspension,
    TrunkClass,
    decide,
)
from policy.register import Entry
from tests.policy.making import BELGIUM, LONDON, NOW, asked, asserted, claim, displayed, diverted, presented, said

BRUSSELS, OTHER, MOBILE, FREEPHONE = "+3225551212", "+3225553333", "+32470999999", "+3280012345"
CALLER = "+32475111111"
SINCE = date(2026, 1, 1)


def register(*entries: Entry) -> Register:
    return Register("v", entries)


def attestation(**changed: object) -> Attestation:
    facts = {
        "reference": "A-1",
        "since": SINCE,
        "trunk": "T",
        "operator": "Telco",
        "dedicated_circuits": True,
        "total_control": True,
        "evidence": "file 7",
    }
    return Attestation(**{**facts, **changed})  # type: ignore[arg-type]


def agreement(service: Service = Service.CUSTOMER_SUPPORT, **changed: object) -> Agreement:
    facts = {
        "reference": "G-1",
        "since": SINCE,
        "trunk": "T",
        "service": service,
        "holder": "Help NV",
        "established_in": "BE",
        "company_number": "0123456749",
        "numbers": frozenset({BRUSSELS}),
    }
    return Agreement(**{**facts, **changed})  # type: ignore[arg-type]


def transit(*assertions: object, **more: object) -> Claim:
    return claim(*assertions, trunk_class=TrunkClass.NATIONAL_TRANSIT, **more)  # type: ignore[arg-type]


def special(*assertions: object, **more: object) -> Claim:
    return claim(*assertions, trunk_class=TrunkClass.ARTICLE_4, **more)  # type: ignore[arg-type]


# National transit.


@pytest.mark.law("¶31", "¶39")
@pytest.mark.parametrize("number", [BRUSSELS, MOBILE, FREEPHONE, "025551212", "1207", "+32(0)25551212", "anonymous"])
def test_an_attested_transit_call_passes_as_a_national_one_whatever_it_shows(number: str) -> None:
    one = transit(presented(number), asserted(number), displayed(number), diverted(number))
    verdict = decide(one, BELGIUM, register(attestation()), NOW, {})
    assert not isinstance(verdict, Questions)
    assert (verdict.outcome, verdict.basis, verdict.trunk_class) == (Outcome.PASS, "¶31, ¶39", "national-transit")


@pytest.mark.law("¶32", "¶40")
@pytest.mark.parametrize(
    "changed",
    [
        {"until": date(2026, 6, 30)},
        {"since": date(2026, 7, 2)},
        {"trunk": "U"},
        {"dedicated_circuits": False},
        {"total_control": False},
        {"evidence": ""},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_without_a_whole_attestation_in_force_the_call_is_international(changed: dict[str, object]) -> None:
    verdict = asked(transit(presented(BRUSSELS)), register(attestation(**changed)))
    assert (verdict.outcome, verdict.trunk_class) == (Outcome.BLOCK, "international")
    assert "attestation-lapsed" in verdict.flags


@pytest.mark.law("¶32")
def test_an_attestation_lapses_at_midnight_in_brussels_by_itself() -> None:
    entries = register(attestation(until=date(2026, 7, 1)))
    last = NOW.replace(hour=21, minute=59, second=59)  # 23:59:59 in summer
    assert asked(transit(presented(BRUSSELS)), entries, now=last).outcome is Outcome.PASS
    assert asked(transit(presented(BRUSSELS)), entries, now=last + timedelta(seconds=1)).outcome is Outcome.BLOCK


@pytest.mark.law("¶32", "K26")
def test_foreign_and_anonymous_callers_in_transit_are_flagged() -> None:
    entries = register(attestation())
    assert asked(transit(presented(LONDON)), entries).flags == ("foreign-caller",)
    assert asked(transit(presented("anonymous")), entries).flags == ("anonymous-caller",)
    assert asked(transit(presented("anonymous"), asserted(BRUSSELS)), entries).flags == ()
    assert asked(transit(presented(BRUSSELS), asserted(LONDON)), entries).flags == ("foreign-caller",)
    assert asked(transit(presented(BRUSSELS)), entries).flags == ()


# Article 4.


@pytest.mark.law("¶14.2", "¶15")
@pytest.mark.parametrize("service", Service)
def test_a_listed_number_passes_on_its_special_interface(service: Service) -> None:
    verdict = asked(special(presented(BRUSSELS), asserted(BRUSSELS)), register(agreement(service)))
    assert (verdict.outcome, verdict.basis) == (Outcome.PASS, "art. 4 §1, ¶14.2-15")
    assert {f.entry for f in verdict.findings} == {"G-1"}


@pytest.mark.law("¶15 list", "L15")
@pytest.mark.parametrize("service", Service)
def test_a_number_that_is_not_listed_is_blocked(service: Service) -> None:
    assert asked(special(presented(OTHER)), register(agreement(service))).outcome is Outcome.BLOCK
    assert asked(special(presented(BRUSSELS), asserted(OTHER)), register(agreement(service))).outcome is Outcome.BLOCK
    assert asked(special(presented(BRUSSELS))).outcome is Outcome.BLOCK, "no agreement at all"


@pytest.mark.law("¶15 list")
@pytest.mark.parametrize("changed", [{"established_in": "FR"}, {"established_in": ""}, {"company_number": ""}])
def test_support_and_marketing_want_an_undertaking_established_at_home(changed: dict[str, object]) -> None:
    for service in (Service.CUSTOMER_SUPPORT, Service.DIRECT_MARKETING):
        entries = register(agreement(service, **changed))
        assert asked(special(presented(BRUSSELS)), entries).outcome is Outcome.BLOCK
    for service in (Service.NOMADIC, Service.CONFERENCE):
        entries = register(agreement(service, **changed))
        assert asked(special(presented(BRUSSELS)), entries).outcome is Outcome.PASS


@pytest.mark.law("¶15")
@pytest.mark.parametrize("changed", [{"until": date(2026, 6, 30)}, {"since": date(2026, 7, 2)}, {"trunk": "U"}])
def test_an_agreement_holds_for_its_trunk_and_its_time(changed: dict[str, object]) -> None:
    assert asked(special(presented(BRUSSELS)), register(agreement(**changed))).outcome is Outcome.BLOCK


@pytest.mark.law("¶14.2")
def test_a_listed_number_on_another_class_of_trunk_is_blocked() -> None:
    assert asked(claim(presented(BRUSSELS)), register(agreement())).outcome is Outcome.BLOCK


@pytest.mark.law("¶17")
def test_a_suspended_article_4_passes_no_listed_number() -> None:
    for trunk in ("T", None):
        stop = Suspension(reference="S", since=SINCE, derogation=Derogation.ARTICLE_4, trunk=trunk)
        assert asked(special(presented(BRUSSELS)), register(agreement(), stop)).outcome is Outcome.BLOCK
    other = Suspension(reference="S", since=SINCE, derogation=Derogation.ARTICLE_4, trunk="U")
    third = Suspension(reference="S", since=SINCE, derogation=Derogation.ARTICLE_3)
    assert asked(special(presented(BRUSSELS)), register(agreement(), other, third)).outcome is Outcome.PASS


B, P, S = Outcome.BLOCK, Outcome.PASS, Outcome.STRIP


@pytest.mark.law("¶14.2", "¶8 2°", "¶8 3°", "¶8 4°", "¶25")
@pytest.mark.parametrize(
    ("number", "as_cli", "as_redirection"),
    [
        (BRUSSELS, P, P),
        (OTHER, B, B),
        (FREEPHONE, B, B),
        ("+32771234567890", B, B),
        ("+3272123456", B, B),
        ("1207", B, B),
        ("3225551212", B, B),
        ("612345678", B, B),
        (LONDON, P, P),
        ("+8001234567890", P, P),
        ("anonymous", P, P),
    ],
)
def test_the_table_of_a_special_interface(number: str, as_cli: Outcome, as_redirection: Outcome) -> None:
    entries = register(agreement())
    assert asked(special(presented(number)), entries).outcome is as_cli
    assert asked(special(presented(BRUSSELS), asserted(number)), entries).outcome is as_cli
    assert asked(special(presented(BRUSSELS), diverted(number)), entries).outcome is as_redirection


@pytest.mark.law("¶8 3°")
def test_a_mobile_number_on_a_special_interface_is_asked_about_and_stripped_from_redirections() -> None:
    entries = register(agreement())
    assert asked(special(presented(MOBILE)), entries, Roaming.ABROAD).outcome is Outcome.PASS
    assert asked(special(presented(MOBILE)), entries, Roaming.NOT_ABROAD).outcome is Outcome.BLOCK
    for caller in (LONDON, "anonymous"):
        one = special(presented(caller), diverted(MOBILE))
        for known in ({}, {MOBILE: Answer(Roaming.ABROAD, "known")}):
            verdict = decide(one, BELGIUM, entries, NOW, known)
            assert not isinstance(verdict, Questions)
            assert verdict.outcome is Outcome.STRIP


@pytest.mark.law("¶14.1 ii", "¶14.2")
def test_nobody_is_asked_there_about_a_redirecting_mobile_number_that_a_listed_call_does_not_need() -> None:
    entries = register(agreement())
    for redirections in ((diverted(MOBILE),), (diverted(LONDON), diverted(MOBILE, 1))):
        for known in ({}, {MOBILE: Answer(Roaming.ABROAD, "known")}):
            verdict = decide(special(presented(BRUSSELS), *redirections), BELGIUM, entries, NOW, known)
            assert not isinstance(verdict, Questions)
            assert verdict.outcome is Outcome.STRIP


@pytest.mark.law("¶14.1 ii")
def test_a_display_name_that_only_a_proof_keeps_from_blocking_waits_for_it() -> None:
    one, entries = special(presented(BRUSSELS), displayed(OTHER), diverted(MOBILE)), register(agreement())
    assert asked(one, entries, Roaming.ABROAD).outcome is Outcome.STRIP
    assert asked(one, entries, Roaming.NOT_ABROAD).outcome is Outcome.BLOCK


@pytest.mark.law("¶14.1 ii", "¶14.2")
@pytest.mark.parametrize(
    "others",
    [
        (presented(OTHER), diverted(MOBILE)),
        (presented(BRUSSELS), asserted(OTHER), diverted(MOBILE)),
        (presented(BRUSSELS), diverted(MOBILE), diverted(OTHER, 1)),
        (presented(CALLER), diverted(MOBILE)),
    ],
    ids=["caller", "network number", "earlier diverter", "mobile caller"],
)
def test_a_redirecting_mobile_number_is_asked_about_there_where_its_proof_would_save_the_call(
    others: tuple[Assertion, ...],
) -> None:
    one, entries = special(*others), register(agreement())
    asked_for = decide(one, BELGIUM, entries, NOW, {})
    assert isinstance(asked_for, Questions)
    assert MOBILE in asked_for.numbers
    known = {CALLER: Roaming.NOT_ABROAD}
    assert asked(one, entries, {**known, MOBILE: Roaming.ABROAD}).outcome is Outcome.STRIP
    assert asked(one, entries, {**known, MOBILE: Roaming.NOT_ABROAD}).outcome is Outcome.BLOCK


@pytest.mark.law("¶14.2")
def test_a_display_name_may_show_a_listed_number_and_no_other() -> None:
    entries = register(agreement())
    assert asked(special(presented(LONDON), displayed(BRUSSELS)), entries).outcome is Outcome.PASS
    assert asked(special(presented(BRUSSELS), displayed(OTHER)), entries).outcome is Outcome.BLOCK


@pytest.mark.law("K26")
def test_callers_whom_no_agreement_is_about_are_flagged_on_a_special_interface() -> None:
    entries = register(agreement())
    assert asked(special(presented(LONDON)), entries).flags == ("not-the-interface",)
    assert asked(special(presented(MOBILE)), entries, Roaming.ABROAD).flags == ("not-the-interface",)
    assert asked(special(presented(BRUSSELS)), entries).flags == ()


# Where the nodes stand.


def node(network: str, country: str, **changed: object) -> Node:
    facts = {"reference": f"N-{country}", "since": SINCE, "network": ip_network(network), "country": country}
    return Node(**{**facts, "evidence": "visit", **changed})  # type: ignore[arg-type]


@pytest.mark.law("¶21", "¶23", "¶35")
def test_a_national_trunk_whose_peer_stands_abroad_is_international() -> None:
    one = claim(presented(BRUSSELS), trunk_class=TrunkClass.NATIONAL, peer="192.0.2.7", own="198.51.100.1")
    assert asked(one, register(node("192.0.2.0/24", "BE"))).outcome is Outcome.PASS
    verdict = asked(one, register(node("192.0.2.0/24", "NL")))
    assert (verdict.outcome, verdict.trunk_class, verdict.flags) == (
        Outcome.BLOCK,
        "international",
        ("node-abroad",),
    )
    assert asked(one, register(node("192.0.2.0/24", "NL", until=date(2026, 6, 30)))).outcome is Outcome.PASS


@pytest.mark.law("¶21", "¶24")
def test_our_own_node_abroad_makes_its_trunk_international_too() -> None:
    one = claim(presented(BRUSSELS), trunk_class=TrunkClass.NATIONAL, peer="192.0.2.7", own="2001:db8::1")
    assert asked(one, register(node("2001:db8::/64", "FR"))).outcome is Outcome.BLOCK


@pytest.mark.law("¶21", "K2")
def test_the_smallest_network_says_where_an_address_stands() -> None:
    one = claim(presented(BRUSSELS), trunk_class=TrunkClass.NATIONAL, peer="192.0.2.7")
    nodes = register(node("192.0.2.0/24", "NL"), node("192.0.2.7/32", "BE"), node("192.0.0.0/16", "NL"))
    assert asked(one, nodes).outcome is Outcome.PASS


@pytest.mark.law("¶22", "¶23")
def test_an_address_that_no_node_covers_leaves_the_class_as_declared() -> None:
    one = claim(presented(BRUSSELS), trunk_class=TrunkClass.NATIONAL, peer="203.0.113.1")
    assert asked(one, register(node("192.0.2.0/24", "NL"))).outcome is Outcome.PASS
    nobody = claim(presented(BRUSSELS), trunk_class=TrunkClass.NATIONAL)
    assert asked(nobody, register(node("0.0.0.0/0", "NL"))).outcome is Outcome.PASS


@pytest.mark.law("L9")
def test_a_call_to_another_country_is_judged_unless_the_setting_lets_transit_pass() -> None:
    mild = Profile.load("belgium", {"transit": "pass"})
    one = claim(presented(BRUSSELS), called="+33155555555")
    assert asked(one).outcome is Outcome.BLOCK
    assert asked(one, profile=mild).outcome is Outcome.PASS
    for called in ("+3293330000", "33155555555", "+33155555555;rn=+3293330000", "112", ""):
        assert asked(claim(presented(BRUSSELS), called=called), profile=mild).outcome is Outcome.BLOCK, called


@pytest.mark.law("K16")
def test_a_national_call_is_asked_nothing_and_found_nothing() -> None:
    places = [said(position, BRUSSELS) for position in Position]
    verdict = decide(claim(*places, trunk_class=TrunkClass.NATIONAL), BELGIUM, register(agreement()), NOW, {})
    assert not isinstance(verdict, Questions)
    assert (verdict.outcome, verdict.findings, verdict.basis) == (Outcome.PASS, (), "¶24")
