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

and what a place changes:

    emergency.py        the exception before all rules
    national.py         ¶24: outside the decree
    display.py          what a display-name shows
    redirect.py         which History-Info entries redirect
    elsewhere.py        what is no CLI but is read back

case.py holds what they all look at.
"""

from collections.abc import Callable, Iterator, Mapping

import attrs

from policy.claim import Assertion, Notation
from policy.numbering import Number, Range, judge
from policy.position import Position
from policy.profile import RuleName
from policy.verdict import Finding, Outcome

from . import (
    display,
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
    unallocated,
    unopened_mobile,
)
from .case import Call, Case, Pending, Ruling

__all__ = ["Call", "Case", "Pending", "Ruling", "rule"]

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


def rule(assertion: Assertion, call: Call) -> Iterator[Ruling]:
    """What the rules say of one assertion: one ruling for each number found in it, at least one."""
    if assertion.position is Position.DISPLAY:
        yield from _rule_display(assertion, call)
        return
    if assertion.position is Position.OTHER and assertion.notation is Notation.DISPLAY:
        for number in display.numbers_in(assertion, call):
            yield from _rule_elsewhere(Case(assertion, number, call))
        return
    case = Case(assertion, _read(assertion, call), call)
    if redirect.is_current_target(case):
        yield case.finding(RuleName.NO_NUMBER, Outcome.PASS, "the called number itself, not a redirection", basis="¶9")
    elif case.position is not Position.OTHER:
        yield from (_ROWS[one.number.range](one) for one in _apart(case))
    else:
        yield from _rule_elsewhere(case)


def _rule_elsewhere(case: Case) -> Iterator[Ruling]:
    if elsewhere.only_called(case):
        yield case.finding(RuleName.NO_NUMBER, Outcome.PASS, "the called number itself, which the callee knows")
    else:
        yield from (elsewhere.flagged(_ROWS[one.number.range](one)) for one in _apart(case))


def _rule_display(assertion: Assertion, call: Call) -> Iterator[Ruling]:
    for number in display.numbers_in(assertion, call):
        case = Case(assertion, number, call)
        ruling = _ROWS[number.range](case)
        yield display.soften(case, ruling) if isinstance(ruling, Finding) else ruling


def _read(assertion: Assertion, call: Call) -> Number:
    # A display notation outside the display position is a text that claims to be a CLI: judged as strictly as one.
    notation = Notation.OTHER if assertion.notation is Notation.DISPLAY else assertion.notation
    return judge(assertion.raw, notation, call.profile.plan, assertion.user_phone)


def _apart(case: Case) -> Iterator[Case]:
    """The case once for each home number that hides in it, so that each gets its finding."""
    if not case.number.hidden:
        yield case
        return
    span = Range.BAD_FORM if case.position is Position.OTHER else case.number.range
    for hidden in case.number.hidden:
        national = hidden.e164[1 + len(case.call.profile.plan.country_code) :]
        yield attrs.evolve(case, number=attrs.evolve(case.number, range=span, digits=national, hidden=(hidden,)))
