"""What is said to stand stands on the disk."""

import os
from pathlib import Path


def force(path: Path) -> None:
    """Forces to disk what stands in a file, or which names a folder has (fsync(2)). Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
