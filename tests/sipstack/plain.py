"""The readers and printers of the hot path once more, without a short cut: what the quick ones are compared with."""

import re
from typing import Final

from sipstack.errors import ParseError, StateError
from sipstack.message import Headers, Message, Request, Response
from sipstack.message.headers import has_bare_nul, has_stray_control
from sipstack.message.parse import DEFAULT_LIMITS, Limits
from sipstack.values import (
    LISTS,
    NO_PARAMETERS,
    SINGLE,
    Address,
    CSeq,
    OtherUri,
    Parameters,
    SipUri,
    Uri,
    Via,
    canonical,
    is_token,
    key,
    split_list,
    unquote,
)
from sipstack.values.grammar import HOST, OPAQUE, QUOTED, TOKEN, WHITE, number

_ONE_PARAMETER: Final = re.compile(
    rf'[ \t]*+;[ \t]*+([!#-+\-.-:?-~]++)[ \t]*+(?:=[ \t]*+({QUOTED}|[^\x00-\x20\x7f;,"<>]*+))?'
)
_SIP_WITHOUT_SCHEME: Final = re.compile(
    r'(?:([^\x00-\x20\x7f<>"@:]++)(?::([^\x00-\x20\x7f<>"@]*+))?@)?'
    rf"({HOST})(?::([0-9]{{1,5}}))?"
    r'(;[^\x00-\x20\x7f<>"@?]*+)?(?:\?([^\x00-\x20\x7f<>"@]*+))?'
)
_VIA: Final = re.compile(
    rf"[Ss][Ii][Pp][ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+({TOKEN})[ \t]++"
    rf"({HOST})[ \t]*+(?::[ \t]*+([0-9]{{1,5}})[ \t]*+)?(;.*)?",
    re.DOTALL,
)
_NAME_ADDR: Final = re.compile(
    rf'(?:({QUOTED})|([^"<>,;\x00-\x08\x0a-\x1f\x7f]*+))[ \t]*+<([^<>"]*+)>[ \t]*+(;.*)?', re.DOTALL
)
_STATUS: Final = re.compile(r"([1-6][0-9]{2})(?: (.*))?", re.DOTALL)
_SINGLE_IN_A_RESPONSE: Final = ("call-id", "content-length", "cseq", "from", "to")


def parameters(text: str) -> Parameters:
    items: list[tuple[str, str | None]] = []
    at = 0
    while found := _ONE_PARAMETER.match(text, at):
        items.append((found[1], found[2]))
        at = found.end()
    if text[at:].strip(" \t") not in ("", ";"):
        raise ParseError("Bad Parameters", text)
    return Parameters(tuple(items))


def via(text: str) -> Via:
    found = _VIA.fullmatch(text.strip(WHITE))
    if found is None:
        raise ParseError("Bad Via", text)
    port = None if found[3] is None else number(found[3], 65535)
    if found[3] is not None and port is None:
        raise ParseError("Bad Via Port", text)
    return Via(found[1].upper(), found[2], port, parameters=parameters(found[4] or ""))


def cseq(text: str) -> CSeq:
    digits, _, method = text.strip(WHITE).replace("\t", " ").partition(" ")
    value = number(digits, 2**32 - 1)
    if value is None or not is_token(method.lstrip(" ")):
        raise ParseError("Bad CSeq", text)
    return CSeq(value, method.lstrip(" "))


def uri(text: str) -> Uri:
    """Of any scheme but tel, which has no short cut."""
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if colon and scheme in ("sip", "sips"):
        return _sip(scheme, rest)
    if not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+\-.]*+", scheme) or not re.fullmatch(f"{OPAQUE}++", rest):
        raise ParseError("Bad URI", text)
    return OtherUri(scheme, rest)


def _sip(scheme: str, rest: str) -> SipUri:
    found = _SIP_WITHOUT_SCHEME.fullmatch(rest)
    if found is None:
        raise ParseError("Bad SIP URI", rest)
    port = None if found[4] is None else number(found[4], 65535)
    if found[4] is not None and port is None:
        raise ParseError("Bad Port", rest)
    return SipUri(
        scheme, found[1], found[3], port=port, password=found[2], parameters=parameters(found[5] or ""),
        headers=found[6] or "",
    )  # fmt: skip


def address(text: str) -> Address:
    text = text.strip(WHITE)
    if not text.startswith('"') and "<" not in text.partition('"')[0]:
        spec, semicolon, rest = text.partition(";")
        spec = spec.rstrip(WHITE)
        if "?" in spec or "," in spec or "@" in rest:
            raise ParseError("Address Needs Brackets", text)
        return Address("", _any_uri(spec), parameters(semicolon + rest))
    found = _NAME_ADDR.fullmatch(text)
    if found is None:
        raise ParseError("Bad Address", text)
    name = found[2].rstrip(WHITE) if found[1] is None else unquote(found[1])
    return Address(name, _any_uri(found[3]), parameters(found[4]) if found[4] else NO_PARAMETERS)


def _any_uri(text: str) -> Uri:
    return Address.parse(f"<{text}>").uri if text.lower().startswith("tel:") else uri(text)


def vias(text: str) -> tuple[Via, ...]:
    return tuple(via(one) for one in split_list(text))


def addresses(text: str) -> tuple[Address, ...]:
    return tuple(address(one) for one in split_list(text))


def line(name: str, value: str) -> tuple[str, str]:
    if not is_token(name) or has_stray_control(value):
        raise StateError("not a header line")
    return key(name), f"{name}: {value}"


def message(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Structure and check, a line at a time and each header looked for where it is needed."""
    if len(data) > limits.datagram:
        raise ParseError("Message Too Large", status=513)
    head, rest = _head(data.lstrip(b"\r\n"))
    start, *fields = re.split(r"\r\n(?![ \t])", head)
    fault = None
    try:
        headers = Headers(_keys(fields, limits), fields)
    except ParseError as error:
        readable = [field for field in fields[: limits.headers] if is_token(field.partition(":")[0].rstrip(" \t"))]
        readable = [field for field in readable if ":" in field]
        headers, fault = Headers([key(field.partition(":")[0]) for field in readable], readable), error
    made = _start_line(start, headers)
    try:
        if fault is not None:
            raise fault
        _check_start_line(made, start, limits)
        made.body = _body(made, rest, limits)
        check(made)
    except ParseError as error:
        error.message = made
        raise
    return made


def _head(data: bytes) -> tuple[str, bytes | None]:
    found = re.search(rb"\r?\n\r?\n", data)
    head, rest = (data[: found.start()], data[found.end() :]) if found else (data.rstrip(b"\r\n"), None)
    if b"\r" in head.replace(b"\r\n", b""):
        raise ParseError("Carriage Return Without Line Feed")
    text = head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").decode("utf-8", "surrogateescape")
    if has_bare_nul(text):
        raise ParseError("NUL Outside a Quoted Pair")
    return text, rest


def _keys(fields: list[str], limits: Limits) -> list[str]:
    if len(fields) > limits.headers:
        raise ParseError("Too Many Headers")
    keys = []
    for field in fields:
        for count, limit, fault in (
            (len(field), limits.line, "Header Too Long"),
            (field.count(";"), limits.parameters, "Too Many Parameters"),
            (field.count(","), limits.values, "Too Many Values"),
        ):
            if count > limit:
                raise ParseError(fault)
        if ":" not in field:
            raise ParseError("Header Without Colon")
        keys.append(key(field.partition(":")[0]))
    return keys


def _start_line(start: str, headers: Headers) -> Message:
    if start[:4].upper() == "SIP/":
        found = _STATUS.fullmatch(start.partition(" ")[2])
        if found is None:
            raise ParseError("Bad Status Line", start)
        return Response(int(found[1]), found[2] or "", headers)
    method, _, rest = start.partition(" ")
    if not rest.rpartition(" ")[0] or not is_token(method):
        raise ParseError("Bad Request Line", start)
    return Request(method, rest.rpartition(" ")[0], headers)


def _check_start_line(made: Message, start: str, limits: Limits) -> None:
    version = start.partition(" ")[0] if isinstance(made, Response) else start.rpartition(" ")[2]
    if isinstance(made, Request):
        if len(made.uri) > limits.uri:
            raise ParseError("Request-URI Too Long", status=414)
        if " " in made.uri or "\t" in made.uri:
            raise ParseError("Bad Request Line", start)
    if version.upper() != "SIP/2.0":
        if version[:4].upper() == "SIP/":
            raise ParseError("Version Not Supported", version, status=505)
        raise ParseError("Bad Request Line", start)
    if "\n" in start:
        raise ParseError("Folded Start Line", start)


def _body(made: Message, rest: bytes | None, limits: Limits) -> bytes:
    if rest is None:
        raise ParseError("No Empty Line")
    length = _number(made, "content-length", 2**32 - 1)
    if length is not None:
        if length > len(rest):
            raise ParseError("Content-Length Beyond the Datagram")
        rest = rest[:length]
    if len(rest) > limits.body:
        raise ParseError("Body Too Large", status=413)
    return rest


def _number(made: Message, name: str, ceiling: int) -> int | None:
    lines = made.headers.all(name)
    if len(lines) > 1:
        raise ParseError(f"Two {canonical(name)}")
    if lines and number(lines[0], ceiling) is None:
        raise ParseError(f"Bad {canonical(name)}", lines[0])
    return number(lines[0], ceiling) if lines else None


def check(made: Message) -> None:
    keys = made.headers.keys
    for name in ("via", "from", "to", "call-id", "cseq"):
        if name not in keys:
            raise ParseError(f"Missing {canonical(name)}")
    single = SINGLE if isinstance(made, Request) else _SINGLE_IN_A_RESPONSE
    for at, name in enumerate(keys):
        if name in single and name in keys[:at]:
            raise ParseError(f"Two {canonical(name)}")
    top_via(made)
    call_id = made.headers.all("call-id")[0]
    if not call_id or " " in call_id or "\t" in call_id:
        raise ParseError("Bad Call-ID", call_id)
    for name in ("from", "to"):
        tagged = address(made.headers.all(name)[0]).parameters
        if not tagged.get("tag") and "tag" in tagged:
            raise ParseError("Empty Tag")
    method = cseq(made.headers.all("cseq")[0]).method
    if isinstance(made, Request):
        _check_request(made, method)


def top_via(made: Message) -> Via:
    for value in made.headers.all("via"):
        if "," not in value:
            return via(value)
        for one in split_list(value):
            return via(one)
    raise ParseError("Missing Via")


def _check_request(made: Request, method: str) -> None:
    if method != made.method:
        raise ParseError("CSeq Method Mismatch", method)
    target = _any_uri(made.uri)
    if isinstance(target, SipUri) and target.headers:
        raise ParseError("Headers in the Request-URI", target.headers)
    contacts(made)
    _number(made, "max-forwards", 255)
    for name in ("route", "record-route"):
        for value in made.headers.all(name):
            addresses(value)


def contacts(made: Message) -> tuple[Address, ...]:
    lines = made.headers.all("contact")
    return () if lines == ["*"] else tuple(one for value in lines for one in addresses(value))


def is_misrouted(response: Response) -> bool:
    assert "via" in LISTS
    return len([one for value in response.headers.all("via") for one in split_list(value)]) > 1


def printed(made: Message) -> bytes:
    """The message as bytes; its Content-Length is mended when it does not say what the body has."""
    headers = made.headers.copy()
    try:
        right = _number(made, "content-length", 2**32 - 1) == len(made.body)
    except ParseError:
        right = False
    if not right:
        headers.replace("content-length", str(len(made.body)))
    start = f"{made.method} {made.uri} SIP/2.0" if isinstance(made, Request) else f"SIP/2.0 {made.status} {made.reason}"
    return "\r\n".join([start, *headers.lines, "", ""]).encode("utf-8", "surrogateescape") + made.body


def answer(request: Request, status: int, reason: str, to_tag: str) -> bytes:
    """A response without a body, copied line by line (RFC 3261 section 8.2.6.2)."""
    pairs = list(zip(request.headers.keys, request.headers.lines, strict=True))
    lines = [text for name, text in pairs if name == "via"]
    for wanted in ("from", "to", "call-id", "cseq"):
        lines += [text for name, text in pairs if name == wanted][:1]
        if wanted == "to" and _is_untagged(request):
            lines[-1] = lines[-1].rstrip("; \t\r\n") + f";tag={to_tag}"
    head = [f"SIP/2.0 {status} {reason}", *lines, "Content-Length: 0", "", ""]
    return "\r\n".join(head).encode("utf-8", "surrogateescape")


def _is_untagged(request: Request) -> bool:
    found = request.headers.all("to")
    try:
        return len(found) == 1 and address(found[0]).parameters.get("tag") is None
    except ParseError:
        return False
