import subprocess
import sys

import pytest

from bench.errors import BenchError
from bench.sipp import Sipp

STATISTICS = (
    "StartTime;CurrentTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);\n"
    "2026-01-31\t12:00:00.000000\t1000.000000;2026-01-31\t12:00:00.000000\t1000.000000;0;0;0;\n"
    "2026-01-31\t12:00:00.000000\t1000.000000;2026-01-31\t12:00:02.500000\t1002.500000;3;7;1;\n"
)
COUNTS = (
    "CurrentTime;ElapsedTime;0_INVITE_Sent;0_INVITE_Retrans;1_100_Recv;1_100_Retrans;1_100_Unexp;2_200_Retrans;\n"
    "x;y;5;1;5;0;0;0;\n"
    "x;y;10;2;10;3;8;4;\n"
)
MESSAGES = (
    "2026-01-31\t12:00:00\t100.000000\tS\t1-9@127.0.0.1\tCSeq:1 INVITE\tINVITE sip:a@b SIP/2.0\n"
    "2026-01-31\t12:00:00\t100.000500\tS\t2-9@127.0.0.1\tCSeq:1 INVITE\tINVITE sip:a@b SIP/2.0\n"
    "2026-01-31\t12:00:00\t100.001000\tR\t1-9@127.0.0.1\tCSeq:1 INVITE\tSIP/2.0 100 Trying\n"
    "2026-01-31\t12:00:00\t100.002000\tR\t2-9@127.0.0.1\tCSeq:1 INVITE\tSIP/2.0 180 Ringing\n"
    "2026-01-31\t12:00:00\t100.004000\tR\t1-9@127.0.0.1\tCSeq:1 INVITE\tSIP/2.0 180 Ringing\n"
    "2026-01-31\t12:00:00\t100.009000\tR\t1-9@127.0.0.1\tCSeq:1 INVITE\tSIP/2.0 180 Ringing\n"
)


def ended(code: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    process.wait()
    return process


@pytest.fixture
def sipp(tmp_path) -> Sipp:
    process = ended(0)
    log = tmp_path / "caller.log"
    log.write_text("\nno such scenario\n")
    for name, text in ((".csv", STATISTICS), ("counts.csv", COUNTS), ("shortmessages.log", MESSAGES)):
        (tmp_path / f"caller_{process.pid}_{name}").write_text(text)
    return Sipp("caller", process, log)


def test_the_last_line_of_the_statistics_counts_over_the_whole_run(sipp) -> None:
    assert (sipp.succeeded(), sipp.seconds()) == (7, 2.5)


def test_what_was_sent_again_and_what_came_again_are_added_up(sipp) -> None:
    assert sipp.repeated() == 2 + 3 + 4


def test_a_post_dial_delay_is_from_a_calls_invite_to_its_first_180(sipp) -> None:
    assert sorted(sipp.delays()) == pytest.approx([0.0015, 0.004])


def test_why_calls_failed_is_counted_by_cause_and_not_also_in_all(sipp) -> None:
    rows = "FailedCall(P);FailedCall(C);FailedMaxUDPRetrans(P);FailedMaxUDPRetrans(C);FailedOutboundCongestion(C);\n"
    path = sipp.log.parent / f"caller_{sipp.process.pid}_.csv"
    path.write_text(rows + "1;3;1;3;0;\n")

    assert list(sipp.failures()) == ["caller: 3 MaxUDPRetrans"]


def test_a_call_is_answered_when_its_ack_has_left(sipp) -> None:
    path = sipp.log.parent / f"caller_{sipp.process.pid}_counts.csv"
    path.write_text("CurrentTime;4_ACK_Sent;4_ACK_Retrans;6_BYE_Sent;\nx;3;0;0;\nx;12;1;2;\n")

    assert sipp.answered() == 12


def test_a_sipp_that_wrote_nothing_had_no_call(tmp_path) -> None:
    silent = Sipp("callee", ended(0), tmp_path / "callee.log")

    assert (silent.succeeded(), silent.repeated(), list(silent.delays()), silent.seconds()) == (0, 0, [], float("inf"))


def test_a_sipp_that_could_not_run_is_an_error_with_its_last_words(sipp) -> None:
    sipp.finish(1)  # 0: it ran
    with pytest.raises(BenchError, match=r"SIPp \(caller\) ended with 254: no such scenario"):
        Sipp("caller", ended(254), sipp.log).finish(1)


def test_a_sipp_with_failed_calls_did_run(sipp) -> None:
    Sipp("caller", ended(1), sipp.log).finish(1)
