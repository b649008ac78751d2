"""From the bytes of one datagram to a message (RFC 3261 sections 7, 18.3 and 8.2; RFC 4475 for the border cases).

Two steps. `parse_structure` finds the start line, the header lines and the body and looks into no value but
Content-Length. `check` then requires what a user agent cannot do without. The head is decoded once, as UTF-8 with
surrogate escapes, so that any byte comes back as it was.

Line ends: CRLF. A bare LF also ends a line, since some peers send it, but the line is kept with CRLF: what we print
has one reading only. A bare CR, or a NUL outside a quoted-pair, is a fault: some reader would end the line or the
string there.
"""

import re
from typing import Final

import attrs

from sipstack.errors import ParseError
from sipstack.message.essentials import (
    CALL_ID,
    CSEQ,
    FROM,
    MAX_FORWARDS,
    TO,
    TOP_VIA,
    call_id,
    content_length,
    max_forwards,
)
from sipstack.message.headers import Headers, Reader, has_bare_nul
from sipstack.message.message import Message, Request, Response
from sipstack.values.address import Address
from sipstack.values.cseq import CSeq
from sipstack.values.grammar import is_token
from sipstack.values.registry import KEYS, SINGLE, canonical
from sipstack.values.uri import SipUri
from sipstack.values.via import Via


@attrs.frozen(kw_only=True)
class Limits:
    """How large a message may be, in octets of the wire or, within the head, characters.

    What is beyond is refused with 513 (the message), 413 (its body), 414 (the Request-URI) or 400 (the rest). Nothing
    that is parsed here nests: `<...>`, quotes and `?...` hold text, and comments are for who reads them.
    """

    datagram: int = 65535
    body: int = 65535
    headers: int = 256
    """Header lines, after unfolding."""
    line: int = 8192
    """One header with all its folds. RFC 4475 section 3.1.1.7 has 594; a PASSporT with a photo's URL has 2000."""
    uri: int = 2048
    parameters: int = 256
    """Semicolons in one header line: its values, their URIs and the parameters of both share them."""
    values: int = 256
    """Commas in one header line. A request that has spiralled through 70 hops has 70 in its Via at most."""


DEFAULT_LIMITS: Final = Limits()

_NAMES = re.compile(r"\n([!-9;-~]*+):")
"""What each line but the first has before its colon, where that is printable throughout."""
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_NEW_LINE = re.compile(r"\r\n(?![ \t])")
_STATUS = re.compile(r"([1-6][0-9]{2})(?: (.*))?", re.DOTALL)
# A response cannot be answered 400, only lost, and its call with it: so it is refused for what it is matched by alone.
_SINGLE_IN_A_RESPONSE: Final = frozenset({"call-id", "content-length", "cseq", "from", "to"})
_MANDATORY: Final = ("via", "from", "to", "call-id", "cseq")
_VERSION: Final = "SIP/2.0"


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """The message one datagram holds, read far enough that `check` is content.

    Raises `ParseError`; its `message` is there when the lines could be told apart.
    """
    message = parse_structure(data, limits)
    check(message)
    return message


def parse_structure(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """The message one datagram holds, by its lines alone. Leading CRLFs are keep-alives and are skipped (section 7.5).

    Raises `ParseError`.
    """
    if len(data) > limits.datagram:
        raise ParseError("Message Too Large", status=513)
    text, lines, rest = _open(data.lstrip(b"\r\n"))
    keys = _keys_at_once(text, len(lines) - 1, limits)
    fault = None
    if keys is None:
        lines = _NEW_LINE.split(text)
        try:
            keys = _keys(lines[1:], limits)
        except ParseError as error:
            fault = error
    start = lines.pop(0)
    headers = _readable(lines[: limits.headers]) if keys is None else Headers(keys, lines)
    message, version = _start_line(start, headers)
    try:
        if fault is not None:
            raise fault
        _check_start_line(message, version, start, limits)
        message.body = _body(message, rest, limits)
    except ParseError as error:
        error.message = message
        raise
    return message


def check(message: Message) -> None:
    """Require what makes a message usable: after this the typed properties it read raise no more.

    Of all messages: Via (the topmost), From, To, Call-ID and CSeq are there and can be read, a tag has a value, and no
    header of `SINGLE` stands twice (in a response, none of those that match it to its request). Of a request also:
    CSeq's method is the request's, the Request-URI can be read and has no headers (section 19.1.1), and Contact, Route,
    Record-Route and Max-Forwards can be read where present. A response with a bad Contact still ends a transaction, so
    that is left to who needs it. Max-Forwards may be missing (RFC 2543).

    Raises `ParseError` with the message in it.
    """
    try:
        keys = message.headers.keys
        present = set(keys)
        _check_presence(keys, present, SINGLE if isinstance(message, Request) else _SINGLE_IN_A_RESPONSE)
        cseq = _read_matched(message)
        if isinstance(message, Request):
            _read_request(message, cseq.method, present)
    except ParseError as error:
        error.message = message
        raise


def _open(data: bytes) -> tuple[str, list[str], bytes | None]:
    """The head, the same in its lines, and what follows the empty line; None when there is none."""
    end = data.find(b"\r\n\r\n")
    text = data[: max(end, 0)].decode("utf-8", "surrogateescape")
    lines = text.split("\r\n")
    bare = "".join(lines)
    if end >= 0 and "\n" not in bare and "\r" not in bare:
        rest: bytes | None = data[end + 4 :]
    else:
        text, rest = _with_whole_line_ends(data)
        lines = text.split("\r\n")
    if "\0" in text and has_bare_nul(text):
        raise ParseError("NUL Outside a Quoted Pair")
    return text, lines, rest


def _with_whole_line_ends(data: bytes) -> tuple[str, bytes | None]:
    found = _EMPTY_LINE.search(data)
    head, rest = (data[: found.start()], data[found.end() :]) if found else (data.rstrip(b"\r\n"), None)
    head = head.replace(b"\r\n", b"\n")
    if b"\r" in head:
        raise ParseError("Carriage Return Without Line Feed")
    return head.replace(b"\n", b"\r\n").decode("utf-8", "surrogateescape"), rest


def _readable(fields: list[str]) -> Headers:
    """The lines that can be told apart: enough to answer the request whose other lines cannot."""
    headers = Headers()
    for line in fields:
        name, colon, _ = line.partition(":")
        if colon and is_token(name.rstrip(" \t")):
            headers.keys.append(KEYS[name])
            headers.lines.append(line)
    return headers


def _start_line(start: str, headers: Headers) -> tuple[Message, str]:
    """The message, still without its body, and its version, if they can be told apart; the check of it is strict."""
    first, _, rest = start.partition(" ")
    if _says_sip(start):
        found = _STATUS.fullmatch(rest)
        if found is None:
            raise ParseError("Bad Status Line", start)
        return Response(int(found[1]), found[2] or "", headers), first
    uri, _, version = rest.rpartition(" ")
    if not uri or not is_token(first):
        raise ParseError("Bad Request Line", start)
    return Request(first, uri, headers), version


def _check_start_line(message: Message, version: str, start: str, limits: Limits) -> None:
    if isinstance(message, Request):
        if len(message.uri) > limits.uri:
            raise ParseError("Request-URI Too Long", status=414)
        if " " in message.uri or "\t" in message.uri:
            raise ParseError("Bad Request Line", start)
    if version != _VERSION and version.upper() != _VERSION:
        if _says_sip(version):
            raise ParseError("Version Not Supported", version, status=505)
        raise ParseError("Bad Request Line", start)
    if "\n" in start:
        raise ParseError("Folded Start Line", start)


def _says_sip(text: str) -> bool:
    return text[:4].upper() == "SIP/"


def _keys_at_once(text: str, count: int, limits: Limits) -> list[str] | None:
    """The keys of all lines by one search, where no line is folded, lacks a colon or can be beyond a limit; else None.

    One search for the whole head costs two thirds of looking for a colon in each line. It says nothing wrong: a fold
    begins with a blank and a line without colon has none, so as many names as lines means that each line has its own.
    """
    if len(text) > limits.line or text.count(";") > limits.parameters or text.count(",") > limits.values:
        return None
    try:
        keys = list(map(KEYS.__getitem__, _NAMES.findall(text)))
    except ParseError:
        return None
    return keys if len(keys) == count <= limits.headers else None


def _keys(fields: list[str], limits: Limits) -> list[str]:
    if len(fields) > limits.headers:
        raise ParseError("Too Many Headers")
    harmless = min(limits.line, limits.parameters, limits.values)  # a line this short exceeds none of them
    keys = []
    for line in fields:
        if len(line) > harmless:
            _check_line(line, limits)
        name, colon, _ = line.partition(":")
        if not colon:
            raise ParseError("Header Without Colon")
        keys.append(KEYS[name])
    return keys


def _check_line(line: str, limits: Limits) -> None:
    if len(line) > limits.line:
        raise ParseError("Header Too Long")
    if line.count(";") > limits.parameters:
        raise ParseError("Too Many Parameters")
    if line.count(",") > limits.values:
        raise ParseError("Too Many Values")


def _body(message: Message, rest: bytes | None, limits: Limits) -> bytes:
    """What Content-Length leaves of the rest: more octets are not ours to pass on (section 18.3)."""
    if rest is None:
        raise ParseError("No Empty Line")
    headers = message.headers
    alone = headers.keys.count("content-length") == 1
    length = content_length(headers.top("content-length")) if alone else message.content_length
    if length is not None and length != len(rest):
        if length > len(rest):
            raise ParseError("Content-Length Beyond the Datagram")
        rest = rest[:length]
    if len(rest) > limits.body:
        raise ParseError("Body Too Large", status=413)
    return rest


def _check_presence(keys: list[str], present: set[str], single: frozenset[str]) -> None:
    if not present.issuperset(_MANDATORY):
        raise ParseError(f"Missing {canonical(next(key for key in _MANDATORY if key not in present))}")
    if len(present) != len(keys):
        seen: set[str] = set()
        for key in keys:
            if key in single and key in seen:
                raise ParseError(f"Two {canonical(key)}")
            seen.add(key)


def _read_matched(message: Message) -> CSeq:
    """What a message is matched by. Each of these headers but Via has one line, so nobody need look for another."""
    headers = message.headers
    via = headers.top("via")
    known: dict[Reader[object], object] = {
        TOP_VIA: message.via if "," in via else Via.parse(via),
        CALL_ID: call_id(headers.top("call-id")),
        FROM: _tagged(headers.top("from")),
        TO: _tagged(headers.top("to")),
        CSEQ: (cseq := CSeq.parse(headers.top("cseq"))),
    }
    headers.know(known)
    return cseq


def _tagged(text: str) -> Address:
    address = Address.parse(text)
    # `;tag` without a value is neither a tag nor none: one reader would see a dialog, another a new call.
    if not address.tag and "tag" in address.parameters:
        raise ParseError("Empty Tag")
    return address


def _read_request(request: Request, method: str, present: set[str]) -> None:
    if method != request.method:
        raise ParseError("CSeq Method Mismatch", method)
    uri = request.request_uri
    if isinstance(uri, SipUri) and uri.headers:
        raise ParseError("Headers in the Request-URI", uri.headers)
    headers = request.headers
    # Most requests have no route, and some nothing of these: asking the set is a third of reading what is not there.
    if "contact" in present:
        request.contacts  # noqa: B018 - read to be tried
    if "max-forwards" in present:
        headers.know({MAX_FORWARDS: max_forwards(headers.top("max-forwards"))})
    if "route" in present:
        request.routes  # noqa: B018
    if "record-route" in present:
        request.record_routes  # noqa: B018
