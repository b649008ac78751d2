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
from sipstack.message.headers import Headers, has_bare_nul
from sipstack.message.message import Message, Request, Response
from sipstack.values.grammar import is_token
from sipstack.values.registry import KEYS, SINGLE, canonical
from sipstack.values.uri import SipUri


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

_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_NEW_LINE = re.compile(r"\r\n(?![ \t])")
_STATUS = re.compile(r"([1-6][0-9]{2})(?: (.*))?", re.DOTALL)
# A response cannot be answered 400, only lost, and its call with it: so it is refused for what it is matched by alone.
_SINGLE_IN_A_RESPONSE: Final = frozenset({"call-id", "content-length", "cseq", "from", "to"})
_MANDATORY: Final = ("via", "from", "to", "call-id", "cseq")


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
    fields, rest = _open(data.lstrip(b"\r\n"))
    start = fields.pop(0)
    fault = None
    try:
        headers = Headers(_keys(fields, limits), fields)
    except ParseError as error:
        headers, fault = _readable(fields[: limits.headers]), error
    message = _start_line(start, headers)
    try:
        if fault is not None:
            raise fault
        _check_start_line(message, start, limits)
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
        message.via, message.call_id  # noqa: B018 - read to be tried
        for address in (message.from_, message.to):
            # `;tag` without a value is neither a tag nor none: one reader would see a dialog, another a new call.
            if not address.tag and "tag" in address.parameters:
                raise ParseError("Empty Tag")
        method = message.cseq.method
        if isinstance(message, Request):
            _check_request(message, method, present)
    except ParseError as error:
        error.message = message
        raise


def _open(data: bytes) -> tuple[list[str], bytes | None]:
    """The start line and each header line with its folds, and what follows the empty line; None when there is none."""
    end = data.find(b"\r\n\r\n")
    text = data[: max(end, 0)].decode("utf-8", "surrogateescape")
    lines = text.split("\r\n")
    bare = "".join(lines)
    if end >= 0 and "\n" not in bare and "\r" not in bare:
        rest: bytes | None = data[end + 4 :]
    else:
        text, rest = _with_whole_line_ends(data)
        lines = text.split("\r\n")
    if has_bare_nul(text):
        raise ParseError("NUL Outside a Quoted Pair")
    # A fold begins with a blank, which sorts before all that begins a header: `min` asks every line at once.
    return (_NEW_LINE.split(text) if min(lines) < "!" else lines), rest


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


def _start_line(start: str, headers: Headers) -> Message:
    """The message, still without its body, if the start line can be told apart; `_check_start_line` is strict."""
    if _says_sip(start):
        found = _STATUS.fullmatch(start.partition(" ")[2])
        if found is None:
            raise ParseError("Bad Status Line", start)
        return Response(int(found[1]), found[2] or "", headers)
    method, _, rest = start.partition(" ")
    uri = rest.rpartition(" ")[0]
    if not uri or not is_token(method):
        raise ParseError("Bad Request Line", start)
    return Request(method, uri, headers)


def _check_start_line(message: Message, start: str, limits: Limits) -> None:
    if isinstance(message, Response):
        version = start.partition(" ")[0]
    else:
        version = start.rpartition(" ")[2]
        if len(message.uri) > limits.uri:
            raise ParseError("Request-URI Too Long", status=414)
        if " " in message.uri or "\t" in message.uri:
            raise ParseError("Bad Request Line", start)
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        if _says_sip(version):
            raise ParseError("Version Not Supported", version, status=505)
        raise ParseError("Bad Request Line", start)
    if "\n" in start:
        raise ParseError("Folded Start Line", start)


def _says_sip(text: str) -> bool:
    return text[:4].upper() == "SIP/"


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
    length = message.content_length
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


def _check_request(request: Request, cseq_method: str, present: set[str]) -> None:
    if cseq_method != request.method:
        raise ParseError("CSeq Method Mismatch", cseq_method)
    uri = request.request_uri
    if isinstance(uri, SipUri) and uri.headers:
        raise ParseError("Headers in the Request-URI", uri.headers)
    request.contacts, request.max_forwards  # noqa: B018 - read to be tried
    # Most requests have no route: asking the set is a third of reading what is not there.
    if "route" in present:
        request.routes  # noqa: B018
    if "record-route" in present:
        request.record_routes  # noqa: B018
