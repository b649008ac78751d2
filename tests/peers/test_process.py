"""The daemon as a process: how it stops, what it leaves behind, what it tells when asked."""

import signal

import pytest

from tests.peers.box import Box
from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.peers.waiting import until

pytestmark = pytest.mark.peer("sipp")

MIB = 1024 * 1024


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_leaves_a_journal_that_verifies(fresh: Rig, number: signal.Signals) -> None:
    fresh.start().call("a-calls", "b-answers")
    (segment,) = fresh.box.journal_folder.glob("*.jsonl")
    assert segment.stat().st_size == 4 * MIB, "allocated ahead while it runs"
    assert fresh.box.end(number) == 0
    data = segment.read_bytes()
    assert data.endswith(b"}\n")
    assert b"\0" not in data
    assert fresh.box.verify().returncode == 0


def test_a_journal_goes_on_after_a_restart(fresh: Rig) -> None:
    fresh.start().call("a-calls", "b-answers")
    fresh.box.end()
    fresh.box.start()
    fresh.call("a-calls", "b-answers", NATIONAL)
    fresh.box.end()
    assert fresh.box.causes() == ["BYE", "BYE"]
    verified = fresh.box.verify()
    assert verified.returncode == 0
    assert "2 segments, 8 lines, the chain holds" in verified.stdout


def test_a_second_daemon_over_the_same_configuration_ends_at_once_and_harms_nothing(fresh: Rig) -> None:
    fresh.start()
    second = Box(fresh.folder).run()
    assert second.returncode == 2
    assert "Traceback" not in second.stderr
    fresh.call("a-calls", "b-answers")
    assert fresh.box.end() == 0
    assert fresh.box.causes() == ["BYE"]
    assert fresh.box.verify().returncode == 0


def test_a_killed_daemon_ends_its_calls_as_interrupted_when_it_starts_again(fresh: Rig) -> None:
    fresh.start()
    b = fresh.play("b-answers", NATIONAL)
    # The caller talks until the restart is done, and then learns that nobody knows its call.
    a = fresh.play("a-calls", FOREIGN, talk="2000", bye="481")
    until(lambda: fresh.box.journal("answer"), "the call is answered")
    assert fresh.box.end(signal.SIGKILL) == -signal.SIGKILL
    assert fresh.box.causes() == []
    fresh.box.start()
    assert fresh.box.causes() == ["interrupted"]
    fresh.finish(a)
    b.close()
    assert {key: fresh.box.statistics()[key] for key in ("calls", "dialogs")} == {"calls": 0, "dialogs": 0}
    assert fresh.box.end() == 0
    assert fresh.box.causes() == ["interrupted"]
    assert fresh.box.verify().returncode == 0


def test_sigusr1_logs_what_is_held_and_has_been_counted(fresh: Rig) -> None:
    fresh.start(t1_ms=20)
    b = fresh.play("b-answers", NATIONAL)
    a = fresh.play("a-calls", FOREIGN, talk="700")
    until(lambda: fresh.box.journal("answer"), "the call is answered")
    during = fresh.box.statistics()
    assert (during["calls"], during["dialogs"]) == (1, 2)
    assert during["transactions"] >= 2
    assert during["counters"]["verdict: pass"] == 1
    assert set(during) >= {"calls", "transactions", "dialogs", "counters", "sockets"}
    fresh.finish(a, b)
    after = fresh.box.drained()
    assert after["counters"]["end: BYE"] == 1
