"""One TCP or TLS connection: its socket, its record layer, its framing, and what waits to be sent (RFC 3261 §18).

A connection knows no loop: `net.stream` says when its socket can be read or written, and asks once in a while whether
its time is over. Whatever ends it is raised as `LostError`.
"""

import enum
import os
import socket
import ssl
from collections.abc import Callable, Iterator

import attrs

from sipstack.flow import Flow
from sipstack.message.framing import Framer, Keepalive
from sipstack.message.parse import DEFAULT_LIMITS, Limits
from sipstack.net.tls import NOBODY, TlsSession, identities

#: Octets taken from one connection before the others get their turn.
PIECE = 64 * 1024
PING = b"\r\n\r\n"
PONG = b"\r\n"


@attrs.frozen(kw_only=True)
class StreamLimits:
    """How many connections, how long, how much; times in seconds, sizes in octets."""

    connections: int = 10_000
    """Connections of the name, in both directions."""
    per_peer: int = 100
    """Accepted connections from one host; of IPv6, from one /64, which is what one subscriber is given."""
    connect: float = 10.0
    """For the other side to take our connection. Timer B runs meanwhile, so this leaves time for another target."""
    handshake: float = 10.0
    """For TLS."""
    message: float = 20.0
    """From the first octet of a message to its last."""
    idle: float = 900.0
    """Without a message or keep-alive either way. §18 asks for no less than the longest transaction: a call that rings
    three minutes, timer C, and 64*T1."""
    drain: float = 32.0
    """During which a peer may take none of what waits for it."""
    linger: float = 5.0
    """For the peer to close, once it has taken what waited and we have closed our side."""
    slow: int = 64 * 1024
    """What may wait for a peer before nothing more is read from it, until it has taken half."""
    unsent: int = 1024 * 1024
    """What may wait for a peer at all; also while the connection is being made."""
    ping: float | None = None
    """How long the peer of a connection of ours may be silent before a CRLF ping; 95 to 120 in RFC 5626 §4.4.1."""
    pong: float = 10.0
    """For the answer to a ping (§4.4.1); anything that comes will do."""
    sweep: float = 1.0
    """How often all these times are looked at."""
    message_limits: Limits = DEFAULT_LIMITS


class State(enum.Enum):
    """Where a connection stands."""

    CONNECTING = "connecting"
    HANDSHAKING = "handshaking"
    OPEN = "open"
    CLOSING = "closing"
    """We have said all we have to say; what still comes is thrown away."""
    CLOSED = "closed"


class LostError(Exception):
    """The connection is over; the text is a fixed phrase, fit for a counter's name."""


@attrs.define(eq=False, repr=False)
class Connection:
    """One connection by its `flow`; `is_ours` says who opened it.

    `trusts` is asked when it is secured, with what the peer's certificate stands for.
    """

    flow: Flow
    sock: socket.socket
    limits: StreamLimits
    session: TlsSession | None = attrs.field(default=None, kw_only=True)
    is_ours: bool = attrs.field(kw_only=True)
    trusts: Callable[["Connection"], bool] = attrs.field(kw_only=True)
    state: State = attrs.field(kw_only=True)
    changed_at: float = attrs.field(kw_only=True)
    """When it came to its state, and after that when something last went either way."""
    domain: str = attrs.field(default="", kw_only=True)
    """Whom a TLS connection of ours expects at its other end."""
    identities: tuple[str, ...] = attrs.field(default=(), init=False)
    """What the peer has proved to be."""
    behalf: dict[Flow, None] = attrs.field(factory=dict, init=False)
    """Until it is open: the flows whose responses wait for it, their own connections being gone; they fail with it."""
    alias: Flow | None = attrs.field(default=None, init=False)
    """The flow whose messages also go this way (RFC 5923); it fails when this one does."""
    is_asked: bool = attrs.field(default=False, init=False)
    """Whether it has been looked at for an alias."""
    watched: int = attrs.field(default=0, init=False)
    """The events the poller reports; its owner's note."""
    _framer: Framer = attrs.field(init=False)
    _waiting: list[bytes] = attrs.field(factory=list, init=False)
    """Messages for a connection that is not open yet."""
    _unsent: bytearray = attrs.field(factory=bytearray, init=False)
    _held: int = attrs.field(default=0, init=False)
    """Octets in `_waiting`."""
    _is_slow: bool = attrs.field(default=False, init=False)
    _took_at: float = attrs.field(default=0.0, init=False)
    """When the kernel last took something of what waited."""
    _begun_at: float | None = attrs.field(default=None, init=False)
    """When the message began of which only a part has come."""
    _heard_at: float = attrs.field(default=0.0, init=False)
    """When something last came."""
    _pinged_at: float | None = attrs.field(default=None, init=False)
    """When a ping went out after which nothing has come."""

    @_framer.default
    def _new_framer(self) -> Framer:
        return Framer(self.limits.message_limits)

    def __repr__(self) -> str:
        way = "to" if self.is_ours else "from"
        return f"<Connection {way} {self.flow.remote} {self.flow.transport} {self.state.value} unsent={self.unsent}>"

    @property
    def unsent(self) -> int:
        """Octets that wait for the peer."""
        return len(self._unsent) + self._held

    @property
    def wants_input(self) -> bool:
        """Whether its socket is to be read: not before it is connected, nor from a peer that does not read."""
        return self.state is not State.CONNECTING and not self._is_slow

    @property
    def wants_output(self) -> bool:
        """Whether it waits for its socket to take something."""
        return self.state is State.CONNECTING or len(self._unsent) > 0

    # Coming and going.

    def begin(self, now: float) -> None:
        """The socket is connected. Raises LostError."""
        if self.session is None:
            self._open(now)
            return
        self._become(State.HANDSHAKING, now)
        if self.is_ours:
            self._decrypt(b"", now)

    def connected(self, now: float) -> None:
        """The attempt to connect has ended. Raises LostError when it has failed."""
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise LostError(f"connect failed: {os.strerror(error)}")
        self.begin(now)

    def close(self, now: float) -> None:
        """Flushes, says that nothing more comes, and waits for the peer to do the same. Raises LostError."""
        if self.state is State.OPEN:
            if self.session is not None:
                self.session.close()
                self._put(self.session.output(), now)
            self._become(State.CLOSING, now)
            self._finish()
        elif self.state is not State.CLOSING:
            raise LostError("closed before it was open")

    def overdue(self, now: float) -> str | None:
        """Why its time is over, if it is."""
        limits, waited = self.limits, now - self.changed_at
        if self.state is State.CONNECTING:
            why, most = "connect timed out", limits.connect
        elif self.state is State.HANDSHAKING:
            why, most = "handshake timed out", limits.handshake
        elif self.state is State.CLOSING:
            why, most = "closed", limits.linger
        else:
            why, most = "idle", limits.idle
        return why if waited > most else self._stalled(now)

    def _stalled(self, now: float) -> str | None:
        """What the peer owes too long, if anything."""
        limits = self.limits
        if self._unsent and now - self._took_at > limits.drain:
            return "peer reads nothing"
        if self._begun_at is not None and now - self._begun_at > limits.message:
            return "message too slow"
        if self._pinged_at is not None and now - self._pinged_at > limits.pong:
            return "no pong"
        return None

    def keep_alive(self, now: float) -> None:
        """Sends a ping when one is due. Raises LostError."""
        limits = self.limits
        if limits.ping is None or not self.is_ours or self.state is not State.OPEN or self._pinged_at is not None:
            return
        if now - self._heard_at > limits.ping:
            self._pinged_at = now
            self._encrypt(PING, now)

    # Input.

    def receive(self, now: float) -> Iterator[bytes]:
        """Reads at most `PIECE`: the messages in it, in order. Raises LostError; ParseError as `Framer.feed`."""
        try:
            data = self.sock.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise LostError(f"connection failed: {error.strerror}") from error
        if not data:
            raise LostError("closed by peer within a message" if self._framer.is_amid else "closed by peer")
        if self.state is State.CLOSING:
            return
        self._heard_at, self._pinged_at = now, None
        plain = data if self.session is None else self._decrypt(data, now)
        yield from self._messages(plain, now)
        if self.session is not None and self.session.is_ended:
            raise LostError("closed by peer")

    def _messages(self, plain: bytes, now: float) -> Iterator[bytes]:
        whole = 0
        for frame in self._framer.feed(plain):
            whole += 1
            if isinstance(frame, bytes):
                yield frame
            elif frame is Keepalive.PING:
                self._encrypt(PONG, now)
        if whole:
            self.changed_at = now
        if not self._framer.is_amid:
            self._begun_at = None
        elif whole or self._begun_at is None:
            self._begun_at = now

    def _decrypt(self, data: bytes, now: float) -> bytes:
        assert self.session is not None, "only a TLS connection decrypts"
        was_secured = self.session.is_secured
        try:
            plain = self.session.receive(data)
        except ssl.SSLError as error:
            self._put(self.session.output(), now)
            raise LostError(_named(error)) from error
        self._put(self.session.output(), now)
        if self.session.is_secured and not was_secured:
            self.identities = identities(self.session.certificate() or NOBODY)
            if not self.trusts(self):
                raise LostError("certificate refused: not of that peer")
            self._open(now)
        return plain

    # Output.

    def send(self, data: bytes, now: float) -> None:
        """Puts a message on its way, or keeps it until the connection is open. Raises LostError."""
        if self.state is State.OPEN:
            self.changed_at = now
            self._encrypt(data, now)
        elif self.state in (State.CONNECTING, State.HANDSHAKING):
            self._waiting.append(data)
            self._held += len(data)
            self._check_unsent()
        else:
            raise LostError("closed")

    def flush(self, now: float) -> None:
        """Gives the kernel what waits, as much as it takes. Raises LostError."""
        unsent = self._unsent
        if unsent:
            # The view must be gone before the buffer may shrink.
            with memoryview(unsent) as view:
                taken = self._give(view)
            del unsent[:taken]
            if taken:
                self._took_at = self.changed_at = now
            if self._is_slow and len(unsent) <= self.limits.slow // 2:
                self._is_slow = False
        if self.state is State.CLOSING:
            self._finish()

    def _open(self, now: float) -> None:
        self._become(State.OPEN, now)
        self._heard_at = now
        waiting, self._waiting, self._held = self._waiting, [], 0
        self.behalf.clear()
        for data in waiting:
            self._encrypt(data, now)

    def _become(self, state: State, now: float) -> None:
        self.state, self.changed_at = state, now

    def _encrypt(self, data: bytes, now: float) -> None:
        if self.session is None:
            self._put(data, now)
            return
        try:
            self.session.send(data)
        except ssl.SSLError as error:
            raise LostError(_named(error)) from error
        self._put(self.session.output(), now)

    def _put(self, data: bytes, now: float) -> None:
        if not self._unsent:
            self._took_at = now
            taken = self._give(data) if data else 0
            if taken == len(data):
                return
            data = data[taken:]
        self._unsent += data
        self._check_unsent()

    def _check_unsent(self) -> None:
        waiting = self.unsent
        if waiting > self.limits.unsent:
            raise LostError("peer reads too slowly")
        if len(self._unsent) > self.limits.slow:
            self._is_slow = True

    def _give(self, data: bytes | memoryview) -> int:
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise LostError(f"connection failed: {error.strerror}") from error

    def _finish(self) -> None:
        if not self._unsent:
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError as error:
                raise LostError("closed") from error


def _named(error: ssl.SSLError) -> str:
    """OpenSSL's own word for it, which holds nothing of the peer's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    return f"TLS failed: {(error.reason or 'unknown').replace('_', ' ').lower()}"
