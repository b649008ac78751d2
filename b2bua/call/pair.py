"""The two legs of a call, with what the set-up decided: how whatever comes from either side is judged afterwards."""

import datetime
from typing import Final

import attrs

from b2bua.call.bridge import CONTENT, crossing
from b2bua.call.context import Context
from b2bua.call.copies import copied
from b2bua.call.departure import depart, part_of, spared
from b2bua.call.description import Description, describes, moved, session
from b2bua.call.leg import Leg
from b2bua.call.media import Mover, is_offer, may_describe
from b2bua.call.upshot import Upshot
from b2bua.config import Isup
from b2bua.errors import MediaError
from b2bua.identity.guard import leak, shows
from b2bua.identity.later import LaterScreen, says_nothing
from b2bua.identity.redaction import remove_names, scrub_body, sweep, untagged
from b2bua.identity.screening import is_unread
from b2bua.media.ng import Command
from b2bua.media.orders import A, B
from b2bua.moment import Moment
from policy.claim import Claim, TrunkClass
from policy.roaming import Answer
from policy.verdict import Outcome, Verdict
from sipstack.message import Headers, Message, Request, Response
from sipstack.values import canonical

_WITHHOLD: Final = Outcome.WITHHOLD


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
    """What the INVITE asserts, until it is answered."""
    verdict: Verdict | None = None
    """The word on that, as long."""
    answers: dict[str, Answer] = attrs.field(factory=dict)
    """The roaming answers of the set-up, which later messages are judged by too."""
    began: datetime.datetime | None = None
    """When the INVITE came, if it was kept waiting for them."""
    called: str | None = attrs.field(init=False)
    """The called number as claimed; None where no claim could be made."""
    is_emergency: bool = attrs.field(init=False)
    """Whether the call is to an emergency number and its route (L13)."""
    upshot: Upshot | None = attrs.field(init=False)
    """What the verdict means for all that comes later."""
    media: Mover | None = attrs.field(default=None, repr=False)
    """Who moves its session descriptions; None where its media flows end to end."""
    asks: list[Command] = attrs.field(factory=list, repr=False)
    """What an engine is to be asked beside them; taken out by whoever sees to it."""

    @called.default
    def _as_claimed(self) -> str | None:
        return None if self.claim is None else self.claim.called

    @is_emergency.default
    def _claims_emergency(self) -> bool:
        return self.claim is not None and self.claim.emergency

    @upshot.default
    def _of_the_verdict(self) -> Upshot | None:
        return None if self.verdict is None else Upshot.of(self.verdict)

    def claims(self, claim: Claim) -> None:
        """The INVITE asserts this."""
        self.claim, self.called, self.is_emergency = claim, claim.called, claim.emergency

    def heed(self, verdict: Verdict) -> None:
        """The word on it is this."""
        self.verdict, self.upshot = verdict, Upshot.of(verdict)

    def settle(self) -> None:
        """The call is answered: what it claimed, and each finding on that, is in the evidence."""
        self.claim = self.verdict = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Digits that the callee must not see, in any message."""
        return () if self.upshot is None else self.upshot.secrets

    def other(self, leg: Leg) -> Leg | None:
        """The leg across."""
        return self.b if leg is self.a else self.a

    def judged(self, leg: Leg, message: Message, moment: Moment, *, offers: bool = False) -> Crossing:
        """A later message from that leg, less what it may not show; whether it is refused is the caller's choice.

        `offers`: it is a response to an INVITE that has made no offer. Raises MediaError where its session description
        cannot be relayed."""
        if self.media is not None and message.body:
            message = self._moved(self.media, leg, message, moment, offers=offers)
        headers, body = self.brought(leg, message)[0], message.body
        screen = None if self._is_plain(leg, message) else self.screen(leg)
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

    def _is_plain(self, leg: Leg, message: Message) -> bool:
        """Whether there is nothing in a message that a screen would take out: neither who calls, nor a secret."""
        if not says_nothing(message):
            return False
        upshot = self.upshot
        return leg is not self.a or upshot is None or (upshot.outcome is not _WITHHOLD and not upshot.secrets)

    def brought(self, leg: Leg, message: Message) -> tuple[Headers, tuple[str, ...]]:
        """The lines of a message of that leg that may cross, and the names of the markers that are left behind.

        A marker is a word between us and one peer; passed on, it would be believed of us (¶12). Of what comes from a
        national trunk, whose calls are not changed, only those go that the next peer believes (`departure.depart`)."""
        headers = crossing(message)
        if leg.trunk_class is TrunkClass.NATIONAL and leg.circuit is None:
            return headers, ()
        marks = self.context.trunks.marks(headers)
        return (headers.without(marks) if marks else headers), tuple(map(canonical, marks))

    def _moved(self, media: Mover, leg: Leg, message: Message, moment: Moment, *, offers: bool) -> Message:
        """That message with its session description as the other side is to have it. Raises MediaError.

        In a failure it only says what somebody could do, and where he is: it is left behind."""
        if not describes(message.headers, message.body):
            return message
        if not may_describe(message):
            return _bare(message) if isinstance(message, Response) else message
        side = A if leg is self.a else B
        far = None if self.b is None else self.b.dialog
        branch = far.remote_tag if far is not None and self.a.branches else ""

        def move(body: bytes) -> bytes:
            if is_offer(message, media, side, offers=offers):
                return media.offered(side, body, moment.tick, branch)
            return media.answered(side, body, branch)

        anew = copied(message)
        anew.body = moved(message.headers, message.body, move)
        return anew

    def carried(self, leg: Leg, message: Message, moment: Moment, *, offers: bool = False) -> Crossing:
        """The same for a message that nobody could refuse, a response, an ACK, a BYE: a body that may not be seen, or
        cannot be relayed, is left behind."""
        try:
            carried = self.judged(leg, message, moment, offers=offers)
        except MediaError as error:
            if self.media is not None:
                self.media.faults.append(f"from {leg.trunk.name}: {error}")
            carried = self.judged(leg, _bare(message), moment)
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
        if body and other is not None and describes(headers, body):
            leg.liveness.heard = session(message.headers, message.body)
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
        sparing = spared(self.a, self.upshot)
        private = not self.is_emergency
        return depart(headers, leg, other, message, part=part_of(message), sparing=sparing, private=private)

    def _changes(self, leg: Leg) -> bool:
        """Whether what may not be seen is taken out of what that leg sends."""
        return leg.is_enforced and self.screen(leg) is not None

    def screen(self, leg: Leg) -> LaterScreen | None:
        """How messages from that leg are judged; None: not at all, it is national (¶24) or an emergency (L13)."""
        if not leg.is_screened or self.called is None or self.is_emergency:
            return None
        claim = attrs.evolve(leg.origin, trunk_class=leg.trunk_class, called=self.called, is_later=True)
        identity = "" if leg.dialog is None else untagged(leg.dialog.remote)
        if leg is not self.a:
            return LaterScreen(claim=claim, identity=identity, isup=leg.trunk.isup)
        upshot = self.upshot
        claim = attrs.evolve(claim, admitted=frozenset() if upshot is None else frozenset(upshot.admitted))
        withheld = upshot is not None and upshot.outcome is _WITHHOLD
        return LaterScreen(
            claim=claim,
            answers=self.answers,
            withheld=withheld,
            secrets=self.secrets,
            identity=identity,
            isup=leg.trunk.isup,
        )


def _bare(message: Message) -> Message:
    """The same without its body."""
    bare = copied(message)
    bare.headers, bare.body = message.headers.without(CONTENT), b""
    return bare
