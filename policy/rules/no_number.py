"""¶25: a CLI without a number ("privé", "inconnu", anonymous, a name) is no concern of the decree.

One thing is stripped: a display-name in which a protected code stands as a word ("Police 101"). No number is shown, so
nothing is blocked, but a service is impersonated; it is flagged.
"""

import attrs

from policy.profile import RuleName

from .case import Case, Pending, Ruling

ROW, WHAT = RuleName.NO_NUMBER, "no number"


def judge(case: Case) -> Ruling:
    """The row "none / text"."""
    if not case.number.protected:
        return case.apply(ROW, WHAT)
    ruling = case.apply(RuleName.PROTECTED_CODE, f"a text that names the protected code {case.number.protected}")
    return ruling if isinstance(ruling, Pending) else attrs.evolve(ruling, flag="protected-code")
