"""Another network's signalling where it stands in a message: its whole body, or parts of a multipart beside a session.

    for one in enclosed(message): one.is_isup, one.read()
    body = less_signalling(headers, body)

SIP-I and SIP-T put ISUP there (Q.1912.5, RFC 3372), others QSIG (RFC 3204), whose numbers nobody here reads. The parts
are told apart strictly, since a part that only the next reader finds is one that nobody has judged.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import attrs

from b2bua.identity.isup import IsupMessage, read_isup, unread
from policy.claim import Assertion
from sipstack.errors import ParseError
from sipstack.message import Headers, Part, PartLimits, read_parts, without
from sipstack.values import MediaType
from sipstack.values.grammar import unquote
from sipstack.values.registry import canonical

ISUP: Final = "application/isup"
KINDS: Final = frozenset({ISUP, "application/qsig"})
#: Lines that speak of a body, and go with it.
_CONTENT: Final = ("content-type", "content-encoding", "content-disposition", "content-language")
#: Lines of a part that say of a whole body what they say of a part; an encoding that is none goes without saying.
_PORTABLE: Final = frozenset({*_CONTENT, "content-length", "content-transfer-encoding"})
#: A multipart in a multipart, and no more: what an emergency call of a SIP-I peer with its location needs at most.
_LIMITS: Final = PartLimits(parts=16, depth=2, head=4096)
#: Dialects whose parameters are those of the ITU-T (RFC 3204 §3.1, table 1), and those whose are not.
_OURS: Final = ("itu", "etsi")
_OTHERS: Final = ("ansi", "gr", "ttc")
_WHITE: Final = b" \t\r\n"


class Bodied(Protocol):
    """A message, or what is to become one."""

    @property
    def headers(self) -> Headers:
        """Its lines."""

    @property
    def body(self) -> bytes:
        """Its octets."""


@attrs.define(eq=False)
class Content:
    """A body with the lines that speak of it, apart from a message."""

    headers: Headers
    body: bytes


@attrs.frozen(eq=False, kw_only=True)
class Enclosed:
    """One message of signalling within a SIP message."""

    kind: MediaType
    headers: Headers
    """The lines of its part, or of the message."""
    octets: bytes
    part: Part | None = None
    """None: it is the whole body."""

    @property
    def is_isup(self) -> bool:
        """Whether it is ISUP, of whatever dialect."""
        return self.kind.name == ISUP

    def read(self) -> IsupMessage:
        """What it tells. Raises ParseError with status 415 when nobody here can read it."""
        if not self.is_isup:
            raise ParseError("QSIG Not Screened", status=415)
        encodings = {value.lower() for value in self.headers.all("content-transfer-encoding")}
        if encodings - {"binary"} or self.headers.first("content-encoding"):
            raise unread("encoded")
        if not _is_ours(self.kind):
            raise unread(str(self.kind))
        return read_isup(self.octets)


def enclosed(message: Bodied) -> tuple[Enclosed, ...]:
    """All signalling in a message, in the order of its octets.

    Raises ParseError, with status 415 where a body without it could be taken, when readers could differ over where it
    is. A body that cannot hold any is not divided, whatever is wrong with it.
    """
    headers, body = message.headers, message.body
    kind = _squeezed(headers)
    is_multipart = "multipart/" in kind
    if not (is_multipart or _is_marked(kind)):
        return ()
    text = body.lower().translate(None, _WHITE) if is_multipart else b""
    if is_multipart and not (_is_marked(kind) or _is_marked(text.decode("latin-1"))):
        return ()
    media_type = message_type(headers)
    if media_type.name in KINDS:
        return (Enclosed(kind=media_type, headers=headers, octets=body),)
    if media_type.type != "multipart":
        raise unread(kind)
    found = tuple(_parts(read_parts(media_type, body, _LIMITS)))
    if sum(text.count(name.encode()) for name in KINDS) != len(found):
        raise unread("named where no part begins")
    return found


def message_type(headers: Headers) -> MediaType:
    """The type of a body that has one. Raises ParseError when there are two lines, or none that can be read."""
    lines = headers.all("content-type")
    if len(lines) != 1:
        raise ParseError("Two Content-Type" if lines else "No Content-Type")
    return MediaType.parse(lines[0])


def told_in(message: Bodied) -> Iterator[Assertion]:
    """What the signalling in a message asserts of its caller. Raises ParseError when it cannot be read."""
    return told_by(enclosed(message))


def told_by(signalling: Iterable[Enclosed]) -> Iterator[Assertion]:
    """What these assert of the caller. Raises ParseError when one cannot be read."""
    count = 0
    for one in signalling:
        assertions = tuple(one.read().assertions(count))
        yield from assertions
        count += len(assertions)


def less_signalling(headers: Headers, body: bytes) -> bytes:
    """The body without its signalling; `headers` are changed to speak of what is left.

    A multipart of which one part is left becomes that part, for who receives it may know no multiparts. What cannot be
    told apart goes as a whole.
    """
    rest = Content(headers, body)
    try:
        while found := enclosed(rest):
            _drop(rest, found[-1].part)
    except ParseError:
        _drop(rest, None)
    if rest.body != body:
        _unwrap(rest)
    return rest.body


def _squeezed(headers: Headers) -> str:
    """What is said of the type, without the white space that may stand around the slash (RFC 3261 §25.1, SLASH)."""
    return "".join("".join(headers.all("content-type")).split()).lower()


def _is_marked(text: str) -> bool:
    return "isup" in text or "qsig" in text


def _parts(parts: tuple[Part, ...]) -> Iterator[Enclosed]:
    for part in parts:
        if part.is_truncated:
            raise ParseError("Multipart Cut Off")
        named = _squeezed(part.headers)
        if not _is_marked(named):
            continue
        kind = message_type(part.headers)
        if kind.name not in KINDS:
            raise unread(named)
        yield Enclosed(kind=kind, headers=part.headers, octets=part.body, part=part)


def _is_ours(kind: MediaType) -> bool:
    """Whether the body is said to be of the ITU-T's family, or nothing is said of it: ISUP is the ITU-T's.

    A version may be anybody's own, `nxv3`, and then its base says how to read it; but not one of another family.
    """
    told = [(name.lower(), unquote(value or "").lower()) for name, value in kind.parameters.items]
    versions = [value for name, value in told if name == "version"]
    bases = [value for name, value in told if name == "base"]
    is_another = any(value.startswith(_OTHERS) for value in versions)
    return not is_another and all(value.startswith(_OURS) for value in bases or versions)


def _drop(rest: Content, part: Part | None) -> None:
    """Takes out that part, with each multipart that would be empty without it; None: all."""
    parts = () if part is None else read_parts(message_type(rest.headers), rest.body, _LIMITS)
    place = () if part is None else part.place
    while place and sum(other.place[:-1] == place[:-1] for other in parts) == 1:
        place = place[:-1]
    if place:
        rest.body = without(rest.body, next(other for other in parts if other.place == place))
        return
    rest.body = b""
    for key in _CONTENT:
        rest.headers.remove(key)


def _unwrap(rest: Content) -> None:
    """Puts the only part of a multipart in its place, where its lines can be those of a message."""
    if not rest.body or not (parts := read_parts(message_type(rest.headers), rest.body, _LIMITS)):
        return
    only = parts[0]
    encoding = (only.headers.first("content-transfer-encoding") or "binary").lower()
    is_alone = all(len(other.place) > 1 for other in parts[1:])
    is_portable = _PORTABLE.issuperset(only.headers.keys) and "content-type" in only.headers
    if not (is_alone and is_portable and encoding in ("7bit", "8bit", "binary")):
        return
    for key in _CONTENT:
        rest.headers.remove(key)
    for key in _CONTENT:
        for value in only.headers.all(key):
            rest.headers.add(canonical(key), value)
    rest.body = only.body
