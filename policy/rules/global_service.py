"""¶25, the law is silent: +800, +870, +88x and their like belong to no country.

They pass and are flagged, for a call *from* a freephone number is odd.
"""

import attrs

from policy.profile import RuleName

from .case import Case, Pending, Ruling

_ROW = RuleName.GLOBAL_SERVICE


def judge(case: Case) -> Ruling:
    """The row "global service"."""
    ruling = case.apply(_ROW, "a number of a global service")
    return ruling if isinstance(ruling, Pending) else attrs.evolve(ruling, flag="global-service")
