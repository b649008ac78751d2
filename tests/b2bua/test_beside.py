"""The clerk as the daemon has it: started, started again, ended last."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from b2bua.beside import LONGEST_PAUSE, SETTLED, Beside
from b2bua.config import Cases, Clerk, Retention, Store
from tests.peers.waiting import LONG, until
from tests.world.scene import CONFIG

#: A clerk that ends with its parent.
FAITHFUL = (sys.executable, "-c", "import sys; sys.stdin.buffer.read()")
#: One that does not.
STUBBORN = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")


@pytest.fixture
def beside() -> Iterator[Beside]:
    made = Beside(FAITHFUL)
    yield made
    made.end()


def killed(beside: Beside) -> None:
    process = beside._process
    assert process is not None
    process.send_signal(signal.SIGKILL)
    until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z", "it has died")


def test_it_is_begun_when_it_is_first_tended_and_once(beside: Beside) -> None:
    beside.tend(100.0)
    pid = beside.pid
    assert pid is not None
    assert beside.due is None
    beside.tend(101.0)
    assert beside.pid == pid


def test_one_that_dies_is_mourned_and_another_begins_after_a_pause(
    beside: Beside, caplog: pytest.LogCaptureFixture
) -> None:
    beside.tend(0.0)
    first = beside.pid
    killed(beside)
    beside.tend(1.0)
    assert beside.pid is None
    assert "alarm: clerk: it has ended (-9); another begins in 1.0 s" in caplog.text
    beside.tend(1.9)
    assert beside.pid is None
    beside.tend(2.0)
    assert beside.pid not in (None, first)


def test_one_that_dies_again_and_again_is_begun_ever_more_seldom(beside: Beside) -> None:
    pauses, tick = list[float](), 0.0
    for _ in range(9):
        beside.tend(tick)
        killed(beside)
        beside.tend(tick)
        assert beside.due is not None
        pauses.append(beside.due - tick)
        tick = beside.due
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    beside.tend(tick)
    killed(beside)
    beside.tend(tick + SETTLED + 1)
    assert beside.due == tick + SETTLED + 1 + 0.5, "it had settled"


def test_one_that_never_begins_is_tried_on_and_on_after_the_longest_pause() -> None:
    beside, tick = Beside(["/nowhere/at/all"]), 0.0
    for _ in range(2_000):
        beside.tend(tick)
        assert beside.due is not None
        tick, pause = beside.due, beside.due - tick
    assert pause == LONGEST_PAUSE
    beside.end()


def test_one_that_cannot_begin_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    beside = Beside(["/nowhere/at/all"])
    beside.tend(0.0)
    assert beside.due == 1.0
    assert "cannot begin: No such file or directory" in caplog.text
    beside.end()


def test_it_ends_when_it_is_let_go(beside: Beside) -> None:
    beside.tend(0.0)
    process = beside._process
    assert process is not None
    beside.end()
    assert process.returncode == 0
    beside.tend(1.0)
    assert beside.pid is None, "none begins after the end"


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b2bua.beside.FAREWELL", 0.05)
    beside = Beside(STUBBORN)
    beside.tend(0.0)
    process = beside._process
    assert process is not None
    beside.end()
    assert process.returncode == -signal.SIGKILL


def test_it_ends_by_itself_when_the_daemon_is_killed() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from b2bua.beside import Beside\n"
            f"beside = Beside({list(FAITHFUL)!r})\n"
            "beside.tend(0.0); print(beside.pid, flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    until(
        lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes(), "gone", LONG
    )


def test_there_is_one_only_where_the_daemon_should_have_one(tmp_path: Path) -> None:
    path = tmp_path / "b2bua.toml"
    assert Beside.of(CONFIG, path) is None
    assert Beside.of(attrs.evolve(CONFIG, store=Store(), clerk=Clerk.APART), path) is None
    signing = attrs.evolve(CONFIG.journal, signing_key="key")
    for changes in (
        {"store": Store()},
        {"retention": Retention(key_file="key")},
        {"cases": Cases(operator="Us")},
        {"journal": signing},
        {"clerk": Clerk.DAEMON},
    ):
        made = Beside.of(attrs.evolve(CONFIG, **changes), path)
        assert made is not None
        assert made.command[-3:] == ["clerk", str(path), "--with-parent"]
