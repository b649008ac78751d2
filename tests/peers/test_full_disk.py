"""A disk that is really full: a tmpfs of a few MiB under the journal, and somebody else's file that takes the rest."""

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from b2bua.evidence import chains_of
from b2bua.evidence.verifying import verify_journal
from tests.peers.kills import Told
from tests.peers.rig import DEFAULTS, FOREIGN, NATIONAL, Rig
from tests.peers.sipp import Sipp
from tests.peers.waiting import until

pytestmark = [pytest.mark.peer("sipp"), pytest.mark.law("¶33")]

MIB = 1024 * 1024
BLOCKED = "<sip:+3225551212@foreign.example>"
#: The least that may wait in memory; the last fifth is for calls that are going on.
SPOOL = 2_000
#: More refused calls than a segment of 4 MiB and that spool have room for, 1.7 KiB and two lines each.
PLENTY = 9_000


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One whose journal is on a tmpfs of three segments."""
    made = Rig.on(tmp_path_factory.mktemp("rig"), "127.0.0.1")
    disk = made.box.journal_folder
    disk.mkdir()
    if os.geteuid() != 0 or which("mount") is None:
        pytest.skip("only root can mount a tmpfs")
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a tmpfs")
    try:
        yield made
    finally:
        made.close()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    assert os.statvfs(disk).f_bavail == 0
    return ballast


def waiting(rig: Rig) -> int:
    journal: dict[str, int] = rig.box.statistics()["journal"]
    return journal["waiting"]


def refused(rig: Rig, status: int, calls: int = 1) -> Sipp:
    """Calls that the decree refuses, from a port of their own: the others stand meanwhile."""
    rig.played += 1
    side = rig.foreign
    return Sipp.start(
        "a-is-refused",
        DEFAULTS | {"STATUS": str(status), "CALLER": BLOCKED},
        side=FOREIGN,
        local=(side.host, side.odd),
        remote=(side.host, side.listen),
        folder=rig.folder / f"{rig.played:03d}-{status}",
        calls=calls,
        rate=None if calls == 1 else 300,
    )


def refuse_until_nothing_fits(rig: Rig) -> None:
    """Refused calls until neither disk nor memory has a place for another."""
    flood = refused(rig, 603, PLENTY)
    try:
        until(lambda: waiting(rig) >= SPOOL - SPOOL // 5, "disk and memory are full", within=60, every=0.2)
    finally:
        flood.close()


def held(rig: Rig) -> Counter[str]:
    return Told.of(rig.box.journal_folder).lines


def test_a_full_disk_harms_no_call_that_stands_none_from_home_and_no_emergency(rig: Rig) -> None:
    rig.start(t1_ms=500, journal=f"spool_lines = {SPOOL}")
    standing = [rig.load("b-answers", NATIONAL, 5), rig.load("a-calls", FOREIGN, 5, 50, talk="20000")]
    until(lambda: held(rig)["answer"] == 5, "five calls stand")
    ballast = fill(rig.box.journal_folder)
    refuse_until_nothing_fits(rig)

    rig.finish(refused(rig, 503))
    rig.finish(*standing)
    rig.call("a-calls", "b-answers", NATIONAL)
    rig.call("a-calls", "b-answers", FOREIGN, called="112")
    assert "alarm: journal: No space left on device" in rig.box.log

    ballast.unlink()
    until(lambda: waiting(rig) == 0, "what waited is written")
    rig.finish(refused(rig, 603))
    rig.call("a-calls", "b-answers")
    assert rig.box.end() == 0
    told = Told.of(rig.box.journal_folder)
    assert told.odd() == []
    assert (told.lines["answer"], told.lines["gap"]) == (8, 0)
    assert verify_journal(rig.box.journal_folder).broken == []


def test_a_daemon_begins_on_a_full_disk_and_its_evidence_waits(rig: Rig) -> None:
    fill(rig.box.journal_folder)
    rig.start(journal=f"spool_lines = {SPOOL}")
    rig.call("a-calls", "b-answers", NATIONAL)
    rig.call("a-calls", "b-answers")
    assert "alarm: journal: No space left on device" in rig.box.log
    assert chains_of(rig.box.journal_folder) == []
    rig.box.journal_folder.joinpath("ballast").unlink()
    until(lambda: waiting(rig) == 0, "what waited is written")
    assert rig.box.end() == 0
    assert held(rig)["end"] == held(rig)["verdict"] == 2
    assert verify_journal(rig.box.journal_folder).broken == []


def test_a_worker_that_is_killed_on_a_full_disk_loses_no_answered_call(rig: Rig) -> None:
    rig.start(t1_ms=500, workers=2, journal=f"spool_lines = {SPOOL}")
    peers = [rig.load("b-answers", NATIONAL, 20), rig.load("a-calls", FOREIGN, 20, 50, talk="5000")]
    until(lambda: held(rig)["answer"] == 20, "twenty calls stand")
    ballast = fill(rig.box.journal_folder)
    assert rig.box.process is not None
    pid = rig.box.process.pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    rig.finish(*peers)
    ballast.unlink()
    assert rig.box.end() == 0
    told = Told.of(rig.box.journal_folder)
    assert (told.lines["end"], told.odd()) == (20, [])
    assert Counter(rig.box.causes()) == {"BYE": 20}
    assert verify_journal(rig.box.journal_folder).broken == []
