"""Which register each living worker has, told without a socket: a file in the folder of its chain, held by it.

A worker holds `register.version` as long as it lives, and writes there what it has put in force. It holds the file
before it first reads a snapshot: so whoever puts one in its place and then finds the file free knows that the next
worker will read what he wrote.
"""

import fcntl
import os
import time  # noqa: TID251 - waits for processes
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from b2bua.register.snapshot import Mark, mark

FILE: Final = "register.version"
#: Seconds that a command waits for the workers, and between two looks.
PATIENCE: Final = 30.0
_PAUSE: Final = 0.02
#: Seconds within which whoever merely looks has let go of the file.
_GLANCE: Final = 2.0
_LARGEST: Final = 4_096


@attrs.define(eq=False)
class Presence:
    """A worker's side."""

    folder: Path
    """That of its chain."""
    _fd: int = attrs.field(default=-1, init=False)

    def hold(self) -> None:
        """From now on whoever looks sees that a worker lives here; it has no register yet. Raises OSError, also where
        another process lives here."""
        self._fd = os.open(self.folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        until = time.monotonic() + _GLANCE
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE)
        try:
            os.pwrite(self._fd, b" " * _LARGEST, 0)  # all the room that it will ever need
        except OSError:
            os.ftruncate(self._fd, 0)  # a full disk keeps nobody from taking calls; what another said goes all the same

    def tell(self, digest: str, seen: Mark, problem: str = "") -> None:
        """The digest of the snapshot that it has in force, and the mark of the one that it has looked at last: if that
        is another, the problem with it."""
        if self._fd >= 0:
            said = orjson.dumps({"digest": digest, "seen": seen, "problem": problem[:1_024], "pid": os.getpid()})
            with suppress(OSError):  # whoever waits is told that it has not said so; calls go on
                os.pwrite(self._fd, said.ljust(_LARGEST), 0)

    def leave(self) -> None:
        """It lives no more; idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


@attrs.frozen
class Worker:
    """One that lives, as the file of its chain tells."""

    name: str
    """The name of its folder: `worker-1`, or that of the journal itself where there is one worker."""
    digest: str | None
    """Of the snapshot that it has; None when it has not said."""
    seen: Mark = None
    """The mark of the file that it has looked at last."""
    problem: str = ""
    """Why it cannot use that; it goes on with the one before."""


def living(journal: Path) -> list[Worker]:
    """The workers that hold a chain of that journal."""
    return [found for folder in _folders(journal) if (found := _look(folder)) is not None]


def wait(journal: Path, digest: str, patience: float = PATIENCE) -> list[Worker]:
    """The living workers, once each has the snapshot of that digest, or a problem with the one that stands there, or
    the patience is at an end."""
    until = time.monotonic() + patience
    while True:
        found, now = living(journal), mark(journal)
        answered = [worker.digest == digest or (worker.problem and worker.seen == now) for worker in found]
        if all(answered) or time.monotonic() >= until:
            return found
        time.sleep(_PAUSE)


def _folders(journal: Path) -> Iterator[Path]:
    yield journal
    yield from sorted(journal.glob("worker-*"), key=lambda folder: (len(folder.name), folder.name))


def _look(folder: Path) -> Worker | None:
    try:
        fd = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = _read(os.pread(fd, _LARGEST, 0))
        seen = said.get("seen")
        return Worker(folder.name, said.get("digest"), seen and tuple(seen), str(said.get("problem", "")))
    finally:
        os.close(fd)
    return None


def _read(data: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:  # it is about to be written
        return {}
    return said if isinstance(said, dict) else {}
