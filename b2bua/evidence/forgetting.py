"""What is left of a number after its time: a keyed hash, by which it can be found again by whoever holds the key.

Full evidence stands for a period; then `personal` goes out of a line and, in its place, `hashed` keeps what the index
needs with pseudonyms in place of numbers. A plain hash would be none: all telephone numbers can be tried in minutes.
Without the key's file, nothing can be found by number any more, and nobody can be named.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from b2bua.errors import JournalError

HASHED: Final = "hashed"
"""The key of a purged line in place of `personal`: like it, it is not covered by the line's hash."""
MARK: Final = "#"
"""What a pseudonym begins with, and no number."""
KEY_SIZE: Final = 32
_HEX: Final = 32


def pseudonym(key: bytes, number: str) -> str:
    """What stands for a number (E.164 with +, or a short number's digits) once it has gone; itself for a pseudonym."""
    if number.startswith(MARK):
        return number
    return MARK + hmac.new(key, number.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:_HEX]


def read_key(path: Path) -> bytes:
    """The key in that file. Raises JournalError when there is none, or others may read it."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise JournalError(f"{path} can be read by others; `chmod 600 {path}`")
            key = file.read(KEY_SIZE + 1)
    except OSError as error:
        raise JournalError(
            f"the key of hashes {path} cannot be read: {error.strerror}; `b2bua retention key`"
        ) from error
    if len(key) != KEY_SIZE:
        raise JournalError(f"{path} holds no key of {KEY_SIZE} bytes; without the true one no number is found again")
    return key


def make_key(path: Path, randbytes: Callable[[int], bytes] = os.urandom) -> bytes:
    """A new key in a file of its own, which only its owner reads. Raises JournalError when it exists already."""
    key = randbytes(KEY_SIZE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, key)
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise JournalError(f"the key of hashes {path} cannot be made: {error.strerror}") from error
    return key
