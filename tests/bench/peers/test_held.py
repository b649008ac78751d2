import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.errors import BenchError
from bench.peers import held as subject
from bench.sipp import Sipp

HEADER = "CurrentTime;4_ACK_Sent;\n"


@pytest.fixture
def caller(tmp_path) -> Iterator[Sipp]:
    """A SIPp that waits."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield Sipp("caller", process, tmp_path / "caller.log")
    process.communicate()


def answered(caller: Sipp, *counts: int) -> None:
    path = caller.log.parent / f"caller_{caller.process.pid}_counts.csv"
    path.write_text(HEADER + "".join(f"x;{count};\n" for count in counts))


def test_calls_are_up_when_all_are_answered(caller) -> None:
    answered(caller, 3, 10)

    subject._await(caller, 10)


def test_a_box_that_answers_no_more_calls_is_not_waited_for(caller, monkeypatch) -> None:
    monkeypatch.setattr(subject, "_PATIENCE", 0.3)
    answered(caller, 3, 7)

    with pytest.raises(BenchError, match="7 of 10 calls were answered, and then no more"):
        subject._await(caller, 10)


def test_a_sipp_that_ends_is_not_waited_for(caller) -> None:
    answered(caller, 3)
    caller.process.communicate()

    with pytest.raises(BenchError, match="SIPp ended with 3 of 10 calls up"):
        subject._await(caller, 10)
