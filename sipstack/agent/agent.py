"""The user agent core: the transaction user of RFC 3261 §5 that places and takes calls, for programs to embed.

It is an endpoint like the transaction layer below it: datagrams, moments and found targets go in, `Send` and `Locate`
come out. In between it tells the application what happened, and does the acts the application answers with.
"""

import heapq
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import attrs

from sipstack.agent.acts import Acknowledge, Act, Ask, Close, Open, Owner, Repeat, Reply, Tell, Watch, Withdraw
from sipstack.agent.attempt import Attempt
from sipstack.agent.call import Call
from sipstack.agent.context import Context
from sipstack.agent.enrolment import Enrolment
from sipstack.agent.events import Concluded, Event, Requested
from sipstack.agent.incoming import IncomingCall
from sipstack.agent.inspection import inspect
from sipstack.agent.listener import Listener
from sipstack.agent.outgoing import OutgoingCall
from sipstack.agent.registration import Binding, Registration
from sipstack.agent.session import Session
from sipstack.auth import Account, DigestClient, repeated_in_ack
from sipstack.auth.client import CREDENTIALS
from sipstack.dialog import IntervalTooSmall
from sipstack.effects import Answered, Cancelled, Cause, Effect, Ended, Failed, Incoming, Key, Send
from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.flow import Flow
from sipstack.locate import FailureMemory, Hunt, Locate, Located, Miss, Preferences, Target, search
from sipstack.message import Response, response_to
from sipstack.message import request as build
from sipstack.transaction import TransactionLayer
from sipstack.values import Address, SipUri, parse_uri

Fields = Iterable[tuple[str, str]]
Output: TypeAlias = Send | Locate
Application: TypeAlias = Callable[[Event, float], Iterable[Act]]
"""What is told of every event, with the moment, and answers with acts."""

_LARGEST_FORK: Final = 16
"""ACKs kept for repeated 2xx, per INVITE."""
_STALE: Final = 1_024
"""Entries of calls that are over which the heap may hold beside the live ones before it is rebuilt."""
_MOST_DOMAINS: Final = 4_096
_FORBIDDEN: Final = ("ACK", "CANCEL", "INVITE")


@attrs.define(eq=False, repr=False, kw_only=True)
class UserAgent:
    """All calls of one user agent. After every input perform the outputs in order, and look at `deadline()`."""

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
    _attempts: dict[str, Attempt] = attrs.field(factory=dict, init=False)
    _asked: dict[Key, Attempt] = attrs.field(factory=dict, init=False)
    _unsent_acks: dict[str, Acknowledge] = attrs.field(factory=dict, init=False)
    """ACKs whose next hop is being looked for, by branch."""
    _served: dict[Key, Call] = attrs.field(factory=dict, init=False)
    """INVITEs of theirs, which a CANCEL may name."""
    _clients: dict[str, DigestClient] = attrs.field(factory=dict, init=False)
    """By the host of the next hop."""
    _sessions: dict[tuple[str, str, str], Session] = attrs.field(factory=dict, init=False)
    _due: dict[str, float] = attrs.field(factory=dict, init=False)
    """The time of each owner's live entry in the heap."""
    _heap: list[tuple[float, int, Owner]] = attrs.field(factory=list, init=False)
    _serial: int = attrs.field(default=0, init=False)

    @preferences.default
    def _spoken(self) -> Preferences:
        return Preferences(transports=tuple(dict.fromkeys(listener.transport for listener in self.listeners)))

    # Inputs.

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Output]:
        """A datagram, or one framed message of a stream."""
        return self._take(self.layer.receive(data, flow, now), now)

    def transport_failed(self, flow: Flow, now: float) -> list[Output]:
        """What was sent by `flow` does not arrive."""
        return self._take(self.layer.transport_failed(flow, now), now)

    def located(self, located: Located, now: float) -> list[Output]:
        """The answer to a `Locate`."""
        ack = self._unsent_acks.pop(located.token, None)
        if ack is not None:
            return self._send_ack(ack, located.targets)
        attempt = self._attempts.get(located.token)
        if attempt is None or attempt.hunt is not None:
            return []
        return self._found(attempt, located.targets, located.miss, now)

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
        return len(self._sessions) + len(self._attempts)

    # What the application does without a call.

    def register(self, binding: Binding, now: float, auth: DigestClient | None = None) -> tuple[Enrolment, list[Act]]:
        """Keep a binding alive at a registrar: `Enrolled` tells each turn it takes."""
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
        listener = self._listener_for(proxy or uri)
        return OutgoingCall.begin(
            uri, caller=caller, body=body, listener=listener, context=self.context, hop=proxy, headers=headers
        )

    def request(
        self, method: str, uri: str, *, caller: str, headers: Fields = (), body: bytes = b"", proxy: str | None = None
    ) -> Ask:
        """A request outside all calls: OPTIONS, MESSAGE, REGISTER ...; `Concluded` tells the outcome.

        Raises StateError for methods that are no request of their own, ParseError when `uri` or `caller` is none.
        """
        if method in _FORBIDDEN:
            raise StateError(f"{method} is sent by a call")
        ids, listener = self.context.ids, self._listener_for(proxy or uri)
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

    def _do(self, act: Act, now: float) -> list[Output]:  # noqa: PLR0911 - one line an act
        match act:
            case Reply(key=key, response=response):
                return self._take(self.layer.respond(key, response, now), now)
            case Repeat(key=key, wire=wire):
                return self._take(self.layer.repeat(key, wire, now), now)
            case Ask():
                return self._begin(act, now)
            case Acknowledge():
                return self._acknowledge(act)
            case Withdraw(token=token, headers=headers):
                return self._withdraw(token, headers, now)
            case Tell(event=event):
                return self.do(self.application(event, now), now)
            case Open(session=session):
                self._sessions[session.dialog.id] = session
            case Close(dialog=dialog):
                self._sessions.pop(dialog.id, None)
            case Watch(owner=owner):
                self._watch(owner)
        return []

    # From the layer.

    def _take(self, effects: list[Effect], now: float) -> list[Output]:
        out: list[Output] = []
        for effect in effects:
            match effect:
                case Send():
                    out.append(effect)
                case Incoming():
                    out += self._incoming(effect, now)
                case Cancelled(key=key, request=cancel):
                    call = self._served.get(key)
                    out += [] if call is None else self.do(call.cancelled(key, cancel, now), now)
                case Answered():
                    out += self._answered(effect, now)
                case Failed(key=key, cause=cause):
                    out += self._failed(key, cause, now)
                case Ended(key=key):
                    self._served.pop(key, None)
                    self._forget(key)
        return out

    def _incoming(self, effect: Incoming, now: float) -> list[Output]:
        request, key = effect.request, effect.key
        session = self._sessions.get((request.call_id, request.to.tag or "", request.from_.tag or ""))
        if key is None:
            acts = [] if session is None else session.call.acknowledged(session, request, now)
            return self.do(acts, now)
        refusal = inspect(request, self.context.abilities)
        if refusal is not None:
            return self.do([Reply(key, refusal.response(request, effect.to_tag))], now)
        if session is not None:
            if request.method == "INVITE":
                self._served[key] = session.call
            return self.do(session.call.requested(session, request, key, now), now)
        return self.do(self._outside(effect, key), now)

    def _outside(self, effect: Incoming, key: Key) -> list[Act]:
        """A request outside all dialogs (§12.2.2: one with a To tag wants a dialog that is not there)."""
        request, abilities = effect.request, self.context.abilities
        if request.to.tag is not None or request.method in ("BYE", "PRACK", "UPDATE"):
            return [Reply(key, response_to(request, 481, to_tag=effect.to_tag))]
        if request.method == "INVITE":
            return self._invited(effect, key)
        if request.method == "OPTIONS":
            told = [("Allow", abilities.allow), ("Supported", abilities.supported)]
            told += [("Accept", ", ".join(abilities.content or ()))]
            headers = [field for field in told if field[1]]
            return [Reply(key, response_to(request, 200, to_tag=effect.to_tag, headers=headers))]
        return [Tell(Requested(request, key, effect.to_tag))]

    def _invited(self, effect: Incoming, key: Key) -> list[Act]:
        invite, flow = effect.request, effect.flow
        listener = next((own for own in self.listeners if own.name == flow.socket), self.listeners[0])
        uri = invite.request_uri
        secure = isinstance(uri, SipUri) and uri.scheme == "sips"
        try:
            call, acts = IncomingCall.begin(invite, key, effect.to_tag, listener, self.context, secure=secure)
        except IntervalTooSmall as error:
            return [Reply(key, response_to(invite, error.status, to_tag=effect.to_tag, headers=error.fields))]
        except (ProtocolError, ParseError) as error:
            return [Reply(key, response_to(invite, error.status, error.reason, to_tag=effect.to_tag))]
        self._served[key] = call
        return acts

    # Requests of ours.

    def _begin(self, ask: Ask, now: float) -> list[Output]:
        attempt = self._attempts[ask.token] = Attempt(
            token=ask.token,
            request=ask.request,
            hop=ask.hop,
            owner=ask.owner,
            dialog=ask.dialog,
            authorize=ask.authorize,
        )
        client = self._client(attempt)
        if client is not None:
            request = ask.request
            self._authorize(attempt, client.credentials(request.method, request.uri, request.body))
        wanted = parse_uri(ask.hop)
        findings = search(wanted, _nothing_known, self.preferences)
        if findings.questions:
            return [Locate(ask.token, wanted)]
        return self._found(attempt, findings.targets, findings.miss, now)

    def _found(self, attempt: Attempt, targets: tuple[Target, ...], miss: Miss | None, now: float) -> list[Output]:
        attempt.hunt = hunt = Hunt.start(targets, self.memory, now)
        if attempt.withdrawn is not None:
            return self._conclude(attempt, response_to(attempt.request, 487), now)
        if hunt.target is None:
            status = 503 if miss is None else miss.status
            return self._conclude(attempt, response_to(attempt.request, status), now)
        return self._try(attempt, hunt.target, now)

    def _try(self, attempt: Attempt, target: Target, now: float) -> list[Output]:
        if attempt.key is not None:
            self._asked.pop(attempt.key, None)
        listener = self._listener(target)
        attempt.renew(listener.via(self.context.ids.branch()))
        flow = Flow(listener.name, target.remote, target.transport)
        if len(self.domains) >= _MOST_DOMAINS:
            self.domains.clear()
        self.domains[target.remote] = target.host
        key, effects = self.layer.request(attempt.request, flow, now, self._stream_beside(flow))
        attempt.key = key
        self._asked[key] = attempt
        return self._take(effects, now)

    def _answered(self, effect: Answered, now: float) -> list[Output]:
        attempt = self._asked.get(effect.key)
        if attempt is None or attempt.hunt is None:
            return []
        response = effect.response
        repeated = attempt.acks.get(response.to.tag or "") if 200 <= response.status < 300 else None
        if repeated is not None:
            return [repeated]
        following = attempt.hunt.answered(response.status, now, _retry_after(response))
        if following is not None:
            return self._try(attempt, following, now)
        fields = self._challenged(attempt, response)
        if fields is not None and attempt.withdrawn is None and attempt.hunt.target is not None:
            return self._try_authorized(attempt, fields, attempt.hunt.target, now)
        return self._conclude(attempt, response, now)

    def _failed(self, key: Key, cause: Cause, now: float) -> list[Output]:
        attempt = self._asked.get(key)
        if attempt is None or attempt.hunt is None:
            return []
        hunt = attempt.hunt
        following = hunt.unreachable(now) if cause is Cause.TRANSPORT else hunt.timed_out(now)
        if following is not None:
            return self._try(attempt, following, now)
        status = 487 if attempt.withdrawn is not None else 503 if cause is Cause.TRANSPORT else 408
        return self._conclude(attempt, response_to(attempt.request, status), now)

    def _client(self, attempt: Attempt) -> DigestClient | None:
        """The credentials for its next hop: what one peer has asked for is shown to no other."""
        if not self.accounts or not attempt.authorize:
            return None
        uri = parse_uri(attempt.hop)
        host = uri.host.lower() if isinstance(uri, SipUri) else ""
        client = self._clients.get(host)
        if client is None:
            if len(self._clients) >= _MOST_DOMAINS:
                self._clients.clear()
            client = self._clients[host] = DigestClient(self.accounts, self.context.ids.randbytes)
        return client

    def _challenged(self, attempt: Attempt, response: Response) -> Fields | None:
        """The credentials that a final response asks for, when we have them; other finals may bring the next nonce."""
        client = self._client(attempt) if response.status >= 200 else None
        return None if client is None else client.answer(attempt.request, response)

    def _try_authorized(self, attempt: Attempt, fields: Fields, target: Target, now: float) -> list[Output]:
        """The same request with credentials, as a new one to the same target (§22.2), the others still behind it."""
        attempt.renumber()
        self._authorize(attempt, fields)
        others = () if attempt.hunt is None else attempt.hunt.targets[attempt.hunt.targets.index(target) + 1 :]
        attempt.hunt = Hunt.start((target, *others), self.memory, now)
        out = self._try(attempt, attempt.hunt.target or target, now)
        if isinstance(attempt.owner, OutgoingCall) and attempt.token == attempt.owner.token:
            attempt.owner.renewed(attempt.request)
        return out

    def _authorize(self, attempt: Attempt, fields: Fields) -> None:
        for name in CREDENTIALS:
            attempt.request.headers.remove(name)
        for name, value in fields:
            attempt.request.headers.add(name, value)

    def _conclude(self, attempt: Attempt, response: Response, now: float) -> list[Output]:
        """Give a response to whoever the request belongs to."""
        if response.status >= 200 and not (attempt.request.method == "INVITE" and response.status < 300):
            self._attempts.pop(attempt.token, None)
        if attempt.owner is not None:
            return self.do(attempt.owner.responded(attempt.token, response, now), now)
        if response.status < 200:
            return []
        return self.do([Tell(Concluded(attempt.token, response))], now)

    def _acknowledge(self, act: Acknowledge) -> list[Output]:
        """Send an ACK to a 2xx: it has a next hop of its own (§13.2.2.4), and no transaction."""
        wanted = parse_uri(act.hop)
        findings = search(wanted, _nothing_known, self.preferences)
        if findings.questions:
            self._unsent_acks[act.ack.via.branch or ""] = act
            return [Locate(act.ack.via.branch or "", wanted)]
        return self._send_ack(act, findings.targets)

    def _send_ack(self, act: Acknowledge, targets: tuple[Target, ...]) -> list[Output]:
        attempt = self._attempts.get(act.token)
        if attempt is None or not targets:
            return []
        listener = self._listener(targets[0])
        act.ack.headers.replace_top("via", listener.via(self.context.ids.branch()))
        for name, value in repeated_in_ack(attempt.request):
            act.ack.headers.add(name, value)
        send = Send(Flow(listener.name, targets[0].remote, listener.transport), act.ack.encode())
        if len(attempt.acks) < _LARGEST_FORK:
            attempt.acks[act.answer.to.tag or ""] = send
        return [send]

    def _withdraw(self, token: str, headers: tuple[tuple[str, str], ...], now: float) -> list[Output]:
        attempt = self._attempts.get(token)
        if attempt is None:
            return []
        attempt.withdrawn = headers
        if attempt.hunt is None:
            return self._conclude(attempt, response_to(attempt.request, 487), now)
        attempt.hunt.stop()
        return [] if attempt.key is None else self._take(self.layer.cancel(attempt.key, now, headers), now)

    def _forget(self, key: Key) -> None:
        attempt = self._asked.pop(key, None)
        if attempt is not None and attempt.key == key:
            self._attempts.pop(attempt.token, None)

    # Where we send from.

    def _listener(self, target: Target) -> Listener:
        """Our address of that transport, of the same family where there is one."""
        fitting = [own for own in self.listeners if own.transport == target.transport] or list(self.listeners)
        return next((own for own in fitting if (":" in own.host) is (":" in target.address)), fitting[0])

    def _listener_for(self, uri: str) -> Listener:
        """The address that a Contact for this URI will name; the way is chosen later, target by target."""
        targets = search(parse_uri(uri), _nothing_known, self.preferences).targets
        if targets:
            return self._listener(targets[0])
        return next(own for own in self.listeners if own.transport == self.preferences.transports[0])

    def _stream_beside(self, flow: Flow) -> Flow | None:
        """The way over TCP to the same place, for a request too large for UDP (§18.1.1)."""
        tcp = next((own for own in self.listeners if own.transport == "TCP"), None)
        return None if tcp is None or flow.reliable else Flow(tcp.name, flow.remote, "TCP")

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
        return f"<UserAgent with {len(self._sessions)} dialogs, {len(self._attempts)} requests under way>"


def _retry_after(response: Response) -> float | None:
    try:
        retry = response.retry_after
    except ParseError:
        return None
    return None if retry is None else float(retry.seconds)


def _nothing_known(question: object) -> None:
    return None
