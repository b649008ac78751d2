"""The headers each message of a call is handled by, and how each is read (RFC 3261 sections 8.1.1 and 20).

`message` has them as properties and `parse` requires them. Each reads a header as it stands in all lines of it; where
`parse` has made sure that there is one line, it says the line's value to the value's own `parse` instead.
"""

from typing import Final

from sipstack.errors import ParseError
from sipstack.message.headers import Reader
from sipstack.values.address import Address
from sipstack.values.cseq import CSeq
from sipstack.values.grammar import WHITE, number, split_list
from sipstack.values.via import Via

_HIGHEST_LENGTH: Final = 2**32 - 1
_MOST_HOPS: Final = 255


def _only(lines: list[str], name: str) -> str:
    if len(lines) != 1:
        raise ParseError(f"Missing {name}" if not lines else f"Two {name}")
    return lines[0]


def _top_via(lines: list[str]) -> Via:
    for line in lines:
        if "," not in line:
            return Via.parse(line)
        for value in split_list(line):
            return Via.parse(value)
    raise ParseError("Missing Via")


def _vias(lines: list[str]) -> tuple[Via, ...]:
    return tuple([via for line in lines for via in Via.parse_list(line)])


def _from(lines: list[str]) -> Address:
    return Address.parse(_only(lines, "From"))


def _to(lines: list[str]) -> Address:
    return Address.parse(_only(lines, "To"))


def _cseq(lines: list[str]) -> CSeq:
    return CSeq.parse(_only(lines, "CSeq"))


def _call_id(lines: list[str]) -> str:
    return call_id(_only(lines, "Call-ID"))


def call_id(text: str) -> str:
    """The same of one line's value. Raises `ParseError`."""
    if not text or " " in text or "\t" in text:
        raise ParseError("Bad Call-ID", text)
    return text


def _contacts(lines: list[str]) -> tuple[Address, ...]:
    return contacts(lines[0]) if len(lines) == 1 else _addresses(lines)


def contacts(text: str) -> tuple[Address, ...]:
    """The same of one line's value. Raises `ParseError`."""
    return () if text == "*" else Address.parse_list(text)


def _is_wildcard(lines: list[str]) -> bool:
    return lines == ["*"]


def _addresses(lines: list[str]) -> tuple[Address, ...]:
    return tuple([address for line in lines for address in Address.parse_list(line)])


def _max_forwards(lines: list[str]) -> int | None:
    return max_forwards(_only(lines, "Max-Forwards")) if lines else None


def max_forwards(text: str) -> int:
    """The same of one line's value. Raises `ParseError`."""
    return _at_most(_MOST_HOPS, "Max-Forwards", text)


def _content_length(lines: list[str]) -> int | None:
    return content_length(_only(lines, "Content-Length")) if lines else None


def content_length(text: str) -> int:
    """The same of one line's value. Raises `ParseError`."""
    return _at_most(_HIGHEST_LENGTH, "Content-Length", text)


def _at_most(most: int, name: str, text: str) -> int:
    value = number(text, most)
    if value is None:
        raise ParseError(f"Bad {name}", text)
    return value


def _content_type(lines: list[str]) -> str | None:
    return _only(lines, "Content-Type").partition(";")[0].strip(WHITE).lower() if lines else None


TOP_VIA: Final = Reader("via", _top_via)
VIAS: Final = Reader("via", _vias)
FROM: Final = Reader("from", _from)
TO: Final = Reader("to", _to)
CSEQ: Final = Reader("cseq", _cseq)
CALL_ID: Final = Reader("call-id", _call_id)
CONTACTS: Final = Reader("contact", _contacts)
WILDCARD: Final = Reader("contact", _is_wildcard)
ROUTES: Final = Reader("route", _addresses)
RECORD_ROUTES: Final = Reader("record-route", _addresses)
MAX_FORWARDS: Final = Reader("max-forwards", _max_forwards)
CONTENT_TYPE: Final = Reader("content-type", _content_type)
CONTENT_LENGTH: Final = Reader("content-length", _content_length)
