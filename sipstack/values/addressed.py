"""Headers that are an address whose parameters mean something of their own: the shape their values share."""

from typing import Self

import attrs

from sipstack.values.address import Address
from sipstack.values.grammar import split_list, unquote
from sipstack.values.parameters import Parameters
from sipstack.values.uri import Uri


@attrs.frozen
class Addressed:
    """An address under another name. Subclasses say what its parameters mean."""

    address: Address

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly one. Raises `ParseError`."""
        return cls(Address.parse(text))

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Every one of a comma-separated value. Raises `ParseError`."""
        return tuple([cls.parse(piece) for piece in split_list(text)])

    @property
    def uri(self) -> Uri:
        """Of the address."""
        return self.address.uri

    @property
    def parameters(self) -> Parameters:
        """Of the address: the header's, not the URI's."""
        return self.address.parameters

    def _word(self, name: str) -> str | None:
        """A parameter that is one of a few words: without quotes, lower-case; None when absent."""
        value = self.parameters.get(name)
        return None if value is None else unquote(value).lower()

    def __str__(self) -> str:
        return str(self.address)
