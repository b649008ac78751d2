"""¶25: a foreign number is no concern of art. 1 2° and 3°.

A display-name that shows another number than the call's own is stripped: callee and evidence would see two callers.
"""

from policy.profile import RuleName

from .case import Case, Ruling

ROW, WHAT = RuleName.FOREIGN, "a foreign number"


def judge(case: Case) -> Ruling:
    """The row "foreign E.164"."""
    return case.apply(ROW, WHAT)
