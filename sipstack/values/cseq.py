"""CSeq: the order of requests in a dialog (RFC 3261 section 20.16)."""

from functools import lru_cache
from typing import Final

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import WHITE, is_token, number

_HIGHEST: Final = 2**32 - 1
"""Section 8.1.1.5: "expressible as a 32-bit unsigned integer"; that clients stay below 2**31 is theirs to keep."""
_MEMORABLE: Final = 32


@attrs.frozen
class CSeq:
    """A number that grows by request, and the request's method."""

    number: int
    method: str
    """Case matters (section 7.1)."""

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """From `4711 INVITE`. Raises `ParseError`."""
        return _remembered(text) if len(text) <= _MEMORABLE else _parse(text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def _parse(text: str) -> CSeq:
    digits, _, method = text.strip(WHITE).replace("\t", " ").partition(" ")
    method = method.lstrip(" ")
    value = number(digits, _HIGHEST)
    if value is None or not is_token(method):
        raise ParseError("Bad CSeq", text)
    return CSeq(value, method)


# The same few for ever: calls begin with small numbers, and a number comes back in each response.
_remembered = lru_cache(maxsize=512)(_parse)
