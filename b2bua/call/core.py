"""The core: the transaction user of RFC 3261 §5 that is a B2BUA. It finds the call of each message, and nothing more.

Datagrams go in with a moment; `Send`, `Record`, `Ask`, `Carry`, `Engage` and `Alarm` come out, in order. A `Record` and
a `Carry` stand before the messages they are about. Between inputs the core holds only tables; `deadline()` says when it
wants to be called.
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import attrs

from b2bua.call import media
from b2bua.call.account import over_limit
from b2bua.call.acts import (
    Abandon,
    Act,
    Alarm,
    Ask,
    Carry,
    Closed,
    Engage,
    Record,
    Repeat,
    Reply,
    Start,
    Transmit,
)
from b2bua.call.call import INVITE, Call, State
from b2bua.call.context import Context
from b2bua.call.door import MOST_WAITING, Door, Waiting
from b2bua.call.farewell import Farewell
from b2bua.call.fork import Fork
from b2bua.call.hooks import place_of
from b2bua.call.leg import Leg
from b2bua.call.oracle import DECLINED
from b2bua.call.pair import Pair
from b2bua.call.probing import Probing
from b2bua.call.snapshot import Plain
from b2bua.call.trial import Trials
from b2bua.errors import SnapshotError
from b2bua.media import ng
from b2bua.media.engaged import Engaged
from b2bua.media.session import Session
from b2bua.moment import Moment
from b2bua.trunk import destination
from policy.register import Register
from policy.roaming import Answer
from sipstack.effects import Answered, Cancelled, Effect, Ended, Failed, Incoming, Key, Send
from sipstack.errors import ParseError
from sipstack.flow import Flow
from sipstack.message import Request, Response, response_to
from sipstack.transaction import TransactionLayer, client_key_of

Output = Send | Record | Ask | Carry | Engage | Alarm

#: What a B2BUA takes, in a dialog or outside (RFC 3261 §11, §20.5).
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY, REFER"
#: What an OPTIONS is told (§11.2). Of extensions the session timer alone is ours; others are of the two ends of a call.
ABILITIES = (("Allow", ALLOW), ("Accept", "application/sdp"), ("Supported", "timer"))
#: What it takes outside a dialog; a 405 names just that (§21.4.6).
ALLOW_OUTSIDE = "INVITE, ACK, CANCEL, OPTIONS"
#: Methods we know and do not serve outside a dialog: 405; an unknown one gets 501 (§8.2.1, §21.5.2).
KNOWN = frozenset(ALLOW.split(", ")) | {"PUBLISH", "REGISTER", "SUBSCRIBE"}
#: Seconds after which a refused caller may try again, when evidence cannot be written.
RETRY_AFTER = "30"
#: Stale entries the heap may hold beside the live ones before it is rebuilt.
_STALE = 1_024
#: What of a call's acts goes to the layer.
_OF_TRANSACTIONS: Final = (Reply, Start, Repeat, Abandon)


@attrs.frozen(kw_only=True)
class Statistics:
    """A snapshot, for the log, for metrics, for tests."""

    calls: int
    transactions: int
    dialogs: int
    counters: Mapping[str, int]
    """Verdicts, ends and drops by name, since the start."""
    targets: Mapping[str, Mapping[str, str]]
    """"up", "down" or "unknown" by address, for each trunk whose targets are probed."""
    shares: Mapping[str, Mapping[str, int]]
    """Callers of the last hour by transit trunk or circuit: all, and those that are foreign or anonymous."""


@attrs.define(eq=False)
class _Held:
    """A call with what the core's tables hold of it, so that they can all forget it at once."""

    call: Call
    servers: set[Key] | None = None
    """None while there are none, as is so most of a call's life."""
    clients: dict[str, Key] = attrs.field(factory=dict)
    """By purpose."""
    near: tuple[str, ...] = ()
    """Our tags on the A leg in the table of dialogs."""
    far: Leg | None = None
    """The B leg that is there; it has one tag whatever branches it has."""
    queued: float | None = None
    """The time of its live entry in the heap."""
    door: Door | None = None
    """What waits to be heard; None while nothing does."""
    asked: ng.Command | None = None
    """What an engine must have answered before it goes on."""


@attrs.define(eq=False)
class Core:
    """All calls of one gateway. `may_record` is false while evidence cannot be kept: screened INVITEs then get 503."""

    context: Context
    layer: TransactionLayer
    may_record: bool = True
    counters: Counter[str] = attrs.field(factory=Counter, init=False)
    probing: Probing = attrs.field(init=False, repr=False)
    trials: Trials = attrs.field(factory=Trials, init=False, repr=False)
    _calls: dict[str, _Held] = attrs.field(factory=dict, init=False, repr=False)
    _servers: dict[Key, _Held] = attrs.field(factory=dict, init=False, repr=False)
    """INVITE transactions of peers, which a CANCEL may name."""
    _clients: dict[Key, tuple[_Held, str]] = attrs.field(factory=dict, init=False, repr=False)
    """Transactions of ours, each with its purpose."""
    _dialogs: dict[tuple[str, str], tuple[Call, Leg]] = attrs.field(init=False, repr=False)
    """Legs by Call-ID and our tag: the table that `naming` reads too."""
    _forks: dict[Key, Fork] = attrs.field(factory=dict, init=False, repr=False)
    """INVITEs of answered calls that are over, while a branch may still accept them."""
    _farewells: dict[Key, Farewell] = attrs.field(factory=dict, init=False, repr=False)
    """BYEs of ours, while they may have to be repeated."""
    _heap: list[tuple[float, int, str]] = attrs.field(factory=list, init=False, repr=False)
    _serial: int = attrs.field(default=0, init=False)
    _lingering: dict[str, Engaged] = attrs.field(factory=dict, init=False, repr=False)
    """Calls that are over while an engine has a question of theirs."""
    _unsaid: list[Output] = attrs.field(factory=list, init=False, repr=False)
    """What is wanted of the media of calls that were put down."""
    moved: dict[str, bool] | None = attrs.field(default=None, init=False, repr=False)
    """The calls that have changed, or gone, since somebody emptied this, and whether they have done anything by it;
    None: nobody keeps them elsewhere."""

    @probing.default
    def _probing(self) -> Probing:
        return Probing.of(self.context.trunks, self.context.ids)

    @_dialogs.default
    def _named_dialogs(self) -> dict[tuple[str, str], tuple[Call, Leg]]:
        return self.context.dialogs.legs

    # Inputs.

    def amend(self, register: Register) -> None:
        """From the next INVITE on, calls are judged by this register; those that stand go on as they were judged."""
        self.context.law.register = register

    def receive(self, data: bytes, flow: Flow, moment: Moment) -> list[Output]:
        """One datagram from an admitted source."""
        return self._take(self.layer.receive(data, flow, moment.tick), moment)

    def transport_failed(self, flow: Flow, moment: Moment) -> list[Output]:
        """What was sent on `flow` does not arrive: the transactions that wait there fail at once (RFC 3261 §17.1.4)."""
        return self._take(self.layer.transport_failed(flow, moment.tick), moment)

    def answered(self, call: str, answers: Mapping[str, Answer], moment: Moment) -> list[Output]:
        """The answers to an `Ask`; for a call that is gone they are forgotten."""
        held = self._calls.get(call)
        if held is None:
            return []
        return self._go_on(held, lambda: held.call.answered_questions(answers, moment), moment)

    def engaged(self, call: str, command: ng.Command, reply: ng.Reply, moment: Moment) -> list[Output]:
        """What has come of an `Engage`, of which each has one reply at last."""
        held = self._calls.get(call)
        mover = self._lingering.get(call) if held is None else held.call.pair.media
        if not isinstance(mover, Engaged):
            return []
        following = mover.heed(command, reply)
        if held is None:
            del self._lingering[call]
        out: list[Output] = [] if following is None else [Engage(call, following)]
        if held is None or (following is not None and held.asked is not command):
            return out
        if held.asked is not command:
            return self._let_in(held, moment) if held.door and held.asked is None else []
        held.asked = following
        if following is not None:
            return out
        if held.call.state is State.ENGAGING:
            out = self._go_on(held, lambda: held.call.engaged(moment), moment)
            return out + (self._let_in(held, moment) if held.door and held.asked is None else [])
        return self._hear(held, moment) + self._let_in(held, moment) if held.door else []

    def fell_silent(self, call: str, moment: Moment) -> list[Output]:
        """Nothing has come by the media of a call for long."""
        held = self._calls.get(call)
        return [] if held is None else self._go_on(held, lambda: held.call.fall_silent(moment), moment)

    def tick(self, moment: Moment) -> list[Output]:
        """Does all that is due."""
        out = self._take(self.layer.tick(moment.tick), moment)
        out += self._take(self.probing.tick(self.layer, moment.tick), moment)
        while self._heap and self._heap[0][0] <= moment.tick:
            at, _, name = heapq.heappop(self._heap)
            held = self._calls.get(name)
            if held is None or held.queued != at:
                continue
            held.queued = None
            due = held.call.deadline()
            if due is not None and due <= moment.tick:
                out += self._go_on(held, partial(held.call.tick, moment), moment)
            else:
                self._queue(held)
        return out

    def deadline(self) -> float | None:
        """When `tick` is due next."""
        first = self._heap[0][0] if self._heap else None
        waiting = [due for due in (first, self.layer.deadline(), self.probing.deadline()) if due is not None]
        return min(waiting, default=None)

    def statistics(self) -> Statistics:
        """How much is held, and what has been."""
        drops = {f"drop: {why}": count for why, count in self.layer.statistics().drops}
        return Statistics(
            calls=len(self._calls),
            transactions=len(self.layer),
            dialogs=len(self._dialogs),
            counters={**self.counters, **drops},
            targets=self.probing.states(),
            shares=self.context.anomalies.shares.counts(),
        )

    def put_down(self, call: str, moment: Moment) -> Plain:
        """Forgets a call that goes on elsewhere, and gives what `take_up` restores; its transactions stay here.

        Raises KeyError when there is none of that name.
        """
        held = self._calls[call]
        saved = {
            "call": held.call.snapshot(moment.tick),
            "servers": sorted(held.servers or ()),
            "clients": dict(held.clients),
        }
        if isinstance(held.call.pair.media, Session):  # an engine goes on with whoever takes the call up
            self._unsaid += media.leave(held.call.pair, moment)
        self._forget(held)
        return saved

    def standing(self, call: str) -> tuple[Call, Iterable[Key], Mapping[str, Key]] | None:
        """The call of that name with the keys of its transactions, of peers and, by purpose, of ours; None: gone."""
        held = self._calls.get(call)
        return None if held is None else (held.call, held.servers or (), held.clients)

    def take_up(self, saved: Plain, moment: Moment) -> list[Output]:
        """Goes on with a call that was put down, here or in a core that is gone; where the call waits for transactions
        of that core's, they begin again. Raises SnapshotError, and has changed nothing then."""
        try:
            call = Call.restore(saved["call"], self.context, moment.tick)
            servers = [Key(key) for key in saved["servers"]]
            clients = {purpose: Key(key) for purpose, key in saved["clients"].items()}
        except (AttributeError, KeyError, TypeError) as error:
            raise SnapshotError(f"not what a core has put down: {error!r}") from error
        return self.adopt(call, servers, clients, moment)

    def adopt(self, call: Call, servers: Iterable[Key], clients: Mapping[str, Key], moment: Moment) -> list[Output]:
        """The same with a call that has been restored already, and the keys that `standing` told of it."""
        held = self._calls[call.id] = _Held(call)
        for limit in call.counted:
            limit.enter()
        self._enter(held)
        out, self._unsaid = self._unsaid, []
        if call.pair.media is not None:
            call.pair.media.resume()
        for key, message, leg in call.unanswered():
            out += self._take(self.layer.reopen(key, message, leg.flow, moment.tick), moment)
        self.layer.adopt_tag(call.key, call.a.tag)
        for key in filter(self.layer.__contains__, servers):
            self._serve(held, key)
        here = {purpose: key for purpose, key in clients.items() if key in self.layer}
        self._clients.update({key: (held, purpose) for purpose, key in here.items()})
        held.clients.update(here)
        return out + self._do(held, call.resumed(clients.keys() - here.keys(), moment), moment)

    def hang_up(self, call: str, cause: str, moment: Moment) -> list[Output]:
        """Ends an answered call of our own accord; nothing happens to one that is gone, or not answered."""
        held = self._calls.get(call)
        return [] if held is None else self._go_on(held, lambda: held.call.hang_up(cause, moment), moment)

    # From the layer.

    def _take(self, effects: Sequence[Effect | Alarm], moment: Moment) -> list[Output]:
        out: list[Output] = []
        for effect in effects:
            # By frequency: each case that is passed over costs every message.
            if type(effect) is Send:
                out.append(effect)
            elif isinstance(effect, Ended):
                out += self._ended(effect.key, moment)
            elif isinstance(effect, Answered):
                out += self._answered(effect, moment)
            elif isinstance(effect, Incoming):
                out += self._incoming(effect, moment)
            elif isinstance(effect, Cancelled):
                out += self._cancelled(effect, moment)
            elif isinstance(effect, Failed):
                out += self._failed(effect, moment)
            elif isinstance(effect, Alarm):
                out.append(effect)
        return out

    def _incoming(self, effect: Incoming, moment: Moment) -> list[Output]:
        request, key = effect.request, effect.key
        tag = request.to.tag
        if tag is not None:
            found = self._dialogs.get((request.call_id, tag))
            if found is not None and found[1].hears(effect.flow):
                return self._inside(*found, request, key, moment)
            return [] if key is None else self._respond(key, request, 481, moment)
        if key is None:
            return []
        if request.method == "INVITE":
            return self._new_call(effect, key, moment)
        return self._outside(request, key, moment)

    def _inside(self, call: Call, leg: Leg, request: Request, key: Key | None, moment: Moment) -> list[Output]:
        """A request in the dialog of a leg; an ACK has no key."""
        held = self._calls[call.id]
        if request.method == "INVITE" and key is not None:
            self._serve(held, key)
        if type(call.pair.media) is Engaged:
            return self._wait(held, Waiting.of_request(call, leg, request, key), moment)
        if key is None:
            return self._do(held, call.acknowledged(leg, request, moment), moment)
        return self._do(held, call.requested(leg, request, key, moment), moment)

    def _outside(self, request: Request, key: Key, moment: Moment) -> list[Output]:
        """A request outside a dialog that opens no call."""
        if request.method == "OPTIONS":
            return self._respond(key, request, 200, moment, ABILITIES)
        in_dialogs = request.method in ("BYE", "PRACK", "UPDATE")  # they live there only (§12.2.2)
        status = 481 if in_dialogs else 405 if request.method in KNOWN else 501
        return self._respond(key, request, status, moment, (("Allow", ALLOW_OUTSIDE),))

    def _new_call(self, incoming: Incoming, key: Key, moment: Moment) -> list[Output]:
        context, invite, flow = self.context, incoming.request, incoming.flow
        trunk = context.trunks.find(flow.socket, *flow.remote)
        if trunk is None:
            # The driver admits by the same table, so this is a reload that took the trunk away in between.
            return self._respond(key, invite, 403, moment)
        if trunk.redirect is None and self._has_looped(invite):
            self.counters["refused: loop"] += 1
            return self._respond(key, invite, 482, moment)
        emergency = context.routes.is_emergency_call(invite.uri, carried=trunk.redirect is not None)
        if emergency:
            self.counters["emergency"] += 1
        leg = context.caller(trunk, flow, invite, incoming.to_tag, moment)
        if leg.is_screened and leg.is_enforced and not self.may_record and not emergency:
            self.counters["refused: no evidence possible"] += 1
            return self._respond(key, invite, _busy(leg), moment, (("Retry-After", RETRY_AFTER),))
        wait = None if emergency else trunk.inward.admit(moment.tick)
        if wait is not None:
            return self._over_limit(leg, key, invite, wait, moment)
        pair = Pair(call=context.ids.call_id(), context=context, a=leg)
        call = Call(pair=pair, key=key, invite=invite, counted=[] if emergency else [trunk.inward])
        held = self._calls[call.id] = _Held(call)
        self._serve(held, key)
        self._enter(held)
        news = self.trials.news(leg.known_as, context.register, moment)
        return [*news, *self._go_on(held, lambda: call.begin(moment), moment)]

    def _go_on(self, held: _Held, act: Callable[[], list[Act]], moment: Moment) -> list[Output]:
        """What a call does where nothing but its own doing would wake it again.

        A bug of ours there ends it, for else it would keep its place among the calls for ever, and its caller waiting.
        """
        try:
            acts = act()
        except Exception as error:
            call = held.call
            self.counters["bug"] += 1
            self._forget(held)
            where = place_of(error.__traceback__)
            alarm = Alarm("bug", f"call {call.id} is given up: {type(error).__name__} at {where}")
            return [
                alarm,
                *self._give_back(held, moment),
                *(self._respond(call.key, call.invite, 500, moment) if call.invite is not None else ()),
            ]
        return self._do(held, acts, moment)

    def _over_limit(self, leg: Leg, key: Key, invite: Request, wait: int, moment: Moment) -> list[Output]:
        """Refused before it is judged, so without a line of evidence: a flood must not fill the journal."""
        self.counters["refused: limit"] += 1
        refusal = self._respond(key, invite, _busy(leg), moment, (("Retry-After", str(wait)),))
        return [*over_limit(f"from trunk {leg.trunk.name}", leg.trunk.inward, moment), *refusal]

    def _has_looped(self, invite: Request) -> bool:
        """Whether it is an INVITE of ours that has come back to ask for what it asked for before (§16.3 step 4).

        A Via of ours stands in it with the branch of a call that still waits for an answer. With another called
        number, or another routing number of a ported one, it has been forwarded, and goes on: a spiral. What comes
        back without our Via, through a gateway that hides it, is ended by Max-Forwards.
        """
        lines = invite.headers.all("via")
        try:
            vias = invite.vias if len(lines) > 1 or "," in lines[0] else (invite.via,)  # one, which has been read
        except ParseError:
            return False
        for branch in [via.branch for via in vias if via.branch]:
            held, purpose = self._clients.get(client_key_of(INVITE.upper(), branch), (None, ""))
            first = held.call.invite if held is not None and purpose == INVITE else None
            if first is not None and destination(first.uri) == destination(invite.uri):
                return True
        return False

    def _serve(self, held: _Held, key: Key) -> None:
        self._servers[key] = held
        if held.servers is None:
            held.servers = set()
        held.servers.add(key)

    def _cancelled(self, effect: Cancelled, moment: Moment) -> list[Output]:
        held = self._servers.get(effect.key)
        if held is None:
            return []
        if held.door:
            call, key, cancel = held.call, effect.key, effect.request
            return self._wait(held, Waiting(hear=lambda now: call.cancelled(key, cancel, now)), moment)
        return self._do(held, held.call.cancelled(effect.key, effect.request, moment), moment)

    def _answered(self, effect: Answered, moment: Moment) -> list[Output]:
        held, purpose = self._clients.get(effect.key, (None, ""))
        if effect.key in self._forks:
            return self._refuse_branch(self._forks[effect.key], effect.response, moment)
        if effect.key in self._farewells:
            return self._repeat_farewell(self._farewells[effect.key], effect.response, moment)
        if held is None:
            return [*self.probing.answered(effect.key, effect.response, moment.tick)]
        if type(held.call.pair.media) is Engaged:
            return self._wait(held, Waiting.of_response(held.call, purpose, effect.response), moment)
        return self._do(held, held.call.answered(purpose, effect.response, moment), moment)

    def _wait(self, held: _Held, waiting: Waiting, moment: Moment) -> list[Output]:
        """Lets an input in where an engine need not be asked before, and none is before it at the door."""
        if held.door is None:
            held.door = deque()
        if len(held.door) >= MOST_WAITING:
            self.counters["refused: engine"] += 1
            return [] if waiting.unanswered is None else self._respond(*waiting.unanswered, 503, moment)
        held.door.append(waiting)
        return self._let_in(held, moment) if len(held.door) == 1 and held.asked is None else []

    def _let_in(self, held: _Held, moment: Moment) -> list[Output]:
        """What waits, in its order, up to what an engine must be asked about."""
        out: list[Output] = []
        while held.door:
            if held.call.state is State.ENGAGING or media.is_undoing(held.call.pair):
                return out
            first = held.door[0]
            held.asked = held.call.question(first)
            if held.asked is not None:
                return [*out, Engage(held.call.id, held.asked)]
            out += self._hear(held, moment)
        held.door = None
        return out

    def _hear(self, held: _Held, moment: Moment) -> list[Output]:
        """The first at the door is let in."""
        assert held.door, "somebody waits"
        first = held.door.popleft()
        try:
            acts = first.hear(moment)
        except Exception as error:  # else nobody behind it would ever be heard
            self.counters["bug"] += 1
            return [Alarm("bug", f"call {held.call.id}: {type(error).__name__} at {place_of(error.__traceback__)}")]
        return self._do(held, acts, moment)

    def _refuse_branch(self, fork: Fork, response: Response, moment: Moment) -> list[Output]:
        """A branch accepts a call that is over."""
        out: list[Output] = []
        for act in fork.answered(response, self.context.ids):
            match act:
                case Transmit(flow=flow, wire=wire):
                    out.append(Send(flow, wire))
                case Start():
                    out += self._take(self._part(act, moment.tick), moment)
        return out

    def _repeat_farewell(self, farewell: Farewell, response: Response, moment: Moment) -> list[Output]:
        """A BYE is answered, with a challenge perhaps."""
        again = farewell.answered(response, self.context.ids)
        return [] if again is None else self._take(self._part(again, moment.tick), moment)

    def _failed(self, effect: Failed, moment: Moment) -> list[Output]:
        held, purpose = self._clients.get(effect.key, (None, ""))
        if held is None:
            return [*self.probing.failed(effect.key, effect.cause, moment.tick)]
        if held.call.b is not None and purpose == INVITE:
            self.probing.doubt(held.call.b.trunk, held.call.b.flow, moment.tick)
        if held.door:
            call, cause = held.call, effect.cause
            return self._wait(held, Waiting(hear=lambda now: call.failed(purpose, cause, now)), moment)
        return self._do(held, held.call.failed(purpose, effect.cause, moment), moment)

    def _ended(self, key: Key, moment: Moment) -> list[Output]:
        server = self._servers.pop(key, None)
        if server is not None and server.servers is not None:
            server.servers.discard(key)
            server.servers = server.servers or None
        self._forks.pop(key, None)
        self._farewells.pop(key, None)
        held, purpose = self._clients.pop(key, (None, ""))
        if held is None:
            return []
        # Each target has an INVITE of its own; only the last is remembered.
        if held.clients.get(purpose) != key:
            return []
        del held.clients[purpose]
        if purpose != INVITE:
            return []
        if held.door:
            return self._wait(held, Waiting(hear=held.call.invite_over), moment)
        return self._do(held, held.call.invite_over(moment), moment)

    def _respond(
        self, key: Key, request: Request, status: int, moment: Moment, headers: tuple[tuple[str, str], ...] = ()
    ) -> list[Output]:
        response = response_to(request, status, to_tag=self.context.ids.tag(), headers=headers)
        return self._take(self.layer.respond(key, response, moment.tick), moment)

    # From a call.

    def _do(self, held: _Held, acts: list[Act], moment: Moment) -> list[Output]:
        """Carries out a call's acts, in their order."""
        out: list[Output] = []
        self._enter(held)
        name = held.call.pair.call
        if self.moved is not None:
            self.moved[name] = bool(acts) or self.moved.get(name, False)
        for act in acts:
            if isinstance(act, _OF_TRANSACTIONS):
                for effect in self._transact(held, act, moment.tick):
                    if type(effect) is Send:
                        out.append(effect)
                    else:
                        out += self._take((effect,), moment)
            else:
                out += self._see_to(held, act, moment)
        mover = held.call.pair.media
        if mover is not None:
            out[:0] = media.wanted(held.call.pair, mover)
        if name in self._calls:
            self._queue(held)
        return out

    def _see_to(
        self, held: _Held, act: Record | Transmit | Closed | Ask | Carry | Engage | Alarm, moment: Moment
    ) -> Sequence[Output]:
        """An act that no transaction has to do with."""
        if isinstance(act, Record):
            self._count(act)
        elif isinstance(act, Transmit):
            return (Send(act.flow, act.wire),)
        elif isinstance(act, Closed):
            self._keep_fork(held)
            self._forget(held)
            return self._give_back(held, moment)
        elif isinstance(act, Engage) and held.call.state is State.ENGAGING:
            held.asked = act.command
        return (act,)

    def _give_back(self, held: _Held, moment: Moment) -> list[Output]:
        """The call is forgotten: so is its media, and what waits to be heard is in no dialog any more."""
        pair, waiting = held.call.pair, held.door or ()
        mover = pair.media
        if mover is None:
            return []
        if isinstance(mover, Engaged) and held.asked is not None:
            self._lingering[pair.call] = mover
        held.door = held.asked = None
        out: list[Output] = [*media.leave(pair, moment)]
        for key, request in [wanting for one in waiting if (wanting := one.unanswered) is not None]:
            out += self._respond(key, request, 481, moment)
        return out

    def _enter(self, held: _Held) -> None:
        """The table of dialogs has each leg by every tag of ours that it goes by at the moment."""
        call = held.call
        a, b = call.pair.a, call.pair.b
        near = a.tags
        if near == held.near and b is held.far:
            return  # as nearly always
        if call.id not in self._calls:
            return
        for tag in held.near:
            if tag not in near:
                del self._dialogs[a.call_id, tag]
        for tag in near:
            self._dialogs[a.call_id, tag] = call, a
        if b is not None:
            self._dialogs[b.call_id, b.tag] = call, b
        held.near, held.far = near, b

    def _transact(self, held: _Held, act: Reply | Repeat | Start | Abandon, now: float) -> list[Effect]:
        if isinstance(act, Reply):
            effects = self.layer.respond(act.key, act.response, now, wire=act.wire)
            if act.response.status < 200 and act.key == held.call.key:
                # Whichever branch has spoken last, a CANCEL is answered like the INVITE it ends (§9.2).
                self.layer.adopt_tag(act.key, held.call.a.tag)
            return effects
        if isinstance(act, Start):
            return self._start(held, act, now)
        if isinstance(act, Repeat):
            return self.layer.repeat(act.key, act.wire, now)
        client = held.clients.get(act.purpose)
        return [] if client is None else self.layer.cancel(client, now, act.headers)

    def _part(self, act: Start, now: float) -> list[Effect]:
        """Sends a BYE, which no call waits for."""
        key, effects = self.layer.request(act.request, act.flow, now)
        if act.farewell is not None and act.farewell.leg.trunk.accounts:
            self._farewells[key] = act.farewell
        return effects

    def _start(self, held: _Held, act: Start, now: float) -> list[Effect]:
        if act.farewell is not None:
            return self._part(act, now)
        key, effects = self.layer.request(act.request, act.flow, now)
        self._clients[key] = held, act.purpose
        held.clients[act.purpose] = key
        return effects

    def _count(self, record: Record) -> None:
        if record.kind == "verdict":
            self.counters[f"verdict: {record.facts['verdict']}"] += 1
            flags = record.facts.get("flags")
            if isinstance(flags, list):
                self.counters.update(f"flag: {flag}" for flag in flags)
        elif record.kind == "end":
            self.counters[f"end: {record.facts['cause']}"] += 1

    def _keep_fork(self, held: _Held) -> None:
        for purpose, lapsed in held.call.lapsed.items():
            if purpose in held.clients:
                self._forks[held.clients[purpose]] = lapsed
        inviting, fork = held.clients.get(INVITE), held.call.fork()
        if inviting is not None and fork is not None and held.call.answered_at is not None:
            self._forks[inviting] = fork

    def _forget(self, held: _Held) -> None:
        """Every table forgets the call; transactions that linger in the layer answer nobody any more."""
        call = held.call
        if self.moved is not None:
            self.moved[call.id] = True
        del self._calls[call.id]
        for limit in call.counted:
            limit.leave()
        for tag in held.near:
            del self._dialogs[call.a.call_id, tag]
        if held.far is not None:
            del self._dialogs[held.far.call_id, held.far.tag]
        for key in held.servers or ():
            self._servers.pop(key, None)
        for key in held.clients.values():
            self._clients.pop(key, None)
        if len(self._heap) > _STALE + 2 * len(self._calls):
            self._compact()

    def _compact(self) -> None:
        """Drops what ended calls left in the heap; else each would lie there until its longest duration."""
        calls = self._calls
        self._heap = [entry for entry in self._heap if entry[2] in calls and calls[entry[2]].queued == entry[0]]
        heapq.heapify(self._heap)

    def _queue(self, held: _Held) -> None:
        """Puts the call into the heap unless an entry of its own comes earlier."""
        due = held.call.deadline()
        if due is not None and (held.queued is None or due < held.queued):
            held.queued = due
            self._serial += 1
            heapq.heappush(self._heap, (due, self._serial, held.call.id))


def _busy(leg: Leg) -> int:
    """How a call is refused that nobody has judged: to who only asks, a 503 would be leave to go another way."""
    return DECLINED if leg.trunk.redirect is not None and leg.is_screened else 503
