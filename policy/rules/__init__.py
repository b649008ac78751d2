"""The rows of the decision table, one file each; the columns are the profile's.

    geographic.py       art. 1 2°           blocked everywhere
    non_geographic.py   art. 1 2°           blocked everywhere
    machine.py          art. 1 2° (silent)  blocked everywhere
    unallocated.py      art. 1 2° (silent)  blocked everywhere
    mobile.py           art. 1 3°           asked; stripped from redirections and texts
    unopened_mobile.py  art. 1 3°           blocked everywhere
    short.py            art. 1 4°           blocked
    form.py             art. 1 1°           blocked, or stripped where no CLI stands
    foreign.py          ¶25                 passes
    global_service.py   ¶25 (silent)        passes, flagged
    no_number.py        ¶25                 passes

what goes before a row: an entry of the register that decides by itself, or a derogation that makes the row give way

    blocked_user.py     art. 4 §2           refused
    decision.py         ¶6                  as the regulator has decided
    do_not_originate.py                     refused
    caller_list.py                          refused where a national trunk has a list and the number is not on it
    article_3.py        art. 3              a call that began at home passes
    article_4.py        art. 4 §1           a listed number on a special interface passes
    authenticated.py                        a number that its own operator vouches for passes

what a class changes:

    emergency.py        the exception before all rules
    national.py         ¶24: outside the decree
    transit.py          ¶31, ¶39: national, though it comes from abroad
    special.py          art. 4: what an interface is not for

and what a place changes:

    display.py          what a display-name shows
    redirect.py         which History-Info entries redirect
    elsewhere.py        what is no CLI but is read back

case.py holds what they all look at.
"""

from collections.abc import Callable, Mapping

import attrs

from policy.claim import Assertion, Notation, TrunkClass
from policy.numbering import Number, Range, judge
from policy.position import Position
from policy.profile import Action, RuleName
from policy.register import Derogation
from policy.verdict import Finding, Outcome

from . import (
    article_3,
    article_4,
    authenticated,
    blocked_user,
    caller_list,
    decision,
    display,
    do_not_originate,
    elsewhere,
    foreign,
    form,
    geographic,
    global_service,
    machine,
    mobile,
    no_number,
    non_geographic,
    redirect,
    short,
    special,
    transit,
    unallocated,
    unopened_mobile,
)
from .case import Call, Case, Pending, Ruling

__all__ = ["Call", "Case", "Pending", "Ruling", "admit", "read", "register_only", "rule"]

_ROWS: Mapping[Range, Callable[[Case], Ruling]] = {
    Range.GEOGRAPHIC: geographic.judge,
    Range.NON_GEOGRAPHIC: non_geographic.judge,
    Range.MACHINE: machine.judge,
    Range.UNALLOCATED: unallocated.judge,
    Range.MOBILE: mobile.judge,
    Range.UNOPENED_MOBILE: unopened_mobile.judge,
    Range.SHORT: short.judge,
    Range.BAD_FORM: form.judge,
    Range.FOREIGN: foreign.judge,
    Range.GLOBAL_SERVICE: global_service.judge,
    Range.NONE: no_number.judge,
}


#: The rule of a number that the set-up of the call has let pass.
ADMITTED = "admitted"
#: The rows that a derogation can make give way.
_EXCUSABLE: Mapping[Range, RuleName] = {
    Range.GEOGRAPHIC: RuleName.GEOGRAPHIC,
    Range.NON_GEOGRAPHIC: RuleName.NON_GEOGRAPHIC,
    Range.MACHINE: RuleName.MACHINE,
    Range.MOBILE: RuleName.MOBILE,
}


def read(assertion: Assertion, call: Call) -> Number:
    """The number of an assertion that is no text for the eye."""
    # A display notation outside the display position is a text that claims to be a CLI: judged as strictly as one.
    notation = Notation.OTHER if assertion.notation is Notation.DISPLAY else assertion.notation
    return judge(assertion.raw, notation, call.profile.plan, assertion.user_phone)


def rule(assertion: Assertion, number: Number | None, call: Call) -> list[Ruling]:
    """What the rules say of one assertion, read or, if it is a text for the eye, not: one ruling for each number found
    in it, at least one."""
    if number is None:
        if assertion.position is Position.DISPLAY:
            return [_judge_shown(Case.of(assertion, shown, call)) for shown in display.numbers_in(assertion, call)]
        shown_there = display.numbers_in(assertion, call)
        return [ruling for shown in shown_there for ruling in _rule_elsewhere(Case.of(assertion, shown, call))]
    case = Case.of(assertion, number, call)
    if case.position is Position.OTHER:
        return _rule_elsewhere(case)
    if redirect.is_current_target(case):
        said = "the called number itself, not a redirection"
        return [case.finding(RuleName.NO_NUMBER, Outcome.PASS, said, basis="¶9")]
    return [_judge(one) for one in _apart(case)] if number.hidden else [_judge(case)]


def register_only(assertion: Assertion, number: Number, call: Call) -> Finding | None:
    """What the register alone says of one assertion: all there is to say on a national trunk."""
    case = Case.of(assertion, number, call)
    return blocked_user.judge(case) or do_not_originate.judge(case) or caller_list.judge(case)


def admit(assertion: Assertion, number: Number, call: Call) -> Finding:
    """The same on an attested transit circuit, where what is not refused passes."""
    return register_only(assertion, number, call) or transit.judge(Case.of(assertion, number, call))


def _judge(case: Case) -> Ruling:
    listed = case.call.register.names_callers
    if listed and (measured := blocked_user.judge(case) or decision.judge(case)) is not None:
        return measured
    if case.number.e164 in case.call.claim.admitted and (case.number.sure or case.position is Position.DISPLAY):
        return case.finding(ADMITTED, Outcome.PASS, "a number that passed as the call was set up", basis="¶9")
    ruling = (_excuse(case) if case.call.may_excuse else None) or _ROWS[case.number.range](case)
    if listed and not (isinstance(ruling, Finding) and ruling.outcome is Outcome.BLOCK):
        # Where the law itself refuses, its article is the ground and not a list beside it.
        ruling = do_not_originate.judge(case) or ruling
    if case.call.trunk_class is TrunkClass.ARTICLE_4 and isinstance(ruling, Finding):
        return special.flagged(case, ruling)
    return ruling


def _judge_shown(case: Case) -> Ruling:
    ruling = _judge(case)
    return display.soften(case, ruling) if isinstance(ruling, Finding) else ruling


def _excuse(case: Case) -> Ruling | None:
    """What a derogation makes of it, where the row names one and would not let it pass anyway."""
    name = _EXCUSABLE.get(case.number.range)
    if name is None or case.action(name) is Action.PASS:
        return None
    unless = case.call.profile.rules[name].unless
    found: Ruling | None = None
    if Derogation.ARTICLE_4 in unless:
        found = article_4.excuse(case)
    if found is None and Derogation.AUTHENTICATED in unless:
        found = authenticated.excuse(case)
    if found is None and Derogation.ARTICLE_3 in unless:
        found = article_3.excuse(case, name)
    return found


def _rule_elsewhere(case: Case) -> list[Ruling]:
    if elsewhere.only_called(case):
        said = "the called number itself, which the callee knows"
        return [case.finding(RuleName.NO_NUMBER, Outcome.PASS, said)]
    return [elsewhere.flagged(_ROWS[one.number.range](one)) for one in _apart(case)]


def _apart(case: Case) -> list[Case]:
    """The case once for each home number that hides in it, so that each gets its finding."""
    if not case.number.hidden:
        return [case]
    span = Range.BAD_FORM if case.position is Position.OTHER else case.number.range
    plan = case.call.profile.plan
    return [
        attrs.evolve(
            case,
            number=attrs.evolve(case.number, range=span, digits=plan.national(hidden.e164), hidden=(hidden,)),
        )
        for hidden in case.number.hidden
    ]
