"""The two legs of a call, with what the set-up decided: how whatever comes from either side is judged afterwards."""

import attrs

from b2bua.call.bridge import CONTENT, crossing
from b2bua.call.context import Context
from b2bua.call.departure import depart, part_of, spared
from b2bua.call.leg import Leg
from b2bua.call.liveness import Description, describes
from b2bua.config import Isup
from b2bua.identity.guard import leak, shows
from b2bua.identity.later import LaterScreen
from b2bua.identity.redaction import remove_names, scrub_body, secrets_of, sweep, untagged
from b2bua.identity.screening import is_unread
from b2bua.moment import Moment
from policy.claim import Claim, TrunkClass
from policy.position import CLI
from policy.roaming import Answer
from policy.rules.case import MARKED
from policy.verdict import Outcome, Verdict
from sipstack.message import Headers, Message, Request, Response
from sipstack.values import canonical


@attrs.define
class Crossing:
    """What of a later message may cross."""

    headers: Headers
    body: bytes
    outcome: Outcome = Outcome.PASS
    """What was found in it."""
    enforced: bool = True
    """Whether that has consequences."""


@attrs.define(eq=False, kw_only=True)
class Pair:
    """The A leg has the caller behind it, the B leg the callee."""

    call: str
    """The name of the call, for alarms and evidence."""
    context: Context = attrs.field(repr=False)
    a: Leg
    b: Leg | None = None
    claim: Claim | None = None
    verdict: Verdict | None = None
    answers: dict[str, Answer] = attrs.field(factory=dict)
    """The roaming answers of the set-up, which later messages are judged by too."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Digits that the callee must not see, in any message."""
        return () if self.verdict is None or not self.verdict.enforced else secrets_of(self.verdict)

    @property
    def _admitted(self) -> frozenset[str]:
        """The numbers of the caller that the set-up let pass, by derogation or by decision too; not those that crossed
        as unverified, which are judged and marked again."""
        findings = () if self.verdict is None else self.verdict.findings
        passed = [f for f in findings if f.outcome is Outcome.PASS and f.flag != MARKED]
        return frozenset(f.number for f in passed if f.position in CLI and f.number is not None)

    @property
    def is_emergency(self) -> bool:
        """Whether the call is to an emergency number and its route (L13)."""
        return self.claim is not None and self.claim.emergency

    def other(self, leg: Leg) -> Leg | None:
        """The leg across."""
        return self.b if leg is self.a else self.a

    def judged(self, leg: Leg, message: Message, moment: Moment) -> Crossing:
        """A later message from that leg, less what it may not show; whether it is refused is the caller's choice."""
        headers, body = self.brought(leg, message)[0], message.body
        screen = self.screen(leg)
        if screen is None:
            return Crossing(self._departing(leg, message, headers), body)
        context = self.context
        edited = headers if leg.is_enforced else headers.copy()
        outcome = screen.apply(message, edited, context.profile, context.register, moment)
        told, body = screen.content(message, edited, context.profile, context.register, moment)
        outcome = max(outcome, told)
        if not leg.is_enforced:
            return Crossing(self._departing(leg, message, headers), message.body, outcome, enforced=False)
        if leg.trunk.replaces_display_names:
            remove_names(headers, {})
        body = scrub_body(headers, body, screen.secrets)
        return Crossing(self._departing(leg, message, headers), body, outcome)

    def brought(self, leg: Leg, message: Message) -> tuple[Headers, tuple[str, ...]]:
        """The lines of a message of that leg that may cross, and the names of the markers that are left behind.

        A marker is a word between us and one peer; passed on, it would be believed of us (¶12). Of what comes from a
        national trunk, whose calls are not changed, only those go that the next peer believes (`departure.depart`)."""
        headers = crossing(message)
        if leg.trunk_class is TrunkClass.NATIONAL and leg.circuit is None:
            return headers, ()
        marks = [key for key in sorted(self.context.trunks.markers) if key in headers]
        return (headers.without(marks) if marks else headers), tuple(map(canonical, marks))

    def carried(self, leg: Leg, message: Message, moment: Moment) -> Crossing:
        """The same for a message that nobody could refuse, a response, an ACK, a BYE: a body that may not be seen is
        left behind."""
        carried = self.judged(leg, message, moment)
        if leg is self.a and leg.is_screened:
            sweep(carried.headers, self.secrets, {})  # what a header rule brought in, the guard could only refuse
        if carried.body and self.hides_from(leg, carried.body, message):
            carried.body = b""
            carried.headers = carried.headers.without(CONTENT)
        return carried

    def described(self, leg: Leg, message: Message, headers: Headers, body: bytes) -> None:
        """A message of that leg has crossed with this; its session description stands, if it has one.

        What each side has heard, and said, is what a refresh of ours repeats and compares (RFC 4028 §7.4).
        """
        other = self.other(leg)
        if other is not None and describes(headers, body):
            leg.liveness.heard = Description.of(message.headers, message.body).body
            other.liveness.say(Description.of(headers, body))

    def is_refused(self, leg: Leg, request: Request) -> bool:
        """Whether a request of that leg has a body that nobody can judge."""
        return leg is self.a and self._changes(leg) and is_unread(request, leg.trunk.isup)

    def hides_from(self, leg: Leg, body: bytes, message: Message) -> bool:
        """Whether a body of that leg shows a secret, or is one that nobody has read."""
        if leg is not self.a or not self._changes(leg):
            return False
        return is_unread(message, Isup.STRIP) or leak(body, self.secrets, "") is not None

    def leaks(self, request: Request, called: str = "") -> str | None:
        """Where a request to the callee, as printed, shows a secret of the call; None when nowhere (`guard.leak`)."""
        secrets = self.secrets
        return leak(request.encode(), secrets, called) if secrets else None

    def phrase(self, leg: Leg, response: Response) -> str | None:
        """The reason phrase that may cross; None: the standard one."""
        shown = leg is self.a and shows(response.reason, *self.secrets)
        return None if shown else response.reason

    def _departing(self, leg: Leg, message: Message, headers: Headers) -> Headers:
        """Those headers of a message of that leg as they leave by the other."""
        other = self.other(leg)
        if other is None:
            return headers
        sparing = spared(self.a, self.verdict)
        private = not self.is_emergency
        return depart(headers, leg, other, message, part=part_of(message), sparing=sparing, private=private)

    def _changes(self, leg: Leg) -> bool:
        """Whether what may not be seen is taken out of what that leg sends."""
        return leg.is_enforced and self.screen(leg) is not None

    def screen(self, leg: Leg) -> LaterScreen | None:
        """How messages from that leg are judged; None: not at all, it is national (¶24) or an emergency (L13)."""
        if not leg.is_screened or self.claim is None or self.is_emergency:
            return None
        claim = attrs.evolve(leg.origin, trunk_class=leg.trunk_class, called=self.claim.called)
        identity = "" if leg.dialog is None else untagged(leg.dialog.remote)
        if leg is not self.a:
            return LaterScreen(claim=claim, identity=identity, isup=leg.trunk.isup)
        claim = attrs.evolve(claim, admitted=self._admitted)
        withheld = self.verdict is not None and self.verdict.outcome is Outcome.WITHHOLD
        return LaterScreen(
            claim=claim,
            answers=self.answers,
            withheld=withheld,
            secrets=self.secrets,
            identity=identity,
            isup=leg.trunk.isup,
        )
