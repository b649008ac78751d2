"""Takes out of the journal and of the store what is due to be forgotten, and tells the desk before and after.

A segment's new form is written beside it, and takes its place only while the desk is held, after a look whether
somebody has held one of its calls meanwhile: once a hold is said to stand, it does. The store comes last, for it is an
index of the journal; where it is away it is cleared the next time.
"""

import datetime
import fcntl
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import attrs
import orjson

from b2bua.chore import Chore
from b2bua.config import Config, Retention
from b2bua.duties.retention import Done, Limits, Piece, begun, chooser, chooser_of_the_desk, purged, rows
from b2bua.errors import JournalError
from b2bua.evidence import Broken, Desk
from b2bua.evidence.desk import FOLDER
from b2bua.evidence.forgetting import HASHED, read_key
from b2bua.evidence.holds import Held
from b2bua.evidence.purging import Choice, Left, Rewriting, Survey, clear, rewriting, survey, tending
from b2bua.evidence.reading import chain_name, chains_of, closed, lines, number_of, segment_name, segments_of
from b2bua.evidence.tending import LANE
from b2bua.store import pseudonymised

DAILY: Final = 24 * 60 * 60.0
"""Seconds from one clearing to the next."""
CLERK: Final = "clerk"
"""Who clears when nobody has asked for it."""


class Index(Protocol):
    """What is asked of the store: how many of its calls it has hashed, and dropped."""

    def forget(self, before: datetime.datetime, key: bytes, held: frozenset[str]) -> int:
        """Puts pseudonyms in place of the numbers of older calls, but for those that are held."""

    def drop(self, before: datetime.datetime, held: frozenset[str]) -> int:
        """Takes the rows of older calls away, but for those that are held."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is due at a moment."""

    limits: Limits
    held: Held
    due: Mapping[Piece, Survey]
    """The segments that would be looked into, with what would become of them."""
    broken: tuple[Broken, ...]
    """Segments that do not hold, and are left as they are."""
    waiting: tuple[Piece, ...]
    """Segments with lines that are due, which are still written to."""

    @property
    def lines(self) -> int:
        """How many lines would lose something."""
        return sum(found.taken for found in self.due.values())


@attrs.frozen(kw_only=True)
class Outcome:
    """What has been done."""

    limits: Limits
    purged: Mapping[Piece, Survey]
    broken: tuple[Broken, ...]
    postponed: tuple[Piece, ...]
    """Segments that are left for the next time: one of their calls was held while they were rewritten."""
    looks: int
    """Lines of the desk that have forgotten whom somebody looked at."""
    forgotten: int
    """Calls of the store whose numbers are hashed now."""
    dropped: int
    """Calls that the store has no more."""

    @property
    def lines(self) -> int:
        """How many lines of calls have lost something."""
        return sum(found.taken for found in self.purged.values())


@attrs.frozen
class Clearing:
    """The evidence of a gateway under its terms. Every method raises JournalError, and OSError of a file."""

    journal: Path
    terms: Retention
    index: Index | None = None

    @classmethod
    def of(cls, config: Config, index: Index | None = None) -> "Clearing | None":
        """That of a configuration; None where nothing is ever forgotten."""
        return None if config.retention is None else cls(Path(config.journal.directory), config.retention, index)

    @property
    def desk(self) -> Desk:
        """Where it is told."""
        return Desk(self.journal)

    def plan(self, now: datetime.datetime) -> Plan:
        """What `run` would do; it needs no key."""
        limits, held, done = self._state(now)
        choice = chooser(limits, held.calls, lambda _: {HASHED: True})
        due: dict[Piece, Survey] = {}
        broken: list[Broken] = []
        finished, waiting = pieces(self.journal, limits)
        for piece in done.due(finished, limits):
            found = survey(piece.path, choice)
            if isinstance(found, Broken):
                broken.append(found)
            else:
                due[piece] = found
        return Plan(limits=limits, held=held, due=due, broken=tuple(broken), waiting=tuple(waiting))

    def run(self, by: str, now: datetime.datetime) -> Outcome:
        """Does all that is due, and may die at any moment: what is left is due again."""
        key = read_key(Path(self.terms.key_file))
        with tending(self.journal):
            for segments in chains_of(self.journal):
                clear(segments[0].parent)
            limits, held, done = self._state(now)
            finished, _ = pieces(self.journal, limits)
            choice = chooser(limits, held.calls, partial(_hashed, key=key))
            round_ = _Round(self.desk, limits, held, choice, by, now)
            round_.purge(done, done.due(finished, limits))
            looks = self._clear_the_desk(limits)
        forgotten, dropped = self._clear_the_store(limits, key, by, now)
        return Outcome(
            limits=limits,
            purged=round_.purged,
            broken=tuple(round_.broken),
            postponed=tuple(round_.postponed),
            looks=looks,
            forgotten=forgotten,
            dropped=dropped,
        )

    def _state(self, now: datetime.datetime) -> tuple[Limits, Held, Done]:
        told = list(self.desk.lines())
        return Limits.at(now, self.terms), Held.fold(told), Done.fold(told)

    def _clear_the_desk(self, limits: Limits) -> int:
        choice, taken = chooser_of_the_desk(limits), 0
        for path in segments_of(self.desk.directory):
            begins = begins_at(path)
            if begins is None or begins >= limits.hashed:
                break
            found = survey(path, choice)
            if isinstance(found, Broken) or not found.taken:
                continue
            with self.desk.writing(), rewriting(path, choice) as made:
                if not isinstance(made, Broken) and made.survey.taken:
                    made.replace()
                    taken += made.survey.taken
        return taken

    def _clear_the_store(self, limits: Limits, key: bytes, by: str, now: datetime.datetime) -> tuple[int, int]:
        if self.index is None:
            return 0, 0
        held = Held.fold(self.desk.lines()).calls
        dropped = self.index.drop(limits.hashed, held)
        forgotten = self.index.forget(limits.whole, key, held)
        if forgotten or dropped:
            self.desk.write([rows(forgotten, dropped, limits, by, now)])
        return forgotten, dropped


@attrs.define(eq=False)
class _Round:
    """One go over the segments that are due."""

    desk: Desk
    limits: Limits
    held: Held
    choice: Choice
    by: str
    now: datetime.datetime
    purged: dict[Piece, Survey] = attrs.field(factory=dict, init=False)
    broken: list[Broken] = attrs.field(factory=list, init=False)
    postponed: list[Piece] = attrs.field(factory=list, init=False)
    _has_begun: bool = attrs.field(default=False, init=False)

    def purge(self, done: Done, due: Sequence[Piece]) -> None:
        """Each of them by itself; the desk is told before the first is touched, and after the last."""
        try:
            for piece in due:
                with _unwritten(piece), rewriting(piece.path, self.choice) as made:
                    if isinstance(made, Broken):
                        self.broken.append(made)
                    elif done.is_news(piece, made.survey):
                        self._begin(due)
                        self._take(piece, made)
        finally:
            if self.purged:
                self.desk.write([purged(self.purged, self.limits, self.by, self.now)])

    def _begin(self, due: Sequence[Piece]) -> None:
        if not self._has_begun:
            self.desk.write([begun(due, self.limits, self.by, self.now)])
            self._has_begun = True

    def _take(self, piece: Piece, made: Rewriting) -> None:
        if made.survey.taken:
            with self.desk.writing():
                if not Held.fold(self.desk.lines()).calls <= self.held.calls:
                    self.postponed.append(piece)
                    return
                made.replace()
        if not made.survey.whole:
            # Bytes that a crash has torn off, which no reader takes for a line.
            piece.path.with_name(segment_name(piece.segment)).with_suffix(".torn").unlink(missing_ok=True)
        self.purged[piece] = made.survey


def chore(clearing: Clearing) -> Chore:
    """The same, daily, by the clerk. What could not be cleared is an alarm: it stands longer than it may."""

    def run(now: datetime.datetime) -> None:
        outcome = clearing.run(CLERK, now)
        if outcome.broken:
            raise JournalError(f"{len(outcome.broken)} segments do not hold, and are not purged: {outcome.broken[0]}")

    return Chore("retention", DAILY, run, LANE)


def pieces(journal: Path, limits: Limits) -> tuple[list[Piece], list[Piece]]:
    """The segments of the calls' chains that nobody writes to any more, and those with lines that are due which
    somebody does."""
    finished, waiting = list[Piece](), list[Piece]()
    for segments in chains_of(journal):
        name = chain_name(journal, segments[0])
        if name == FOLDER:
            continue
        over = segments if _is_abandoned(segments, limits) else closed(segments)
        for path in segments:
            begins = begins_at(path)
            if begins is None:
                continue
            piece = Piece(name, number_of(path), begins, path)
            if path in over:
                finished.append(piece)
            elif begins < limits.whole:
                waiting.append(piece)
    return finished, waiting


def begins_at(path: Path) -> datetime.datetime | None:
    """When the first line of a segment was written; None where it has none that can be read."""
    try:
        first = next(lines(path), None)
        return None if first is None else datetime.datetime.fromisoformat(orjson.loads(first)["at"])
    except (ValueError, KeyError, TypeError):
        return None


def ends_at(segments: Sequence[Path]) -> datetime.datetime:
    """When the last line of a chain was written; the end of time where that cannot be read."""
    for path in reversed(segments):
        for line in deque(lines(path), maxlen=1):
            try:
                return datetime.datetime.fromisoformat(orjson.loads(line)["at"])
            except (ValueError, KeyError, TypeError):
                return datetime.datetime.max.replace(tzinfo=datetime.UTC)
    return datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _is_abandoned(segments: Sequence[Path], limits: Limits) -> bool:
    """Whether a chain has been silent so long that all of it is due, and nobody holds it: there were more workers."""
    # By its lines and not by its files, which are younger for having been packed or purged.
    begins = next((found for path in reversed(segments) if (found := begins_at(path)) is not None), None)
    if begins is None or begins >= limits.whole or ends_at(segments) >= limits.whole:
        return False
    with _holding(segments[0].parent) as is_held:
        return is_held


def _hashed(line: Mapping[str, Any], key: bytes) -> Left:
    """A line that has `hashed` is one whose numbers may be found, even where there is none."""
    return pseudonymised(line, key) or {"numbers": []}


@contextmanager
def _unwritten(piece: Piece) -> Iterator[None]:
    """Keeps whoever would write a chain from it meanwhile, where its last segment is rewritten: at its start a daemon
    cuts that one."""
    segments = segments_of(piece.path.parent)
    if piece.path in closed(segments):
        yield
        return
    with _holding(piece.path.parent) as is_held:
        if not is_held:
            raise JournalError(f"{piece.path} is being written by another process")
        yield


@contextmanager
def _holding(folder: Path) -> Iterator[bool]:
    """Holds a chain as its writer would; False where that is there."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield _is_free(fd)
    finally:
        os.close(fd)


def _is_free(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
