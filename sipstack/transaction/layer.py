"""The transaction layer: bytes and requests in, effects out (RFC 3261 §17 and the transport duties of §18).

It pairs each machine with a key and a flow, and keeps one heap with at most one live entry for each transaction. A
CANCEL is its business in both directions: an arriving one is answered here, a departing one waits here for its 1xx.
"""

import functools
import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable

import attrs

from sipstack.effects import (
    Answered,
    Cancelled,
    Cause,
    Deliver,
    Drop,
    Dropped,
    Effect,
    Ended,
    Failed,
    Finish,
    Incoming,
    Key,
    Note,
    Send,
    Transmit,
    Unreachable,
)
from sipstack.errors import ParseError, StateError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import (
    Request,
    Response,
    ack_to_failure,
    cancel_of,
    parse,
    response_to,
)
from sipstack.timing import Timing
from sipstack.transaction.base import CALLING, PROCEEDING
from sipstack.transaction.client import Client
from sipstack.transaction.client_invite import ClientInvite
from sipstack.transaction.key import client_key, server_key
from sipstack.transaction.routing import note_source, reply_flow
from sipstack.transaction.server import Server
from sipstack.transaction.server_invite import ServerInvite

Machine = ClientInvite | Client | ServerInvite | Server


@attrs.frozen(kw_only=True)
class Statistics:
    """A snapshot of the layer, for metrics and tests."""

    client_invites: int
    clients: int
    server_invites: int
    servers: int
    deadlines: int
    """Entries in the heap; that of a transaction which has ended stays until its time, 64*T1 at most."""
    drops: tuple[tuple[Drop, int], ...]
    """How often each kind of message came to nothing, since the start."""


@attrs.define(eq=False)
class _Entry:
    """A machine with what the layer knows about it."""

    key: Key
    machine: Machine
    flow: Flow
    """Where its bytes go; for a server transaction not always where the request came from (§18.2.2)."""
    known: bool = attrs.field(default=True, kw_only=True)
    """Whether the user has the key; the transactions of CANCEL are between us and the peer."""
    invite: Request | None = attrs.field(default=None, kw_only=True)
    """A client INVITE without a final response: what a CANCEL would be made of."""
    cancel: tuple[tuple[str, str], ...] | None = attrs.field(default=None, init=False)
    """The headers for a CANCEL that waits for the first provisional response (§9.1)."""
    to_tag: str = attrs.field(default="", init=False)
    """The tag that our last response to a server INVITE bore."""
    is_final: bool = attrs.field(default=False, init=False)
    """Whether a client's user has had its final response, so that a later fault is no failure of the request."""
    queued: float | None = attrs.field(default=None, init=False)
    """The time of its live entry in the heap."""


@attrs.define(eq=False, repr=False)
class TransactionLayer:
    """All transactions of one process. After every input, carry out the effects in order and look at `deadline()`.

    Beyond `limit` transactions of all kinds a new request is answered 503 and kept nowhere; a CANCEL and a request
    within a dialog have a quarter more room, so that a flood of calls does not keep others from being ended.
    """

    timing: Timing
    ids: Ids
    limit: int = 200_000
    _entries: dict[Key, _Entry] = attrs.field(factory=dict, init=False)
    _flows: dict[Flow, dict[Key, None]] = attrs.field(factory=dict, init=False)
    _heap: list[tuple[float, int, Key]] = attrs.field(factory=list, init=False)
    _serial: int = attrs.field(default=0, init=False)
    _drops: Counter[Drop] = attrs.field(factory=Counter, init=False)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<TransactionLayer of {len(self)} transactions, {self._drops.total()} messages dropped>"

    # What peers do.

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Effect]:
        """A datagram, or one framed message of a stream, has come by `flow`; never raises for anything in it."""
        if not data.strip(b"\r\n"):
            return self._drop(Drop.KEEPALIVE, flow)
        try:
            message = parse(data)
            if isinstance(message, Response):
                misrouted = len(message.headers.values("via")) > 1
            else:
                note_source(message, flow)
        except ParseError as error:
            return self._damaged(error, flow)
        if isinstance(message, Request):
            return self._receive_request(message, flow, now)
        return self._drop(Drop.MISROUTED, flow) if misrouted else self._receive_response(message, flow, now)

    def transport_failed(self, flow: Flow, now: float) -> list[Effect]:
        """The transport cannot deliver to `flow`: refused, unreachable, connection lost."""
        effects: list[Effect] = []
        for key in tuple(self._flows.get(flow, ())):
            entry = self._entries[key]
            effects += self._run(entry, entry.machine.transport_failed(now), entry.flow)
        return effects

    # What the user does.

    def request(self, request: Request, flow: Flow, now: float) -> tuple[Key, list[Effect]]:
        """Send a request by a transaction of its own; its top Via carries a fresh branch from `Ids`.

        Raises StateError for ACK and CANCEL, which have no such transaction, and for a branch that is in use.
        """
        if request.method in ("ACK", "CANCEL"):
            raise StateError(f"{request.method} has no transaction of its own: send an ACK's bytes, call cancel()")
        key = client_key(request)
        if key in self._entries:
            raise StateError(f"the branch of {key!r} is in use")
        return key, self._start_client(key, request, flow, now)

    def respond(self, key: Key, response: Response, now: float) -> list[Effect]:
        """Answer a request. What comes too late is dropped by name, for the user cannot always know in time.

        Raises StateError when the key is that of a request we sent.
        """
        effects = self._answer(key, response.status, response.encode(), now)
        entry = self._entries.get(key)
        if entry is not None and isinstance(entry.machine, ServerInvite):
            entry.to_tag = response.to.tag or ""
        return effects

    def repeat(self, key: Key, wire: bytes, now: float) -> list[Effect]:
        """Send the printed 2xx of an accepted INVITE again, where its first copy went (§13.3.1.4)."""
        return self._answer(key, 200, wire, now)

    def cancel(self, key: Key, now: float, headers: Iterable[tuple[str, str]] = ()) -> list[Effect]:
        """Take back an INVITE of ours; `headers`, such as Reason, go into the CANCEL.

        The CANCEL waits for a provisional response and is not sent after a final one (§9.1). The INVITE still ends
        with its own final response, or `Failed` with a timeout. A second call changes nothing, and so does one for a
        transaction that has just ended. Raises StateError when the key is that of no INVITE of ours.
        """
        entry = self._entries.get(key)
        if entry is None:
            return []
        if not isinstance(entry.machine, ClientInvite):
            raise StateError(f"{key!r} is no INVITE of ours")
        if entry.invite is None or entry.cancel is not None:
            return []
        entry.cancel = tuple(headers)
        return [] if entry.machine.state is CALLING else self._send_cancel(entry, now)

    # What the clock does.

    def deadline(self) -> float | None:
        """When `tick` is due next, exactly; None when nothing waits."""
        heap = self._heap
        while heap:
            at, serial, key = heap[0]
            entry = self._entries.get(key)
            due = entry.machine.deadline() if entry is not None and entry.queued == at else None
            if due == at:
                return at
            if entry is not None and entry.queued == at:
                entry.queued = due
            if due is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (due, serial, key))
        return None

    def tick(self, now: float) -> list[Effect]:
        """Do all that is due at `now`."""
        effects: list[Effect] = []
        while (at := self.deadline()) is not None and at <= now:
            entry = self._entries[heapq.heappop(self._heap)[2]]
            entry.queued = None
            effects += self._run(entry, entry.machine.tick(now), entry.flow)
        return effects

    def statistics(self) -> Statistics:
        """A snapshot; it counts all transactions, so ask by the second and not by the message."""
        kinds = Counter(type(entry.machine) for entry in self._entries.values())
        return Statistics(
            client_invites=kinds[ClientInvite],
            clients=kinds[Client],
            server_invites=kinds[ServerInvite],
            servers=kinds[Server],
            deadlines=len(self._heap),
            drops=tuple(sorted(self._drops.items())),
        )

    # Responses.

    def _receive_response(self, response: Response, flow: Flow, now: float) -> list[Effect]:
        entry = self._entries.get(client_key(response))
        if entry is None or not isinstance(entry.machine, ClientInvite | Client):
            return self._drop(Drop.STRAY_RESPONSE, flow)
        if response.status >= 200:
            entry.invite = None
        notes = entry.machine.receive(response, now)
        if not notes:
            return self._drop(Drop.ABSORBED, flow)
        effects = self._run(entry, notes, flow)
        # The state is asked, not the status: a 1xx is what lets a CANCEL go, and only its first one.
        if entry.cancel is not None and entry.machine.state is PROCEEDING and entry.machine.expires_at is None:
            effects += self._send_cancel(entry, now)
        return effects

    def _send_cancel(self, entry: _Entry, now: float) -> list[Effect]:
        if entry.invite is None or entry.cancel is None or not isinstance(entry.machine, ClientInvite):
            return []
        cancel = cancel_of(entry.invite, entry.cancel)
        effects = self._start_client(client_key(cancel), cancel, entry.flow, now, known=False)
        return effects + self._run(entry, entry.machine.cancelled(now), entry.flow)

    def _start_client(self, key: Key, request: Request, flow: Flow, now: float, *, known: bool = True) -> list[Effect]:
        machine: ClientInvite | Client
        if request.method == "INVITE":
            machine = ClientInvite(self.timing, flow.reliable, request.encode(), functools.partial(_ack, request))
            entry = _Entry(key, machine, flow, invite=request)
        else:
            machine = Client(self.timing, flow.reliable, request.encode())
            entry = _Entry(key, machine, flow, known=known)
        self._add(entry)
        return self._run(entry, machine.start(now), flow)

    # Requests.

    def _receive_request(self, request: Request, flow: Flow, now: float) -> list[Effect]:
        key = server_key(request)
        entry = self._entries.get(key)
        if entry is not None:
            return self._receive_again(entry, request, flow, now)
        if request.method == "ACK":
            return [Incoming(request, None, flow)]
        if self._is_full_for(request):
            return self._drop(Drop.OVERLOAD, flow) + self._refuse(request, 503, None, flow)
        if request.method == "CANCEL":
            return self._receive_cancel(key, request, flow, now)
        return self._start_server(key, request, flow, now)

    def _is_full_for(self, request: Request) -> bool:
        inside = request.method == "CANCEL" or request.to.tag is not None
        return len(self._entries) >= self.limit + (self.limit // 4 if inside else 0)

    def _receive_again(self, entry: _Entry, request: Request, flow: Flow, now: float) -> list[Effect]:
        machine = entry.machine
        if isinstance(machine, ClientInvite | Client):  # unreachable by the form of the keys; mypy wants the proof
            return self._drop(Drop.ABSORBED, flow)
        early = request.method == "ACK" and machine.state is PROCEEDING
        notes = machine.receive(request, now)
        if not notes and (early or request.method != "ACK"):
            return self._drop(Drop.STRAY_ACK if early else Drop.ABSORBED, flow)
        return self._run(entry, notes, flow)

    def _receive_cancel(self, key: Key, cancel: Request, flow: Flow, now: float) -> list[Effect]:
        self._start_server(key, cancel, flow, now)
        invite = self._entries.get(server_key(cancel, "INVITE"))
        machine = None if invite is None else invite.machine
        if invite is None or not isinstance(machine, ServerInvite):
            return self.respond(key, response_to(cancel, 481, to_tag=self.ids.tag()), now)
        # §9.2: it "SHOULD be the same" as that of the response to the INVITE; a peer may go on with the last it heard.
        tag = invite.to_tag or self.ids.tag()
        effects = self.respond(key, response_to(cancel, 200, to_tag=tag), now)
        if machine.state is PROCEEDING:
            effects.append(Cancelled(invite.key, cancel))
        return effects

    def _start_server(self, key: Key, request: Request, flow: Flow, now: float) -> list[Effect]:
        reply = reply_flow(request.via, flow)
        machine: ServerInvite | Server
        if request.method == "INVITE":
            machine = ServerInvite(self.timing, flow.reliable, functools.partial(_trying, request))
        else:
            machine = Server(self.timing, flow.reliable)
        entry = _Entry(key, machine, reply, known=request.method != "CANCEL")
        self._add(entry)
        return self._run(entry, machine.start(request, now), flow)

    def _answer(self, key: Key, status: int, wire: bytes, now: float) -> list[Effect]:
        entry = self._entries.get(key)
        if entry is None:
            return self._drop(Drop.LATE_RESPONSE, None)
        if isinstance(entry.machine, ClientInvite | Client):
            raise StateError(f"{key!r} is a request of ours")
        notes = entry.machine.respond(status, wire, now)
        return self._run(entry, notes, entry.flow) if notes else self._drop(Drop.LATE_RESPONSE, None)

    # What leads to no transaction.

    def _damaged(self, error: ParseError, flow: Flow) -> list[Effect]:
        request = error.message
        if not isinstance(request, Request) or request.method == "ACK":
            return self._drop(Drop.UNPARSABLE, flow)
        return self._refuse(request, error.status, error.reason, flow)

    def _refuse(self, request: Request, status: int, reason: str | None, flow: Flow) -> list[Effect]:
        """Answer without a transaction, the same way each time the request comes (§8.2.7)."""
        try:
            note_source(request, flow)
            response = response_to(request, status, reason, to_tag=_stateless_tag(request))
            return [Send(reply_flow(request.via, flow), response.encode())]
        except ParseError:
            return self._drop(Drop.UNANSWERABLE, flow)

    def _drop(self, why: Drop, flow: Flow | None) -> list[Effect]:
        self._drops[why] += 1
        return [Dropped(why, flow)]

    # The pairing.

    def _run(self, entry: _Entry, notes: tuple[Note, ...], flow: Flow) -> list[Effect]:
        """Turn a machine's notes into effects; `flow` is where the message that caused them came from."""
        effects: list[Effect] = []
        for note in notes:
            if isinstance(note, Transmit):
                effects.append(Send(entry.flow, note.wire))
            elif isinstance(note, Finish):
                effects += self._finish(entry, note.cause)
            elif not entry.known:
                continue
            elif isinstance(note, Deliver):
                effects.append(self._deliver(entry, note.message, flow))
            else:
                effects.append(Unreachable(entry.key))
        self._queue(entry)
        return effects

    def _deliver(self, entry: _Entry, message: Request | Response, flow: Flow) -> Effect:
        if isinstance(message, Request):
            return Incoming(message, None if message.method == "ACK" else entry.key, flow)
        entry.is_final = message.status >= 200
        return Answered(entry.key, message, flow)

    def _finish(self, entry: _Entry, cause: Cause) -> list[Effect]:
        del self._entries[entry.key]
        mates = self._flows[entry.flow]
        del mates[entry.key]
        if not mates:
            del self._flows[entry.flow]
        if not entry.known:
            return []
        ended = Ended(entry.key, cause)
        return [ended] if cause is Cause.NORMAL or entry.is_final else [Failed(entry.key, cause), ended]

    def _add(self, entry: _Entry) -> None:
        self._entries[entry.key] = entry
        self._flows.setdefault(entry.flow, {})[entry.key] = None

    def _queue(self, entry: _Entry) -> None:
        """Put the entry into the heap unless an earlier entry of its own will bring it up again."""
        due = entry.machine.deadline()
        if due is not None and (entry.queued is None or due < entry.queued):
            entry.queued = due
            self._serial += 1
            heapq.heappush(self._heap, (due, self._serial, entry.key))


def _ack(invite: Request, response: Response) -> bytes:
    return ack_to_failure(invite, response).encode()


def _trying(invite: Request) -> bytes:
    # §8.2.6.1: "any Timestamp header field present in the request MUST be copied into this 100".
    stamps = [("Timestamp", value) for value in invite.headers.all("timestamp")]
    return response_to(invite, 100, headers=stamps).encode()


def _stateless_tag(request: Request) -> str:
    seed = "\n".join(request.headers.all("via") + request.headers.all("call-id"))
    return hashlib.blake2s(seed.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
