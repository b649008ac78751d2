"""What retention does to the store: pseudonyms in place of numbers, later no rows at all.

The journal is purged of the same (`b2bua.duties`), and keeps the same pseudonyms.
"""

import datetime
from collections.abc import Callable, Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from b2bua.evidence.forgetting import pseudonym
from b2bua.store.database import Database
from b2bua.store.schema import CALLS, LINES, NUMBERS, same_place

#: Calls of one transaction, so that the indexer has its turn between two.
_BATCH: Final = 500
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

Act = Callable[[Connection, list[str]], None]


def forget(database: Database, before: datetime.datetime, key: bytes, held: Collection[str]) -> int:
    """Puts pseudonyms in place of numbers; returns of how many calls. Raises StoreError."""

    def act(connection: Connection, calls: list[str]) -> None:
        _hide_numbers(connection, calls, key)
        _hide_parties(connection, calls, key)

    return _by_batches(database, before, frozenset(held), sa.not_(CALLS.c.forgotten), act)


def drop(database: Database, before: datetime.datetime, held: Collection[str]) -> int:
    """Takes calls out; returns how many. Raises StoreError."""
    return _by_batches(database, before, frozenset(held), sa.true(), _drop)


def _by_batches(
    database: Database, before: datetime.datetime, held: frozenset[str], which: sa.ColumnElement[bool], act: Act
) -> int:
    done, at, call = 0, _EPOCH, ""
    while True:
        with database.writing() as connection:
            later = sa.or_(CALLS.c.at > at, sa.and_(CALLS.c.at == at, CALLS.c.call > call))
            query = sa.select(CALLS.c.call, CALLS.c.at).where(which, CALLS.c.at >= at, later, CALLS.c.at < before)
            rows = connection.execute(query.order_by(CALLS.c.at, CALLS.c.call).limit(_BATCH)).all()
            if not rows:
                return done
            call, at = rows[-1].call, rows[-1].at
            calls = [row.call for row in rows if row.call not in held]
            if calls:
                act(connection, calls)
                done += len(calls)


def _hide_numbers(connection: Connection, calls: list[str], key: bytes) -> None:
    query = sa.select(NUMBERS).join(LINES, same_place(NUMBERS, LINES)).where(LINES.c.call.in_(calls))
    rows = connection.execute(query).mappings().all()
    if not rows:
        return
    names = [column.name for column in NUMBERS.primary_key]
    here = [NUMBERS.c[name] == sa.bindparam(f"at_{name}") for name in names]
    changes = [{"hidden": pseudonym(key, row["number"]), **{f"at_{name}": row[name] for name in names}} for row in rows]
    connection.execute(sa.update(NUMBERS).where(*here).values(number=sa.bindparam("hidden")), changes)


def _hide_parties(connection: Connection, calls: list[str], key: bytes) -> None:
    parties = sa.select(CALLS.c.call, CALLS.c.caller, CALLS.c.called).where(CALLS.c.call.in_(calls))
    changes = [
        {"named": row.call, "from": _hidden(key, row.caller), "to": _hidden(key, row.called)}
        for row in connection.execute(parties)
    ]
    columns: dict[str, Any] = {"caller": sa.bindparam("from"), "called": sa.bindparam("to"), "forgotten": True}
    connection.execute(sa.update(CALLS).where(CALLS.c.call == sa.bindparam("named")).values(columns), changes)


def _hidden(key: bytes, number: str | None) -> str | None:
    return None if number is None else pseudonym(key, number)


def _drop(connection: Connection, calls: list[str]) -> None:
    names = [column.name for column in LINES.primary_key]
    places = connection.execute(sa.select(*LINES.primary_key).where(LINES.c.call.in_(calls))).mappings().all()
    if places:
        here = [NUMBERS.c[name] == sa.bindparam(f"at_{name}") for name in names]
        gone = [{f"at_{name}": row[name] for name in names} for row in places]
        connection.execute(sa.delete(NUMBERS).where(*here), gone)
    connection.execute(sa.delete(LINES).where(LINES.c.call.in_(calls)))
    connection.execute(sa.delete(CALLS).where(CALLS.c.call.in_(calls)))
