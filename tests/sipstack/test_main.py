import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.__main__ import judge, main

WORDS = "file ok status error kind method code call_id cseq from vias headers body_length"
KEYS = WORDS.split()
SOUND = (
    b"INVITE sip:b@b SIP/2.0\r\nv: SIP/2.0/UDP a, SIP/2.0/UDP b\r\nFrom: \xff <sip:a@a>;tag=x\r\n"
    b"To: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 01  INVITE\r\n\r\nbody"
)


def test_a_file_is_one_json_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "invite"
    file.write_bytes(SOUND)
    assert main(["--json", str(file)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    report = json.loads(line)
    assert list(report) == KEYS
    assert report["headers"][1] == ["from", "\\xff <sip:a@a>;tag=x"]
    del report["headers"]
    assert report == {
        "file": str(file),
        "ok": True,
        "status": None,
        "error": None,
        "kind": "request",
        "method": "INVITE",
        "code": None,
        "call_id": "1",
        "cseq": "01  INVITE",
        "from": "\\xff <sip:a@a>;tag=x",
        "vias": ["SIP/2.0/UDP a", "SIP/2.0/UDP b"],
        "body_length": 4,
    }


def test_what_is_refused_is_told_with_its_status_and_what_was_read() -> None:
    report = judge("x", SOUND.replace(b"01  INVITE", b"1 BYE"))
    assert (report["ok"], report["status"], report["call_id"]) == (False, 400, "1")
    assert report["error"] == "CSeq Method Mismatch: 'BYE'"


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_what_an_ack_or_cancel_requires_is_not_asked(method: str) -> None:
    data = SOUND.replace(b"INVITE", method.encode()).replace(b"\r\n\r\n", b"\r\nRequire: x\r\n\r\n")
    assert judge("x", data)["ok"] is True


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [(b"SIP/2.0 999999 x\r\n\r\n", "response", None), (b"\r\n\r\n", None, 400), (b"junk", None, 400)],
)
def test_the_unreadable_has_a_kind_only_when_it_says_sip_first(
    data: bytes, kind: str | None, status: int | None
) -> None:
    report = judge("x", data)
    assert (report["ok"], report["kind"], report["status"]) == (False, kind, status)


def test_a_file_that_cannot_be_read_is_told_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "invite"
    file.write_bytes(SOUND)
    assert main(["--json", str(tmp_path / "absent"), str(tmp_path), str(file)]) == 2
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report["ok"] for report in reports] == [False, False, True]
    assert all(list(report) == KEYS for report in reports)


def test_a_file_larger_than_a_datagram_is_refused_unread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "large"
    file.write_bytes(SOUND + bytes(100_000))
    assert main(["--json", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == 513


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_is_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad, gone = tmp_path / "good", tmp_path / "bad", tmp_path / "gone"
    good.write_bytes(SOUND)
    bad.write_bytes(SOUND.replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n"))
    gone.write_bytes(b"SIP/2.0 9999 x\r\n\r\n")
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    assert main([str(good), str(bad), str(gone)]) == 0
    assert terminal.getvalue().splitlines() == [
        f"{good}: INVITE: ok",
        f"{bad}: INVITE: refused 505: Version Not Supported: 'SIP/3.0'",
        f"{gone}: response: discarded: Bad Status Line: 'SIP/2.0 9999 x'",
    ]


@given(st.binary(max_size=100) | st.binary(max_size=10).map(lambda data: SOUND[:60] + data + SOUND[60:]))
def test_any_bytes_are_judged_in_plain_json(data: bytes) -> None:
    report = judge("x", data)
    assert list(report) == KEYS
    json.dumps(report, ensure_ascii=False).encode()
    assert report["ok"] is (report["error"] is None)
