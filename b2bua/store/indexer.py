"""Lines into rows, each exactly once: rows and how far the chain has been read change in one transaction.

Should two index at a time, the one whose chain has been read on meanwhile takes its rows back. Lines that are read
again all the same, after `progress` was lost, change nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from b2bua.errors import GatewayError
from b2bua.evidence.desk import FOLDER as DESK
from b2bua.evidence.forgetting import MARK
from b2bua.evidence.reading import Place, chain_name, chains_of
from b2bua.store import line as says
from b2bua.store.database import Database, insert
from b2bua.store.schema import ACTS, CALLS, LINES, NUMBERS, PROGRESS
from b2bua.store.spelling import HOME
from b2bua.store.tail import Tail

log = logging.getLogger("b2bua")

BATCH: Final = 20_000
"""Lines of one transaction, where so many wait. Each number, Call-ID and name of a call has a page of its own in its
index, and a transaction writes every page that it has touched twice, to the log and to the file. So what a line costs
falls with the lines beside it: 5,559 octets with 5,000, 1,903 with 20,000 (300,000 lines, 2026-11-23)."""
_LATER: Final = ("b_call_id", "to_trunk", "answered_at", "status", "cause", "seconds", "ended_at")
"""What a verdict leaves open."""
_NUMBERS: Final = ("caller", "called", "forgotten")

Row = dict[str, Any]


@attrs.define(eq=False)
class Rows:
    """What a batch of lines comes to."""

    calls: dict[str, Row] = attrs.field(factory=dict)
    answers: list[Row] = attrs.field(factory=list)
    """Of calls whose verdict stands in an earlier batch."""
    ends: list[Row] = attrs.field(factory=list)
    numbers: list[Row] = attrs.field(factory=list)
    lines: list[Row] = attrs.field(factory=list)
    acts: list[Row] = attrs.field(factory=list)

    def take(self, place: Place, record: says.Line, home: str) -> None:
        """One line. Raises what a line that is none of ours raises: KeyError, TypeError, ValueError, AttributeError."""
        at: Row = {"chain": place.chain, "segment": place.segment, "line": place.line}
        kind, call = record["kind"], record["call"]
        if place.chain == DESK:
            if kind != "segment":
                self.acts.append({**at, **says.act_row(record)})
        elif call and not says.is_gone(record):
            self._of_call(at, kind, call, record, home)

    def _of_call(self, at: Row, kind: str, call: str, record: says.Line, home: str) -> None:
        said = says.numbers_in(record, home)
        if kind == "verdict":
            self.calls[call] = {**dict.fromkeys(_LATER), **says.call_row(record, said), **at}
        elif kind == "answer":
            self._amend(self.answers, call, says.answer_row(record))
        elif kind == "end":
            self._amend(self.ends, call, says.end_row(record))
        self.lines.append({**at, "call": call, "kind": kind})
        written = says.moment(record) if said else None
        for number, one in enumerate(said):
            self.numbers.append({**at, "place": number, "call": call, "at": written, **says.number_row(one)})

    def _amend(self, waiting: list[Row], call: str, columns: Row) -> None:
        known = self.calls.get(call)
        if known is None:
            waiting.append({"named": call, **columns})
        else:
            known.update((name, value) for name, value in columns.items() if value is not None)


@attrs.define(eq=False)
class Indexer:
    """What keeps a store up to date with a journal."""

    database: Database
    journal: Path
    home: str = HOME
    """The country code of callers who leave it out."""
    lost: int = attrs.field(default=0, init=False)
    """Batches that somebody else had indexed meanwhile."""
    fault: GatewayError | OSError | None = attrs.field(default=None, init=False)
    """What was wrong with a chain in the last step, while others went on."""
    _told: str = attrs.field(default="", init=False, repr=False)
    _tails: dict[str, Tail] = attrs.field(factory=dict, init=False, repr=False)

    def catch_up(self, most: int = 1_000_000) -> int:
        """Indexes what is new, so many lines at most or a few more; returns how many there were.

        Raises StoreError, JournalError and OSError; what was indexed before stays so. What is wrong with one chain is
        told at once, and raised once the others have brought what they have.
        """
        done, fault = 0, None
        while done < most and (taken := self.step()):
            done += taken
            fault = fault or self.fault
            if self.fault is not None and str(self.fault) != self._told:
                self._told = str(self.fault)
                log.error("alarm: store: %s", self._told)
        if fault is not None:
            raise fault
        return done

    def step(self, upto: Mapping[str, Place] | None = None) -> int:
        """One transaction for each chain that has new lines; returns how many there were. `upto`: the last line of each
        chain that is wanted; all lines, without."""
        taken, faults = 0, list[GatewayError | OSError]()
        for segments in chains_of(self.journal):
            chain = chain_name(self.journal, segments[0])
            try:
                taken += self._follow(chain, segments, upto)
            except (GatewayError, OSError) as fault:
                self._tails.pop(chain, None)  # it begins anew at the last line that has been stored
                faults.append(fault)  # what is wrong with one chain keeps no other from being indexed
        self.fault = faults[0] if faults else None
        if self.fault is not None and not taken:
            raise self.fault
        return taken

    def _follow(self, chain: str, segments: Sequence[Path], upto: Mapping[str, Place] | None) -> int:
        tail = self._tails.get(chain)
        if tail is None:
            tail = self._tails[chain] = self._resumed(Tail(segments[0].parent, chain))
        before = (tail.segment, tail.line)
        found = tail.read(segments, BATCH)
        if tail.missing:
            told = "alarm: store: %d lines that were indexed are no longer in %s; `b2bua store rebuild`"
            log.error(told, tail.missing, tail.folder)
            tail.missing = 0
        if upto is not None:
            found = [(place, line) for place, line in found if chain in upto and place <= upto[chain]]
        return len(found) if found and self._write(tail, before, found) else 0

    def _resumed(self, tail: Tail) -> Tail:
        with self.database.reading() as connection:
            row = connection.execute(sa.select(PROGRESS).where(PROGRESS.c.chain == tail.chain)).one_or_none()
        if row is not None:
            tail.resume(row.segment, row.line)
        return tail

    def _write(self, tail: Tail, before: tuple[int, int], found: Sequence[tuple[Place, bytes]]) -> bool:
        """False where somebody else has read the chain on meanwhile, and nothing was written."""
        is_done = False
        rows = _rows(found, self.home)
        try:
            with self.database.writing() as connection:
                if _moves(connection, tail, before):
                    _put(connection, rows)
                    is_done = True
                else:
                    self.lost += 1
        finally:
            if not is_done:
                # Where the store stands now is for the store to say.
                self._tails.pop(tail.chain, None)
        return is_done


def _rows(found: Sequence[tuple[Place, bytes]], home: str) -> Rows:
    rows = Rows()
    for place, line in found:
        try:
            rows.take(place, orjson.loads(line), home)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("alarm: store: %s is no line that can be indexed: %r", place, error)
    return rows


def _moves(connection: Connection, tail: Tail, before: tuple[int, int]) -> bool:
    """Whether the chain stood where we began to read; if so it now stands where we have ended."""
    now = {"segment": tail.segment, "line": tail.line}
    if before == (0, 0):
        first = insert(connection, PROGRESS).values(chain=tail.chain, **now).on_conflict_do_nothing()
        return connection.execute(first.returning(PROGRESS.c.chain)).first() is not None
    where = (PROGRESS.c.chain == tail.chain) & (PROGRESS.c.segment == before[0]) & (PROGRESS.c.line == before[1])
    moved = sa.update(PROGRESS).where(where).values(now).returning(PROGRESS.c.chain)
    return connection.execute(moved).first() is not None


def _put(connection: Connection, rows: Rows) -> None:
    if rows.calls:
        connection.execute(_of_calls(connection), list(rows.calls.values()))
    for later in (rows.answers, rows.ends):
        if later:
            connection.execute(_of_what_came(later[0]), later)
    if rows.numbers:
        connection.execute(_of_numbers(connection), rows.numbers)
    if rows.lines:
        connection.execute(insert(connection, LINES).on_conflict_do_nothing(), rows.lines)
    if rows.acts:
        connection.execute(insert(connection, ACTS).on_conflict_do_nothing(), rows.acts)


def _of_calls(connection: Connection) -> sa.Insert:
    """A verdict that is read again takes back neither what its answer and its end said, nor what was forgotten."""
    statement = insert(connection, CALLS)
    new = statement.excluded
    told: Row = {column.name: new[column.name] for column in CALLS.c if column.name != "call"}
    told |= {name: sa.func.coalesce(new[name], CALLS.c[name]) for name in _LATER}
    told |= {name: sa.case((CALLS.c.forgotten, CALLS.c[name]), else_=new[name]) for name in _NUMBERS}
    return statement.on_conflict_do_update(index_elements=[CALLS.c.call], set_=told)


def _of_what_came(columns: Row) -> sa.Update:
    """What a later line says of a call, and nothing that it leaves out."""
    told = {
        name: sa.func.coalesce(sa.bindparam(name, type_=CALLS.c[name].type), CALLS.c[name])
        for name in columns
        if name != "named"
    }
    return sa.update(CALLS).where(CALLS.c.call == sa.bindparam("named")).values(told)


def _of_numbers(connection: Connection) -> sa.Insert:
    statement = insert(connection, NUMBERS)
    is_forgotten = NUMBERS.c.number.startswith(MARK)
    kept = sa.case((is_forgotten, NUMBERS.c.number), else_=statement.excluded.number)
    return statement.on_conflict_do_update(index_elements=list(NUMBERS.primary_key), set_={"number": kept})
