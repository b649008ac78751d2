"""The decision: one claim in, a verdict or the questions it hangs on out.

Order of tests: emergency; the class the call truly has; on a screened one every number in every position, first by the
register (blocked user, the regulator's decision), then by a derogation of its row, then by the row; the most severe
outcome over all of them. A pure function: the same arguments give the same verdict, and the order in which a message
happened to carry its headers gives no other one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import attrs

from . import ordinary
from .called import dialled
from .claim import URIS, Assertion, Claim, Notation, TrunkClass
from .errors import PolicyError
from .ledger import Ledger
from .numbering import Number, country_code_of, judge
from .numbering.plan import ABROAD
from .position import CLI, Position
from .profile import Measure, Profile, RuleName
from .register import Derogation, Register, Shadow, civil_day
from .roaming import Answer, Questions
from .rules import (
    Call,
    Pending,
    admit,
    article_3,
    blocked_user,
    emergency,
    mobile,
    national,
    read,
    register_only,
    rule,
    rule_text,
    sheet_of,
    special,
)
from .standing import Standing, standing
from .verdict import Finding, Outcome, Verdict, in_order

_SEARCHABLE = 7  # fewer digits turn up by chance in tags, ports and timestamps
_NOTHING_LATELY = Ledger()
_COUNTRIES, _NAMES = 3, 8
# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_PASS, _BLOCK = Outcome.PASS, Outcome.BLOCK
_INTERNATIONAL, _ARTICLE_4 = TrunkClass.INTERNATIONAL, TrunkClass.ARTICLE_4
_NATIONAL, _TRANSIT = TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT
_DISPLAY, _OTHER, _REDIRECT = Position.DISPLAY, Position.OTHER, Position.REDIRECT
_SIP, _TEXT = Notation.SIP, Notation.DISPLAY
_ARTICLE_3 = Derogation.ARTICLE_3

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
        found = ordinary.findings_on(claim, profile, sheet_of(profile, day))
        if found is not None:
            return verdict(found, basis=found[0].basis if found else "", trial=trial)
    if emergency.applies(claim):
        return verdict((), basis=emergency.BASIS, flag="emergency")
    blocked = blocked_user.judge_call(claim, register, profile.measure(Measure.BLOCKED_USER, day), day)
    if blocked is not None or (stands.trunk_class is _NATIONAL and not register.names_callers):
        return verdict((), basis=national.BASIS) if blocked is None else verdict((blocked,), trial=trial)
    called, beside, plainly = dialled(claim.called, profile.plan)
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
        plainly=plainly,
    )
    if stands.trunk_class is _NATIONAL or stands.trunk_class is _TRANSIT:
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
    if call.trunk_class is _NATIONAL:
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
    legible, shown = _read_all(call)
    article_3.consider(call, [(a, number) for a, number in legible if number is not None], answers)
    call.may_excuse = (
        call.trunk_class is _ARTICLE_4 or bool(claim.authentication) or call.proof is not None or call.is_forwarded
    )
    if not (call.may_excuse or call.register.names_callers or claim.admitted):
        call.sheet = sheet_of(call.profile, call.day)
    found, waiting = _rule_all(legible, call)
    if not waiting and not call.wanted:
        return _guarded([*found, *_on_shown(shown, call, found)], call)
    settled = _settle(waiting, answers, settings.max_questions)
    # Answers decide which number a display-name may repeat, never whether it blocks, but for a proof that is wanted.
    supposed = _on_shown(shown, call, found)
    numbers = {p.number for p in waiting}
    if call.wanted and len(numbers | {call.wanted}) > settings.max_questions and not _blocks([*found, *supposed]):
        return Questions((call.wanted,))  # with that proof nobody else need be asked, without it they are too many
    # While a proof is wanted that would let them pass, what is known of the other mobile numbers is not the last word.
    final = [f for f in settled if not (call.wanted and f.rule == RuleName.MOBILE)]
    if _blocks([*found, *final, *supposed]):
        settled += [mobile.leave(p) for p in waiting if not _has(settled, p)]
    elif (missing := {call.wanted, *numbers} - {""} - answers.keys()) and (
        waiting or _may_gain(found, supposed, shown)
    ):
        return Questions(tuple(sorted(missing)))
    if not call.wanted and not any(f.outcome is Outcome.PASS for f in settled):
        return _guarded([*found, *settled, *supposed], call)
    call.wanted = ""
    findings = [*found, *settled]
    return _guarded([*findings, *_on_shown(shown, call, findings)], call)


def _may_gain(found: list[Finding], supposed: list[Finding], shown: Sequence[Assertion]) -> bool:
    """Whether a proof could let pass what else does not, or what is not found for waiting for it."""
    are_found = {(f.header, f.index) for f in supposed}
    # A redirecting mobile number that the row strips unasked is stripped by an article 4 interface, proof or none.
    open_ = [f for f in (*found, *supposed) if f.rule != RuleName.MOBILE or f.position is not _REDIRECT]
    return any(f.outcome is not _PASS for f in open_) or len(are_found) < len(shown)


def _read_all(call: Call) -> tuple[_Read, Sequence[Assertion]]:
    """What has a number to read, and the display-names. Words where no CLI stands are for the eye too: they are looked
    through like a display-name, and not read as a number."""
    legible: list[tuple[Assertion, Number | None]] = []
    shown: list[Assertion] = []
    plan = call.profile.plan
    for a in call.claim.assertions:
        if a.position is _DISPLAY:
            shown.append(a)
        elif a.notation is not _TEXT:
            legible.append((a, judge(a.raw, a.notation, plan, a.user_phone)))
        else:
            legible.append((a, None if a.position is _OTHER else read(a, call)))
    return legible, shown


def _rule_all(legible: _Read, call: Call) -> tuple[list[Finding], list[Pending]]:
    """What is found at once, and what waits for an answer."""
    found: list[Finding] = []
    waiting: list[Pending] = []
    for a, number in legible:
        for ruling in rule_text(a, call) if number is None else rule(a, number, call):
            if isinstance(ruling, Finding):
                found.append(ruling)
            else:
                waiting.append(ruling)
    return found, waiting


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


def _on_shown(shown: Sequence[Assertion], call: Call, found: Iterable[Finding]) -> list[Finding]:
    """The findings on display-names, given which numbers pass; none on one that waits for a proof."""
    if not shown:
        return []
    passing = [f.number for f in found if f.outcome is _PASS and f.number is not None and f.position in CLI]
    call.passing = frozenset(passing)
    own = {country_code_of(number[1:]) or "" for number in passing} - {"", *call.profile.plan.codes} if passing else ()
    # No call has callers of more countries, or more names: what claims to is read as it stands, and not at length.
    call.own = frozenset(own if len(own) <= _COUNTRIES and len(shown) <= _NAMES else ())
    return [r for a in shown for r in rule_text(a, call) if isinstance(r, Finding)]


def _ends_abroad(call: Call) -> bool:
    """Whether the called number is a foreign one and nothing else."""
    number = judge(call.claim.called, _SIP, call.profile.plan)
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
    allowed = {f.number for f in findings if f.outcome is _PASS and f.number is not None}
    allowed.add(call.plainly)
    guarded = [_searched(f, allowed, call) if f.digits else f for f in findings]
    guarded.sort(key=in_order)
    return tuple(guarded)


def _searched(finding: Finding, allowed: set[str], call: Call) -> Finding:
    number, digits = finding.number, finding.digits
    if len(digits) < _SEARCHABLE and number is not None and number.startswith("+"):
        digits = number[1:]  # a short national number turns up by chance, with its country code it does not
    # A foreign number is forbidden to nobody: a name that shows the call's own one cut short is no secret in it.
    if number is not None and finding.range not in ABROAD:
        is_shown = number in allowed
    else:
        is_shown = any(finding.digits in shown for shown in (*allowed, *call.called))
    if is_shown or len(digits) < _SEARCHABLE:
        digits = ""
    return finding if digits == finding.digits else attrs.evolve(finding, digits=digits)


def _blocks(findings: Iterable[Finding]) -> bool:
    return any(finding.outcome is _BLOCK for finding in findings)


def _basis(findings: Iterable[Finding], outcome: Outcome) -> str:
    """By which law it has that outcome."""
    found = ""
    for finding in findings:
        if finding.outcome is outcome:
            # What a derogation or a decision lets pass tells more than what nothing forbade.
            if finding.entry or finding.rule == _ARTICLE_3:
                return finding.basis
            found = found or finding.basis
    return found


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
    raised = {flag, stands.flag, "" if trial is None else "shadow", *[f.flag for f in findings if f.flag]} - {""}
    return Verdict(
        outcome=outcome,
        basis=basis if basis and outcome is _PASS else _basis(findings, outcome),
        findings=findings,
        flags=tuple(sorted(raised)),
        profile=profile.version,
        register=register.version,
        decided_at=now.astimezone(UTC),
        trunk_class=stands.trunk_class,
        class_entry=stands.entry,
        trial="" if trial is None else trial.reference,
        enforced=trial is None,
        forwarded_by=forwarded_by,
    )
