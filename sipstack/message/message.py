"""Requests and responses: a start line, headers, a body (RFC 3261 section 7).

The typed properties read a header on first use and remember it. `parse` has read those that make a message usable
(`check` says which), so that they raise no more; on a message built by hand each may raise `ParseError`. Here are those
that every call needs (read by `essentials`), spelled out because each message of it reads them; all others are in
`fields`.
"""

from typing import TypeAlias

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.message.essentials import (
    CALL_ID,
    CONTACTS,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    CSEQ,
    FROM,
    MAX_FORWARDS,
    RECORD_ROUTES,
    ROUTES,
    TO,
    TOP_VIA,
    VIAS,
    WILDCARD,
)
from sipstack.message.fields import Fields
from sipstack.message.headers import Headers, has_stray_control
from sipstack.values.address import Address
from sipstack.values.cseq import CSeq
from sipstack.values.uri import Uri, parse_uri
from sipstack.values.via import Via


class _Message(Fields):
    """What requests and responses share: everything below the start line."""

    __slots__ = ()

    headers: Headers
    body: bytes

    @property
    def via(self) -> Via:
        """The topmost Via: where the message comes from, or where the response goes (section 18.2.2)."""
        return self.headers.typed(TOP_VIA)

    @property
    def vias(self) -> tuple[Via, ...]:
        """All hops, topmost first."""
        return self.headers.typed(VIAS)

    @property
    def from_(self) -> Address:
        """Who the caller of the dialog says to be (section 20.20)."""
        return self.headers.typed(FROM)

    @property
    def to(self) -> Address:
        """Whom the caller of the dialog meant (section 20.39)."""
        return self.headers.typed(TO)

    @property
    def cseq(self) -> CSeq:
        """The request's number and method (section 20.16)."""
        return self.headers.typed(CSEQ)

    @property
    def call_id(self) -> str:
        """The name all messages of a call share (section 20.8)."""
        return self.headers.typed(CALL_ID)

    @property
    def contact(self) -> Address | None:
        """The first Contact: the remote target of a dialog (section 20.10); None when absent or `*`."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def contacts(self) -> tuple[Address, ...]:
        """Every Contact; `*` counts as none."""
        return self.headers.typed(CONTACTS)

    @property
    def has_wildcard_contact(self) -> bool:
        """Whether Contact is `*`: a REGISTER that removes all bindings (section 10.2.2)."""
        return self.headers.typed(WILDCARD)

    @property
    def routes(self) -> tuple[Address, ...]:
        """The proxies to visit, next first (section 20.34)."""
        return self.headers.typed(ROUTES)

    @property
    def record_routes(self) -> tuple[Address, ...]:
        """The proxies that stay in the dialog, in the order of the wire (section 20.30)."""
        return self.headers.typed(RECORD_ROUTES)

    @property
    def max_forwards(self) -> int | None:
        """Hops left, 0 to 255 (section 20.22); None when absent."""
        return self.headers.typed(MAX_FORWARDS)

    @property
    def content_type(self) -> str | None:
        """The body's media type, lower-case and without parameters; None when absent."""
        return self.headers.typed(CONTENT_TYPE)

    @property
    def content_length(self) -> int | None:
        """What the header says, not what the body has (section 20.14); None when absent."""
        return self.headers.typed(CONTENT_LENGTH)

    def _print(self, start: str) -> bytes:
        if ("\r" in start or "\n" in start or "\0" in start) and has_stray_control(start):
            raise StateError(f"not a start line: {start!r}")
        self._mend_content_length()
        try:
            head = "\r\n".join([start, *self.headers.lines, "", ""]).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise StateError(f"not text: {error}") from error
        return head + self.body

    def _mend_content_length(self) -> None:
        headers, right = self.headers, f"Content-Length: {len(self.body)}"
        # Of nearly every message the one line there is says this already, letter by letter.
        if headers.keys.count("content-length") == 1 and right in headers.lines:
            return
        try:
            if self.content_length == len(self.body):
                return
        except ParseError:
            pass  # unreadable is as good as wrong: a right one takes its place
        headers.replace("content-length", str(len(self.body)))


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
