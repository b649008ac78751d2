"""Warning: what went otherwise than asked, for people (RFC 3261 section 20.43)."""

import re
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import QUOTED, WHITE, quote, split_list, unquote

_WARNING = re.compile(rf"([0-9]{{3}})[ \t]++([^\x00-\x20\x7f,\"<>]++)[ \t]*+({QUOTED})")


@attrs.frozen
class WarningValue:
    """A code, who says so, and a text."""

    code: int
    """Three digits, 3xx in SIP: 399 for anything else."""
    agent: str
    """A host, perhaps with a port, or a pseudonym."""
    text: str
    """Unescaped, without quotes."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `307 isi.edu "Session parameter 'foo' not understood"`. Raises `ParseError`."""
        found = _WARNING.fullmatch(text.strip(WHITE))
        if found is None:
            raise ParseError("Bad Warning", text)
        return cls(int(found[1]), found[2], unquote(found[3]))

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Every one of a comma-separated value. Raises `ParseError`."""
        return tuple([cls.parse(piece) for piece in split_list(text)])

    def __str__(self) -> str:
        return f"{self.code:03} {self.agent} {quote(self.text)}"
