"""The first tables: calls with their numbers and lines, acts of the desk, and how far the journal has been read."""

import sqlalchemy as sa
from alembic import op

from b2bua.store.schema import Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _place() -> list[sa.Column[object]]:
    return [
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    ]


def upgrade() -> None:
    """Makes them."""
    op.create_table(
        "calls",
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
    op.create_table(
        "numbers",
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
    op.create_table(
        "lines",
        *_place(),
        sa.Column("call", sa.Text, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "acts",
        *_place(),
        sa.Column("at", Utc, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "progress",
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("segment", sa.Integer, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
    )
