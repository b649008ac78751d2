"""Art. 1 1°, ¶8 1°: what sets out to be a number and is not one by ITU-T E.157.

Blocked as presentation or network number. Elsewhere the field is stripped, unless the bad form hides a home number:
then it is blocked as that number would be, for else a stray character would buy milder treatment.
"""

from policy.numbering import Number
from policy.profile import RuleName

from .case import Case, Ruling

_ROW = RuleName.FORM


def judge(case: Case) -> Ruling:
    """The row "form not E.157", for a number that hides at most one home number."""
    return case.apply(_ROW, f"not in E.157 form: {describe(case.number)}")


def describe(number: Number) -> str:
    """The breaches in plain words, and what they hide."""
    breaches = " and ".join(breach.value for breach in number.breaches)
    hides = "".join(f", and it hides {hidden.e164} ({hidden.range})" for hidden in number.hidden)
    return breaches + hides
