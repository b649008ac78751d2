"""The evidence of several workers: a chain for each, read as one journal."""

from pathlib import Path

import pytest

from b2bua.commands.journal import verify as verify_command
from b2bua.evidence import Journal, chains_of, verify
from b2bua.replay import segments, verdict_lines
from tests.b2bua.evidence.making import WHEN, calls, crash, end, opened, read, salts, verdict

SIZE = 65_536


def written(folder: Path) -> list[Path]:
    """Two workers, one call each; the second is killed in the middle of its own."""
    folders = [folder / "worker-1", folder / "worker-2"]
    for name, each in zip("ab", folders, strict=True):
        each.mkdir()
        journal = opened(each)
        journal.append([verdict(name)])
        if name == "a":
            journal.append([end(name)])
            journal.close()
        else:
            crash(journal)
    return folders


def test_every_chain_is_found_and_verified_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = written(tmp_path)
    assert [chain[0].parent for chain in chains_of(tmp_path)] == folders
    assert all(verify(chain) is None for chain in chains_of(tmp_path))
    assert verify_command(tmp_path) == 0
    assert "2 chains hold" in capsys.readouterr().out
    segment = next(folders[1].iterdir())
    segment.write_bytes(segment.read_bytes().replace(b'"verdict":"pass"', b'"verdict":"drop"'))
    assert verify_command(tmp_path) == 1
    assert "worker-2" in capsys.readouterr().out


def test_ten_workers_stand_in_their_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        (tmp_path / f"worker-{number}").mkdir()
        opened(tmp_path / f"worker-{number}").close()
    assert [chain[0].parent.name for chain in chains_of(tmp_path)] == ["worker-1", "worker-2", "worker-10"]


def test_a_replay_reads_the_verdicts_of_all(tmp_path: Path) -> None:
    written(tmp_path)
    found = [line.fields["call"] for line in verdict_lines(segments(tmp_path))]  # type: ignore[union-attr]
    assert sorted(map(str, found)) == ["a", "b"]


def test_calls_that_outlive_their_worker_are_not_interrupted(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("lost"), verdict("standing"), verdict("over"), end("over")])
    crash(journal)
    again = Journal.open(tmp_path, SIZE, salts, WHEN, {"standing"})
    assert calls(tmp_path, "end") == ["over", "lost"]
    assert [again.is_open(call) for call in ("lost", "standing", "over")] == [False, True, False]
    again.append([end("standing")])
    again.close()
    opened(tmp_path).close()
    assert calls(tmp_path, "end") == ["over", "lost", "standing"]


def test_a_chain_that_nobody_goes_on_with_is_settled_once(tmp_path: Path) -> None:
    folders = written(tmp_path)
    for _ in range(2):
        for folder in folders:
            Journal.settle(folder, SIZE, salts, WHEN)
    assert [len(chain) for chain in chains_of(tmp_path)] == [1, 2]
    assert calls(folders[1], "end") == ["b"]
    assert read(folders[1])[-1]["cause"] == "interrupted"
