"""The journal: append-only JSON lines in preallocated segments, one chain.

A segment is `journal-00000001.jsonl`. Its first line (`segment`) names the calls that were open when it began, so that
after a crash only the last segment need be read to say which calls were interrupted. One `pwrite` takes a batch of
lines; what has been written survives the process at once, and a loss of power after the next `sync`.

When the disk fails, lines wait in a bounded spool in memory, in order; `is_full` says when that is used up, and
whoever admits calls must look at it first.
"""

import datetime
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import attrs
import orjson

from b2bua.call.acts import Record
from b2bua.errors import JournalError
from b2bua.evidence.chain import GENESIS, lines, salt_size, seal

SPOOL: Final = 20_000
"""Lines that may wait for a failing disk."""
SPARE: Final = 2_000
"""Lines of the spool kept for calls that are already going on: their ends are never refused."""
_DIGITS = 8


@attrs.define(eq=False)
class Journal:
    """Open it with `Journal.open`; all of it runs on the loop but `sync`, which may run in a thread."""

    directory: Path
    segment_size: int
    randbytes: Callable[[int], bytes] = attrs.field(repr=False)
    previous: str = GENESIS
    """Hash of the last line."""
    number: int = 0
    """Of the segment that is being written."""
    failure: str | None = None
    """Why the last write failed; None while all is well."""
    _fd: int = attrs.field(default=-1, init=False)
    _offset: int = attrs.field(default=0, init=False)
    _first_line: int = attrs.field(default=0, init=False)
    """Where the segment's first line ends."""
    _synced: int = attrs.field(default=0, init=False)
    _open_calls: dict[str, None] = attrs.field(factory=dict, init=False, repr=False)
    _spool: list[Record] = attrs.field(factory=list, init=False, repr=False)

    @classmethod
    def open(
        cls, directory: Path, segment_size: int, randbytes: Callable[[int], bytes], now: datetime.datetime
    ) -> "Journal":
        """Continues the chain that is there, or begins one; calls left open by a crash are ended as `interrupted`.

        Raises JournalError when the folder cannot be written or the last segment cannot be read.
        """
        journal = cls(directory, segment_size, randbytes)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            found = journal.segments()
            lost = journal._resume(found[-1]) if found else 0
            journal._begin_segment(now)
        except OSError as error:
            raise JournalError(f"the journal in {directory} cannot be opened: {error.strerror}") from error
        interrupted = tuple(journal._open_calls)
        facts = {"cause": "interrupted", "status": None, "seconds": None, "by": None}
        journal.append(Record("end", call, now, facts) for call in interrupted)
        if lost:
            journal.append([Record("repair", "", now, {"torn_bytes": lost})])
        return journal

    def segments(self) -> list[Path]:
        """All segments, oldest first."""
        return sorted(self.directory.glob("journal-*.jsonl"))

    @property
    def is_full(self) -> bool:
        """Whether a new call's evidence might find no room, on disk or in the spool."""
        return len(self._spool) >= SPOOL - SPARE

    @property
    def waiting(self) -> int:
        """Lines in the spool."""
        return len(self._spool)

    def append(self, records: Iterable[Record]) -> bool:
        """Writes a batch; False when it had to be spooled. After a failure only `flush` tries again, at its pace."""
        self._spool += records
        return self.failure is None and self.flush()

    def flush(self) -> bool:
        """Tries to write what waits."""
        if not self._spool:
            return True
        try:
            self._write_spool()
        except OSError as error:
            self.failure = error.strerror or str(error)
            return False
        self.failure = None
        return True

    def unsynced(self) -> int | None:
        """A descriptor of the segment for `sync`, which may run in a thread; None when all is on disk already.

        It is a duplicate: the segment may be closed meanwhile.
        """
        if self._fd < 0 or self._offset == self._synced:
            return None
        self._synced = self._offset
        return os.dup(self._fd)

    def close(self) -> None:
        """Writes what waits, gives back what was allocated ahead, and closes; idempotent. Raises OSError."""
        if self._fd >= 0:
            self.flush()
            self._close_segment()

    def _write_spool(self) -> None:
        """All that waits, as one `pwrite`; the chain moves on only when it is written."""
        batch, previous, opened = bytearray(), self.previous, dict(self._open_calls)
        for record in self._spool:
            line, previous = self._seal(record, previous)
            batch += line
            if record.kind == "verdict":
                opened[record.call] = None
            elif record.kind == "end":
                opened.pop(record.call, None)
        if self._offset + len(batch) > self.segment_size and self._offset > 0 and not self._is_fresh():
            self._begin_segment(self._spool[0].at)
            self._write_spool()
            return
        _write_at(self._fd, bytes(batch), self._offset)
        self._offset += len(batch)
        self.previous, self._open_calls = previous, opened
        self._spool.clear()

    def _is_fresh(self) -> bool:
        """Whether the segment holds only its first line, so that a batch larger than a segment still finds a place."""
        return self._offset <= self._first_line

    def _seal(self, record: Record, previous: str) -> tuple[bytes, str]:
        facts: Mapping[str, object] = {"kind": record.kind, "call": record.call, "at": record.at, **record.facts}
        personal = {name: _printable(value) for name, value in record.personal.items()}
        return seal(facts, personal, previous, self.randbytes(salt_size(personal)))

    def _begin_segment(self, now: datetime.datetime) -> None:
        """Closes the segment at its last line and allocates the next, so that a full disk is met here."""
        path = self.directory / f"journal-{self.number + 1:0{_DIGITS}d}.jsonl"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        first = Record("segment", "", now, {"segment": self.number + 1, "open": list(self._open_calls)})
        line, previous = self._seal(first, self.previous)
        try:
            os.posix_fallocate(fd, 0, self.segment_size)
            _write_at(fd, line, 0)
        except OSError:
            os.close(fd)
            path.unlink()
            raise
        self._close_segment()
        self._fd, self.number, self.previous = fd, self.number + 1, previous
        self._offset = self._first_line = len(line)
        self._synced = 0

    def _close_segment(self) -> None:
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        try:
            os.ftruncate(fd, self._offset)
            os.fsync(fd)
        finally:
            os.close(fd)

    def _resume(self, last: Path) -> int:
        """Takes chain and open calls from the last segment; cuts a torn last line off. Returns the bytes it lost."""
        whole = 0
        for line in lines(last):
            try:
                record = orjson.loads(line)
                self.previous = record["hash"]
            except (orjson.JSONDecodeError, KeyError, TypeError):
                break
            self._note(record)
            whole += len(line) + 1
        self.number = int(last.stem.rpartition("-")[2])
        with last.open("r+b") as file:
            rest = file.seek(0, os.SEEK_END) - whole
            file.seek(whole)
            torn = len(file.read(rest).rstrip(b"\0"))
            file.truncate(whole)
        return torn

    def _note(self, record: Mapping[str, object]) -> None:
        kind, call = record.get("kind"), str(record.get("call"))
        if kind == "segment":
            opened = record.get("open")
            self._open_calls = dict.fromkeys(opened if isinstance(opened, list) else [])
        elif kind == "verdict":
            self._open_calls[call] = None
        elif kind == "end":
            self._open_calls.pop(call, None)


def sync(fd: int) -> None:
    """Forces to disk what stands in the segment of `Journal.unsynced`. Raises OSError."""
    try:
        os.fdatasync(fd)
    finally:
        os.close(fd)


def _write_at(fd: int, data: bytes, offset: int) -> None:
    """All of it; a short write is what a full disk does first, and the next one says so."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def _printable(value: object) -> object:
    """JSON text for whatever a peer wrote: bytes that are not UTF-8 are kept as escapes (`\\udc80`), not lost."""
    if isinstance(value, str):
        data = b"" if value.isascii() else value.encode("utf-8", "surrogateescape")
        return data.decode("utf-8", "backslashreplace") if data else value
    if isinstance(value, Mapping):
        return {str(_printable(key)): _printable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(inner) for inner in value]
    return value
