"""A header as an attribute: typed when first read, remembered by `Headers` until the header changes.

`Field` ties a key to a reader of its lines' values; `single`, `several`, `joined` and the others make one from what
values know already: `parse` and `parse_list`. What a message must not be without has properties of its own instead.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar, overload

from sipstack.errors import ParseError
from sipstack.message.headers import Headers, Reader
from sipstack.values.registry import canonical

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Headed(Protocol):
    """What has header lines: a message, or a part of a body."""

    @property
    def headers(self) -> Headers:
        """The lines."""


class Field(Reader[T_co]):
    """The typed value of one header, as an attribute for reading.

    Reading it raises `ParseError` when the header cannot be read; to write, change `headers`.
    """

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type) -> "Field[T_co]": ...
    @overload
    def __get__(self, message: Headed, owner: type) -> T_co: ...
    def __get__(self, message: Headed | None, owner: type) -> "Field[T_co] | T_co":
        return self if message is None else message.headers.typed(self)

    def __repr__(self) -> str:
        return f"<Field {canonical(self.key)}>"


def single(key: str, parse: Callable[[str], T]) -> Field[T | None]:
    """A header that may stand once: None when absent, a fault when there are two, since readers choose apart."""

    def read(lines: list[str]) -> T | None:
        if len(lines) > 1:
            raise ParseError(f"Two {canonical(key)}")
        return parse(lines[0]) if lines else None

    return Field(key, read)


def several(key: str, parse_list: Callable[[str], tuple[T, ...]]) -> Field[tuple[T, ...]]:
    """A list: every value of every line, in order; absent and empty are alike."""

    def read(lines: list[str]) -> tuple[T, ...]:
        return tuple([value for line in lines for value in parse_list(line)])

    return Field(key, read)


def several_if_any(key: str, parse_list: Callable[[str], tuple[T, ...]]) -> Field[tuple[T, ...] | None]:
    """A list whose absence means something else than its emptiness: None when absent."""

    def read(lines: list[str]) -> tuple[T, ...] | None:
        return tuple([value for line in lines for value in parse_list(line)]) if lines else None

    return Field(key, read)


def joined(key: str, parse: Callable[[str], T]) -> Field[T]:
    """A comma-separated list that is one value: all lines as if they were one; absent and empty are alike."""

    def read(lines: list[str]) -> T:
        return parse(",".join(lines))

    return Field(key, read)


def joined_if_any(key: str, parse: Callable[[str], T], separator: str = ",") -> Field[T | None]:
    """The same, but None when absent."""

    def read(lines: list[str]) -> T | None:
        return parse(separator.join(lines)) if lines else None

    return Field(key, read)


def number(key: str, parse: Callable[[str, str], int]) -> Field[int | None]:
    """A number that may stand once; `parse` is also given the header's name, for its error."""
    return single(key, lambda value: parse(value, canonical(key)))


def text(key: str) -> Field[str | None]:
    """Free text that may stand once, as it stands."""
    return single(key, str)
