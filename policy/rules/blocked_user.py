"""Art. 4 §2, ¶16: a user whose identity was not given to the regulator in time has all incoming calls refused.

By whatever trunk: the paragraph speaks of *all* the user's incoming calls. Known by the number they show.
"""

from policy.position import CLI
from policy.profile import Measure
from policy.register import BlockedUser
from policy.verdict import Finding, Outcome

from .case import Case
from .redirect import likely_home_numbers


def judge(case: Case) -> Finding | None:
    """The refusal of a blocked user's call; None for anybody else's."""
    call = case.call
    terms = call.profile.measure(Measure.BLOCKED_USER, call.day)
    if terms is None or case.position not in CLI:
        return None
    for number in (case.number.e164, *sorted(likely_home_numbers(case.number, call.profile.plan))):
        entry = None if number is None else call.register.find(BlockedUser, number, call.day)
        if entry is not None:
            what = f"a number of a user all of whose calls are refused ({entry.reference})"
            return case.finding(
                Measure.BLOCKED_USER, Outcome.BLOCK, what, basis=terms.basis, flag="blocked-user", entry=entry.reference
            )
    return None
