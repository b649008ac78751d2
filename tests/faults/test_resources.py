"""A daemon that runs short of disk, descriptors, memory or time."""

import os
import resource
import signal
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua import app as shell
from b2bua.app import App
from tests.b2bua.test_app import Stage, one_call
from tests.faults.bare import allocated
from tests.faults.carriers import Carriers
from tests.peers.box import Box
from tests.peers.rig import Rig
from tests.peers.waiting import until
from tests.world.crowd import Crowd, Plan, Talk
from tests.world.scene import CONFIG

QUICK = Plan(name="quick", script=[(0.0, 180, b""), (0.02, 200, b"v=0\r\n")])
KIB = 1_024


def set_limit(box: Box, kind: int, most: int) -> None:
    """Puts a limit on the daemon while it runs, or takes it away (RLIM_INFINITY)."""
    pid = box._running.pid
    resource.prlimit(pid, kind, (most, resource.prlimit(pid, kind)[1]))


def waiting(box: Box) -> int:
    """Lines of evidence that wait for the disk."""
    journal: dict[str, int] = box.statistics()["journal"]
    return journal["waiting"]


def calls_to_their_end(carriers: Carriers, count: int) -> None:
    """So many calls, set up and hung up; at most one in ten is told anything twice, for the machine has other work."""
    talks = carriers.place(QUICK, count, pause=0.01)
    carriers.loop.until(lambda: all(talk.is_set_up for talk in talks), f"{count} calls are set up")
    for talk in talks:
        talk.caller_hangs_up()
    carriers.loop.until(lambda: all(talk.caller.responses("BYE") for talk in talks), f"{count} calls are hung up")
    assert sum(len(talk.caller.seen) != len({wire.data for wire in talk.caller.seen}) for talk in talks) <= count // 10


# 13: the disk.


def test_a_disk_that_takes_no_more_costs_no_call_and_at_last_no_line(fresh: Rig) -> None:
    fresh.start(t1_ms=500)
    with Carriers(fresh) as carriers:
        calls_to_their_end(carriers, 2)
        # The log shares the limit, but is shorter.
        set_limit(fresh.box, resource.RLIMIT_FSIZE, 8 * KIB)
        calls_to_their_end(carriers, 60)
        # One at the beginning and one a second; had every line been an alarm, there would be some hundred.
        assert 1 <= fresh.box.alarms.count("alarm: journal: File too large") <= 30
        assert waiting(fresh.box) > 60
        set_limit(fresh.box, resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
        until(lambda: waiting(fresh.box) == 0, "what waited is written")
    assert fresh.box.end() == 0
    assert fresh.box.causes() == ["BYE"] * 62
    assert fresh.box.verify().returncode == 0
    fresh.box.begin()


def test_a_disk_that_takes_its_time_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, released, hangs = Stage(tmp_path), threading.Event(), threading.Event()

    def sync(fd: int) -> None:
        os.close(fd)
        hangs.set()
        assert released.wait(30), "released"

    async def story(app: App) -> None:
        monkeypatch.setattr(shell, "sync", sync)
        await one_call(stage, "first")
        while not hangs.is_set():
            assert await stage.foreign.is_served()
        for number in range(10):
            await one_call(stage, f"while it hangs {number}".replace(" ", "-"))
        assert not released.is_set()
        released.set()

    try:
        stage.play(story)
    finally:
        released.set()
        stage.close()


# 14: descriptors.


def test_a_daemon_without_a_descriptor_to_spare_goes_on(fresh: Rig) -> None:
    fresh.start(t1_ms=500)
    with Carriers(fresh) as carriers:
        calls_to_their_end(carriers, 2)
        held = len(list(Path(f"/proc/{fresh.box._running.pid}/fd").iterdir()))
        set_limit(fresh.box, resource.RLIMIT_NOFILE, held)
        calls_to_their_end(carriers, 40)
        # It cannot be forced to disk without a descriptor, which is an alarm, and is written all the same.
        until(lambda: "alarm: journal: cannot be forced to disk" in fresh.box.alarms, "an alarm")
        assert len(fresh.box.journal("end")) == 42
    assert fresh.box.end() == 0
    assert fresh.box.verify().returncode == 0
    fresh.box.begin()


# 15: memory.


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("_traced")
def test_a_call_that_stands_holds_no_more_than_sixteen_kib() -> None:
    many, crowd = 200, Crowd()
    crowd.place(QUICK)
    crowd.run(100)
    before = allocated()
    for _ in range(many):
        crowd.place(QUICK)
    crowd.run(100)
    assert crowd.tables()["calls"] == many + 1
    # What is left when the parties are forgotten is the gateway's.
    crowd.talks.now.clear()
    crowd.talks._parties.clear()
    crowd._events.clear()
    assert (allocated() - before) / many < 16 * KIB


def test_calls_beyond_the_places_there_are_get_503_and_those_that_stand_go_on() -> None:
    abroad, home = CONFIG.trunk
    crowd = Crowd(config=attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, max_calls_in=20), home)))
    talks = [crowd.place(QUICK) for _ in range(60)]
    crowd.run(50)
    assert [talk.session.final for talk in talks] == [200] * 20 + [503] * 40
    assert crowd.tables()["calls"] == 20
    for talk in talks[:20]:
        talk.caller_hangs_up()
    crowd.run(5)
    assert crowd.place(QUICK).session is not None
    crowd.run(5)
    assert crowd.ends == {"BYE": 20}
    crowd.settle()


# 16: time.


def test_after_a_pause_of_the_process_what_came_meanwhile_counts_and_nothing_is_said_twice(fresh: Rig) -> None:
    fresh.start(t1_ms=30)  # 64*T1 is 1.9 s
    with Carriers(fresh) as carriers:
        unheard = [carriers.place(_never(QUICK), pause=0.0)[0] for _ in range(10)]
        carriers.loop.until(lambda: all(talk.session.final == 200 for talk in unheard), "ten answers")
        os.kill(fresh.box._running.pid, signal.SIGSTOP)
        for talk in unheard:
            talk.caller.world.send(talk.caller, talk.caller._in_dialog(talk.session, "ACK", 1, (), b""))
        carriers.loop.run(2.2)
        sent = _heard(unheard)
        os.kill(fresh.box._running.pid, signal.SIGCONT)
        carriers.loop.run(0.3)
        # Its ACKs have waited in the sockets, and are read before the time for them is found to be over.
        assert _heard(unheard) - sent <= len(unheard)
        assert not any(talk.caller.requests("BYE") for talk in unheard)
        for talk in unheard:
            talk.caller_hangs_up()
        carriers.loop.until(lambda: all(talk.caller.responses("BYE") for talk in unheard), "hung up")
    assert fresh.box.end() == 0
    assert fresh.box.causes() == ["BYE"] * 10


def _never(plan: Plan) -> Any:
    """The same of a caller that does not ACK by itself."""
    return attrs.evolve(plan, acks=False)


def _heard(talks: list[Talk]) -> int:
    """How many datagrams the callers have had."""
    return sum(len(talk.caller.seen) for talk in talks)
