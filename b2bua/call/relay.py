"""Requests inside the dialogs: each is sent on in the other leg's dialog, and its response brought back.

This carries what both ends agree on without us: re-INVITE, UPDATE, PRACK, INFO, MESSAGE, session refreshes, methods
nobody has thought of yet.
"""

from collections.abc import Collection

import attrs

from b2bua.call import account, early, media, transfer, upkeep
from b2bua.call.acts import Abandon, Act, Alarm, Reply, Start, Transmit
from b2bua.call.bridge import crossing, hops_left, rack_for
from b2bua.call.credentials import is_theirs
from b2bua.call.leg import Leg
from b2bua.call.liveness import GONE, state
from b2bua.call.pair import Crossing, Pair
from b2bua.call.times import earliest
from b2bua.errors import MediaError
from b2bua.identity.later import TELLS_WHO
from b2bua.moment import Moment
from policy.verdict import Outcome
from sipstack.dialog.dialog import TARGET_REFRESH
from sipstack.effects import Key
from sipstack.message import Headers, Request, Response, response_to
from sipstack.status import reason as phrase_of

#: Requests whose body, and whose answer's, may be a session description that stands from then on.
DESCRIBES = frozenset({"INVITE", "UPDATE", "PRACK"})


@attrs.define(eq=False)
class Relay:
    """A request on its way through us."""

    origin: Leg
    far: Leg
    key: Key
    request: Request
    sent: Request = attrs.field(repr=False)
    """What it became on the far leg."""
    answer_by: float | None = None
    """Of an INVITE: when it has rung long enough, since its transaction has no limit of its own (§17.1.1.2)."""
    is_cancelled: bool = False
    branch: str = ""
    """The callee's tag in the dialogs that it goes in: while the call rings there are several."""


@attrs.define(eq=False)
class Relays:
    """The requests of one call that wait for their response, by purpose."""

    pending: dict[str, Relay] = attrs.field(factory=dict)
    _serial: int = 0

    def requested(
        self, pair: Pair, origin: Leg, request: Request, key: Key, moment: Moment, *, inviting: bool
    ) -> list[Act]:
        """A request from one side: refused, or sent on; `inviting` while the call's first INVITE is unanswered."""
        far = pair.other(origin)
        if far is None or far.dialog is None:
            return [Reply(key, response_to(request, 481))]
        refusal = self.refusal(pair, origin, request, inviting=inviting)
        least = [] if refusal else self._refreshes(origin, request)
        if refusal or least:
            return [Reply(key, response_to(request, refusal or 422, headers=least))]
        try:
            carried = pair.judged(origin, request, moment)
        except MediaError as error:
            return [Reply(key, response_to(request, error.status, str(error)))]
        record = account.later_record(pair, origin, request, carried.outcome, moment)
        forbidden = carried.enforced and carried.outcome is Outcome.BLOCK and request.method in TELLS_WHO
        refused = 603 if forbidden else transfer.adapt(pair, origin, far, request, carried)
        if refused is not None:
            if request.body and request.method in DESCRIBES:
                media.refused(pair)
            return [*record, Reply(key, response_to(request, refused))]
        sent = far.request(request.method, pair.context.ids, hops_left(request))
        transfer.remember(far, sent, request)
        sent.headers.extend(carried.headers)
        sent.body = carried.body
        if request.method == "PRACK":
            self._renumber(sent, far)
        far.prove(sent, pair.context.ids)
        shown = pair.leaks(sent) if far is pair.b else None
        if shown is not None:
            if request.body and request.method in DESCRIBES:
                media.refused(pair)
            alarm = Alarm("egress guard", f"call {pair.call}: {shown} of {request.method} showed what must not be seen")
            return [*record, alarm, Reply(key, response_to(request, 603))]
        if request.method in TELLS_WHO:
            state(sent, far.liveness.timer.request_fields())
        answer_by = moment.tick + pair.context.no_answer if request.method == "INVITE" else None
        relay = Relay(origin, far, key, request, sent, answer_by, branch=early.current(pair))
        return [*record, self._start(relay)]

    def _start(self, relay: Relay) -> Start:
        self._serial += 1
        purpose = f"relay {self._serial}"
        self.pending[purpose] = relay
        return Start(purpose, relay.sent, relay.far.next_hop())

    def _refreshes(self, origin: Leg, request: Request) -> list[tuple[str, str]]:
        """Takes note of a target refresh; the Min-SE of a 422, where its session interval is too small."""
        if request.method not in TELLS_WHO:
            return []
        origin.liveness.learn(request)
        return origin.liveness.too_small(request)

    def refusal(self, pair: Pair, origin: Leg, request: Request, *, inviting: bool) -> int | None:
        """The status of a request that goes no further, whatever it says of the session."""
        if hops_left(request) < 0:
            return 483
        if transfer.is_refused(pair, origin, request):
            return 403
        if pair.is_refused(origin, request):
            return 415
        if request.method == "UPDATE":
            return 491 if _crosses_ours(origin, pair.other(origin), request) else None
        if request.method != "INVITE":
            return None
        # §14.2: one offer at a time; either side's INVITE that is not finished keeps the other's out.
        busy = any(relay.request.method == "INVITE" for relay in self.pending.values())
        legs = (pair.a, pair.b)
        waiting = any(leg is not None and (leg.unacked or leg.held or upkeep.offers(leg)) for leg in legs)
        return 491 if busy or waiting or inviting else None

    def is_busy(self, leg: Leg) -> bool:
        """Whether a request about the session is under way on that leg, so that one of our own must wait (§14.1)."""
        relays = self.pending.values()
        under_way = any(relay.request.method in TELLS_WHO and leg in (relay.origin, relay.far) for relay in relays)
        return under_way or leg.unacked is not None or leg.held is not None

    def _renumber(self, prack: Request, far: Leg) -> None:
        """RAck names the INVITE by its number, which each leg counts for itself."""
        value = prack.headers.first("rack")
        inviting = [r.sent.cseq.number for r in self.pending.values() if r.far is far and r.request.method == "INVITE"]
        renumbered = None if value is None else rack_for(value, inviting[0] if inviting else far.invite_number)
        if renumbered is not None:
            prack.headers.replace("rack", renumbered)

    def answered(self, pair: Pair, purpose: str, response: Response, moment: Moment) -> list[Act]:
        """A response to a request we sent on."""
        relay = self.pending.get(purpose)
        if relay is None:
            return _acknowledge_again(pair, response)
        early.turn(pair, relay.branch)
        if response.status == 100 or (response.status < 200 and relay.request.method != "INVITE"):
            return []  # RFC 4320 §4.1: no provisional response but 100 to anything but an INVITE
        final = response.status >= 200
        if final:
            del self.pending[purpose]
            if relay.is_cancelled:
                self._conclude(pair, relay, 487)
            again = self._proved(pair, relay, response) or self._renegotiated(pair, relay, response)
            if again is not None:
                return [again]
        acts: list[Act] = []
        accepted = 200 <= response.status < 300
        if accepted:
            acts += self._accepted(pair, relay, response, moment)
        if relay.is_cancelled:
            return acts
        _look_for_end(relay, response.status)
        carried = pair.carried(relay.far, response, moment, offers=not relay.request.body)
        self._conclude(pair, relay, response.status)
        phrase = pair.phrase(relay.far, response)
        reply = response_to(relay.request, response.status, phrase, body=carried.body)
        if accepted:
            self._refreshed(pair, relay, response, carried, reply, now=moment.tick)
        reply.headers.extend(carried.headers)
        if accepted and relay.request.method == "INVITE":
            is_awaited = relay.far.held is not None
            acts.append(relay.origin.answer(relay.key, reply, pair.context.timing, moment.tick, is_awaited=is_awaited))
        else:
            acts.append(Reply(relay.key, reply))
        return acts

    def _conclude(self, pair: Pair, relay: Relay, status: int) -> None:
        """What a request has offered is agreed, unless the ACK has its answer yet to bring, or has come to nothing."""
        if status < 200 or relay.request.method not in DESCRIBES:
            return
        if not relay.request.body and relay.request.method != "INVITE":
            return  # a PRACK or an UPDATE that says nothing of the session leaves open what an INVITE offers
        if status >= 300:
            media.refused(pair)
        elif relay.request.body or relay.request.method != "INVITE":
            media.settled(pair)

    def _proved(self, pair: Pair, relay: Relay, response: Response) -> Start | None:
        """After a 401 or 407 that the far leg's trunk has credentials for: the request once more, with them (§22.2).

        Where they are no use, None; the request has failed then, by no fault of the origin's.
        """
        far = relay.far
        if relay.is_cancelled or far.dialog is None:
            return None
        sent = far.again(relay.sent, response, far.dialog, pair.context.ids)
        if sent is None:
            if response.status in (401, 407) and not is_theirs(far.trunk.accounts, response):
                response.status, response.reason = 500, phrase_of(500)
            return None
        relay.sent = sent
        transfer.remember(far, sent, relay.request)
        return self._start(relay)

    def _renegotiated(self, pair: Pair, relay: Relay, response: Response) -> Start | None:
        """After a 422, which is about the far leg alone: the request once more with a longer interval (RFC 4028 §7.3).

        Where that is no use, None; the request has failed then, by no fault of the origin's.
        """
        if response.status != 422:
            return None
        if relay.is_cancelled or not relay.far.liveness.timer.too_small(response):
            response.status, response.reason = 500, phrase_of(500)
            return None
        sent = relay.far.request(relay.sent.method, pair.context.ids, relay.sent.max_forwards or 0)
        sent.headers.extend(crossing(relay.sent))
        sent.body = relay.sent.body
        state(sent, relay.far.liveness.timer.request_fields())
        relay.far.prove(sent, pair.context.ids)
        relay.sent = sent
        return self._start(relay)

    def _refreshed(
        self, pair: Pair, relay: Relay, response: Response, carried: Crossing, reply: Response, *, now: float
    ) -> None:
        """A request about the session is accepted: its descriptions stand, and the origin's timer begins anew."""
        if relay.request.method in DESCRIBES:
            pair.described(relay.origin, relay.request, relay.sent.headers, relay.sent.body)
            pair.described(relay.far, response, carried.headers, carried.body)
        if relay.request.method in TARGET_REFRESH:
            reply.headers.add("Contact", relay.origin.socket.contact)
        if relay.request.method in TELLS_WHO:
            state(reply, relay.origin.liveness.accept(relay.request, now))

    def _accepted(self, pair: Pair, relay: Relay, response: Response, moment: Moment) -> list[Act]:
        """Target refresh on both legs (§12.2.1.2, §12.2.2), and the ACK of a re-INVITE."""
        far, origin = relay.far, relay.origin
        for leg, message in ((far, response), (origin, relay.request)):
            if leg.dialog is not None:
                leg.dialog.refresh_by(message)
        if relay.request.method in TELLS_WHO:
            far.liveness.learn(response)
            far.liveness.timer.accepted(response, moment.tick)
        if relay.request.method != "INVITE" or far.dialog is None:
            return []
        if relay.is_cancelled:
            return upkeep.retract(pair, far, relay.sent, response, moment)
        if relay.request.body or not response.body:
            return [far.acknowledge(response, far.dialog, pair.context.ids, Headers(), b"")]
        far.held = response
        return []

    def failed(self, pair: Pair, purpose: str, status: int) -> list[Act]:
        """A request we sent on will have no response."""
        relay = self.pending.pop(purpose, None)
        if relay is None:
            return []
        self._conclude(pair, relay, status)
        if relay.is_cancelled:
            return []
        _look_for_end(relay, status)
        # RFC 4320 §4.2: "MUST NOT send a response with Status-Code of 408 to a non-INVITE request".
        said = 504 if status == 408 and relay.request.method != "INVITE" else status
        return [Reply(relay.key, response_to(relay.request, said))]

    def lose(self, branches: Collection[str]) -> list[Act]:
        """Only these branches go on: what waits in the early dialogs of others will hear no more (RFC 3261 §12.3)."""
        if not self.pending:
            return []
        lost = [purpose for purpose, relay in self.pending.items() if relay.branch not in branches]
        over = [self.pending.pop(purpose) for purpose in lost]
        return [Reply(relay.key, response_to(relay.request, 481)) for relay in over]

    def cancelled(self, key: Key) -> list[Act]:
        """One side takes its re-INVITE back."""
        for purpose, relay in self.pending.items():
            if relay.key == key and not relay.is_cancelled:
                relay.is_cancelled = True
                return [Reply(key, response_to(relay.request, 487)), Abandon(purpose)]
        return []

    def deadline(self) -> float | None:
        """When `tick` is due."""
        if not self.pending:
            return None
        return earliest(*[relay.answer_by for relay in self.pending.values() if not relay.is_cancelled])

    def tick(self, now: float) -> list[Act]:
        """Takes back the re-INVITEs that only ring: 504, since a 408 would end the whole call (§12.2.1.2)."""
        acts: list[Act] = []
        for purpose, relay in self.pending.items():
            if relay.answer_by is not None and now >= relay.answer_by and not relay.is_cancelled:
                relay.is_cancelled = True
                acts += [Reply(relay.key, response_to(relay.request, 504)), Abandon(purpose)]
        return acts

    def inviting(self) -> list[tuple[str, Leg, Request]]:
        """The re-INVITEs under way: purpose, leg and what was sent there."""
        pending = self.pending.items()
        return [(purpose, relay.far, relay.sent) for purpose, relay in pending if relay.request.method == "INVITE"]

    def start_again(self, gone: Collection[str]) -> list[Act]:
        """Those of these purposes go out once more; what was taken back is taken back again."""
        acts: list[Act] = []
        for purpose, relay in self.pending.items():
            if purpose in gone:
                acts.append(Start(purpose, relay.sent, relay.far.next_hop()))
                acts += [Abandon(purpose)] if relay.is_cancelled else []
        return acts

    def unanswered(self) -> list[tuple[Key, Request, Leg]]:
        """The peers' requests that wait for a final response, with the leg of each."""
        waiting = [relay for relay in self.pending.values() if not relay.is_cancelled]
        return [(relay.key, relay.request, relay.origin) for relay in waiting]

    def give_up(self) -> list[Act]:
        """The call ends: what is still pending is answered 487 (§15.1.2)."""
        if not self.pending:
            return []
        relays, self.pending = self.pending, {}
        open_ = {purpose: relay for purpose, relay in relays.items() if not relay.is_cancelled}
        replies: list[Act] = [Reply(relay.key, response_to(relay.request, 487)) for relay in open_.values()]
        # An INVITE that has had its 1xx would wait for ever (§17.1.1.2 has no timer there); its CANCEL gives it one.
        return replies + [Abandon(purpose) for purpose, relay in open_.items() if relay.request.method == "INVITE"]


def _look_for_end(relay: Relay, status: int) -> None:
    """A re-INVITE or UPDATE that gets 408 or 481, or no answer, has found its session gone (§12.2.1.2, RFC 4028 §10).

    Of other methods that is not so sure: 481 to a NOTIFY speaks of a subscription (RFC 5057 §5.1), and not everybody
    answers an INFO. What only rings, or has not heard our 2xx, is for the INVITE to decide.
    """
    far = relay.far
    is_up = far.dialog is not None and far.dialog.confirmed and far.unacked is None
    if is_up and relay.request.method in TELLS_WHO and status in upkeep.ENDS_DIALOG:
        far.liveness.lost = GONE


def _crosses_ours(origin: Leg, far: Leg | None, update: Request) -> bool:
    """Whether an UPDATE meets a request of ours, across, or its offer one that is open on either leg (RFC 3311 §5.2): a
    request of ours, or a 2xx with a late offer whose ACK is still to come."""
    if far is None:
        return False
    is_open = any(upkeep.offers(leg) or leg.held is not None for leg in (origin, far))
    return upkeep.updates(far) or (bool(update.body) and is_open)


def _acknowledge_again(pair: Pair, response: Response) -> list[Act]:
    """A repeated 2xx of a re-INVITE: its ACK was lost."""
    for leg in (pair.a, pair.b):
        if leg is not None and leg.dialog is not None and leg.dialog.call_id == response.call_id:
            wire = leg.acks.repeat(response)
            return [] if wire is None else [Transmit(leg.next_hop(), wire)]
    return []
