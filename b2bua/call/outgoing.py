"""The way out: the INVITE of the B leg, to one target after another until one takes the call (RFC 3263 §4.3).

Each try is an INVITE of its own, with a branch and a CSeq number of its own, in one Call-ID and From tag. The next
target is tried after silence, an error of the network or a 503, and never once the caller has heard it ring.
"""

from typing import Final

import attrs

from b2bua.call.acts import Alarm
from b2bua.call.bridge import retarget
from b2bua.call.context import Context
from b2bua.call.copies import copied
from b2bua.call.credentials import Asked
from b2bua.call.leg import Leg
from b2bua.call.liveness import Liveness, state
from b2bua.identity.redaction import Redacted
from b2bua.moment import Moment
from b2bua.trunk import Trunk
from b2bua.trunk.hosts import bracketed
from sipstack.dialog import SessionTimer
from sipstack.effects import Cause
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.locate import Hunt, Target, retry_after
from sipstack.message import Headers, Request, Response

#: Of our own lines of an INVITE: all but two are words of ours and need no look at whether they are one line.
_OURS: Final = ("via", "max-forwards", "from", "to", "call-id", "cseq", "contact", "content-length")


@attrs.frozen
class Again:
    """The INVITE goes out once more: `Outgoing.leg` and `Outgoing.invite` say where to, and how."""

    alarm: str = ""
    """Why somebody should look; "" when nobody need."""


@attrs.define(eq=False, kw_only=True)
class Outgoing:
    """What the INVITE to each target is made of, and how far the search for one is."""

    trunk: Trunk
    hunt: Hunt
    uri: str
    """The Request-URI that the caller asked for."""
    to: str
    """The value of To."""
    redacted: Redacted = attrs.field(repr=False)
    hops: int
    """Max-Forwards."""
    straight_to: Flow | None = None
    """Where the peer of a call that is taken over is, whose own address `uri` then is; None: at a target."""
    timer: SessionTimer
    """What the session timer of each try starts from, with what a 422 has taught."""
    call_id: str
    tag: str
    tries: int = 0
    """How many INVITEs were sent; each has the next CSeq number, lest two that meet again get 482 (§8.2.2.2)."""
    failed: tuple[tuple[str, str, str], ...] = ()
    """The targets that did not take the call, for the evidence: trunk, address and port, and why."""
    sent: Request | None = attrs.field(default=None, repr=False)
    """The last of them, while responses to it may come."""
    asked: Asked = attrs.field(factory=Asked)
    """What the target that is tried wants proved."""
    is_emergency: bool = False
    can_begin_anew: bool = True
    """Whether nothing that binds the caller's dialog to one callee has crossed: it has no description of a session yet,
    and no reliable response, after which the next must have the next number (RFC 3262 §4)."""

    def leg(self) -> Leg:
        """The B leg of the next try, to the hunt's target."""
        assert self.hunt.target is not None, "a hunt that begins has a target"
        self.tries += 1
        flow = self.straight_to or self.trunk.targets.flow(self.hunt.target)
        return Leg(
            trunk=self.trunk,
            flow=flow,
            socket=self.trunk.socket(flow.socket),
            call_id=self.call_id,
            tag=self.tag,
            invite_number=self.tries,
            liveness=Liveness(timer=copied(self.timer)),
            asked=self.asked,
        )

    def invite(self, leg: Leg, ids: Ids, body: bytes) -> Request:
        """The INVITE of that try, with that body."""
        crossed = self.redacted.headers
        named = Headers.of([("From", f"{self.redacted.caller};tag={leg.tag}"), ("To", self.to)])
        lines = [
            f"Via: {leg.via(ids)}",
            f"Max-Forwards: {self.hops}",
            *named.lines,
            f"Call-ID: {leg.call_id}",
            f"CSeq: {leg.invite_number} INVITE",
            f"Contact: {leg.socket.contact}",
            f"Content-Length: {len(body)}",
            *crossed.lines,
        ]
        uri = retarget(self.uri, leg.flow) if self.straight_to is None else self.uri
        invite = Request("INVITE", uri, Headers([*_OURS, *crossed.keys], lines), body)
        state(invite, leg.liveness.timer.request_fields())
        leg.prove(invite, ids)
        return invite

    def rings(self, response: Response) -> None:
        """The caller has heard it ring: a second ring would tell of our troubles."""
        self.hunt.stop()
        self.can_begin_anew = self.can_begin_anew and not response.body and "rseq" not in response.headers

    def answered(self, response: Response, moment: Moment, ids: Ids) -> Again | None:
        """A response to the INVITE that was sent; None when it is the call's to deal with."""
        if response.status == 422:
            return self._renegotiate(response)
        if self._is_asked(response, ids):
            return Again()
        status = response.status
        if self.is_emergency and 300 <= status < 400:
            status = 503  # nobody sends an emergency call elsewhere: the target has not taken it, and the next one may
        failed = self.hunt.target
        following = self.hunt.answered(status, moment.tick, retry_after(response))
        if following is not None or status == 503:
            self._note(failed, str(response.status))
        return None if following is None else self._again(failed, str(response.status))

    def _is_asked(self, response: Response, ids: Ids) -> bool:
        """Whether the same target wants a proof that the trunk's credentials can give (RFC 3261 §22.2).

        The hunt does not hear of it: the target has neither taken the call nor refused it.
        """
        if self.sent is None:
            return False
        is_asked = self.asked.learn(self.trunk.accounts, self.sent, response, ids, self.tries + 1)
        return is_asked and self.can_begin_anew

    def redirect(self, uri: str, trunk: Trunk, hunt: Hunt) -> None:
        """The next try is for another number; To stays, as in every request that is sent on (§8.1.3.4)."""
        self._note(self.hunt.target, "redirected")
        self.uri, self.trunk, self.hunt, self.asked = uri, trunk, hunt, Asked()

    def missed(self, cause: Cause, moment: Moment) -> Again | None:
        """No response will come from the target that was tried; None when that was the last."""
        failed, now = self.hunt.target, moment.tick
        following = self.hunt.timed_out(now) if cause is Cause.TIMEOUT else self.hunt.unreachable(now)
        self._note(failed, str(cause))
        return None if following is None else self._again(failed, str(cause))

    def _renegotiate(self, response: Response) -> Again | None:
        """The session interval was too short for somebody on the way: the same target is asked for a longer one.

        RFC 4028 §7.3. A path that outbids itself for ever is at last asked for none, and has nothing left to refuse.
        """
        if self.timer.too_small(response):
            return Again()
        if self.timer.interval is None:
            return None
        self.timer.interval = None
        return Again()

    def _note(self, failed: Target | None, why: str) -> None:
        """For the evidence: that target has not taken the call. A last one that failed is none any more."""
        if failed is not None:
            self.failed += ((self.trunk.name, f"{bracketed(failed.address)}:{failed.port}", why),)

    def _again(self, failed: Target | None, why: str) -> Again:
        self.asked = Asked()  # a nonce is good for the server that made it
        place = "" if failed is None else f"{failed.address} port {failed.port}"
        return Again(f"trunk {self.trunk.name}: {place}: {why}; the next target is tried")


def trunk_for(context: Context, source: str, called: str) -> tuple[Trunk | None, list[Alarm]]:
    """The trunk a call leaves by: as the embedding program wants it, else as configured."""
    wanted, alarms = None, list[Alarm]()
    if not context.routes.is_emergency(called):
        wanted, alarms = context.hooks.way(source, called, context.trunks)
    name = wanted or context.routes.find(source, called)
    return None if name is None else context.trunks.by_name[name], alarms


def drawn(trunk: Trunk, context: Context, *, emergency: bool = False) -> tuple[Target, ...]:
    """The targets of a trunk that are worth trying, in an order drawn for one call."""

    def below(ceiling: int) -> int:
        return int.from_bytes(context.ids.randbytes(8)) % ceiling

    return trunk.health.worth_trying(trunk.targets.drawn(below), last_resort=emergency)


def hunt_for(
    trunk: Trunk,
    context: Context,
    now: float,
    *,
    emergency: bool = False,
    straight_to: Flow | None = None,
    first: tuple[str, int] | None = None,
) -> Hunt:
    """The hunt through the targets of a trunk; it has no `target` when none may take the call.

    An emergency call has every target, the other calls those worth trying (`b2bua.trunk.health`). A call that leads
    `straight_to` the peer of another has that one place. The target at `first` goes before the others.
    """
    if straight_to is not None:
        host, port = straight_to.remote
        return Hunt.start((Target(straight_to.transport, host, port, host=host),), context.failures, now)

    targets = drawn(trunk, context, emergency=emergency)
    if first is not None:
        targets = tuple(sorted(targets, key=lambda target: target.remote != first))
    return Hunt.start(targets, context.failures, now)
