"""What is said when a database is none, cannot be reached, or is another version's; and that no password is."""

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from b2bua.errors import StoreError
from b2bua.store import Store, Wanted
from b2bua.store.schema import METADATA, Utc
from tests.b2bua.store.cluster import Cluster
from tests.b2bua.store.making import indexed, whole, written


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "is none; write sqlite"),
        ("mysql://u:hunter2@h/d", "names 'mysql'"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://u:hunter2@h:port/d", "is none; write sqlite"),
        ("postgresql://u:hunter2@h:54x2/d", "is none; write sqlite"),
    ],
)
def test_a_url_that_is_none_is_told_without_what_it_says(url: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as caught:
        Store.open(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [("someone:hunter2@/x?", r"someone:\*\*\*@"), ("someone@/x?password=hunter2&", "someone@")],
    ids=["before the host", "in the query"],
)
def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path, url: str, told: str) -> None:
    away = Store.open(f"postgresql://{url}host={tmp_path}")
    with away, pytest.raises(StoreError, match=f"postgresql://{told}") as caught:
        away.search(Wanted())
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/nowhere/s.sqlite") as store, pytest.raises(StoreError, match="No such file"):
        store.search(Wanted())


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"this is no database" * 99)
    with Store.open(f"sqlite:///{tmp_path}/s.sqlite") as store, pytest.raises(StoreError, match="not a database"):
        store.search(Wanted())


def test_the_file_is_not_for_everybody(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.sqlite") as store:
        store.search(Wanted())
        with store.database.writing() as connection:
            connection.execute(sa.text("DELETE FROM progress"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) == {"s.sqlite", "s.sqlite-wal", "s.sqlite-shm"}
    assert all(mode & 0o007 == 0 for mode in modes.values())


def test_the_migrations_make_what_the_schema_says(store: Store) -> None:
    store.search(Wanted())
    with store.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": _is_other_type})
        assert compare_metadata(context, METADATA) == []


def _is_other_type(_context: object, _inspected: object, _column: object, ours: object, theirs: object) -> bool | None:
    return isinstance(theirs, Utc) and not isinstance(ours, sa.BigInteger | sa.TIMESTAMP)


def test_a_store_of_a_later_version_is_left_alone(store: Store, url: str, journal: Path) -> None:
    store.search(Wanted())
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with Store.open(url, journal) as older, pytest.raises(StoreError, match=r"version 9999.*older one"):
        older.search(Wanted())


def test_two_who_make_it_at_once_make_one(url: str, journal: Path) -> None:
    written(journal, whole("one"))
    wrong: list[BaseException] = []

    def index() -> None:
        try:
            with Store.open(url, journal) as store:
                indexed(store)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=index) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with Store.open(url, journal) as store:
        assert [call.call for call in store.search(Wanted())] == ["one"]


def test_a_store_that_somebody_locks_is_read_meanwhile_and_written_afterwards(
    tmp_path: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.store.database._LOCK", 0)
    written(journal, whole("one"))
    with Store.open(f"sqlite:///{tmp_path}/s.sqlite", journal) as store:
        indexer = store.indexer()
        indexer.catch_up()
        other = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        written(journal, whole("two"))
        for _ in range(3):
            with pytest.raises(StoreError, match="locked"):
                indexer.catch_up()
        assert len(store.search(Wanted())) == 1
        other.execute("ROLLBACK")
        other.close()
        assert indexer.catch_up() == 4
        assert len(store.search(Wanted())) == 2


@pytest.mark.peer
def test_a_server_that_is_stopped_and_started_costs_no_line(cluster: Cluster, journal: Path) -> None:
    written(journal, whole("one"))
    with Store.open(cluster.database("stopped"), journal) as store:
        indexer = store.indexer()
        indexer.catch_up()
        cluster.stop()
        try:
            written(journal, whole("two"))
            for _ in range(2):
                with pytest.raises(StoreError):
                    indexer.catch_up()
            with pytest.raises(StoreError):
                store.search(Wanted())
        finally:
            cluster.start()
        assert indexer.catch_up() == 4
        assert [call.call for call in store.search(Wanted())] == ["one", "two"]
