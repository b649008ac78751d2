"""The decision table as it stands on one day, written out: for each column and kind of number the clause of its row.

Nearly every number is in order, and nothing is registered of it. Its row then says the same whatever its digits are,
and is asked once and not for each of them. What is not written here is for the rows to say, number by number: what
hides something, what must be asked or repeats another number, and all of it where an entry of the register or a
derogation could speak for a number.
"""

from datetime import date
from typing import Final

from policy.claim import TrunkClass
from policy.numbering import Range
from policy.position import CLI, Position
from policy.profile import Profile
from policy.verdict import Outcome

from . import foreign, geographic, machine, no_number, non_geographic, unallocated, unopened_mobile
from .clause import Clause, Sheet

_ROWS: Final = {
    Range.GEOGRAPHIC: (geographic.ROW, geographic.WHAT),
    Range.NON_GEOGRAPHIC: (non_geographic.ROW, non_geographic.WHAT),
    Range.MACHINE: (machine.ROW, machine.WHAT),
    Range.UNALLOCATED: (unallocated.ROW, unallocated.WHAT),
    Range.UNOPENED_MOBILE: (unopened_mobile.ROW, unopened_mobile.WHAT),
    Range.FOREIGN: (foreign.ROW, foreign.WHAT),
    Range.NONE: (no_number.ROW, no_number.WHAT),
}
_COLUMNS: Final = (*CLI, Position.REDIRECT)
#: Sheets by the profile they are of, the last day of each: one takes as long to write as a verdict (2026-11-23).
_WRITTEN: Final[dict[int, tuple[Profile, date, Sheet]]] = {}
_KEPT: Final = 16


def sheet_of(profile: Profile, day: date) -> Sheet:
    """What the rows say on that day of a call by an international trunk."""
    known = _WRITTEN.get(id(profile))  # no other profile has the id of one that is held here
    if known is not None and known[0] is profile and known[1] == day:
        return known[2]
    if len(_WRITTEN) >= _KEPT:
        _WRITTEN.clear()
    sheet = {position: _column(profile, position, day) for position in Position}
    _WRITTEN[id(profile)] = (profile, day, sheet)
    return sheet


def _column(profile: Profile, position: Position, day: date) -> dict[Range, Clause]:
    clauses = {}
    for span, (name, what) in _ROWS.items():
        rule = profile.rules[name]
        action = rule.action(position, day, TrunkClass.INTERNATIONAL)
        clause = Clause.of(rule, action, what.format(home=profile.home), day)
        # Where no CLI and no diverter stands, a number is read otherwise; a text that passes is one everywhere.
        is_text = span is Range.NONE and clause is not None and clause.outcome is Outcome.PASS
        if clause is not None and (position in _COLUMNS or is_text):
            clauses[span] = clause
    return clauses
