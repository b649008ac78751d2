"""TCP and TLS under one name: a listener, the connections it has accepted and those we have opened (RFC 3261 §18).

A `Flow` names a connection by its remote address. A send finds the connection that stands, else opens one; a response
whose connection is gone goes to where its `otherwise` says (§18.2.2). All sockets of a name hang on one epoll, and that
alone is what the loop watches; one timer of a name looks at all connections' times. There is no task, timer or callback
for a connection, and none for a message.

Reuse in the other direction (RFC 5923): a request that came with `alias` in its top Via lets our own requests to the
advertised address go back over its connection. That RFC allows it over TLS alone, when the peer has authenticated
itself and the advertised host is among what its certificate stands for (§8.2, §9.2); over TCP any host could claim
another's calls. We take the address to be that of the connection itself, with the port of the sent-by: narrower than
the RFC's look-up in DNS, and nobody can claim more than ports of its own address.
"""

import asyncio
import os
import select
import socket
import struct
import time  # noqa: TID251 - part of the shell
from collections import Counter
from collections.abc import Callable
from typing import Final

import attrs

from sipstack.effects import Send
from sipstack.errors import ParseError, StateError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message.build import response_to
from sipstack.message.message import Request
from sipstack.message.parse import parse_structure
from sipstack.net.connection import Connection, LostError, State, StreamLimits
from sipstack.net.tls import Tls, TlsSession, matches
from sipstack.net.transport import Inbox
from sipstack.transaction.routing import note_source

#: Connections accepted, and events handled, before others on the loop get their turn.
BATCH = 128
BACKLOG = 1_024
#: Connections that one turn of the sweep looks at, and seconds until the next turn: 10,000 at once took 15 to 30 ms, in
#: which no call was served (2026-11-22).
SLICE = 500
GAP = 0.01
#: Seconds by which a sweep may be late and still find that a peer is late.
PAUSE = 1.0

_TLS_PORT: Final = 5061
_NO_LINGER: Final = struct.pack("ii", 1, 0)
_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})


def bind_tcp(host: str, port: int) -> socket.socket:
    """A listening, non-blocking TCP socket; `host` is an address, IPv6 without brackets. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


@attrs.frozen(kw_only=True)
class StreamStatistics:
    """A snapshot, for metrics and tests."""

    connections: int
    accepted: int
    """Of those, the ones that others have opened."""
    unsent: int
    """Octets that wait for peers."""


def anybody(_flow: Flow, _identities: tuple[str, ...]) -> bool:
    """Trusts whoever has come so far: past the source check, and for TLS past the authorities."""
    return True


def by_address(remote: tuple[str, int]) -> str:
    """Expects the peer to prove its numeric address, for want of a domain."""
    return remote[0]


@attrs.define(eq=False)
class StreamSocket:
    """A listening address by `name`, or with `listener` None a name for outgoing connections alone.

    `admits(host, port)` is asked when somebody connects, before anything is read or a handshake begun; `trusts(flow,
    identities)` when a TLS connection is secured, either way, with what the peer's certificate stands for. Who connects
    out by TLS must be told whom to expect: `domain_of(remote)` is the domain that led to this address (RFC 5922 §7.3,
    RFC 3263 §4), which the peer's certificate must bear.
    """

    name: str
    listener: socket.socket | None
    admits: Callable[[str, int], bool]
    tls: Tls | None = attrs.field(default=None, kw_only=True)
    limits: StreamLimits = attrs.field(default=StreamLimits(), kw_only=True)
    trusts: Callable[[Flow, tuple[str, ...]], bool] = attrs.field(default=anybody, kw_only=True)
    domain_of: Callable[[tuple[str, int]], str] = attrs.field(default=by_address, kw_only=True)
    counters: Counter[str] = attrs.field(factory=Counter, kw_only=True)
    _ids: Ids = attrs.field(default=Ids(os.urandom), init=False, repr=False)
    _poller: select.epoll = attrs.field(factory=select.epoll, init=False, repr=False)
    _connections: dict[int, Connection] = attrs.field(factory=dict, init=False, repr=False)
    """By file descriptor."""
    _by_remote: dict[tuple[str, int], Connection] = attrs.field(factory=dict, init=False, repr=False)
    _aliases: dict[tuple[str, int], Connection] = attrs.field(factory=dict, init=False, repr=False)
    """By the address at which a peer that has connected to us says it listens."""
    _peers: Counter[bytes] = attrs.field(factory=Counter, init=False, repr=False)
    """Accepted connections by the network of their peer."""
    _is_listening: bool = attrs.field(default=False, init=False, repr=False)
    _source: str | None = attrs.field(default=None, init=False, repr=False)
    """The address that outgoing connections come from; None leaves it to the kernel."""
    _loop: asyncio.AbstractEventLoop | None = attrs.field(default=None, init=False, repr=False)
    _inbox: Inbox | None = attrs.field(default=None, init=False, repr=False)
    _sweeper: asyncio.TimerHandle | None = attrs.field(default=None, init=False, repr=False)
    _unswept: list[Connection] = attrs.field(factory=list, init=False, repr=False)
    """Those that the sweep under way has still to look at."""
    _sweep_due: float = attrs.field(default=0.0, init=False, repr=False)

    @property
    def transport(self) -> str:
        """What its flows say: TCP or TLS."""
        return "TCP" if self.tls is None else "TLS"

    # The transport.

    def start(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        """Begins to accept. Raises StateError when it was stopped before, or shall accept TLS without a certificate."""
        if self._poller.closed:
            raise StateError("a stopped socket cannot be started again")
        if self.listener is not None and self.tls is not None and not self.tls.certificates:
            raise StateError("a TLS listener needs a certificate")
        self._loop, self._inbox = loop, inbox
        if self.listener is not None:
            host = self.listener.getsockname()[0]
            self._source = None if host in _WILDCARDS else host
        self._listen(True)
        loop.add_reader(self._poller.fileno(), self.poll)

    def poll(self) -> None:
        """Accepts, connects, reads and writes where it can be done at once."""
        if self._inbox is None:
            return
        messages: list[tuple[bytes, Flow]] = []
        faults: list[tuple[Connection, LostError | ParseError]] = []
        for descriptor, events in self._poller.poll(0, BATCH):
            connection = self._connections.get(descriptor)
            if connection is None:
                self._accept()
                continue
            try:
                self._serve(connection, events, messages)
            except (LostError, ParseError) as error:
                faults.append((connection, error))
            else:
                self._watch(connection)
        # What a connection has brought comes before its end, and is answered over it where that is still possible.
        try:
            if messages:
                self._inbox.received(messages)
        finally:
            for connection, fault in faults:
                self._end(connection, fault)

    def send(self, send: Send) -> None:
        """Puts a message on its way, opening a connection where none stands."""
        if self._loop is None:
            self.counters["send failed: stopped"] += 1
            return
        connection = self._find(send)
        if connection is None:
            return
        self._put(connection, send.data)

    def stop(self) -> None:
        """Closes all connections, each after what the kernel takes of its queue; idempotent."""
        if self._loop is not None:
            self._loop.remove_reader(self._poller.fileno())
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._loop = self._inbox = self._sweeper = None
        self._unswept.clear()
        now = time.monotonic()
        for connection in list(self._connections.values()):
            try:
                connection.close(now)
                connection.flush(now)
            except LostError:
                pass
            self._forget(connection)
        if self.listener is not None:
            self.listener.close()
        self._poller.close()

    # For the application.

    def close(self, flow: Flow) -> None:
        """Ends the connection of a flow once what waits on it is sent; none is no fault."""
        connection = self._by_remote.get(flow.remote)
        if connection is not None:
            self._close(connection)

    def identities(self, flow: Flow) -> tuple[str, ...]:
        """What the peer of a flow has proved to be (RFC 5922 §7.1); nothing over TCP or without a certificate."""
        connection = self._by_remote.get(flow.remote)
        return () if connection is None else connection.identities

    def statistics(self) -> StreamStatistics:
        """A snapshot; it looks at every connection."""
        connections = self._connections.values()
        return StreamStatistics(
            connections=len(connections),
            accepted=sum(not connection.is_ours for connection in connections),
            unsent=sum(connection.unsent for connection in connections),
        )

    # Accepting.

    def _listen(self, wanted: bool) -> None:
        if self.listener is None or wanted is self._is_listening:
            return
        self._is_listening = wanted
        if wanted:
            self._poller.register(self.listener.fileno(), select.EPOLLIN)
        else:
            self._poller.unregister(self.listener.fileno())

    def _accept(self) -> None:
        assert self.listener is not None, "only a listener brings events of no connection"
        for _ in range(BATCH):
            try:
                sock, address = self.listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # Out of descriptors or memory: to ask again at once would spin, so the sweep asks.
                self.counters[f"accept failed: {error.strerror}"] += 1
                self._listen(False)
                self._arm()
                return
            self._take(sock, (address[0], address[1]))

    def _take(self, sock: socket.socket, remote: tuple[str, int]) -> None:
        refusal = self._refusal(remote)
        if refusal is not None:
            self.counters[refusal] += 1
            # A reset leaves nothing behind in the kernel, unlike a close.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            sock.close()
            return
        self.counters["accepted"] += 1
        self._peers[_network(remote[0])] += 1
        session = None if self.tls is None else self.tls.accept()
        connection = self._add(sock, remote, session, "", is_ours=False)
        try:
            connection.begin(time.monotonic())
        except LostError as lost:
            self._lose(connection, str(lost))
        else:
            self._watch(connection)

    def _refusal(self, remote: tuple[str, int]) -> str | None:
        if not self.admits(*remote):
            return "unknown source"
        if len(self._connections) >= self.limits.connections:
            return "too many connections"
        if self._peers[_network(remote[0])] >= self.limits.per_peer:
            return "too many connections of one peer"
        return None

    def _add(
        self, sock: socket.socket, remote: tuple[str, int], session: TlsSession | None, domain: str, *, is_ours: bool
    ) -> Connection:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(
            Flow(self.name, remote, self.transport),
            sock,
            self.limits,
            session=session,
            is_ours=is_ours,
            domain=domain,
            trusts=self._trusts,
            state=State.CONNECTING,
            changed_at=time.monotonic(),
        )
        self._connections[sock.fileno()] = connection
        # Two connections may have one remote address, when it has connected to us from the port where it listens; the
        # newer one is then written to, both are read.
        self._by_remote[remote] = connection
        self._poller.register(sock.fileno(), 0)
        self._arm()
        return connection

    def _trusts(self, connection: Connection) -> bool:
        flow, identities = connection.flow, connection.identities
        if connection.is_ours and not matches(connection.domain, identities):
            return False
        return self.trusts(flow, identities)

    # Connecting.

    def _find(self, send: Send) -> Connection | None:
        """The connection a message takes, made if need be; None when it has failed and that is told."""
        flow = send.flow
        connection = self._by_remote.get(flow.remote) if send.otherwise is not None else self._standing(flow)
        if connection is not None and connection.state is not State.CLOSING:
            return connection
        if send.otherwise is not None:
            # §18.2.2: to the address in `received`, or else sent-by, at the port of sent-by.
            connection = self._standing(send.otherwise) or self._connect(send.otherwise.remote, flow)
        else:
            connection = self._connect(flow.remote, flow)
        if connection is not None and connection.state is not State.OPEN and flow != connection.flow:
            connection.behalf[flow] = None
        return connection

    def _standing(self, flow: Flow) -> Connection | None:
        """The connection that a new message to the flow's address may take: to the address and to the right peer."""
        for connection in (self._by_remote.get(flow.remote), self._aliases.get(flow.remote)):
            if connection is not None and connection.state is not State.CLOSING and self._leads_to(connection, flow):
                return connection
        return None

    def _leads_to(self, connection: Connection, flow: Flow) -> bool:
        """Whether the peer is the one the message is for: one address may serve several domains (RFC 5923 §9.3)."""
        if self.tls is None or (not connection.is_ours and connection.flow == flow):
            return True
        domain = self.domain_of(flow.remote)
        if connection.state is State.OPEN:
            return matches(domain, connection.identities)
        return connection.domain == domain

    def _connect(self, remote: tuple[str, int], flow: Flow) -> Connection | None:
        if len(self._connections) >= self.limits.connections:
            self._fail(flow, "connect failed: too many connections")
            return None
        try:
            # A domain that cannot stand in a client hello is a ValueError or a TypeError of the ssl module.
            domain = "" if self.tls is None else self.domain_of(remote)
            session = None if self.tls is None else self.tls.connect(domain)
            sock = self._dial(remote)
        except (OSError, OverflowError, ValueError, TypeError) as error:
            self._fail(flow, f"connect failed: {getattr(error, 'strerror', None) or 'bad address'}")
            return None
        self.counters["opened"] += 1
        connection = self._add(sock, remote, session, domain, is_ours=True)
        self._watch(connection)
        return connection

    def _dial(self, remote: tuple[str, int]) -> socket.socket:
        family = socket.AF_INET6 if ":" in remote[0] else socket.AF_INET
        # A name, where an address should stand, would be looked up, and the loop would wait for it.
        socket.inet_pton(family, remote[0].partition("%")[0])
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if self._source is not None:
                sock.bind((self._source, 0))
            sock.connect(remote)
        except BlockingIOError:
            return sock
        except BaseException:
            sock.close()
            raise
        return sock

    def _fail(self, flow: Flow, why: str) -> None:
        self.counters[why] += 1
        if self._inbox is not None:
            self._inbox.failed(flow)

    # Serving.

    def _serve(self, connection: Connection, events: int, messages: list[tuple[bytes, Flow]]) -> None:
        now = time.monotonic()
        if connection.state is State.CONNECTING:
            connection.connected(now)
            return
        if events & select.EPOLLOUT:
            connection.flush(now)
        if events & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP):
            flow = connection.flow
            for data in connection.receive(now):
                if connection.identities and not (connection.is_asked or connection.is_ours) and b";alias" in data:
                    self._note_alias(connection, data)
                messages.append((data, flow))

    def _put(self, connection: Connection, data: bytes) -> None:
        try:
            connection.send(data, time.monotonic())
        except LostError as lost:
            self._lose(connection, str(lost))
        else:
            self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        events = connection.wants_input * select.EPOLLIN | connection.wants_output * select.EPOLLOUT
        if events != connection.watched and connection.state is not State.CLOSED:
            connection.watched = events
            self._poller.modify(connection.sock.fileno(), events)

    def _end(self, connection: Connection, fault: LostError | ParseError) -> None:
        if isinstance(fault, ParseError):
            self._refuse(connection, fault)
        else:
            self._lose(connection, str(fault))

    def _refuse(self, connection: Connection, fault: ParseError) -> None:
        """Answers a request that has broken the stream, if it can be, and ends the connection."""
        self.counters[f"stream fault: {fault.reason}"] += 1
        request = fault.message
        if isinstance(request, Request) and request.method != "ACK":
            try:
                note_source(request, connection.flow)
                response = response_to(request, fault.status, fault.reason, to_tag=self._ids.tag())
                self._put(connection, response.encode())
            except (ParseError, StateError):
                self.counters["stream fault: unanswerable"] += 1
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        try:
            connection.close(time.monotonic())
        except LostError as lost:
            self._lose(connection, str(lost))
        else:
            self._watch(connection)

    def _lose(self, connection: Connection, why: str) -> None:
        if connection.state is State.CLOSED:
            return
        self.counters[why] += 1
        flows = list(connection.behalf)
        if self._by_remote.get(connection.flow.remote) is connection:
            flows.append(connection.flow)
        if connection.alias is not None and self._aliases.get(connection.alias.remote) is connection:
            flows.append(connection.alias)
        self._forget(connection)
        if self._inbox is not None:
            for flow in flows:
                self._inbox.failed(flow)

    def _forget(self, connection: Connection) -> None:
        connection.state = State.CLOSED
        remote = connection.flow.remote
        del self._connections[connection.sock.fileno()]
        if self._by_remote.get(remote) is connection:
            del self._by_remote[remote]
        alias = connection.alias
        if alias is not None and self._aliases.get(alias.remote) is connection:
            del self._aliases[alias.remote]
        if not connection.is_ours:
            network = _network(remote[0])
            self._peers[network] -= 1
            if not self._peers[network]:
                del self._peers[network]
        self._poller.unregister(connection.sock.fileno())
        connection.sock.close()

    # RFC 5923.

    def _note_alias(self, connection: Connection, data: bytes) -> None:
        """Notes where the peer of a secured connection says it listens, if its certificate bears that out.

        The first request that says so decides: a peer listens at one address, and to look at each would cost a parse.
        """
        connection.is_asked = True
        try:
            message = parse_structure(data, self.limits.message_limits)
            via = message.via
        except ParseError:
            return
        host = via.host.strip("[]")
        if isinstance(message, Request) and "alias" in via.parameters and matches(host, connection.identities):
            remote = connection.flow.remote[0], via.port or _TLS_PORT
            self._aliases[remote] = connection
            connection.alias = Flow(self.name, remote, self.transport)

    # The sweep.

    def _arm(self) -> None:
        if self._sweeper is None and self._loop is not None:
            delay = min(self.limits.sweep, GAP) if self._unswept else self.limits.sweep
            self._sweeper = self._loop.call_later(delay, self._sweep)
            self._sweep_due = time.monotonic() + delay

    def _sweep(self) -> None:
        self._sweeper = None
        now = time.monotonic()
        # After a pause of the process nobody is late until what has arrived meanwhile is read, and that may take turns.
        if now - self._sweep_due < PAUSE:
            if not self._unswept:
                self._unswept = list(self._connections.values())
            swept = self._unswept[-SLICE:]
            del self._unswept[-SLICE:]
            for connection in swept:
                self._look_at(connection, now)
        self._listen(True)
        if self._connections:
            self._arm()

    def _look_at(self, connection: Connection, now: float) -> None:
        if connection.state is State.CLOSED:
            return
        why = connection.overdue(now)
        if why is not None:
            self._lose(connection, why)
            return
        try:
            connection.keep_alive(now)
        except LostError as lost:
            self._lose(connection, str(lost))
        else:
            self._watch(connection)


def _network(host: str) -> bytes:
    """Whose address it is: of IPv6 the first 64 bits, since the rest is the subscriber's own."""
    if ":" not in host:
        return socket.inet_pton(socket.AF_INET, host)
    return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])[:8]
