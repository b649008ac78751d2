"""`b2bua audit` as its user meets it: what it prints and writes, and the code it ends with."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from b2bua.__main__ import main
from b2bua.audit import text
from tests.b2bua.audit.making import ETHERNET, FOREIGN, GEOGRAPHIC, ROOT, TARGET, ethernet, invite, pcap, udp

CONFIG = str(ROOT / "examples/vectors/b2bua.toml")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `b2bua audit` in this process: exit code, standard output, standard error."""

    def ran(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["b2bua", "audit", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return int(left.value.code or 0), told.out, told.err

    return ran


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "yesterday.pcap"
    own = udp(invite(GEOGRAPHIC, call="own"), TARGET)
    frames = [ethernet(packet) for packet in (udp(invite(FOREIGN)), udp(invite(GEOGRAPHIC, call="2")), own)]
    path.write_bytes(pcap(frames, ETHERNET))
    return path


def test_a_capture_is_told_in_tables_and_what_would_be_blocked_is_no_failure(run: Run, capture: Path) -> None:
    code, out, _ = run(CONFIG, "--trunk", "INT-1", capture)
    assert code == 0
    assert out.startswith("yesterday.pcap judged as from INT-1 (international)")
    assert "3 INVITEs judged: 1 pass, 0 strip, 0 withhold, 2 block, 0 needs check" in out


def test_json_is_one_object(run: Run, capture: Path) -> None:
    code, out, _ = run(CONFIG, capture, "--trunk", "INT-1", "--json", "--mask")
    told = orjson.loads(out)
    assert (code, out.count("\n"), told["verdicts"]["block"], told["masked"]) == (0, 1, 2, True)
    assert GEOGRAPHIC not in out


def test_only_the_given_sources_are_judged(run: Run, capture: Path) -> None:
    code, out, _ = run(
        CONFIG, capture, "--trunk", "INT-1", "--json", "--source", "192.0.2.7", "--source", "2001:db8::/32"
    )
    told = orjson.loads(out)
    assert code == 0
    assert (told["invites"]["judged"], told["invites"]["elsewhere"]) == (2, 1)
    assert told["sources"] == ["192.0.2.7/32", "2001:db8::/32"]


def test_a_page_is_written_beside_the_tables(run: Run, capture: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, out, _ = run(CONFIG, capture, "--trunk", "INT-1", "--html", page)
    assert code == 0
    assert "By article" in out
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_standard_input_is_read(run: Run, capture: Path) -> None:
    code, out, _ = run(CONFIG, "--trunk", "INT-1", "-", stdin=capture.read_bytes())
    assert code == 0
    assert out.startswith("standard input judged")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trunk", "INT-1", CONFIG], "b2bua.toml is no capture"),
        (["--trunk", "NOBODY", "CAPTURE"], "no trunk 'NOBODY'"),
        (["--trunk", "INT-1", "/nonexistent.pcap"], "/nonexistent.pcap"),
        (["--trunk", "INT-1", "/"], "/"),
        (["--trunk", "INT-1", "CAPTURE", "--source", "somewhere"], "'somewhere'"),
        (["--trunk", "INT-1", "CAPTURE", "--html", "/nonexistent/a.html"], "no folder /nonexistent"),
        (["CAPTURE"], "trunk"),
    ],
)
def test_what_cannot_be_begun_ends_with_2_and_says_why(
    run: Run, capture: Path, arguments: list[str], message: str
) -> None:
    code, out, err = run(CONFIG, *(str(capture) if one == "CAPTURE" else one for one in arguments))
    assert code == 2
    assert message in (out + err).replace("│\n│", "")


def test_a_long_file_shows_on_a_terminal_how_far_it_is(
    run: Run, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()

    def console(**options: object) -> Console:
        is_bar = bool(options.pop("stderr", False))
        return Console(file=shown if is_bar else sys.stdout, force_terminal=is_bar, width=100)

    monkeypatch.setattr(text, "Console", console)
    run(CONFIG, "--trunk", "INT-1", capture)
    assert shown.getvalue() == ""
    monkeypatch.setattr(text, "LONG", 10)
    code, out, _ = run(CONFIG, "--trunk", "INT-1", capture)
    assert (code, "2 block" in out) == (0, True)
    assert "yesterday.pcap" in shown.getvalue()
