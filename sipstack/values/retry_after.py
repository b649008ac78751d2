"""Retry-After: when to try again, and for how long that will hold (RFC 3261 section 20.33)."""

import re
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import WHITE, number
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.shapes import HIGHEST, integer, read_comment

_SECONDS = re.compile(r"[0-9]++")


@attrs.frozen
class RetryAfter:
    """`18000;duration=3600`, or `120 (I'm in a meeting)`."""

    seconds: int
    comment: str | None = None
    """Without the outermost parentheses, else as written, escapes and inner comments too."""
    parameters: Parameters = attrs.field(default=NO_PARAMETERS, kw_only=True)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ParseError`."""
        text = text.strip(WHITE)
        digits = _SECONDS.match(text)
        if digits is None:
            raise ParseError("Bad Retry-After", text)
        rest = text[digits.end() :].lstrip(WHITE)
        comment = None
        if rest.startswith("("):
            end = read_comment(rest, 0)
            comment, rest = rest[1 : end - 1], rest[end:].lstrip(WHITE)
        return cls(integer(digits[0], "Retry-After"), comment, parameters=Parameters.parse(rest))

    @property
    def duration(self) -> int | None:
        """How long the callee can be reached from then on, in seconds; None when not said or not readable."""
        return number(self.parameters.get("duration") or "", HIGHEST)

    def __str__(self) -> str:
        comment = "" if self.comment is None else f" ({self.comment})"
        return f"{self.seconds}{comment}{self.parameters}"
