"""An ordinary caller from abroad, known at a look: foreign numbers, plain names, and nothing beside that could be read.

Nearly every call is one. The rules say the same of it (the tests compare, claim by claim); only they take 63 us to say
it and this takes 13 (one `phonenumbers.parse` of the same number in the same run: 13.5 us; 2026-11-23).
"""

from datetime import date

from .claim import URIS, Assertion, Claim
from .numbering import Range
from .numbering.hidden import is_mute
from .numbering.number import ORDINARY
from .numbering.plan import foreign_range
from .position import CLI, Position
from .profile import Action, Profile, Rule, RuleName
from .verdict import Finding, Outcome, in_order

_QUOTED = 64
# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_REDIRECT, _PASSES, _PASS = Position.REDIRECT, Action.PASS, Outcome.PASS
_NONE, _FOREIGN = Range.NONE, Range.FOREIGN


def findings_on(claim: Claim, profile: Profile, day: date) -> tuple[Finding, ...] | None:
    """The findings on a call of which every assertion is ordinary, all of them passes, in order; None on any other."""
    foreign, silent = profile.rules[RuleName.FOREIGN], profile.rules[RuleName.NO_NUMBER]
    if day < foreign.effective or day < silent.effective:
        return None
    found: list[Finding] = []
    for place in claim.assertions:
        raw, position = place.raw, place.position
        if position is not _REDIRECT and is_mute(raw):
            if silent.actions[position] is not _PASSES:
                return None
            what = f"{raw[:_QUOTED]!a} in {place.header} is no number; nothing forbids it there."
            found.append(_pass(place, silent, None, _NONE, what))
        elif position in CLI and place.notation in URIS and foreign.actions[position] is _PASSES:
            number = _foreign(raw, profile)
            if number is None:
                return None
            what = f"{number} in {place.header} is a foreign number; nothing forbids it there."
            found.append(_pass(place, foreign, number, _FOREIGN, what))
        else:
            return None
    if len(found) > 1:
        found.sort(key=in_order)
    return tuple(found)


def _foreign(raw: str, profile: Profile) -> str | None:
    """The number in normal form, when it is nothing but a foreign one."""
    match = ORDINARY.fullmatch(raw)
    if match is None or len(raw) <= profile.plan.short_max:
        return None
    digits = match[1]
    is_foreign = foreign_range(digits) is _FOREIGN and profile.plan.at_home(digits) is None
    return "+" + digits if is_foreign else None


def _pass(place: Assertion, rule: Rule, number: str | None, span: Range, why: str) -> Finding:
    return Finding(
        position=place.position,
        header=place.header,
        index=place.index,
        raw=place.raw,
        number=number,
        range=span,
        rule=rule.name,
        basis=rule.basis,
        outcome=_PASS,
        why=why,
    )
