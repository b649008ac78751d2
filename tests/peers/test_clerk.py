"""The clerk beside the daemon: what happens to it and to its store happens to no call.

`python -m tests.peers.outages` does the same for as long as one likes.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from b2bua.store import Wanted
from tests.b2bua.store.cluster import Cluster
from tests.b2bua.store.conftest import cluster
from tests.peers.outages import Outage, kill_clerk, locked
from tests.peers.rig import FOREIGN, Rig
from tests.peers.waiting import until

__all__ = ["cluster"]

pytestmark = [pytest.mark.peer("sipp"), pytest.mark.law("¶33", "K18", "K19")]

#: Calls each way.
CALLS = 30


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One whose clerk may fail: alarms are looked for by the test."""
    made = Rig.on(tmp_path_factory.mktemp("rig"), "127.0.0.1")
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_clerk_ends_with_the_daemon_and_by_then_the_store_has_every_call(rig: Rig, workers: int) -> None:
    outage = Outage.begun(rig, workers)
    clerk = outage.clerk
    rig.call("a-calls", "b-answers")
    assert rig.box.end() == 0
    assert not Path(f"/proc/{clerk}").exists()
    assert not rig.box.alarms
    with outage.store() as store:
        (call,) = store.search(Wanted())
        assert (call.trunk, call.cause) == (FOREIGN, "BYE")
        assert all(chain.waiting == 0 for chain in store.standing())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clerk_that_is_killed_harms_no_call_and_its_successor_goes_on(rig: Rig, workers: int) -> None:
    outage = Outage.begun(rig, workers)
    first = outage.clerk
    outage.calls(CALLS, lambda: kill_clerk(outage))
    until(lambda: outage.clerk not in (0, first), "another clerk works")
    outage.whole(2 * CALLS)
    assert "alarm: clerk: it has ended (-9)" in rig.box.log
    assert rig.box.end() == 0


def test_a_store_that_is_locked_harms_no_call_and_has_them_all_afterwards(rig: Rig) -> None:
    outage = Outage.begun(rig)
    rig.call("a-calls", "b-answers")
    until(lambda: outage.has(1), "the first call is indexed")
    with locked(rig.box.journal_folder / "store.sqlite"):
        outage.calls(CALLS, lambda: None)
        until(lambda: "alarm: chore: index has failed" in rig.box.log, "somebody is told")
    outage.whole(2 * CALLS + 1)
    until(lambda: "chore index goes again" in rig.box.log, "and that it is over")
    assert rig.box.end() == 0


@pytest.mark.peer
def test_a_server_that_is_stopped_and_started_harms_no_call_and_has_them_all_afterwards(
    rig: Rig, cluster: Cluster
) -> None:
    outage = Outage.begun(rig, 2, cluster.database("calls"))
    rig.call("a-calls", "b-answers")
    until(lambda: outage.has(1), "the first call is indexed")
    cluster.stop()
    try:
        outage.calls(CALLS, lambda: None)
        until(lambda: "alarm: chore: index has failed" in rig.box.log, "somebody is told")
    finally:
        cluster.start()
    outage.whole(2 * CALLS + 1)
    assert rig.box.end() == 0


def test_a_daemon_that_is_killed_takes_its_clerk_with_it_and_loses_no_row(rig: Rig) -> None:
    outage = Outage.begun(rig)
    clerk = outage.clerk
    rig.call("a-calls", "b-answers")
    assert rig.box.process is not None
    rig.box.process.kill()
    rig.box.process.wait()
    until(lambda: not Path(f"/proc/{clerk}/cmdline").exists(), "the clerk has ended")
    outage.whole(1)
