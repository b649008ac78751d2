"""The request that a SIP URI describes (RFC 3261 section 19.1.5): what a link on a page makes a telephone send.

Whoever wrote the URI is not who will send the request, so he may ask for what does no harm and no more.
"""

from typing import Final

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import is_token
from sipstack.values.registry import canonical
from sipstack.values.registry import key as key_of
from sipstack.values.uri import SipUri

REFUSED: Final = frozenset(
    {
        # "These obviously dangerous header fields", and Route, which would send the request another way.
        "from", "call-id", "cseq", "via", "record-route", "route",
        # What would falsely advertise location or capabilities.
        "accept", "accept-encoding", "accept-language", "allow", "contact", "organization", "supported", "user-agent",
        # Descriptive fields whose accuracy is ours to vouch for; the sender writes its own.
        "content-length", "date", "mime-version", "timestamp",
        # What other RFCs let only the sender, or the network on its behalf, say about itself.
        "authorization", "proxy-authorization", "identity", "p-asserted-identity", "p-preferred-identity",
        "remote-party-id", "diversion", "history-info", "max-forwards",
    }
)  # fmt: skip
"""Headers that a URI may not put into a request."""


@attrs.frozen(kw_only=True)
class RequestParts:
    """What a request formed from a URI begins as."""

    method: str | None
    """The `method` parameter; None leaves the choice to the context, INVITE as a rule."""
    uri: SipUri
    """The Request-URI: without headers and without the `method` parameter, which may not stand there."""
    headers: tuple[tuple[str, str], ...]
    """Those that may be honoured, under their usual names; To is among them when the URI has one."""
    body: bytes
    refused: tuple[str, ...]
    """Keys of the headers that were left out as dangerous, for who wants to refuse the whole URI."""


def request_parts(uri: SipUri) -> RequestParts:
    """The parts of the request that the URI describes, "on a per-component basis".

    Raises `ParseError` when no valid request can be formed: a method that is none, or headers that cannot be read.
    """
    method = uri.method
    if "method" in uri.parameters and not (method and is_token(method)):
        raise ParseError("Bad Method in URI", method or "")
    headers: list[tuple[str, str]] = []
    refused: list[str] = []
    body = b""
    for name, value in uri.header_fields():
        key = key_of(name)
        if key == "body":
            body = _octets(value)
        elif key in REFUSED:
            refused.append(key)
        else:
            headers.append((canonical(key), value))
    bare = SipUri(
        uri.scheme,
        uri.user,
        uri.host,
        port=uri.port,
        password=uri.password,
        parameters=uri.parameters.without("method"),
    )
    return RequestParts(method=method, uri=bare, headers=tuple(headers), body=body, refused=tuple(refused))


def _octets(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ParseError("Bad Body in URI", repr(text)) from error
