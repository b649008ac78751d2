"""Takes out of a closed segment what must be forgotten, and leaves a chain that holds as before.

A segment is replaced in one piece: whoever dies on the way leaves the old one, or the new one, and beside it at most a
file that the next purge takes away. What does not verify is left as it is: a line that somebody has changed is
evidence, and could not be told from ours afterwards.
"""

import fcntl
import gzip
import os
import time  # noqa: TID251 - waits for another process
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import attrs
import orjson

from b2bua.errors import JournalError
from b2bua.evidence.chain import GENESIS, Broken, verify
from b2bua.evidence.disk import force, put, written
from b2bua.evidence.forgetting import HASHED
from b2bua.evidence.reading import is_packed, lines

LOCK: Final = "tending.lock"
"""In the journal's folder: held by whoever packs or purges closed segments."""
#: Before the name of a segment: its new form, as long as it is being written.
_UNFINISHED: Final = ".purging-"
_PERSONAL: Final = "personal"
#: Seconds that one waits for another who packs or purges.
_PATIENCE: Final = 600.0
_PAUSE: Final = 0.2

Left = Mapping[str, object]
Choice = Callable[[Mapping[str, Any]], Left | None]
"""Of a line that has something to forget: what stays of it under `hashed`, {} for nothing; None: it stays as it is."""


@attrs.frozen
class Survey:
    """What a choice does to a segment, in lines."""

    taken: int
    """They lose something."""
    whole: int
    """They have all that is personal afterwards."""
    hashed: int
    """They have pseudonyms afterwards."""


@contextmanager
def tending(journal: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Holds the closed segments of a journal against others who would pack or purge them. Raises JournalError."""
    until = time.monotonic() + patience
    fd = os.open(journal / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise JournalError(f"the segments in {journal} are being packed or purged by another") from None
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(fd)


def survey(path: Path, choice: Choice) -> Survey | Broken:
    """What `purge` would do; Broken where the segment does not hold by itself. Raises OSError."""
    broken = verify([path], _before(path))
    return broken or _count(path, choice)


@attrs.define(eq=False)
class Rewriting:
    """The new form of a segment, on disk beside the old one where anything is taken; `replace` puts it in its place."""

    survey: Survey
    _old: Path
    _new: Path

    def replace(self) -> None:
        """From here on it is the segment, where anything was taken. Raises JournalError where that is not sure."""
        if not self.survey.taken:
            return
        try:
            put(self._new, self._old)
            if not is_packed(self._old):
                # Packing has died between its two forms: the other one has all that was taken out of this one.
                self._old.with_name(self._old.name + ".gz").unlink(missing_ok=True)
                force(self._old.parent)
        except OSError as error:
            raise JournalError(f"{self._old} cannot be replaced by its purged form: {error.strerror}") from error


@contextmanager
def rewriting(path: Path, choice: Choice) -> Iterator[Rewriting | Broken]:
    """Writes the new form of a segment that nobody writes to any more, packed or not; unless it is put in its place it
    goes again.

    Broken, and nothing is written, where the segment does not hold by itself. Raises OSError and JournalError.
    """
    found = survey(path, choice)
    if isinstance(found, Broken):
        yield found
        return
    unfinished = path.with_name(_UNFINISHED + path.name)
    try:
        if found.taken:
            _write(unfinished, path, choice)
            if not _is_same(unfinished, path):
                raise JournalError(f"{path} would not hold any more, and is left as it was; please report this")
        yield Rewriting(found, path, unfinished)
    finally:
        unfinished.unlink(missing_ok=True)


def clear(directory: Path) -> None:
    """Takes away what a purge has left that died on its way."""
    for unfinished in directory.glob(f"{_UNFINISHED}*"):
        unfinished.unlink(missing_ok=True)


def _before(path: Path) -> str:
    """The hash that the segment's first line names; what it should be, `b2bua journal verify` knows."""
    with suppress(ValueError, KeyError, TypeError):
        for line in lines(path):
            return str(orjson.loads(line)["previous"])
    return GENESIS


def _count(path: Path, choice: Choice) -> Survey:
    taken = whole = hashed = 0
    for line in lines(path):
        record = orjson.loads(line)
        left = _left(record, choice)
        taken += left is not None
        whole += left is None and _PERSONAL in record
        hashed += bool(left) if left is not None else HASHED in record
    return Survey(taken, whole, hashed)


def _left(record: Mapping[str, Any], choice: Choice) -> Left | None:
    return choice(record) if _PERSONAL in record or HASHED in record else None


def _chosen(line: bytes, choice: Choice) -> bytes:
    record = orjson.loads(line)
    left = _left(record, choice)
    if left is None:
        return line
    bare = {key: value for key, value in record.items() if key not in (_PERSONAL, HASHED)}
    return orjson.dumps({**bare, HASHED: left} if left else bare)


def _write(unfinished: Path, path: Path, choice: Choice) -> None:
    with written(unfinished, like=path) as file, _packed(file) if is_packed(path) else nullcontext(file) as into:
        for line in lines(path):
            into.write(_chosen(line, choice) + b"\n")


def _packed(file: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)


def _is_same(new: Path, old: Path) -> bool:
    """Whether two forms of a segment are one to whoever follows its chain."""
    if verify([new], _before(old)) is not None:
        return False
    return all(
        orjson.loads(one)["hash"] == orjson.loads(other)["hash"]
        for one, other in zip(lines(new), lines(old), strict=True)
    )
