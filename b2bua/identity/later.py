"""Identity that comes after the set-up: the same rules, but nothing is asked any more.

Numbers of the set-up keep their answers. A mobile number first seen in mid-call is stripped. What a message may not
show is taken out of it; whether that refuses the message is the caller's choice (UPDATE and re-INVITE: yes).
"""

from collections.abc import Iterable, Iterator, Mapping

import attrs

from b2bua.config import Isup
from b2bua.identity.guard import leak
from b2bua.identity.isup import HEADER
from b2bua.identity.marking import mark
from b2bua.identity.redaction import clean, secrets_of, strip_signalling, sweep, untagged, withhold
from b2bua.identity.screening import IDENTITY, TEXTS, assertions_of
from b2bua.identity.signalling import enclosed, told_in
from b2bua.moment import Moment
from policy.claim import Assertion, Claim, Position
from policy.engine import decide
from policy.profile import Profile
from policy.register import Register
from policy.roaming import Answer, Questions, Roaming
from policy.rules.clause import MARKED
from policy.verdict import Outcome, Verdict
from sipstack.errors import ParseError
from sipstack.message import Headers, Message, Request
from sipstack.values.registry import key as key_of

#: Requests that may change who calls, so that a forbidden caller refuses them; others lose the field and go on.
TELLS_WHO = frozenset({"INVITE", "UPDATE"})
_FROM = frozenset({"from"})
#: What is judged of a message, beside its body and a From that may be another than it was.
_TELLING = IDENTITY.union(TEXTS, {"content-type"})


def says_nothing(message: Message) -> bool:
    """Whether nothing in a message could tell who calls, so that a screen without secrets would leave it as it is."""
    if message.body or (isinstance(message, Request) and message.method in TELLS_WHO):
        return False
    return _TELLING.isdisjoint(message.headers.keys)


@attrs.frozen(kw_only=True)
class LaterScreen:
    """What the set-up of a call leaves behind for the messages after it, from one screened side."""

    claim: Claim
    """The claim of the set-up, for all but its assertions."""
    answers: Mapping[str, Answer] = attrs.field(factory=dict)
    withheld: bool = False
    secrets: tuple[str, ...] = ()
    identity: str = ""
    """The From or To that this side has had in the dialog until now, less its tag."""
    isup: Isup = Isup.JUDGE
    """The setting of its trunk."""

    def apply(
        self, message: Message, headers: Headers, profile: Profile, register: Register, moment: Moment
    ) -> Outcome:
        """Takes out of `headers`, which shall cross, what `message` may not show; the outcome found."""
        removed: dict[str, None] = {}
        clean(headers, removed)
        outcome, found = self._judge(message, headers, profile, register, moment)
        if self.withheld:
            withhold(headers, removed)
        sweep(headers, (*self.secrets, *found), removed)
        return outcome

    def _judge(
        self, message: Message, headers: Headers, profile: Profile, register: Register, moment: Moment
    ) -> tuple[Outcome, tuple[str, ...]]:
        """The outcome, and the digits that this message must not show beside those of the set-up."""
        without = frozenset() if self._tells_of_another(message) else _FROM
        try:
            assertions = tuple(assertions_of(message, without=without))
        except ParseError:
            _drop(headers, IDENTITY.union(TEXTS))
            return Outcome.BLOCK, ()
        if not assertions:
            return Outcome.PASS, ()
        verdict, is_new = self._decide((*assertions, *self._redirecting(message)), profile, register, moment)
        if is_new:
            _drop(headers, IDENTITY)
        _drop(headers, {key_of(f.header) for f in verdict.findings if f.outcome is not Outcome.PASS})
        if MARKED in verdict.flags:
            mark(message.headers.first("from") or "", headers, verdict)  # its From itself never crosses
        return Outcome.STRIP if is_new else verdict.outcome, secrets_of(verdict)

    def _decide(
        self, assertions: tuple[Assertion, ...], profile: Profile, register: Register, moment: Moment
    ) -> tuple[Verdict, bool]:
        """The verdict, and whether it hangs on a mobile number that is first seen now."""
        claim = attrs.evolve(self.claim, assertions=assertions)
        verdict = decide(claim, profile, register, moment.utc, self.answers)
        if isinstance(verdict, Verdict):
            return verdict, False
        verdict = decide(claim, profile, register, moment.utc, {**self.answers, **_unanswered(verdict)})
        assert isinstance(verdict, Verdict), "every question has an answer"
        return verdict, True

    def content(
        self, message: Message, headers: Headers, profile: Profile, register: Register, moment: Moment
    ) -> tuple[Outcome, bytes]:
        """The body of `message` less signalling that may not be seen, of which `headers` then speak no more.

        The outcome is what was found in it; where the trunk's setting takes it out unread, nothing was.
        """
        outcome, stays = self._signalling(message, profile, register, moment)
        return outcome, message.body if stays else strip_signalling(headers, message.body, {})

    def _signalling(
        self, message: Message, profile: Profile, register: Register, moment: Moment
    ) -> tuple[Outcome, bool]:
        try:
            found = enclosed(message)
            assertions = tuple(told_in(message)) if self.isup is Isup.JUDGE else ()
            headers = tuple(_redirecting(assertions_of(message, without=_FROM))) if assertions else ()
        except ParseError:
            return Outcome.STRIP, False
        if not found or self.isup is not Isup.JUDGE:
            return Outcome.PASS, not found
        if any(leak(one.octets, self.secrets, "") for one in found):
            return Outcome.STRIP, False
        if self.withheld or not assertions:
            return Outcome.PASS, not self.withheld
        verdict, is_new = self._decide((*assertions, *headers), profile, register, moment)
        # What its headers say beside it was heard for the proof; for what is wrong with them they go, and it stays.
        told = [found.outcome for found in verdict.findings if found.header == HEADER]
        outcome = Outcome.STRIP if is_new else max(told, default=Outcome.PASS)
        return outcome, outcome is Outcome.PASS

    def _redirecting(self, message: Message) -> tuple[Assertion, ...]:
        """Who redirected by its signalling, of which its headers may tell another story; () where that does not
        cross."""
        try:
            return tuple(_redirecting(told_in(message))) if self.isup is Isup.JUDGE else ()
        except ParseError:
            return ()

    def _tells_of_another(self, message: Message) -> bool:
        """Whether its From may name a new caller (RFC 4916).

        That of a response is our own, and that of a request never crosses. One that has not changed was judged at the
        set-up, or is the number that our side called.
        """
        if not isinstance(message, Request) or message.method not in TELLS_WHO:
            return False
        return untagged(message.headers.first("from") or "") != self.identity


def _unanswered(questions: Questions) -> dict[str, Answer]:
    """What nobody will be asked any more: nobody vouches for these numbers."""
    return {number: Answer(Roaming.UNKNOWN_SUBSCRIBER, "not asked") for number in questions.numbers}


def _redirecting(told: Iterable[Assertion]) -> Iterator[Assertion]:
    return (one for one in told if one.position is Position.REDIRECT)


def _drop(headers: Headers, keys: frozenset[str] | set[str]) -> None:
    for key in keys:
        headers.remove(key)
