"""What a rule may look at, and the two things it may say: a finding, or that somebody must be asked first."""

from datetime import date, datetime

import attrs

from policy.claim import Assertion, Claim, TrunkClass
from policy.ledger import Ledger
from policy.numbering import Number, Range
from policy.position import Position
from policy.profile import Action, Profile, RuleName
from policy.register import Register
from policy.verdict import Finding, Outcome

from .clause import BLANK, MARKED, OUTCOMES, QUOTED, Clause, Sheet

# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_PASS, _STRIP = Outcome.PASS, Outcome.STRIP
_VERIFY, _SHORT, _BAD_FORM = Action.VERIFY, Range.SHORT, Range.BAD_FORM


@attrs.frozen(kw_only=True)
class Proof:
    """That a call began at home (art. 3)."""

    what: str
    """Ends the sentence "+32... in From is a Belgian number, and"."""
    entry: str = ""
    forwarded_by: str = ""
    """The redirecting number that it rests on."""


@attrs.define(kw_only=True, eq=False)
class Call:
    """What all numbers of one call have in common; the engine completes it as it learns more."""

    claim: Claim
    profile: Profile
    register: Register
    ledger: Ledger
    now: datetime
    day: date
    trunk_class: TrunkClass
    """What it is judged by."""
    called: frozenset[str]
    """The called number in normal form."""
    beside: frozenset[str]
    """The same, and what the Request-URI's parameters add to it."""
    plainly: str = ""
    """The called number, E.164 with +, where it is one home number and nothing beside it could lead the call elsewhere;
    else ""."""
    proof: Proof | None = None
    wanted: str = ""
    """The mobile number whose roaming would prove that the call began at home; "" when no answer would."""
    is_forwarded: bool = False
    """Whether it says, in one voice, who redirected it."""
    unproven_flag: str = ""
    """Why a redirecting number that might have proved something does not."""
    may_excuse: bool = False
    """Whether any derogation could speak for it."""
    passing: frozenset[str] = frozenset()
    """E.164 numbers that pass as presentation or network number."""
    own: frozenset[str] = frozenset()
    """Country codes of the presentation and network numbers: "the CLI's own country"."""
    sheet: Sheet = BLANK
    """What the rows say of each number of which nothing else does."""


@attrs.define(eq=False)
class Case:
    """One number, where it stands, and the call it stands in."""

    assertion: Assertion
    number: Number
    call: Call
    position: Position
    """The column of the decision table: where the assertion stands."""

    @classmethod
    def of(cls, assertion: Assertion, number: Number, call: Call) -> "Case":
        """That number where that assertion stands."""
        return cls(assertion, number, call, assertion.position)

    @property
    def _number(self) -> str | None:
        """What the finding names: the number, the home number that hides, or the short number's digits."""
        if self.number.hidden:
            return self.number.hidden[0].e164
        return self.number.e164 or (self.number.digits if self.number.range is _SHORT else None)

    @property
    def _significant(self) -> str:
        """The digits without what dialling puts before them, which another spelling may lack."""
        if self.number.range is not _BAD_FORM or self.number.hidden:
            return self.number.digits
        return self.call.profile.plan.significant(self.number.digits)

    def action(self, name: RuleName) -> Action:
        """What that rule's row says in this column."""
        rule = self.call.profile.rules[name]
        return rule.action(self.position, self.call.day, self.call.trunk_class, hidden=bool(self.number.hidden))

    def apply(self, name: RuleName, what: str) -> "Ruling":
        """The ruling of that row; `what` ends the sentence "+32... in From is"."""
        action = self.action(name)
        clause = Clause.of(self.call.profile.rules[name], action, what, self.call.day)
        if clause is not None:
            return self.finding(name, clause.outcome, clause.what, basis=clause.basis, flag=clause.flag)
        return Pending(self, self.number.e164 or "") if action is _VERIFY else self.if_equal(name, what)

    def if_equal(self, name: str, what: str, *, basis: str = "", entry: str = "") -> Finding:
        """A pass for what repeats a number that passes, else a strip."""
        # A number in national form is another country's to others; to the callee it is the one that the call shows.
        if self.number.e164 in self.call.passing:
            said = f"{what}, and repeats a number that passes"
            return self.finding(name, _PASS, said, basis=basis, entry=entry)
        return self.finding(name, _STRIP, f"{what}, and repeats no number that passes", basis=basis)

    def ruled(self, name: str, action: Action, what: str, *, basis: str = "", entry: str = "") -> Finding:
        """The finding that an action leads to."""
        flag = MARKED if action is Action.MARK else ""
        return self.finding(name, OUTCOMES[action], what, basis=basis, flag=flag, entry=entry)

    def finding(
        self, name: str, outcome: Outcome, what: str, *, basis: str = "", flag: str = "", entry: str = ""
    ) -> Finding:
        """The finding of that rule, unless `basis` says more than the rule's own."""
        place, number = self.assertion, self.number
        # Most numbers are in order and hide nothing: what they are called is their normal form.
        named = number.e164 if number.e164 is not None and not number.hidden else self._number
        return Finding(
            self.position,
            place.header,
            place.index,
            place.raw,
            named,
            number.range,
            name,
            basis or self.call.profile.rules[RuleName(name)].basis,
            outcome,
            f"{number.e164 or ascii(place.raw[:QUOTED])} in {place.header} is {what}.",
            "" if outcome is _PASS else self._significant,
            flag,
            entry,
        )


@attrs.define(eq=False)
class Pending:
    """A number whose judgement waits for where a mobile subscriber is: its own, or one that has redirected the call."""

    case: Case
    number: str
    """The number to ask about, E.164 with +."""
    otherwise: Finding | None = None
    """What is found unless that subscriber is abroad; None where the row of mobile numbers says (art. 1 3°)."""


Ruling = Finding | Pending
