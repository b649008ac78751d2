"""Laws that hold of every claim on every class of trunk, whatever the register says, searched for by Hypothesis.

Numbers, entries and answers come from small pools, so that they meet.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import (
    Agreement,
    Answer,
    Attestation,
    BlockedUser,
    CallerList,
    Claim,
    Consent,
    Decision,
    Derogation,
    DoNotOriginate,
    Dossier,
    Ledger,
    MobileRange,
    Outcome,
    Position,
    Profile,
    Questions,
    Register,
    Roaming,
    Service,
    Suspension,
    TrunkClass,
    Verdict,
    decide,
)
from policy.register import Entry, Ruling
from tests.policy.making import BELGIUM, LONDON, NOW, claim, said

SINCE = date(2026, 1, 1)
GEOGRAPHIC, OTHER, FREEPHONE, MACHINE = "+3225551212", "+3242345678", "+3280012345", "+3277123456"
MOBILE, ROAMER, PARIS, CALLED, VISITOR = "+32470123456", "+32475111111", "+33612345678", "+3293330000", "+32486990001"
FORBIDDEN = (GEOGRAPHIC, OTHER, FREEPHONE, MACHINE, "+3272123456", "1207", "025551212", "32470123456", "+320470123456")
NUMBERS = (*FORBIDDEN, MOBILE, ROAMER, PARIS, LONDON, CALLED, "anonymous", "+8001234567890")
HOMES = (GEOGRAPHIC, OTHER, FREEPHONE, MOBILE)

# Everything that lets a call through that would else be stopped.
RELIEF: tuple[Entry, ...] = (
    MobileRange(reference="msrn", since=SINCE, prefix="+3248699"),
    *(
        Consent(reference=f"consent {n}", since=SINCE, forwarding=n, called=c)
        for n in (PARIS, LONDON)
        for c in (CALLED, VISITOR)
    ),
    *(
        Agreement(
            reference=f"agreement {service}",
            since=SINCE,
            trunk="T",
            service=service,
            holder="h",
            established_in="BE",
            company_number="0123456749",
            numbers=frozenset({number}),
        )
        for service, number in (
            (Service.NOMADIC, GEOGRAPHIC),
            (Service.DIRECT_MARKETING, OTHER),
            (Service.CONFERENCE, FREEPHONE),
        )
    ),
    Attestation(
        reference="attestation",
        since=SINCE,
        trunk="T",
        operator="o",
        dedicated_circuits=True,
        total_control=True,
        evidence="e",
    ),
    *(
        Decision(
            reference=f"decision {number}",
            since=SINCE,
            until=date(2099, 1, 1),
            number=number,
            trunk="T",
            action=Ruling.PASS,
        )
        for number in HOMES
    ),
    Dossier(reference="dossier", since=SINCE, prefix="+3247"),
)
SEVERITY: tuple[Entry, ...] = (
    *(
        Suspension(reference="stop", since=SINCE, derogation=derogation, trunk=trunk)
        for derogation in Derogation
        for trunk in ("T", None)
    ),
    *(BlockedUser(reference="case", since=SINCE, number=number) for number in (LONDON, PARIS, GEOGRAPHIC)),
    BlockedUser(reference="case", since=SINCE, trunk="T", number=MOBILE),
    BlockedUser(reference="case", since=SINCE, account="anonymous-7"),
    *(DoNotOriginate(reference="dno", since=SINCE, number=number) for number in (OTHER, MOBILE)),
    CallerList(reference="list", since=SINCE, trunk="T", numbers=frozenset({GEOGRAPHIC})),
)
PROFILES = (BELGIUM, Profile.load("belgium", {"article-3": {"proof": "ledger"}}), Profile.load("france"))

entries = st.lists(st.sampled_from([*RELIEF, *SEVERITY]), max_size=6, unique=True).map(tuple)
answers = st.fixed_dictionaries({n: st.sampled_from(Roaming) for n in (MOBILE, ROAMER)})
classes = st.sampled_from(TrunkClass)
ledgers = st.lists(st.tuples(st.sampled_from(HOMES), st.sampled_from([PARIS, LONDON, ROAMER])), max_size=3)
assertions = st.lists(
    st.builds(
        said,
        st.sampled_from(Position),
        st.sampled_from(NUMBERS),
        header=st.sampled_from(["", "", "History-Info", "ISUP"]),
        index=st.integers(0, 2),
    ),
    max_size=5,
)
claims = st.builds(
    lambda said, kind, called: claim(*said, trunk_class=kind, called=called),
    assertions,
    classes,
    st.sampled_from([CALLED, CALLED, VISITOR, "+33155555555", GEOGRAPHIC]),
)
profiles = st.sampled_from(PROFILES)


def ledger_of(legs: list[tuple[str, str]]) -> Ledger:
    ledger = Ledger()
    for caller, called in legs:
        ledger.sent([caller], called, NOW - timedelta(seconds=3))
    return ledger


def verdict_on(
    one: Claim, profile: Profile, register: Register, said: Mapping[str, Roaming], ledger: Ledger
) -> Verdict:
    decided = decide(one, profile, register, NOW, {}, ledger=ledger)
    if isinstance(decided, Questions):
        known = {n: Answer(said.get(n, Roaming.UNKNOWN_SUBSCRIBER), "t") for n in decided.numbers}
        decided = decide(one, profile, register, NOW, known, ledger=ledger)
    assert isinstance(decided, Verdict), "asked twice"
    return decided


@pytest.mark.law("¶8 2°", "¶8 4°", "¶9", "¶14.1", "¶14.2")
@given(claims, entries, answers, ledgers)
def test_no_forbidden_number_passes_unless_a_named_derogation_lets_it(
    one: Claim, listed: tuple[Entry, ...], known: dict[str, Roaming], legs: list[tuple[str, str]]
) -> None:
    verdict = verdict_on(one, BELGIUM, Register("r", listed), known, ledger_of(legs))
    if verdict.trunk_class in (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT):
        return
    for found in verdict.findings:
        if found.outcome is not Outcome.PASS or found.position is Position.OTHER or found.basis == "¶9":
            continue
        is_home = found.number is not None and found.number.startswith("+32")
        if found.range in ("bad form", "short") or (is_home and found.range != "mobile"):
            assert found.rule in ("article-3", "article-4", "decision"), found
            assert found.entry or verdict.forwarded_by, found


@pytest.mark.law("¶17", "¶29")
@given(claims, entries, st.lists(st.sampled_from(RELIEF), min_size=1, max_size=3, unique=True), answers, ledgers)
def test_relief_that_is_entered_never_makes_a_verdict_severer(
    one: Claim,
    listed: tuple[Entry, ...],
    more: list[Entry],
    known: dict[str, Roaming],
    legs: list[tuple[str, str]],
) -> None:
    before = verdict_on(one, BELGIUM, Register("r", listed), known, ledger_of(legs))
    after = verdict_on(one, BELGIUM, Register("r", (*listed, *more)), known, ledger_of(legs))
    assert after.outcome <= before.outcome


@pytest.mark.law("¶14.1")
@given(claims, entries, answers, ledgers, ledgers)
def test_a_leg_more_in_the_ledger_never_makes_a_verdict_severer(
    one: Claim,
    listed: tuple[Entry, ...],
    known: dict[str, Roaming],
    legs: list[tuple[str, str]],
    more: list[tuple[str, str]],
) -> None:
    before = verdict_on(one, BELGIUM, Register("r", listed), known, ledger_of(legs))
    after = verdict_on(one, BELGIUM, Register("r", listed), known, ledger_of([*legs, *more]))
    assert after.outcome <= before.outcome


@pytest.mark.law("¶17", "¶16 block")
@given(claims, entries, st.sampled_from(SEVERITY), answers)
def test_a_suspension_or_a_block_that_is_entered_never_makes_a_verdict_milder(
    one: Claim, listed: tuple[Entry, ...], more: Entry, known: dict[str, Roaming]
) -> None:
    before = verdict_on(one, BELGIUM, Register("r", listed), known, Ledger())
    after = verdict_on(one, BELGIUM, Register("r", (*listed, more)), known, Ledger())
    assert after.outcome >= before.outcome


@pytest.mark.law("¶8 3°")
@given(claims, profiles, entries, answers, ledgers)
def test_what_nobody_had_to_be_asked_changes_nothing_when_it_is_known(
    one: Claim,
    profile: Profile,
    listed: tuple[Entry, ...],
    known: dict[str, Roaming],
    legs: list[tuple[str, str]],
) -> None:
    register, ledger = Register("r", listed), ledger_of(legs)
    decided = decide(one, profile, register, NOW, {}, ledger=ledger)
    if isinstance(decided, Verdict):
        again = decide(one, profile, register, NOW, {n: Answer(said, "t") for n, said in known.items()}, ledger=ledger)
        assert isinstance(again, Verdict)
        assert again.outcome is decided.outcome


@pytest.mark.law("¶24", "¶37")
@given(claims, entries, profiles)
def test_a_national_call_is_never_altered_whatever_the_register_says(
    one: Claim, listed: tuple[Entry, ...], profile: Profile
) -> None:
    decided = decide(one, profile, Register("r", listed), NOW, {})
    if isinstance(decided, Questions):
        assert one.trunk_class is not TrunkClass.NATIONAL
    elif decided.trunk_class in (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT):
        assert decided.outcome in (Outcome.PASS, Outcome.BLOCK)
        refused = {f.rule for f in decided.findings if f.outcome is Outcome.BLOCK}
        assert refused <= {"blocked-user", "do-not-originate", "caller-list"}


@pytest.mark.law("¶33")
@given(claims, entries, answers, ledgers, profiles, st.randoms(use_true_random=False))
def test_equal_claims_give_equal_verdicts_and_the_order_of_headers_never_matters(  # noqa: PLR0917 - what Hypothesis draws
    one: Claim,
    listed: tuple[Entry, ...],
    known: dict[str, Roaming],
    legs: list[tuple[str, str]],
    profile: Profile,
    random: object,
) -> None:
    shuffled = list(one.assertions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = claim(*shuffled, trunk_class=one.trunk_class, called=one.called)
    register, ledger = Register("r", listed), ledger_of(legs)
    first = verdict_on(one, profile, register, known, ledger)
    assert verdict_on(one, profile, register, known, ledger) == first
    again = verdict_on(other, profile, register, known, ledger)
    assert (again.outcome, again.basis, again.flags) == (first.outcome, first.basis, first.flags)
    assert sorted(map(repr, again.findings)) == sorted(map(repr, first.findings))


@pytest.mark.law("¶8")
@given(claims, entries, answers, ledgers, profiles)
def test_a_verdict_is_its_most_severe_finding_and_every_number_has_one(
    one: Claim,
    listed: tuple[Entry, ...],
    known: dict[str, Roaming],
    legs: list[tuple[str, str]],
    profile: Profile,
) -> None:
    verdict = verdict_on(one, profile, Register("r", listed), known, ledger_of(legs))
    assert verdict.outcome is max((f.outcome for f in verdict.findings), default=Outcome.PASS)
    if verdict.trunk_class in (TrunkClass.INTERNATIONAL, TrunkClass.ARTICLE_4):
        judged = {(f.position, f.header, f.index, f.raw) for f in verdict.findings}
        assert judged == {(a.position, a.header, a.index, a.raw) for a in one.assertions}
