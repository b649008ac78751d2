"""`;name=value` as it follows URIs and header values (RFC 3261 sections 7.3.1, 19.1.1 and 25.1, generic-param)."""

import re
from typing import Final, Self

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.values.grammar import QUOTED

_NAME: Final = r"[!#-+\-.-:?-~]++"
"""Printable ASCII but separators: wider than `token`, since URI parameters may hold `[ ] / : & $`."""
VALUE: Final = r'[^\x00-\x20\x7f;,"<>]*+'
_PLAIN = re.compile(rf"(?:;{_NAME}(?:={VALUE})?)++")
_ONE = re.compile(rf"[ \t]*+;[ \t]*+({_NAME})[ \t]*+(?:=[ \t]*+({QUOTED}|{VALUE}))?")
_END = re.compile(r"[ \t]*+;?[ \t]*+")
_WELL_FORMED = re.compile(rf"{QUOTED}|{VALUE}")
_NAME_ONLY = re.compile(_NAME)


@attrs.frozen
class Parameters:
    """Ordered parameters. Names are kept as written and compared without case; values are kept as written, quotes too.

    A name without `=` has the value None; ask for its presence with `in`.
    """

    items: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `;a=b;c`, or the empty text. One `;` at the end is borne, any other empty parameter is not.

        Raises `ParseError` (RFC 4475 section 3.1.2.1).
        """
        if not text:
            return cls()
        return cls(_plain(text) if _PLAIN.fullmatch(text) else _parse_spaced(text))

    def get(self, name: str) -> str | None:
        """The first value of that name; None when absent, and also when it has no value."""
        wanted = name.lower()
        for key, value in self.items:
            if key == wanted or key.lower() == wanted:
                return value
        return None

    def __contains__(self, name: str) -> bool:
        wanted = name.lower()
        # A generator here takes twice as long, and every message asks half a dozen times (2026-11-22).
        for key, _ in self.items:  # noqa: SIM110
            if key == wanted or key.lower() == wanted:
                return True
        return False

    def __len__(self) -> int:
        return len(self.items)

    def with_(self, name: str, value: str | None = None) -> "Parameters":
        """The same with this one set: in its place when there, else at the end.

        Raises `StateError` when the name or the value would print as something else; quote it first (`quote`).
        """
        if not _NAME_ONLY.fullmatch(name) or (value is not None and not _WELL_FORMED.fullmatch(value)):
            raise StateError(f"not a parameter: {name!r} = {value!r}")
        if name not in self:
            return Parameters((*self.items, (name, value)))
        wanted = name.lower()
        place = next(at for at, (key, _) in enumerate(self.items) if key.lower() == wanted)
        rest = self.without(name).items
        return Parameters((*rest[:place], (name, value), *rest[place:]))

    def without(self, name: str) -> "Parameters":
        """The same without any of that name."""
        wanted = name.lower()
        return Parameters(tuple(item for item in self.items if item[0].lower() != wanted))

    def __str__(self) -> str:
        return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in self.items])


NO_PARAMETERS: Final = Parameters()


def _plain(text: str) -> tuple[tuple[str, str | None], ...]:
    if text.rfind(";") == 0:  # one, as a tag or a branch is: four of five that are read anew
        name, equals, value = text[1:].partition("=")
        return ((name, value if equals else None),)
    items: list[tuple[str, str | None]] = []
    for piece in text[1:].split(";"):
        name, equals, value = piece.partition("=")
        items.append((name, value if equals else None))
    return tuple(items)


def _parse_spaced(text: str) -> tuple[tuple[str, str | None], ...]:
    items: list[tuple[str, str | None]] = []
    at = 0
    while found := _ONE.match(text, at):
        items.append((found[1], found[2]))
        at = found.end()
    if not _END.fullmatch(text, at):
        raise ParseError("Bad Parameters", text)
    return tuple(items)
