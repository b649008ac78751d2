"""Art. 1 4°, ¶9: a short number as CLI, bare (1207, 112) or dressed up with the country code (+32112).

Which short numbers exist does not matter: none of them makes calls. In a display-name one is only found when it is all
that stands there, since "Room 12" shows no number.
"""

from policy.profile import RuleName

from .case import Case, Ruling

_ROW = RuleName.SHORT


def judge(case: Case) -> Ruling:
    """The row "short"."""
    return case.apply(_ROW, "a short number")
