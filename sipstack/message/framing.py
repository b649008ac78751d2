"""Messages out of a stream: where one ends and the next begins (RFC 3261 sections 7.5, 18.3; RFC 5626 section 4.4.1).

A head ends at its empty line, a body where Content-Length says; the header "MUST be used with stream-oriented
transports". Whoever counts differently from the hop before us would take a piece of one message for another message, so
on a stream nothing about the length may have two readings: a line that ends in a bare LF (which `parse` forgives in a
datagram, whose end nobody can dispute), two Content-Lengths, even equal ones, and a value that is not digits alone are
all faults. After a fault nobody knows where the next message begins: the connection has to be closed.
"""

import enum
import re
from collections.abc import Iterator
from typing import Final

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.message.message import Request, Response
from sipstack.message.parse import DEFAULT_LIMITS, Limits, parse_structure
from sipstack.values.grammar import number

_EMPTY_LINE: Final = re.compile(rb"\n\r?\n")
_LENGTH: Final = re.compile(rb"\n(?:content-length|l)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_HIGHEST: Final = 2**32 - 1
# A start line begins with a token (section 25.1). Asking the first octet tells a TLS or HTTP/2 client on the wrong port
# at once, and not when its message is late.
_TOKEN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")
_CR: Final = 0x0D


class Keepalive(enum.Enum):
    """A CRLF between two messages (RFC 5626 section 4.4.1)."""

    PONG = "pong"
    """The first of a row: the answer to a ping of ours, or else the half of one, or an idle line end (section 7.5)."""
    PING = "ping"
    """Each second one of a row completes a double CRLF: answer it with a CRLF."""


@attrs.define(eq=False, repr=False)
class Framer:
    """Cuts what comes over one connection. Bytes may be fed in pieces of any size; the frames are the same.

    It holds no more than `limits.datagram` octets beside the last piece it was fed, and looks at each octet of a head a
    bounded number of times.
    """

    limits: Limits = DEFAULT_LIMITS
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)
    _scanned: int = attrs.field(default=0, init=False)
    """Octets of the buffer in which no empty line begins."""
    _needed: int | None = attrs.field(default=None, init=False)
    """The size of the message the buffer begins with, once its head is complete."""
    _half: bool = attrs.field(default=False, init=False)
    """Whether the last thing between messages was the first CRLF of a pair."""
    _is_broken: bool = attrs.field(default=False, init=False)

    @property
    def is_amid(self) -> bool:
        """Whether a message has begun and not ended; the connection then owes the rest of it."""
        return len(self._buffer) > 0

    def feed(self, data: bytes) -> Iterator[bytes | Keepalive]:
        """The messages and keep-alives that are complete with `data`, in order; take them all.

        Raises `ParseError` where the stream cannot be followed further: 400, or 513 for what is larger than the limit.
        Its `message` is there when the lines of the head could be told apart. Feeding more after that is a StateError.
        """
        if self._is_broken:
            raise StateError("this stream has lost its frame; its connection is to be closed")
        self._buffer += data
        at = 0
        try:
            while (found := self._next(at)) is not None:
                frame, at = found
                yield frame
        except ParseError:
            self._is_broken = True
            self._buffer.clear()
            raise
        del self._buffer[:at]
        self._scanned = max(0, self._scanned - at)

    def _next(self, at: int) -> tuple[bytes | Keepalive, int] | None:
        """The frame that begins at that octet of the buffer, and where it ends; None when it is not whole."""
        buffer = self._buffer
        if self._needed is None:
            if at == len(buffer):
                return None
            if buffer[at] == _CR:
                return self._line_end(at)
            if buffer[at] not in _TOKEN:
                raise ParseError("Not a SIP Message")
            self._half = False
            self._needed = self._measure(at)
            if self._needed is None:
                return None
        end = at + self._needed
        if end > len(buffer):
            return None
        self._needed = None
        self._scanned = end
        return bytes(buffer[at:end]), end

    def _line_end(self, at: int) -> tuple[Keepalive, int] | None:
        if at + 1 == len(self._buffer):
            return None
        if self._buffer[at + 1 : at + 2] != b"\n":
            raise ParseError("Carriage Return Without Line Feed")
        self._half = not self._half
        return (Keepalive.PONG if self._half else Keepalive.PING), at + 2

    def _measure(self, at: int) -> int | None:
        """How many octets the message has that begins there; None as long as its head is not whole."""
        # An empty line may have begun within what was scanned: it is three octets at least.
        found = _EMPTY_LINE.search(self._buffer, max(at, self._scanned - 2))
        self._scanned = len(self._buffer) if found is None else found.end()
        if self._scanned - at > self.limits.datagram:
            # The lines that say where an answer goes stand first in most requests, so what has come may do for one.
            raise _fault("Message Too Large", bytes(self._buffer[at : at + self.limits.datagram]), 513)
        if found is None:
            return None
        head = bytes(self._buffer[at : self._scanned])
        try:
            size = len(head) + _content_length(head)
        except ParseError as error:
            raise _fault(error.reason, head, error.status) from error
        if size > self.limits.datagram:
            raise _fault("Message Too Large", head, 513)
        return size


def _content_length(head: bytes) -> int:
    if head.count(b"\n") != head.count(b"\r\n"):
        raise ParseError("Line Feed Without Carriage Return")
    found: list[bytes] = _LENGTH.findall(head)
    if len(found) != 1:
        raise ParseError("Two Content-Length" if found else "Missing Content-Length")
    length = number(found[0].strip(b" \t\r\n").decode("latin-1"), _HIGHEST)
    if length is None:
        raise ParseError("Bad Content-Length")
    return length


def _fault(reason: str, head: bytes, status: int) -> ParseError:
    fault = ParseError(reason, status=status)
    try:
        fault.message = parse_structure(head[: head.rfind(b"\r\n")] + b"\r\n\r\n")
    except ParseError as error:
        fault.message = error.message if isinstance(error.message, Request | Response) else None
    return fault
