"""`b2bua journal` as its user meets it."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from b2bua.__main__ import main
from b2bua.evidence import Desk, segments_of
from b2bua.evidence.reading import lines
from tests.b2bua.evidence.making import end, opened, verdict
from tests.b2bua.evidence.test_reading import several

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`b2bua journal` with arguments, in this process: exit code, standard output, standard error."""

    def ran(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["b2bua", "journal", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert left.value.code is None or isinstance(left.value.code, int)
        return left.value.code or 0, told.out, told.err

    return ran


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    (folder / "worker-1").mkdir(parents=True)
    several(folder / "worker-1")
    return folder


@pytest.fixture
def key(run: Run, tmp_path: Path) -> Path:
    assert run("key", tmp_path / "key")[0] == 0
    return tmp_path / "key"


def looks(journal: Path) -> list[dict[str, Any]]:
    return [line for line in Desk(journal).lines() if line["kind"] == "look"]


# Keys, signatures, packing.


def test_a_key_is_made_once_and_told_by_its_fingerprint(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("key", tmp_path / "key")
    assert code == 0
    assert f"{tmp_path}/key: made, fingerprint " in out
    assert "PRIVATE" not in out
    code, _, err = run("key", tmp_path / "key")
    assert (code, "File exists" in err) == (2, True)


def test_segments_are_signed_packed_and_verified(run: Run, journal: Path, key: Path) -> None:
    assert run("sign", journal, "--key", key)[1].count(".sig\n") == 3
    assert run("sign", journal, "--key", key) == (0, "", "")
    assert run("pack", journal)[1].count(".gz\n") == 3
    code, out, _ = run("verify", journal, "--key", f"{key}.pub")
    assert (code, out.splitlines()[1]) == (0, "3 signatures, good")
    code, out, _ = run("verify", journal)
    assert (code, out.splitlines()[1]) == (0, "3 signatures, not checked: no --key was given")


def test_verify_says_which_closed_segments_bear_no_signature(run: Run, journal: Path, key: Path) -> None:
    code, out, _ = run("verify", journal, "--key", f"{key}.pub")
    first = segments_of(journal / "worker-1")[0]
    assert (code, out.splitlines()[1]) == (0, f"3 closed segments bear no signature, the first {first}")


def test_verify_ends_with_1_where_a_signature_is_not_by_the_key(run: Run, journal: Path, key: Path) -> None:
    run("sign", journal, "--key", key)
    run("key", f"{key}2")
    code, out, _ = run("verify", journal, "--key", f"{key}2.pub")
    assert (code, "is signed by another key" in out) == (1, True)
    assert run("verify", journal, "--key", f"{key}2.pub", "--key", f"{key}.pub")[0] == 0


def test_what_cannot_be_used_as_a_key_ends_with_2(run: Run, journal: Path, key: Path) -> None:
    assert run("verify", journal, "--key", key)[0] == 2
    assert run("sign", journal, "--key", f"{key}.pub")[0] == 2
    assert run("sign", journal, "--key", f"{key}3")[0] == 2


def test_verify_says_all_of_it_as_json(run: Run, journal: Path, key: Path) -> None:
    run("sign", journal, "--key", key)
    told = json.loads(run("verify", journal, "--json")[1])
    assert told.keys() == {"chains", "segments", "lines", "signed", "unsigned", "broken"}
    assert (told["chains"], told["segments"], told["signed"], told["broken"]) == (1, 4, 3, [])
    path = segments_of(journal / "worker-1")[1]
    path.unlink()
    code, out, _ = run("verify", journal, "--json")
    assert (code, json.loads(out)["broken"]) == (1, [{"file": str(path), "line": 0, "problem": "is missing"}])


# Heads.


@pytest.mark.law("¶33", "K18")
def test_a_head_that_was_kept_shows_an_end_that_was_cut_off(run: Run, journal: Path, tmp_path: Path) -> None:
    code, out, _ = run("head", journal)
    (tmp_path / "head.json").write_text(out)
    assert code == 0
    assert run("verify", journal, "--head", tmp_path / "head.json")[0] == 0
    segments_of(journal / "worker-1")[-1].unlink()
    assert run("verify", journal)[0] == 0
    code, out, _ = run("verify", journal, "--head", tmp_path / "head.json")
    assert (code, "the end has gone" in out) == (1, True)


def test_signed_heads_must_be_by_the_key_that_is_given(run: Run, journal: Path, key: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.json"
    head.write_text(run("head", journal, "--sign", key)[1])
    assert run("verify", journal, "--key", f"{key}.pub", "--head", head)[0] == 0
    head.write_text(head.read_text().replace('"line":', '"line":1'))
    code, _, err = run("verify", journal, "--key", f"{key}.pub", "--head", head)
    assert (code, "was changed after it was signed" in err) == (2, True)


@pytest.mark.parametrize("text", ["", "{}", "garbage", "[]"])
def test_a_file_without_heads_ends_with_2(run: Run, journal: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "head.json").write_text(text)
    code, _, err = run("verify", journal, "--head", tmp_path / "head.json")
    assert (code, str(tmp_path / "head.json") in err) == (2, True)
    assert run("verify", journal, "--head", tmp_path / "none")[0] == 2


@pytest.mark.parametrize("command", ["head", "verify", "show"])
def test_a_folder_without_a_journal_ends_with_2_and_stays_empty(run: Run, tmp_path: Path, command: str) -> None:
    arguments = ["x"] if command == "show" else []
    assert run(command, tmp_path, *arguments)[0] == 2
    assert list(tmp_path.iterdir()) == []


# The lines of a call.


@pytest.mark.law("¶16", "K18", "K31")
def test_all_lines_of_a_call_are_shown_and_who_looked_is_recorded_first(run: Run, journal: Path) -> None:
    call = orjson.loads([*lines(segments_of(journal / "worker-1")[0])][1])["call"]
    code, out, _ = run("show", journal, call, "--by", "an", "--why", "case 7")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines() if not line.startswith(" ")] == ["verdict", "end"]
    assert "    called: +3293330000\n" in out
    assert "digests" not in out
    (look,) = looks(journal)
    assert (look["by"], look["what"], look["why"], look["calls"]) == ("an", "journal show", "case 7", 1)
    assert look["personal"]["asked"]["value"] == {"call": call}


def test_lines_are_shown_as_json_with_their_place(run: Run, journal: Path) -> None:
    wanted = [*lines(segments_of(journal / "worker-1")[1])][1]
    call_id = orjson.loads(wanted)["call_id"]
    told = [json.loads(line) for line in run("show", journal, call_id, "--json")[1].splitlines()]
    assert [one["line"]["kind"] for one in told] == ["verdict", "end"]
    assert told[0] == {"chain": "worker-1", "segment": 2, "number": 2, "line": orjson.loads(wanted)}


def test_a_call_that_nobody_knows_ends_with_1_and_was_asked_for_all_the_same(run: Run, journal: Path) -> None:
    code, out, _ = run("show", journal, "nobody")
    assert (code, "no line of 'nobody'" in out) == (1, True)
    assert [look["calls"] for look in looks(journal)] == [0]


def test_what_is_asked_for_in_bytes_that_are_no_text_is_nobody_and_was_asked_for(run: Run, journal: Path) -> None:
    code, out, err = run("show", journal, os.fsdecode(b"caf\xe9"))
    assert code == 1
    assert "no line of 'caf" in out + err
    (look,) = looks(journal)
    assert look["calls"] == 0
    assert "caf" in look["personal"]["asked"]["value"]["call"]


def test_what_cannot_be_recorded_is_not_shown(run: Run, journal: Path) -> None:
    call = orjson.loads([*lines(segments_of(journal / "worker-1")[0])][1])["call"]
    (journal / "desk").write_text("in the way")
    code, out, err = run("show", journal, call)
    assert (code, out, "desk" in err) == (2, "", True)


def test_a_terminal_is_told_nothing_by_what_a_peer_wrote(run: Run, tmp_path: Path) -> None:
    journal = opened(tmp_path)
    record = verdict("c", call_id="\x1b[2Jx\x9b1m")
    record.personal = {"identity": ["From: \x1b]0;owned\x07 <sip:a@x>", "P-Asserted-Identity: \u202e<sip:b@x>"]}
    journal.append([record, end("c")])
    journal.close()
    code, out, _ = run("show", tmp_path, "c")
    assert code == 0
    assert all(character.isprintable() or character == "\n" for character in out)
    assert "owned" in out


def test_a_copy_of_a_journal_verifies_where_it_was_taken(run: Run, journal: Path, key: Path, tmp_path: Path) -> None:
    run("sign", journal, "--key", key)
    shutil.copytree(journal, tmp_path / "copy")
    assert run("verify", tmp_path / "copy", "--key", f"{key}.pub")[0] == 0
