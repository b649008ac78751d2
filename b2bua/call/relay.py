"""Requests inside the dialogs: each is sent on in the other leg's dialog, and its response brought back.

This carries what both ends agree on without us: re-INVITE, UPDATE, PRACK, INFO, MESSAGE, session refreshes, methods
nobody has thought of yet.
"""

import attrs

from b2bua.call import account
from b2bua.call.acts import Abandon, Act, Alarm, Reply, Start, Transmit
from b2bua.call.bridge import hops_left, rack_for
from b2bua.call.later import TELLS_WHO
from b2bua.call.leg import Leg
from b2bua.call.moment import Moment
from b2bua.call.pair import Pair
from policy.verdict import Outcome
from sipstack.effects import Key
from sipstack.message import Headers, Request, Response, response_to


@attrs.define(eq=False)
class Relay:
    """A request on its way through us."""

    origin: Leg
    far: Leg
    key: Key
    request: Request
    number: int
    """The CSeq number it was sent on with."""
    answer_by: float | None = None
    """Of an INVITE: when it has rung long enough, since its transaction has no limit of its own (§17.1.1.2)."""
    is_cancelled: bool = False


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
        refusal = self._refusal(pair, origin, request, inviting=inviting)
        if refusal is not None:
            return [Reply(key, response_to(request, refusal))]
        carried = pair.judged(origin, request, moment)
        record = account.later_record(pair, origin, request, carried.outcome, moment)
        if carried.outcome is Outcome.BLOCK and request.method in TELLS_WHO:
            return [*record, Reply(key, response_to(request, 603))]
        sent = far.request(request.method, pair.context.ids, hops_left(request))
        sent.headers.extend(carried.headers)
        sent.body = carried.body
        if request.method == "PRACK":
            self._renumber(sent, far)
        shown = pair.leaks(sent) if far is pair.b else None
        if shown is not None:
            alarm = Alarm("egress guard", f"call {pair.call}: {shown} of {request.method} showed what must not be seen")
            return [*record, alarm, Reply(key, response_to(request, 603))]
        self._serial += 1
        purpose = f"relay {self._serial}"
        answer_by = moment.tick + pair.context.no_answer if request.method == "INVITE" else None
        self.pending[purpose] = Relay(origin, far, key, request, sent.cseq.number, answer_by)
        return [*record, Start(purpose, sent, far.next_hop())]

    def _refusal(self, pair: Pair, origin: Leg, request: Request, *, inviting: bool) -> int | None:
        if hops_left(request) < 0:
            return 483
        if pair.is_refused(origin, request):
            return 415
        if request.method != "INVITE":
            return None
        # §14.2: one offer at a time; either side's INVITE that is not finished keeps the other's out.
        busy = any(relay.request.method == "INVITE" for relay in self.pending.values())
        waiting = any(leg is not None and (leg.unacked or leg.held) for leg in (pair.a, pair.b))
        return 491 if busy or waiting or inviting else None

    def _renumber(self, prack: Request, far: Leg) -> None:
        """RAck names the INVITE by its number, which each leg counts for itself."""
        value = prack.headers.first("rack")
        inviting = [r.number for r in self.pending.values() if r.far is far and r.request.method == "INVITE"]
        renumbered = None if value is None else rack_for(value, inviting[0] if inviting else far.invite_number)
        if renumbered is not None:
            prack.headers.replace("rack", renumbered)

    def answered(self, pair: Pair, purpose: str, response: Response, moment: Moment) -> list[Act]:
        """A response to a request we sent on."""
        relay = self.pending.get(purpose)
        if relay is None:
            return _acknowledge_again(pair, response)
        if response.status == 100:
            return []
        final = response.status >= 200
        if final:
            del self.pending[purpose]
        acts: list[Act] = []
        accepted = 200 <= response.status < 300
        if accepted:
            acts += self._accepted(pair, relay, response)
        if relay.is_cancelled:
            return acts
        carried = pair.carried(relay.far, response, moment)
        phrase = pair.phrase(relay.far, response)
        reply = response_to(relay.request, response.status, phrase, body=carried.body)
        if accepted and relay.request.method in TELLS_WHO:
            reply.headers.add("Contact", relay.origin.socket.contact)
        reply.headers.extend(carried.headers)
        if accepted and relay.request.method == "INVITE":
            acts.append(relay.origin.answer(relay.key, reply, pair.context.timing, moment.tick))
        else:
            acts.append(Reply(relay.key, reply))
        return acts

    def _accepted(self, pair: Pair, relay: Relay, response: Response) -> list[Act]:
        """Target refresh on both legs (§12.2.1.2, §12.2.2), and the ACK of a re-INVITE."""
        far, origin = relay.far, relay.origin
        for leg, message in ((far, response), (origin, relay.request)):
            if leg.dialog is not None:
                leg.dialog.refresh_by(message)
        if relay.request.method != "INVITE" or far.dialog is None:
            return []
        if relay.request.body or relay.is_cancelled or not response.body:
            return [far.acknowledge(response, far.dialog, pair.context.ids, Headers(), b"")]
        far.held = response
        return []

    def failed(self, purpose: str, status: int) -> list[Act]:
        """A request we sent on will have no response."""
        relay = self.pending.pop(purpose, None)
        return [] if relay is None or relay.is_cancelled else [Reply(relay.key, response_to(relay.request, status))]

    def cancelled(self, key: Key) -> list[Act]:
        """One side takes its re-INVITE back."""
        for purpose, relay in self.pending.items():
            if relay.key == key and not relay.is_cancelled:
                relay.is_cancelled = True
                return [Reply(key, response_to(relay.request, 487)), Abandon(purpose)]
        return []

    def deadline(self) -> float | None:
        """When `tick` is due."""
        waits = [relay.answer_by for relay in self.pending.values() if not relay.is_cancelled]
        return min((at for at in waits if at is not None), default=None)

    def tick(self, now: float) -> list[Act]:
        """Takes back the re-INVITEs that only ring: 504, since a 408 would end the whole call (§12.2.1.2)."""
        acts: list[Act] = []
        for purpose, relay in self.pending.items():
            if relay.answer_by is not None and now >= relay.answer_by and not relay.is_cancelled:
                relay.is_cancelled = True
                acts += [Reply(relay.key, response_to(relay.request, 504)), Abandon(purpose)]
        return acts

    def give_up(self) -> list[Act]:
        """The call ends: what is still pending is answered 487 (§15.1.2)."""
        relays, self.pending = self.pending, {}
        open_ = {purpose: relay for purpose, relay in relays.items() if not relay.is_cancelled}
        replies: list[Act] = [Reply(relay.key, response_to(relay.request, 487)) for relay in open_.values()]
        # An INVITE that has had its 1xx would wait for ever (§17.1.1.2 has no timer there); its CANCEL gives it one.
        return replies + [Abandon(purpose) for purpose, relay in open_.items() if relay.request.method == "INVITE"]


def _acknowledge_again(pair: Pair, response: Response) -> list[Act]:
    """A repeated 2xx of a re-INVITE: its ACK was lost."""
    for leg in (pair.a, pair.b):
        if leg is not None and leg.dialog is not None and leg.dialog.call_id == response.call_id:
            wire = leg.acks.repeat(response)
            return [] if wire is None else [Transmit(leg.next_hop(), wire)]
    return []
