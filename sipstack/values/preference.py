"""Accept-Encoding and Accept-Language: what a peer understands, and what it likes best (RFC 3261 sections 20.2-3)."""

from typing import Self

import attrs

from sipstack.values.grammar import split_list
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.qvalue import qvalue
from sipstack.values.shapes import word_with_parameters


@attrs.frozen
class Preference:
    """One coding or language range."""

    name: str
    """Lower-case: `gzip`, `identity`, `en-gb`, `*`."""
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly one. Raises `ParseError`."""
        name, parameters = word_with_parameters(text, "Preference")
        return cls(name.lower(), parameters)

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Every one of a comma-separated value. Raises `ParseError`."""
        return tuple([cls.parse(piece) for piece in split_list(text)])

    @property
    def q(self) -> float:
        """How much it is wanted, 0 to 1: 1 when not said or not readable."""
        value = qvalue(self.parameters.get("q"))
        return 1.0 if value is None else value

    def __str__(self) -> str:
        return f"{self.name}{self.parameters}"
