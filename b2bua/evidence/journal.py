"""The journal: append-only JSON lines in preallocated segments, one chain.

A segment is `journal-00000001.jsonl`. Its first line (`segment`) names the calls that were open when it began, so that
after a crash only the last segment need be read to say which calls were interrupted. One `pwrite` takes a batch of
lines; what has been written survives the process at once, and a loss of power after the next `sync`.

When the disk fails, lines wait in a bounded spool in memory, in order; `is_full` says when that is used up, and
whoever admits calls must look at it first. Lines beyond the spool are counted, and the count is a line (`gap`) of its
own once the disk is well again. A disk that is full at the start is no other: the first segment begins when it can.
"""

import datetime
import errno
import fcntl
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import attrs
import orjson

from b2bua.call.acts import Record
from b2bua.errors import JournalError
from b2bua.evidence.chain import GENESIS, printable, salt_size, seal
from b2bua.evidence.reading import number_of, segment_name, segments_of, torn_in, torn_of

SPOOL: Final = 20_000
"""Lines that may wait for a failing disk, unless it is said otherwise."""
SPARE: Final = 5
"""One part in so many of the spool is kept for calls that are already going on: their ends are never refused. It is
more than the lines of a batch of new ones, all of which are admitted by what the spool held before."""
AGE: Final = datetime.timedelta(hours=24)
"""After which a segment is closed, unless it is said otherwise: a closed one can be signed, packed and purged."""
#: What a disk says that is full; the journal begins on one, and waits.
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@attrs.define(eq=False)
class Journal:
    """Open it with `Journal.open`; all of it runs on the loop but `sync`, which may run in a thread."""

    directory: Path
    segment_size: int
    randbytes: Callable[[int], bytes] = attrs.field(repr=False)
    spool: int = SPOOL
    """Lines that may wait for a failing disk."""
    age: datetime.timedelta = AGE
    """How long a segment is written to at most (`turn`)."""
    previous: str = GENESIS
    """Hash of the last line."""
    number: int = 0
    """Of the segment that is being written."""
    failure: str | None = None
    """Why the last write failed; None while all is well."""
    _lock: int = attrs.field(default=-1, init=False)
    """The folder, held against a second writer: two would cut each other's lines off and break the chain."""
    _fd: int = attrs.field(default=-1, init=False)
    _offset: int = attrs.field(default=0, init=False)
    _first_line: int = attrs.field(default=0, init=False)
    """Where the segment's first line ends."""
    _synced: int = attrs.field(default=0, init=False)
    _began: datetime.datetime = attrs.field(default=datetime.datetime.min, init=False)
    """When the segment did, or should have."""
    _open_calls: dict[str, None] = attrs.field(factory=dict, init=False, repr=False)
    _spool: list[Record] = attrs.field(factory=list, init=False, repr=False)
    _lost: int = attrs.field(default=0, init=False)
    """Lines that found no room in the spool."""

    @classmethod
    def open(
        cls,
        directory: Path,
        segment_size: int,
        randbytes: Callable[[int], bytes],
        now: datetime.datetime,
        standing: Collection[str] = (),
        *,
        spool: int = SPOOL,
        age: datetime.timedelta = AGE,
    ) -> "Journal":
        """Continues the chain that is there, or begins one; calls left open by a crash are ended as `interrupted`, but
        for those that are `standing`: they have outlived it.

        Raises JournalError when the folder cannot be written, but for a disk that is full, or another process writes
        there.
        """
        journal = cls(directory, segment_size, randbytes, spool, age)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            journal._hold()
            lost = journal._resume()
            journal._begin(now)
        except BlockingIOError as error:
            journal._release()
            raise JournalError(f"the journal in {directory} is being written by another process") from error
        except OSError as error:
            journal._release()
            raise JournalError(f"the journal in {directory} cannot be opened: {error.strerror}") from error
        interrupted = [call for call in journal._open_calls if call not in standing]
        facts = {"cause": "interrupted", "status": None, "seconds": None, "by": None}
        journal.append(Record("end", call, now, facts) for call in interrupted)
        if lost:
            journal.append([Record("repair", "", now, {"torn_bytes": lost})])
        return journal

    @classmethod
    def settle(
        cls, directory: Path, segment_size: int, randbytes: Callable[[int], bytes], now: datetime.datetime
    ) -> None:
        """Ends as `interrupted` what a crash has left open in a chain that nobody goes on with. Raises JournalError."""
        looked = cls(directory, segment_size, randbytes)
        try:
            looked._hold()
            looked._resume()
        except OSError as error:
            raise JournalError(f"the journal in {directory} cannot be read: {error.strerror}") from error
        finally:
            looked._release()
        if looked._open_calls:
            cls.open(directory, segment_size, randbytes, now).close()

    def segments(self) -> list[Path]:
        """All segments, oldest first."""
        return segments_of(self.directory)

    @property
    def is_full(self) -> bool:
        """Whether a new call's evidence might find no room, on disk or in the spool."""
        return len(self._spool) >= self.spool - self.spool // SPARE

    @property
    def waiting(self) -> int:
        """Lines in the spool."""
        return len(self._spool)

    def is_open(self, call: str) -> bool:
        """Whether a call has its verdict here, and not its end."""
        return call in self._open_calls

    def append(self, records: Iterable[Record]) -> bool:
        """Writes a batch; False when it had to be spooled. After a failure only `flush` tries again, at its pace."""
        for record in records:
            if len(self._spool) < self.spool:
                self._spool.append(record)
            else:
                self._lost += 1
        return self.failure is None and self.flush()

    def flush(self) -> bool:
        """Tries to write what waits, and to begin where the disk was full at the start."""
        if not self._spool and not self._awaits_disk:
            return True
        now = self._spool[-1].at if self._spool else self._began
        try:
            self._write_spool()
            if self._lost:
                self._spool.append(Record("gap", "", now, {"lost_lines": self._lost}))
                self._lost = 0
                self._write_spool()
        except OSError as error:
            self.failure = error.strerror or str(error)
            return False
        self.failure = None
        return True

    def turn(self, now: datetime.datetime) -> None:
        """Closes the segment and begins the next, when it has become too old and something stands in it.

        A disk that has no place for the next is no failure: there is room in this one yet, and this is asked again.
        """
        if self._fd < 0 or self._spool or now - self._began < self.age or self._is_fresh():
            return
        with suppress(OSError):
            self._begin_segment(now)

    def unsynced(self) -> int | None:
        """A descriptor of the segment for `sync`, which may run in a thread; None when all is on disk already.

        It is a duplicate: the segment may be closed meanwhile.
        """
        if self._fd < 0 or self._offset == self._synced:
            return None
        self._synced = self._offset
        return os.dup(self._fd)

    def forget_sync(self) -> None:
        """What `sync` was given did not reach the disk: it is given again."""
        self._synced = -1

    def close(self) -> None:
        """Writes what waits, gives back what was allocated ahead, and closes; idempotent. Raises OSError."""
        try:
            if self._spool:
                self.flush()
            fd, self._fd = self._fd, -1
            _finish(fd, self._offset)
        finally:
            self._release()

    @property
    def _awaits_disk(self) -> bool:
        """Whether no segment could begin yet."""
        return self._fd < 0 <= self._lock

    def _hold(self) -> None:
        self._lock = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(self) -> None:
        fd, self._lock = self._lock, -1
        if fd >= 0:
            os.close(fd)

    def _write_spool(self) -> None:
        """All that waits, as one `pwrite`; the chain moves on only when it is written."""
        if self._awaits_disk:
            self._begin_segment(self._began)
        batch, previous = bytearray(), self.previous
        for record in self._spool:
            line, previous = self._seal(record, previous)
            batch += line
        if self._offset + len(batch) > self.segment_size and self._offset > 0 and not self._is_fresh():
            self._begin_segment(self._spool[0].at)
            self._write_spool()
            return
        _write_at(self._fd, bytes(batch), self._offset)
        self._offset += len(batch)
        self.previous = previous
        for record in self._spool:
            self._opens_or_ends(record.kind, record.call)
        self._spool.clear()

    def _is_fresh(self) -> bool:
        """Whether the segment holds only its first line, so that a batch larger than a segment still finds a place."""
        return self._offset <= self._first_line

    def _seal(self, record: Record, previous: str) -> tuple[bytes, str]:
        facts: Mapping[str, object] = {"kind": record.kind, "call": record.call, "at": record.at, **record.facts}
        salts = self.randbytes(salt_size(record.personal))
        try:
            return seal(facts, record.personal, previous, salts)
        except orjson.JSONEncodeError:
            # Bytes that are no UTF-8 stand in it; to look for them beforehand cost a third of a line (2026-11-23).
            told = {name: printable(value) for name, value in facts.items()}
            personal = {name: printable(value) for name, value in record.personal.items()}
            return seal(told, personal, previous, salts)

    def _begin(self, now: datetime.datetime) -> None:
        """The first segment, unless the disk is full."""
        self._began = now
        try:
            self._begin_segment(now)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self.failure = error.strerror

    def _begin_segment(self, now: datetime.datetime) -> None:
        """Closes the segment at its last line and allocates the next, so that a full disk is met here."""
        path = self.directory / segment_name(self.number + 1)
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
        full, end = self._fd, self._offset
        self._fd, self.number, self.previous = fd, self.number + 1, previous
        self._offset = self._first_line = len(line)
        self._synced, self._began = 0, now
        # Last, for it may fail: the journal stands in its new segment by then, and can go on there.
        _finish(full, end)

    def _resume(self) -> int:
        """Takes chain and open calls from the last segment that has a line; returns how many bytes were torn.

        A loss of power may have left the last segment without any: its place on disk is then all it has.
        """
        segments = self.segments()
        torn = 0
        if segments:
            self.number = number_of(segments[-1])
        for path in reversed(segments):
            whole = self._read(path)
            torn += _cut(path, whole)
            if whole:
                break
        for path in torn_in(self.directory):
            with suppress(PermissionError):  # somebody else's, who answers for it
                path.chmod(0o600)
        return torn

    def _read(self, path: Path) -> int:
        """Follows a segment as far as its lines are whole; returns where they end."""
        whole = 0
        with path.open("rb") as file:
            # What was allocated ahead is one line of megabytes to whoever reads by lines.
            while file.peek(1)[:1] not in (b"", b"\0"):
                line = file.readline()
                try:
                    record = orjson.loads(line)
                    previous = record["hash"]
                except (orjson.JSONDecodeError, KeyError, TypeError):
                    break
                self.previous = previous
                self._note(record)
                whole += len(line)
        return whole

    def _note(self, record: Mapping[str, object]) -> None:
        kind, call = record.get("kind"), str(record.get("call"))
        if kind == "segment":
            opened = record.get("open")
            self._open_calls = dict.fromkeys(opened if isinstance(opened, list) else [])
        else:
            self._opens_or_ends(str(kind), call)

    def _opens_or_ends(self, kind: str, call: str) -> None:
        if kind == "verdict":
            self._open_calls[call] = None
        elif kind == "end":
            self._open_calls.pop(call, None)


def sync(fd: int) -> None:
    """Forces to disk what stands in the segment of `Journal.unsynced`. Raises OSError."""
    try:
        os.fdatasync(fd)
    finally:
        os.close(fd)


def _finish(fd: int, end: int) -> None:
    """Gives back what a segment has beyond its last line, forces it to disk and closes it; none is no fault."""
    if fd < 0:
        return
    try:
        os.ftruncate(fd, end)
        os.fsync(fd)
    finally:
        os.close(fd)


def _cut(path: Path, whole: int) -> int:
    """Takes off what stands behind the last whole line and keeps it beside the segment; returns how much it was.

    What was allocated ahead goes first: on a full disk it is where the torn line finds a place.
    """
    with path.open("r+b") as file:
        file.seek(whole)
        torn = _written(file)
        file.truncate(whole + len(torn))
        if torn:
            with open(torn_of(path), "ab", opener=_private) as beside:
                beside.write(torn + b"\n")
        file.truncate(whole)
        if whole and not _ends_line(file, whole):
            file.seek(whole)
            file.write(b"\n")
    return len(torn)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _ends_line(file: BinaryIO, end: int) -> bool:
    """Whether a line ends there: one that is whole may have lost its line end alone."""
    file.seek(end - 1)
    return file.read(1) == b"\n"


def _written(file: BinaryIO) -> bytes:
    """The rest of a file, less the zeros at its end: as a rule, all of it is zeros (1.7 s by `rstrip`, 2026-11-23)."""
    pieces, zeros = list[bytes](), bytes(1024 * 1024)
    since = 0
    while piece := file.read(len(zeros)):
        if piece == zeros[: len(piece)]:
            since += len(piece)
        else:
            pieces += (bytes(since), piece)
            since = 0
    return b"".join(pieces).rstrip(b"\0")


def _write_at(fd: int, data: bytes, offset: int) -> None:
    """All of it; a short write is what a full disk does first, and the next one says so."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
