"""Takes out of the journal, the desk and the store what is due to be forgotten, and tells the desk before and after.

A segment's new form is written beside it, and takes its place only while the desk is held, after a look whether
somebody has held one of its calls meanwhile: once a hold is said to stand, it does. The store comes last, for it is an
index of the journal; where it is away it is cleared the next time.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import attrs

from b2bua.call.acts import Record
from b2bua.chore import Chore
from b2bua.config import Config, Retention
from b2bua.duties.desk import Days, Line, chooser_of_the_desk
from b2bua.duties.pieces import chains, pieces, pieces_of, unwritten
from b2bua.duties.retention import Done, Limits, Piece, begun, chooser, cut, filed, purged, rows
from b2bua.duties.torn import Torn, torn_files
from b2bua.errors import JournalError
from b2bua.evidence import Broken, Desk
from b2bua.evidence.desk import FOLDER
from b2bua.evidence.forgetting import HASHED, read_key
from b2bua.evidence.holds import Held
from b2bua.evidence.purging import Choice, Left, Rewriting, Survey, clear, rewriting, survey, tending
from b2bua.evidence.reading import chains_of, records, segments_of
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
    desk: Counter[str]
    """Lines of the desk that would lose something, by kind."""
    torn: tuple[Torn, ...]
    """What repairs have cut off, and would go."""
    kept: tuple[Torn, ...]
    """What they have cut off, and would stay."""

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
    desk: Counter[str]
    """Lines of the desk that have lost something, by kind."""
    torn: tuple[Torn, ...]
    """What repairs had cut off, and has gone."""
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
        told, evidence = list(self.desk.lines()), self._evidence(done.after(due), now)
        torn = {one: one.is_due(limits.whole, held.calls) for one in torn_files(self.journal)}
        return Plan(
            limits=limits,
            held=held,
            due=due,
            broken=tuple(broken),
            waiting=tuple(waiting),
            desk=Counter(
                str(line["kind"]) for line in _losing(told, chooser_of_the_desk(told, limits, held, evidence))
            ),
            torn=tuple(one for one, is_due in torn.items() if is_due),
            kept=tuple(one for one, is_due in torn.items() if not is_due),
        )

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
            torn = self._clear_the_torn(limits, by, now)
            desk = _Filing(self.desk, limits, self._evidence(Done.fold(self.desk.lines()), now), by, now)
            desk.purge()
        forgotten, dropped = self._clear_the_store(limits, key, by, now)
        return Outcome(
            limits=limits,
            purged=round_.purged,
            broken=(*round_.broken, *desk.broken),
            postponed=tuple(round_.postponed),
            desk=desk.taken,
            torn=torn,
            forgotten=forgotten,
            dropped=dropped,
        )

    def _state(self, now: datetime.datetime) -> tuple[Limits, Held, Done]:
        told = list(self.desk.lines())
        return Limits.at(now, self.terms), Held.fold(told), Done.fold(told)

    def _evidence(self, done: Done, now: datetime.datetime) -> Days:
        """Of which days there is evidence that can name somebody, once so much is done."""
        return Days.of(
            (piece.begins, until)
            for chain in chains(self.journal)
            for piece, until in zip(chain, [*(piece.begins for piece in chain[1:]), now], strict=True)
            if done.stands(piece)
        )

    def _clear_the_torn(self, limits: Limits, by: str, now: datetime.datetime) -> tuple[Torn, ...]:
        if not any(torn_files(self.journal)):
            return ()
        with self.desk.writing() as append:  # nobody holds a call meanwhile
            held = Held.fold(self.desk.lines()).calls
            due = tuple(one for one in torn_files(self.journal) if one.is_due(limits.whole, held))
            for one in due:
                one.path.unlink(missing_ok=True)
            if due:
                append([cut([one.key for one in due], limits, by, now)])
        return due

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
                with unwritten(piece), rewriting(piece.path, self.choice) as made:
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
        self.purged[piece] = made.survey


@attrs.define(eq=False)
class _Filing:
    """One go over the segments of the desk, which people may write to meanwhile."""

    desk: Desk
    limits: Limits
    evidence: Days
    """What stands of calls; it can only have become less since."""
    by: str
    now: datetime.datetime
    taken: Counter[str] = attrs.field(factory=Counter, init=False)
    """Lines that have lost something, by kind."""
    broken: list[Broken] = attrs.field(factory=list, init=False)

    def purge(self) -> None:
        """Each of them by itself, held against other commands while it is rewritten; the desk is told before the first
        is touched, and after each."""
        due = list(self._due())
        if due:
            self.desk.write([begun(due, self.limits, self.by, self.now)])
        for piece in due:
            with self.desk.writing() as append:
                choice = self._choice()  # a case that was closed may be open again since, a call held
                with rewriting(piece.path, choice) as made:
                    if isinstance(made, Broken):
                        self.broken.append(made)
                    elif made.survey.taken:
                        lost = _losing((line for _, line in records(piece.path)), choice)
                        made.replace()
                        self._tell(append, piece, lost)

    def _choice(self) -> Choice:
        told = list(self.desk.lines())
        return chooser_of_the_desk(told, self.limits, Held.fold(told), self.evidence)

    def _due(self) -> Iterator[Piece]:
        choice, stored = self._choice(), pieces_of(FOLDER, segments_of(self.desk.directory))
        for piece in stored:
            if piece.begins >= self.limits.of_the_desk:
                return
            found = survey(piece.path, choice)
            if isinstance(found, Broken) and piece is not stored[-1]:
                self.broken.append(found)
            elif isinstance(found, Broken) or found.taken:  # the last may be torn: judged once it is held, and cut
                yield piece

    def _tell(self, append: Callable[[Sequence[Record]], None], piece: Piece, lost: Sequence[Line]) -> None:
        kinds = Counter(str(line["kind"]) for line in lost)
        names = {str(line[line["kind"]]) for line in lost if line["kind"] in line}
        append([filed(piece.segment, kinds, names, self.limits, by=self.by, now=self.now)])
        self.taken += kinds


def chore(clearing: Clearing) -> Chore:
    """The same, daily, by the clerk. What could not be cleared is an alarm: it stands longer than it may."""

    def run(now: datetime.datetime) -> None:
        outcome = clearing.run(CLERK, now)
        if outcome.broken:
            raise JournalError(f"{len(outcome.broken)} segments do not hold, and are not purged: {outcome.broken[0]}")

    return Chore("retention", DAILY, run, LANE)


def _losing(lines: Iterable[Line], choice: Choice) -> list[Line]:
    return [line for line in lines if choice(line) is not None]


def _hashed(line: Mapping[str, Any], key: bytes) -> Left:
    """A line that has `hashed` is one whose numbers may be found, even where there is none."""
    return pseudonymised(line, key) or {"numbers": []}
