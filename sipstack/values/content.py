"""What a body is and what for: Content-Type, Content-Disposition, Accept (RFC 3261 sections 20.1, 20.11, 20.15)."""

import re
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import TOKEN, WHITE, split_list, unquote
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.qvalue import qvalue
from sipstack.values.shapes import word_with_parameters

# White space may stand around the slash (section 25.1, SLASH).
_MEDIA = re.compile(rf"({TOKEN})[ \t]*+/[ \t]*+({TOKEN})[ \t]*+(;.*)?", re.DOTALL)


@attrs.frozen
class MediaType:
    """`application/sdp;charset=utf-8`, or in Accept a range such as `text/*;q=0.5`."""

    type: str
    """Lower-case, as types are compared without case; `*` for all."""
    subtype: str
    """Lower-case; `*` for all."""
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly one. Raises `ParseError`."""
        found = _MEDIA.fullmatch(text.strip(WHITE))
        if found is None:
            raise ParseError("Bad Media Type", text)
        return cls(found[1].lower(), found[2].lower(), Parameters.parse(found[3] or ""))

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Every one of a comma-separated value. Raises `ParseError`."""
        return tuple([cls.parse(piece) for piece in split_list(text)])

    @property
    def name(self) -> str:
        """`type/subtype`, without the parameters."""
        return f"{self.type}/{self.subtype}"

    @property
    def boundary(self) -> str | None:
        """What separates the parts of a multipart, without quotes (RFC 2046 section 5.1.1); None when absent."""
        value = self.parameters.get("boundary")
        return None if value is None else unquote(value)

    @property
    def charset(self) -> str | None:
        """The characters of a text, without quotes; None when not said, which means UTF-8 (section 7.4.1)."""
        value = self.parameters.get("charset")
        return None if value is None else unquote(value)

    @property
    def q(self) -> float:
        """How much it is wanted, 0 to 1: 1 when not said or not readable."""
        value = qvalue(self.parameters.get("q"))
        return 1.0 if value is None else value

    def takes(self, other: "MediaType") -> bool:
        """Whether this, read as a range of Accept, holds the other; parameters are not looked at."""
        return self.type in {"*", other.type} and self.subtype in {"*", other.subtype}

    def __str__(self) -> str:
        return f"{self.type}/{self.subtype}{self.parameters}"


@attrs.frozen
class Disposition:
    """What a body is for: `session`, `early-session`, `render`, `icon`, `alert`, `signal` ..."""

    kind: str
    """Lower-case."""
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `session;handling=optional`. Raises `ParseError`."""
        kind, parameters = word_with_parameters(text, "Content-Disposition")
        return cls(kind.lower(), parameters)

    @property
    def is_required(self) -> bool:
        """Whether who does not understand the body must refuse it, 415: unless `handling=optional` (section 20.11)."""
        return (self.parameters.get("handling") or "").lower() != "optional"

    def __str__(self) -> str:
        return f"{self.kind}{self.parameters}"
