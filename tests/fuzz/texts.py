"""What must hold of whatever stands in a header line."""

import contextlib
from typing import Final

from sipstack import values
from sipstack.errors import ParseError
from sipstack.message.headers import has_stray_control
from sipstack.values import (
    Date,
    OtherUri,
    SipUri,
    TelUri,
    escape_header,
    escape_user,
    parse_uri,
    quote,
    request_parts,
    same_uri,
    split_list,
    unescape,
    unquote,
)

KINDS: Final = tuple(kind for kind in vars(values).values() if isinstance(kind, type) and hasattr(kind, "parse"))
"""Every value that reads a text."""


def text(data: bytes) -> None:
    """Each value reads it or refuses it; what is read prints as what reads the same."""
    line = data.decode("utf-8", "surrogateescape")
    for kind in KINDS:
        one(kind, line)
        if hasattr(kind, "parse_list"):
            several(kind, line)
    with contextlib.suppress(ParseError):
        uri(parse_uri(line))
    pieces(line)
    assert unescape(escape_user(line)) == line
    assert unescape(escape_header(line)) == line
    if "\r" not in line and "\n" not in line:
        assert unquote(quote(line)) == line
        assert not has_stray_control(quote(line))


def one(kind: type, line: str) -> None:
    try:
        value = kind.parse(line)
    except ParseError:
        return
    printed = str(value)
    assert kind.parse(printed) == value, (kind, printed)
    assert has_stray_control(line) or not has_stray_control(printed), (kind, printed)
    if kind is not Date:  # which tells the day of the week itself
        assert said(line) == said(printed), (kind, printed)
    read(value)


def said(line: str) -> str:
    """What must not get lost between reading and printing: letters and digits; order, case and zeros may."""
    return "".join(sorted([each for each in line.casefold() if each.isalnum() and each != "0"]))


def several(kind: type, line: str) -> None:
    try:
        found = kind.parse_list(line)
    except ParseError:
        return
    printed = [str(value) for value in found]
    assert kind.parse_list(", ".join(printed)) == found, (kind, printed)
    if kind.__name__ != "Methods":
        assert all(kind.parse(each) == value for each, value in zip(printed, found, strict=True)), (kind, printed)


def read(value: object) -> None:
    """Every property of a value that was read can be read, but for what it says that it raises."""
    for name in dir(type(value)):
        kind = getattr(type(value), name)
        if not isinstance(kind, property):
            continue
        try:
            nested = getattr(value, name)
        except ParseError:
            assert "ParseError" in (kind.__doc__ or ""), (type(value), name)
            continue
        if isinstance(nested, SipUri | TelUri | OtherUri):
            uri(nested)


def uri(value: values.Uri) -> None:
    assert parse_uri(str(value)) == value, str(value)
    read(value)
    assert same_uri(value, value)
    if isinstance(value, SipUri):
        try:
            fields = value.header_fields()
        except ParseError:
            return
        assert value.with_header_fields(fields).header_fields() == fields
        try:
            parts = request_parts(value)
        except ParseError:
            return
        assert not any(has_stray_control(field) for _, field in parts.headers)
        assert not has_stray_control(str(parts.uri))


def pieces(line: str) -> None:
    try:
        found = split_list(line)
    except ParseError:
        return
    assert split_list(",".join(found)) == found
    assert all(split_list(piece) == [piece] for piece in found)
    assert said(",".join(found)) == said(line)
