"""Calls that wait for their holder: the daemon, SIPp on both sides of it, and the stub of `examples/`."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.peers.ports import free_ports
from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.peers.sipp import Sipp
from tests.peers.test_refusals import lacks, matches
from tests.peers.waiting import LONG, until

pytestmark = pytest.mark.peer("sipp")

STUB = Path(__file__).parents[2] / "examples/camara_stub.py"
ABROAD, AT_HOME = "<sip:+32470000001@foreign.example>", "<sip:+32470000002@foreign.example>"
CALLS, RATE = 40, 20
HOLDERS = """
[[roaming.camara]]
name = "stub"
prefixes = ["+3247"]
url = "http://127.0.0.1:{port}/device-roaming-status/v1"
timeout_ms = 300
failures = {failures}
pause_seconds = 3600
[roaming.camara.oauth]
token_url = "http://127.0.0.1:{port}/token"
client_id = "b2bua"
client_secret = "open sesame"
"""


class Holder:
    """The stub in a process of its own."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports("127.0.0.1", 1)
        self._log = (folder / "stub.log").open("wb")
        command = [sys.executable, str(STUB), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        until(lambda: self.does("answers"), "the stub listens")

    def does(self, what: str) -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/does/{quote(what)}", method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=LONG) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(LONG)
        self._log.close()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    made = Holder(tmp_path)
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig.on(tmp_path_factory.mktemp("rig"), "127.0.0.1")
    try:
        yield made
    finally:
        made.close()


def started(rig: Rig, holder: Holder, workers: int, failures: int) -> Rig:
    return rig.start(t1_ms=500, workers=workers, holders=HOLDERS.format(port=holder.port, failures=failures))


def calls(rig: Rig, caller: str, seen: str) -> Sipp:
    """So many of one number, of which the callee sees that."""
    b = rig.load("b-answers", NATIONAL, CALLS, seen=seen)
    a = rig.load("a-calls", FOREIGN, CALLS, RATE, caller=caller)
    rig.finish(a, b)
    return a


@pytest.mark.law("¶8 3°", "L4", "K10", "K11")
def test_calls_of_a_roamer_pass_and_lose_their_number_while_the_holder_fails(rig: Rig, holder: Holder) -> None:
    started(rig, holder, workers=2, failures=0)
    calls(rig, ABROAD, matches("From", "32470000001"))
    kept = rig.box.statistics()["roaming"]
    assert kept["holders"]["stub"]["counters"]["asked"] <= 2  # each worker asks for itself
    rig.finish(rig.play("a-is-refused", FOREIGN, status="603", caller=AT_HOME))
    holder.does("failing")
    other = ABROAD.replace("0001", "0004")
    calls(rig, other, matches("From", "sip:anonymous@anonymous.invalid") + lacks("470000004"))
    verdicts = [line["verdict"] for line in rig.box.journal("verdict")]
    assert sorted(verdicts) == ["block", *["pass"] * CALLS, *["withhold"] * CALLS]
    failed = [line for line in rig.box.journal("roaming") if line.get("outcome") == "failed"]
    assert {(line["holder"], line["why"]) for line in failed} == {("stub", "status 503")}
    assert rig.box.verify().returncode == 0


@pytest.mark.law("L4", "K10", "K11")
def test_a_holder_that_hangs_delays_a_call_by_its_deadline_and_then_is_left_alone(rig: Rig, holder: Holder) -> None:
    started(rig, holder, workers=1, failures=1)
    holder.does("waits")
    rig.call("a-calls", "b-answers", caller=ABROAD, seen=lacks("470000001"))
    (failed, opened) = rig.box.journal("roaming")
    assert failed["milliseconds"] < 2_000  # 800 and what a busy machine adds
    assert (opened["breaker"], opened["why"]) == ("open", "no answer in 300 ms")
    rig.finish(rig.play("a-is-refused", FOREIGN, status="603", caller=ABROAD))
    told = rig.box.statistics()["roaming"]["holders"]["stub"]
    assert told["breaker"] == {"open": 1, "opened": 1}
    assert told["counters"] == {"asked": 1, "failed": 1, "left alone": 1}
    assert "alarm: roaming-holder: holder stub is left alone: no answer in 300 ms" in rig.box.log
