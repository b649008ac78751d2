"""The session description in a body: alone, or the part of a multipart that describes the session."""

from collections.abc import Callable
from typing import Final

import attrs

from b2bua.call.bridge import CONTENT
from b2bua.errors import MediaError
from b2bua.identity.redaction import is_sdp
from sipstack.errors import ParseError, StateError
from sipstack.message import Headers
from sipstack.message.multipart import Part, read_parts, replaced
from sipstack.values.content import MediaType
from sipstack.values.registry import canonical

_SDP: Final = "application/sdp"
#: What nearly every description is said with; held calls share it.
_BARE: Final = (("Content-Type", _SDP),)


@attrs.frozen
class Description:
    """A session description, with the lines that speak of it."""

    fields: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, headers: Headers, body: bytes) -> "Description":
        """The one in the body of a message, without what else a multipart brings: the ISUP message of a SIP-I peer
        (Q.1912.5), or where a caller is, was said when the call was set up and would mean something else today."""
        if not is_sdp(headers):
            headers, body = _session_part(headers, body)
        if headers.first("content-type") == _SDP and len(CONTENT.intersection(headers.keys)) == 1:
            return cls(_BARE, body)
        return cls(tuple((canonical(key), value) for key, value in headers if key in CONTENT), body)


def describes(headers: Headers, body: bytes) -> bool:
    """Whether a body holds a session description, alone or as a part (RFC 5621 §3)."""
    if not body or is_sdp(headers):
        return bool(body)
    kind = (headers.first("content-type") or "").lower()
    return kind.startswith("multipart/") and b"application/sdp" in body.lower()


def session(headers: Headers, body: bytes) -> bytes:
    """The session description in a body that holds one, alone."""
    return body if is_sdp(headers) else _session_part(headers, body)[1]


def moved(headers: Headers, body: bytes, move: Callable[[bytes], bytes]) -> bytes:
    """The same body with what `move` makes of its session description, in its place; every other octet stays.

    Raises MediaError where the description cannot be read without undoing an encoding, and what `move` raises.
    """
    if (headers.first("content-encoding") or "identity").lower() != "identity":
        raise MediaError("a session description is encoded")
    if is_sdp(headers):
        return move(body)
    described = [part for part in _parts(headers, body) if is_sdp(part.headers)]
    part = next((part for part in described if _is_session(part.headers)), None)
    if part is None:
        raise MediaError("a multipart has no session description that can be read")
    if len(described) > 1:  # an early one beside it (RFC 3959) would show where its sender is
        raise MediaError("a multipart has several session descriptions")
    try:
        return replaced(body, part, move(part.body))
    except StateError as error:
        raise MediaError(f"a session description cannot be put in its place: {error}") from error


def _session_part(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """That part, which an early description is not (RFC 3959); the whole where none can be read."""
    part = _part(headers, body)
    return (headers, body) if part is None else (part.headers, part.body)


def _part(headers: Headers, body: bytes) -> Part | None:
    parts = _parts(headers, body)
    return next((part for part in parts if is_sdp(part.headers) and _is_session(part.headers)), None)


def _parts(headers: Headers, body: bytes) -> tuple[Part, ...]:
    try:
        return read_parts(MediaType.parse(headers.first("content-type") or ""), body)
    except ParseError:
        return ()


def _is_session(headers: Headers) -> bool:
    what = (headers.first("content-disposition") or "session").partition(";")[0]
    return what.strip().lower() == "session"
