"""name-addr and addr-spec, in From, To, Contact, Route, P-Asserted-Identity, Diversion (RFC 3261 section 20.10).

Without brackets, everything after the first `;` belongs to the header, and `?` and `,` may not stand in the URI.
"""

import re
from functools import lru_cache
from typing import Final

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import QUOTED, WHITE, number, quote, split_list, unquote
from sipstack.values.parameters import NO_PARAMETERS, VALUE, Parameters
from sipstack.values.qvalue import qvalue
from sipstack.values.uri import MEMORABLE, REMEMBERED, Uri, parse_uri

# The unquoted display name is wider than *(token LWS): accents and brackets without quotes are in service and hide
# nothing. A comma, semicolon or quote there could make two readers find different addresses.
_NAME_ADDR = re.compile(
    rf'(?:({QUOTED})|([^"<>,;\x00-\x08\x0a-\x1f\x7f]*+))[ \t]*+<([^<>"]*+)>[ \t]*+(;.*)?', re.DOTALL
)

_USUAL = re.compile(rf'(?:"([^"\\\r\n\0]*+)"[ \t]*+)?<([^<>"]*+)>(?:;tag=({VALUE}))?')
"""What nearly all senders write, alike in `_NAME_ADDR` and `Parameters`: numbers and tags are new with each call, so
that no memory of texts helps, and one pattern costs two thirds of two (2026-11-23)."""

_HIGHEST_EXPIRES: Final = 2**32 - 1
_MALFORMED_EXPIRES: Final = 3600


@attrs.frozen
class Address:
    """Somebody: a display name, a URI, and the header's parameters."""

    display_name: str
    """Unescaped, without quotes; empty when absent."""
    uri: Uri
    parameters: Parameters = NO_PARAMETERS
    tag: str | None = attrs.field(init=False, eq=False, repr=False)
    """The dialog side's name in From and To (RFC 3261 section 19.3): a parameter, looked up once for the half dozen who
    ask for it in each message."""

    @tag.default
    def _tag(self) -> str | None:
        return self.parameters.get("tag") if self.parameters.items else None

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Exactly one address: a second one after a comma is a fault. Raises `ParseError`."""
        # Values are immutable, and the From and To of a call come back in each of its messages.
        return _remembered(text) if len(text) <= MEMORABLE else _parse(text)

    @classmethod
    def parse_list(cls, text: str) -> "tuple[Address, ...]":
        """Every address of a comma-separated value. Raises `ParseError`."""
        if "," not in text:
            try:
                return (cls.parse(text),)
            except ParseError:
                pass  # it may be empty, and what else is wrong with it the list knows better
        return tuple([cls.parse(piece) for piece in split_list(text)])

    @property
    def expires(self) -> int | None:
        """How long a Contact's binding holds, in seconds; None when not said, and 3600 when what is said cannot be read
        (RFC 3261 section 20.10)."""
        if "expires" not in self.parameters:
            return None
        value = number(self.parameters.get("expires") or "", _HIGHEST_EXPIRES)
        return _MALFORMED_EXPIRES if value is None else value

    @property
    def q(self) -> float | None:
        """How much a Contact is wanted beside others, 0 to 1 (section 20.10); None when not said or not readable."""
        return qvalue(self.parameters.get("q"))

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{self.parameters}"


def _parse(text: str) -> Address:
    found = _USUAL.fullmatch(text)
    if found is None:
        return _parse_unusual(text.strip(WHITE))
    name, uri, tag = found.groups()
    return Address(name or "", parse_uri(uri), NO_PARAMETERS if tag is None else Parameters((("tag", tag),)))


def _parse_unusual(text: str) -> Address:
    # A `<` within a quoted parameter (`+sip.instance="<urn:...>"`) does not make it a name-addr.
    if not text.startswith('"') and "<" not in text.partition('"')[0]:
        return _parse_addr_spec(text)
    found = _NAME_ADDR.fullmatch(text)
    if found is None:
        raise ParseError("Bad Address", text)
    quoted, plain, uri, parameters = found.groups()
    name = plain.rstrip(WHITE) if quoted is None else unquote(quoted)
    return Address(name, parse_uri(uri), Parameters.parse(parameters) if parameters else NO_PARAMETERS)


_remembered = lru_cache(maxsize=REMEMBERED)(_parse)


def _parse_addr_spec(text: str) -> Address:
    spec, semicolon, parameters = text.partition(";")
    spec = spec.rstrip(WHITE)
    # An `@` after the semicolon would make the user part reach over it for a reader who knows no such rule.
    if "?" in spec or "," in spec or "@" in parameters:
        raise ParseError("Address Needs Brackets", text)
    return Address("", parse_uri(spec), Parameters.parse(semicolon + parameters))
