"""What repairs have cut off and kept beside segments: how old it is, and whose it may be.

It is no line, and nothing can be taken out of it but all. It was being written when the last line of its segment had
been, and goes when that line would; a call that is held and named in it keeps it.
"""

import datetime
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path

import attrs
import orjson

from b2bua.evidence.reading import chain_name, chains_of, lines, number_of, torn_in, torn_of


@attrs.frozen
class Torn:
    """One such file."""

    path: Path
    chain: str
    segment: int
    at: datetime.datetime
    """When it was written, or not long before."""

    @property
    def key(self) -> tuple[str, int]:
        """How the desk's lines name it."""
        return self.chain, self.segment

    def is_due(self, before: datetime.datetime, held: Collection[str]) -> bool:
        """Whether it is to go: it is older than that, and none of these calls is named in it. Raises OSError."""
        if self.at >= before:
            return False
        data = self.path.read_bytes() if held else b""
        return not any(call.encode() in data for call in held)


def torn_files(journal: Path) -> Iterator[Torn]:
    """All of them. Raises OSError, and JournalError where the segment of one is damaged."""
    for segments in chains_of(journal):
        folder, beside = segments[0].parent, {torn_of(segment): segment for segment in segments}
        for path in torn_in(folder):
            at = ends_at(beside[path]) if path in beside else None
            written = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
            yield Torn(path, chain_name(journal, path), number_of(path), at or written)


def ends_at(segment: Path) -> datetime.datetime | None:
    """When the last line of a segment was written; None where it has none that can be read."""
    try:
        for line in deque(lines(segment), maxlen=1):
            return datetime.datetime.fromisoformat(orjson.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        pass
    return None
