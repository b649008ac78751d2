"""Entries as files that people and other programs make: CSV as spreadsheets write it, and JSON.

The columns are the keys of the kind's table. A list of numbers stands one number a row: rows that agree in all else are
one entry. An empty cell is a key that is not written.
"""

import csv
import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from b2bua.errors import RegisterError
from b2bua.register.shape import kinds

#: Bytes of a file: a hundred thousand numbers with all they belong to are a tenth of it.
LARGEST: Final = 128 * 1024 * 1024
LIST: Final = "numbers"
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@attrs.frozen
class Rows:
    """Entries as they were written, not yet checked."""

    fields: tuple[Mapping[str, Any], ...]
    places: tuple[str, ...]
    """Where each begins: "line 2", "entry 1"."""


def read_file(kind: str, path: Path) -> Rows:
    """The entries of one kind in a CSV or JSON file, as its name says. Raises RegisterError."""
    data = _bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RegisterError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    try:
        return read_json(text) if path.suffix.lower() == ".json" else read_csv(kind, text)
    except RegisterError as error:
        raise RegisterError(f"{path}: {error}") from error


def read_json(text: str) -> Rows:
    """An array of objects, each with the keys of its kind. Raises RegisterError."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RegisterError(f"is not JSON: {error}") from error
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise RegisterError("is no array of objects; write [{...}, {...}], each with the keys of the kind's table")
    return Rows(tuple(told), tuple(f"entry {number}" for number in range(1, len(told) + 1)))


def read_csv(kind: str, text: str) -> Rows:
    """A table with the keys in its first line, separated by commas or semicolons. Raises RegisterError."""
    head = text[: text.find("\n")] if "\n" in text else text
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    places: list[str] = []
    try:
        keys = [key.strip() for key in next(lines, [])]
        _check_head(kind, keys)
        at = keys.index(LIST) if LIST in keys else None
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"line {lines.line_num}"
            if len(cells) != len(keys):
                raise RegisterError(f"{where} has {len(cells)} cells, and the first line {len(keys)}")
            same = (*cells[:at], *cells[at + 1 :]) if at is not None else (where,)
            if same not in found:
                found[same] = _row(kind, keys, cells)
                places.append(where)
            elif at is not None:
                found[same].setdefault(LIST, []).extend(numbers_in(cells[at]))
    except csv.Error as error:
        raise RegisterError(f"line {lines.line_num}: {error}") from error
    return Rows(tuple(found.values()), tuple(places))


def write_csv(kind: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Entries as a table that `read_csv` reads, line by line."""
    keys = [field.name for field in attrs.fields(kinds()[kind])]
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\n")
    for cells in (keys, *(cells for said in entries for cells in _cells(keys, said))):
        writer.writerow(cells)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def typed(kind: str, key: str, text: str) -> object:
    """A value as a table would have it, of the text of a cell or of a command line; what it should be and is not is
    told when the entry is checked."""
    field = attrs.fields_dict(kinds()[kind]).get(key)
    if field is not None and field.type is bool:
        return _BOOLEANS.get(text.strip().lower(), text)
    return numbers_in(text) if field is not None and field.type == frozenset[str] else text


def numbers_in(text: str) -> list[str]:
    """The numbers of a cell or an argument."""
    return text.replace(",", " ").replace(";", " ").split()


def listed(path: Path) -> list[str]:
    """The numbers of a file with one a line, or of its first column; empty lines and what begins with # are nothing.

    Raises RegisterError.
    """
    try:
        lines = _bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise RegisterError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    first = (line.replace(";", ",").partition(",")[0].strip().strip('"') for line in lines)
    found = [number for number in first if number and not number.startswith("#")]
    return found[1:] if found[:1] == [LIST] else found


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
        raise RegisterError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > LARGEST:
        raise RegisterError(f"{path} is larger than {LARGEST >> 20} MiB; import it in parts")
    return data


def _check_head(kind: str, keys: Sequence[str]) -> None:
    known = [field.name for field in attrs.fields(kinds()[kind])]
    unknown = [key for key in keys if key not in known]
    if unknown or not keys:
        what = f"{', '.join(map(repr, unknown))} in the first line" if unknown else "the first line"
        raise RegisterError(f"{what}: no key of {kind}; write some of {', '.join(known)}")
    if len(set(keys)) != len(keys):
        raise RegisterError("a key stands twice in the first line")


def _row(kind: str, keys: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    written = ((key, cell.strip()) for key, cell in zip(keys, cells, strict=True))
    return {key: typed(kind, key, cell) for key, cell in written if cell}


def _cells(keys: Sequence[str], said: Mapping[str, Any]) -> Iterator[list[str]]:
    for number in said.get(LIST, [""]):
        yield [str(number) if key == LIST else _cell(said.get(key)) for key in keys]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime.date) else "" if value is None else str(value)
