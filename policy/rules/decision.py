"""¶6: the regulator may decide otherwise in a single case. The only override of article 1.

For one number on one trunk, until a day that is written; in every position where just that number stands.
"""

from policy.numbering import Range
from policy.position import CLI, Position
from policy.profile import Action, Measure
from policy.register import Decision
from policy.verdict import Finding

from .case import Case


def judge(case: Case) -> Finding | None:
    """What was decided on this number; None when nothing was."""
    call, number = case.call, case.number
    terms = call.profile.measure(Measure.DECISION, call.day)
    is_meant = number.sure or number.e164 in call.passing
    if terms is None or number.e164 is None or number.range is Range.BAD_FORM or not is_meant:
        return None
    entry = call.register.find(Decision, (call.claim.trunk, number.e164), call.day)
    if entry is None or case.position is Position.OTHER:
        return None
    action = Action(entry.action)
    if action is not Action.PASS and case.position not in CLI:
        action = Action.STRIP
    what = f"a number on which the regulator has decided {entry.action} ({entry.reference}, until {entry.until})"
    return case.ruled(Measure.DECISION, action, what, basis=terms.basis, entry=entry.reference)
