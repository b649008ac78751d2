"""The two legs of a call, with what the set-up decided: how whatever comes from either side is judged afterwards."""

import attrs

from b2bua.call.bridge import CONTENT, crossing
from b2bua.call.context import Context
from b2bua.call.departure import depart, part_of, spared
from b2bua.call.leg import Leg
from b2bua.call.liveness import Description, describes
from b2bua.identity.guard import leak, shows
from b2bua.identity.later import LaterScreen
from b2bua.identity.redaction import is_sdp, scrub_sdp, secrets_of, sweep, untagged
from b2bua.identity.screening import is_unread
from b2bua.moment import Moment
from policy.claim import Claim
from policy.roaming import Answer
from policy.verdict import Outcome, Verdict
from sipstack.message import Headers, Message, Request, Response


@attrs.define
class Crossing:
    """What of a later message may cross."""

    headers: Headers
    body: bytes
    outcome: Outcome = Outcome.PASS
    """What was found in it."""


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
        return () if self.verdict is None else secrets_of(self.verdict)

    @property
    def is_emergency(self) -> bool:
        """Whether the call is to an emergency number and its route (L13)."""
        return self.claim is not None and self.claim.emergency

    def other(self, leg: Leg) -> Leg | None:
        """The leg across."""
        return self.b if leg is self.a else self.a

    def judged(self, leg: Leg, message: Message, moment: Moment) -> Crossing:
        """A later message from that leg, less what it may not show; whether it is refused is the caller's choice."""
        headers, body = crossing(message), message.body
        screen = self._screen(leg)
        if screen is None:
            return Crossing(self._departing(leg, message, headers), body)
        context = self.context
        outcome = screen.apply(message, headers, context.profile, context.register, moment)
        if is_sdp(headers):
            body = scrub_sdp(body, screen.secrets)
        return Crossing(self._departing(leg, message, headers), body, outcome)

    def carried(self, leg: Leg, message: Message, moment: Moment) -> Crossing:
        """The same for a message that nobody could refuse, a response, an ACK, a BYE: a body that may not be seen is
        left behind."""
        carried = self.judged(leg, message, moment)
        if leg is self.a and leg.trunk.is_screened:
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
        return leg is self.a and self._screen(leg) is not None and is_unread(request)

    def hides_from(self, leg: Leg, body: bytes, message: Message) -> bool:
        """Whether a body of that leg shows a secret, or is one that nobody has read."""
        if leg is not self.a or self._screen(leg) is None:
            return False
        return is_unread(message) or leak(body, self.secrets, "") is not None

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
        return depart(headers, leg, other, message, part=part_of(message), sparing=spared(self.a, self.verdict))

    def _screen(self, leg: Leg) -> LaterScreen | None:
        """How messages from that leg are judged; None: not at all, it is national (¶24) or an emergency (L13)."""
        if not leg.trunk.is_screened or self.claim is None or self.is_emergency:
            return None
        claim = attrs.evolve(self.claim, trunk=leg.trunk.name, trunk_class=leg.trunk.trunk_class, assertions=())
        identity = "" if leg.dialog is None else untagged(leg.dialog.remote)
        if leg is not self.a:
            return LaterScreen(claim=claim, identity=identity)
        withheld = self.verdict is not None and self.verdict.outcome is Outcome.WITHHOLD
        return LaterScreen(
            claim=claim, answers=self.answers, withheld=withheld, secrets=self.secrets, identity=identity
        )
