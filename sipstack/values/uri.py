"""SIP, SIPS and tel URIs, and the place for all others (RFC 3261 section 19.1, RFC 3966, RFC 5118).

Parts are kept as written: escapes are not undone (RFC 4475 section 3.1.1.3), for two texts that mean the same address
may mean different numbers to a rule about their form. `escaping` undoes them, `equivalence` compares URIs.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

import attrs

from sipstack.errors import ParseError
from sipstack.values.escaping import escape_header, unescape
from sipstack.values.grammar import HOST, OPAQUE, is_token, number
from sipstack.values.parameters import NO_PARAMETERS, Parameters

REMEMBERED: Final = 4096
"""URIs, and addresses, that are kept once parsed: those of the calls of a busy second, under a kilobyte each."""
MEMORABLE: Final = 256
"""The longest text that is remembered, in characters: honest ones are shorter, and a peer must not fill our memory."""

# Exactly one `@`, or none: section 25.1 has every other one escaped, and readers who pick the first and readers who
# pick the last would see different users.
_SIP = re.compile(
    r'([Ss][Ii][Pp][Ss]?):(?:([^\x00-\x20\x7f<>"@:]++)(?::([^\x00-\x20\x7f<>"@]*+))?@)?'
    rf"({HOST})(?::([0-9]{{1,5}}))?"
    r'(;[^\x00-\x20\x7f<>"@?]*+)?(?:\?([^\x00-\x20\x7f<>"@]*+))?'
)
_TEL = re.compile(r'([^\x00-\x20\x7f<>"@;?]++)(;[^\x00-\x20\x7f<>"@?]*+)?')
# A trunk's URIs carry the same few parameter texts for ever (`;user=phone`, `;transport=udp`).
_parameters = lru_cache(maxsize=512)(Parameters.parse)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*+")
_REST = re.compile(rf"{OPAQUE}++")

_HIGHEST_PORT: Final = 65535
_SEPARATORS: Final = "-.()"
_WITHOUT_SEPARATORS = str.maketrans("", "", _SEPARATORS)
_GLOBAL = re.compile(r"\+[0-9\-.()]++")
_LOCAL = re.compile(r"[0-9A-Fa-f*#\-.()]++")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@attrs.frozen
class SipUri:
    """`sip:user:password@host:port;parameters?headers`."""

    scheme: str
    """`sip` or `sips`."""
    user: str | None
    """As written, escapes kept, with the parameters a telephone-subscriber may have inside; None without an `@`."""
    host: str
    """As written; an IPv6 reference keeps its brackets."""
    port: int | None = attrs.field(default=None, kw_only=True)
    password: str | None = attrs.field(default=None, kw_only=True, repr=False)
    parameters: Parameters = attrs.field(default=NO_PARAMETERS, kw_only=True)
    headers: str = attrs.field(default="", kw_only=True)
    """What follows `?`, as written; `header_fields` reads it."""

    @property
    def transport(self) -> str | None:
        """What to send over, lower-case: `udp`, `tcp`, `tls`, `ws` ... (section 19.1.1); None when left open."""
        return _lower(self._said("transport"))

    @property
    def maddr(self) -> str | None:
        """The server to send to in place of the host (section 19.1.1)."""
        return self._said("maddr")

    @property
    def ttl(self) -> int | None:
        """The scope of a multicast packet, 0 to 255; None when absent or unreadable."""
        return number(self._said("ttl") or "", 255)

    @property
    def method(self) -> str | None:
        """The method of a request formed from the URI (section 19.1.5); case matters."""
        return self._said("method")

    @property
    def lr(self) -> bool:
        """Whether the host, standing in Route, is a loose router (section 16.12), however the parameter is written."""
        return "lr" in self.parameters

    @property
    def is_phone(self) -> bool:
        """Whether `user=phone` says that the user part is a telephone number (section 19.1.6)."""
        return _lower(self._said("user")) == "phone"

    @property
    def telephone(self) -> "TelUri | None":
        """The telephone-subscriber inside the user part, with the parameters it has there (sections 19.1.1, 19.1.6).

        It is one when `user=phone` says so, when it begins with `+`, or when it has a `phone-context`, and can be read
        as RFC 3966 has it, its escapes undone (`%23` for `#`); else None. A user named `1234` alone is a name.
        """
        subscriber, semicolon, rest = (self.user or "").partition(";")
        subscriber = unescape(subscriber)
        if "?" in rest:  # a user part may show it (section 25.1), a parameter of RFC 3966 may not
            return None
        try:
            found = TelUri(subscriber, Parameters.parse(semicolon + rest))
        except ParseError:
            return None
        said = self.is_phone or subscriber.startswith("+") or found.phone_context is not None
        return found if said and found.is_well_formed else None

    def header_fields(self) -> tuple[tuple[str, str], ...]:
        """The headers of the URI, unescaped, in order; `body` among them is a body (section 19.1.1).

        Raises `ParseError` when one has no name, or would bring a line of its own into a request.
        """
        return tuple([_header_field(piece) for piece in self.headers.split("&")]) if self.headers else ()

    def with_header_fields(self, fields: Iterable[tuple[str, str]]) -> "SipUri":
        """The same with these headers in place of its own, escaped. Raises `StateError` when one is no text."""
        written = "&".join([f"{escape_header(name)}={escape_header(value)}" for name, value in fields])
        return attrs.evolve(self, headers=written)

    def _said(self, name: str) -> str | None:
        value = self.parameters.get(name)
        return None if value is None else unescape(value)

    def __str__(self) -> str:
        password = "" if self.password is None else f":{self.password}"
        user = "" if self.user is None else f"{self.user}{password}@"
        port = "" if self.port is None else f":{self.port}"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{self.host}{port}{self.parameters}{headers}"


@attrs.frozen
class TelUri:
    """`tel:subscriber;parameters`; the subscriber as written, visual separators kept."""

    subscriber: str
    parameters: Parameters = NO_PARAMETERS

    @property
    def is_global(self) -> bool:
        """Whether it claims to be unique in the world (section 5.1.4); a local number means nothing by itself."""
        return self.subscriber.startswith("+")

    @property
    def is_well_formed(self) -> bool:
        """Whether the subscriber has the digits and separators of RFC 3966 section 3, at least one of them a digit.

        A local number need not have its `phone-context` here: few senders give it.
        """
        form = _GLOBAL if self.is_global else _LOCAL
        return form.fullmatch(self.subscriber) is not None and len(self.digits) > self.is_global

    @property
    def digits(self) -> str:
        """The subscriber less its visual separators, a leading `+` kept (section 5.1.1)."""
        return self.subscriber.translate(_WITHOUT_SEPARATORS)

    @property
    def phone_context(self) -> str | None:
        """Where a local number means something, as written: a domain, or how a global number begins (5.1.5)."""
        return self.parameters.get("phone-context")

    @property
    def extension(self) -> str | None:
        """What to dial behind the number, as written (section 5.3)."""
        return self.parameters.get("ext")

    @property
    def isub(self) -> str | None:
        """The ISDN subaddress, as written (section 5.2)."""
        return self.parameters.get("isub")

    def __str__(self) -> str:
        return f"tel:{self.subscriber}{self.parameters}"


@attrs.frozen
class OtherUri:
    """A URI of a scheme that SIP may carry and we need not understand (RFC 4475 section 3.3.4)."""

    scheme: str
    """Lower-case."""
    rest: str
    """All after the first colon, as written."""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri: TypeAlias = SipUri | TelUri | OtherUri


def parse_uri(text: str) -> Uri:
    """One URI without brackets or blanks around it. Raises `ParseError`.

    Values are immutable, and the URIs of a call come back in each of its messages: the last ones are remembered, which
    saved 8 % of a call's time in the core (2026-11-22).
    """
    return _remembered(text) if len(text) <= MEMORABLE else _parse_uri(text)


def _parse_uri(text: str) -> Uri:
    found = _SIP.fullmatch(text)
    if found is not None:
        return _sip(found)
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon:
        raise ParseError("Bad URI", text)
    if scheme in {"sip", "sips"}:
        raise ParseError("Bad SIP URI", rest)
    if scheme == "tel":
        return _parse_tel(rest)
    if not _SCHEME.fullmatch(scheme) or not _REST.fullmatch(rest):
        raise ParseError("Bad URI", text)
    return OtherUri(scheme, rest)


def _header_field(piece: str) -> tuple[str, str]:
    name, equals, value = piece.partition("=")
    name, value = unescape(name), unescape(value)
    if not equals or not is_token(name):
        raise ParseError("Bad Headers in URI", piece)
    if name.lower() != "body" and _CONTROL.search(value):
        raise ParseError("Control Character in URI Header", piece)
    return name, value


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


_remembered = lru_cache(maxsize=REMEMBERED)(_parse_uri)


def _sip(found: re.Match[str]) -> SipUri:
    scheme, user, password, host, digits, parameters, headers = found.groups()
    port = None if digits is None else int(digits)
    if port is not None and port > _HIGHEST_PORT:
        raise ParseError("Bad Port", found[0].partition(":")[2])
    return SipUri(
        scheme.lower(),
        user,
        host,
        port=port,
        password=password,
        parameters=_parameters(parameters) if parameters else NO_PARAMETERS,
        headers=headers or "",
    )


def _parse_tel(rest: str) -> TelUri:
    found = _TEL.fullmatch(rest)
    if found is None:
        raise ParseError("Bad tel URI", rest)
    subscriber, parameters = found.groups()
    return TelUri(subscriber, _parameters(parameters) if parameters else NO_PARAMETERS)
