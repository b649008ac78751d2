import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.processes import cpu_seconds, family, resident_kib, running

ROOT = Path(__file__).parents[2]
#: A process that starts another, says its id, and waits; the second one burns CPU, touches memory and heeds no SIGTERM.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
open("child", "w").write(str(child.pid))
time.sleep(60)
"""
CHILD = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
kept = b"x" * 30_000_000
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
os.rename("child", "ready")
time.sleep(60)
"""


def ready(folder: Path) -> int:
    while not (folder / "ready").exists():
        time.sleep(0.01)
    return int((folder / "ready").read_text())


def test_what_a_box_started_counts_as_the_box_and_ends_with_it(tmp_path) -> None:
    with running(
        [sys.executable, "-c", PARENT, CHILD], sorted(os.sched_getaffinity(0))[0], tmp_path / "log"
    ) as process:
        child = ready(tmp_path)

        assert family(process.pid) == (process.pid, child)
        assert cpu_seconds(process) > 0.3
        assert resident_kib(process) > 30_000
        assert os.sched_getaffinity(child) == os.sched_getaffinity(process.pid)
    assert state(child) in ("gone", "Z")


#: A process that, told to end, starts another instead, and says so.
STUBBORN = """
import os, signal, subprocess, sys, time
def start(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    open("ready", "w").write(str(child.pid))
signal.signal(signal.SIGTERM, start)
open("listening", "w").close()
while True:
    time.sleep(60)
"""


def test_what_a_box_starts_when_it_is_told_to_end_ends_with_it_too(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("bench.processes._ONCE_MORE", 1.0)
    monkeypatch.setattr("bench.processes.PATIENCE", 0.1)
    with running([sys.executable, "-c", STUBBORN], min(os.sched_getaffinity(0)), tmp_path / "log") as process:
        while not (tmp_path / "listening").exists():
            time.sleep(0.01)

    assert process.returncode == -signal.SIGKILL
    assert state(ready(tmp_path)) in ("gone", "Z")


def state(process_id: int) -> str:
    """The letter of proc_pid_stat(5): a killed process may still be a zombie of init's, which is as good as gone."""
    deadline = time.monotonic() + 5
    found = "gone"
    while time.monotonic() < deadline:
        try:
            found = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return "gone"
        if found == "Z":
            break
        time.sleep(0.01)
    return found


def test_orphans_are_ended_at_the_end_of_a_run(tmp_path) -> None:
    script = f"""
import subprocess, sys, os, time
from bench.processes import inherit_orphans, end_children
inherit_orphans()
parent = subprocess.Popen([sys.executable, "-c", {PARENT!r}, {CHILD!r}])
while not os.path.exists("ready"):
    time.sleep(0.01)
parent.kill()
end_children()
"""
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=30,
    )

    assert state(ready(tmp_path)) == "gone"
