"""¶9 "display number": a display-name is read for every number it shows.

The law is silent on whether a display-name is the display number; it is read as one for home and short numbers. Text is
not concerned (¶25). A number in national form is judged as the home number it reads as, unless its digits could as well
be dialled in the CLI's own country: then it is stripped, not blocked.
"""

from policy.claim import Assertion
from policy.numbering import Number, Range, dialled_in, read_display
from policy.profile import RuleName
from policy.verdict import Finding, Outcome

from .case import Call, Case


def numbers_in(assertion: Assertion, call: Call) -> tuple[Number, ...]:
    """What the display-name shows; one number of range "none" for mere text."""
    found = read_display(assertion.raw, call.profile.plan)
    return found or (Number(raw=assertion.raw, range=Range.NONE),)


def soften(case: Case, finding: Finding) -> Finding:
    """The finding, or a strip when the digits read as a number of the CLI's own country."""
    if finding.outcome is not Outcome.BLOCK:
        return finding
    for code in sorted(case.call.own):
        if any(dialled_in(digits, code) for digits in case.number.written):
            said = f"in national form, and reads as a number of the CLI's own country +{code} too"
            return case.finding(RuleName(finding.rule), Outcome.STRIP, said)
    return finding
