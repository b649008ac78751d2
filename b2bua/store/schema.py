"""The tables. A change here needs a migration beside it; the tests compare the two.

The journal says everything else: a row names the line, and holds what is searched for, counted, or shown in a list.
"""

import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND: Final = datetime.timedelta(microseconds=1)


class Utc(sa.types.TypeDecorator[datetime.datetime]):
    """An aware moment: in PostgreSQL its own type, in SQLite whole microseconds since 1970, which sort as it does."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in that database."""
        is_its_own = dialect.name == "postgresql"
        return dialect.type_descriptor(sa.TIMESTAMP(timezone=True) if is_its_own else sa.BigInteger())

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> Any:
        """As it is stored."""
        if value is None or dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime.datetime | None:
        """As it is read, in UTC."""
        if value is None:
            return None
        if isinstance(value, datetime.datetime):
            return value.astimezone(datetime.UTC)
        return _EPOCH + int(value) * _MICROSECOND


METADATA: Final = sa.MetaData()


def _place() -> list[sa.Column[Any]]:
    return [
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    ]


CALLS: Final = sa.Table(
    "calls",
    METADATA,
    sa.Column("call", sa.Text, primary_key=True),
    sa.Column("at", Utc, nullable=False, index=True),
    sa.Column("trunk", sa.Text, nullable=False),
    sa.Column("trunk_class", sa.Text, nullable=False),
    sa.Column("circuit", sa.Text),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("own", sa.Text, nullable=False),
    sa.Column("call_id", sa.Text, nullable=False, index=True),
    sa.Column("b_call_id", sa.Text, index=True),
    sa.Column("to_trunk", sa.Text),
    sa.Column("caller", sa.Text),
    sa.Column("called", sa.Text),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("enforced", sa.Boolean, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("cause", sa.Text),
    sa.Column("answered_at", Utc),
    sa.Column("ended_at", Utc),
    sa.Column("seconds", sa.Double),
    sa.Column("forgotten", sa.Boolean, nullable=False),
    sa.Column("chain", sa.Text, nullable=False),
    sa.Column("segment", sa.Integer, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
)
"""A row for each verdict. What its answer and its end say is null until they are there."""

NUMBERS: Final = sa.Table(
    "numbers",
    METADATA,
    *_place(),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("call", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("header", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Index("ix_numbers_number_at", "number", "at"),
    sqlite_with_rowid=False,
)
"""A row for each number that a line says, by its `place` among them."""

LINES: Final = sa.Table(
    "lines",
    METADATA,
    *_place(),
    sa.Column("call", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Where the lines of each call stand."""

ACTS: Final = sa.Table(
    "acts",
    METADATA,
    *_place(),
    sa.Column("at", Utc, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""A row for each line of the desk: entries, cases, looks. What is personal in it stands in the line alone."""

PROGRESS: Final = sa.Table(
    "progress",
    METADATA,
    sa.Column("chain", sa.Text, primary_key=True),
    sa.Column("segment", sa.Integer, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
)
"""The last line of each chain that is in the store."""


def same_place(one: sa.Table, other: sa.Table) -> sa.ColumnElement[bool]:
    """Whether their rows are of one line."""
    return sa.and_(*(one.c[name] == other.c[name] for name in ("chain", "segment", "line")))
