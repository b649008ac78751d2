"""The daemon with two workers: one gateway to its peers, whatever becomes of the processes it is made of."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.box import Box
from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.peers.sipp import Sipp
from tests.peers.waiting import until

pytestmark = pytest.mark.peer("sipp")

WORKERS = 2
#: Calls a second each way; T1 is the RFC's where there are many, for a copy of a message is not in the scenarios.
RATE = 30


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One whose daemon has workers; they may die."""
    made = Rig.on(tmp_path_factory.mktemp("rig"), "127.0.0.1")
    try:
        yield made
    finally:
        made.close()


def workers(rig: Rig) -> list[int]:
    """Their process ids."""
    assert rig.box.process is not None
    pid = rig.box.process.pid
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def of_each(rig: Rig, kind: str) -> list[int]:
    """How many lines of that kind each worker has written."""
    folders = sorted(rig.box.journal_folder.glob("worker-*"))
    written = [b"".join(path.read_bytes() for path in folder.glob("*.jsonl")) for folder in folders]
    return [lines.count(f'"kind":"{kind}"'.encode()) for lines in written]


def nothing_held(rig: Rig) -> dict[str, Any]:
    """The statistics, once no call is held or kept; transactions linger."""

    def free() -> dict[str, Any] | None:
        now = rig.box.statistics()
        return now if not (now["calls"] or now["dialogs"] or now["kept"]) else None

    return until(free, "no call is held", every=0.2)


def begun(rig: Rig, calls: int, talk: str) -> list[Sipp]:
    """So many calls each way, all of them answered; those from abroad are ended by who called, the others by who was
    called."""
    peers = [
        rig.load("b-answers", NATIONAL, calls),
        rig.load("b-talks-and-hangs-up", FOREIGN, calls, None, talk=talk),
        rig.load("a-calls", FOREIGN, calls, RATE, talk=talk),
        rig.load("a-is-hung-up", NATIONAL, calls, RATE),
    ]
    until(lambda: sum(of_each(rig, "answer")) == 2 * calls, "all calls are answered")
    return peers


def test_calls_of_one_address_are_shared_evenly_and_nobody_sees_that(rig: Rig) -> None:
    rig.start(t1_ms=500, workers=WORKERS)
    rig.finish(*begun(rig, 60, talk="10"))
    statistics = nothing_held(rig)
    assert statistics["counters"]["verdict: pass"] == 120
    shares = of_each(rig, "verdict")
    assert sum(shares) == 120
    assert min(shares) > 35
    assert rig.box.end() == 0
    assert Counter(rig.box.causes()) == {"BYE": 120}
    assert not rig.box.alarms
    assert "2 chains hold" in rig.box.verify().stdout


def test_a_worker_that_is_killed_loses_no_answered_call(rig: Rig) -> None:
    rig.start(t1_ms=500, workers=WORKERS)
    peers = begun(rig, 40, talk="3000")
    os.kill(workers(rig)[0], signal.SIGKILL)
    rig.finish(*peers)
    assert Counter(rig.box.causes()) == {"BYE": 80}
    nothing_held(rig)
    assert " goes on with " in rig.box.log
    assert len(set(workers(rig))) == WORKERS
    assert rig.box.end() == 0
    assert rig.box.verify().returncode == 0


def test_a_successor_that_is_killed_too_loses_none_either(rig: Rig) -> None:
    rig.start(t1_ms=500, workers=WORKERS)
    peers = begun(rig, 20, talk="5000")
    for _ in range(2):
        before = workers(rig)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        taken = rig.box.log.count(" goes on with ")
        until(lambda taken=taken: rig.box.log.count(" goes on with ") == taken + WORKERS, "others take their places")  # type: ignore[misc]
    rig.finish(*peers)
    assert Counter(rig.box.causes()) == {"BYE": 40}
    assert rig.box.end() == 0


def test_calls_that_were_not_answered_are_recorded_as_interrupted(rig: Rig) -> None:
    rig.start(workers=WORKERS)
    b, a = rig.play("b-rings-slowly", NATIONAL), rig.play("a-calls", FOREIGN)
    until(lambda: sum(of_each(rig, "verdict")) == 1, "the call is judged")
    for pid in workers(rig):
        os.kill(pid, signal.SIGKILL)
    until(lambda: rig.box.causes() == ["interrupted"], "its end is recorded")
    for peer in (a, b):
        peer.close()


def test_when_the_parent_is_killed_all_end(rig: Rig) -> None:
    rig.start(workers=WORKERS)
    alive = workers(rig)
    assert len(alive) == WORKERS
    rig.box.end(signal.SIGKILL)
    until(lambda: not any(map(is_alive, alive)), "the workers end")
    rig.box.start()
    rig.call("a-calls", "b-answers")
    assert rig.box.end() == 0


def test_a_register_that_is_read_again_is_every_workers(rig: Rig) -> None:
    rig.start(workers=WORKERS)
    entry = '[[register.do_not_originate]]\nreference = "D"\nsince = 2025-01-01\nnumber = "+3225559999"\n'
    rig.box.config.write_text(rig.box.config.read_text() + entry)
    assert rig.box.process is not None
    rig.box.process.send_signal(signal.SIGHUP)
    until(lambda: of_each(rig, "register") == [1, 1], "both have read it")
    before = of_each(rig, "segment")
    os.kill(workers(rig)[0], signal.SIGKILL)
    until(lambda: of_each(rig, "segment") > before, "another begins")
    until(lambda: rig.box.statistics()["register"].startswith("1 entries"), "it has the register as it is now")
    assert rig.box.end() == 0


def test_a_second_daemon_ends_at_once_and_harms_nothing(rig: Rig) -> None:
    rig.start(workers=WORKERS)
    second = Box(rig.folder).run()
    assert second.returncode == 2
    assert "Address already in use" in second.stderr
    assert "Traceback" not in second.stderr
    rig.call("a-calls", "b-answers")
    assert rig.box.end() == 0
    assert rig.box.causes() == ["BYE"]


def test_a_journal_that_cannot_be_written_ends_the_daemon_with_its_reason(rig: Rig) -> None:
    (rig.folder / "journal").write_text("a file")
    with pytest.raises(AssertionError, match="the daemon has ended"):
        rig.start(workers=WORKERS)
    assert "cannot begin" in rig.box.log
    assert "Traceback" not in rig.box.log
