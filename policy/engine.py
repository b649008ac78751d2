"""The decision: one claim in, a verdict or the questions it hangs on out.

Order of tests: emergency, national, then on an international trunk every number in every position by its row, then the
most severe outcome over all of them. A pure function: the same arguments give the same verdict, and the order in which
a message happened to carry its headers gives no other one.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import attrs

from .claim import Claim, Notation, TrunkClass
from .errors import PolicyError
from .numbering import country_code_of, judge
from .position import Position
from .profile import Profile, RuleName
from .register import Register, civil_day
from .roaming import Answer, Questions
from .rules import Call, Pending, emergency, mobile, national, rule
from .rules.redirect import normal_forms
from .verdict import Finding, Outcome, Verdict

_CLI = (Position.PRESENTATION, Position.NETWORK)
_POSITIONS = tuple(Position)
_SEARCHABLE = 7  # fewer digits turn up by chance in tags, ports and timestamps


def decide(
    claim: Claim, profile: Profile, register: Register, now: datetime, answers: Mapping[str, Answer]
) -> Verdict | Questions:
    """Judge one call.

    `now` is aware; `answers` holds what is already known, by E.164 number. When Questions come back, put their answers
    with the earlier ones and call again; a number left unanswered is asked again. Raises PolicyError for a naive `now`
    and for a trunk class whose rules this version has not.
    """
    if now.tzinfo is None:
        raise PolicyError("now must be aware: a verdict is dated in UTC, and rules begin on civil days")
    if emergency.applies(claim):
        return _verdict((), profile, register, now, basis=emergency.BASIS, flags=("emergency",))
    if national.applies(claim):
        return _verdict((), profile, register, now, basis=national.BASIS)
    if claim.trunk_class is not TrunkClass.INTERNATIONAL:
        raise PolicyError(f"trunk {claim.trunk}: no rules for class {claim.trunk_class}")
    decided = _international(claim, profile, register, now, answers)
    return decided if isinstance(decided, Questions) else _verdict(decided, profile, register, now)


def _international(
    claim: Claim, profile: Profile, register: Register, now: datetime, answers: Mapping[str, Answer]
) -> tuple[Finding, ...] | Questions:
    called, beside = _called(claim.called, profile)
    call = Call(profile=profile, day=civil_day(now), called=called, beside=beside)
    limit = profile.settings.max_assertions
    if len(claim.assertions) > limit:
        return (_too_many(claim, profile),)
    rulings = [r for a in claim.assertions if a.position is not Position.DISPLAY for r in rule(a, call)]
    found = [r for r in rulings if isinstance(r, Finding)]
    waiting = [r for r in rulings if isinstance(r, Pending)]
    # Answers decide which mobile a display-name may repeat, never whether it blocks.
    supposed = _shown(claim, call, found)
    settled = _settle(waiting, answers, register, profile.settings.max_questions)
    if _blocks([*found, *supposed, *settled]):
        settled += [mobile.leave(p) for p in waiting if p.number not in answers and not _has(settled, p)]
    elif missing := sorted({p.number for p in waiting} - answers.keys()):
        return Questions(tuple(missing))
    findings = [*found, *settled]
    return _guarded([*findings, *(_shown(claim, call, findings) if settled else supposed)], call)


def _settle(waiting: list[Pending], answers: Mapping[str, Answer], register: Register, limit: int) -> list[Finding]:
    if len({p.number for p in waiting}) > limit:
        return [mobile.refuse(p) for p in waiting]
    return [mobile.settle(p, answers[p.number], register) for p in waiting if p.number in answers]


def _has(settled: Iterable[Finding], pending: Pending) -> bool:
    place = pending.case.assertion
    return any((f.header, f.index, f.number) == (place.header, place.index, pending.number) for f in settled)


def _shown(claim: Claim, call: Call, found: Iterable[Finding]) -> list[Finding]:
    """The findings on display-names, given which numbers pass."""
    cli = [f.number for f in found if f.position in _CLI and f.outcome is Outcome.PASS]
    numbers = {number for number in cli if number is not None}
    own = {country_code_of(number[1:]) or "" for number in numbers} - {"", call.profile.plan.country_code}
    call = attrs.evolve(call, passing=frozenset(numbers), own=frozenset(own))
    rulings = [r for a in claim.assertions if a.position is Position.DISPLAY for r in rule(a, call)]
    return [r for r in rulings if isinstance(r, Finding)]


def _called(raw: str, profile: Profile) -> tuple[frozenset[str], frozenset[str]]:
    """The called number, and it with what stands in the Request-URI's parameters, in normal form."""
    main, _, parameters = raw.partition(";")
    whole = normal_forms(judge(raw, Notation.SIP, profile.plan), profile.plan)
    number = judge(main, Notation.SIP, profile.plan)
    if number.e164 is None:  # a phone-context may be half of the number itself; no other parameter is
        context = next((p for p in parameters.split(";") if p.lower().startswith("phone-context=")), "")
        number = judge(f"{main};{context}", Notation.SIP, profile.plan) if context else number
    return (called := normal_forms(number, profile.plan)), whole | called


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

    Digits that stand inside a number which may be shown would be found there: a display-name may spell the call's own
    number badly, and is stripped for its form alone.
    """
    allowed = [f.number for f in findings if f.outcome is Outcome.PASS and f.number is not None]
    allowed += call.called
    ordered = sorted(findings, key=_order)
    return tuple(
        attrs.evolve(f, digits="")
        if f.digits and (len(f.digits) < _SEARCHABLE or any(f.digits in number for number in allowed))
        else f
        for f in ordered
    )


def _order(finding: Finding) -> tuple[int, str, int, str, str]:
    place = _POSITIONS.index(finding.position)
    return (place, finding.header, finding.index, finding.number or "", finding.rule)


def _blocks(findings: Iterable[Finding]) -> bool:
    return any(finding.outcome is Outcome.BLOCK for finding in findings)


def _verdict(
    findings: tuple[Finding, ...],
    profile: Profile,
    register: Register,
    now: datetime,
    *,
    basis: str = "",
    flags: tuple[str, ...] = (),
) -> Verdict:
    outcome = max((f.outcome for f in findings), default=Outcome.PASS)
    deciding = next((f for f in findings if f.outcome is outcome), None)
    return Verdict(
        outcome=outcome,
        basis=basis or ("" if deciding is None else deciding.basis),
        findings=findings,
        flags=flags or tuple(sorted({f.flag for f in findings} - {""})),
        profile=profile.version,
        register=register.version,
        decided_at=now.astimezone(UTC),
    )
