"""The clerk as a process: lanes beside each other, one at a time, and its end."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from b2bua.chore import Chore
from b2bua.clerk.clerk import Clerk
from b2bua.store import Store, Wanted
from tests.b2bua.store.making import opened, verdict, whole
from tests.peers.waiting import LONG, until

CONFIG = """
[journal]
directory = "journal"
[store]
index_seconds = 0.1
[[trunk]]
name = "NAT-1"
class = "national"
listen = ["127.0.0.1:5060"]
peers = ["127.0.0.1"]
targets = ["127.0.0.1:5070"]
[[route]]
from = "NAT-1"
to = "NAT-1"
"""


@attrs.define(eq=False)
class Office:
    """Clerks over one configuration."""

    folder: Path
    clerks: list[subprocess.Popen[bytes]] = attrs.field(factory=list)

    def begin(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "b2bua", "clerk", str(self.folder / "b2bua.toml"), *options]
        with (self.folder / "clerk.log").open("ab") as log:
            self.clerks.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log))
        return self.clerks[-1]

    @property
    def log(self) -> str:
        path = self.folder / "clerk.log"
        return path.read_text() if path.exists() else ""

    def calls(self) -> list[str]:
        with Store.open(f"sqlite:///{self.folder}/journal/store.sqlite", self.folder / "journal") as store:
            return [call.call for call in store.search(Wanted())]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "b2bua.toml").write_text(CONFIG)
    made = Office(tmp_path)
    try:
        yield made
    finally:
        for clerk in made.clerks:
            clerk.kill()
            clerk.communicate()


def test_it_indexes_what_is_written_until_it_is_told_to_end(office: Office) -> None:
    lines = opened(office.folder / "journal")
    clerk = office.begin()
    lines.append(whole("one"))
    until(lambda: office.calls() == ["one"], "the call is indexed")
    clerk.send_signal(signal.SIGTERM)
    assert clerk.wait(LONG) == 0
    lines.append([verdict("two")])
    lines.close()
    assert office.calls() == ["one"]


def test_one_that_came_with_a_daemon_ends_with_it_and_not_before(office: Office) -> None:
    lines = opened(office.folder / "journal")
    clerk = office.begin("--with-parent")
    until(lambda: "begins" in office.log, "it works")
    clerk.send_signal(signal.SIGTERM)
    clerk.send_signal(signal.SIGINT)
    lines.append(whole("one"))
    until(lambda: office.calls() == ["one"], "it has outlived the signals")
    lines.append(whole("two"))
    lines.close()
    assert clerk.stdin is not None
    clerk.stdin.close()
    assert clerk.wait(LONG) == 0
    assert office.calls() == ["one", "two"], "the last lines were indexed"


def test_one_whose_daemon_has_gone_before_it_could_begin_reads_what_there_is(office: Office) -> None:
    lines = opened(office.folder / "journal")
    lines.append(whole("one"))
    lines.close()
    clerk = office.begin("--with-parent")
    assert clerk.stdin is not None
    clerk.stdin.close()
    assert clerk.wait(LONG) == 0
    assert office.calls() == ["one"]


def test_a_second_one_waits_for_the_first(office: Office) -> None:
    first = office.begin()
    until(lambda: "begins" in office.log, "the first works")
    office.begin()
    until(lambda: "another clerk works" in office.log, "the second waits")
    assert office.log.count("begins") == 1
    first.kill()
    until(lambda: office.log.count("begins") == 2, "the second works")


def test_one_that_waits_ends_when_it_is_told_to(office: Office) -> None:
    office.begin()
    until(lambda: "begins" in office.log, "the first works")
    second = office.begin()
    until(lambda: "another clerk works" in office.log, "the second waits")
    second.send_signal(signal.SIGTERM)
    assert second.wait(LONG) == 0


def test_it_tells_what_it_has_done_when_asked(office: Office) -> None:
    clerk = office.begin()
    until(lambda: "begins" in office.log, "it works")
    clerk.send_signal(signal.SIGHUP)
    clerk.send_signal(signal.SIGUSR1)
    until(lambda: '"index":{"done":' in office.log, "it tells")
    assert clerk.poll() is None


def test_without_a_store_it_does_what_needs_none(office: Office) -> None:
    (office.folder / "b2bua.toml").write_text(CONFIG.replace("[store]\nindex_seconds = 0.1\n", ""))
    office.begin()
    until(lambda: "begins: case reminders" in office.log, "it works")
    assert "index" not in office.log


def test_a_chore_that_waits_holds_up_its_own_lane_only() -> None:
    released, met = threading.Event(), threading.Event()
    clerk = Clerk.of(
        [
            Chore("stuck", 1, lambda _: released.wait(LONG), lane="database"),
            Chore("free", 1, lambda _: met.set()),
        ]
    )
    worker = threading.Thread(target=clerk.work)
    worker.start()
    assert met.wait(LONG)
    assert clerk.statistics()["stuck"] != clerk.statistics()["free"]
    clerk.stopping.set()
    released.set()
    worker.join(LONG)
    assert not worker.is_alive()


def test_one_that_hangs_for_good_does_not_keep_the_clerk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b2bua.clerk.clerk.FAREWELL", 0.05)
    released, stuck = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        stuck.set()
        released.wait(LONG)

    clerk = Clerk.of([Chore("stuck", 1, hang)])
    worker = threading.Thread(target=clerk.work)
    worker.start()
    assert stuck.wait(LONG)
    clerk.stopping.set()
    worker.join(LONG)
    assert not worker.is_alive()
    released.set()
