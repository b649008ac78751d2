"""RAck: which reliable provisional response a PRACK acknowledges (RFC 3262 section 7.2). RSeq is a plain number."""

from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.cseq import CSeq
from sipstack.values.grammar import WHITE
from sipstack.values.shapes import integer


@attrs.frozen
class RAck:
    """The RSeq of the response, and the CSeq of the request it answered."""

    rseq: int
    cseq: CSeq

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `776656 1 INVITE`. Raises `ParseError`."""
        response, blank, rest = text.strip(WHITE).replace("\t", " ").partition(" ")
        if not blank:
            raise ParseError("Bad RAck", text)
        return cls(integer(response, "RAck"), CSeq.parse(rest))

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq}"
