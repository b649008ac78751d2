"""The head of a message as lines, typed only where somebody reads them.

A B2BUA touches about six of fifteen headers; the others must cross byte for byte. So a line stays the text that was
received, folding included, beside its key; a typed value is made on the first reading and remembered until that header
changes.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import compress
from typing import Any, Generic, TypeVar

import attrs

from sipstack.errors import StateError
from sipstack.values.grammar import QUOTED, WHITE, is_token, split_list
from sipstack.values.registry import KEYS, LISTS, canonical

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_FOLD = re.compile(r"\r?\n[ \t]++")
_COVERED = re.compile(rf'(?:[^"\0]++|{QUOTED})*+')
"""A line whose every NUL is quoted; one with a NUL and an unclosed quote is none."""


@attrs.frozen(eq=False)
class Reader(Generic[T_co]):
    """How the lines of one header become a value: what `Headers.typed` is asked by, and remembers by."""

    key: str
    read: Callable[[list[str]], T_co]
    """From the values of all lines, unfolded and stripped; of none when the header is absent. Raises `ParseError`."""


@attrs.define(eq=False)
class Headers:
    """Header lines in order. All look-ups take a key: the lower-case long name, whatever was on the wire.

    `keys` and `lines` are parallel, for reading only; change them through the methods, which forget what was typed.
    """

    keys: list[str] = attrs.field(factory=list)
    lines: list[str] = attrs.field(factory=list, repr=False)
    """`Name: value` as received, without the last CRLF."""
    _typed: dict[Reader[Any], Any] = attrs.field(factory=dict, repr=False, init=False)
    """Each value is of its reader's type, for which there is no notation: hence Any."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Headers":
        """From names and values. Raises `StateError` as `add` does."""
        given = list(pairs)
        lines = [f"{name}: {value}" for name, value in given]
        keys = [KEYS[name] for name, _ in given if name in KEYS]
        text = "".join(lines)
        # One look at all that is written tells that each is one line, unless a name is new or something is quoted.
        if len(keys) < len(lines) or "\r" in text or "\n" in text or "\0" in text:
            lines = [_line(name, value) for name, value in given]
            keys = [KEYS[name] for name, _ in given]
        return cls(keys, lines)

    def first(self, key: str) -> str | None:
        """The value of the topmost line of that header, unfolded and stripped; None when there is none."""
        return _value(self.lines[self.keys.index(key)]) if key in self.keys else None

    def top(self, key: str) -> str:
        """`first` for who knows that there is one."""
        return _value(self.lines[self.keys.index(key)])

    def all(self, key: str) -> list[str]:
        """The value of each of its lines."""
        keys = self.keys
        count = keys.count(key)
        if count == 1:
            return [_value(self.lines[keys.index(key)])]
        if not count:
            return []
        return [_value(line) for other, line in zip(keys, self.lines, strict=True) if other == key]

    def values(self, key: str) -> list[str]:
        """Each of its values, in whichever line it stands: lines of a header in `LISTS` are split at their commas.

        Raises `ParseError` when a line cannot be split without doubt (`split_list`).
        """
        lines = self.all(key)
        return [value for line in lines for value in split_list(line)] if key in LISTS else lines

    def typed(self, reader: Reader[T]) -> T:
        """What the reader makes of the lines' values (`all`), remembered until this header changes."""
        memory = self._typed
        if reader in memory:
            known: T = memory[reader]
            return known
        value = memory[reader] = reader.read(self.all(reader.key))
        return value

    def know(self, known: Mapping[Reader[Any], object]) -> None:
        """Remember what was read of these lines by somebody who had them in hand."""
        self._typed.update(known)

    def add(self, name: str, value: str) -> None:
        """A new line below the others. Raises `StateError` when it would not print as one line of that name."""
        line, key = _line(name, value), KEYS[name]
        self.keys.append(key)
        self.lines.append(line)
        self._forget(key)

    def insert(self, index: int, name: str, value: str) -> None:
        """A new line above the one that has the index now. Raises `StateError` as `add` does."""
        line, key = _line(name, value), KEYS[name]
        self.keys.insert(index, key)
        self.lines.insert(index, line)
        self._forget(key)

    def replace(self, key: str, value: str) -> None:
        """One line in place of all of that header, where the first stood; at the end when there was none."""
        index = self.keys.index(key) if key in self.keys else len(self.keys)
        line = _line(canonical(key), value)
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
        self.lines[index] = _line(canonical(key), ", ".join([value, *rest]))
        self._forget(key)

    def remove(self, key: str) -> None:
        """All lines of that header; none is no fault."""
        self._forget(key)
        if key in self.keys:
            kept = [present != key for present in self.keys]
            self.keys, self.lines = list(compress(self.keys, kept)), list(compress(self.lines, kept))

    def extend(self, other: "Headers") -> None:
        """The lines of another message below these, byte for byte: how headers cross a B2BUA."""
        self.keys += other.keys
        self.lines += other.lines
        self._typed = {}

    def copy(self) -> "Headers":
        """The same lines, to be changed apart; what was typed is shared."""
        other = Headers(list(self.keys), list(self.lines))
        other._typed = dict(self._typed)
        return other

    def without(self, keys: Container[str]) -> "Headers":
        """A copy less those headers. Nothing is remembered in it: it is made to be added to and printed."""
        kept = [key not in keys for key in self.keys]
        return Headers(list(compress(self.keys, kept)), list(compress(self.lines, kept)))

    def _forget(self, key: str) -> None:
        if self._typed:
            for reader in [reader for reader in self._typed if reader.key == key]:
                del self._typed[reader]

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


def _line(name: str, value: str) -> str:
    # What is a key's name already is a token. The three are asked in place: most values have none of them, and a call
    # prints thirty lines.
    if not (name in KEYS or is_token(name)) or (
        ("\r" in value or "\n" in value or "\0" in value) and has_stray_control(value)
    ):
        raise StateError(f"not a header line: {name!r}: {value!r}")
    return f"{name}: {value}"
