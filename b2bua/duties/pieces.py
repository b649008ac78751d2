"""The segments of chains as files: how old they are, and whether somebody writes to them."""

import datetime
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import orjson

from b2bua.duties.retention import Limits, Piece
from b2bua.duties.torn import ends_at
from b2bua.errors import JournalError
from b2bua.evidence.desk import FOLDER
from b2bua.evidence.reading import chain_name, chains_of, closed, lines, number_of, segments_of

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def chains(journal: Path) -> Iterator[list[Piece]]:
    """The segments of each chain of calls, as `pieces_of` has them."""
    for segments in chains_of(journal):
        name = chain_name(journal, segments[0])
        if name != FOLDER and (found := pieces_of(name, segments)):
            yield found


def pieces_of(chain: str, segments: Sequence[Path]) -> list[Piece]:
    """Those of one chain, oldest first; what has no line yet is none, and one whose first line cannot be read began
    when the one before did."""
    found = list[Piece]()
    for path in segments:
        before = found[-1].begins if found else _EPOCH
        if not _is_empty(path):
            found.append(Piece(chain, number_of(path), begins_at(path) or before, path))
    return found


def pieces(journal: Path, limits: Limits) -> tuple[list[Piece], list[Piece]]:
    """The segments of the calls' chains that nobody writes to any more, and those with lines that are due which
    somebody does."""
    finished, waiting = list[Piece](), list[Piece]()
    for found in chains(journal):
        segments = segments_of(found[0].path.parent)
        over = segments if _is_abandoned(segments, limits) else closed(segments)
        finished += (piece for piece in found if piece.path in over)
        waiting += (piece for piece in found if piece.path not in over and piece.begins < limits.whole)
    return finished, waiting


def begins_at(path: Path) -> datetime.datetime | None:
    """When the first line of a segment was written; None where it has none that can be read."""
    try:
        first = next(lines(path), None)
        return None if first is None else datetime.datetime.fromisoformat(orjson.loads(first)["at"])
    except (ValueError, KeyError, TypeError):
        return None


@contextmanager
def unwritten(piece: Piece) -> Iterator[None]:
    """Keeps whoever would write a chain from it meanwhile, where its last segment is rewritten: at its start a daemon
    cuts that one."""
    segments = segments_of(piece.path.parent)
    if piece.path in closed(segments):
        yield
        return
    with _holding(piece.path.parent) as is_held:
        if not is_held:
            raise JournalError(f"{piece.path} is being written by another process")
        yield


def _is_empty(path: Path) -> bool:
    return next(lines(path), None) is None


def _is_abandoned(segments: Sequence[Path], limits: Limits) -> bool:
    """Whether a chain has been silent so long that all of it is due, and nobody holds it: there were more workers."""
    # By its lines and not by its files, which are younger for having been packed or purged.
    last = next((path for path in reversed(segments) if not _is_empty(path)), segments[-1])
    begins, ends = begins_at(last), ends_at(last)
    if begins is None or ends is None or max(begins, ends) >= limits.whole:
        return False
    with _holding(segments[0].parent) as is_held:
        return is_held


@contextmanager
def _holding(folder: Path) -> Iterator[bool]:
    """Holds a chain as its writer would; False where that is there."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield _is_free(fd)
    finally:
        os.close(fd)


def _is_free(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
