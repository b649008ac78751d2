"""The transaction layer: bytes and requests in, effects out (RFC 3261 §17 and the transport duties of §18).

It pairs each machine with a key and a flow, and keeps one heap with at most one live entry for each transaction. A
CANCEL is its business in both directions: an arriving one is answered here, a departing one waits here for its 1xx.
"""

import functools
import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable
from typing import Final

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
from sipstack.transaction.base import CALLING, NOTHING, PROCEEDING
from sipstack.transaction.client import Client
from sipstack.transaction.client_invite import ClientInvite
from sipstack.transaction.key import Copy, client_key, copy_key, merge_key, server_key
from sipstack.transaction.routing import note_source, reopened_flow, reply_flow
from sipstack.transaction.server import Server
from sipstack.transaction.server_invite import ServerInvite
from sipstack.transaction.table import Entry, Table

# As tuples of module level: `A | B` makes a new union at each asking.
_CLIENTS: Final = (ClientInvite, Client)
_SERVERS: Final = (ServerInvite, Server)


@attrs.frozen(kw_only=True)
class Statistics:
    """A snapshot of the layer, for metrics and tests."""

    client_invites: int
    clients: int
    server_invites: int
    servers: int
    deadlines: int
    """Entries in the heap. That of a transaction which has ended stays until its time, 64*T1 at most, or until such
    entries are the most."""
    flows: int
    """Flows that have a transaction."""
    copies: int
    """Datagrams recognised before they are parsed."""
    merges: int
    """Requests recognised when they come by another way."""
    drops: tuple[tuple[Drop, int], ...]
    """How often each kind of message came to nothing, since the start."""


@attrs.define(eq=False, repr=False)
class TransactionLayer:
    """All transactions of one process. After every input, carry out the effects in order and look at `deadline()`.

    Beyond `limit` transactions of all kinds at one socket of ours a new request there is answered 503 and kept nowhere,
    so that a flood by one keeps nobody out of another; a CANCEL and a request within a dialog have a quarter more room,
    so that a flood of calls does not keep others from being ended. What the user sends itself is not limited here.

    A request longer than `largest_datagram` octets goes by a stream where there is one (§18.1.1: 1300 while the path's
    MTU is unknown). With `shortcut` a repeated datagram is recognised before it is parsed; without it the layer does
    the same, more slowly.
    """

    timing: Timing
    ids: Ids
    limit: int = 200_000
    largest_datagram: int = attrs.field(default=1300, kw_only=True)
    shortcut: bool = attrs.field(default=True, kw_only=True)
    _table: Table = attrs.field(factory=Table, init=False)
    _heap: list[tuple[float, int, Key]] = attrs.field(factory=list, init=False)
    _serial: int = attrs.field(default=0, init=False)
    _drops: Counter[Drop] = attrs.field(factory=Counter, init=False)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, key: Key) -> bool:
        """Whether the transaction of that key is under way, or lingers."""
        return key in self._table

    def __repr__(self) -> str:
        return f"<TransactionLayer of {len(self)} transactions, {self._drops.total()} messages dropped>"

    # What peers do.

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Effect]:
        """A datagram, or one framed message of a stream, has come by `flow`; never raises for anything in it."""
        # An INVITE of 1000 octets that comes again costs a fourteenth of what it cost at first (3.5 us against 49,
        # CPython 3.11, 2026-11-22), and repetitions come in floods: just when a server is late with its answers. The
        # digest adds 4 % to a request that comes for the first time.
        copy = copy_key(data, flow) if self.shortcut else None
        if copy is not None and (entry := self._table.copy_of(copy)) is not None:
            return self._receive_again(entry, flow, now)
        if not data.lstrip(b"\r\n"):
            return self._drop(Drop.KEEPALIVE, flow)
        try:
            message = parse(data)
            if isinstance(message, Request):
                note_source(message, flow)
            elif _is_misrouted(message):
                return self._drop(Drop.MISROUTED, flow)
        except ParseError as error:
            return self._damaged(error, flow)
        if isinstance(message, Request):
            return self._receive_request(message, flow, now, copy)
        return self._receive_response(message, flow, now)

    def transport_failed(self, flow: Flow, now: float) -> list[Effect]:
        """The transport cannot deliver to `flow`: refused, unreachable, connection lost."""
        effects: list[Effect] = []
        for entry in self._table.on(flow):
            if entry.smaller is not None:
                effects += self._send_smaller(entry, *entry.smaller, now)
            else:
                effects += self._run(entry, entry.machine.transport_failed(now), entry.flow)
        return effects

    # What the user does.

    def request(self, request: Request, flow: Flow, now: float, stream: Flow | None = None) -> tuple[Key, list[Effect]]:
        """Send a request by a transaction of its own; its top Via carries a fresh branch from `Ids`.

        `stream` leads to the same next hop as the UDP `flow`: a request too large for a datagram goes that way, its
        Via mended, and again by UDP under the same key if the stream fails before any response (§18.1.1).

        Raises StateError for ACK and CANCEL, which have no such transaction, for a branch that is in use, and for a
        `stream` that is none.
        """
        if request.method in ("ACK", "CANCEL"):
            raise StateError(f"{request.method} has no transaction of its own: send an ACK's bytes, call cancel()")
        key = client_key(request)
        if key in self._table:
            raise StateError(f"the branch of {key!r} is in use")
        if stream is None or flow.reliable or len(request.encode()) <= self.largest_datagram:
            return key, self._start_client(key, request, flow, now)
        if not stream.reliable:
            raise StateError(f"{stream} is no stream")
        _name_transport(request, stream)
        return key, self._start_client(key, request, stream, now, smaller=flow)

    def respond(self, key: Key, response: Response, now: float, wire: bytes | None = None) -> list[Effect]:
        """Answer a request. What comes too late is dropped by name, for the user cannot always know in time.

        `wire` is the response as it prints, from who has printed it. Raises StateError when the key is that of a
        request we sent.
        """
        return self._answer(key, response.status, response.encode() if wire is None else wire, now, response.to.tag)

    def adopt_tag(self, key: Key, to_tag: str) -> None:
        """Say which To tag your responses to `key` will bear, when it is not the one that came with `Incoming`.

        Best done at once: a CANCEL that comes before any response is answered with it (§9.2). After the end of the
        transaction it changes nothing. Raises StateError when the key is that of a request we sent.
        """
        entry = self._table.get(key)
        if entry is None:
            return
        if isinstance(entry.machine, _CLIENTS):
            raise StateError(f"{key!r} is a request of ours")
        entry.to_tag = to_tag

    def reopen(self, key: Key, message: Request | Response, flow: Flow, now: float) -> list[Effect]:
        """Go on, under its key, with a server transaction of another layer, which is gone.

        `message` is the request, come by `flow`, that has no final response yet; or the 2xx to an INVITE whose ACK is
        awaited, which goes out again. Nothing changes where the key is in use. For the requests that the other layer
        has sent, `request` does: one that goes out again with its branch is a copy to whoever has had it.
        """
        if key in self._table:
            return []
        if isinstance(message, Request):
            self._start_server(key, message, flow, now, copy=None)
            return []
        machine, via = ServerInvite(self.timing, flow.reliable, None), message.via
        self._table.add(Entry(key, machine, reply_flow(via, flow), otherwise=reopened_flow(via, flow)))
        return self.respond(key, message, now)

    def repeat(self, key: Key, wire: bytes, now: float) -> list[Effect]:
        """Send the printed 2xx of an accepted INVITE again, where its first copy went (§13.3.1.4)."""
        return self._answer(key, 200, wire, now)

    def cancel(self, key: Key, now: float, headers: Iterable[tuple[str, str]] = ()) -> list[Effect]:
        """Take back an INVITE of ours; `headers`, such as Reason, go into the CANCEL.

        The CANCEL waits for a provisional response and is not sent after a final one (§9.1). The INVITE still ends
        with its own final response, or `Failed` with a timeout. A second call changes nothing, and so does one for a
        transaction that has just ended. Raises StateError when the key is that of no INVITE of ours.
        """
        entry = self._table.get(key)
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
            entry = self._table.get(key)
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
            entry = self._table[heapq.heappop(self._heap)[2]]
            entry.queued = None
            effects += self._run(entry, entry.machine.tick(now), entry.flow)
        return effects

    def statistics(self) -> Statistics:
        """A snapshot; it counts all transactions, so ask by the second and not by the message."""
        kinds = Counter(type(entry.machine) for entry in self._table)
        flows, copies, merges = self._table.sizes()
        return Statistics(
            client_invites=kinds[ClientInvite],
            clients=kinds[Client],
            server_invites=kinds[ServerInvite],
            servers=kinds[Server],
            deadlines=len(self._heap),
            flows=flows,
            copies=copies,
            merges=merges,
            drops=tuple(sorted(self._drops.items())),
        )

    # Responses.

    def _receive_response(self, response: Response, flow: Flow, now: float) -> list[Effect]:
        entry = self._table.get(client_key(response))
        if entry is None or not isinstance(entry.machine, _CLIENTS):
            return self._drop(Drop.STRAY_RESPONSE, flow)
        entry.smaller = None
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

    def _send_cancel(self, entry: Entry, now: float) -> list[Effect]:
        if entry.invite is None or entry.cancel is None or not isinstance(entry.machine, ClientInvite):
            return []
        cancel = cancel_of(entry.invite, entry.cancel)
        effects = self._start_client(client_key(cancel), cancel, entry.flow, now, known=False)
        return effects + self._run(entry, entry.machine.cancelled(now), entry.flow)

    def _start_client(
        self,
        key: Key,
        request: Request,
        flow: Flow,
        now: float,
        *,
        known: bool = True,
        smaller: Flow | None = None,
    ) -> list[Effect]:
        machine = self._client_machine(request, flow)
        entry = Entry(
            key,
            machine,
            flow,
            known=known,
            invite=request if request.method == "INVITE" else None,
            smaller=None if smaller is None else (request, smaller),
        )
        self._table.add(entry)
        return self._run(entry, machine.start(now), flow)

    def _client_machine(self, request: Request, flow: Flow) -> ClientInvite | Client:
        if request.method != "INVITE":
            return Client(self.timing, flow.reliable, request.encode())
        return ClientInvite(self.timing, flow.reliable, request.encode(), functools.partial(_ack, request))

    def _send_smaller(self, entry: Entry, request: Request, flow: Flow, now: float) -> list[Effect]:
        """The stream has failed: "the element SHOULD retry the request, using UDP" (§18.1.1).

        The branch stays: had the stream delivered the request after all, a fresh one would make it a second request.
        """
        entry.smaller = None
        _name_transport(request, flow)
        machine = entry.machine = self._client_machine(request, flow)
        self._table.move(entry, flow)
        return self._run(entry, machine.start(now), flow)

    # Requests.

    def _receive_request(self, request: Request, flow: Flow, now: float, copy: Copy | None) -> list[Effect]:
        key = server_key(request, socket=flow.socket)
        entry = self._table.get(key)
        if request.method == "ACK":
            return self._receive_ack(entry, request, flow, now)
        if entry is not None:
            return self._receive_again(entry, flow, now)
        if self._is_full_for(request, flow):
            return self._drop(Drop.OVERLOAD, flow) + self._refuse(request, 503, None, flow)
        if request.method == "CANCEL":
            return self._receive_cancel(key, request, flow, now, copy)
        merge = merge_key(request)
        if merge is not None and self._table.merge_of(merge) is not None:
            return self._refuse_merged(key, request, flow, now, copy)
        return self._start_server(key, request, flow, now, copy=copy, merge=merge)[1]

    def _is_full_for(self, request: Request, flow: Flow) -> bool:
        held = self._table.count(flow.socket)
        if held < self.limit:
            return False
        inside = request.method == "CANCEL" or request.to.tag is not None
        return not inside or held >= self.limit + self.limit // 4

    def _receive_again(self, entry: Entry, flow: Flow, now: float) -> list[Effect]:
        notes = entry.machine.again(now) if isinstance(entry.machine, _SERVERS) else NOTHING
        return self._run(entry, notes, flow) if notes else self._drop(Drop.ABSORBED, flow)

    def _receive_ack(self, entry: Entry | None, ack: Request, flow: Flow, now: float) -> list[Effect]:
        if entry is None or not isinstance(entry.machine, ServerInvite):
            return [Incoming(ack, None, flow)]
        if entry.machine.state is PROCEEDING:
            return self._drop(Drop.STRAY_ACK, flow)
        return self._run(entry, entry.machine.acknowledged(ack, now), flow)

    def _receive_cancel(self, key: Key, cancel: Request, flow: Flow, now: float, copy: Copy | None) -> list[Effect]:
        own, _ = self._start_server(key, cancel, flow, now, copy=copy, known=False)
        invite = self._table.get(server_key(cancel, "INVITE", socket=flow.socket))
        if invite is None or not isinstance(invite.machine, ServerInvite):
            return self.respond(key, response_to(cancel, 481, to_tag=own.to_tag), now)
        # §9.2: it "SHOULD be the same" as that of the response to the INVITE; a peer may go on with the last it heard.
        effects = self.respond(key, response_to(cancel, 200, to_tag=invite.to_tag), now)
        if invite.machine.state is PROCEEDING:
            effects.append(Cancelled(invite.key, cancel))
        return effects

    def _refuse_merged(self, key: Key, request: Request, flow: Flow, now: float, copy: Copy | None) -> list[Effect]:
        """§8.2.2.2: the same request by another way; by a transaction, so that the ACK to an INVITE reaches nobody."""
        entry, _ = self._start_server(key, request, flow, now, copy=copy, known=False)
        return self._drop(Drop.MERGED, flow) + self.respond(key, response_to(request, 482, to_tag=entry.to_tag), now)

    def _start_server(
        self,
        key: Key,
        request: Request,
        flow: Flow,
        now: float,
        *,
        copy: Copy | None,
        merge: str | None = None,
        known: bool = True,
    ) -> tuple[Entry, list[Effect]]:
        machine: ServerInvite | Server
        via = request.via
        if request.method == "INVITE":
            machine = ServerInvite(self.timing, flow.reliable, functools.partial(_trying, request))
        else:
            machine = Server(self.timing, flow.reliable)
        entry = Entry(
            key,
            machine,
            reply_flow(via, flow),
            known=known,
            otherwise=reopened_flow(via, flow),
            to_tag=request.to.tag or self.ids.tag(),
            copy=copy,
            merge=merge,
        )
        self._table.add(entry)
        return entry, self._run(entry, machine.start(request, now), flow)

    def _answer(self, key: Key, status: int, wire: bytes, now: float, to_tag: str | None = None) -> list[Effect]:
        entry = self._table.get(key)
        if entry is None:
            return self._drop(Drop.LATE_RESPONSE, None)
        if isinstance(entry.machine, _CLIENTS):
            raise StateError(f"{key!r} is a request of ours")
        notes = entry.machine.respond(status, wire, now)
        if not notes:
            return self._drop(Drop.LATE_RESPONSE, None)
        entry.to_tag = to_tag or entry.to_tag
        if status >= 300 or (status >= 200 and isinstance(entry.machine, Server)):
            # What was refused is over for its sender, who may try again by another way with the same CSeq, as a
            # proxy does after a 503: no longer "ongoing" in the sense of §8.2.2.2, though it still absorbs copies.
            # So is what was answered at once: some pings are the same OPTIONS again, but for their branch.
            self._table.forget_merge(entry)
        return self._run(entry, notes, entry.flow)

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
            return [Send(reply_flow(request.via, flow), response.encode(), reopened_flow(request.via, flow))]
        except ParseError:
            return self._drop(Drop.UNANSWERABLE, flow)

    def _drop(self, why: Drop, flow: Flow | None) -> list[Effect]:
        self._drops[why] += 1
        return [Dropped(why, flow)]

    # The pairing.

    def _run(self, entry: Entry, notes: tuple[Note, ...], flow: Flow) -> list[Effect]:
        """Turn a machine's notes into effects; `flow` is where the message that caused them came from."""
        effects: list[Effect] = []
        for note in notes:
            if isinstance(note, Transmit):
                effects.append(Send(entry.flow, note.wire, entry.otherwise))
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

    def _deliver(self, entry: Entry, message: Request | Response, flow: Flow) -> Effect:
        if isinstance(message, Request):
            if message.method == "ACK":
                return Incoming(message, None, flow)
            return Incoming(message, entry.key, flow, to_tag=entry.to_tag)
        entry.is_final = message.status >= 200
        return Answered(entry.key, message, flow)

    def _finish(self, entry: Entry, cause: Cause) -> list[Effect]:
        self._table.remove(entry)
        self._sweep()
        if not entry.known:
            return []
        ended = Ended(entry.key, cause)
        return [ended] if cause is Cause.NORMAL or entry.is_final else [Failed(entry.key, cause), ended]

    def _queue(self, entry: Entry) -> None:
        """Put the entry into the heap unless an earlier entry of its own will bring it up again."""
        due = entry.machine.deadline()
        if due is not None and (entry.queued is None or due < entry.queued):
            entry.queued = due
            self._serial += 1
            heapq.heappush(self._heap, (due, self._serial, entry.key))

    def _sweep(self) -> None:
        """Rid the heap of what has ended, when that is most of it: over a stream one ends long before its timer B."""
        heap = self._heap
        if len(heap) < 64 or len(heap) < 2 * len(self._table):
            return
        kept = [item for item in heap if (entry := self._table.get(item[2])) is not None and entry.queued == item[0]]
        heapq.heapify(kept)
        heap[:] = kept


def _is_misrouted(response: Response) -> bool:
    """Whether it has more than one Via. Raises `ParseError` when they cannot be told apart."""
    headers = response.headers
    alone = headers.keys.count("via") == 1 and "," not in headers.top("via")
    return not alone and len(headers.values("via")) > 1


def _name_transport(request: Request, flow: Flow) -> None:
    """§18.1.1: where the transport changes, "the value in the top Via MUST be changed"."""
    request.headers.replace_top("via", str(attrs.evolve(request.via, transport=flow.transport)))


def _ack(invite: Request, response: Response) -> bytes:
    return ack_to_failure(invite, response).encode()


def _trying(invite: Request) -> bytes:
    # §8.2.6.1: "any Timestamp header field present in the request MUST be copied into this 100".
    stamps = [("Timestamp", value) for value in invite.headers.all("timestamp")]
    return response_to(invite, 100, headers=stamps).encode()


def _stateless_tag(request: Request) -> str:
    seed = "\n".join(request.headers.all("via") + request.headers.all("call-id"))
    return hashlib.blake2s(seed.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
