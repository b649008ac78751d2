"""Identity that comes after the set-up: the same rules, but nothing is asked any more.

Numbers of the set-up keep their answers. A mobile number first seen in mid-call is stripped. What a message may not
show is taken out of it; whether that refuses the message is the caller's choice (UPDATE and re-INVITE: yes).
"""

from collections.abc import Mapping

import attrs

from b2bua.call.moment import Moment
from b2bua.call.redaction import clean, sweep, withhold
from b2bua.call.screening import IDENTITY, assertions_of
from policy.claim import Claim
from policy.engine import decide
from policy.profile import Profile
from policy.register import Register
from policy.roaming import Answer, Questions
from policy.verdict import Outcome
from sipstack.errors import ParseError
from sipstack.message import Headers, Message, Request
from sipstack.values.registry import key as key_of

_NOT_THEIRS = frozenset({"from"})


@attrs.frozen(kw_only=True)
class LaterScreen:
    """What the set-up of a call leaves behind for the messages after it, from one screened side."""

    claim: Claim
    """The claim of the set-up, for all but its assertions."""
    answers: Mapping[str, Answer] = attrs.field(factory=dict)
    withheld: bool = False
    secrets: tuple[str, ...] = ()

    def apply(
        self, message: Message, headers: Headers, profile: Profile, register: Register, moment: Moment
    ) -> Outcome:
        """Takes out of `headers`, which shall cross, what `message` may not show; the outcome found."""
        removed: dict[str, None] = {}
        clean(headers, removed)
        outcome = self._judge(message, headers, profile, register, moment)
        if self.withheld:
            withhold(headers, removed)
        sweep(headers, self.secrets, removed)
        return outcome

    def _judge(
        self, message: Message, headers: Headers, profile: Profile, register: Register, moment: Moment
    ) -> Outcome:
        # The From of a response is our own, and that of a request never crosses; it is judged in a request only
        # because a changed one may tell of a new caller (RFC 4916).
        without = frozenset() if isinstance(message, Request) else _NOT_THEIRS
        try:
            assertions = tuple(assertions_of(message, without=without))
        except ParseError:
            _drop(headers, IDENTITY)
            return Outcome.BLOCK
        if not assertions:
            return Outcome.PASS
        verdict = decide(attrs.evolve(self.claim, assertions=assertions), profile, register, moment.utc, self.answers)
        if isinstance(verdict, Questions):
            _drop(headers, IDENTITY)
            return Outcome.STRIP
        _drop(headers, {key_of(f.header) for f in verdict.findings if f.outcome is not Outcome.PASS})
        return verdict.outcome


def _drop(headers: Headers, keys: frozenset[str] | set[str]) -> None:
    for key in keys:
        headers.remove(key)
