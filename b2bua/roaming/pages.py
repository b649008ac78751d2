"""Millions of numbers with a small value each, in the memory of a few: a page of octets for each thousand numbers.

What it takes is bounded by the numbering plan and not by the file: 50 MiB if every Belgian mobile number were in it. A
dictionary of five million numbers took ten times that; sorted arrays would want a sort, which holds up the calls.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Self

import attrs

from b2bua.errors import ConfigError

_PAGE: Final = 1_000
#: Pages at most: no country has as many numbers.
_MOST: Final = 200_000
_LONGEST_LINE: Final = 1_024
#: A number, and what stands in the next column.
_LINE: Final = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*"?\+?([1-9][0-9]{4,14})"?\s*(?:[,;\t]\s*"?([^,;\t"\r\n]*).*)?\Z""", re.DOTALL
)
_DIGIT: Final = re.compile(rb"[0-9]")
_DIVIDERS: Final = re.compile(rb"[,;\t]")
#: Values at most: an octet's, less the one that says nothing.
MOST_VALUES: Final = 255


@attrs.define(eq=False)
class Pages:
    """E.164 numbers to values, by which `values` names them."""

    values: tuple[str, ...]
    count: int = attrs.field(default=0, init=False)
    """How many numbers have one."""
    _pages: dict[int, bytearray] = attrs.field(factory=dict, init=False, repr=False)

    def get(self, number: str) -> str | None:
        """The value of a number, +32...; None: it has none."""
        page, place = divmod(int(number[1:]), _PAGE)
        found = self._pages.get(page)
        if found is None or not found[place]:
            return None
        return self.values[found[place] - 1]

    def put(self, number: int, value: int) -> None:
        """Gives a number the value of that place. Raises ValueError when it has another, or room for no more."""
        page, place = divmod(number, _PAGE)
        found = self._pages.get(page)
        if found is None:
            if len(self._pages) >= _MOST:
                raise ValueError("are more different numbers than any country has")
            found = self._pages[page] = bytearray(_PAGE)
        if found[place] == value + 1:
            return
        if found[place]:
            raise ValueError("has a number that an earlier line gives to another")
        found[place] = value + 1
        self.count += 1

    @classmethod
    def read(cls, path: Path, values: Iterable[str] | None = None) -> Self:
        """From a file with `number,value` on each line, or, without `values`, numbers alone; further columns, empty
        lines, those that begin with # and a first line without a digit are passed over. A number begins with its
        country code, + or not; `;` and a tab divide too.

        Raises ConfigError with the line, and OSError.
        """
        pages = cls(tuple(values) if values is not None else ("",))
        places: Mapping[bytes, int] | None = None
        if values is not None:
            places = {value.encode(): at for at, value in enumerate(pages.values)}
        at = 0
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                at += 1
                try:
                    pages._line(line, at, places)
                except ValueError as error:
                    raise ConfigError(f"{path}:{at}: {error}") from None
        if not pages.count:
            raise ConfigError(f"{path}: holds no number; an empty file would say that nobody is anywhere")
        return pages

    def _line(self, line: bytes, at: int, places: Mapping[bytes, int] | None) -> None:
        found = _LINE.match(line)
        if found is None:
            written = line.removeprefix(b"\xef\xbb\xbf").strip()
            is_heading = at == 1 and not _DIGIT.search(_DIVIDERS.split(written, 1)[0])
            if not written or written.startswith(b"#") or is_heading:
                return
            raise ValueError("begins with no number; write +32470123456, or 32470123456")
        number, name = found.groups()
        value = 0 if places is None else places.get((name or b"").strip())
        if value is None:
            raise ValueError("names no holder; name one of [roaming], or add the name to without_check")
        self.put(int(number), value)
