"""What stands of the entries, in one file that workers read: `register.jsonl` beside the desk's chain.

It is made of the desk's lines, and can be made again. Its first line holds a digest of the others: a file that is not
whole, or that somebody has changed, is none. A line an entry, so that a long file is read beside calls piece by piece.
"""

import datetime
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from b2bua.config import Register
from b2bua.errors import RegisterError
from b2bua.evidence import Desk, segments_of
from b2bua.evidence.desk import FOLDER
from b2bua.evidence.disk import put
from b2bua.register.entries import Entries, Item
from b2bua.register.shape import entry_of, kinds
from policy.register import civil_day

if TYPE_CHECKING:
    from policy.register import Entry

FILE: Final = "register.jsonl"
_VERSION: Final = 1
Mark = tuple[int, int, int] | None


@attrs.frozen
class Snapshot:
    """The entries that stand, as they were when it was made."""

    digest: str = ""
    """Of all it says; "" where nobody has ever entered anything."""
    register: Register = attrs.field(factory=Register, repr=False)
    names: dict[str, tuple[str, ...]] = attrs.field(factory=dict, repr=False)
    """What each is called among the entries, kind by kind in the order of the register."""
    day: datetime.date | None = None
    """The civil day on which it was made: what had ended before is not in it. None where there is none."""

    def beside(self, written: Register) -> Register:
        """One register of what stands in files and what was entered, the files' entries first."""
        if not self.digest:
            return written
        both: dict[str, Any] = {kind: (*one, *getattr(self.register, kind)) for kind, one in written.kinds().items()}
        return attrs.evolve(written, **both)


def path_of(journal: Path) -> Path:
    """Where it is, by the folder of the journal."""
    return journal / FOLDER / FILE


def mark(journal: Path) -> Mark:
    """What another snapshot would have otherwise, found without reading it; None where there is none."""
    try:
        found = path_of(journal).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def read(journal: Path) -> Snapshot:
    """The snapshot beside that journal; an empty one where there is none.

    Raises RegisterError where it is not as it was written, OSError where it cannot be read.
    """
    path = path_of(journal)
    try:
        with path.open("rb") as file:
            head, lines = file.readline(), file.readlines()
    except FileNotFoundError:
        return Snapshot()
    try:
        stated = orjson.loads(head)
        digest = str(stated["digest"])
        if stated["version"] != _VERSION or _digest(lines) != digest:
            raise ValueError("its lines are not those that its digest was made of")
        register, names = _made(lines)
        day = datetime.date.fromisoformat(stated["day"])
    except (ValueError, KeyError, TypeError) as error:
        raise RegisterError(f"{path}: {error}; `b2bua register publish` makes it again from the desk") from error
    return Snapshot(digest, register, names, day)


def read_or_make(journal: Path, now: datetime.datetime) -> Snapshot:
    """The same, made again from the desk where it cannot be used or is gone. Raises GatewayError where that fails."""
    try:
        if mark(journal) is not None or not segments_of(Desk(journal).directory):
            return read(journal)
    except RegisterError:
        pass  # told below, if it cannot be mended
    except OSError as error:
        raise RegisterError(f"{path_of(journal)} cannot be read: {error.strerror}") from error
    publish(Desk(journal), now)
    return read(journal)


def publish(desk: Desk, now: datetime.datetime) -> str:
    """Makes it again from the desk's lines; its digest. Raises JournalError."""
    with desk.writing():
        items = Entries.fold(desk.lines()).items.values()
        with replacing(desk.journal, items, civil_day(now), now) as digest:
            return digest


def renew(desk: Desk, now: datetime.datetime) -> None:
    """Makes it again where it is not what the desk's lines come to. Raises JournalError."""
    if not segments_of(desk.directory):
        return
    try:
        if is_current(desk, Entries.fold(desk.lines()), civil_day(now)):
            return
    except (RegisterError, OSError):
        pass
    publish(desk, now)


def is_current(desk: Desk, entries: Entries, day: datetime.date) -> bool:
    """Whether it is what the entries came to on the day it was made. Raises RegisterError and OSError."""
    found = read(desk.journal)
    return found.digest == made_of(entries, found.day or day).digest


def made_of(entries: Entries, day: datetime.date) -> Snapshot:
    """What a snapshot of these entries holds."""
    lines = _lines(entries.items.values(), day)
    return Snapshot(_digest(lines), *_made(lines), day)


@contextmanager
def replacing(journal: Path, items: Iterable[Item], day: datetime.date, now: datetime.datetime) -> Iterator[str]:
    """A new snapshot, for as long as it is not yet in its place.

    It is whole and on disk when the block begins, and takes the place of the one before when the block ends well: what
    is said within stands with it, or neither does. Gives its digest. Raises OSError.
    """
    path = path_of(journal)
    fresh = path.with_suffix(".new")
    lines = _lines(items, day)
    digest = _digest(lines)
    head = {"version": _VERSION, "digest": digest, "entries": len(lines), "at": now, "day": day}
    try:
        with open(fresh, "wb", opener=_private) as file:
            file.write(orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        yield digest
        put(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _lines(items: Iterable[Item], day: datetime.date) -> list[bytes]:
    """What stands and may still hold on that day or later."""
    return [_line(item) for item in items if item.stands and not (item.until is not None and item.until < day)]


def _line(item: Item) -> bytes:
    said = {"id": item.id, "kind": item.kind, "fields": item.said}
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS)


def _made(lines: Iterable[bytes]) -> tuple[Register, dict[str, tuple[str, ...]]]:
    entries: dict[str, list[Entry]] = {kind: [] for kind in kinds()}
    names: dict[str, list[str]] = {kind: [] for kind in kinds()}
    for line in lines:
        said = orjson.loads(line)
        entries[said["kind"]].append(entry_of(said["kind"], said["fields"]))
        names[said["kind"]].append(str(said["id"]))
    register = Register(**{kind: tuple(found) for kind, found in entries.items()})  # type: ignore[arg-type]  # as above
    return register, {kind: tuple(found) for kind, found in names.items() if found}


def _digest(lines: Sequence[bytes]) -> str:
    """ "" for no lines: whoever has nothing entered any more has what he had before he entered anything."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest() if lines else ""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o640)
