"""What people enter, as a chain of its own beside those of the calls: changes of the register, cases, look-ups.

Commands come and go, several at a time, while the daemon holds the chains of its workers. Each holds this one only as
long as it writes, and what it has written is on disk before it goes on: here a line is seldom, and an entry that was
said to be made must not be lost with the power.
"""

import datetime
import fcntl
import os
import time  # noqa: TID251 - waits for another command
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from b2bua.call.acts import Record
from b2bua.errors import JournalError
from b2bua.evidence.chain import DIGITS, GENESIS, lines, salt_size, seal, segments_of

FOLDER: Final = "desk"
"""Of the journal's folder."""
SEGMENT: Final = 64 * 1024 * 1024
#: Seconds that a command waits for another one that writes.
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.02


@attrs.define(eq=False)
class Desk:
    """The chain in the folder `desk` of a journal's; it is made with its first line."""

    journal: Path
    randbytes: Callable[[int], bytes] = attrs.field(default=os.urandom, repr=False)
    patience: float = _PATIENCE

    @property
    def directory(self) -> Path:
        """Where its segments are."""
        return self.journal / FOLDER

    def lines(self) -> Iterator[dict[str, Any]]:
        """All lines, oldest first, as they are read; a torn last one, which nobody was told of as done, is none.

        Raises JournalError where another line cannot be read: what follows from half of a history may be wrong.
        """
        segments = segments_of(self.directory)
        for path in segments:
            for number, line in enumerate(lines(path), start=1):
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    if path == segments[-1] and not _ends_whole(path):
                        return
                    raise JournalError(f"{path}:{number}: is not a journal line; `b2bua journal verify`") from error

    @contextmanager
    def writing(self) -> Iterator[Callable[[Sequence[Record]], None]]:
        """Holds the chain against other commands, so that what was read within stays true until it is written.

        Gives what writes lines, in one piece and forced to disk. Raises JournalError.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            holder = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._hold(holder)
                yield self._append
            finally:
                os.close(holder)
        except OSError as error:
            raise JournalError(f"{self.directory} cannot be written: {error.strerror}") from error

    def write(self, records: Sequence[Record]) -> None:
        """Lines that rest on nothing that was read. Raises JournalError."""
        with self.writing() as append:
            append(records)

    def _hold(self, holder: int) -> None:
        until = time.monotonic() + self.patience
        while True:
            try:
                fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise JournalError(f"{self.directory} is being written by another command") from None
                time.sleep(_PAUSE)
            else:
                return

    def _append(self, records: Sequence[Record]) -> None:
        path, previous = self._last()
        batch = bytearray()
        if path is None or path.stat().st_size >= SEGMENT:
            path = self._next(path)
            records = [_first(path, records[0].at), *records]
        for record in records:
            facts = {"kind": record.kind, "call": record.call, "at": record.at, **record.facts}
            line, previous = seal(facts, record.personal, previous, self.randbytes(salt_size(record.personal)))
            batch += line
        self._put(path, bytes(batch))

    def _last(self) -> tuple[Path | None, str]:
        """The segment that is written to, cut at its last whole line, and the hash of that."""
        previous, last = GENESIS, None
        for path in reversed(segments_of(self.directory)):
            last = last or path
            _cut(path)
            found = [*lines(path)][-1:]
            if found:
                previous = str(orjson.loads(found[0])["hash"])
                break
        return last, previous

    def _next(self, path: Path | None) -> Path:
        number = 0 if path is None else int(path.stem.rpartition("-")[2])
        return self.directory / f"journal-{number + 1:0{DIGITS}d}.jsonl"

    def _put(self, path: Path, data: bytes) -> None:
        """Appends all of it, or leaves the segment as it was."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            before = os.fstat(fd).st_size
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(fd, view) :]
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, before)
                raise
        finally:
            os.close(fd)
        _sync_folder(self.directory)


def _first(path: Path, now: datetime.datetime) -> Record:
    return Record("segment", "", now, {"segment": int(path.stem.rpartition("-")[2]), "open": []})


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _cut(path: Path) -> None:
    """Takes a torn last line off: whoever wrote it was never told that it stands."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def _sync_folder(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
