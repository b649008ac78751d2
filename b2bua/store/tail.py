"""The lines of one chain from where it was left, also of the segment that is being written, and of packed ones.

A segment that is being written ends in zeros that were allocated ahead, and maybe in half a line: neither is read, and
the next reading begins there.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import attrs

from b2bua.errors import JournalError
from b2bua.evidence.reading import Place, lines, number_of, segment_name

CHUNK: Final = 1 << 18
LONGEST: Final = 1 << 24
"""Octets that a line may have; a longer one is a damaged segment's."""


@attrs.define(eq=False)
class Tail:
    """Where a chain is read on. It holds no file between two readings."""

    folder: Path
    chain: str
    segment: int = 0
    """The one that is read; 0 before the first."""
    line: int = 0
    """The last that was read of it."""
    missing: int = attrs.field(default=0, init=False)
    """Lines that were read before, and have gone from a segment since: a loss of power can do that."""
    _offset: int = attrs.field(default=0, init=False)
    _inode: int = attrs.field(default=0, init=False)
    """Of the file that the offset belongs to."""
    _packed: Iterator[bytes] | None = attrs.field(default=None, init=False, repr=False)

    def read(self, segments: Sequence[Path], most: int) -> list[tuple[Place, bytes]]:
        """The next lines, `most` or a few more; [] when there are none now. `segments` are those of the chain, looked
        up before. Raises OSError and JournalError."""
        for path in segments:
            number = number_of(path)
            if number < self.segment:
                continue
            if number > self.segment:
                self._enter(number)
            found = self._read(path, most)
            if found:
                return found
        return []

    def resume(self, segment: int, line: int) -> None:
        """Goes on behind that line."""
        if (segment, line) != (self.segment, self.line):
            self._enter(segment)
            self.line = line

    def _enter(self, segment: int) -> None:
        self.segment, self.line = segment, 0
        self._offset = self._inode = 0
        self._packed = None

    def _read(self, path: Path, most: int) -> list[tuple[Place, bytes]]:
        try:
            fd = os.open(self.folder / segment_name(self.segment), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self._numbered(self._unpacked(path, most))
        try:
            return self._numbered(self._plain(fd, most))
        finally:
            os.close(fd)

    def _numbered(self, found: Sequence[bytes]) -> list[tuple[Place, bytes]]:
        first = self.line + 1
        self.line += len(found)
        return [(Place(self.chain, self.segment, number), line) for number, line in enumerate(found, start=first)]

    def _unpacked(self, path: Path, most: int) -> list[bytes]:
        if self._packed is None:
            self._packed = islice(lines(path), self.line, None)
        try:
            return list(islice(self._packed, most))
        except (OSError, JournalError):
            self._packed = None  # it says nothing more, and is not at its end: it is opened again
            raise

    def _plain(self, fd: int, most: int) -> list[bytes]:
        inode = os.fstat(fd).st_ino
        if inode != self._inode:
            # Another file than before, or the first: only the count of lines says where to go on.
            self._inode, self._offset = inode, 0
            skipped = 0
            while skipped < self.line and (passed := self._pieces(fd, self.line - skipped)):
                skipped += len(passed)
            self.missing += self.line - skipped
        return self._pieces(fd, most)

    def _pieces(self, fd: int, most: int) -> list[bytes]:
        """Whole lines from the offset on, which moves behind them."""
        found, size = list[bytes](), CHUNK
        while len(found) < most:
            data = os.pread(fd, size, self._offset)
            written, zero, _ = data.partition(b"\0")
            end = written.rfind(b"\n") + 1
            if end:
                taken = written[: end - 1].split(b"\n")[: most - len(found)]
                found += taken
                self._offset += sum(map(len, taken)) + len(taken)
            elif len(written) == size < LONGEST:
                size *= 2
                continue
            if zero or len(data) < size:
                break
        return found
