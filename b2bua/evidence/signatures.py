"""What shows that a journal was cut off or written anew, which its chains cannot: signatures and heads.

A signature stands beside a closed segment as `journal-00000012.sig` and names the chain, the segment, its lines, and
the hashes of its first line, its last and the one before. So it holds when the segment is packed, and when what is
personal has been taken out of it. A head is the last line of a chain at some moment: kept elsewhere, it shows whether
anything up to there has gone or changed since, signed or not.
"""

import datetime
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from b2bua.errors import JournalError
from b2bua.evidence.chain import Broken, followed
from b2bua.evidence.disk import force, put, written
from b2bua.evidence.reading import DIGITS, Place, chain_name, chains_of, closed, lines, number_of, whole_lines
from b2bua.evidence.signing import SigningKey, signed

SUFFIX: Final = ".sig"
#: Before the name of a signature, as long as it is being written.
_UNFINISHED: Final = ".signing-"


@attrs.frozen
class Span:
    """What a signature says of a segment."""

    previous: str
    """The hash that its first line names."""
    first: str
    last: str
    lines: int


@attrs.frozen
class Head:
    """The last line of a chain."""

    place: Place
    hash: str


def signature_of(segment: Path) -> Path:
    """Where the signature of a segment is, packed or not."""
    return segment.with_name(f"journal-{number_of(segment):0{DIGITS}d}{SUFFIX}")


def signatures_in(directory: Path) -> list[Path]:
    """All signatures in the folder of a chain, by number."""
    return sorted(directory.glob(f"journal-{'[0-9]' * DIGITS}{SUFFIX}"))


def statement(journal: Path, segment: Path, span: Span) -> dict[str, object]:
    """What is signed, but for the moment."""
    place = {"chain": chain_name(journal, segment), "segment": number_of(segment)}
    return {"kind": "segment", **place, **attrs.asdict(span)}


def sign_closed(journal: Path, key: SigningKey, now: datetime.datetime) -> list[Path]:
    """Signs each closed segment that bears no signature, once it has been seen to hold; returns the new signatures.

    Raises JournalError when one does not hold, after all others are signed, and OSError.
    """
    made, broken = list[Path](), list[Broken]()
    for segments in chains_of(journal):
        for segment in closed(segments):
            if signature_of(segment).exists():
                continue
            span = span_of(segment)
            if isinstance(span, Broken):
                broken.append(span)
            elif span is not None:
                made.append(_keep(signature_of(segment), signed({**statement(journal, segment, span), "at": now}, key)))
    if broken:
        raise JournalError(f"a segment that does not hold is not signed: {broken[0]}")
    return made


def span_of(segment: Path) -> Span | Broken | None:
    """What a signature of that segment says, by itself; None when it has no line. Raises OSError and JournalError."""
    previous = first = last = ""
    number = 0
    for number, line in enumerate(lines(segment), start=1):
        if number == 1:
            last = previous = _previous(line)
        problem, last = followed(line, last)
        if problem:
            return Broken(segment, number, problem)
        first = first or last
    return Span(previous, first, last, number) if number else None


def heads(journal: Path, now: datetime.datetime) -> dict[str, object]:
    """The last line of each chain, as a document to be kept elsewhere; what it names is forced to disk first.

    Raises JournalError where a last line cannot be read, and OSError.
    """
    found = [head for segments in chains_of(journal) if (head := _head(journal, segments)) is not None]
    told = [{**attrs.asdict(head.place), "hash": head.hash} for head in found]
    return {"kind": "heads", "at": now, "chains": told}


def heads_in(document: Mapping[str, Any]) -> list[Head]:
    """The heads that such a document names. Raises JournalError when it is none."""
    try:
        if document["kind"] != "heads":
            raise ValueError
        return [
            Head(Place(str(one["chain"]), int(one["segment"]), int(one["line"])), str(one["hash"]))
            for one in document["chains"]
        ]
    except (KeyError, TypeError, ValueError):
        raise JournalError("holds no heads; `b2bua journal head` prints them") from None


def _head(journal: Path, segments: Iterable[Path]) -> Head | None:
    """Of the last segment that has a line."""
    for segment in reversed([*segments]):
        with suppress(FileNotFoundError):  # packed since it was found, which has forced it
            force(segment)
        last = deque(enumerate(whole_lines(segment), start=1), maxlen=1)
        for number, line in last:
            return Head(Place(chain_name(journal, segment), number_of(segment), number), _hash(segment, number, line))
    return None


def _hash(segment: Path, number: int, line: bytes) -> str:
    try:
        return str(orjson.loads(line)["hash"])
    except (KeyError, TypeError, ValueError):
        raise JournalError(f"{segment}:{number}: is not a journal line; `b2bua journal verify`") from None


def _previous(line: bytes) -> str:
    """What a line says is the hash before it; "" when it is no line, which the check of it finds."""
    try:
        return str(orjson.loads(line)["previous"])
    except (KeyError, TypeError, ValueError):
        return ""


def _keep(path: Path, document: Mapping[str, object]) -> Path:
    """Writes a signature in one piece, and forces it to disk."""
    unfinished = path.with_name(_UNFINISHED + path.name)
    try:
        with written(unfinished) as file:
            file.write(orjson.dumps(document, option=orjson.OPT_SORT_KEYS) + b"\n")
        put(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
