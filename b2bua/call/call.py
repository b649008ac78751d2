"""One call: an INVITE judged, a second leg set up, two dialogs that live and end together.

Inputs are methods; each takes the moment and returns acts, in order. The caller's side is the A leg, a user agent
server to its INVITE (RFC 3261 §13.3); the callee's side the B leg, a user agent client (§13.2). What happens inside
the dialogs afterwards is in `relay.py`.
"""

import enum
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Final

import attrs

from b2bua.call import account, early, media, oracle, upkeep
from b2bua.call.acts import Abandon, Act, Alarm, Ask, Closed, Engage, Record, Reply, Start, Transmit
from b2bua.call.bridge import CONTENT, hops_left, is_routable
from b2bua.call.context import Context
from b2bua.call.credentials import is_theirs
from b2bua.call.decline import decline
from b2bua.call.departure import depart, spared, spelled
from b2bua.call.description import describes, moved, session
from b2bua.call.door import Waiting
from b2bua.call.farewell import hang_up
from b2bua.call.fork import Fork
from b2bua.call.leg import Leg
from b2bua.call.liveness import state
from b2bua.call.media import is_offer, may_describe
from b2bua.call.naming import TAKING, Named, Refusal, rename, way_of
from b2bua.call.outgoing import Again, Outgoing, hunt_for, trunk_for
from b2bua.call.pair import Crossing, Pair
from b2bua.call.redirection import Redirections, passed
from b2bua.call.relay import Relays
from b2bua.call.snapshot import Plain, load, save
from b2bua.call.times import earliest
from b2bua.call.trial import is_enforced
from b2bua.config import Isup, Part, Redirect
from b2bua.errors import MediaError, SnapshotError
from b2bua.identity.redaction import Redacted, redact, untagged
from b2bua.identity.screening import claim_of, unreadable, user_of
from b2bua.media.engaged import Engaged
from b2bua.media.ng import Command
from b2bua.media.orders import A, B
from b2bua.media.session import Session
from b2bua.moment import Moment
from b2bua.trunk import Limit, called_number
from b2bua.trunk.hosts import bracketed
from policy.register import BlockedUser, CallerList, DoNotOriginate, Shadow, civil_day
from policy.roaming import Answer, Questions, Roaming
from policy.verdict import Outcome, Verdict
from sipstack.dialog import Dialog
from sipstack.effects import Cause, Key
from sipstack.errors import ParseError, ProtocolError
from sipstack.flow import Flow
from sipstack.message import Headers, Request, Response, parse, response_to
from sipstack.status import reason as phrase_of

#: A refusal by the decree says the same whatever the rule, so that a spoofer learns nothing (ISUP: call rejected).
REJECTED = ("Reason", 'Q.850;cause=21;text="Call rejected"')
INVITE = "invite"


class State(enum.Enum):
    """Where a call stands."""

    ASKING = "asking"
    """The INVITE waits for a roaming answer."""
    ENGAGING = "engaging"
    """The INVITE waits for an engine that takes its media."""
    CALLING = "calling"
    """The B leg has its INVITE, and no final response yet."""
    CANCELLING = "cancelling"
    """The A leg is done; the B leg's INVITE still owes its final response."""
    ANSWERED = "answered"
    PARTING = "parting"
    """One side has hung up; the other has not yet acknowledged our 2xx and may have its BYE only then."""
    ENDED = "ended"


# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02 (2026-11-23).
ASKING, ENGAGING, CALLING, CANCELLING = State.ASKING, State.ENGAGING, State.CALLING, State.CANCELLING
ANSWERED, PARTING, ENDED = State.ANSWERED, State.PARTING, State.ENDED
_BLOCK: Final = Outcome.BLOCK
_SETUP: Final = Part.SETUP
_JUDGE: Final = Isup.JUDGE


@attrs.define(eq=False, kw_only=True, repr=False)
class Call:
    """A call from its INVITE to its last BYE. Build it with the A leg, then `begin`."""

    pair: Pair
    key: Key
    """The INVITE transaction of the A leg."""
    invite: Request | None
    """The A leg's INVITE, until it has its final response."""
    state: State = ASKING
    asked: tuple[str, ...] = ()
    outgoing: Outgoing | None = None
    """How the B leg's INVITE leaves, once it is known where to."""
    counted: list[Limit] = attrs.field(factory=list, repr=False)
    """The limits it counts towards until it is over."""
    redirections: Redirections = attrs.field(factory=Redirections, repr=False)
    relays: Relays = attrs.field(factory=Relays)
    lapsed: dict[str, Fork] = attrs.field(factory=dict, repr=False)
    """Re-INVITEs by purpose that were under way when the call was over."""
    answer_by: float | None = None
    """When the roaming answer counts as failed, or when the call has rung long enough."""
    ends_by: float | None = None
    """When an answered call has lasted long enough."""
    answered_at: float | None = None
    parting: Crossing | None = attrs.field(default=None, repr=False)
    """What the BYE that waits for an ACK will carry across."""

    @property
    def id(self) -> str:
        """How evidence names it."""
        return self.pair.call

    @property
    def is_answered(self) -> bool:
        """Whether both sides are connected, and neither has hung up."""
        return self.state is ANSWERED

    @property
    def is_up(self) -> bool:
        """Whether it rings or is answered: one that ends can no more be taken over."""
        return self.state in (CALLING, ANSWERED)

    @property
    def a(self) -> Leg:
        """The caller's side."""
        return self.pair.a

    @property
    def b(self) -> Leg | None:
        """The callee's side, once its INVITE has left."""
        return self.pair.b

    # The way in.

    def begin(self, moment: Moment) -> list[Act]:
        """Judges the INVITE: asks, refuses, or sets up the B leg."""
        invite = self._pending()
        asks = self.pair.a.trunk.redirect is not None
        emergency = self.pair.context.routes.is_emergency_call(invite.uri, carried=asks)
        if emergency and not invite.contacts:
            # Nothing may stop it that can be done without (L13): where it came from is where its caller is.
            host, port = self.pair.a.flow.remote
            invite.headers.replace("contact", f"<sip:{bracketed(host)}:{port}>")
        try:
            self.pair.a.dialog = None if asks else Dialog.as_callee(invite, self.pair.a.tag)
        except ProtocolError as error:
            record = account.undecided_record(self.pair, invite, moment)
            return [record, *self._end("malformed", error.status, moment, self._reply(error.status, str(error)))]
        try:
            claim = claim_of(
                invite,
                self.pair.a.origin,
                stands=self.pair.a.trunk_class,
                emergency=emergency,
                is_listed=self.pair.context.register.has(BlockedUser, CallerList, DoNotOriginate),
                isup=self.pair.a.trunk.isup,
            )
        except ParseError as error:
            return self._unreadable(error, moment)
        named = self._named(invite)
        self.pair.claims(attrs.evolve(claim, called=named.called) if isinstance(named, Named) else claim)
        return self._judge(moment)

    def answered_questions(self, answers: Mapping[str, Answer], moment: Moment) -> list[Act]:
        """The roaming answers have come; too late or twice changes nothing."""
        if self.state is not ASKING:
            return []
        self.pair.answers.update(answers)
        return self._judge(moment)

    def _judge(self, moment: Moment) -> list[Act]:
        assert self.pair.claim is not None, "judged after its claim is made"
        context = self.pair.context
        decided = context.decide(self.pair.claim, self.pair.answers, moment)
        if isinstance(decided, Questions):
            self.asked = decided.numbers
            self.pair.began = self.pair.began or moment.utc
            self.answer_by = moment.tick + context.patience
            return [self._reply(100), Ask(self.id, decided)]
        self.answer_by = None
        decided, alarms = context.weigh(self.pair.claim, self.pair.a, self._pending(), decided, moment)
        verdict, news = context.hooks.review(self.pair.claim, decided)
        alarms += news
        self.pair.heed(verdict)
        self.pair.a.is_enforced = verdict.enforced
        acts = [*alarms, *self._heed(verdict, 603, None, moment)]
        if verdict.forwarded_by and verdict.outcome is not _BLOCK:
            context.ledger.forwarded(verdict.forwarded_by, moment.utc)
        return acts

    def _heed(self, verdict: Verdict, status: int, reason: str | None, moment: Moment) -> list[Act]:
        """Does what a verdict says; status and reason are for a refusal."""
        if self.pair.a.trunk.redirect is not None:
            return self._advise(self.pair.a.trunk.redirect, verdict, moment)
        if verdict.outcome is _BLOCK and verdict.enforced:
            return self._blocked(verdict, status, reason, moment)
        return self._forward(verdict, moment)

    def _advise(self, redirect: Redirect, verdict: Verdict, moment: Moment) -> list[Act]:
        """Tells whoever makes the call himself what may become of it; that is all of this call."""
        invite = self._pending()
        told = oracle.tell(self.pair, redirect, invite, verdict)
        record = told.in_evidence(account.verdict_record(self.pair, invite, verdict, moment, told.changed))
        reply = self._reply(told.status, None, Headers.of([REJECTED] if told.is_refusal else told.headers))
        return [record, *told.alarms, *self._end(told.cause, told.status, moment, reply)]

    def _blocked(self, verdict: Verdict, status: int, reason: str | None, moment: Moment) -> list[Act]:
        headers = Headers.of([REJECTED])
        if status == 415:
            headers.add("Accept", "application/sdp")
        return [
            account.verdict_record(self.pair, self._pending(), verdict, moment),
            *self._end("blocked", status, moment, self._reply(status, reason, headers)),
        ]

    def _unreadable(self, error: ParseError, moment: Moment) -> list[Act]:
        """An INVITE whose identity nobody can judge does not pass; its evidence is the raw headers."""
        context = self.pair.context
        verdict = unreadable(error, context.profile.version, context.register.version, moment.utc)
        verdict = attrs.evolve(verdict, trunk_class=self.pair.a.trunk_class)
        if not self.pair.a.is_enforced:
            trial = context.register.find(Shadow, self.pair.a.known_as, civil_day(moment.utc))
            reference = "" if trial is None else trial.reference
            verdict = attrs.evolve(verdict, enforced=False, trial=reference, flags=(*verdict.flags, "shadow"))
        self.pair.heed(verdict)
        return self._heed(verdict, error.status, error.reason, moment)

    # The way out.

    def _forward(self, verdict: Verdict, moment: Moment) -> list[Act]:
        invite = self._pending()
        redacted = self._redacted(invite, verdict)
        record = account.verdict_record(self.pair, invite, verdict, moment, redacted.removed)
        named = self._too_short(invite) or self._still_named(invite)
        if isinstance(named, Refusal):
            refusal = self._reply(named.status, None, Headers.of(named.headers))
            return [record, *self._end(named.why, named.status, moment, refusal)]
        takes = self.pair.a.trunk.passes_replaces and not self.pair.is_emergency
        rename(redacted.headers, self.pair.context.dialogs, named, takes=takes)
        return [record, *self._leave(named, redacted, moment)]

    def _leave(self, named: Named | None, redacted: Redacted, moment: Moment) -> list[Act]:
        """Sends the call on its way: to the peer of the call that it takes over, or as the routes say."""
        invite, context = self._pending(), self.pair.context
        called = called_number(invite.uri)
        trunk, alarms = trunk_for(context, self.pair.a.trunk.name, called) if named is None else (named.leg.trunk, [])
        said: list[Act] = [*alarms]
        if not (self.pair.is_emergency or is_routable(invite.uri)):
            return [*said, *self._fail(416, "scheme of the Request-URI", moment)]
        place = None if named is None else self._place(named)
        urgent = self.pair.is_emergency
        hunt = None if trunk is None else hunt_for(trunk, context, moment.tick, emergency=urgent, straight_to=place)
        if trunk is None or hunt is None or hunt.target is None:
            return [*said, *self._fail(404, "no route", moment)]
        hops = hops_left(invite)
        if hops < 0:
            return [*said, *self._fail(483, "too many hops", moment)]
        wait = None if self.pair.is_emergency else trunk.outward.admit(moment.tick)
        if wait is not None:
            news = account.over_limit(f"to trunk {trunk.name}", trunk.outward, moment)
            refusal = self._reply(503, None, Headers.of([("Retry-After", str(wait))]))
            return [*said, *news, *self._end("limit", 503, moment, refusal)]
        if not self.pair.is_emergency:
            self.counted.append(trunk.outward)
        uri, to = spelled(invite, trunk, context.profile.plan)
        self.outgoing = Outgoing(
            timer=context.session_timer(),
            is_emergency=self.pair.is_emergency,
            trunk=trunk,
            hunt=hunt,
            uri=uri if named is None else named.dialog.remote_target,
            straight_to=place,
            to=to,
            redacted=redacted,
            hops=hops,
            call_id=context.ids.call_id(),
            tag=context.ids.tag(),
        )
        self.answer_by = moment.tick + context.no_answer
        trying = [] if self.asked else [self._reply(100)]
        tried = self._try(self.outgoing, moment)
        return [*said, *(trying if self.state in (ENGAGING, CALLING) else ()), *tried]

    def _place(self, named: Named) -> Flow:
        """Where the peer of a call that is taken over is: where its Contact says, if that is a place of its trunk, for
        a Contact must not send a new call, and its failures, to another carrier; else where it was reached before."""
        flow, trunk = named.flow, named.leg.trunk
        found = self.pair.context.trunks.find(flow.socket, *flow.remote)
        is_theirs = flow.remote in trunk.targets.flows or (found is not None and found.name == trunk.name)
        return flow if is_theirs else named.leg.flow

    def _try(self, outgoing: Outgoing, moment: Moment) -> list[Act]:
        """Sends the INVITE to one target, once an engine has taken its media if one must."""
        if self.pair.context.ways.is_idle:
            return self._send(outgoing, moment)
        acts, waits = self._engage(outgoing, moment)
        return acts if waits else [*acts, *self._send(outgoing, moment)]

    def _send(self, outgoing: Outgoing, moment: Moment) -> list[Act]:
        """Sends the INVITE, if it shows nothing that it may not."""
        pair, invite = self.pair, self._pending()
        a, context, leg = pair.a, pair.context, outgoing.leg()
        try:
            body, left = (outgoing.redacted.body, ()) if context.ways.is_idle else self._offer(outgoing, leg, moment)
        except MediaError as error:
            return self._unrelayed(error, moment)
        leg.trunk_class = context.class_of(leg.origin, moment)
        leg.is_enforced = is_enforced(leg.known_as, context.register, moment)
        sent = outgoing.invite(leg, context.ids, body)
        sparing, private = spared(a, pair.upshot), not pair.is_emergency
        sent.headers = depart(sent.headers, a, leg, invite, part=_SETUP, sparing=sparing, private=private)
        shown = pair.leaks(sent, self._called(outgoing)) if pair.secrets else None
        if shown is not None:
            alarm = Alarm("egress guard", f"call {self.id}: {shown} still showed what the verdict takes out")
            refusal = self._reply(603, None, Headers.of([REJECTED]))
            return [alarm, *self._end("egress guard", 603, moment, refusal)]
        pair.b, outgoing.sent, self.state = leg, sent, CALLING
        a.branches.clear()
        pair.described(a, invite, sent.headers, sent.body)
        context.remember(a, leg, invite, outgoing.uri, moment)
        return [*left, *self.relays.lose(()), Start(INVITE, sent, leg.flow)]

    def _engage(self, outgoing: Outgoing, moment: Moment) -> tuple[list[Act], bool]:
        """Asks an engine to take the media that the INVITE offers, and gives back what a try before had; whether the
        INVITE waits for that. One that offers nothing waits for nobody: the engine has what is offered later."""
        redacted = outgoing.redacted
        engaged = media.engaged_for(self.pair, outgoing.trunk)
        if engaged is None:
            return [], False
        acts: list[Act] = [] if self.pair.media is engaged else [*media.leave(self.pair, moment)]
        self.pair.media = engaged
        if not describes(redacted.headers, redacted.body):
            return acts, False
        command = engaged.question(A, session(redacted.headers, redacted.body), is_offer=True)
        if command is None:
            return acts, False
        self.state = ENGAGING
        return [*acts, Engage(self.id, command)], True

    def engaged(self, moment: Moment) -> list[Act]:
        """An engine has taken what the INVITE offers, or has not."""
        return self._send(self._way(), moment) if self.state is ENGAGING else []

    def _offer(self, outgoing: Outgoing, leg: Leg, moment: Moment) -> tuple[bytes, Sequence[Act]]:
        """The body of the INVITE for that leg, its session description moved where media is relayed, and what is to be
        done about the relay of a try before. Raises MediaError where it cannot be; an emergency call goes on without.
        """
        redacted = outgoing.redacted
        try:
            left = media.provide(self.pair, leg, moment)
        except MediaError as error:
            if not self.pair.is_emergency:
                raise
            said = Alarm("media", f"call {self.id}: {error}; its media goes end to end")
            return redacted.body, [said, *media.leave(self.pair, moment)]
        mover = self.pair.media
        if mover is None or not describes(redacted.headers, redacted.body):
            return redacted.body, left
        try:
            body = moved(redacted.headers, redacted.body, lambda sdp: mover.offered(A, sdp, moment.tick))
        except MediaError as error:
            if not self.pair.is_emergency:
                raise
            said = Alarm("media", f"call {self.id}: {error}; its media goes end to end")
            return redacted.body, [*left, said, *media.leave(self.pair, moment)]
        return body, left

    def _unrelayed(self, error: MediaError, moment: Moment) -> list[Act]:
        """The caller's offer is none that can be relayed, or there is nothing to relay it by."""
        refusal = self._reply(error.status, str(error) if error.status == MediaError.THEIRS else None)
        alarms = [] if error.status == MediaError.THEIRS else [Alarm("media", f"call {self.id}: {error}")]
        return [*alarms, *self._end("media", error.status, moment, refusal)]

    def _called(self, outgoing: Outgoing) -> str:
        """The number that may stand where the INVITE goes: of a call that is taken over, its own."""
        if outgoing.straight_to is not None and self.pair.called is not None:
            return self.pair.called
        return called_number(self._pending().uri)

    def _too_short(self, invite: Request) -> Refusal | None:
        """A session interval below ours gets 422 with the least that we take (RFC 4028 §9), but never an emergency."""
        self.pair.a.liveness.learn(invite)
        least = self.pair.a.liveness.too_small(invite)
        return Refusal(422, "session interval", tuple(least)) if least and not self.pair.is_emergency else None

    def _named(self, invite: Request) -> Named | Refusal | None:
        """The call that it takes over or joins; an emergency call goes where it calls, whatever else it names (L13)."""
        if TAKING.keys().isdisjoint(invite.headers.keys):
            return None
        context = self.pair.context
        if context.routes.is_emergency_call(invite.uri):
            return None
        return way_of(invite, self.pair.a.trunk, context.dialogs)

    def _still_named(self, invite: Request) -> Named | Refusal | None:
        """The same once the call is judged: what it named may have ended, or begun, while a question was asked, and a
        verdict that took another number for the called one says nothing of this way."""
        named, claimed = self._named(invite), self.pair.called
        if isinstance(named, Refusal) or claimed is None:
            return named
        called = user_of(invite.uri) if named is None else named.called
        return named if called == claimed else Refusal(481, "no such dialog")

    def _try_again(self, again: Again, moment: Moment) -> list[Act]:
        alarms: list[Act] = [Alarm("target", again.alarm)] if again.alarm else []
        return [*alarms, *self._try(self._way(), moment)]

    def _redacted(self, invite: Request, verdict: Verdict) -> Redacted:
        caller, (headers, marks) = untagged(invite.headers.first("from") or ""), self.pair.brought(self.pair.a, invite)
        untouched = Redacted(caller, headers, invite.body, marks)
        if not self.pair.a.is_screened or (verdict.outcome is _BLOCK and not verdict.enforced):
            return untouched
        isup = _JUDGE if self.pair.is_emergency else self.pair.a.trunk.isup  # nothing is kept from an emergency service
        names = self.pair.is_emergency or not self.pair.a.trunk.replaces_display_names
        edited = headers if verdict.enforced else headers.copy()
        redacted = redact(caller, edited, invite.body, verdict, names=names, before=marks, isup=isup)
        return redacted if verdict.enforced else attrs.evolve(untouched, removed=redacted.removed)

    # Responses.

    def answered(self, purpose: str, response: Response, moment: Moment) -> list[Act]:
        """A response to what was started for `purpose`."""
        _forget_unreadable(response)
        self._heard(response, moment)
        if purpose == INVITE:
            return self._answered_invite(response, moment)
        if purpose in self.lapsed:
            return self.lapsed[purpose].answered(response, self.pair.context.ids)
        if purpose in upkeep.PURPOSES:
            return self._unless_lost(upkeep.answered(self.pair, purpose, response, moment), moment)
        return self._unless_lost(self.relays.answered(self.pair, purpose, response, moment), moment)

    def failed(self, purpose: str, cause: Cause, moment: Moment) -> list[Act]:
        """What was started for `purpose` will have no response."""
        status = 408 if cause is Cause.TIMEOUT else 500
        if purpose == INVITE:
            if self.state is CALLING:
                again = self._way().missed(cause, moment)
                return self._try_again(again, moment) if again else self._missed(status, cause, moment)
            return self._close() if self.state is CANCELLING else []
        if purpose in upkeep.PURPOSES:
            return self._unless_lost(upkeep.failed(self.pair, purpose, cause, moment), moment)
        return self._unless_lost(self.relays.failed(self.pair, purpose, status), moment)

    def _missed(self, status: int, cause: Cause, moment: Moment) -> list[Act]:
        goes, acts = self._go_elsewhere(moment)
        return acts if goes else [*acts, *self._fail(status, f"target: {cause}", moment)]

    def _go_elsewhere(self, moment: Moment) -> tuple[bool, list[Act]]:
        """Tries the next number that the call was redirected to, if there is one."""
        goes, alarms = self.redirections.follow(self.pair, self._way(), self.counted, moment)
        return goes, [*alarms, *(self._try(self._way(), moment) if goes else ())]

    def _heard(self, response: Response, moment: Moment) -> None:
        """A response is a sign of life; a 100 is only that of the next hop."""
        if response.status == 100:
            return
        call_id = response.call_id
        for leg in (self.pair.a, self.pair.b):
            if leg is not None and leg.call_id == call_id:
                leg.liveness.hear(moment.tick)

    def invite_over(self, moment: Moment) -> list[Act]:
        """No response to the B leg's INVITE can come any more, from whatever branch of a fork (RFC 6026 §8.4).

        A call may still ring then: its caller has hung up the one branch that accepted it, and none has in 64*T1 since.
        """
        if self.state is ENGAGING:
            return []  # that was of a try before; the INVITE of the next waits for an engine
        self.outgoing = None
        if self.b is not None:
            self.b.branches.clear()
            self.b.acks.forget(self.b.invite_number)
        if self.state is CALLING:
            return self._fail(480, "no answer", moment)
        return self._close() if self.state is CANCELLING else []

    def _answered_invite(self, response: Response, moment: Moment) -> list[Act]:
        status = response.status
        again = self._way().answered(response, moment, self.pair.context.ids) if self.state is CALLING else None
        if again is not None:
            return self._try_again(again, moment)
        if status == 100:
            return []
        if status < 200:
            return self._ringing(response, moment) if self.state is CALLING else []
        if status < 300:
            return self._accepted(response, moment)
        if self.state is CANCELLING:
            return self._close()
        return self._refused(response, moment) if self.state is CALLING else []

    def _ringing(self, response: Response, moment: Moment) -> list[Act]:
        branch = response.to.tag
        if response.status == 199 and branch not in self.pair.a.branches:
            return []  # RFC 6228: the end of an early dialog that the caller has not heard of
        if branch in self._callee().left:
            return []
        self._way().rings(response)
        tag = self._turn_to_branch(response)[0].local_tag if branch else self.pair.a.tag
        lost = self.relays.lose(self.pair.a.branches)
        return [*lost, Reply(self.key, self._carry(response, moment, tag))]

    def _accepted(self, response: Response, moment: Moment) -> list[Act]:
        leg = self._callee()
        repeated = leg.acks.repeat(response)
        if repeated is not None:
            return [Transmit(leg.next_hop(), repeated)]
        if response.to.tag in leg.left:
            return self._unwanted(response)
        if self.state is not CALLING:
            return [] if leg.held is not None and leg.held.to.tag == response.to.tag else self._unwanted(response)
        near, dialog = self._turn_to_branch(response)
        dialog.confirm(response)
        acts = self._acknowledge_unless_offer(leg, response, dialog)
        self.state, self.answer_by = ANSWERED, None
        self.answered_at = moment.tick
        self.ends_by = moment.tick + self.pair.context.longest
        reply = self._carry(response, moment, near.local_tag)
        self._keep_alive(leg, response, reply, moment.tick)
        near.confirm(reply)
        early.settle(self.pair)
        self._agree(dialog.remote_tag)
        acts += self.relays.lose((dialog.remote_tag,))
        acts.append(account.answer_record(self.pair, leg, self._way(), self.redirections.followed, moment))
        is_awaited = leg.held is not None
        acts.append(self.pair.a.answer(self.key, reply, self.pair.context.timing, moment.tick, is_awaited=is_awaited))
        self.invite = None
        self.pair.settle()
        return acts

    def _agree(self, branch: str) -> None:
        """That branch has accepted the call, and what the caller's INVITE has offered, if it did."""
        media.chosen(self.pair, branch)
        if self._offers():
            media.settled(self.pair)

    def _keep_alive(self, leg: Leg, response: Response, reply: Response, now: float) -> None:
        """From the 2xx on, each side has its session timer, or is asked for a sign of life when it is silent."""
        leg.liveness.timer.accepted(response, now)
        state(reply, self.pair.a.liveness.accept(self._pending(), now))
        for side in (self.pair.a, leg):
            side.liveness.begin(now, 0 if self.pair.is_emergency else self.pair.context.probe_seconds)

    def _acknowledge_unless_offer(self, leg: Leg, response: Response, dialog: Dialog) -> list[Act]:
        """ACKs at once, so that a slow caller starves nobody; a late offer's ACK waits for its answer (§13.2.2.4)."""
        if self._offers() or not response.body:
            return [leg.acknowledge(response, dialog, self.pair.context.ids, Headers(), b"")]
        leg.held = response
        return []

    def _unwanted(self, response: Response) -> list[Act]:
        """A 2xx that comes after a CANCEL, or from another branch of a fork."""
        fork = self.fork()
        return [] if fork is None else fork.answered(response, self.pair.context.ids)

    def fork(self) -> Fork | None:
        """What hangs up the branches that accept the call when it needs them no more; None once none can."""
        sent = None if self.outgoing is None else self.outgoing.sent
        return None if self.b is None or sent is None else Fork(self.b, sent)

    def _refused(self, response: Response, moment: Moment) -> list[Act]:
        """A failure crosses, but a 503 would speak of our own service when it was theirs that failed (§16.7 step 6,
        §21.5.4), and a 422 is about a session interval that the caller has never heard of (RFC 4028)."""
        self.redirections.hear(response, self.pair, self._way())
        goes, acts = self._go_elsewhere(moment)
        if goes:
            return acts
        if response.status < 400:
            return [*acts, *self._redirected(response, moment)]
        if response.status in (401, 407) and not is_theirs(self._callee().trunk.accounts, response):
            return [*acts, *self._denied(moment)]
        if response.status in (422, 503):
            response.status, response.reason = 500, phrase_of(500)
            response.headers.remove("retry-after")
        reply = self._carry(response, moment, self.pair.a.tag)
        return [*acts, *self._end("failed", reply.status, moment, Reply(self.key, reply))]

    def _redirected(self, response: Response, moment: Moment) -> list[Act]:
        """A 3xx crosses only where its trunk may say where calls go, and never with the other side's addresses."""
        contacts = passed(response, self.pair, self._way())
        if not contacts:
            return self._fail(480, "redirected", moment)
        response.body = b""
        response.headers = response.headers.without(CONTENT)
        reply = self._carry(response, moment, self.pair.a.tag)
        for contact in contacts:
            reply.headers.add("Contact", contact)
        return self._end("redirected", reply.status, moment, Reply(self.key, reply))

    def _denied(self, moment: Moment) -> list[Act]:
        """The trunk's credentials were not taken.

        The caller has none for that realm, so a 401 or 407 would ask for what nobody can give; a 403 would say that
        the call is forbidden, which may be the decree's word and is not the caller's fault. So it is an error of ours.
        """
        leg = self._callee()
        host, port = leg.flow.remote
        alarm = Alarm("credentials", f"trunk {leg.trunk.name}: {host} port {port} does not take its credentials")
        return [alarm, *self._fail(500, "credentials", moment)]

    def _carry(self, response: Response, moment: Moment, tag: str) -> Response:
        """A B leg response as the A leg's, with that tag of ours."""
        invite, leg = self._pending(), self._callee()
        carried = self.pair.carried(leg, response, moment, offers=not self._offers())
        reply = response_to(invite, response.status, response.reason, to_tag=tag, body=carried.body)
        if response.status < 300:
            for value in invite.headers.all("record-route"):
                reply.headers.add("Record-Route", value)
            reply.headers.add("Contact", self.pair.a.socket.contact)
        reply.headers.extend(carried.headers)
        leg.liveness.learn(response)
        self.pair.described(leg, response, carried.headers, carried.body)
        return reply

    # Requests of the peers.

    def requested(self, leg: Leg, request: Request, key: Key, moment: Moment) -> list[Act]:
        """A request in the dialog of one leg."""
        is_ours = early.turn_for(self.pair, leg, request)
        over = self.state in (PARTING, CANCELLING) and request.method != "BYE"
        if leg.dialog is None or over or not is_ours:
            return [Reply(key, response_to(request, 481))]
        try:
            leg.dialog.receive(request)
        except ProtocolError as error:
            return [Reply(key, response_to(request, error.status, str(error)))]
        leg.liveness.hear(moment.tick)
        if request.method == "BYE":
            return self._hang_up(leg, request, key, moment)
        return self.relays.requested(self.pair, leg, request, key, moment, inviting=self.invite is not None)

    def acknowledged(self, leg: Leg, ack: Request, moment: Moment) -> list[Act]:
        """The ACK to a 2xx of ours; with a late offer it has the answer that the other side waits for."""
        if not leg.awaits(ack):
            return []
        leg.acknowledged()
        leg.liveness.hear(moment.tick)
        if self.state is PARTING:
            return self._part(leg)
        other = self.pair.other(leg)
        if other is None or other.held is None or other.dialog is None:
            return []
        carried = self.pair.carried(leg, ack, moment)
        media.settled(self.pair)
        self.pair.described(leg, ack, carried.headers, carried.body)
        answer, other.held = other.held, None
        return [other.acknowledge(answer, other.dialog, self.pair.context.ids, carried.headers, carried.body)]

    def cancelled(self, key: Key, cancel: Request, moment: Moment) -> list[Act]:
        """A CANCEL for an INVITE that has no final response (§9.2)."""
        if key != self.key:
            return self.relays.cancelled(key)
        headers = self.pair.carried(self.pair.a, cancel, moment).headers
        reasons = tuple(("Reason", value) for value in headers.all("reason"))
        return self._give_up("cancelled", 487, moment, self._reply(487), reasons=reasons)

    def _hang_up(self, leg: Leg, bye: Request, key: Key, moment: Moment) -> list[Act]:
        acts: list[Act] = [Reply(key, response_to(bye, 200))]
        if self.state is PARTING:
            return acts + (self._close() if leg.unacked is not None else [])
        if self.state is ANSWERED:
            leg.acknowledged()
            other, self.parting = self.pair.other(leg), self.pair.carried(leg, bye, moment)
            acts = [self._end_record("BYE", 200, moment, by=leg), *self._let_go(leg), *acts, *self._give_up_requests()]
            if other is None or other.unacked is None:
                return acts + self._part(other)
            # §15: a BYE "MUST NOT" go out "until it has received an ACK for its 2xx response", which may be lost.
            self.state, self.ends_by = PARTING, None
            return acts
        if leg is self.pair.a and self.state in (CALLING, ENGAGING, ASKING):
            # §15: a caller may end an early dialog by BYE; to the callee that of its only one is a CANCEL.
            if len(self.pair.a.branches) > 1:
                acts += self._bye(self.b, self.pair.carried(leg, bye, moment))
                early.close(self.pair)
                return acts + self.relays.lose(self.pair.a.branches)
            return self._give_up("BYE", 487, moment, *acts, self._reply(487))
        return [Reply(key, response_to(bye, 481))]  # §15: a callee has no BYE for an early dialog

    # The clock.

    def deadline(self) -> float | None:
        """When `tick` is due; None only when the call is over."""
        times = [self.answer_by, self.ends_by]
        is_up = self.state is ANSWERED
        for leg in (self.pair.a, self.pair.b):
            if leg is None:
                continue
            if leg.unacked is not None:
                times.append(leg.deadline())
            if is_up:
                times.append(leg.liveness.deadline())
        if self.relays.pending:
            times.append(self.relays.deadline())
        return earliest(*times)

    def tick(self, moment: Moment) -> list[Act]:
        """Does what is due."""
        now = moment.tick
        if self.answer_by is not None and now >= self.answer_by:
            return self._waited(moment)
        if self.ends_by is not None and now >= self.ends_by:
            return self._bye_both("maximum duration", moment)
        acts = self.relays.tick(now)
        for leg in (self.pair.a, self.b):
            if leg is None:
                continue
            acts += leg.tick(now)
            if leg.unacked is not None and leg.unacked.given_up:
                parting = self.state is PARTING
                return acts + (self._part(leg) if parting else self._bye_both("no ACK", moment))
        if self.state is ANSWERED:
            for leg in (self.pair.a, self.b):
                acts += [] if leg is None else upkeep.tick(self.pair, leg, moment, is_busy=self.relays.is_busy(leg))
        return self._unless_lost(acts, moment)

    def _waited(self, moment: Moment) -> list[Act]:
        if self.state is ASKING:
            # Whoever is asked says itself that it has failed, and before this: it is we who have brought no word.
            unasked = Answer(Roaming.NOT_ASKED, "no answer in time", moment.utc)
            late = {number: unasked for number in self.asked if number not in self.pair.answers}
            return self.answered_questions(late, moment)
        if self.state is ENGAGING:
            return self._end("media", 503, moment, self._reply(503))
        return self._give_up("no answer", 408, moment, self._reply(408))

    # What comes for it, before it hears that.

    def question(self, waiting: Waiting) -> Command | None:
        """What an engine must be asked before the call can hear this; None: nothing."""
        message, mover = waiting.message, self.pair.media
        if message is None or not isinstance(mover, Engaged) or not may_describe(message):
            return None
        if not describes(message.headers, message.body):
            return None
        if isinstance(message, Request) and waiting.unanswered is not None and self._refuses(waiting.leg, message):
            return None
        side = A if waiting.leg is self.pair.a else B
        branch = (message.to.tag or "") if waiting.purpose == INVITE else early.current_of(self.pair)
        offers = not self._has_offered(waiting.purpose)
        return mover.question(
            side,
            session(message.headers, message.body),
            is_offer=is_offer(message, mover, side, offers=offers),
            branch=branch,
        )

    def _refuses(self, leg: Leg | None, request: Request) -> bool:
        """Whether it will be refused unread, so that what it offers is nobody's."""
        if leg is None or self.state in (PARTING, CANCELLING):
            return True
        return self.relays.refusal(self.pair, leg, request, inviting=self.invite is not None) is not None

    def _has_offered(self, purpose: str) -> bool:
        """Whether the request that was started for `purpose` has made an offer; one of our own always has."""
        if purpose == INVITE:
            return self.invite is None or self._offers()
        relay = self.relays.pending.get(purpose)
        return relay is None or bool(relay.request.body)

    # The end.

    def hang_up(self, cause: str, moment: Moment) -> list[Act]:
        """Ends an answered call of our own accord, both sides by BYE."""
        return self._bye_both(cause, moment) if self.state is ANSWERED else []

    def _fail(self, status: int, cause: str, moment: Moment) -> list[Act]:
        return self._end(cause, status, moment, self._reply(status))

    def _give_up(
        self, cause: str, status: int, moment: Moment, *messages: Act, reasons: Sequence[tuple[str, str]] = ()
    ) -> list[Act]:
        """The A leg is done before an answer: take the B leg back, which may still answer (§9.1)."""
        if self.state is ENGAGING:
            return self._end(cause, status, moment, *messages)
        if self.state is ASKING:
            undecided = account.undecided_record(self.pair, self._pending(), moment)
            return [undecided, *self._end(cause, status, moment, *messages)]
        self.state, self.answer_by, self.invite = CANCELLING, None, None
        return [self._end_record(cause, status, moment), *messages, *self.relays.give_up(), Abandon(INVITE, reasons)]

    def _bye_both(self, cause: str, moment: Moment) -> list[Act]:
        reason = Crossing(Headers.of([("Reason", f'SIP;cause=408;text="{cause}"')]), b"")
        return self._end(cause, 200, moment, *self._bye(self.pair.a, reason), *self._bye(self.b, reason))

    def _bye(self, leg: Leg | None, carried: Crossing | None) -> list[Act]:
        """Ends one leg's dialog; a 2xx of its that still waits for an ACK gets it first."""
        if leg is None or leg.dialog is None:
            return []
        acts = self._let_go(leg)
        bye = leg.request("BYE", self.pair.context.ids)
        if carried is not None:
            bye.headers.extend(carried.headers)
            bye.body = carried.body
        return [*acts, hang_up(leg, leg.dialog, bye, self.pair.context.ids)]

    def _let_go(self, leg: Leg) -> list[Act]:
        """The ACK that a 2xx of that side still waits for, without which it is repeated for 64*T1 (§13.3.1.4)."""
        if leg.held is None or leg.dialog is None:
            return []
        answer, leg.held = leg.held, None
        answered = decline(answer, is_ipv6=leg.socket.is_ipv6)
        return [leg.acknowledge(answer, leg.dialog, self.pair.context.ids, *answered)]

    def _part(self, leg: Leg | None) -> list[Act]:
        """The last BYE of a call whose end is recorded."""
        return [*self._bye(leg, self.parting), *self._close()]

    def _end(self, cause: str, status: int, moment: Moment, *messages: Act) -> list[Act]:
        """The evidence of the end, then the messages that bring it about."""
        return [self._end_record(cause, status, moment), *messages, *self._close()]

    def _end_record(self, cause: str, status: int, moment: Moment, by: Leg | None = None) -> Record:
        seconds = None if self.answered_at is None else round(moment.tick - self.answered_at, 3)
        facts = {"cause": cause, "status": status, "seconds": seconds, "by": None if by is None else by.trunk.name}
        if self.b is not None and seconds is None:
            facts |= account.way_out(self.b, self.outgoing)
        return Record("end", self.id, moment.utc, facts)

    def _close(self) -> list[Act]:
        self.state, self.answer_by, self.ends_by = ENDED, None, None
        self.pair.a.acknowledged()
        if self.b is not None:
            self.b.acknowledged()
        return [*self._give_up_requests(), Closed()]

    def fall_silent(self, moment: Moment) -> list[Act]:
        """No packet of its media has come for long: told, and by setting its end, unless somebody wants it so."""
        mover = self.pair.media
        if self.state is not ANSWERED or not isinstance(mover, Session) or mover.is_held:
            return []
        ends = self.pair.context.ways.media.ends_silent_calls and not self.pair.is_emergency
        said = Alarm("media", f"call {self.id}: nothing has come from either side for long")
        return [said, *(self._bye_both("media silent", moment) if ends else ())]

    def _give_up_requests(self) -> list[Act]:
        pair = self.pair
        if not (self.relays.pending or pair.a.liveness.asked or (pair.b is not None and pair.b.liveness.asked)):
            return []
        under_way = [*self.relays.inviting(), *upkeep.inviting(self.pair)]
        self.lapsed |= {purpose: Fork(leg, sent, is_parted=True) for purpose, leg, sent in under_way}
        return [*self.relays.give_up(), *upkeep.give_up(self.pair)]

    def _unless_lost(self, acts: list[Act], moment: Moment) -> list[Act]:
        """Ends an answered call when one of its sides has turned out to be gone.

        An emergency call goes on: who is not heard by signalling may still be talking.
        """
        for leg in (self.pair.a, self.pair.b):
            if leg is None or not leg.liveness.lost or self.state is not ANSWERED:
                continue
            if not self.pair.is_emergency:
                return [*acts, *self._bye_both(leg.liveness.lost, moment)]
            leg.liveness.rest(moment.tick)
        return acts

    # What outlives a process.

    def snapshot(self, now: float) -> Plain:
        """The call as plain data, fit for JSON; it is not changed by it."""
        return save(self, now)

    @classmethod
    def restore(cls, data: Plain, context: Context, now: float) -> "Call":
        """The call that was saved, as it was then, its times counted from `now`. Raises SnapshotError."""
        call = load(data, (cls, State), context, now)
        if not isinstance(call, cls):
            raise SnapshotError("not the snapshot of a call")
        return call

    def unanswered(self) -> list[tuple[Key, Request | Response, Leg]]:
        """What peers wait for, by the key of their request and with their leg: a request that has no final response, or
        a 2xx of ours whose ACK has not come."""
        found: list[tuple[Key, Request | Response, Leg]] = [*self.relays.unanswered()]
        if self.invite is not None:
            found.append((self.key, self.invite, self.pair.a))
        found += [
            (leg.unacked_key, parse(leg.unacked.wire), leg)
            for leg in (self.pair.a, self.b)
            if leg is not None and leg.unacked is not None and leg.unacked_key is not None
        ]
        return found

    def resumed(self, gone: Collection[str], moment: Moment) -> list[Act]:
        """It goes on where its requests of these purposes have no transaction any more.

        An INVITE, and what a peer waits for, goes out once more, the same to the octet: whoever has had it takes it for
        a copy, and says again what he has said (§17.2.1, §17.2.2).
        """
        acts = self._invite_again(moment) if INVITE in gone else []
        for purpose in sorted(upkeep.PURPOSES.intersection(gone)):
            acts += upkeep.start_again(self.pair, purpose, moment)
        return acts + self.relays.start_again(gone)

    def _invite_again(self, moment: Moment) -> list[Act]:
        fork = self.fork()
        if fork is None or self.state not in (CALLING, CANCELLING):
            # Its 2xx was answered a moment ago, and whoever has gone since may not have come to send the ACK.
            acks = [] if self.b is None else [Transmit(self.b.next_hop(), wire) for wire in self.b.acks.wires]
            return [*acks, *self.invite_over(moment)]
        start = Start(INVITE, fork.sent, fork.leg.flow)
        return [start] if self.state is CALLING else [start, Abandon(INVITE)]

    # Small things.

    def _offers(self) -> bool:
        """Whether the caller's INVITE makes an offer; a body that only says where he is makes none."""
        invite = self._pending()
        return describes(invite.headers, invite.body)

    def _pending(self) -> Request:
        assert self.invite is not None, "the INVITE has its final response"
        return self.invite

    def _way(self) -> Outgoing:
        assert self.outgoing is not None, "the B leg has a way once it is called"
        return self.outgoing

    def _callee(self) -> Leg:
        assert self.b is not None, "the B leg has not left"
        return self.b

    def _turn_to_branch(self, response: Response) -> tuple[Dialog, Dialog]:
        """The two dialogs of the branch that has sent this."""
        sent = self._way().sent
        assert sent is not None, "responses come to what was sent"
        return early.heard(self.pair, self._pending(), sent, response)

    def _reply(self, status: int, reason: str | None = None, headers: Headers | None = None) -> Reply:
        """Our own response to the A leg's INVITE."""
        tag = None if status == 100 else self.pair.a.tag
        response = response_to(self._pending(), status, reason, to_tag=tag)
        if headers is not None:
            response.headers.extend(headers)
        return Reply(self.key, response)

    def __repr__(self) -> str:
        return f"<Call {self.id} {self.state.value} {self.pair.a.trunk.name}>"


_ADDRESSED: Final = (("contact", attrgetter("contacts")), ("record-route", attrgetter("record_routes")))


def _forget_unreadable(response: Response) -> None:
    """A Contact or Record-Route that cannot be read is as if it were missing: the 2xx wants its ACK all the same."""
    for key, read in _ADDRESSED:
        try:
            if key in response.headers:
                read(response)
        except ParseError:
            response.headers.remove(key)
