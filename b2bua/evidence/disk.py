"""What is said to stand stands on the disk; what takes the place of a file is whole before it does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def force(path: Path) -> None:
    """Forces to disk what stands in a file, or which names a folder has (fsync(2)). Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def written(path: Path, like: Path | None = None) -> Iterator[BinaryIO]:
    """A new file to write to, whole and on disk when the block has ended well; those may read it who may read `like`.

    Raises OSError.
    """
    with path.open("wb") as file:
        if like is not None:
            old = like.stat()
            os.fchmod(file.fileno(), old.st_mode & 0o777)
            with suppress(PermissionError):
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
        yield file
        file.flush()
        os.fsync(file.fileno())


def put(fresh: Path, place: Path) -> None:
    """A file that is on disk takes its place, in one step that outlasts a loss of power. Raises OSError."""
    fresh.replace(place)
    force(place.parent)
