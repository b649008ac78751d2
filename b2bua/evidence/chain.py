"""The hash chain: each line names the hash of the line before it.

A line is a JSON object. What may have to be forgotten stands under `personal`, a salt beside each field; the hash
covers not these values but their salted digests (`digests`), so that retention can take `personal` away and the chain
still verifies, while nobody can find a telephone number by trying them all against its digest.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
import orjson

from b2bua.evidence.reading import lines

GENESIS = "0" * 64
"""What the first line of a chain names as the one before it."""
_SALT_BYTES = 16
_ESCAPED = re.compile(r"\\u(dc[89a-f][0-9a-f])")
_UNHASHED = ("hash", "personal", "hashed")


@attrs.frozen
class Broken:
    """The first place where a journal does not hold."""

    file: Path
    line: int
    """0 where it is the file itself."""
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}" if self.line else f"{self.file}: {self.problem}"


def seal(facts: Mapping[str, object], personal: Mapping[str, object], previous: str, salts: bytes) -> tuple[bytes, str]:
    """One line, with its line end, and its hash.

    `salts` are random bytes, 16 for each personal field (`salt_size` tells how many).
    """
    kept: dict[str, dict[str, object]] = {}
    digests: dict[str, str] = {}
    for index, (name, value) in enumerate(personal.items()):
        salt, text = salts[index * _SALT_BYTES : (index + 1) * _SALT_BYTES].hex(), _dump(value)
        kept[name] = {"salt": salt, "value": orjson.Fragment(text)}
        digests[name] = _digest(salt, text)
    hashed = _dump({**facts, "digests": digests, "previous": previous})
    own = hashlib.sha256(hashed).hexdigest()
    # What is hashed is printed once: its closing brace makes room for what it does not cover.
    beside = _dump({"hash": own, "personal": kept} if kept else {"hash": own})
    return b"%b,%b\n" % (hashed[:-1], beside[1:]), own


def salt_size(personal: Mapping[str, object]) -> int:
    """How many random bytes `seal` needs for these fields."""
    return _SALT_BYTES * len(personal)


def printable(value: object) -> object:
    """JSON text for whatever a peer wrote: bytes that are not UTF-8 are kept as escapes (`\\udc80`), not lost."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {str(printable(key)): printable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printable(inner) for inner in value]
    return value


def legible(text: str) -> str:
    """A text of a journal as the peer wrote it: the reverse of `printable`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def verify(segments: Iterable[Path], previous: str = GENESIS) -> Broken | None:
    """The first line that does not follow from the one before; None when all hold.

    Lines whose personal fields have been taken away still verify; fields that were changed do not.
    """
    for path in segments:
        for number, line in enumerate(lines(path), start=1):
            problem, previous = followed(line, previous)
            if problem:
                return Broken(path, number, problem)
    return None


def followed(line: bytes, previous: str) -> tuple[str, str]:
    """What is wrong with the line that should follow the one with that hash, "" for nothing; and its own hash."""
    try:
        # Two keys of one name: readers differ in which they believe, and the hash would cover the last alone.
        json.loads(line, object_pairs_hook=_unique)
        record = orjson.loads(line)
        stated = record["hash"]
        if record["previous"] != previous:
            return "does not name the line before it", previous
        hashed = _dump({key: value for key, value in record.items() if key not in _UNHASHED})
        if hashlib.sha256(hashed).hexdigest() != stated:
            return "was changed after it was written", previous
        for name, field in record.get("personal", {}).items():
            if _digest(field["salt"], _dump(field["value"])) != record["digests"][name]:
                return f"its personal field {name!r} was changed after it was written", previous
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "is not a journal line", previous
    return "", str(stated)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _digest(salt: str, text: bytes) -> str:
    return hashlib.sha256(b"%b\0%b" % (salt.encode(), text)).hexdigest()


def _dump(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
