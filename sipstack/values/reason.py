"""Reason: why a request or response was sent (RFC 3326; RFC 6432 for its place in responses)."""

import re
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import TOKEN, WHITE, number, quote, split_list, unquote
from sipstack.values.parameters import NO_PARAMETERS, Parameters

_REASON = re.compile(rf"({TOKEN})[ \t]*+(;.*)?", re.DOTALL)


@attrs.frozen
class Reason:
    """One cause: the protocol whose code it is (`SIP`, `Q.850`) and its parameters."""

    protocol: str
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def of(cls, protocol: str, cause: int, text: str = "") -> "Reason":
        """A cause made here, e.g. `Reason.of("Q.850", 21, "Call rejected")`."""
        parameters = Parameters().with_("cause", str(cause))
        return Reason(protocol, parameters.with_("text", quote(text)) if text else parameters)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly one value. Raises `ParseError`."""
        found = _REASON.fullmatch(text.strip(WHITE))
        if found is None:
            raise ParseError("Bad Reason", text)
        return cls(found[1], Parameters.parse(found[2] or ""))

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Every cause of a comma-separated value. Raises `ParseError`."""
        return tuple([cls.parse(piece) for piece in split_list(text)])

    @property
    def cause(self) -> int | None:
        """The code; None when absent or no number."""
        return number(self.parameters.get("cause") or "", 999)

    @property
    def text(self) -> str:
        """The words for people, unquoted; empty when absent."""
        return unquote(self.parameters.get("text") or "")

    @property
    def location(self) -> str | None:
        """Where in the telephone network the cause arose, such as `LN` (RFC 8606, for Q.850); None when not said."""
        return self.parameters.get("location")

    def __str__(self) -> str:
        return f"{self.protocol}{self.parameters}"
