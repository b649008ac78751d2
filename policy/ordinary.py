"""An ordinary caller from abroad, known at a look: foreign numbers, plain names, and nothing beside that could be read.

Nearly every call is one. The rules say the same of it (the tests compare, claim by claim); they only take twice as long
to say it.
"""

from .claim import URIS, Claim
from .numbering import Plan, Range
from .numbering.hidden import is_mute
from .numbering.number import ORDINARY
from .position import CLI, Position
from .profile import Profile
from .rules import Sheet
from .verdict import Finding, Outcome, in_order

# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_REDIRECT, _PASS = Position.REDIRECT, Outcome.PASS
_NONE, _FOREIGN = Range.NONE, Range.FOREIGN


def findings_on(claim: Claim, profile: Profile, sheet: Sheet) -> tuple[Finding, ...] | None:
    """The findings on a call of which every assertion is ordinary, all of them passes, in order; None on any other."""
    found: list[Finding] = []
    for place in claim.assertions:
        position = place.position
        number = _foreign(place.raw, profile.plan) if position in CLI and place.notation in URIS else None
        if number is None and (position is _REDIRECT or not is_mute(place.raw)):
            return None
        span = _NONE if number is None else _FOREIGN
        clause = sheet[position].get(span)
        if clause is None or clause.outcome is not _PASS:
            return None
        found.append(clause.finding(place, span, number))
    if len(found) > 1:
        found.sort(key=in_order)
    return tuple(found)


def _foreign(raw: str, plan: Plan) -> str | None:
    """The number in normal form, when it is nothing but a foreign one."""
    match = ORDINARY.fullmatch(raw)
    if match is None or len(raw) <= plan.short_max or plan.placed(match[1])[0] is not _FOREIGN:
        return None
    return "+" + match[1]
