"""The decision: one claim in, a verdict or the questions it hangs on out.

Order of tests: emergency; the class the call truly has; on a screened one every number in every position, first by the
register (blocked user, the regulator's decision), then by a derogation of its row, then by the row; the most severe
outcome over all of them. A pure function: the same arguments give the same verdict, and the order in which a message
happened to carry its headers gives no other one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import unquote

import attrs

from . import ordinary
from .claim import URIS, Assertion, Claim, Notation, TrunkClass
from .errors import PolicyError
from .ledger import Ledger
from .numbering import Number, Range, country_code_of, judge
from .position import CLI, Position
from .profile import Measure, Profile, RuleName
from .register import Derogation, Register, Shadow, civil_day
from .roaming import Answer, Questions
from .rules import Call, Pending, admit, article_3, emergency, mobile, national, read, register_only, rule, special
from .rules.redirect import normal_forms
from .standing import Standing, standing
from .verdict import Finding, Outcome, Verdict, in_order

_SEARCHABLE = 7  # fewer digits turn up by chance in tags, ports and timestamps
_NOTHING_LATELY = Ledger()
_ANYBODYS = (Range.FOREIGN, Range.GLOBAL_SERVICE)
_COUNTRIES, _NAMES = 3, 8
# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_PASS, _INTERNATIONAL = Outcome.PASS, TrunkClass.INTERNATIONAL
_LEADS_ON = re.compile(r";\s*(?:rn|phone-context)\s*=", re.IGNORECASE)  # RFC 4694 §5, RFC 3966 §5.1.5

_Read = Sequence[tuple[Assertion, Number | None]]


def decide(
    claim: Claim,
    profile: Profile,
    register: Register,
    now: datetime,
    answers: Mapping[str, Answer],
    *,
    ledger: Ledger | None = None,
) -> Verdict | Questions:
    """Judge one call.

    `now` is aware; `answers` holds what is already known, by E.164 number; `ledger` what has left by us lately, and is
    only read. When Questions come back, put their answers with the earlier ones and call again; a number left
    unanswered is asked again. Raises PolicyError for a naive `now`.
    """
    if now.tzinfo is None:
        raise PolicyError("now must be aware: a verdict is dated in UTC, and rules begin on civil days")
    day = civil_day(now)
    stands = standing(claim, register, profile, day)
    verdict = partial(_verdict, profile, register, stands, now)
    trial = register.find(Shadow, claim.trunk, day)
    if _may_be_ordinary(claim, profile, register, stands.trunk_class):
        found = ordinary.findings_on(claim, profile, day)
        if found is not None:
            return verdict(found, basis=found[0].basis if found else "", trial=trial)
    if emergency.applies(claim):
        return verdict((), basis=emergency.BASIS, flag="emergency")
    if stands.trunk_class is TrunkClass.NATIONAL and not register.names_callers:
        return verdict((), basis=national.BASIS)
    called, beside = _called(claim.called, profile)
    call = Call(
        claim=claim,
        profile=profile,
        register=register,
        ledger=_NOTHING_LATELY if ledger is None else ledger,
        now=now,
        day=day,
        trunk_class=stands.trunk_class,
        called=called,
        beside=beside,
        plainly=_plainly(claim.called, called, profile),
    )
    if stands.trunk_class in (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT):
        findings, basis = _untouched(call)
        return verdict(findings, basis=basis)
    if profile.settings.transit_passes and _ends_abroad(call):
        return verdict((), basis="transit to another country (the law is silent)", flag="transit")
    decided = _screened(call, answers)
    proof = "" if call.proof is None else call.proof.forwarded_by
    return decided if isinstance(decided, Questions) else verdict(decided, trial=trial, forwarded_by=proof)


def _may_be_ordinary(claim: Claim, profile: Profile, register: Register, trunk_class: TrunkClass) -> bool:
    """Whether nothing but what is asserted decides: no entry on a caller, no setting on where the call ends."""
    settings = profile.settings
    return (
        trunk_class is _INTERNATIONAL
        and len(claim.assertions) <= settings.max_assertions
        and not (claim.emergency or register.names_callers or claim.admitted or settings.transit_passes)
    )


def _untouched(call: Call) -> tuple[tuple[Finding, ...], str]:
    """What is found of a call that is passed or refused and never changed, and by what law it may pass."""
    if call.trunk_class is TrunkClass.NATIONAL:
        return _on_national(call), national.BASIS
    return _in_transit(call), call.profile.measures[Measure.NATIONAL_TRANSIT].basis


def _on_national(call: Call) -> tuple[Finding, ...]:
    """What refuses a call that is outside the decree: an entry of the register, or nothing."""
    found = [f for place, number in _callers(call) if (f := register_only(place, number, call)) is not None]
    return tuple(sorted(found, key=in_order))


def _in_transit(call: Call) -> tuple[Finding, ...]:
    found = [admit(place, number, call) for place, number in _callers(call)]
    if any(finding.flag != "anonymous-caller" for finding in found):
        found = [attrs.evolve(f, flag="") if f.flag == "anonymous-caller" else f for f in found]
    return tuple(sorted(found, key=in_order))


def _callers(call: Call) -> Iterable[tuple[Assertion, Number]]:
    return ((a, read(a, call)) for a in call.claim.assertions if a.position in CLI and a.notation in URIS)


def _screened(call: Call, answers: Mapping[str, Answer]) -> tuple[Finding, ...] | Questions:
    claim, settings = call.claim, call.profile.settings
    if len(claim.assertions) > settings.max_assertions:
        return (_too_many(claim, call.profile),)
    legible: _Read = [(a, None if _is_for_the_eye(a) else read(a, call)) for a in claim.assertions]
    article_3.consider(call, [(a, number) for a, number in legible if number is not None], answers)
    call.may_excuse = (
        call.trunk_class is TrunkClass.ARTICLE_4
        or bool(claim.authentication)
        or call.proof is not None
        or call.is_forwarded
    )
    rulings = [r for a, number in legible if a.position is not Position.DISPLAY for r in rule(a, number, call)]
    found = [r for r in rulings if isinstance(r, Finding)]
    waiting = [r for r in rulings if isinstance(r, Pending)]
    if not waiting and not call.wanted:
        return _guarded([*found, *_shown(call, found)], call)
    settled = _settle(waiting, answers, settings.max_questions)
    # Answers decide which number a display-name may repeat, never whether it blocks, but for a proof that is wanted.
    supposed = _shown(call, found)
    numbers = {p.number for p in waiting}
    if call.wanted and len(numbers | {call.wanted}) > settings.max_questions and not _blocks([*found, *supposed]):
        return Questions((call.wanted,))  # with that proof nobody else need be asked, without it they are too many
    # While a proof is wanted that would let them pass, what is known of the other mobile numbers is not the last word.
    final = [f for f in settled if not (call.wanted and f.rule == RuleName.MOBILE)]
    if _blocks([*found, *final, *supposed]):
        settled += [mobile.leave(p) for p in waiting if not _has(settled, p)]
    elif waiting and (missing := {call.wanted, *(p.number for p in waiting)} - {""} - answers.keys()):
        return Questions(tuple(sorted(missing)))
    if not call.wanted and not any(f.outcome is Outcome.PASS for f in settled):
        return _guarded([*found, *settled, *supposed], call)
    call.wanted = ""
    findings = [*found, *settled]
    return _guarded([*findings, *_shown(call, findings)], call)


def _is_for_the_eye(assertion: Assertion) -> bool:
    is_other = assertion.position is Position.OTHER and assertion.notation is Notation.DISPLAY
    return is_other or assertion.position is Position.DISPLAY


def _settle(waiting: list[Pending], answers: Mapping[str, Answer], limit: int) -> list[Finding]:
    if len({p.number for p in waiting}) > limit:
        return [mobile.refuse(p) for p in waiting]
    return [
        special.flagged(p.case, mobile.settle(p, answers[p.number]))
        for p in waiting
        if p.number in answers and p.otherwise is None
    ]


def _has(settled: Iterable[Finding], pending: Pending) -> bool:
    place, number = pending.case.assertion, pending.case.number.e164
    return any((f.header, f.index, f.number) == (place.header, place.index, number) for f in settled)


def _shown(call: Call, found: Iterable[Finding]) -> list[Finding]:
    """The findings on display-names, given which numbers pass; none on one that waits for a proof."""
    shown = [a for a in call.claim.assertions if a.position is Position.DISPLAY]
    if not shown:
        return []
    cli = [f.number for f in found if f.position in CLI and f.outcome is Outcome.PASS]
    numbers = {number for number in cli if number is not None}
    own = {country_code_of(number[1:]) or "" for number in numbers} - {"", *call.profile.plan.codes}
    call.passing = frozenset(numbers)
    # No call has callers of more countries, or more names: what claims to is read as it stands, and not at length.
    call.own = frozenset(own) if len(own) <= _COUNTRIES and len(shown) <= _NAMES else frozenset()
    return [r for a in shown for r in rule(a, None, call) if isinstance(r, Finding)]


def _called(raw: str, profile: Profile) -> tuple[frozenset[str], frozenset[str]]:
    """The called number in normal form, and the same with what its parameters add."""
    main, _, parameters = raw.partition(";")
    number = judge(main, Notation.SIP, profile.plan)
    if not parameters:
        called = normal_forms(number, profile.plan)
        return called, called
    whole = normal_forms(judge(raw, Notation.SIP, profile.plan), profile.plan)
    if number.e164 is None:  # a phone-context may be half of the number itself; no other parameter is
        context = next((p for p in parameters.split(";") if p.lower().startswith("phone-context=")), "")
        number = judge(f"{main};{context}", Notation.SIP, profile.plan) if context else number
    return (called := normal_forms(number, profile.plan)), whole | called


def _plainly(raw: str, called: frozenset[str], profile: Profile) -> str:
    """The called number, where it is one home number and nothing beside it could lead the call elsewhere; else ""."""
    main, _, parameters = raw.partition(";")
    text = unquote(main)
    if len(called) != 1 or _LEADS_ON.search(f";{unquote(parameters)}") or any(c.isalpha() or c == ";" for c in text):
        return ""
    (number,) = called
    digits = "".join(c for c in text if c.isdecimal())
    return number if profile.plan.significant(digits) == profile.plan.national(number) else ""


def _ends_abroad(call: Call) -> bool:
    """Whether the called number is a foreign one and nothing else."""
    number = judge(call.claim.called, Notation.SIP, call.profile.plan)
    return number.e164 is not None and not call.profile.plan.is_home(number.country_code)


def _too_many(claim: Claim, profile: Profile) -> Finding:
    first = claim.assertions[profile.settings.max_assertions]
    return Finding(
        position=first.position,
        header=first.header,
        index=first.index,
        raw=first.raw,
        number=None,
        range="none",
        rule=RuleName.FORM,
        basis=profile.rules[RuleName.FORM].basis,
        outcome=Outcome.BLOCK,
        why=f"The call carries more than {profile.settings.max_assertions} identities, which are not read one by one.",
    )


def _guarded(findings: list[Finding], call: Call) -> tuple[Finding, ...]:
    """The findings in order, each with digits that may be searched for in what leaves towards the callee.

    A number that may be shown is no secret where it is spelled badly or stands out of place. That a number which may
    be shown *contains* the digits of another makes them none: whoever calls can choose such a number. Only digits that
    nobody could name are let go for standing in one.
    """
    allowed = {f.number for f in findings if f.outcome is Outcome.PASS and f.number is not None} | {call.plainly}

    def is_shown(finding: Finding) -> bool:
        # A foreign number is forbidden to nobody: a name that shows the call's own one cut short is no secret in it.
        if finding.number is not None and finding.range not in _ANYBODYS:
            return finding.number in allowed
        return any(finding.digits in number for number in (*allowed, *call.called))

    def searched(finding: Finding) -> str:
        digits = finding.digits
        if len(digits) < _SEARCHABLE and finding.number is not None and finding.number.startswith("+"):
            digits = finding.number[1:]  # a short national number turns up by chance, with its country code it does not
        return "" if len(digits) < _SEARCHABLE or is_shown(finding) else digits

    ordered = sorted(findings, key=in_order)
    return tuple(attrs.evolve(f, digits=searched(f)) if f.digits else f for f in ordered)


def _blocks(findings: Iterable[Finding]) -> bool:
    return any(finding.outcome is Outcome.BLOCK for finding in findings)


def _verdict(
    profile: Profile,
    register: Register,
    stands: Standing,
    now: datetime,
    findings: tuple[Finding, ...],
    *,
    basis: str = "",
    flag: str = "",
    trial: Shadow | None = None,
    forwarded_by: str = "",
) -> Verdict:
    """The verdict that these findings make: their most severe. Where they pass, `basis` says by what law they may."""
    outcome = max([f.outcome for f in findings], default=_PASS)
    if outcome is not _PASS or not basis:
        same = [f for f in findings if f.outcome is outcome]
        # Of what passes, that which a derogation or a decision lets pass tells more than what nothing forbade.
        basis = next((f for f in same if f.entry or f.rule == Derogation.ARTICLE_3), same[0]).basis if same else ""
    raised = [flag, stands.flag, "" if trial is None else "shadow", *[f.flag for f in findings]]
    flags = sorted({one for one in raised if one}) if any(raised) else ()
    return Verdict(
        outcome=outcome,
        basis=basis,
        findings=findings,
        flags=tuple(flags),
        profile=profile.version,
        register=register.version,
        decided_at=now.astimezone(UTC),
        trunk_class=stands.trunk_class,
        class_entry=stands.entry,
        trial="" if trial is None else trial.reference,
        enforced=trial is None,
        forwarded_by=forwarded_by,
    )
