"""Art. 1 2° read broadly: a range of the home country that nobody has.

The law names geographic and non-geographic numbers; one that is neither cannot be anybody's CLI, so it is blocked.
"""

from policy.profile import RuleName

from .case import Case, Ruling

ROW, WHAT = RuleName.UNALLOCATED, "in a {home} range that is not allocated"


def judge(case: Case) -> Ruling:
    """The row "unallocated"."""
    return case.apply(ROW, WHAT.format(home=case.call.profile.home))
