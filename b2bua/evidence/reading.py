"""A journal as files: its chains, their segments, the lines of one, and the line at a place.

A segment is `journal-00000001.jsonl`, and `journal-00000001.jsonl.gz` once it is packed. Everything here reads both
alike, and a segment that is packed between being found and being read.
"""

import gzip
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import attrs
import orjson

from b2bua.errors import JournalError

DIGITS: Final = 8
"""Of a segment's number in its name."""
PLAIN: Final = ".jsonl"
PACKED: Final = ".jsonl.gz"
TORN: Final = ".torn"
_NAME: Final = f"journal-{'[0-9]' * DIGITS}"
DAMAGED: Final = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a packed segment raises whose file is not whole."""


@attrs.frozen(order=True)
class Place:
    """Where a line stands; it stays there when its segment is packed or purged."""

    chain: str
    """The folder of the chain within the journal's: `worker-1`, `desk`; "" for the journal's own."""
    segment: int
    line: int
    """The first is 1."""


def segment_name(number: int) -> str:
    """What a segment is called that is not packed."""
    return f"journal-{number:0{DIGITS}d}{PLAIN}"


def number_of(path: Path) -> int:
    """A segment's number, or that of its signature: what its name says."""
    return int(path.name.partition(".")[0].rpartition("-")[2])


def torn_of(path: Path) -> Path:
    """Where a repair puts what it cuts off a segment, packed or not: bytes that no reader takes for a line."""
    return path.with_name(f"{path.name.partition('.')[0]}{TORN}")


def torn_in(directory: Path) -> list[Path]:
    """All of them in the folder of a chain, by the number of their segment."""
    return sorted(directory.glob(f"{_NAME}{TORN}"))


def is_packed(path: Path) -> bool:
    """Whether a segment is packed, by its name."""
    return path.name.endswith(PACKED)


def segments_of(directory: Path) -> list[Path]:
    """The segments of the chain in a folder, oldest first, each once.

    One that stands there in both forms was being packed: it counts as it was before.
    """
    found = {number_of(path): path for form in (PACKED, PLAIN) for path in directory.glob(f"{_NAME}{form}")}
    return [found[number] for number in sorted(found)]


def chains_of(directory: Path) -> list[list[Path]]:
    """The segments of each chain in the folder of a journal: its own, one for each worker that has written, and that
    of the desk."""
    workers = sorted(directory.glob("worker-*"), key=lambda folder: (len(folder.name), folder.name))
    folders = [directory, *workers, directory / "desk"]
    return [segments for segments in map(segments_of, folders) if segments]


def chain_name(journal: Path, segment: Path) -> str:
    """What the chain of a segment is called within that journal (`Place.chain`)."""
    return "" if segment.parent == journal else segment.parent.name


def closed(segments: list[Path]) -> list[Path]:
    """Those of a chain's segments, oldest first, that nothing is written to any more: each that another one with a
    line follows."""
    while segments and next(whole_lines(segments[-1]), None) is None:
        segments = segments[:-1]
    return segments[:-1]


def opened(path: Path) -> BinaryIO:
    """A segment as a file of its lines, packed or not. Raises OSError; so may reading it, and what `gzip` raises."""
    plain = path.with_name(path.name.removesuffix(".gz"))
    with suppress(FileNotFoundError):
        return plain.open("rb")
    return cast("BinaryIO", gzip.open(plain.with_name(plain.name + ".gz"), "rb"))


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a segment, without their ends; the zeros that were allocated ahead are no lines, a torn last line
    is one.

    Raises OSError, and JournalError where a packed segment is damaged.
    """
    with opened(path) as file:
        try:
            for line in file:
                if not line.strip(b"\0"):
                    return
                yield line.rstrip(b"\n")
        except DAMAGED as error:
            raise JournalError(f"{path} cannot be unpacked: {error}") from error


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a segment that may still be written to, without their ends: one that is being written is none yet.

    Raises OSError, and JournalError as `lines` does.
    """
    with opened(path) as file:
        try:
            for line in file:
                if not line.endswith(b"\n") or line.startswith(b"\0"):
                    return
                yield line[:-1]
        except DAMAGED as error:
            raise JournalError(f"{path} cannot be unpacked: {error}") from error


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of a segment as they are read, each with its number; a torn last one is none.

    Raises OSError, and JournalError where another line cannot be read.
    """
    for number, line in enumerate(whole_lines(path), start=1):
        yield number, _record(path, number, line)


def lines_at(path: Path, numbers: Iterable[int]) -> dict[int, bytes]:
    """Those lines of a segment that exist, by number; the segment is read once, as far as the last of them.

    Raises OSError and JournalError.
    """
    wanted = set(numbers)
    found: dict[int, bytes] = {}
    for number, line in enumerate(whole_lines(path), start=1):
        if number in wanted:
            found[number] = line
        if len(found) == len(wanted):
            break
    return found


def line_at(path: Path, number: int) -> bytes:
    """One line of a segment. Raises JournalError when there is none, and OSError."""
    try:
        return lines_at(path, [number])[number]
    except KeyError:
        raise JournalError(f"{path} has no line {number}") from None


def segment_at(journal: Path, place: Place) -> Path:
    """The segment that a place is in, under the name it has unpacked; `opened` finds it either way."""
    return journal / place.chain / segment_name(place.segment)


def records_at(journal: Path, places: Iterable[Place]) -> dict[Place, dict[str, Any]]:
    """The lines at those places as they are read, in their order; each segment is read once.

    Raises JournalError when one of them is not there or cannot be read.
    """
    wanted = list(places)
    by_segment: dict[Path, list[Place]] = defaultdict(list)
    for place in wanted:
        by_segment[segment_at(journal, place)].append(place)
    found: dict[Place, dict[str, Any]] = {}
    for path, inside in by_segment.items():
        try:
            told = lines_at(path, [place.line for place in inside])
        except OSError as error:
            raise JournalError(f"{path} cannot be read: {error.strerror}") from error
        for place in inside:
            if place.line not in told:
                raise JournalError(f"{path} has no line {place.line}")
            found[place] = _record(path, place.line, told[place.line])
    return {place: found[place] for place in wanted}


def lines_of_call(journal: Path, call: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """All lines of the calls that have that name in the evidence, or that Call-ID on either side, in the order of
    their chains.

    It reads the whole journal, twice for a Call-ID; an index is quicker. Raises OSError and JournalError.
    """
    said = {call}
    for _, record in _mentioning(journal, said):
        if call in (record.get("call"), record.get("call_id"), record.get("b_call_id")):
            said.add(str(record["call"]))
    for place, record in _mentioning(journal, said):
        if record.get("call") in said:
            yield place, record


def _mentioning(journal: Path, texts: Iterable[str]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The lines in which one of these texts stands, in whatever field."""
    needles = [orjson.dumps(text.encode("utf-8", "backslashreplace").decode())[1:-1] for text in texts]
    for segment in (segment for segments in chains_of(journal) for segment in segments):
        chain, at = chain_name(journal, segment), number_of(segment)
        for number, line in enumerate(whole_lines(segment), start=1):
            if any(needle in line for needle in needles):
                yield Place(chain, at, number), _record(segment, number, line)


def _record(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise JournalError(f"{path}:{number}: is not a journal line; `b2bua journal verify`") from error
    if not isinstance(record, dict):
        raise JournalError(f"{path}:{number}: is not a journal line; `b2bua journal verify`")
    return record
