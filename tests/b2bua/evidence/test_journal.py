import datetime
import errno
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b2bua.call import Record
from b2bua.errors import JournalError
from b2bua.evidence import Journal, segments_of, sync, verify
from b2bua.evidence import journal as module
from b2bua.evidence.journal import AGE
from b2bua.evidence.reading import closed
from tests.b2bua.evidence.making import WHEN, calls, crash, end, opened, read, salts, verdict

SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> "Disk":
    return Disk(monkeypatch)


class Disk:
    """The calls by which a journal writes, so that they can fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failing: dict[str, int] = {}
        """Errno by the name of the call that fails."""
        self.shortest: int | None = None
        """How many bytes a write takes at most."""
        self.writes = 0
        for name in ("pwrite", "posix_fallocate", "fsync", "ftruncate"):
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Any) -> Any:
        def called(fd: int, *arguments: Any) -> Any:
            self.writes += name == "pwrite"
            if name in self.failing:
                raise OSError(self.failing[name], os.strerror(self.failing[name]))
            if name == "pwrite" and self.shortest is not None:
                arguments = (arguments[0][: self.shortest], *arguments[1:])
            return real(fd, *arguments)

        return called

    def fill(self) -> None:
        self.failing = {"pwrite": errno.ENOSPC, "posix_fallocate": errno.ENOSPC}

    def empty(self) -> None:
        self.failing = {}


def sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in segments_of(folder)]


# The everyday.


def test_a_new_journal_begins_with_its_segment_line(tmp_path: Path) -> None:
    journal = opened(tmp_path / "deep" / "er")
    (line,) = read(journal.directory)
    assert (line["kind"], line["segment"], line["open"]) == ("segment", 1, [])
    assert line["at"] == "2026-01-31T12:00:00Z"
    journal.close()


def test_what_was_appended_is_there_at_once_in_order_and_the_chain_holds(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    assert journal.append([verdict("a"), verdict("b")])
    assert journal.append([end("a")])
    assert [(line["kind"], line["call"]) for line in read(tmp_path)[1:]] == [
        ("verdict", "a"),
        ("verdict", "b"),
        ("end", "a"),
    ]
    assert verify(segments_of(tmp_path)) is None
    journal.close()
    assert verify(segments_of(tmp_path)) is None


def test_a_batch_is_one_write(tmp_path: Path, disk: Disk) -> None:
    journal = opened(tmp_path)
    disk.writes = 0
    journal.append([verdict(str(n)) for n in range(50)])
    assert disk.writes == 1
    journal.close()


def test_an_empty_batch_writes_nothing(tmp_path: Path, disk: Disk) -> None:
    journal = opened(tmp_path)
    disk.writes = 0
    assert journal.append([])
    assert disk.writes == 0
    journal.close()


def test_a_segment_is_allocated_ahead_and_given_back_at_the_end(tmp_path: Path) -> None:
    journal = opened(tmp_path, 65_536)
    journal.append([verdict("a")])
    assert sizes(tmp_path) == [65_536]
    journal.close()
    assert sizes(tmp_path)[0] < 2_000
    journal.close()


def test_a_journal_that_is_opened_again_goes_on_with_the_chain(tmp_path: Path) -> None:
    for number in range(3):
        journal = opened(tmp_path)
        journal.append([verdict(f"c{number}"), end(f"c{number}")])
        journal.close()
    assert len(segments_of(tmp_path)) == 3
    assert verify(segments_of(tmp_path)) is None
    assert calls(tmp_path, "verdict") == ["c0", "c1", "c2"]
    assert not [line for line in read(tmp_path) if line["kind"] == "repair"]


@pytest.mark.parametrize("text", ["a\udc80b", "\ud800", "\udcff" * 40, "é", "0\0"])
def test_whatever_a_peer_wrote_can_be_kept(tmp_path: Path, text: str) -> None:
    journal = opened(tmp_path)
    record = Record("verdict", "c", WHEN, {"call_id": text, "list": [text]}, {"identity": [text], "map": {text: text}})
    assert journal.append([record, end("c")])
    assert verify(segments_of(tmp_path)) is None
    assert read(tmp_path)[1]["call_id"] == (text.encode("utf-8", "backslashreplace").decode())
    journal.close()


def test_sync_is_asked_for_once_after_each_change(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    first = journal.unsynced()
    assert first is not None
    sync(first)
    assert journal.unsynced() is None
    journal.append([verdict("a")])
    second = journal.unsynced()
    journal.close()  # the descriptor is a duplicate, which a thread may still use
    assert second is not None
    sync(second)
    assert journal.unsynced() is None


def test_a_folder_that_cannot_be_used_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"):
        opened(tmp_path / "file")


def test_two_journals_never_write_into_one_folder(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.append([verdict("a")])
    with pytest.raises(JournalError, match="another process"):
        opened(tmp_path)
    assert calls(tmp_path, "end") == []
    first.append([end("a")])
    first.close()
    opened(tmp_path).close()
    assert verify(segments_of(tmp_path)) is None


# Segments.


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    journal = opened(tmp_path, 4_096)
    for number in range(60):
        journal.append([verdict(f"c{number}")])
    journal.close()
    assert len(segments_of(tmp_path)) > 5
    assert all(size <= 4_096 for size in sizes(tmp_path))
    assert verify(segments_of(tmp_path)) is None
    assert calls(tmp_path, "verdict") == [f"c{number}" for number in range(60)]


def test_a_segment_names_the_calls_that_were_open_when_it_began(tmp_path: Path) -> None:
    journal = opened(tmp_path, 4_096)
    journal.append([verdict("stays"), verdict("goes"), end("goes")])
    while journal.number == 1:
        journal.append([verdict("x"), end("x")])
    (_, second) = [line for line in read(tmp_path) if line["kind"] == "segment"]
    assert second["open"] == ["stays"]
    journal.close()


def test_a_batch_larger_than_a_segment_finds_a_place(tmp_path: Path) -> None:
    journal = opened(tmp_path, 4_096)
    journal.append([verdict("small")])
    assert journal.append([verdict(f"c{number}") for number in range(100)])
    assert journal.append([verdict("after")])
    journal.close()
    assert calls(tmp_path, "verdict") == ["small", *[f"c{number}" for number in range(100)], "after"]
    assert verify(segments_of(tmp_path)) is None
    assert max(sizes(tmp_path)) > 4_096


def test_a_large_first_batch_wastes_no_segment(tmp_path: Path) -> None:
    journal = opened(tmp_path, 4_096)
    journal.append([verdict(f"c{number}") for number in range(100)])
    assert len(segments_of(tmp_path)) == 1
    journal.close()


# After a crash.


def test_calls_that_a_crash_left_open_end_as_interrupted(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), verdict("b"), verdict("c"), end("b")])
    crash(journal)
    again = opened(tmp_path)
    ends = {line["call"]: line["cause"] for line in read(tmp_path) if line["kind"] == "end"}
    assert ends == {"a": "interrupted", "b": "BYE", "c": "interrupted"}
    again.close()
    opened(tmp_path).close()
    assert len(calls(tmp_path, "end")) == 3
    assert verify(segments_of(tmp_path)) is None


def test_a_call_of_an_earlier_segment_ends_as_interrupted_too(tmp_path: Path) -> None:
    journal = opened(tmp_path, 4_096)
    journal.append([verdict("old")])
    while journal.number < 3:
        journal.append([verdict("x"), end("x")])
    crash(journal)
    opened(tmp_path).close()
    assert calls(tmp_path, "end").count("old") == 1


def test_a_torn_last_line_is_cut_off_told_and_kept_beside(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), verdict("b")])
    crash(journal)
    (path,) = segments_of(tmp_path)
    whole = path.read_bytes().rstrip(b"\0")
    path.write_bytes(whole[:-30] + b"\0" * 5_000)
    again = opened(tmp_path)
    last = whole.splitlines()[-1]
    assert verify(segments_of(tmp_path)) is None
    assert calls(tmp_path, "verdict") == ["a"]
    (repair,) = [line for line in read(tmp_path) if line["kind"] == "repair"]
    assert repair["torn_bytes"] == len(last) - 29
    assert path.with_suffix(".torn").read_bytes() == last[:-29] + b"\n"
    again.close()


@pytest.mark.law("K31")
@pytest.mark.parametrize("is_there", [False, True], ids=["new", "there already, for others to read"])
def test_what_was_torn_is_for_its_owner_alone(tmp_path: Path, is_there: bool) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a")])
    crash(journal)
    (path,) = segments_of(tmp_path)
    path.write_bytes(path.read_bytes().rstrip(b"\0")[:-30])
    if is_there:
        path.with_suffix(".torn").write_text("an earlier one\n")
        path.with_suffix(".torn").chmod(0o644)
    before = os.umask(0)
    try:
        opened(tmp_path).close()
    finally:
        os.umask(before)
    assert path.with_suffix(".torn").stat().st_mode & 0o777 == 0o600


@pytest.mark.law("K31")
def test_what_was_torn_once_is_made_private_at_the_next_start(tmp_path: Path) -> None:
    opened(tmp_path).close()
    torn = tmp_path / "journal-00000001.torn"
    torn.write_text("of an older version\n")
    torn.chmod(0o644)
    opened(tmp_path).close()
    assert torn.stat().st_mode & 0o777 == 0o600


def test_however_much_of_a_journal_is_lost_the_rest_goes_on_as_one_chain(tmp_path: Path) -> None:
    journal = opened(tmp_path / "whole")
    journal.append([verdict("a"), end("a"), verdict("b")])
    journal.close()
    whole = segments_of(tmp_path / "whole")[0].read_bytes()
    for cut in range(0, len(whole) + 1, 29):
        for tail in (b"", b"\0" * 50):
            folder = tmp_path / f"cut{cut}-{len(tail)}"
            folder.mkdir()
            (folder / "journal-00000001.jsonl").write_bytes(whole[:cut] + tail)
            again = opened(folder)
            again.append([verdict("new"), end("new")])
            again.close()
            assert verify(segments_of(folder)) is None, cut
            assert set(calls(folder, "verdict")) == set(calls(folder, "end"))


def test_a_line_that_lost_only_its_line_end_is_whole(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a")])
    journal.close()
    (path,) = segments_of(tmp_path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    opened(tmp_path).close()
    assert verify(segments_of(tmp_path)) is None
    assert calls(tmp_path, "verdict") == ["a"]
    assert path.read_bytes().endswith(b"\n")
    assert not path.with_suffix(".torn").exists()


def test_a_segment_that_lost_every_line_breaks_no_chain(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("open")])
    crash(journal)
    # Power went while the next segment was new: its name and room are there, its lines are not.
    (tmp_path / "journal-00000002.jsonl").write_bytes(b"\0" * 4_096)
    opened(tmp_path).close()
    assert [path.name[-7:-6] for path in segments_of(tmp_path)] == ["1", "2", "3"]
    assert verify(segments_of(tmp_path)) is None
    assert calls(tmp_path, "end") == ["open"]


def test_lines_behind_a_hole_are_not_destroyed(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), verdict("b"), verdict("c")])
    journal.close()
    (path,) = segments_of(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"\0" * len(lines[2]), *lines[3:]]))
    opened(tmp_path).close()
    assert verify(segments_of(tmp_path)) is None
    assert lines[3] in path.with_suffix(".torn").read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_for_a_last_segment_are_survived(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "journal-00000001.jsonl").write_bytes(data)
    again = opened(folder, 4_096)
    again.append([verdict("a")])
    again.close()
    assert verify(segments_of(folder)) is None


# A failing disk.


def test_a_full_disk_spools_and_recovers_in_order(tmp_path: Path, disk: Disk) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("before")])
    disk.fill()
    assert not journal.append([verdict("one")])
    assert not journal.append([verdict("two"), end("one")])
    assert (journal.failure, journal.waiting) == (os.strerror(errno.ENOSPC), 3)
    assert not journal.flush()
    disk.empty()
    assert journal.flush()
    assert (journal.failure, journal.waiting) == (None, 0)
    assert journal.append([end("two")])
    journal.close()
    assert calls(tmp_path, "verdict") == ["before", "one", "two"]
    assert calls(tmp_path, "end") == ["one", "two"]
    assert verify(segments_of(tmp_path)) is None


def test_while_the_disk_fails_only_flush_tries_it(tmp_path: Path, disk: Disk) -> None:
    journal = opened(tmp_path)
    disk.fill()
    journal.append([verdict("one")])
    tried = disk.writes
    disk.empty()
    assert not journal.append([verdict("two")])
    assert disk.writes == tried
    assert journal.flush()
    journal.close()


def test_a_disk_that_is_full_at_a_segments_start_leaves_no_half_segment(tmp_path: Path, disk: Disk) -> None:
    journal = opened(tmp_path, 4_096)
    disk.failing = {"posix_fallocate": errno.ENOSPC}
    number = 0
    while journal.append([verdict(f"c{number}")]):
        number += 1
    assert len(segments_of(tmp_path)) == 1
    disk.empty()
    assert journal.flush()
    assert len(segments_of(tmp_path)) == 2
    journal.close()
    assert calls(tmp_path, "verdict") == [f"c{n}" for n in range(number + 1)]
    assert verify(segments_of(tmp_path)) is None


@pytest.mark.parametrize("call", ["fsync", "ftruncate"])
def test_a_segment_that_cannot_be_closed_stops_the_journal_for_one_moment_only(
    tmp_path: Path, disk: Disk, call: str
) -> None:
    journal = opened(tmp_path, 4_096)
    disk.failing = {call: errno.EIO}
    number = 0
    while journal.append([verdict(f"c{number}")]):
        number += 1
    disk.empty()
    assert journal.flush()
    assert journal.append([verdict("after")])
    journal.close()
    assert calls(tmp_path, "verdict") == [*[f"c{n}" for n in range(number + 1)], "after"]
    assert verify(segments_of(tmp_path)) is None


def test_short_writes_are_carried_on(tmp_path: Path, disk: Disk) -> None:
    journal = opened(tmp_path)
    disk.shortest = 10
    assert journal.append([verdict("a"), verdict("b")])
    journal.close()
    assert calls(tmp_path, "verdict") == ["a", "b"]
    assert verify(segments_of(tmp_path)) is None


def test_a_write_that_breaks_off_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(tmp_path)
    real, left = os.pwrite, [2]

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "full")
        return real(fd, bytes(data)[:100], offset) if left[0] > 0 else real(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    assert not journal.append([verdict("a"), verdict("b")])
    assert journal.flush()
    journal.close()
    assert calls(tmp_path, "verdict") == ["a", "b"]
    assert verify(segments_of(tmp_path)) is None


def test_the_spool_is_bounded_and_says_before_that_it_is_full(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SPARE", 4)
    journal = Journal.open(tmp_path, 65_536, salts, WHEN, spool=20)
    disk.fill()
    for number in range(15):
        assert not journal.is_full
        journal.append([verdict(f"c{number}")])
    assert journal.is_full
    for number in range(15, 40):
        journal.append([verdict(f"c{number}")])
    assert journal.waiting == 20
    disk.empty()
    assert journal.flush()
    assert not journal.is_full
    journal.close()
    assert calls(tmp_path, "verdict") == [f"c{number}" for number in range(20)]
    (gap,) = [line for line in read(tmp_path) if line["kind"] == "gap"]
    assert gap["lost_lines"] == 20
    assert verify(segments_of(tmp_path)) is None


@pytest.mark.parametrize("says", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_at_the_start_is_waited_for(tmp_path: Path, disk: Disk, says: int) -> None:
    before = opened(tmp_path)
    before.append([verdict("cut off")])
    crash(before)
    disk.failing = {"posix_fallocate": says}
    journal = opened(tmp_path)
    assert journal.failure == os.strerror(says)
    assert not journal.append([verdict("a")])
    assert not journal.flush()
    assert journal.waiting == 2
    assert journal.unsynced() is None
    disk.empty()
    assert journal.flush()
    assert journal.failure is None
    assert journal.append([end("a")])
    journal.close()
    assert calls(tmp_path, "end") == ["cut off", "a"]
    assert verify(segments_of(tmp_path)) is None


def test_a_journal_that_waits_for_its_disk_is_well_again_without_a_line(tmp_path: Path, disk: Disk) -> None:
    disk.fill()
    journal = opened(tmp_path)
    assert not journal.flush()
    assert journal.failure
    disk.empty()
    assert journal.flush()
    assert journal.failure is None
    assert len(segments_of(tmp_path)) == 1
    journal.close()


def test_a_journal_whose_disk_stayed_full_leaves_no_segment(tmp_path: Path, disk: Disk) -> None:
    disk.fill()
    opened(tmp_path).close()
    journal = opened(tmp_path)
    journal.append([verdict("lost")])
    journal.close()
    assert segments_of(tmp_path) == []
    disk.empty()
    opened(tmp_path).close()
    assert verify(segments_of(tmp_path)) is None


def test_a_disk_that_fails_at_the_start_is_a_journal_error(tmp_path: Path, disk: Disk) -> None:
    disk.failing = {"posix_fallocate": errno.EIO}
    with pytest.raises(JournalError, match="Input/output error"):
        opened(tmp_path)
    disk.empty()
    opened(tmp_path).close()


def test_a_torn_line_is_kept_where_only_its_own_place_is_left_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), verdict("b")])
    crash(journal)
    (path,) = segments_of(tmp_path)
    whole = path.read_bytes().rstrip(b"\0")
    path.write_bytes(whole[:-30] + b"\0" * 5_000)
    real, size = Path.open, len(whole) - 30

    def guarded(self: Path, *arguments: Any, **named: Any) -> Any:
        # A full disk: another file has no room as long as the segment keeps what it has not written to.
        if self.suffix == ".torn" and path.stat().st_size > size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", guarded)
    opened(tmp_path).close()
    assert path.with_suffix(".torn").exists()


# Age.


def test_a_segment_that_is_too_old_is_closed_though_it_is_not_full(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a")])
    journal.turn(WHEN + AGE - SECOND)
    assert journal.number == 1
    journal.turn(WHEN + AGE)
    assert journal.number == 2
    assert closed(segments_of(tmp_path)) == segments_of(tmp_path)[:1]
    journal.turn(WHEN + AGE + SECOND)
    journal.append([end("a")])
    journal.turn(WHEN + AGE + SECOND)
    assert journal.number == 2
    journal.close()
    assert verify(segments_of(tmp_path)) is None


def test_nothing_is_closed_that_has_no_line_of_a_call(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.turn(WHEN + 9 * AGE)
    assert journal.number == 1
    journal.close()


def test_a_disk_that_has_no_place_for_a_younger_segment_goes_on_with_the_old_one(tmp_path: Path, disk: Disk) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a")])
    disk.failing = {"posix_fallocate": errno.ENOSPC}
    journal.turn(WHEN + AGE)
    assert journal.append([end("a")])
    assert (journal.number, journal.failure) == (1, None)
    disk.empty()
    journal.turn(WHEN + AGE)
    assert journal.number == 2
    journal.close()
    assert verify(segments_of(tmp_path)) is None


def test_a_line_knows_its_personal_fields_apart(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, 65_536, salts, WHEN)
    journal.append([verdict("a")])
    line = orjson.loads(segments_of(tmp_path)[0].read_bytes().splitlines()[1])
    assert set(line) == {"kind", "call", "at", "verdict", "digests", "previous", "hash", "personal"}
    assert set(line["personal"]) == set(line["digests"]) == {"called"}
    journal.close()
