"""Art. 3: a call that began at home and comes back from abroad may not be blocked. Proofs, and what is none."""

from datetime import date, timedelta

import attrs
import pytest

from policy import (
    Answer,
    Assertion,
    Claim,
    Consent,
    Decision,
    Derogation,
    Ledger,
    MobileRange,
    Notation,
    Outcome,
    Profile,
    Questions,
    Register,
    Roaming,
    Suspension,
    TrunkClass,
    decide,
)
from policy.register import Entry, Ruling
from tests.policy.making import (
    BELGIUM,
    CALLED,
    LONDON,
    NOW,
    asked,
    asserted,
    claim,
    displayed,
    diverted,
    enclosed,
    history,
    outcome,
    presented,
)

pytestmark = pytest.mark.law("¶14.1")

BRUSSELS, OTHER, FREEPHONE = "+3225551212", "+3225551213", "+3280012345"
MOBILE, ROAMER, PARIS = "+32470999999", "+32475111111", "+33612345678"
VISITOR = "+32486990001"
SINCE = date(2026, 1, 1)
LENT = MobileRange(reference="MSRN", since=SINCE, prefix="+3248699")
AGREED = Consent(reference="C-1", since=SINCE, forwarding=PARIS, called=CALLED)
HOME = Roaming.NOT_ABROAD


def register(*entries: Entry) -> Register:
    return Register("v", entries)


def left(caller: str, called: str, seconds: float) -> Ledger:
    ledger = Ledger()
    ledger.sent([caller], called, NOW - timedelta(seconds=seconds))
    return ledger


def profile(**settings: object) -> Profile:
    return Profile.load("belgium", {"article-3": settings})


# 1°: visitors.


@pytest.mark.law("¶14.1 i")
@pytest.mark.parametrize("number", [BRUSSELS, MOBILE])
def test_a_call_to_a_visitor_s_lent_number_passes_and_nobody_is_asked(number: str) -> None:
    one = claim(presented(number), asserted(number), called=VISITOR)
    verdict = decide(one, BELGIUM, register(LENT), NOW, {})
    assert not isinstance(verdict, Questions)
    assert (verdict.outcome, verdict.basis) == (Outcome.PASS, "art. 3, ¶14.1")
    assert {f.entry for f in verdict.findings} == {"MSRN"}


@pytest.mark.law("¶14.1 i")
def test_a_lent_number_is_one_only_while_its_range_is_lent() -> None:
    ended = MobileRange(reference="MSRN", since=SINCE, until=date(2026, 2, 1), prefix="+3248699")
    assert asked(claim(presented(BRUSSELS), called=VISITOR), register(ended)).outcome is Outcome.BLOCK
    assert asked(claim(presented(BRUSSELS), called="+32486980001"), register(LENT)).outcome is Outcome.BLOCK


@pytest.mark.law("¶14.1 i")
def test_a_called_number_with_another_beside_it_is_not_one_lent_to_a_visitor() -> None:
    for called in (
        f"{VISITOR};rn=+3293330000",
        f"{VISITOR};npdi;rn=93330000",
        f"+3293330000;tgt={VISITOR}",
        f"x{VISITOR}",
        f"{VISITOR},5",
        f"{VISITOR}5",
    ):
        assert asked(claim(presented(BRUSSELS), called=called), register(LENT)).outcome is Outcome.BLOCK, called
    beside = claim(presented(BRUSSELS), diverted(PARIS), called=f"{CALLED};rn=+3227654321")
    assert asked(beside, register(AGREED)).outcome is Outcome.BLOCK


@pytest.mark.law("¶28")
@pytest.mark.parametrize(
    "called",
    [
        f"{CALLED};npdi",
        f"{CALLED};tgrp=be1;trunk-context=carrier.example",
        f"{CALLED};cpc=ordinary",
        f"{CALLED};npdi;rn=C00001",
        f"{CALLED};rn=d0123;rn-context=+32;npdi",
        f"{CALLED};npdi;rn=+32-9-333.00.00",
        "+32-9-333-00-00",
        "003293330000",
        "093330000",
        "%2B3293330000",
    ],
)
def test_a_called_number_in_another_form_with_what_leads_nowhere_is_still_that_number(called: str) -> None:
    assert asked(claim(presented(BRUSSELS), diverted(PARIS), called=called), register(AGREED)).outcome is Outcome.PASS


@pytest.mark.law("¶10")
@pytest.mark.parametrize(
    "called",
    [
        f"{CALLED};rn=+3227654321",
        f"{CALLED};npdi;rn=27654321;rn-context=+32",
        f"{CALLED};rn=C0027654321",
        f"{CALLED};rn=C00001;rn=+3227654321",
        f"{CALLED};rn=+33155555555",
        f"{CALLED};rn=1207",
        f"{CALLED};rn=C",
        f"{CALLED};rn=",
        f"{CALLED};%72n=+3227654321",
        f"{CALLED};RN =+3227654321",
        f"{CALLED};phone-context=+33",
        f"+3227654321;rn={CALLED}",
        f"+3227654321;npdi;rn={CALLED};rn=C00001",
    ],
)
def test_a_routing_number_that_may_be_somebody_s_makes_no_number_another_s(called: str) -> None:
    assert asked(claim(presented(BRUSSELS), diverted(PARIS), called=called), register(AGREED)).outcome is Outcome.BLOCK


@pytest.mark.law("¶14.1 i")
@pytest.mark.parametrize("beside", [";npdi", ";npdi;rn=C00001", f";npdi;rn={VISITOR}"])
def test_a_number_lent_to_a_visitor_is_one_wherever_it_is_led(beside: str) -> None:
    assert asked(claim(presented(BRUSSELS), called=VISITOR + beside), register(LENT)).outcome is Outcome.PASS


@pytest.mark.law("¶14.1 ii")
@pytest.mark.parametrize("diverter", [f"{PARIS};npdi;rn=+33699", f"{PARIS};rn=C00001"])
def test_a_redirecting_number_that_was_ported_is_itself(diverter: str) -> None:
    assert asked(claim(presented(BRUSSELS), diverted(diverter)), register(AGREED)).outcome is Outcome.PASS


@pytest.mark.parametrize("mobiles", [7, 8, 9, 100])
def test_a_proof_is_asked_for_first_where_all_at_once_would_be_too_many(mobiles: int) -> None:
    many = [asserted(f"+3247{n:07}", n) for n in range(mobiles)]
    one, limit = claim(presented(BRUSSELS), *many, diverted(ROAMER)), BELGIUM.settings.max_questions
    first = decide(one, BELGIUM, Register(), NOW, {})
    assert isinstance(first, Questions)
    assert len(first.numbers) <= limit
    assert ROAMER in first.numbers
    proved = decide(one, BELGIUM, Register(), NOW, {n: Answer(Roaming.ABROAD, "t") for n in first.numbers})
    assert not isinstance(proved, Questions)
    assert proved.outcome is Outcome.PASS
    known = {ROAMER: Answer(HOME, "t")}
    after = decide(one, BELGIUM, Register(), NOW, known)
    assert not isinstance(after, Questions)
    assert after.outcome is Outcome.BLOCK


@pytest.mark.law("K23")
@pytest.mark.parametrize("prefix", ["+32", "+322", "+3248", "+32486", "+324869"])
def test_a_range_of_whole_operators_is_none_that_is_lent(prefix: str) -> None:
    lent = MobileRange(reference="slip", since=SINCE, prefix=prefix)
    for called in (VISITOR, CALLED):
        assert asked(claim(presented(BRUSSELS), called=called), register(lent)).outcome is Outcome.BLOCK


def test_an_answer_that_is_known_keeps_no_proof_from_being_asked_for() -> None:
    one, known = claim(presented(MOBILE), diverted(ROAMER)), {MOBILE: Answer(HOME, "cache")}
    assert decide(one, BELGIUM, Register(), NOW, known) == Questions((ROAMER,))
    verdict = decide(one, BELGIUM, Register(), NOW, {**known, ROAMER: Answer(Roaming.ABROAD, "t")})
    assert not isinstance(verdict, Questions)
    assert verdict.outcome is Outcome.PASS
    refused = decide(one, BELGIUM, Register(), NOW, {**known, ROAMER: Answer(HOME, "t")})
    assert not isinstance(refused, Questions)
    assert refused.outcome is Outcome.BLOCK


# 2°: a roamer of ours forwards late.


@pytest.mark.law("¶14.1 ii")
def test_the_redirecting_mobile_s_roaming_is_asked_before_a_geographic_number_is_blocked() -> None:
    one = claim(presented(BRUSSELS), diverted(ROAMER))
    assert decide(one, BELGIUM, Register(), NOW, {}) == Questions((ROAMER,))
    verdict = asked(one, roaming=Roaming.ABROAD)
    assert (verdict.outcome, verdict.forwarded_by) == (Outcome.PASS, ROAMER)
    assert "article-3" in verdict.flags


@pytest.mark.parametrize("answer", [a for a in Roaming if a is not Roaming.ABROAD])
def test_a_redirecting_mobile_that_is_not_known_to_be_abroad_proves_nothing(answer: Roaming) -> None:
    assert asked(claim(presented(BRUSSELS), diverted(ROAMER)), roaming=answer).outcome is Outcome.BLOCK


def test_both_mobiles_are_asked_at_once_and_the_redirecting_one_can_save_the_call() -> None:
    one = claim(presented(MOBILE), diverted(ROAMER))
    assert decide(one, BELGIUM, Register(), NOW, {}) == Questions((MOBILE, ROAMER))
    assert asked(one, roaming={MOBILE: HOME, ROAMER: Roaming.ABROAD}).outcome is Outcome.PASS
    assert asked(one, roaming={MOBILE: Roaming.ABROAD, ROAMER: HOME}).outcome is Outcome.STRIP
    assert asked(one, roaming={MOBILE: HOME, ROAMER: HOME}).outcome is Outcome.BLOCK


def test_on_a_special_interface_the_redirecting_mobile_is_asked_too_and_goes_whatever_it_proves() -> None:
    one = claim(presented(BRUSSELS), diverted(ROAMER), trunk_class=TrunkClass.ARTICLE_4)
    assert asked(one, roaming=Roaming.ABROAD).outcome is Outcome.STRIP
    assert asked(one, roaming=HOME).outcome is Outcome.BLOCK


def test_nobody_is_asked_for_a_call_that_another_number_blocks_anyway() -> None:
    verdict = decide(claim(presented(BRUSSELS), asserted(FREEPHONE), diverted(ROAMER)), BELGIUM, Register(), NOW, {})
    assert not isinstance(verdict, Questions)
    assert verdict.outcome is Outcome.BLOCK


# 3°: consent.


@pytest.mark.law("¶14.1 ii", "¶10")
@pytest.mark.parametrize("number", [BRUSSELS, MOBILE])
def test_a_foreign_number_that_forwards_home_with_consent_passes_without_a_question(number: str) -> None:
    verdict = decide(claim(presented(number), diverted(PARIS)), BELGIUM, register(AGREED), NOW, {})
    assert not isinstance(verdict, Questions)
    assert (verdict.outcome, verdict.forwarded_by) == (Outcome.PASS, PARIS)
    assert [f.entry for f in verdict.findings if f.rule == "article-3"] == ["C-1"]


@pytest.mark.law("¶10")
@pytest.mark.parametrize(
    ("entry", "called"),
    [
        (Consent(reference="C", since=SINCE, forwarding=PARIS, called="+3293330001"), CALLED),
        (Consent(reference="C", since=SINCE, forwarding="+33612345679", called=CALLED), CALLED),
        (Consent(reference="C", since=SINCE, until=date(2026, 6, 30), forwarding=PARIS, called=CALLED), CALLED),
        (Consent(reference="C", since=date(2026, 7, 2), forwarding=PARIS, called=CALLED), CALLED),
        (AGREED, "+3293330001"),
    ],
    ids=["another called number", "another redirecting number", "expired", "not begun", "redirected elsewhere"],
)
def test_a_consent_binds_both_numbers_and_ends(entry: Consent, called: str) -> None:
    assert asked(claim(presented(BRUSSELS), diverted(PARIS), called=called), register(entry)).outcome is Outcome.BLOCK


@pytest.mark.law("¶10")
def test_only_the_last_diverter_counts() -> None:
    assert asked(claim(presented(BRUSSELS), diverted(PARIS), diverted(LONDON, 1)), register(AGREED)).outcome is (
        Outcome.PASS
    )
    assert asked(claim(presented(BRUSSELS), diverted(LONDON), diverted(PARIS, 1)), register(AGREED)).outcome is (
        Outcome.BLOCK
    )


def test_the_last_history_entry_before_the_called_number_is_the_last_diverter() -> None:
    told = [history(LONDON), history(PARIS, 1), history(CALLED, 2)]
    assert asked(claim(presented(BRUSSELS), *told), register(AGREED)).outcome is Outcome.PASS
    told = [history(PARIS), history(LONDON, 1), history(CALLED, 2)]
    assert asked(claim(presented(BRUSSELS), *told), register(AGREED)).outcome is Outcome.BLOCK


@pytest.mark.law("¶10")
def test_two_headers_that_name_different_diverters_prove_nothing() -> None:
    one = claim(presented(BRUSSELS), diverted(PARIS), history(LONDON), history(CALLED, 1))
    assert asked(one, register(AGREED)).outcome is Outcome.BLOCK
    one = claim(presented(BRUSSELS), diverted(PARIS), history(PARIS), history(CALLED, 1))
    assert asked(one, register(AGREED)).outcome is Outcome.PASS


def test_what_stands_beside_a_diverter_is_not_one() -> None:
    beside = attrs.evolve(diverted(PARIS), notation=Notation.PARAMETERS)
    for places in ((beside, diverted(LONDON)), (diverted(LONDON), beside), (beside,)):
        assert asked(claim(presented(BRUSSELS), *places), register(AGREED)).outcome is Outcome.BLOCK


def test_what_stands_beside_a_diverter_does_not_hide_it() -> None:
    told = [history(LONDON), history(PARIS, 1), history(CALLED, 2)]
    beside = [attrs.evolve(entry, raw=";index=1", notation=Notation.PARAMETERS) for entry in told]
    assert asked(claim(presented(BRUSSELS), *told, *beside), register(AGREED)).outcome is Outcome.PASS


@pytest.mark.law("¶28", "¶14.1 ii")
@pytest.mark.parametrize("nobody", ["anonymous", "", "unknown"])
def test_a_history_entry_that_names_no_number_contradicts_no_diversion(nobody: str) -> None:
    told = [diverted(PARIS), history(nobody), history(CALLED, 1), history(nobody, 2)]
    assert asked(claim(presented(BRUSSELS), *told), register(AGREED)).outcome is Outcome.PASS
    alone = [diverted(nobody), history(nobody)]
    assert asked(claim(presented(BRUSSELS), *alone), register(AGREED)).outcome is Outcome.BLOCK


@pytest.mark.parametrize("raw", ["33612345678", "+33(0)612345678", "0612345678", "+33612345678;phone-context=+32"])
def test_a_diverter_in_bad_form_proves_nothing(raw: str) -> None:
    assert asked(claim(presented(BRUSSELS), diverted(raw)), register(AGREED)).outcome is Outcome.BLOCK


# What ISUP tells of who redirected.


@pytest.mark.law("¶14.1 ii", "¶9")
def test_a_redirecting_number_of_isup_proves_what_a_diversion_proves() -> None:
    verdict = asked(claim(presented(BRUSSELS), enclosed(PARIS)), register(AGREED))
    assert (verdict.outcome, verdict.forwarded_by) == (Outcome.PASS, PARIS)
    assert asked(claim(presented(BRUSSELS), enclosed(ROAMER)), roaming=Roaming.ABROAD).outcome is Outcome.PASS
    assert asked(claim(presented(BRUSSELS), enclosed(ROAMER)), roaming=HOME).outcome is Outcome.BLOCK
    assert asked(claim(presented(BRUSSELS), enclosed(PARIS)), ledger=left(BRUSSELS, PARIS, 3)).outcome is Outcome.PASS


@pytest.mark.law("¶14.1 ii")
@pytest.mark.parametrize("others", [(diverted(PARIS),), (history(PARIS), history(CALLED, 1)), (enclosed(PARIS, 2),)])
def test_what_headers_and_isup_tell_alike_proves(others: tuple[Assertion, ...]) -> None:
    assert asked(claim(presented(BRUSSELS), enclosed(PARIS), *others), register(AGREED)).outcome is Outcome.PASS


@pytest.mark.law("¶10")
@pytest.mark.parametrize("others", [(diverted(LONDON),), (history(LONDON), history(CALLED, 1)), (enclosed(LONDON, 2),)])
def test_isup_that_names_another_diverter_proves_nothing_and_lets_nothing_be_proved(
    others: tuple[Assertion, ...],
) -> None:
    both = register(AGREED, attrs.evolve(AGREED, forwarding=LONDON))
    for entries in (register(AGREED), both):
        assert asked(claim(presented(BRUSSELS), enclosed(PARIS), *others), entries).outcome is Outcome.BLOCK


@pytest.mark.law("¶14.1 ii")
def test_who_was_called_at_first_contradicts_nobody_who_redirected_last() -> None:
    for told in (
        [enclosed(PARIS), enclosed(LONDON, 1, is_first=True)],
        [enclosed(LONDON, is_first=True), enclosed(PARIS, 1)],
        [enclosed(PARIS), enclosed(LONDON, 1, is_first=True), diverted(PARIS), diverted(LONDON, 1)],
    ):
        assert asked(claim(presented(BRUSSELS), *told), register(AGREED)).outcome is Outcome.PASS


@pytest.mark.law("¶10")
def test_who_was_called_at_first_may_have_redirected_last_where_isup_names_nobody_else() -> None:
    first = enclosed(PARIS, is_first=True)
    assert asked(claim(presented(BRUSSELS), first), register(AGREED)).outcome is Outcome.BLOCK
    assert asked(claim(presented(BRUSSELS), first, diverted(PARIS)), register(AGREED)).outcome is Outcome.PASS
    other = enclosed(LONDON, is_first=True)
    assert asked(claim(presented(BRUSSELS), other, diverted(PARIS)), register(AGREED)).outcome is Outcome.BLOCK


@pytest.mark.law("¶9", "L17")
@pytest.mark.parametrize("raw", ["0612345678;phone-context=national", "33612345678", "+336"])
def test_a_redirecting_number_of_isup_in_bad_form_proves_nothing(raw: str) -> None:
    for told in ([enclosed(raw)], [enclosed(raw), diverted(PARIS)]):
        assert asked(claim(presented(BRUSSELS), *told), register(AGREED)).outcome is Outcome.BLOCK


@pytest.mark.law("¶9")
def test_a_redirecting_home_number_of_isup_still_blocks_a_foreign_caller() -> None:
    for told in (enclosed(BRUSSELS), enclosed(BRUSSELS, is_first=True)):
        assert asked(claim(presented(LONDON), diverted(PARIS), told), register(AGREED)).outcome is Outcome.BLOCK


@pytest.mark.law("K13")
def test_calls_that_isup_says_were_redirected_are_counted_as_others_are() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.forwarded(PARIS, NOW)
    one, capped = claim(presented(BRUSSELS), enclosed(PARIS)), profile(forwardings_per_hour=3)
    assert "article-3-rate" in asked(one, register(AGREED), profile=capped, ledger=ledger).flags


# 2° and 3°: our own ledger.


@pytest.mark.law("¶14.1 ii")
@pytest.mark.parametrize("through", [PARIS, ROAMER])
def test_a_call_that_has_just_left_by_us_passes_when_it_comes_back_forwarded(through: str) -> None:
    verdict = asked(claim(presented(BRUSSELS), diverted(through)), ledger=left(BRUSSELS, through, 3), roaming=HOME)
    assert verdict.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("ledger", "why"),
    [
        (left(OTHER, PARIS, 3), "another caller"),
        (left(BRUSSELS, LONDON, 3), "another number"),
        (left(BRUSSELS, PARIS, 301), "too long ago"),
        (left(BRUSSELS, PARIS, -1), "not yet"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_call_that_has_left_proves_nothing(ledger: Ledger, why: str) -> None:
    assert asked(claim(presented(BRUSSELS), diverted(PARIS)), ledger=ledger).outcome is Outcome.BLOCK, why


def test_every_home_number_that_the_call_shows_must_have_left_with_it() -> None:
    one = claim(presented(OTHER), asserted(BRUSSELS), diverted(PARIS))
    assert asked(one, ledger=left(BRUSSELS, PARIS, 3)).outcome is Outcome.BLOCK


def test_a_call_that_does_not_say_who_forwarded_it_is_not_proved_by_the_ledger() -> None:
    assert asked(claim(presented(BRUSSELS)), ledger=left(BRUSSELS, PARIS, 3)).outcome is Outcome.BLOCK


# What a proof does.


def test_once_proved_no_geographic_or_mobile_number_blocks_in_any_position() -> None:
    one = claim(presented(BRUSSELS), asserted(OTHER), displayed(BRUSSELS), diverted(PARIS), diverted(MOBILE, 1))
    verdict = asked(one, register(AGREED))
    assert verdict.outcome is Outcome.PASS


def test_once_proved_a_display_name_may_only_repeat_what_passes() -> None:
    one = claim(presented(BRUSSELS), displayed(OTHER), diverted(PARIS))
    assert asked(one, register(AGREED)).outcome is Outcome.STRIP


@pytest.mark.law("¶14.1", "¶8 2°", "¶8 4°")
@pytest.mark.parametrize("number", [FREEPHONE, "+3270123456", "+32771234567890", "+3272123456", "1207", "+32112"])
@pytest.mark.parametrize("called", [CALLED, VISITOR])
def test_non_geographic_and_short_numbers_are_not_covered(number: str, called: str) -> None:
    entries = register(AGREED, LENT)
    for one in (
        claim(presented(number), diverted(PARIS), called=called),
        claim(presented(BRUSSELS), asserted(number), diverted(PARIS), called=called),
    ):
        assert asked(one, entries, ledger=left(number, PARIS, 3)).outcome is Outcome.BLOCK


@pytest.mark.law("L17")
def test_a_number_in_bad_form_is_blocked_whatever_is_proved() -> None:
    for raw in ("3225551212", "+32(0)25551212", "+320470123456", "025551212"):
        assert asked(claim(presented(raw), called=VISITOR), register(LENT)).outcome is Outcome.BLOCK


def test_a_foreign_caller_needs_no_proof_and_a_redirecting_home_number_still_blocks() -> None:
    assert asked(claim(presented(LONDON), diverted(BRUSSELS)), register(AGREED)).outcome is Outcome.BLOCK
    assert asked(claim(presented(LONDON), diverted(BRUSSELS), called=VISITOR), register(LENT)).outcome is Outcome.BLOCK


@pytest.mark.law("¶17")
@pytest.mark.parametrize("trunk", [None, "T"])
def test_a_suspended_derogation_proves_nothing_from_that_day(trunk: str | None) -> None:
    suspended = Suspension(reference="S", since=date(2026, 7, 1), derogation=Derogation.ARTICLE_3, trunk=trunk)
    one = claim(presented(BRUSSELS), diverted(PARIS))
    assert asked(one, register(AGREED, suspended)).outcome is Outcome.BLOCK
    assert asked(one, register(AGREED, suspended), now=NOW - timedelta(days=1)).outcome is Outcome.PASS
    assert asked(claim(*one.assertions, trunk="U"), register(AGREED, suspended)).outcome is (
        Outcome.BLOCK if trunk is None else Outcome.PASS
    )


# The switches.


@pytest.mark.law("L8")
@pytest.mark.parametrize(
    ("switch", "one", "entries", "ledger"),
    [
        ("visitor", claim(presented(BRUSSELS), called=VISITOR), (LENT,), None),
        ("roamer", claim(presented(BRUSSELS), diverted(ROAMER)), (), None),
        ("consent", claim(presented(BRUSSELS), diverted(PARIS)), (AGREED,), None),
        ("outbound", claim(presented(BRUSSELS), diverted(PARIS)), (), left(BRUSSELS, PARIS, 3)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_proof_has_a_switch_of_its_own(
    switch: str, one: Claim, entries: tuple[Entry, ...], ledger: Ledger | None
) -> None:
    off = profile(**{switch: False})
    assert asked(one, register(*entries), ledger=ledger).outcome is Outcome.PASS
    assert asked(one, register(*entries), ledger=ledger, profile=off).outcome is Outcome.BLOCK
    for other in {"visitor", "roamer", "consent", "outbound"} - {switch}:
        kept = profile(**{other: False})
        assert asked(one, register(*entries), ledger=ledger, profile=kept).outcome is Outcome.PASS


@pytest.mark.law("L8")
def test_the_strict_setting_asks_for_our_own_leg_beside_any_other_proof() -> None:
    strict = profile(proof="ledger", outbound=False)
    for one, entries, through in (
        (claim(presented(BRUSSELS), diverted(PARIS)), (AGREED,), PARIS),
        (claim(presented(BRUSSELS), diverted(ROAMER)), (), ROAMER),
        (claim(presented(BRUSSELS), called=VISITOR), (LENT,), LONDON),
    ):
        assert asked(one, register(*entries), profile=strict).outcome is Outcome.BLOCK
        assert asked(one, register(*entries), profile=strict, ledger=left(OTHER, through, 3)).outcome is Outcome.BLOCK
        assert asked(one, register(*entries), profile=strict, ledger=left(BRUSSELS, through, 3)).outcome is Outcome.PASS
    unproved = claim(presented(BRUSSELS), diverted(LONDON))
    assert asked(unproved, profile=strict, ledger=left(BRUSSELS, LONDON, 3)).outcome is Outcome.BLOCK


@pytest.mark.law("L8")
def test_a_forwarded_call_without_proof_is_withheld_by_setting_and_another_never() -> None:
    mild = profile(unproven="withhold")
    assert asked(claim(presented(BRUSSELS), diverted(PARIS)), profile=mild).outcome is Outcome.WITHHOLD
    assert asked(claim(presented(BRUSSELS)), profile=mild).outcome is Outcome.BLOCK
    assert asked(claim(presented(FREEPHONE), diverted(PARIS)), profile=mild).outcome is Outcome.BLOCK


@pytest.mark.law("L8")
def test_a_redirecting_number_proves_only_so_many_calls_an_hour() -> None:
    capped, ledger = profile(forwardings_per_hour=3), Ledger()
    one = claim(presented(BRUSSELS), diverted(PARIS))
    for minute in range(3):
        assert asked(one, register(AGREED), profile=capped, ledger=ledger).outcome is Outcome.PASS
        ledger.forwarded(PARIS, NOW - timedelta(minutes=minute))
    verdict = asked(one, register(AGREED), profile=capped, ledger=ledger)
    assert verdict.outcome is Outcome.BLOCK
    assert "article-3-rate" in verdict.flags
    later = asked(one, register(AGREED), profile=capped, ledger=ledger, now=NOW + timedelta(minutes=61))
    assert later.outcome is Outcome.PASS


def test_before_the_decree_nothing_is_proved_and_nothing_is_blocked() -> None:
    assert outcome(presented(BRUSSELS)) is Outcome.BLOCK
    before = asked(claim(presented(BRUSSELS), diverted(PARIS)), register(AGREED), now=NOW - timedelta(days=1000))
    assert before.outcome is Outcome.PASS
    assert not before.forwarded_by


def test_a_number_let_through_by_decision_hides_no_other_behind_a_question_that_is_not_asked() -> None:
    allowed = Decision(
        reference="D", since=SINCE, until=date(2099, 1, 1), number=BRUSSELS, trunk="T", action=Ruling.PASS
    )
    one = claim(presented(BRUSSELS), displayed(OTHER), diverted(ROAMER))
    assert asked(one, register(allowed), roaming=HOME).outcome is Outcome.BLOCK
