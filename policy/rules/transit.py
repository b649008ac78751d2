"""¶31, ¶39: a call that began at home, left the country in transit and comes back on circuits that are attested.

It passes as a national one, untouched, whatever its number. Foreign and anonymous callers are flagged: a transit trunk
full of them carries something else than what was attested.
"""

from policy.numbering import Range
from policy.profile import Measure
from policy.verdict import Finding, Outcome

from .case import Case


def judge(case: Case) -> Finding:
    """The pass of whatever number it shows."""
    terms = case.call.profile.measures[Measure.NATIONAL_TRANSIT]
    flags = {Range.FOREIGN: "foreign-caller", Range.GLOBAL_SERVICE: "foreign-caller", Range.NONE: "anonymous-caller"}
    flag = flags.get(case.number.range, "")
    what = f"{case.number.range} on an attested transit circuit"
    return case.finding(Measure.NATIONAL_TRANSIT, Outcome.PASS, what, basis=terms.basis, flag=flag)
