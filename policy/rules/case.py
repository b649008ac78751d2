"""What a rule may look at, and the two things it may say: a finding, or that somebody must be asked first."""

from datetime import date

import attrs

from policy.claim import Assertion
from policy.numbering import Number, Range
from policy.position import Position
from policy.profile import Action, Profile, RuleName
from policy.verdict import Finding, Outcome

_QUOTED = 64  # characters of a text that a sentence quotes; the finding holds it whole
_OUTCOMES = {Action.PASS: Outcome.PASS, Action.STRIP: Outcome.STRIP, Action.BLOCK: Outcome.BLOCK}
_REASONS = {
    Outcome.PASS: "nothing forbids it there",
    Outcome.STRIP: "it must not reach the callee there",
    Outcome.BLOCK: "a call from abroad may not carry it there",
}


@attrs.frozen(kw_only=True)
class Call:
    """What all numbers of one call have in common."""

    profile: Profile
    day: date
    called: frozenset[str]
    """The called number in normal form."""
    beside: frozenset[str]
    """The same, and what the Request-URI's parameters add to it."""
    passing: frozenset[str] = frozenset()
    """E.164 numbers that pass as presentation or network number."""
    own: frozenset[str] = frozenset()
    """Country codes of the presentation and network numbers: "the CLI's own country"."""


@attrs.frozen
class Case:
    """One number, where it stands, and the call it stands in."""

    assertion: Assertion
    number: Number
    call: Call

    @property
    def position(self) -> Position:
        """The column of the decision table."""
        return self.assertion.position

    @property
    def _number(self) -> str | None:
        """What the finding names: the number, the home number that hides, or the short number's digits."""
        if self.number.hidden:
            return self.number.hidden[0].e164
        return self.number.e164 or (self.number.digits if self.number.range is Range.SHORT else None)

    @property
    def _significant(self) -> str:
        """The digits without what dialling puts before them, which another spelling may lack."""
        digits, code = self.number.digits, self.call.profile.plan.country_code
        if self.number.range is not Range.BAD_FORM or self.number.hidden:
            return digits
        return digits.removeprefix("00").removeprefix(code).lstrip("0")

    @property
    def text(self) -> str:
        """How a finding calls what was judged."""
        return f"{self.number.e164 or ascii(self.assertion.raw[:_QUOTED])} in {self.assertion.header}"

    def apply(self, name: RuleName, what: str) -> "Ruling":
        """What that rule's row says in this column; `what` ends the sentence "+32... in From is"."""
        rule = self.call.profile.rules[name]
        action = rule.action(self.position, self.call.day, hidden=bool(self.number.hidden))
        if action is Action.VERIFY:
            return Pending(self)
        if self.call.day < rule.effective:
            return self.finding(name, Outcome.PASS, f"{what}; its rule is not in force before {rule.effective}")
        if action is Action.EQUAL:
            if self.number.sure and self.number.e164 in self.call.passing:
                return self.finding(name, Outcome.PASS, f"{what}, and repeats a number that passes")
            return self.finding(name, Outcome.STRIP, f"{what}, and repeats no number that passes")
        outcome = _OUTCOMES[action]
        return self.finding(name, outcome, f"{what}; {_REASONS[outcome]}")

    def finding(self, name: RuleName, outcome: Outcome, what: str, *, basis: str = "", flag: str = "") -> Finding:
        """The finding of that rule, unless `basis` says more than the rule's own."""
        return Finding(
            position=self.position,
            header=self.assertion.header,
            index=self.assertion.index,
            raw=self.assertion.raw,
            number=self._number,
            range=self.number.range,
            rule=name,
            basis=basis or self.call.profile.rules[name].basis,
            outcome=outcome,
            why=f"{self.text} is {what}.",
            digits=self._significant if outcome > Outcome.PASS else "",
            flag=flag,
        )


@attrs.frozen
class Pending:
    """A mobile number whose roaming decides."""

    case: Case

    @property
    def number(self) -> str:
        """The number to ask about, E.164 with +."""
        return self.case.number.e164 or ""


Ruling = Finding | Pending
