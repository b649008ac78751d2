"""¶9 "display number": a display-name is read for every number it shows.

The law is silent on whether a display-name is the display number; it is read as one for home and short numbers. Text is
not concerned (¶25). A number in national form is judged as the home number it reads as, unless its digits could as well
be dialled in the CLI's own country: then it is stripped, not blocked.
"""

import attrs

from policy.claim import Assertion
from policy.numbering import Number, Range, dialled_in, read_display
from policy.profile import RuleName
from policy.verdict import Finding, Outcome

from .case import Call, Case

# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_NONE, _BLOCK, _STRIP = Range.NONE, Outcome.BLOCK, Outcome.STRIP


def numbers_in(assertion: Assertion, call: Call) -> tuple[Number, ...]:
    """What the display-name shows; one number of range "none" for mere text."""
    return read_display(assertion.raw, call.profile.plan) or (Number(assertion.raw, _NONE),)


def soften(case: Case, finding: Finding) -> Finding:
    """The finding, or a strip when the digits read as a number of the CLI's own country.

    Where they are the CLI itself, as its own country dials it, nothing is hidden: no digits may be searched for that
    stand in a number which crosses.
    """
    if finding.outcome is _BLOCK:
        for code in sorted(case.call.own):
            if any(dialled_in(digits, code) for digits in case.number.written):
                said = f"in national form, and reads as a number of the CLI's own country +{code} too"
                finding = case.finding(RuleName(finding.rule), _STRIP, said)
                break
    return attrs.evolve(finding, digits="") if finding.outcome is _STRIP and _is_cli(case) else finding


def _is_cli(case: Case) -> bool:
    """Whether the digits, less a trunk zero, are those of a presentation or network number behind its country code."""
    written = {*case.number.written, *(digits.removeprefix("0") for digits in case.number.written)}
    return any(f"+{code}{digits}" in case.call.passing for code in case.call.own for digits in written)
