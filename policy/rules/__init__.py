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

case.py holds what they all look at, clause.py what a row says in one column, sheet.py all that is the same for each
number of a kind.
"""

from collections.abc import Callable, Mapping, Sequence

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
from .clause import Clause, Sheet
from .sheet import sheet_of

__all__ = [
    "Call",
    "Case",
    "Pending",
    "Ruling",
    "Sheet",
    "admit",
    "read",
    "register_only",
    "rule",
    "rule_text",
    "sheet_of",
]

# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_TEXT, _OTHER_TEXT = Notation.DISPLAY, Notation.OTHER
_DISPLAY, _REDIRECT, _OTHER = Position.DISPLAY, Position.REDIRECT, Position.OTHER
_PASS, _BLOCK, _BAD_FORM = Outcome.PASS, Outcome.BLOCK, Range.BAD_FORM
_PASSES, _STRIPS, _NO_NUMBER, _ARTICLE_4 = Action.PASS, Action.STRIP, RuleName.NO_NUMBER, TrunkClass.ARTICLE_4

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


_TARGET = Clause(RuleName.NO_NUMBER, "¶9", Outcome.PASS, "the called number itself, not a redirection")
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
    notation = _OTHER_TEXT if assertion.notation is _TEXT else assertion.notation
    return judge(assertion.raw, notation, call.profile.plan, assertion.user_phone)


def rule_text(assertion: Assertion, call: Call) -> Sequence[Ruling]:
    """What the rules say of a text for the eye: one ruling for each number found in it, at least one."""
    numbers = display.numbers_in(assertion, call)
    if len(numbers) == 1:
        return rule(assertion, numbers[0], call)
    return [ruling for shown in numbers for ruling in rule(assertion, shown, call)]


def rule(assertion: Assertion, number: Number, call: Call) -> Sequence[Ruling]:
    """What the rules say of the number of an assertion: one ruling, or one for each home number that hides in it."""
    position = assertion.position
    if position is _REDIRECT and redirect.is_current_target(assertion, number, call):
        return (_current_target(assertion, number, call),)
    clause = call.sheet[position].get(number.range)
    if clause is not None and not (number.hidden or number.protected):
        return (clause.finding(assertion, number.range, number.e164, number.digits),)
    case = Case.of(assertion, number, call)
    if position is _OTHER:
        return _rule_elsewhere(case)
    if position is _DISPLAY:
        return (_judge_shown(case),)
    return [_judge(one) for one in _apart(case)]


def _current_target(assertion: Assertion, number: Number, call: Call) -> Finding:
    if number.hidden or number.e164 is None:
        return Case.of(assertion, number, call).finding(_NO_NUMBER, _PASS, _TARGET.what, basis=_TARGET.basis)
    return _TARGET.finding(assertion, number.range, number.e164)


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
    if case.number.e164 in case.call.claim.admitted and _may_repeat(case):
        return case.finding(ADMITTED, _PASS, "a number that passed as the call was set up", basis="¶9")
    ruling = (_excuse(case) if case.call.may_excuse else None) or _ROWS[case.number.range](case)
    if listed and not (isinstance(ruling, Finding) and ruling.outcome is _BLOCK):
        # Where the law itself refuses, its article is the ground and not a list beside it.
        ruling = do_not_originate.judge(case) or ruling
    if case.call.trunk_class is _ARTICLE_4 and isinstance(ruling, Finding):
        return special.flagged(case, ruling)
    return ruling


def _may_repeat(case: Case) -> bool:
    """Whether a number that passed as the call was set up passes here: not where its row takes it out of any name."""
    if case.position is not _DISPLAY:
        return case.number.sure
    row = _EXCUSABLE.get(case.number.range)
    return row is None or case.action(row) is not _STRIPS


def _judge_shown(case: Case) -> Ruling:
    ruling = _judge(case)
    return display.soften(case, ruling) if isinstance(ruling, Finding) else ruling


def _excuse(case: Case) -> Ruling | None:
    """What a derogation makes of it, where the row names one and would not let it pass anyway."""
    name = _EXCUSABLE.get(case.number.range)
    if name is None or case.action(name) is _PASSES:
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
        return [case.finding(_NO_NUMBER, _PASS, said)]
    return [elsewhere.flagged(_ROWS[one.number.range](one)) for one in _apart(case)]


def _apart(case: Case) -> list[Case]:
    """The case once for each home number that hides in it, so that each gets its finding."""
    if not case.number.hidden:
        return [case]
    span = _BAD_FORM if case.position is _OTHER else case.number.range
    plan = case.call.profile.plan
    return [
        attrs.evolve(
            case,
            number=attrs.evolve(case.number, range=span, digits=plan.national(hidden.e164), hidden=(hidden,)),
        )
        for hidden in case.number.hidden
    ]
