"""What people enter, as a chain of its own beside those of the calls: changes of the register, cases, look-ups.

Commands come and go, several at a time, while the daemon holds the chains of its workers. Each holds this one only as
long as it writes, and what it has written is on disk before it goes on: here a line is seldom, and an entry that was
said to be made must not be lost with the power.
"""

import datetime
import fcntl
import os
import time  # noqa: TID251 - waits for another command
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from b2bua.call.acts import Record
from b2bua.errors import JournalError
from b2bua.evidence.chain import GENESIS, printable, salt_size, seal
from b2bua.evidence.disk import force
from b2bua.evidence.reading import is_packed, lines, number_of, records, segment_name, segments_of

FOLDER: Final = "desk"
"""Of the journal's folder."""
SEGMENT: Final = 64 * 1024 * 1024
#: Seconds that a command waits for another one that writes.
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.02
_BLOCK: Final = 64 * 1024


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
        for path in segments[:-1]:
            for number, line in enumerate(lines(path), start=1):
                yield _read(path, number, line)
        for path in segments[-1:]:
            yield from (line for _, line in records(path))

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
        path, size, previous = self._end()
        batch = bytearray()
        if not size:
            records = [_first(path, records[0].at), *records]
        for record in records:
            line, previous = self._seal(record, previous)
            batch += line
        self._put(path, bytes(batch))

    def _seal(self, record: Record, previous: str) -> tuple[bytes, str]:
        facts: dict[str, object] = {"kind": record.kind, "call": record.call, "at": record.at, **record.facts}
        salts = self.randbytes(salt_size(record.personal))
        try:
            return seal(facts, record.personal, previous, salts)
        except orjson.JSONEncodeError:  # a command line may hold bytes that are no UTF-8
            told = {name: printable(value) for name, value in facts.items()}
            return seal(told, {name: printable(value) for name, value in record.personal.items()}, previous, salts)

    def _end(self) -> tuple[Path, int, str]:
        """The segment that is written to, its size once it is cut at its last whole line, and the hash of the last line
        of all."""
        segments = segments_of(self.directory)
        if not segments:
            return self.directory / segment_name(1), 0, GENESIS
        last = segments[-1]
        size, line = (SEGMENT, _last_of(last)) if is_packed(last) else _cut(last)
        if not line:  # the disk was full as it was begun
            line = next((found for path in reversed(segments[:-1]) if (found := _last_of(path))), b"")
        previous = str(_read(last, 0, line)["hash"]) if line else GENESIS
        if size >= SEGMENT:
            return self.directory / segment_name(number_of(last) + 1), 0, previous
        return last, size, previous

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
        force(self.directory)


def look(
    desk: Desk, by: str, what: str, asked: Mapping[str, object], *, calls: int, why: str, now: datetime.datetime
) -> None:
    """Records that somebody is shown evidence; whoever shows it does so after this has returned, and not when it fails.

    `what` is the command, `asked` what it was asked for (numbers, periods), `calls` how many calls are shown, `why` a
    case or a reference. Raises JournalError.
    """
    facts = {"by": by, "what": what, "calls": calls, "why": why}
    desk.write([Record("look", "", now, facts, {"asked": dict(asked)} if asked else {})])


def _first(path: Path, now: datetime.datetime) -> Record:
    return Record("segment", "", now, {"segment": number_of(path), "open": []})


def _read(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
        record["hash"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        where = f"{path}:{number}" if number else f"the last line of {path}"
        raise JournalError(f"{where}: is not a journal line; `b2bua journal verify`") from error
    return dict(record)


def _cut(path: Path) -> tuple[int, bytes]:
    """Takes a torn last line off, for whoever wrote it was never told that it stands; the size then, and the last line.

    From the end on: a line may be long, and a segment longer.
    """
    with path.open("r+b") as file:
        size = start = file.seek(0, os.SEEK_END)
        tail, block = b"", _BLOCK
        while start and tail.count(b"\n") < 2:
            start, block = max(0, start - block), 2 * block
            file.seek(start)
            tail = file.read(size - start - len(tail)) + tail
        whole = tail.rfind(b"\n") + 1
        if start + whole < size:
            file.truncate(start + whole)
    return start + whole, tail[:whole].rstrip(b"\n").rpartition(b"\n")[2]


def _last_of(path: Path) -> bytes:
    """The last line of a segment, packed or not; nothing where it has none."""
    return next(iter(deque(lines(path), maxlen=1)), b"")
