"""Art. 1 2° or 3°: 077, the machines' range. The law is silent on which.

The setting `machine` chooses; as "mobile" these numbers come to the mobile rule and never here.
"""

from policy.profile import RuleName

from .case import Case, Ruling

ROW, WHAT = RuleName.MACHINE, "a {home} machine number"


def judge(case: Case) -> Ruling:
    """The row "M2M 077"."""
    return case.apply(ROW, WHAT.format(home=case.call.profile.home))
