"""Whether octets show a number to somebody who tries hard: written apart from `policy` and from the egress guard.

What counts as showing:

- a number of the country's plan: its national digits, in one run that nothing but separators interrupts, in any line of
  the head or of the body. It is looked for after each step of undoing escapes (percent, quoted pair, JSON), in what
  base64 or hex conceals, with digits of any script taken at their value, and with a local number and its phone-context
  put together;
- a short number, or one of the wrong length: as the whole user part of a URI, or the whole display-name, of a header
  that names a caller or a diverter. Elsewhere three digits are a port or a room, and digits that are nobody's number
  are only digits.

Not showing: the called number where the call must say it: Request-URI, To, and the History-Info entry that is the
current target.
"""

import base64
import binascii
import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from tests.safety.wire import Seen, octets, text

_CLI = ("from", "p-asserted-identity", "p-preferred-identity", "remote-party-id", "diversion", "history-info")
_JSON = re.compile(r"\\u([0-9A-Fa-f]{4})")
_BASE64 = re.compile(r"[A-Za-z0-9_+/-]{12,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){7,}")
_CONTEXT = re.compile(r"([^:<\"]*);\s*phone-context\s*=\s*([^;>@\s]*)", re.IGNORECASE)
_DEPTH = 3


@lru_cache(maxsize=4096)
def _one(char: str) -> str:
    value = unicodedata.digit(char, None)
    if value is not None:
        return str(value)
    if char.isascii():
        return "x" if char.isalpha() else ""
    folded = unicodedata.normalize("NFKC", char)
    if folded != char:
        return "".join(_one(c) for c in folded)
    return "x" if unicodedata.category(char)[0] == "L" and char not in "\u115f\u1160\u3164\uffa0" else ""


def digits_of(text_: str) -> str:
    """The digits in a text, in their order, with an x where a letter stands between."""
    return "".join(_one(char) for char in text_)


def decodings(line: str) -> Iterator[str]:
    """A text, and what it becomes for those who undo its escapes."""
    seen = {line}
    waiting = [(line, 0)]
    while waiting:
        current, depth = waiting.pop()
        yield current
        if depth == _DEPTH:
            continue
        undone = [
            text(unquote_to_bytes(octets(current))),
            current.replace("\\", ""),
            _JSON.sub(lambda found: chr(int(found[1], 16)), current),
            *_concealed(current),
            *(context + local for local, context in _CONTEXT.findall(current)),
        ]
        for other in map(_whole, undone):
            if other not in seen:
                seen.add(other)
                waiting.append((other, depth + 1))


def _whole(text_: str) -> str:
    """A text that octets can carry: half of a surrogate pair, which JSON can spell, is no character."""
    try:
        octets(text_)
    except UnicodeEncodeError:
        return text_.encode("utf-8", "replace").decode()
    return text_


def _concealed(line: str) -> Iterator[str]:
    for found in _BASE64.findall(line):
        bare = found.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield text(base64.b64decode(bare + "=" * (-len(bare) % 4)))
        except (binascii.Error, ValueError):
            continue
    for found in _HEX.findall(line):
        yield text(bytes.fromhex(found))


def shows(line: str, digits: str) -> bool:
    """Whether a line of text shows them."""
    return any(digits in digits_of(decoded) for decoded in decodings(line))


def _body(seen: Seen) -> bytes:
    if seen.get("content-encoding").lower() in ("gzip", "deflate"):
        try:
            return zlib.decompress(seen.body, wbits=47)
        except zlib.error:
            return seen.body
    return seen.body


def leaks(seen: Seen, digits: str, called: str) -> list[str]:
    """The places of a message that show the digits of a number of the plan."""
    found = []
    own = digits in digits_of(called)
    if shows(seen.start, digits) and not (own and seen.is_request):
        found.append("start line")
    for name, value in seen.fields:
        if name in ("to", "p-called-party-id") and own:
            continue
        pieces = value.split(",") if name == "history-info" and own else [value]
        if own and name == "history-info":
            pieces = [piece for piece in pieces if digits_of(called)[-8:] not in digits_of(piece)]
        if any(shows(f"{name}: {piece}", digits) for piece in [" ".join(p.split()) for p in pieces]):
            found.append(name)
    if any(shows(line, digits) for line in re.split(r"[\r\n]+", text(_body(seen)))):
        found.append("body")
    if b"application/isup" in seen.body.lower() or seen.get("content-type").lower().startswith("application/isup"):
        found.append("ISUP")
    return found


def leaks_whole(seen: Seen, digits: str, code: str = "32") -> list[str]:
    """The headers that show a short number, or one of the wrong length, as who calls or who diverted."""
    found = []
    wholes = {digits, code + digits, "00" + code + digits, "0" + digits}
    for name, value in seen.fields:
        if name not in _CLI:
            continue
        users = re.findall(r"(?:sips?|tel):([^@:;>?]*)", value, re.IGNORECASE)
        names = [*re.findall(r'"((?:[^"\\]|\\.)*)"', value), *re.findall(r"(?:^|,)([^<>\",]*)<", value)]
        if any(digits_of(decoded) in wholes for whole in [*users, *names] for decoded in decodings(whole)):
            found.append(name)
    return found
