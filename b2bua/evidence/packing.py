"""Closed segments made small: gzip, a fifth of their size (the rest is salts and hashes), readable by any other tool.

The packed form is whole on disk before the plain one goes. Whoever dies between leaves both, of which the plain one
counts, and the next turn packs it again.
"""

import gzip
import shutil
from pathlib import Path
from typing import Final

from b2bua.errors import JournalError
from b2bua.evidence.disk import put, written
from b2bua.evidence.purging import tending
from b2bua.evidence.reading import chains_of, closed, is_packed, lines

#: Before the name of a segment: its packed form, as long as it is being written.
_UNFINISHED: Final = ".packing-"
#: Of gzip: half of what the greatest effort costs, for a hundredth more.
_EFFORT: Final = 6


def pack_closed(journal: Path) -> list[Path]:
    """Packs each closed segment that is not; returns the new files. Raises OSError and JournalError, the rest being
    as it was."""
    with tending(journal):
        return [
            pack(segment) for segments in chains_of(journal) for segment in closed(segments) if not is_packed(segment)
        ]


def pack(segment: Path) -> Path:
    """Puts the packed form of a segment in its place, which nobody writes to any more.

    Raises OSError and JournalError, and then it is as it was.
    """
    packed = segment.with_name(segment.name + ".gz")
    unfinished = segment.with_name(_UNFINISHED + packed.name)
    try:
        with (
            segment.open("rb") as plain,
            written(unfinished, like=segment) as file,
            gzip.GzipFile(filename="", mode="wb", compresslevel=_EFFORT, fileobj=file, mtime=0) as into,
        ):
            shutil.copyfileobj(plain, into, 1024 * 1024)
        if any(one != other for one, other in zip(lines(unfinished), lines(segment), strict=True)):
            raise JournalError(f"{segment} was changed while it was packed, and is left as it was")
        put(unfinished, packed)
    finally:
        unfinished.unlink(missing_ok=True)
    segment.unlink()
    return packed
