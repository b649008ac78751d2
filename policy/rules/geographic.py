"""Art. 1 2°, ¶8-9: a geographic number of the home country on a call from abroad.

Blocked wherever it stands: presentation number, network number, display number, redirecting number. Art. 3 (a call that
began at home and comes back) would be asked here, before the row applies.
"""

from policy.profile import RuleName

from .case import Case, Ruling

ROW, WHAT = RuleName.GEOGRAPHIC, "a {home} geographic number"


def judge(case: Case) -> Ruling:
    """The row "geographic"."""
    return case.apply(ROW, WHAT.format(home=case.call.profile.home))
