"""Which workers live, and what they go by: told by files alone."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from b2bua.register import presence
from b2bua.register.presence import FILE, Presence, Worker, living, wait

MARK = (1, 2, 3)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    for name in ("worker-1", "worker-2", "worker-10", "desk"):
        (tmp_path / name).mkdir()
    return tmp_path


def present(folder: Path) -> Presence:
    presence = Presence(folder)
    presence.hold()
    return presence


def test_a_worker_is_seen_from_its_first_moment_to_its_last(journal: Path) -> None:
    assert living(journal) == []
    held = present(journal / "worker-2")
    assert living(journal) == [Worker("worker-2", None)]
    held.tell("d1", MARK)
    assert living(journal) == [Worker("worker-2", "d1", MARK)]
    held.tell("d1", MARK, "a problem")
    assert living(journal) == [Worker("worker-2", "d1", MARK, "a problem")]
    held.leave()
    held.leave()
    assert living(journal) == []


def test_they_are_told_in_order_and_the_single_one_too(journal: Path) -> None:
    workers = [present(journal / name) for name in ("worker-10", "worker-2", "")]
    assert [one.name for one in living(journal)] == [journal.name, "worker-2", "worker-10"]
    for one in workers:
        one.leave()


def test_what_one_that_has_died_said_is_forgotten_by_the_next(journal: Path) -> None:
    first = present(journal / "worker-1")
    first.tell("old", None)
    first.leave()
    second = present(journal / "worker-1")
    assert living(journal) == [Worker("worker-1", None)]
    second.leave()


def test_one_that_is_killed_lives_no_more(journal: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from b2bua.register.presence import Presence\n"
        "one = Presence(Path(sys.argv[1])); one.hold(); one.tell('d', None); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(journal / "worker-1")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    assert living(journal) == [Worker("worker-1", "d")]
    process.kill()
    process.wait()
    process.stdout.close()
    assert living(journal) == []


def test_whoever_waits_is_let_go_when_the_last_one_has_it(journal: Path) -> None:
    held = [present(journal / name) for name in ("worker-1", "worker-2")]
    held[0].tell("new", None)
    held[1].tell("old", None)
    teller = threading.Timer(0.05, held[1].tell, ["new", None])
    teller.start()
    assert wait(journal, "new", patience=10) == [Worker("worker-1", "new"), Worker("worker-2", "new")]
    teller.join()
    for one in held:
        one.leave()


def test_whoever_waits_is_told_who_has_not_taken_it_and_why(journal: Path) -> None:
    held = present(journal / "worker-1")
    assert wait(journal, "new", patience=0) == [Worker("worker-1", None)]
    held.tell("old", None, "cannot be read")
    assert wait(journal, "new", patience=10) == [Worker("worker-1", "old", None, "cannot be read")]
    held.leave()
    assert wait(journal, "new", patience=10) == []


def test_a_problem_with_what_stands_there_no_more_is_no_answer(journal: Path) -> None:
    held = present(journal / "worker-1")
    held.tell("old", MARK, "cannot be read")
    answering = threading.Timer(0.05, held.tell, ["new", None])
    answering.start()
    assert wait(journal, "new", patience=10) == [Worker("worker-1", "new")]
    answering.join()
    held.leave()


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", bytes(5_000)])
def test_what_is_half_written_says_nothing_yet(journal: Path, data: bytes) -> None:
    held = present(journal / "worker-1")
    (journal / "worker-1" / FILE).write_bytes(data)
    assert living(journal) == [Worker("worker-1", None)]
    held.leave()


def test_looking_gives_everything_back(journal: Path) -> None:
    held = present(journal / "worker-1")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        living(journal)
    assert len(os.listdir("/proc/self/fd")) == before
    held.leave()


def test_a_long_problem_is_told_in_part(journal: Path) -> None:
    held = present(journal / "worker-1")
    held.tell("d", None, "x" * 100_000)
    (told,) = living(journal)
    assert told.problem.startswith("xxx")
    assert (journal / "worker-1" / FILE).stat().st_size <= 4_096
    held.leave()


def test_what_cannot_be_told_harms_no_worker(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = present(journal / "worker-1")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(presence.os, "pwrite", full)
        held.tell("new", None)
    assert living(journal) == [Worker("worker-1", None)]
    held.leave()
