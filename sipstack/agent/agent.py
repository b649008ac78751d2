"""The user agent core: the transaction user of RFC 3261 §5 that places and takes calls, for programs to embed.

It is an endpoint like the transaction layer below it: datagrams, moments and found targets go in, `Send` and `Locate`
come out. In between it tells the application what happened, and does the acts the application answers with.
"""

import heapq
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import attrs

from sipstack.agent.acts import Acknowledge, Act, Ask, Close, Open, Owner, Repeat, Reply, Tell, Watch, Withdraw
from sipstack.agent.call import Call
from sipstack.agent.context import Context
from sipstack.agent.enrolment import Enrolment
from sipstack.agent.events import Concluded, Event, Received, Requested
from sipstack.agent.incoming import IncomingCall
from sipstack.agent.inspection import inspect
from sipstack.agent.listener import Listener
from sipstack.agent.outgoing import OutgoingCall
from sipstack.agent.registration import Binding, Registration
from sipstack.agent.sending import Outcome, Renewed, Sending, Step
from sipstack.agent.session import Session
from sipstack.agent.unanswered import Unanswered
from sipstack.auth import Account, DigestClient
from sipstack.dialog import IntervalTooSmall
from sipstack.dialog.dialog import wants_sips
from sipstack.effects import Answered, Cancelled, Ended, Failed, Incoming, Key, Send
from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.flow import Flow
from sipstack.locate import FailureMemory, Locate, Located, Preferences
from sipstack.message import request as build
from sipstack.message import response_to
from sipstack.transaction import TransactionLayer
from sipstack.values import Address

Fields = Iterable[tuple[str, str]]
Output: TypeAlias = Send | Locate
Application: TypeAlias = Callable[[Event, float], Iterable[Act]]
"""What is told of every event, with the moment, and answers with acts."""

_STALE: Final = 1_024
"""Entries of calls that are over which the heap may hold beside the live ones before it is rebuilt."""
_FORBIDDEN: Final = ("ACK", "CANCEL", "INVITE")


@attrs.define(eq=False, repr=False, kw_only=True)
class UserAgent:
    """All calls of one user agent. After every input perform the outputs in order, and look at `deadline()`.

    Raises StateError when `preferences` names a transport that no listener has.
    """

    context: Context
    layer: TransactionLayer
    listeners: tuple[Listener, ...]
    """Our own addresses; the first of a transport is the one we send from."""
    application: Application
    accounts: tuple[Account, ...] = ()
    """Who we are for those who ask by 401 or 407; without any, these are refusals like others."""
    preferences: Preferences = attrs.field()
    memory: FailureMemory = attrs.field(factory=FailureMemory)
    domains: dict[tuple[str, int], str] = attrs.field(factory=dict)
    """The domain that led to an address, so that a TLS peer can be asked to prove it (RFC 5922 §7.3)."""
    _sending: Sending = attrs.field(init=False)
    _unanswered: Unanswered = attrs.field(init=False)
    _served: dict[Key, Call] = attrs.field(factory=dict, init=False)
    """INVITEs of theirs, which a CANCEL may name."""
    _sessions: dict[tuple[str, str, str], Session] = attrs.field(factory=dict, init=False)
    _due: dict[str, float] = attrs.field(factory=dict, init=False)
    """The time of each owner's live entry in the heap."""
    _heap: list[tuple[float, int, Owner]] = attrs.field(factory=list, init=False)
    _serial: int = attrs.field(default=0, init=False)

    @preferences.default
    def _spoken(self) -> Preferences:
        return Preferences(transports=tuple(dict.fromkeys(listener.transport for listener in self.listeners)))

    @_sending.default
    def _sends(self) -> Sending:
        return Sending(
            layer=self.layer,
            ids=self.context.ids,
            listeners=self.listeners,
            accounts=self.accounts,
            preferences=self.preferences,
            memory=self.memory,
            domains=self.domains,
        )

    @_unanswered.default
    def _waits(self) -> Unanswered:
        return Unanswered(self.context.ids.tag(), self.context.timing)

    # Inputs.

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Output]:
        """A datagram, or one framed message of a stream."""
        return self._take(self.layer.receive(data, flow, now), now)

    def transport_failed(self, flow: Flow, now: float) -> list[Output]:
        """What was sent by `flow` does not arrive."""
        return self._take(self.layer.transport_failed(flow, now), now)

    def located(self, located: Located, now: float) -> list[Output]:
        """The answer to a `Locate`."""
        return self._take(self._sending.located(located, now), now)

    def tick(self, now: float) -> list[Output]:
        """Do what is due."""
        out = self._take(self.layer.tick(now), now)
        while self._heap and self._heap[0][0] <= now:
            at, _, owner = heapq.heappop(self._heap)
            if self._due.get(owner.id) != at:
                continue
            del self._due[owner.id]
            due = owner.deadline()
            if due is not None and due <= now:
                out += self.do(owner.tick(now), now)
            self._watch(owner)
        return out

    def deadline(self) -> float | None:
        """When `tick` is due next."""
        heap = self._heap
        while heap and self._due.get(heap[0][2].id) != heap[0][0]:
            heapq.heappop(heap)
        times = (heap[0][0] if heap else None, self.layer.deadline())
        return min((at for at in times if at is not None), default=None)

    def __len__(self) -> int:
        """Calls and requests under way."""
        return len(self._sessions) + len(self._sending)

    # What the application does without a call.

    def register(self, binding: Binding, now: float, auth: DigestClient | None = None) -> tuple[Enrolment, list[Act]]:
        """Keep a binding alive at a registrar: `Enrolled` tells each turn it takes.

        Challenges are answered by `auth`, else for the agent's accounts.
        """
        if auth is None and self.accounts:
            auth = DigestClient(self.accounts, self.context.ids.randbytes)
        registration = Registration(binding, self.context.ids, auth)
        enrolment = Enrolment(id=self.context.ids.tag(), registration=registration)
        return enrolment, enrolment.register(now)

    def invite(
        self, uri: str, body: bytes = b"", *, caller: str, proxy: str | None = None, headers: Fields = ()
    ) -> tuple[OutgoingCall, list[Act]]:
        """Place a call: the call, and the acts that place it.

        `caller` is our From without a tag, `proxy` the URI of an outbound proxy. Without a body the other side offers.
        Raises StateError and ParseError as `OutgoingCall.begin` does.
        """
        listener = self._sending.listener_for(proxy or uri)
        return OutgoingCall.begin(
            uri, caller=caller, body=body, listener=listener, context=self.context, hop=proxy, headers=headers
        )

    def request(
        self, method: str, uri: str, *, caller: str, headers: Fields = (), body: bytes = b"", proxy: str | None = None
    ) -> Ask:
        """A request outside all calls: OPTIONS, MESSAGE, REGISTER ...; `Concluded` tells the outcome.

        The Content-Type of `body` stands in `headers`. Raises StateError for methods that are no request of their own,
        ParseError when `uri` or `caller` is none.
        """
        if method in _FORBIDDEN:
            raise StateError(f"{method} is sent by a call")
        ids, listener = self.context.ids, self._sending.listener_for(proxy or uri)
        origin = Address.parse(caller)
        tagged = attrs.evolve(origin, parameters=origin.parameters.with_("tag", ids.tag()))
        fields = [
            ("Via", listener.via(ids.branch())),
            ("Max-Forwards", "70"),
            *([] if proxy is None else [("Route", f"<{proxy}>")]),
            ("From", str(tagged)),
            ("To", f"<{uri}>"),
            ("Call-ID", ids.call_id()),
            ("CSeq", f"1 {method}"),
            *headers,
        ]
        return Ask(ids.tag(), build(method, uri, fields, body), proxy or uri)

    def do(self, acts: Iterable[Act], now: float) -> list[Output]:
        """Do acts, in their order; those that events bring forth stand where their event stood."""
        out: list[Output] = []
        for act in acts:
            out += self._do(act, now)
        return out

    def _do(self, act: Act, now: float) -> list[Output]:
        match act:
            case Tell(event=event):
                return self._tell(event, now)
            case Open(session=session):
                self._sessions[session.dialog.id] = session
            case Close(dialog=dialog):
                self._sessions.pop(dialog.id, None)
            case Watch(owner=owner):
                self._watch(owner)
            case _:
                return self._take(self._send(act, now), now)
        return []

    def _send(self, act: Reply | Repeat | Ask | Acknowledge | Withdraw, now: float) -> Iterable[Step]:
        match act:
            case Reply(key=key, response=response):
                if response.status >= 200:
                    self._unanswered.answered(key)
                return self.layer.respond(key, response, now)
            case Repeat(key=key, wire=wire):
                return self.layer.repeat(key, wire, now)
            case Ask():
                return self._sending.begin(act, now)
            case Acknowledge():
                return self._sending.acknowledge(act)
            case Withdraw(token=token, headers=headers):
                return self._sending.withdraw(token, headers, now)

    def _tell(self, event: Event, now: float) -> list[Output]:
        if isinstance(event, Received | Requested):
            self._unanswered.told(event, now)
            self._watch(self._unanswered)
        return self.do(self.application(event, now), now)

    # From below.

    def _take(self, steps: Iterable[Step], now: float) -> list[Output]:
        out: list[Output] = []
        for step in steps:
            match step:
                case Send() | Locate():
                    out.append(step)
                case Answered():
                    out += self._take(self._sending.answered(step, now), now)
                case Failed(key=key, cause=cause):
                    out += self._take(self._sending.failed(key, cause, now), now)
                case Ended(key=key):
                    self._served.pop(key, None)
                    self._unanswered.answered(key)
                    self._sending.ended(key)
                case _:
                    out += self.do(self._acts_for(step, now), now)
        return out

    def _acts_for(self, step: Step, now: float) -> list[Act]:
        """What whoever is concerned makes of it."""
        match step:
            case Incoming():
                return self._incoming(step, now)
            case Cancelled(key=key, request=cancel):
                call = self._served.get(key)
                return [] if call is None else call.cancelled(key, cancel, now)
            case Renewed(attempt=attempt):
                return [] if attempt.owner is None else attempt.owner.renewed(attempt.token, attempt.request, now)
            case Outcome(attempt=attempt, response=response):
                if attempt.owner is not None:
                    return attempt.owner.responded(attempt.token, response, now)
                return [] if response.status < 200 else [Tell(Concluded(attempt.token, response))]
        return []

    def _incoming(self, effect: Incoming, now: float) -> list[Act]:
        request, key = effect.request, effect.key
        session = self._sessions.get((request.call_id, request.to.tag or "", request.from_.tag or ""))
        if key is None:
            return [] if session is None else session.call.acknowledged(session, request, now)
        refusal = inspect(request, self.context.abilities)
        if refusal is not None:
            return [Reply(key, refusal.response(request, effect.to_tag))]
        if session is None:
            return self._outside(effect, key, now)
        if request.method == "INVITE":
            self._served[key] = session.call
        return session.call.requested(session, request, key, now)

    def _outside(self, effect: Incoming, key: Key, now: float) -> list[Act]:
        """A request outside all dialogs (§12.2.2: one with a To tag wants a dialog that is not there)."""
        request, abilities = effect.request, self.context.abilities
        if request.to.tag is not None or request.method in ("BYE", "PRACK", "UPDATE"):
            return [Reply(key, response_to(request, 481, to_tag=effect.to_tag))]
        if request.method == "INVITE":
            return self._invited(effect, key, now)
        if request.method == "OPTIONS":
            told = [*abilities.allow, *abilities.accept, *abilities.supported]
            return [Reply(key, response_to(request, 200, to_tag=effect.to_tag, headers=told))]
        return [Tell(Requested(request, key, effect.to_tag))]

    def _invited(self, effect: Incoming, key: Key, now: float) -> list[Act]:
        invite = effect.request
        try:
            listener = self._reached_at(effect.flow, secure=wants_sips(invite))
            call, acts = IncomingCall.begin(invite, key, effect.to_tag, listener, self.context, now=now)
        except IntervalTooSmall as error:
            return [Reply(key, response_to(invite, error.status, to_tag=effect.to_tag, headers=error.fields))]
        except (ProtocolError, ParseError) as error:
            return [Reply(key, response_to(invite, error.status, error.reason, to_tag=effect.to_tag))]
        self._served[key] = call
        return acts

    def _reached_at(self, flow: Flow, *, secure: bool) -> Listener:
        """Where the other side shall reach us: where it has, unless the dialog is one of sips URIs (§12.1.1)."""
        wanted = [own for own in self.listeners if secure and own.transport == "TLS"]
        wanted += [own for own in self.listeners if own.name == flow.socket]
        return (wanted or list(self.listeners))[0]

    # Deadlines of calls and registrations.

    def _watch(self, owner: Owner) -> None:
        """Put the owner into the heap unless an entry of its own comes earlier."""
        due = owner.deadline()
        queued = self._due.get(owner.id)
        if due is None:
            self._due.pop(owner.id, None)
        if due is None or (queued is not None and queued <= due):
            return
        if len(self._heap) > _STALE + 2 * len(self._due):
            self._heap = [entry for entry in self._heap if self._due.get(entry[2].id) == entry[0]]
            heapq.heapify(self._heap)
        self._due[owner.id] = due
        self._serial += 1
        heapq.heappush(self._heap, (due, self._serial, owner))

    def __repr__(self) -> str:
        return f"<UserAgent with {len(self._sessions)} dialogs, {len(self._sending)} requests under way>"
