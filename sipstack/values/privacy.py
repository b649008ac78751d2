"""Privacy: what of its identity a caller wants hidden (RFC 3323 section 4.2; `id` RFC 3325, `history` RFC 7044)."""

from collections.abc import Iterator
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import WHITE, is_token


@attrs.frozen
class Privacy:
    """The privacy levels asked for, in order, as written; `in` asks without case: `"id" in message.privacy`.

    `header`, `session`, `user`, `id`, `history` each hide something; `none` asks that nothing be hidden; `critical`
    asks that the request fail rather than go on without.
    """

    levels: tuple[str, ...]

    @classmethod
    def of(cls, *levels: str) -> Self:
        """From the levels: `Privacy.of("id", "history")`."""
        return cls(levels)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `id;critical`. Commas separate as well, as some senders have it: a wish unseen would be a wish denied.

        Raises `ParseError`, also when it is empty.
        """
        found = tuple([level for piece in text.replace(",", ";").split(";") if (level := piece.strip(WHITE))])
        if not found or not all(map(is_token, found)):
            raise ParseError("Bad Privacy", text)
        return cls(found)

    def __contains__(self, level: str) -> bool:
        wanted = level.lower()
        return any(present.lower() == wanted for present in self.levels)

    def __iter__(self) -> Iterator[str]:
        return iter(self.levels)

    def __str__(self) -> str:
        return ";".join(self.levels)
