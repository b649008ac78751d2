"""A number that makes no calls, by the wish of who has it: whoever shows it is somebody else.

Beside the decree (the regulator has consulted on such a list for national calls). Asked on every trunk, the national
ones too, where it is the one thing that is looked at.
"""

from policy.position import CLI
from policy.profile import Measure
from policy.register import DoNotOriginate
from policy.verdict import Finding, Outcome

from .case import Case
from .redirect import likely_home_numbers


def judge(case: Case) -> Finding | None:
    """The refusal of a call that shows a listed number; None for any other."""
    call = case.call
    terms = call.profile.measure(Measure.DO_NOT_ORIGINATE, call.day)
    if terms is None or case.position not in CLI:
        return None
    for number in sorted(likely_home_numbers(case.number, call.profile.plan)):
        entry = call.register.find(DoNotOriginate, number, call.day)
        if entry is not None:
            what = f"a number that makes no calls ({entry.reference})"
            return case.finding(Measure.DO_NOT_ORIGINATE, Outcome.BLOCK, what, basis=terms.basis, entry=entry.reference)
    return None
