"""The head of a message as lines, typed only where somebody reads them.

A B2BUA touches about six of fifteen headers; the others must cross byte for byte. So a line stays the text that was
received, folding included, beside its key; a typed value is made on the first reading and remembered until that header
changes.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any, TypeVar

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.values.grammar import QUOTED, WHITE, is_token, split_list
from sipstack.values.registry import LISTS, canonical
from sipstack.values.registry import key as key_of

T = TypeVar("T")

_FOLD = re.compile(r"\r?\n[ \t]++")
_COVERED = re.compile(rf'(?:[^"\0]++|{QUOTED})*+')
"""A line whose every NUL is quoted; one with a NUL and an unclosed quote is none."""


@attrs.define(eq=False)
class Headers:
    """Header lines in order. All look-ups take a key: the lower-case long name, whatever was on the wire.

    `keys` and `lines` are parallel, for reading only; change them through the methods, which forget what was typed.
    """

    keys: list[str] = attrs.field(factory=list)
    lines: list[str] = attrs.field(factory=list, repr=False)
    """`Name: value` as received, without the last CRLF."""
    _typed: dict[str, dict[object, Any]] = attrs.field(factory=dict, repr=False, init=False)
    """By key and reader. Each value is of its reader's type, for which there is no notation: hence Any."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Headers":
        """From names and values. Raises `StateError` as `add` does."""
        headers = cls()
        for name, value in pairs:
            headers.add(name, value)
        return headers

    def first(self, key: str) -> str | None:
        """The value of the topmost line of that header, unfolded and stripped; None when there is none."""
        return _value(self.lines[self.keys.index(key)]) if key in self.keys else None

    def all(self, key: str) -> list[str]:
        """The value of each of its lines."""
        keys = self.keys
        count = keys.count(key)
        if not count:
            return []
        if count == 1:
            return [_value(self.lines[keys.index(key)])]
        return [_value(line) for other, line in zip(keys, self.lines, strict=True) if other == key]

    def values(self, key: str) -> list[str]:
        """Each of its values, in whichever line it stands: lines of a header in `LISTS` are split at their commas.

        Raises `ParseError` when a line cannot be split without doubt (`split_list`).
        """
        lines = self.all(key)
        return [value for line in lines for value in split_list(line)] if key in LISTS else lines

    def typed(self, key: str, read: Callable[[list[str]], T]) -> T:
        """What `read` makes of the lines' values (`all`), remembered until this header changes."""
        memory = self._typed.get(key)
        if memory is not None and read in memory:
            known: T = memory[read]
            return known
        value = read(self.all(key))
        if memory is None:
            self._typed[key] = {read: value}
        else:
            memory[read] = value
        return value

    def add(self, name: str, value: str) -> None:
        """A new line below the others. Raises `StateError` when it would not print as one line of that name."""
        self.insert(len(self.keys), name, value)

    def insert(self, index: int, name: str, value: str) -> None:
        """A new line above the one that has the index now. Raises `StateError` as `add` does."""
        line, key = _line(name, value)
        self.keys.insert(index, key)
        self.lines.insert(index, line)
        self._typed.pop(key, None)

    def replace(self, key: str, value: str) -> None:
        """One line in place of all of that header, where the first stood; at the end when there was none."""
        index = self.keys.index(key) if key in self.keys else len(self.keys)
        line, _ = _line(canonical(key), value)
        self.remove(key)
        self.keys.insert(index, key)
        self.lines.insert(index, line)

    def replace_top(self, key: str, value: str) -> None:
        """Only the first value of the first line; what follows it stays, for a Via that learns `received`.

        Raises `StateError` when there is no such header, `ParseError` when its line cannot be split.
        """
        if key not in self.keys:
            raise StateError(f"no {canonical(key)} to replace")
        index = self.keys.index(key)
        rest = split_list(_value(self.lines[index]))[1:] if key in LISTS else []
        self.lines[index], _ = _line(canonical(key), ", ".join([value, *rest]))
        self._typed.pop(key, None)

    def remove(self, key: str) -> None:
        """All lines of that header; none is no fault."""
        self._typed.pop(key, None)
        if key in self.keys:
            kept = [at for at, present in enumerate(self.keys) if present != key]
            self.keys, self.lines = [self.keys[at] for at in kept], [self.lines[at] for at in kept]

    def extend(self, other: "Headers") -> None:
        """The lines of another message below these, byte for byte: how headers cross a B2BUA."""
        self.keys += other.keys
        self.lines += other.lines
        for key in other.keys:
            self._typed.pop(key, None)

    def copy(self) -> "Headers":
        """The same lines, to be changed apart; what was typed is shared."""
        return self._with(list(self.keys), list(self.lines))

    def without(self, keys: Container[str]) -> "Headers":
        """A copy less those headers."""
        kept = [at for at, key in enumerate(self.keys) if key not in keys]
        return self._with([self.keys[at] for at in kept], [self.lines[at] for at in kept])

    def _with(self, keys: list[str], lines: list[str]) -> "Headers":
        other = Headers(keys, lines)
        other._typed = {key: memory for key, memory in self._typed.items() if key in keys}
        return other

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((key, _value(line)) for key, line in zip(self.keys, self.lines, strict=True))

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: str) -> bool:
        return key in self.keys


def has_stray_control(text: str) -> bool:
    """Whether CR, LF or a bare NUL stands in the text: what would end a line, or a string in C, for some reader."""
    return "\r" in text or "\n" in text or has_bare_nul(text)


def has_bare_nul(text: str) -> bool:
    """Whether a NUL stands elsewhere than as a quoted-pair in a quoted-string (RFC 3261 section 25.1).

    Whole headers are asked, since a quoted-string goes on behind a fold (section 7.3.1).
    """
    if "\0" not in text:
        return False
    return not all(_COVERED.fullmatch(line) for line in _FOLD.sub(" ", text).split("\n") if "\0" in line)


def _value(line: str) -> str:
    value = line.partition(":")[2].strip(WHITE)
    return " ".join([part.strip(WHITE) for part in value.split("\n")]) if "\n" in value else value


def _line(name: str, value: str) -> tuple[str, str]:
    if not is_token(name) or has_stray_control(value):
        raise StateError(f"not a header line: {name!r}: {value!r}")
    try:
        return f"{name}: {value}", key_of(name)
    except ParseError as error:  # is_token has answered this already
        raise StateError(str(error)) from error
