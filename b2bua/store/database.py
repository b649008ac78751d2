"""SQLite and PostgreSQL, and what is different about them: how they are opened, locked, brought up to date, and fail.

SQLite runs with a write-ahead log, so that whoever reads never waits for the indexer, nor it for them.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from b2bua.errors import StoreError

#: Seconds that one waits for another's lock, for a connection, and for a statement of ours.
_LOCK, _CONNECT, _STATEMENT = 5, 5, 120
#: Milliseconds after which a server that acknowledges nothing is gone.
_UNHEARD: Final = 10_000
#: A number of our own, by which two who would bring one database up to date wait for each other.
_ADVISORY: Final = 0x6232627561
_CACHE_KIB: Final = 64 * 1024
#: Pages of 4 KiB that the log may have before they go into the file, each once, however often it stands in the log.
_CHECKPOINT: Final = "wal_autocheckpoint = 32768"
_DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

Insert = sqlite.Insert | postgresql.Insert


def parse(url: str) -> URL:
    """A database's URL with its driver. Raises StoreError, which does not repeat what may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("the store's url is none; write sqlite:///FILE or postgresql://USER@HOST/DATABASE") from None
    kind = parsed.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        raise StoreError(f"the store's url names {kind!r}, where sqlite or postgresql are known")
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("the store's url names no file; write sqlite:///FILE")
    return parsed.set(drivername=_DRIVERS[kind])


@attrs.define(eq=False)
class Database:
    """One that is met when it is first used: that it is away then is no more than at any other time."""

    engine: Engine = attrs.field(repr=False)
    _is_ready: bool = attrs.field(default=False, init=False)
    _making_ready: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    @classmethod
    def at(cls, url: str) -> "Database":
        """The one with that url. Raises StoreError where it is none, or its driver is missing."""
        parsed = parse(url)
        with _failures(parsed):
            return cls(_sqlite(parsed) if parsed.drivername.startswith("sqlite") else _postgresql(parsed))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads. Raises StoreError."""
        with _failures(self.engine.url):
            self._make_ready()
            with self.engine.connect() as connection:
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees one state of it, however long it is looked at. Raises StoreError."""
        with _failures(self.engine.url):
            self._make_ready()
            is_sqlite = self.engine.dialect.name == "sqlite"  # where every transaction sees but one state
            options = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
            with self.engine.connect().execution_options(**options) as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or nothing. Raises StoreError."""
        with _failures(self.engine.url):
            self._make_ready()
            with _writing(self.engine) as connection:
                yield connection

    def close(self) -> None:
        """Lets its connections go."""
        self.engine.dispose()

    def _make_ready(self) -> None:
        with self._making_ready:
            if not self._is_ready:
                _bring_up_to_date(self.engine)
                self._is_ready = True


@contextmanager
def _failures(url: URL) -> Iterator[None]:
    """Whatever the database says against it, as a StoreError that names the database and no password."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise StoreError(f"{_name(url)} needs {missing.name}, which comes with b2bua[postgresql]") from missing
    except DBAPIError as error:
        raise StoreError(f"{_name(url)}: {_first_line(error.orig)}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{_name(url)}: {_first_line(error)}") from error


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def insert(connection: Connection, table: sa.Table) -> Insert:
    """An insert that may say what is done where the row exists already."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def empty(connection: Connection, table: sa.Table) -> None:
    """Takes every row out."""
    is_sqlite = connection.dialect.name == "sqlite"
    connection.execute(sa.delete(table) if is_sqlite else sa.text(f"TRUNCATE {table.name}"))


def _name(url: URL) -> str:
    told = url.set(query={}).render_as_string(hide_password=True)  # a password may stand in the query too
    return f"the store {told.replace('+psycopg', '').replace('+pysqlite', '')}"


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0]


def _sqlite(url: URL) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": _LOCK, "isolation_level": None})

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", f"cache_size = -{_CACHE_KIB}", _CHECKPOINT):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Who writes says so at once: a reader that would become a writer later can be refused, however long it waits.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    options = f"-c statement_timeout={_STATEMENT}s -c lock_timeout={_LOCK}s -c timezone=UTC"
    defaults = {
        "connect_timeout": _CONNECT,
        "options": options,
        "application_name": "b2bua",
        "tcp_user_timeout": _UNHEARD,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    return sa.create_engine(
        url, connect_args={key: value for key, value in defaults.items() if key not in url.query}, pool_pre_ping=True
    )


def _bring_up_to_date(engine: Engine) -> None:
    """Looks first: what brings it up to date is large, and mostly it is."""
    if engine.dialect.name == "sqlite":
        _make_file(engine.url)
    with engine.connect() as connection:
        if _version(connection) == _newest():
            return
    with _writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
        version = _version(connection)
        if version == _newest():
            return
        _migrate(connection, version)


def _make_file(url: URL) -> None:
    """One that not everybody reads, for it holds numbers; SQLite gives what it puts beside it the same mode."""
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
    except OSError as error:
        raise StoreError(f"{_name(url)}: cannot be opened: {error.strerror}") from error


def _version(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _newest() -> str:
    """The version that the tables of this program are: the last of the migrations, which are numbered."""
    return max(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _migrate(connection: Connection, version: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    if version is not None and version > _newest():
        raise StoreError(f"the store is of version {version}, and this program knows {_newest()}: it is the older one")
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
