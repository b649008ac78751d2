"""Art. 1 3°, ¶8 3°: a mobile range that no operator has opened (040-044 with nine digits).

Nobody has such a number, so nobody abroad has one: the check's answer is known without asking. Blocked in every
position, redirections and texts too, for it is also a Liège number (04, eight digits) with one digit too many, and an
exchange that stops listening at the eighth reaches that subscriber.
"""

from policy.profile import RuleName

from .case import Case, Ruling

ROW, WHAT = RuleName.UNOPENED_MOBILE, "in a {home} mobile range that nobody has opened"


def judge(case: Case) -> Ruling:
    """The row "unopened mobile"."""
    return case.apply(ROW, WHAT.format(home=case.call.profile.home))
