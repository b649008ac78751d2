"""The two legs of a call, with what the set-up decided: how whatever comes from either side is judged afterwards."""

import attrs

from b2bua.call.bridge import crossing
from b2bua.call.context import Context
from b2bua.call.later import LaterScreen
from b2bua.call.leg import Leg
from b2bua.call.moment import Moment
from b2bua.call.redaction import secrets_of
from policy.claim import Claim
from policy.roaming import Answer
from policy.verdict import Outcome, Verdict
from sipstack.message import Headers, Message


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

    def other(self, leg: Leg) -> Leg | None:
        """The leg across."""
        return self.b if leg is self.a else self.a

    def judged(self, leg: Leg, message: Message, moment: Moment) -> tuple[Headers, Outcome]:
        """The lines of a later message from that leg that may cross, and what was found in it."""
        headers = crossing(message)
        screen = self._screen(leg)
        if screen is None:
            return headers, Outcome.PASS
        return headers, screen.apply(message, headers, self.context.profile, self.context.register, moment)

    def carried(self, leg: Leg, message: Message, moment: Moment) -> Headers:
        """The lines of a later message from that leg that may cross, where nobody could refuse it."""
        return self.judged(leg, message, moment)[0]

    def _screen(self, leg: Leg) -> LaterScreen | None:
        """How messages from that leg are judged; None: not at all, it is national (¶24)."""
        if not leg.trunk.is_screened or self.claim is None:
            return None
        claim = attrs.evolve(self.claim, trunk=leg.trunk.name, trunk_class=leg.trunk.trunk_class, assertions=())
        if leg is not self.a:
            return LaterScreen(claim=claim)
        withheld = self.verdict is not None and self.verdict.outcome is Outcome.WITHHOLD
        return LaterScreen(claim=claim, answers=self.answers, withheld=withheld, secrets=self.secrets)
