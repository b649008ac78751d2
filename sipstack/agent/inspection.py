"""What a user agent server looks at before it takes a request: RFC 3261 §8.2.1 to §8.2.3.

The order is the RFC's: method, Request-URI, Require, content. A request that passes is one its user can serve. What a
transaction needs (a merged request, 482) has been seen by the transaction layer, and what the parser needs by it.
"""

from typing import Final

import attrs

from sipstack.errors import ParseError
from sipstack.message import Headers, Request, Response, response_to
from sipstack.status import reason as phrase
from sipstack.values import OtherUri

KNOWN: Final = frozenset(
    [
        "INVITE",
        "ACK",
        "CANCEL",
        "BYE",
        "OPTIONS",
        "REGISTER",
        "PRACK",
        "SUBSCRIBE",
        "NOTIFY",
        "PUBLISH",
        "INFO",
        "REFER",
        "MESSAGE",
        "UPDATE",
    ]
)
"""The registered methods: one of these that is not served gets 405, any other 501 (§8.2.1, §21.5.2)."""


@attrs.frozen(kw_only=True)
class Abilities:
    """What this user agent can do, as it tells in Allow, Supported and Accept."""

    methods: tuple[str, ...] | None = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "INFO")
    """None: whatever comes."""
    extensions: tuple[str, ...] = ("100rel", "timer")
    """Option tags."""
    content: tuple[str, ...] | None = ("application/sdp", "multipart/mixed", "multipart/alternative")
    """Media types of bodies, lower-case; None: all. Of a multipart every user agent finds the part it needs, whatever
    stands beside it (RFC 5621 §3): an emergency call brings its caller's place so."""
    largest_body: int = 65_535
    """Octets."""

    @property
    def allow(self) -> list[tuple[str, str]]:
        """The Allow header; none when all is allowed, for an empty one would say that nothing is (§20.5)."""
        return [("Allow", ", ".join(self.methods))] if self.methods else []

    @property
    def supported(self) -> list[tuple[str, str]]:
        """The Supported header; none without an extension."""
        return [("Supported", ", ".join(self.extensions))] if self.extensions else []

    @property
    def accept(self) -> list[tuple[str, str]]:
        """The Accept header; none when any content is taken."""
        return [("Accept", ", ".join(self.content))] if self.content else []


@attrs.frozen
class Refusal:
    """Why a request is not taken, and what the answer has to say beside its status."""

    status: int
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """For people: the reason, and what it is about."""
        return ": ".join([self.reason or phrase(self.status), *(value for _, value in self.headers)])

    def response(self, request: Request, to_tag: str) -> Response:
        """The answer to send."""
        return response_to(request, self.status, self.reason, to_tag=to_tag, headers=self.headers)


def inspect(request: Request, abilities: Abilities) -> Refusal | None:
    """Why the request cannot be served, or None. An ACK or CANCEL is never refused here (§8.2.2.3)."""
    if request.method in ("ACK", "CANCEL"):
        return None
    return (
        _method(request, abilities)
        or _scheme(request)
        or _extensions(request, abilities)
        or _content(request, abilities)
    )


def _method(request: Request, abilities: Abilities) -> Refusal | None:
    if abilities.methods is None or request.method in abilities.methods:
        return None
    status = 405 if request.method in KNOWN else 501
    return Refusal(status, None, tuple(abilities.allow))


def _scheme(request: Request) -> Refusal | None:
    if isinstance(request.request_uri, OtherUri):  # §8.2.2.1
        return Refusal(416, "Unsupported URI Scheme")
    return None


def _extensions(request: Request, abilities: Abilities) -> Refusal | None:
    known = {tag.lower() for tag in abilities.extensions}
    foreign = [tag for tag in _values(request.headers, "require") if tag.lower() not in known]
    if foreign:
        return Refusal(420, "Bad Extension", (("Unsupported", ", ".join(foreign)),))
    return None


def _content(request: Request, abilities: Abilities) -> Refusal | None:
    """§8.2.3: content that is not understood and not optional gets 415, with what would be.

    Not in a BYE: whatever it brings, its sender is gone, and to refuse it would leave us with half a call.
    """
    if request.method == "BYE":
        return None
    if len(request.body) > abilities.largest_body:
        return Refusal(413)
    if not request.body or _is_optional(request.headers):
        return None
    encodings = [value for value in _values(request.headers, "content-encoding") if value.lower() != "identity"]
    if encodings:
        return Refusal(415, None, (("Accept-Encoding", "identity"),))
    if abilities.content is None or _media_type(request) in abilities.content:
        return None
    return Refusal(415, None, (("Accept", ", ".join(abilities.content)),))


def _media_type(request: Request) -> str | None:
    try:
        return request.content_type
    except ParseError:
        return None


def _is_optional(headers: Headers) -> bool:
    """§20.11: `handling=optional` in Content-Disposition lets the body be passed over."""
    parameters = (headers.first("content-disposition") or "").lower().replace(" ", "").split(";")[1:]
    return "handling=optional" in parameters


def _values(headers: Headers, key: str) -> list[str]:
    try:
        return headers.values(key)
    except ParseError:  # a list that cannot be split is one tag nobody supports
        return headers.all(key)
