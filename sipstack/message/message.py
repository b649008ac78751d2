"""Requests and responses: a start line, headers, a body (RFC 3261 section 7).

The typed properties read a header on first use and remember it. `parse` has read those that make a message usable
(`check` says which), so that they raise no more; on a message built by hand each may raise `ParseError`. Here are those
that every call needs, spelled out because each message of it reads them; all others are in `fields`.
"""

from typing import Final, TypeAlias

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.message.fields import Fields
from sipstack.message.headers import Headers, has_stray_control
from sipstack.values.address import Address
from sipstack.values.cseq import CSeq
from sipstack.values.grammar import WHITE, number, split_list
from sipstack.values.uri import Uri, parse_uri
from sipstack.values.via import Via

_HIGHEST_LENGTH: Final = 2**32 - 1


class _Message(Fields):
    """What requests and responses share: everything below the start line."""

    __slots__ = ()

    headers: Headers
    body: bytes

    @property
    def via(self) -> Via:
        """The topmost Via: where the message comes from, or where the response goes (section 18.2.2)."""
        return self.headers.typed("via", _top_via)

    @property
    def vias(self) -> tuple[Via, ...]:
        """All hops, topmost first."""
        return self.headers.typed("via", _vias)

    @property
    def from_(self) -> Address:
        """Who the caller of the dialog says to be (section 20.20)."""
        return self.headers.typed("from", _from)

    @property
    def to(self) -> Address:
        """Whom the caller of the dialog meant (section 20.39)."""
        return self.headers.typed("to", _to)

    @property
    def cseq(self) -> CSeq:
        """The request's number and method (section 20.16)."""
        return self.headers.typed("cseq", _cseq)

    @property
    def call_id(self) -> str:
        """The name all messages of a call share (section 20.8)."""
        return self.headers.typed("call-id", _call_id)

    @property
    def contact(self) -> Address | None:
        """The first Contact: the remote target of a dialog (section 20.10); None when absent or `*`."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def contacts(self) -> tuple[Address, ...]:
        """Every Contact; `*` counts as none."""
        return self.headers.typed("contact", _contacts)

    @property
    def has_wildcard_contact(self) -> bool:
        """Whether Contact is `*`: a REGISTER that removes all bindings (section 10.2.2)."""
        return self.headers.typed("contact", _is_wildcard)

    @property
    def routes(self) -> tuple[Address, ...]:
        """The proxies to visit, next first (section 20.34)."""
        return self.headers.typed("route", _addresses)

    @property
    def record_routes(self) -> tuple[Address, ...]:
        """The proxies that stay in the dialog, in the order of the wire (section 20.30)."""
        return self.headers.typed("record-route", _addresses)

    @property
    def max_forwards(self) -> int | None:
        """Hops left, 0 to 255 (section 20.22); None when absent."""
        return self.headers.typed("max-forwards", _max_forwards)

    @property
    def content_type(self) -> str | None:
        """The body's media type, lower-case and without parameters; None when absent."""
        return self.headers.typed("content-type", _content_type)

    @property
    def content_length(self) -> int | None:
        """What the header says, not what the body has (section 20.14); None when absent."""
        return self.headers.typed("content-length", _content_length)

    def _print(self, start: str) -> bytes:
        if has_stray_control(start):
            raise StateError(f"not a start line: {start!r}")
        self._mend_content_length()
        try:
            head = "\r\n".join([start, *self.headers.lines, "", ""]).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise StateError(f"not text: {error}") from error
        return head + self.body

    def _mend_content_length(self) -> None:
        try:
            if self.content_length == len(self.body):
                return
        except ParseError:
            pass  # unreadable is as good as wrong: a right one takes its place
        self.headers.replace("content-length", str(len(self.body)))


@attrs.define(eq=False, repr=False)
class Request(_Message):
    """`Request(method, uri, headers, body)`; the Request-URI as text, typed by `request_uri`."""

    method: str
    uri: str
    headers: Headers = attrs.field(factory=Headers)
    body: bytes = b""
    _request_uri: tuple[str, Uri] | None = attrs.field(default=None, init=False)

    @property
    def request_uri(self) -> Uri:
        """Where the request goes (section 8.1.1.1). Raises `ParseError`."""
        if self._request_uri is None or self._request_uri[0] != self.uri:
            self._request_uri = self.uri, parse_uri(self.uri)
        return self._request_uri[1]

    def encode(self) -> bytes:
        """The bytes to send: untouched lines as they came, Content-Length set right when it is not.

        Raises `StateError` when the start line would not stay one line.
        """
        return self._print(f"{self.method} {self.uri} SIP/2.0")

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri} {_names(self.headers)}>"


@attrs.define(eq=False, repr=False)
class Response(_Message):
    """`Response(status, reason, headers, body)`."""

    status: int
    reason: str
    headers: Headers = attrs.field(factory=Headers)
    body: bytes = b""

    def encode(self) -> bytes:
        """The bytes to send, as `Request.encode` does."""
        return self._print(f"SIP/2.0 {self.status} {self.reason}")

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason} {_names(self.headers)}>"


Message: TypeAlias = Request | Response


def _names(headers: Headers) -> str:
    return f"cseq={headers.first('cseq')!r} call_id={headers.first('call-id')!r} lines={len(headers)}"


def _only(lines: list[str], name: str) -> str:
    if len(lines) != 1:
        raise ParseError(f"Missing {name}" if not lines else f"Two {name}")
    return lines[0]


def _top_via(lines: list[str]) -> Via:
    for line in lines:
        if "," not in line:
            return Via.parse(line)
        for value in split_list(line):
            return Via.parse(value)
    raise ParseError("Missing Via")


def _vias(lines: list[str]) -> tuple[Via, ...]:
    return tuple([via for line in lines for via in Via.parse_list(line)])


def _from(lines: list[str]) -> Address:
    return Address.parse(_only(lines, "From"))


def _to(lines: list[str]) -> Address:
    return Address.parse(_only(lines, "To"))


def _cseq(lines: list[str]) -> CSeq:
    return CSeq.parse(_only(lines, "CSeq"))


def _call_id(lines: list[str]) -> str:
    value = _only(lines, "Call-ID")
    if not value or " " in value or "\t" in value:
        raise ParseError("Bad Call-ID", value)
    return value


def _contacts(lines: list[str]) -> tuple[Address, ...]:
    return () if lines == ["*"] else _addresses(lines)


def _is_wildcard(lines: list[str]) -> bool:
    return lines == ["*"]


def _addresses(lines: list[str]) -> tuple[Address, ...]:
    return tuple([address for line in lines for address in Address.parse_list(line)])


def _max_forwards(lines: list[str]) -> int | None:
    return _optional_number(lines, "Max-Forwards", 255)


def _content_length(lines: list[str]) -> int | None:
    return _optional_number(lines, "Content-Length", _HIGHEST_LENGTH)


def _optional_number(lines: list[str], name: str, ceiling: int) -> int | None:
    if not lines:
        return None
    text = _only(lines, name)
    value = number(text, ceiling)
    if value is None:
        raise ParseError(f"Bad {name}", text)
    return value


def _content_type(lines: list[str]) -> str | None:
    return _only(lines, "Content-Type").partition(";")[0].strip(WHITE).lower() if lines else None
