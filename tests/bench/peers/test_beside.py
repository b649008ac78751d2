"""Real boxes beside each other, in a run of seconds."""

import signal
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from bench.peers.__main__ import measure
from bench.peers.offer import Settings
from bench.peers.report import cost_at, memory_of
from bench.peers.run import Plan
from bench.peers.table import find
from bench.processes import family

ROOT = Path(__file__).parents[3]
TINY = Plan(rate=40, seconds=1, repeats=1, ladder=(), steps=0, chances=1, held=(20,), linger=0.0)


@pytest.mark.peer("sipp", "kamailio")
def test_the_same_calls_go_through_a_proxy_a_b2bua_and_what_knows_no_sip(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bench.peers.held._FIRST", 10)
    monkeypatch.setattr("bench.peers.run._WARMING", 0.0)
    boxes, absent = find(Settings(), ("forwarder-python", "b2bua", "kamailio"))
    found, run = measure(TINY, boxes, absent, lambda _: None, tmp_path)

    steady = [done.trial for done in run.done if done.purpose == "steady"]
    assert [(done.box, done.succeeded, len(done.delays)) for done in steady] == [
        ("forwarder-python", 40, 40),
        ("b2bua", 40, 40),
        ("kamailio", 40, 40),
    ]
    values = {(figure.quantity, figure.subject): figure.value for figure in found.figures}
    for name in ("forwarder-python", "b2bua", "kamailio"):
        assert values[cost_at(40), name]
        assert attrs.asdict(found)["versions"][name] is not None
    assert (memory_of(20), "forwarder-python") not in values
    assert values["memory, 20 calls up", "b2bua"]
    assert not any(tmp_path.iterdir())


@pytest.mark.peer("sipp", "kamailio")
def test_a_run_that_is_told_to_end_takes_all_processes_of_its_boxes_with_it(tmp_path) -> None:
    out = tmp_path / "peers.json"
    command = [sys.executable, "-m", "bench.peers", "--quick", "kamailio", "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        while "at 200/s, 1 of 1" not in started.stdout.readline():
            pass
        boxes: set[int] = set()
        while len(boxes) < 3:  # Kamailio's main process and its children
            boxes = descendants(started.pid)
        started.send_signal(signal.SIGINT)
        started.stdout.read()

    assert started.returncode == 130
    assert not out.exists()
    assert not [box for box in boxes if Path(f"/proc/{box}").exists()]


def descendants(process_id: int) -> set[int]:
    return set(family(process_id)) - {process_id}


def test_without_any_of_the_boxes_it_says_so(tmp_path) -> None:
    command = [sys.executable, "-m", "bench.peers", "opensips", "--opensips", str(tmp_path / "opensips")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout.startswith("opensips: not here (no program ")
    assert done.stderr == "bench: none of these boxes is here\n"
