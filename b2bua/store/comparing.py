"""Whether two stores say the same, row by row, at any size.

What retention has done to the store alone is no difference: calls that it has dropped, and numbers that it has
forgotten while the journal's segment is still being written.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from b2bua.store.schema import ACTS, CALLS, LINES, NUMBERS

#: Rows that are held at a time.
_SOME: Final = 1_000
_HIDDEN: Final = ("caller", "called", "number", "forgotten")

Row = Mapping[str, Any]


@attrs.frozen
class Difference:
    """A row that one of them has, or has otherwise."""

    table: str
    key: tuple[object, ...]
    columns: tuple[str, ...]
    """Those that differ; () where the row is missing from one."""
    is_missing: bool
    """Whether the first has it not; False for a row that only the first has, and one that both have."""

    def __str__(self) -> str:
        """One line, without a number of anybody."""
        key = " ".join(str(part) for part in self.key)
        if self.columns:
            return f"{self.table} {key}: {', '.join(self.columns)} differ"
        return f"{self.table} {key}: {'is missing' if self.is_missing else 'is nowhere in the journal'}"


def differences(one: Connection, other: Connection) -> Iterator[Difference]:
    """What the first lacks, has beyond, or has otherwise than the second. Raises what the database raises."""
    for table in (CALLS, LINES, NUMBERS, ACTS):
        yield from _between(table, _rows(one, table), _rows(other, table))


def _between(table: sa.Table, ours: Iterator[Row], theirs: Iterator[Row]) -> Iterator[Difference]:
    names = [column.name for column in table.primary_key]
    mine, yours = next(ours, None), next(theirs, None)
    while mine is not None or yours is not None:
        here = None if mine is None else tuple(mine[name] for name in names)
        there = None if yours is None else tuple(yours[name] for name in names)
        if there is None or (here is not None and here < there):
            assert here is not None, "one of the two is there"
            yield Difference(table.name, here, (), is_missing=False)
            mine = next(ours, None)
        elif here is None or there < here:
            yield Difference(table.name, there, (), is_missing=True)
            yours = next(theirs, None)
        else:
            assert mine is not None, "they have one key"
            assert yours is not None, "they have one key"
            differing = tuple(_differing(mine, yours))
            if differing:
                yield Difference(table.name, here, differing, is_missing=False)
            mine, yours = next(ours, None), next(theirs, None)


def _differing(mine: Row, yours: Row) -> Iterator[str]:
    for name, value in mine.items():
        if value != yours[name] and not (name in _HIDDEN and mine["forgotten"]):
            yield name


def _rows(connection: Connection, table: sa.Table) -> Iterator[Row]:
    query = sa.select(table)
    if table in (LINES, NUMBERS):
        query = sa.select(table, CALLS.c.forgotten).join(CALLS, CALLS.c.call == table.c.call)
    bytewise = "BINARY" if connection.dialect.name == "sqlite" else "C"
    order = [
        sa.collate(column, bytewise) if isinstance(column.type, sa.Text) else column for column in table.primary_key
    ]
    streamed = connection.execution_options(yield_per=_SOME).execute(query.order_by(*order))
    for row in streamed.mappings():
        yield dict(row)
