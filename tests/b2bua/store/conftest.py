"""Each test that asks for a `store` is run twice: over SQLite, and over a PostgreSQL where there is one."""

import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from b2bua.store import Store
from tests.b2bua.store.cluster import Cluster, programs

_NAMES = count()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    found = programs()
    if found is None:
        if os.environ.get("REQUIRE_PEERS") == "1":
            pytest.fail("REQUIRE_PEERS=1 and the peer 'postgresql' is not installed")
        pytest.skip("the peer 'postgresql' is not installed")
    # Not in a folder of pytest's: these nobody else may enter, and the server is somebody else.
    with tempfile.TemporaryDirectory(prefix="b2bua-postgresql-") as folder:
        made = Cluster.made(Path(folder), found)
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer())])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database that is not there yet, or empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    server: Cluster = request.getfixturevalue("cluster")
    return server.database(f"store{next(_NAMES)}")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return folder


@pytest.fixture
def store(url: str, journal: Path) -> Iterator[Store]:
    """An empty one, beside a journal that is to be written."""
    with Store.open(url, journal) as opened:
        yield opened
