"""Art. 1 2° read broadly: a range of the home country that nobody has.

The law names geographic and non-geographic numbers; one that is neither cannot be anybody's CLI, so it is blocked.
"""

from policy.profile import RuleName

from .case import Case, Ruling


def judge(case: Case) -> Ruling:
    """The row "unallocated"."""
    return case.apply(RuleName.UNALLOCATED, f"in a {case.call.profile.home} range that is not allocated")
