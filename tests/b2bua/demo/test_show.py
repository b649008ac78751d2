"""The command as people start it."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

import b2bua
from b2bua.demo import play, show
from b2bua.demo.stories import STORIES
from b2bua.errors import GatewayError
from b2bua.evidence import verify

COMMAND = [sys.executable, "-m", "b2bua", "demo"]
GUARD = 30  # seconds after which a test is given up; none comes near


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(b2bua.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)


def wrong(monkeypatch):
    """A daemon that refuses with the wrong words."""
    monkeypatch.setattr("b2bua.call.call.REJECTED", ("Reason", "Q.850;cause=16"))


def test_once_plays_each_story_and_leaves_with_zero(capsys, tmp_path):
    assert play(once=True, as_json=False) == 0
    out = capsys.readouterr().out
    assert [story.title for story in STORIES if f"✓ {story.title}" not in out] == []
    assert f"{len(STORIES)} of {len(STORIES)} as expected" in out
    [journal] = (tmp_path / "var" / "demo").iterdir()
    assert verify(sorted(journal.glob("*.jsonl"))) is None


def test_once_leaves_with_one_when_a_single_verdict_is_not_as_it_should_be(capsys, monkeypatch):
    wrong(monkeypatch)
    assert play(once=True, as_json=False) == 1
    assert "NOT as expected" in capsys.readouterr().out


def test_once_leaves_with_one_when_the_chain_of_the_evidence_is_broken(capsys, monkeypatch):
    monkeypatch.setattr(show, "verify", lambda _: "journal-1:3: was changed")
    assert play(once=True, as_json=False) == 1
    assert "ITS CHAIN IS BROKEN" in capsys.readouterr().out


def test_json_lines_say_of_each_story_whether_it_was_as_expected(capsys, monkeypatch):
    assert play(once=True, as_json=True) == 0
    *stories, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last == {"stories": len(STORIES), "as_expected": len(STORIES)}
    assert [line["story"] for line in stories] == [story.title for story in STORIES]
    assert all(set(line) == KEYS and line["as_expected"] is True for line in stories)
    wrong(monkeypatch)
    assert play(once=True, as_json=True) == 1
    *stories, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last == {"stories": len(STORIES), "as_expected": sum(line["as_expected"] for line in stories)}
    assert [line["as_expected"] for line in stories] == [not story.is_blocked for story in STORIES]


KEYS = {"story", "article", "decided_by", "verdict", "expected", "ms", "as_expected"}


def test_a_stage_that_cannot_be_set_up_is_an_error_in_words(tmp_path):
    (tmp_path / "var").write_text("a file in the way")
    with pytest.raises(GatewayError, match="cannot be opened"):
        play(once=True, as_json=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_loop_ends_cleanly_by_a_signal_with_its_summary_and_zero(number):
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("✓"):
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=GUARD)
    assert process.returncode == 0
    assert "as expected" in out.splitlines()[-2]
    assert "its chain holds" in out.splitlines()[-1]
    assert err == ""


def test_once_interrupted_is_not_all_played_and_so_not_well(capsys, monkeypatch):
    played = show.Stage.play

    async def interrupted(stage, story):
        os.kill(os.getpid(), signal.SIGINT)
        return await played(stage, story)

    monkeypatch.setattr(show.Stage, "play", interrupted)
    assert play(once=True, as_json=True) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["stories"] < len(STORIES)


def test_two_can_play_in_one_folder_at_once(tmp_path):
    both = [subprocess.Popen([*COMMAND, "--once", "--json"], stdout=subprocess.PIPE) for _ in range(2)]
    outs = [process.communicate(timeout=GUARD)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outs
    assert len(list((tmp_path / "var" / "demo").iterdir())) == 2


def test_on_a_terminal_the_table_lives_until_ctrl_c_and_stays_behind():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    seen = until(ours, lambda seen: b"1 of 1 as expected" in seen)
    process.send_signal(signal.SIGINT)
    rest = until(ours, lambda _: False)
    os.close(ours)
    assert process.wait(timeout=GUARD) == 0
    assert b"\x1b[" in seen
    text = (seen + rest).decode()
    assert "Traceback" not in text
    assert "its chain holds" in text
    assert text.rstrip().endswith("\x1b[0m")


def until(descriptor, enough):
    """What a terminal shows until it is enough, or until the other side closes it."""
    seen, deadline = b"", time.monotonic() + GUARD
    while not enough(seen) and time.monotonic() < deadline:
        if not select.select([descriptor], [], [], 1.0)[0]:
            continue
        try:
            data = os.read(descriptor, 65_536)
        except OSError:  # Linux's way to say that nobody has the other end open
            break
        if not data:
            break
        seen += data
    return seen
