"""What one row says in one column: what becomes of a number there, by which law, and in which words."""

from collections.abc import Mapping
from datetime import date

import attrs

from policy.claim import Assertion
from policy.numbering import Range
from policy.position import Position
from policy.profile import Action, Rule, RuleName
from policy.verdict import Draft, Finding, Outcome

OUTCOMES = {
    Action.PASS: Outcome.PASS,
    Action.MARK: Outcome.PASS,
    Action.STRIP: Outcome.STRIP,
    Action.WITHHOLD: Outcome.WITHHOLD,
    Action.BLOCK: Outcome.BLOCK,
}
_REASONS = {
    Outcome.PASS: "nothing forbids it there",
    Outcome.STRIP: "it must not reach the callee there",
    Outcome.WITHHOLD: "a call from abroad may not show it",
    Outcome.BLOCK: "a call from abroad may not carry it there",
}
#: The flag of a number that crosses as one that nobody has verified.
MARKED = "marked"
#: Characters of a text that a sentence quotes; the finding holds it whole.
QUOTED = 64
# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_PASS, _MARK = Outcome.PASS, Action.MARK


@attrs.frozen
class Clause:
    """What follows where nobody need be asked and nothing else in the call decides."""

    rule: RuleName
    basis: str
    outcome: Outcome
    what: str
    """Ends the sentence "+32... in From is"."""
    flag: str = ""

    @classmethod
    def of(cls, rule: Rule, action: Action, what: str, day: date) -> "Clause | None":
        """What the row says of `what` by that action; None where an answer or the call's other numbers decide."""
        if day < rule.effective:
            return cls(rule.name, rule.basis, _PASS, f"{what}; its rule is not in force before {rule.effective}")
        outcome = OUTCOMES.get(action)
        if outcome is None:
            return None
        return cls(rule.name, rule.basis, outcome, f"{what}; {_REASONS[outcome]}", MARKED if action is _MARK else "")

    def finding(self, place: Assertion, span: Range, e164: str | None = None, digits: str = "") -> Finding:
        """The finding on a number that is in order and hides nothing, or on a text without one."""
        found = Draft(
            place.position,
            place.header,
            place.index,
            place.raw,
            e164,
            span,
            self.rule,
            self.basis,
            self.outcome,
            f"{e164 or ascii(place.raw[:QUOTED])} in {place.header} is {self.what}.",
            "" if self.outcome is _PASS else digits,
            self.flag,
        )
        found.__class__ = Finding  # sealed
        assert isinstance(found, Finding)
        return found


#: Clauses by where a number stands and what it is.
Sheet = Mapping[Position, Mapping[Range, Clause]]
#: The one on which nothing is written.
BLANK: Sheet = {position: {} for position in Position}
