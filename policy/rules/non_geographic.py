"""Art. 1 2°, ¶8 2°: 070, 078, 0800 and 090x on a call from abroad.

Blocked wherever it stands, as a geographic number is; art. 3 never covers it (¶14.1 names geographic and mobile only).
"""

from policy.profile import RuleName

from .case import Case, Ruling

ROW, WHAT = RuleName.NON_GEOGRAPHIC, "a {home} non-geographic number"


def judge(case: Case) -> Ruling:
    """The row "non-geographic"."""
    return case.apply(ROW, WHAT.format(home=case.call.profile.home))
