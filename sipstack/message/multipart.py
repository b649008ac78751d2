"""The parts of a multipart body, read where they stand (RFC 2046 section 5.1, RFC 5621 for SIP): SIP-I, PIDF-LO.

    for part in parts_of(message): part.media_type, part.disposition, part.body
    sdp = content_of(message, "application/sdp")           wherever it stands, or None
    message.body = replaced(message.body, part, sdp)       every other byte as it came
    message.body = without(message.body, part)

A part knows its place among the octets of the whole body, so that a change is a splice: preamble, epilogue, other parts
and white space behind delimiters stay what they were. After a change the parts are to be read anew.

What two readers could divide differently is a fault: a line that begins as a delimiter and goes on otherwise (section
5.1.1 allows readers to take it for one, and senders not to send it), a delimiter behind the last, two boundaries. A
line may end with LF alone, as in heads. A closing delimiter that is missing is borne: the last part then reaches to
the end.
"""

import re
from collections.abc import Iterator
from typing import Final

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.message.fields import ContentFields
from sipstack.message.headers import Headers, has_bare_nul
from sipstack.message.message import Message
from sipstack.values.content import MediaType
from sipstack.values.registry import key as key_of


@attrs.frozen(kw_only=True)
class PartLimits:
    """How much of a multipart is read."""

    parts: int = 64
    """In all, nested ones and those that hold them too."""
    depth: int = 4
    """Multiparts within multiparts."""
    head: int = 8192
    """Octets of one part's header lines."""


DEFAULT_PART_LIMITS: Final = PartLimits()

# Section 5.1.1 has 1 to 70 characters, not ending with a space; which ones, senders see more freely than it does.
_BOUNDARY = re.compile(r"[ -~]{0,69}[!-~]")
_BEHIND_BOUNDARY = re.compile(rb"(--)?+[ \t]*+(?:\r?\n|(\Z))")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_LEADING_EMPTY_LINE = re.compile(rb"\r?\n")
_NEW_LINE = re.compile(r"\r\n(?![ \t])")
_PLAIN: Final = frozenset({"7bit", "8bit", "binary"})


@attrs.frozen(eq=False, kw_only=True)
class Part(ContentFields):
    """One part: its header lines, looked up as those of a message, and its octets."""

    headers: Headers
    body: bytes
    """As it stands; a Content-Transfer-Encoding is not undone."""
    place: tuple[int, ...]
    """Which it is, counted from 0: `(1, 0)` is the first part of the second part."""
    start: int
    """Where its octets begin in the whole body."""
    end: int
    """Where they end: before the line end that belongs to the delimiter."""
    is_truncated: bool
    """Whether no delimiter follows: the body may have been cut, or its last delimiter forgotten."""
    _takes_body: bool
    _delimiters: tuple[int, int] | None
    """Where its own delimiter line begins, and the one that follows; None when without it no part would be left."""
    _boundaries: tuple[bytes, ...]
    """Of the multiparts it stands in."""


def parts_of(message: Message, limits: PartLimits = DEFAULT_PART_LIMITS) -> tuple[Part, ...]:
    """All parts in the order of the octets, each multipart before its own parts; none when the body is no multipart.

    Raises `ParseError` when they cannot be told apart; its status is 415 when the body is encoded as a whole.
    """
    media_type = message.media_type
    if media_type is None or media_type.type != "multipart":
        return ()
    if any(coding != "identity" for coding in message.content_encodings):
        raise ParseError("Encoded Multipart", status=415)
    return read_parts(media_type, message.body, limits)


def content_of(message: Message, name: str, limits: PartLimits = DEFAULT_PART_LIMITS) -> bytes | None:
    """The body, or its first part, of that type (`application/sdp`); None when there is none. Raises `ParseError`."""
    media_type = message.media_type
    if media_type is not None and media_type.name == name:
        return message.body
    found = (part for part in parts_of(message, limits) if part.media_type and part.media_type.name == name)
    return next((part.body for part in found), None)


def read_parts(media_type: MediaType, body: bytes, limits: PartLimits = DEFAULT_PART_LIMITS) -> tuple[Part, ...]:
    """All parts of a body of that multipart type, as `parts_of`. Raises `ParseError`."""
    found: list[Part] = []
    waiting = [_Container(body, 0, (), (_boundary(media_type),))]
    while waiting:
        container = waiting.pop()
        if len(container.boundaries) > limits.depth:
            raise ParseError("Multipart Too Deep")
        inner: list[_Container] = []
        for part in container.parts(limits.head):
            found.append(part)
            if len(found) > limits.parts:
                raise ParseError("Too Many Parts")
            if (nested := _nested(part)) is not None:
                inner.append(_Container(part.body, part.start, part.place, (*container.boundaries, nested)))
        waiting += inner
    return tuple(sorted(found, key=lambda part: part.place))


def replaced(body: bytes, part: Part, content: bytes) -> bytes:
    """The whole body with other content in that part, all else as it was.

    Raises `StateError` when the part is not of this body, has no place for content (no empty line behind its headers),
    or when the content has a line that would end the part.
    """
    _require_own(body, part)
    if not part._takes_body:
        raise StateError("a part without an empty line has no place for content")
    for boundary in part._boundaries:
        if any(True for _ in _lines_with(boundary, content)):
            raise StateError("content with a boundary of the multipart it is for")
    return body[: part.start] + content + body[part.end :]


def without(body: bytes, part: Part) -> bytes:
    """The whole body less that part, its headers and its delimiter.

    Raises `StateError` when the part is not of this body, or when without it no part, or no closed one, would be left.
    """
    _require_own(body, part)
    if part._delimiters is None:
        raise StateError("a multipart has at least one part")
    opening, following = part._delimiters
    return body[:opening] + body[following:]


def _require_own(body: bytes, part: Part) -> None:
    if body[part.start : part.end] != part.body:
        raise StateError("a part of another body")


@attrs.frozen(eq=False)
class _Container:
    """A multipart: octets between delimiters."""

    content: bytes
    offset: int
    """Where they begin in the whole body."""
    place: tuple[int, ...]
    boundaries: tuple[bytes, ...]
    """Its own is the last."""

    def parts(self, longest_head: int) -> Iterator[Part]:
        delimiters = list(_delimiters(self.content, self.boundaries[-1]))
        last = len(delimiters) - 1
        for at, (opening, begin, is_closing) in enumerate(delimiters):
            if is_closing:
                return
            following = None if at == last else delimiters[at + 1][0]
            is_only = at == 0 and (at == last or delimiters[at + 1][2])
            movable = following is not None and not is_only
            yield self._part(
                at,
                begin,
                following,
                (self.offset + opening, self.offset + (following or 0)) if movable else None,
                longest_head,
            )

    def _part(
        self, number: int, begin: int, following: int | None, delimiters: tuple[int, int] | None, longest_head: int
    ) -> Part:
        end = len(self.content) if following is None else max(begin, _before_line_end(self.content, following))
        headers, start = _headers(self.content, begin, end, longest_head)
        return Part(
            headers=headers,
            body=b"" if start is None else self.content[start:end],
            place=(*self.place, number),
            start=self.offset + (end if start is None else start),
            end=self.offset + end,
            is_truncated=following is None,
            takes_body=start is not None,
            delimiters=delimiters,
            boundaries=self.boundaries,
        )


def _delimiters(content: bytes, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each delimiter line begins, where the next line begins, and whether it closes the multipart."""
    is_closed = is_open = False
    for at in _lines_with(boundary, content):
        found = _BEHIND_BOUNDARY.match(content, at + 2 + len(boundary))
        if found is None or is_closed:
            raise ParseError("Boundary Look-Alike")
        is_closed = found[1] is not None
        if is_closed and not is_open:
            break
        if found[2] is not None and not is_closed:
            raise ParseError("Boundary Cut Off")
        yield at, found.end(), is_closed
        is_open = True
    if not is_open:
        raise ParseError("Multipart Without Parts")


def _lines_with(boundary: bytes, content: bytes) -> Iterator[int]:
    """Where a line begins that begins with `--` and the boundary."""
    mark = b"--" + boundary
    at = content.find(mark)
    while at >= 0:
        if at == 0 or content[at - 1] == 0x0A:
            yield at
        at = content.find(mark, at + 1)


def _before_line_end(content: bytes, at: int) -> int:
    """The line end before a delimiter belongs to it (section 5.1.1)."""
    return at - 2 if content.endswith(b"\r\n", 0, at) else at - 1


def _headers(content: bytes, begin: int, end: int, longest: int) -> tuple[Headers, int | None]:
    """The header lines, and where the octets behind their empty line begin; None when there is no empty line."""
    found = _LEADING_EMPTY_LINE.match(content, begin, end)
    if found is not None:
        return Headers(), found.end()
    found = _EMPTY_LINE.search(content, begin, end)
    head = content[begin : found.start() if found else end]
    if len(head) > longest:
        raise ParseError("Part Header Too Long")
    return _header_lines(head.rstrip(b"\r\n")), found.end() if found else None


def _header_lines(head: bytes) -> Headers:
    text = head.replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape")
    if "\r" in text or has_bare_nul(text):
        raise ParseError("Bad Part Header", text)
    headers = Headers()
    for line in _NEW_LINE.split(text.replace("\n", "\r\n")) if text else ():
        name, colon, _ = line.partition(":")
        if not colon:
            raise ParseError("Bad Part Header", line)
        headers.keys.append(key_of(name))
        headers.lines.append(line)
    return headers


def _nested(part: Part) -> bytes | None:
    """The boundary of a part that is itself a multipart; None when it is none."""
    media_type = part.media_type
    if media_type is None or media_type.type != "multipart":
        return None
    encoding = part.headers.first("content-transfer-encoding")
    if (encoding or "binary").lower() not in _PLAIN or part.content_encodings:
        raise ParseError("Encoded Multipart", status=415)  # RFC 2045 section 6.4 allows no other encoding
    return _boundary(media_type)


def _boundary(media_type: MediaType) -> bytes:
    boundary = media_type.boundary
    given = sum(name.lower() == "boundary" for name, _ in media_type.parameters.items)
    if given != 1 or boundary is None or not _BOUNDARY.fullmatch(boundary):
        raise ParseError("Bad Boundary", str(media_type))
    return boundary.encode("ascii")
