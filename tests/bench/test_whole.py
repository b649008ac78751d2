import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench.boxes import forwarder
from bench.errors import BenchError
from bench.processes import Cores, await_bound, cpu_seconds, free_ports, running
from bench.sipp import require
from bench.whole import QUICK, Plan, following, line, measure, minutes, percentile
from tests.bench.making import trial

ROOT = Path(__file__).parents[2]
ALLOWED = os.sched_getaffinity(0)  # before any test could have left this process pinned


def test_a_trial_is_held_when_every_call_went_through_at_the_rate_and_nothing_was_repeated() -> None:
    assert trial().held
    assert not trial(succeeded=499).held
    assert not trial(repeated=1).held
    assert not trial(seconds=5.5).held
    assert not trial(seconds=float("inf")).held


def test_a_trial_says_in_words_what_it_reached() -> None:
    assert "not held (reached 101/s), 499 of 500 calls" in line(trial(succeeded=499))
    assert "CPU 1.000 ms a call" in line(trial())


def test_a_search_strides_until_one_rate_holds_and_one_does_not_and_then_halves() -> None:
    assert following(100, None, 1.5) == 150
    assert following(None, 100, 2.0) == 50
    assert following(100, 200, 1.5) == 150


def test_a_percentile_is_a_value_that_was_measured() -> None:
    ordered = [float(value) for value in range(1, 101)]

    assert (percentile(ordered, 50), percentile(ordered, 99), percentile([7.0], 99)) == (50.0, 99.0, 7.0)
    assert str(percentile([], 50)) == "nan"


def test_free_ports_differ() -> None:
    assert len(set(free_ports(8))) == 8


def test_a_process_runs_on_its_core_and_is_gone_afterwards(tmp_path) -> None:
    core = Cores.choose().load

    with running([sys.executable, "-c", "input()"], core, tmp_path / "log") as nothing_to_read:
        assert os.sched_getaffinity(nothing_to_read.pid) == {core}
    assert nothing_to_read.returncode is not None
    assert os.sched_getaffinity(0) == ALLOWED


def test_a_process_that_does_not_listen_is_reported_with_its_last_words(tmp_path) -> None:
    log = tmp_path / "log"
    with (
        running([sys.executable, "-c", "raise SystemExit('no room here')"], 0, log) as process,
        pytest.raises(BenchError, match="no room here"),
    ):
        await_bound(process, free_ports(1)[0], log)


def test_the_cpu_of_a_process_is_what_it_and_the_kernel_for_it_have_used() -> None:
    work = "import sys; open('/dev/zero', 'rb').read(200_000_000); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used = cpu_seconds(process)
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    assert used == pytest.approx(ticks, abs=0.03)
    assert used > 0.01


def test_without_sipp_the_command_says_what_to_install(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BenchError, match="sip-tester"):
        require()
    done = subprocess.run(
        [sys.executable, "-m", "bench", "whole", "--quick"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("bench: whole needs SIPp")
    assert done.stderr.count("\n") == 1


def test_the_quick_plan_promises_less_than_a_minute() -> None:
    assert minutes(QUICK) < 1


@pytest.mark.peer("sipp")
def test_a_tiny_run_gives_figures_and_no_call_fails(tmp_path) -> None:
    said: list[str] = []

    measured = measure(Plan(rate=50, seconds=1, repeats=1, steps=0, timers=False), said.append, tmp_path)

    assert [(done.box, done.succeeded, done.calls) for done in measured.trials] == [
        ("forwarder", 50, 50),
        ("b2bua", 50, 50),
    ]
    assert all(len(done.delays) == 50 for done in measured.trials)
    figures = {(figure.quantity, figure.subject): figure for figure in measured.figures}
    assert {quantity for quantity, _ in figures} == {
        "CPU per call at 50/s",
        "post-dial delay at 50/s, p50",
        "post-dial delay at 50/s, p99",
    }
    cost = figures["CPU per call at 50/s", "b2bua"]
    assert cost.to == "forwarder"
    assert cost.ratio is not None
    assert cost.ratio > 1
    assert not any(tmp_path.iterdir())
    assert sum("50 of 50 calls" in line for line in said) == 4  # each box warms up first


@pytest.mark.peer("sipp")
def test_a_run_that_is_told_to_end_takes_its_processes_with_it(tmp_path) -> None:
    command = [sys.executable, "-m", "bench", "whole", "--quick", "--out", str(tmp_path / "latest.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        while "warming up" not in run.stdout.readline():
            pass
        children = set(Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split())
        run.send_signal(signal.SIGTERM)
        run.stdout.read()

    assert run.returncode == 143
    assert children
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_the_forwarder_forwards_both_ways_and_changes_nothing(tmp_path) -> None:
    with (
        forwarder(tmp_path, Cores.choose().box) as box,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as callee,
    ):
        callee.bind(("127.0.0.1", box.ports.callee))
        caller.settimeout(5)
        callee.settimeout(5)
        for number in range(3):
            caller.sendto(b"there %d" % number, ("127.0.0.1", box.ports.front))
            data, source = callee.recvfrom(100)
            assert (data, source) == (b"there %d" % number, ("127.0.0.1", box.ports.back))
            callee.sendto(b"and back", source)
            assert caller.recvfrom(100) == (b"and back", ("127.0.0.1", box.ports.front))
