"""The characters SIP is made of: tokens, quoted strings, numbers, lists (RFC 3261 section 25.1).

Patterns are composed from these fragments by the values. Each one is deterministic, or possessive where it could
backtrack, so that a hostile text costs no more than its length. White space is always named: Python's own idea of it
(`str.strip()`, `str.split()`) has characters that end no SIP token.
"""

import re
from typing import Final

from sipstack.errors import ParseError

WHITE: Final = " \t\r\n"
"""What LWS is made of; to be given to `strip` always."""

TOKEN: Final = r"[A-Za-z0-9\-.!%*_+`'~]++"
QUOTED: Final = r'"[^"\\\r\n\0]*+(?:\\[^\r\n][^"\\\r\n\0]*+)*+"'
"""quoted-string. A quoted-pair may hold any octet but CR and LF, so also NUL (RFC 4475 section 3.1.1.2)."""
HOST: Final = r"(?:[A-Za-z0-9._\-]++|\[[0-9A-Fa-f:.]++\])"
"""A name, an IPv4 address or an IPv6 reference. `_` is no host character, but names with it are in service."""
OPAQUE: Final = r'[^\x00-\x20\x7f<>"]'
"""A character a URI part may show. Wider than the RFC (`#` and non-ASCII pass): what a number is, policy judges."""

_FEW: Final = 10
"""Digits that `int` reads at no cost worth a look at the ceiling."""
_TOKEN = re.compile(TOKEN)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'["\\\0]')
_GUARDS = re.compile('["<>]')
_ALONE = re.compile(rf'(?:{QUOTED}|[^",<>]++)?+(?:<[^<>"]*+>[^",<>]*+)?+')
"""One element whose quotes, if any, stand before its brackets: what most lists of addresses are."""
_PIECE = re.compile(rf'[^",<>]++|{QUOTED}|<[^<>"]*+>|,')


def is_token(text: str) -> bool:
    """Whether the whole text is one `token`: fit as method, header name, tag, branch or option tag."""
    return _TOKEN.fullmatch(text) is not None


def number(text: str, ceiling: int) -> int | None:
    """The decimal number that the text is, or None when it is none or is above the ceiling.

    `int` alone would take signs, blanks, underscores and the digits of other scripts, and fail on long texts.
    """
    if not (text.isdigit() and text.isascii()):
        return None
    if len(text) > _FEW:
        text = text.lstrip("0") or "0"
        if len(text) > len(str(ceiling)):
            return None
    value = int(text)
    return value if value <= ceiling else None


def quote(text: str) -> str:
    """The text as quoted-string; `unquote` takes it back. It must not hold CR or LF, which no quoted-pair can carry."""
    return f'"{_TO_ESCAPE.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    return "\\" + found[0]


def unquote(text: str) -> str:
    """What a quoted-string says, without its quotes and escapes; any other text as it is."""
    if len(text) < 2 or not (text[0] == '"' == text[-1]):
        return text
    inner = text[1:-1]
    return _PAIR.sub(r"\1", inner) if "\\" in inner else inner


def split_list(text: str) -> list[str]:
    """The elements of a comma-separated header value, each stripped, empty ones left out (RFC 3261 section 7.3.1).

    Commas within quotes and within `<...>` separate nothing. Parentheses do not protect: no header that may hold a
    list has comments, and a lone `(` in one address must not hide the next.

    Raises `ParseError` when quotes or brackets are not closed, for then two readers could count different elements.
    """
    if "," not in text and _ALONE.fullmatch(text):
        pieces = [text]
    else:
        pieces = _split_guarded(text) if _GUARDS.search(text) else text.split(",")
    return [stripped for piece in pieces if (stripped := piece.strip(WHITE))]


def _split_guarded(text: str) -> list[str]:
    pieces: list[str] = []
    start = at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None:
            raise ParseError("Unbalanced Quotes or Brackets", text)
        if found[0] == ",":
            pieces.append(text[start:at])
            start = found.end()
        at = found.end()
    pieces.append(text[start:])
    return pieces
