"""The store as those who look for calls see it."""

import datetime
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from b2bua.errors import StoreError
from b2bua.evidence.reading import Place, chain_name, chains_of, records_at
from b2bua.store.comparing import Difference, differences
from b2bua.store.database import Database, empty
from b2bua.store.forgetting import drop, forget
from b2bua.store.indexer import Indexer
from b2bua.store.line import CALLED, shortened
from b2bua.store.schema import ACTS, CALLS, LINES, METADATA, NUMBERS, PROGRESS, same_place
from b2bua.store.spelling import HOME
from b2bua.store.tail import Tail
from b2bua.store.values import Standing, StoredAct, StoredCall, StoredNumber, Wanted

if TYPE_CHECKING:
    from b2bua.config import Config

#: Lines that are counted at a time.
_SOME: Final = 10_000
#: What calls are counted by, beside the columns of that name.
_CALL_COLUMNS: Final = (
    *("trunk", "trunk_class", "circuit", "to_trunk", "caller", "called"),
    *("verdict", "basis", "enforced", "cause", "status"),
)
_NUMBER_COLUMNS: Final = ("number", "position", "header", "outcome", "rule")

Row = dict[str, Any]


@attrs.define(eq=False)
class Store:
    """An index. Make it with `Store.open` or `Store.of`; it may be used from several threads.

    The database is met when it is first used, and made or brought up to date then.
    """

    database: Database = attrs.field(repr=False)
    journal: Path
    """The folder of the journal that it is the index of."""
    home: str = HOME
    """The country code of callers who leave it out."""

    @classmethod
    def open(cls, url: str, journal: Path = Path(), home: str = HOME) -> "Store":
        """The store at `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`. Raises StoreError where that is none."""
        return cls(Database.at(url), journal, home)

    @classmethod
    def of(cls, config: "Config") -> "Store":
        """The store of a configuration. Raises StoreError, also where it has none."""
        if config.store is None:
            raise StoreError("the configuration has no store; add a table [store]")
        folder = config.journal.directory
        return cls.open(config.store.url_beside(folder), Path(folder), home_of(config))

    def close(self) -> None:
        """Lets its connections go."""
        self.database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Looking for calls.

    def search(self, wanted: Wanted) -> list[StoredCall]:
        """The calls that are wanted, oldest first. Raises StoreError."""
        with self.database.reading() as connection:
            return [_call(row) for row in connection.execute(asked(wanted)).mappings()]

    def call(self, call: str) -> StoredCall | None:
        """The call of that name. Raises StoreError."""
        with self.database.reading() as connection:
            row = connection.execute(sa.select(CALLS).where(CALLS.c.call == call)).mappings().one_or_none()
        return None if row is None else _call(row)

    def numbers(self, call: str) -> list[StoredNumber]:
        """All numbers of a call, in the order of its lines. Raises StoreError."""
        same = [NUMBERS.c[name] == LINES.c[name] for name in ("chain", "segment", "line")]
        query = sa.select(NUMBERS).join(LINES, sa.and_(*same)).where(LINES.c.call == call)
        query = query.order_by(*NUMBERS.primary_key)
        with self.database.reading() as connection:
            return [_number(row) for row in connection.execute(query).mappings()]

    def places(self, call: str) -> list[Place]:
        """Where a call's lines stand, in the journal's order. Raises StoreError."""
        query = sa.select(*LINES.primary_key).where(LINES.c.call == call).order_by(*LINES.primary_key)
        with self.database.reading() as connection:
            return [Place(row.chain, row.segment, row.line) for row in connection.execute(query)]

    def evidence(self, call: str) -> list[dict[str, Any]]:
        """The sealed lines of a call, in their order, as the journal has them; [] where the store has none.

        Raises StoreError, also where the journal has another line in that place; and JournalError.
        """
        found = records_at(self.journal, self.places(call))
        for place, record in found.items():
            if record.get("call") != call:
                raise StoreError(f"{place} is not of the call {call}; `b2bua store rebuild`")
        return list(found.values())

    # Counting.

    def tally(
        self,
        since: datetime.datetime,
        until: datetime.datetime,
        by: Sequence[str],
        *,
        trunks: Collection[str] | None = None,
        callers: Collection[str] | None = None,
    ) -> Counter[tuple[Any, ...]]:
        """How many calls there were, by columns of `StoredCall`: trunk, trunk_class, circuit, to_trunk, caller, called,
        verdict, basis, enforced, cause, status. `trunks`: only calls that came in by one of them, trunk or circuit.
        `callers`: only calls of one of these numbers.

        Raises StoreError.
        """
        _know(by, _CALL_COLUMNS)
        query = sa.select(*(CALLS.c[name] for name in by), sa.func.count()).select_from(CALLS)
        query = query.where(CALLS.c.at >= since, CALLS.c.at < until, *_by_trunk(trunks))
        query = query.where(*_by_caller(callers, since, until))
        return self._counted(query, [CALLS.c[name] for name in by])

    def tally_numbers(
        self,
        since: datetime.datetime,
        until: datetime.datetime,
        by: Sequence[str],
        *,
        trunks: Collection[str] | None = None,
    ) -> Counter[tuple[Any, ...]]:
        """In how many calls numbers stood, by columns of `StoredNumber` and of `StoredCall`; a call counts once for
        each combination that it has. Raises StoreError."""
        _know(by, (*_NUMBER_COLUMNS, *_CALL_COLUMNS))
        columns = [NUMBERS.c[name] if name in _NUMBER_COLUMNS else CALLS.c[name] for name in by]
        query = sa.select(*columns, sa.func.count(sa.distinct(NUMBERS.c.call))).select_from(
            CALLS.join(LINES, LINES.c.call == CALLS.c.call).join(NUMBERS, same_place(NUMBERS, LINES))
        )
        query = query.where(CALLS.c.at >= since, CALLS.c.at < until, *_by_trunk(trunks))
        return self._counted(query, columns)

    def acts(
        self, kind: str | None = None, subject: str | None = None, since: datetime.datetime | None = None
    ) -> list[StoredAct]:
        """The lines of the desk, in their order. Raises StoreError."""
        wanted = [(ACTS.c.kind, kind), (ACTS.c.subject, subject)]
        query = sa.select(ACTS).where(*(column == value for column, value in wanted if value is not None))
        if since is not None:
            query = query.where(ACTS.c.at >= since)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(*ACTS.primary_key)).mappings()
            return [StoredAct(**_but_place(row), place=_place(row)) for row in rows]

    def progress(self) -> dict[str, Place]:
        """The last line of each chain that is indexed. Raises StoreError."""
        with self.database.reading() as connection:
            return _progress(connection)

    def standing(self) -> list[Standing]:
        """How far it has come in each chain, by the chains that are there. Raises StoreError, JournalError, OSError."""
        indexed = self.progress()
        found: list[Standing] = []
        for segments in chains_of(self.journal):
            chain = chain_name(self.journal, segments[0])
            last = indexed.get(chain, Place(chain, 0, 0))
            tail = Tail(segments[0].parent, chain)
            tail.resume(last.segment, last.line)
            waiting = 0
            while lines := tail.read(segments, _SOME):
                waiting += len(lines)
            found.append(Standing(chain=chain, segment=last.segment, line=last.line, waiting=waiting))
        return found

    # Writing.

    def indexer(self) -> Indexer:
        """What keeps it up to date."""
        return Indexer(self.database, self.journal, self.home)

    def rebuild(self) -> int:
        """Makes it again from the journal; returns how many lines it was made of. Calls are missing meanwhile.

        Raises StoreError, JournalError and OSError; begun again, it goes on.
        """
        self.clear()
        indexer, lines, lost = self.indexer(), 0, 0
        while (taken := indexer.step()) or indexer.lost > lost:  # the clerk may have been there first
            lines, lost = lines + taken, indexer.lost
        return lines

    def compare(self, scratch: Path) -> Iterator[Difference]:
        """What is different in an index that is made anew, in a folder that has room for one, of the lines that this
        one has. Raises StoreError, JournalError and OSError."""
        anew = Store.open(f"sqlite:///{scratch / 'anew.sqlite'}", self.journal, self.home)
        with anew, self.database.snapshot() as connection:
            indexer, upto = anew.indexer(), _progress(connection)
            while indexer.step(upto):
                pass
            with anew.database.reading() as other:
                yield from differences(connection, other)

    def clear(self) -> None:
        """Takes every row out. Raises StoreError."""
        with self.database.writing() as connection:
            for table in METADATA.tables.values():
                empty(connection, table)

    def forget(self, before: datetime.datetime, key: bytes, held: Collection[str] = ()) -> int:
        """Puts pseudonyms in place of the numbers of calls before that moment, but for those that are held; returns how
        many calls that were. Raises StoreError."""
        return forget(self.database, before, key, held)

    def drop(self, before: datetime.datetime, held: Collection[str] = ()) -> int:
        """Takes out the calls before that moment but for those that are held; returns how many. Raises StoreError."""
        return drop(self.database, before, held)

    def _counted(self, query: Any, columns: list[Any]) -> Counter[tuple[Any, ...]]:
        with self.database.reading() as connection:
            rows = connection.execute(query.group_by(*columns)).all()
        return Counter({tuple(row[:-1]): row[-1] for row in rows})


def _progress(connection: Connection) -> dict[str, Place]:
    return {row.chain: Place(row.chain, row.segment, row.line) for row in connection.execute(sa.select(PROGRESS))}


def asked(wanted: Wanted) -> sa.Select[Any]:
    """The query for the calls that are wanted."""
    return sa.select(CALLS).where(*_narrowed(wanted)).order_by(CALLS.c.at, CALLS.c.call).limit(wanted.limit)


def home_of(config: "Config") -> str:
    """The country code of callers who leave it out."""
    return config.profile.load().plan.country_code


def _narrowed(wanted: Wanted) -> Iterator[Any]:
    """The conditions on a call. A number and its period are found together, by one index."""
    if wanted.number is not None:
        yield CALLS.c.call.in_(_bearing(wanted, NUMBERS.c.number == wanted.number, NUMBERS.c.position != CALLED))
    if wanted.called is not None:
        yield CALLS.c.call.in_(_bearing(wanted, NUMBERS.c.number == wanted.called, NUMBERS.c.position == CALLED))
    if wanted.number is None and wanted.called is None:
        yield from _within(wanted, CALLS.c.at)
    if wanted.trunk is not None:
        yield sa.or_(CALLS.c.trunk == wanted.trunk, CALLS.c.circuit == wanted.trunk)
    if wanted.call_id is not None:
        call_id = shortened(wanted.call_id)
        yield sa.or_(CALLS.c.call_id == call_id, CALLS.c.b_call_id == call_id)
    if wanted.verdict is not None:
        yield CALLS.c.verdict == wanted.verdict


def _bearing(wanted: Wanted, *conditions: Any) -> Any:
    return sa.select(NUMBERS.c.call).where(*conditions, *_within(wanted, NUMBERS.c.at))


def _within(wanted: Wanted, at: Any) -> Iterator[Any]:
    if wanted.since is not None:
        yield at >= wanted.since
    if wanted.until is not None:
        yield at < wanted.until


def _by_trunk(trunks: Collection[str] | None) -> list[Any]:
    if trunks is None:
        return []
    return [sa.or_(CALLS.c.trunk.in_(trunks), CALLS.c.circuit.in_(trunks))]


def _by_caller(callers: Collection[str] | None, since: datetime.datetime, until: datetime.datetime) -> list[Any]:
    """By the index on numbers: a few of them are soon counted on a busy trunk too."""
    if callers is None:
        return []
    bearing = sa.select(NUMBERS.c.call).where(
        NUMBERS.c.number.in_(callers), NUMBERS.c.at >= since, NUMBERS.c.at < until
    )
    return [CALLS.c.caller.in_(callers), CALLS.c.call.in_(bearing)]


def _know(by: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in by if name not in known]
    if unknown:
        raise StoreError(f"calls cannot be counted by {', '.join(unknown)}; by {', '.join(known)}")


def _place(row: Any) -> Place:
    return Place(row["chain"], row["segment"], row["line"])


def _but_place(row: Any) -> Row:
    return {name: value for name, value in row.items() if name not in ("chain", "segment", "line", "place")}


def _call(row: Any) -> StoredCall:
    return StoredCall(**_but_place(row), place=_place(row))


def _number(row: Any) -> StoredNumber:
    return StoredNumber(**_but_place(row), place=_place(row))
