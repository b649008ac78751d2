"""The store away while calls go on: locked, its server stopped, its clerk killed. No call knows, and nothing is lost.

    python -m tests.peers.outages --what locked --seconds 60
    python -m tests.peers.outages --what stopped --seconds 60 --workers 2
    python -m tests.peers.outages --what killed --seconds 60

SIPp calls both ways all the time; afterwards the store must have every call, and be what a rebuild is. Exit code 1 when
it is not.
"""

import argparse
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from b2bua.store import Store, Wanted
from tests.b2bua.store.cluster import Cluster, programs
from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.peers.waiting import until

#: Calls a second each way.
RATE = 20
PACE = "index_seconds = 0.1"
#: Seconds that the index has to be whole again.
PATIENCE = 120.0


@attrs.define(eq=False)
class Outage:
    """One run on a rig."""

    rig: Rig
    url: str

    @classmethod
    def begun(cls, rig: Rig, workers: int = 1, url: str = "") -> "Outage":
        """With a store in the journal's folder, unless another is named."""
        rig.start(t1_ms=500, workers=workers, store=f'{PACE}\nurl = "{url}"' if url else PACE)
        outage = cls(rig, url or f"sqlite:///{rig.box.journal_folder / 'store.sqlite'}")
        until(lambda: outage.clerk, "there is a clerk")
        return outage

    def store(self) -> Store:
        return Store.open(self.url, self.rig.box.journal_folder)

    def calls(self, count: int, meanwhile: Callable[[], object]) -> None:
        """So many calls each way, each of which goes as its scenario says, whatever is done meanwhile."""
        peers = [
            self.rig.load("b-answers", NATIONAL, count),
            self.rig.load("b-talks-and-hangs-up", FOREIGN, count, None, talk="300"),
            self.rig.load("a-calls", FOREIGN, count, RATE, talk="300"),
            self.rig.load("a-is-hung-up", NATIONAL, count, RATE),
        ]
        meanwhile()
        self.rig.finish(*peers)

    def has(self, count: int) -> bool:
        """Whether so many calls are indexed to their end."""
        with self.store() as store:
            found = store.search(Wanted(limit=count + 1))
        return len(found) == count and all(call.ended_at for call in found)

    def whole(self, count: int) -> None:
        """Comes when all calls are indexed; the store is what a rebuild is."""
        until(lambda: self.has(count), f"{count} calls are indexed", PATIENCE, every=0.2)
        with self.store() as store, tempfile.TemporaryDirectory() as folder:
            differing = [str(one) for one in store.compare(Path(folder))]
        assert differing == [], differing[:5]

    @property
    def clerk(self) -> int:
        """The process that keeps the store; 0 for none."""
        box = self.rig.box.process
        assert box is not None, "the box runs"
        for children in Path(f"/proc/{box.pid}/task").glob("*/children"):  # a thread may have begun it
            for pid in children.read_text().split():
                if b"\0clerk\0" in _command(int(pid)):
                    return int(pid)
        return 0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """A SQLite that somebody holds for himself, as a copy of it may be made."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


def kill_clerk(outage: Outage) -> None:
    """At once; it has no moment for anything."""
    pid = until(lambda: outage.clerk, "there is a clerk")
    os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _run(what: str, seconds: float, workers: int, rig: Rig, cluster: Cluster | None) -> int:
    outage = Outage.begun(rig, workers, "" if cluster is None else cluster.database("outage"))
    count, until_then = int(seconds * RATE), time.monotonic() + seconds

    def meddle() -> None:
        if what == "locked":
            until((rig.box.journal_folder / "store.sqlite").exists, "the store is there")
            with locked(rig.box.journal_folder / "store.sqlite"):
                time.sleep(seconds)
        elif what == "stopped":
            assert cluster is not None, "of PostgreSQL"
            time.sleep(seconds / 4)
            cluster.stop()
            time.sleep(seconds / 2)
            cluster.start()
        else:
            while time.monotonic() < until_then:
                time.sleep(2.0)
                if outage.clerk:  # who dies again and again is begun ever more seldom
                    kill_clerk(outage)

    outage.calls(count, meddle)
    outage.whole(2 * count)
    rig.box.begin()
    code = rig.box.end()
    print(f"{2 * count} calls, none harmed, all in the store; the box ended with {code}")
    return code


def main() -> int:
    """One outage, as long as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=("locked", "stopped", "killed"), required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(prefix="b2bua-postgresql-") as data:
        found = programs()
        cluster = Cluster.made(Path(data), found) if options.what == "stopped" and found else None
        rig = Rig.on(Path(folder), "127.0.0.1")
        try:
            return _run(options.what, options.seconds, options.workers, rig, cluster)
        finally:
            rig.close()
            if cluster is not None:
                cluster.stop()


if __name__ == "__main__":
    sys.exit(main())
