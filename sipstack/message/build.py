"""Messages made from other messages: responses, ACKs, CANCELs (RFC 3261 sections 8.2.6, 17.1.1.3 and 9.1).

What is copied is copied as it came, byte for byte, since the peer compares it with what it sent.
"""

from collections.abc import Iterable
from typing import Final

from sipstack.errors import ParseError
from sipstack.message.headers import Headers
from sipstack.message.message import Request, Response
from sipstack.status import reason as phrase
from sipstack.values.cseq import CSeq

_COPIED: Final = ("from", "to", "call-id", "cseq")
_MAX_FORWARDS: Final = "70"


def request(method: str, uri: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> Request:
    """A request from its parts, in their order; Content-Length is added when it is not among them.

    Raises `StateError` when a part would not print as one header line.
    """
    made = Headers.of(headers)
    if "content-length" not in made:
        _add_length(made, body)
    return Request(method, uri, made, body)


def response_to(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """The response to a request (section 8.2.6.2): every Via, and From, To, Call-ID and CSeq as they came.

    `to_tag` is added to a To that has none. What the request lacks, because it was refused for lacking it, the
    response lacks too.
    """
    made = _matched(request.headers)
    if to_tag is not None:
        _tag(made, request, to_tag)
    for name, value in headers:
        made.add(name, value)
    if "content-length" not in made:
        _add_length(made, body)
    return Response(status, phrase(status) if reason is None else reason, made, body)


def ack_to_failure(invite: Request, response: Response) -> Request:
    """The ACK to a 300-699, which belongs to the INVITE's transaction (section 17.1.1.3): same branch, same target."""
    made = _within(invite, "ACK")
    to = _lines(response.headers, "to")
    if to:
        at = made.headers.keys.index("to")
        made.headers.lines[at] = to[0]
    return made


def cancel_of(invite: Request, headers: Iterable[tuple[str, str]] = ()) -> Request:
    """The CANCEL of a pending INVITE (section 9.1); headers to add may be a Reason (RFC 3326)."""
    made = _within(invite, "CANCEL")
    for name, value in headers:
        made.headers.insert(len(made.headers) - 1, name, value)
    return made


def _within(invite: Request, method: str) -> Request:
    """A request of the same transaction name: the top Via alone, and what both sections copy."""
    made = Headers()
    made.add("Via", str(invite.via))
    made.add("Max-Forwards", _MAX_FORWARDS)
    for key in ("from", "to", "call-id", "route"):
        for line in _lines(invite.headers, key):
            made.keys.append(key)
            made.lines.append(line)
    made.add("CSeq", str(CSeq(invite.cseq.number, method)))
    made.add("Content-Length", "0")
    return Request(method, invite.uri, made)


def _matched(headers: Headers) -> Headers:
    """What a response is matched by, line by line as it came: parsed once, it is fit to be printed."""
    keys, lines = headers.keys, headers.lines
    vias = _lines(headers, "via")
    made = Headers(["via"] * len(vias), vias)
    for key in _COPIED:
        if key in keys:  # two From: the response to a request so refused repeats the first
            made.keys.append(key)
            made.lines.append(lines[keys.index(key)])
    return made


def _lines(headers: Headers, key: str) -> list[str]:
    keys, lines = headers.keys, headers.lines
    if keys.count(key) == 1:
        return [lines[keys.index(key)]]
    return [line for present, line in zip(keys, lines, strict=True) if present == key]


def _tag(made: Headers, request: Request, to_tag: str) -> None:
    try:
        untagged = request.to.tag is None
    except ParseError:
        return  # refused for this very header: what a tag would be added to cannot be told
    if untagged:
        at = made.keys.index("to")
        made.lines[at] = made.lines[at].rstrip("; \t\r\n") + f";tag={to_tag}"


def _add_length(headers: Headers, body: bytes) -> None:
    headers.keys.append("content-length")
    headers.lines.append(f"Content-Length: {len(body)}")
