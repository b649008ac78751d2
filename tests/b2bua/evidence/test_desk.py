"""The desk's chain: what was said to be entered stands, whatever happens to the command, the disk or the power."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from b2bua.call import Record
from b2bua.errors import JournalError
from b2bua.evidence import Desk, segments_of, verify
from b2bua.evidence import desk as module
from b2bua.evidence.desk import look
from b2bua.evidence.packing import pack
from tests.b2bua.evidence.making import WHEN, salts


def line(word: object, **personal: object) -> Record:
    return Record("note", "", WHEN, {"word": word}, personal)


def said(desk: Desk) -> list[object]:
    return [one["word"] for one in desk.lines() if one["kind"] == "note"]


def holds(desk: Desk) -> bool:
    return verify(segments_of(desk.directory)) is None


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, salts, patience=0.1)


@pytest.fixture
def last(desk: Desk) -> Path:
    """Its segment, with two lines."""
    desk.write([line("one"), line("two")])
    return segments_of(desk.directory)[-1]


def test_it_begins_with_its_first_line(desk: Desk) -> None:
    assert list(desk.lines()) == []
    assert not desk.directory.exists(), "reading makes nothing"
    desk.write([line("one", number="+3225551212")])
    first, second = desk.lines()
    assert (first["kind"], first["segment"], first["open"]) == ("segment", 1, [])
    assert second["personal"]["number"]["value"] == "+3225551212"
    assert holds(desk)


def test_each_command_goes_on_where_the_one_before_ended(desk: Desk) -> None:
    for word in range(5):
        Desk(desk.journal, salts).write([line(word)])
    assert said(desk) == [0, 1, 2, 3, 4]
    assert len(segments_of(desk.directory)) == 1
    assert holds(desk)


def test_a_full_segment_is_followed_by_another(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT", 600)
    for word in range(8):
        desk.write([line(word)])
    assert len(segments_of(desk.directory)) > 2
    assert said(desk) == list(range(8))
    assert [one["segment"] for one in desk.lines() if one["kind"] == "segment"] == [
        *range(1, len(segments_of(desk.directory)) + 1)
    ]
    assert holds(desk)


def test_it_goes_on_after_a_segment_that_was_packed(desk: Desk, last: Path) -> None:
    pack(last)
    desk.write([line("three")])
    assert said(desk) == ["one", "two", "three"]
    assert [path.name for path in segments_of(desk.directory)] == [
        "journal-00000001.jsonl.gz",
        "journal-00000002.jsonl",
    ]
    assert holds(desk)


# Killed, or without power.


@pytest.mark.parametrize("size", range(1, 40, 3))
def test_a_torn_last_line_is_none_and_the_next_command_takes_it_off(desk: Desk, last: Path, size: int) -> None:
    whole = last.read_bytes()
    last.write_bytes(whole + b'{"kind":"note","word":"torn","at":"2026'[:size])
    assert said(desk) == ["one", "two"]
    desk.write([line("three")])
    assert said(desk) == ["one", "two", "three"]
    assert last.read_bytes().startswith(whole)
    assert holds(desk)


@pytest.mark.parametrize("cut", [1, 2, 50])
def test_a_line_that_lost_its_end_was_never_said_to_stand(desk: Desk, last: Path, cut: int) -> None:
    last.write_bytes(last.read_bytes()[:-cut])
    assert said(desk) == ["one"]
    desk.write([line("again")])
    assert said(desk) == ["one", "again"]
    assert holds(desk)


def test_zeros_that_a_loss_of_power_left_are_no_line(desk: Desk, last: Path) -> None:
    last.write_bytes(last.read_bytes() + bytes(5_000))
    assert said(desk) == ["one", "two"]
    desk.write([line("three")])
    assert said(desk) == ["one", "two", "three"]
    assert holds(desk)


@pytest.mark.parametrize("left", [b"", b'{"kind":"segm'])
def test_a_segment_that_was_only_begun_is_begun_again(desk: Desk, last: Path, left: bytes) -> None:
    last.with_name("journal-00000002.jsonl").write_bytes(left)
    assert said(desk) == ["one", "two"]
    desk.write([line("three")])
    assert [one["kind"] for one in desk.lines()] == ["segment", "note", "note", "segment", "note"]
    assert holds(desk)


def test_a_first_line_that_was_torn_is_written_again(desk: Desk) -> None:
    desk.directory.mkdir(parents=True)
    (desk.directory / "journal-00000001.jsonl").write_bytes(b'{"kind":"segm')
    assert list(desk.lines()) == []
    desk.write([line("one")])
    assert said(desk) == ["one"]
    assert holds(desk)


def test_what_is_no_line_before_the_last_is_an_error_that_names_it(desk: Desk, last: Path) -> None:
    first, second, third = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(first + b"spilt ink\n" + third)
    with pytest.raises(JournalError, match=r"journal-00000001\.jsonl:2: is not a journal line"):
        list(desk.lines())
    last.write_bytes(first + second + b"spilt ink\n")
    with pytest.raises(JournalError, match=r"the last line of .*journal-00000001\.jsonl: is not a journal line"):
        desk.write([line("three")])


def test_a_killed_command_leaves_a_chain_that_holds(desk: Desk, tmp_path: Path) -> None:
    """Many times, at whatever moment it comes to."""
    writing = (
        "import datetime, sys; from pathlib import Path; from b2bua.evidence.desk import Desk, Record\n"
        "desk, now = Desk(Path(sys.argv[1])), datetime.datetime.now(datetime.UTC)\n"
        "lines = [Record('note', '', now, {'word': word}) for word in ('x' * 20_000, 'y')]\n"
        "print('begun', flush=True)\n"
        "while True: desk.write(lines)"
    )
    told = 0
    for pause in range(3):
        process = subprocess.Popen([sys.executable, "-c", writing, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while len(said(desk)) < told + 2 * pause:
            pass
        process.kill()
        process.wait()
        process.stdout.close()
        desk.write([line("after")])
        assert holds(desk)
        now = len(said(desk))
        assert now > told
        told = now


# The disk is full.


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A disk that has room for so many bytes more."""
    room = [0]
    write = os.write

    def filling(fd: int, data: bytes) -> int:
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        some = data[: room[0]]
        room[0] -= len(some)
        return write(fd, some)

    monkeypatch.setattr(module.os, "write", filling)
    yield room
    monkeypatch.setattr(module.os, "write", write)


@pytest.mark.parametrize("room", [0, 1, 100, 250])
def test_what_finds_no_room_is_refused_whole_and_nothing_of_it_stays(
    desk: Desk, last: Path, full: list[int], room: int
) -> None:
    before = last.read_bytes()
    full[0] = room
    with pytest.raises(JournalError, match="No space left on device"):
        desk.write([line("three"), line("four")])
    assert last.read_bytes() == before
    full[0] = 100_000
    desk.write([line("five")])
    assert said(desk) == ["one", "two", "five"]
    assert holds(desk)


@pytest.mark.parametrize("room", [0, 50])
def test_a_first_line_that_finds_no_room_is_the_first_later(desk: Desk, full: list[int], room: int) -> None:
    full[0] = room
    with pytest.raises(JournalError):
        desk.write([line("one")])
    full[0] = 100_000
    desk.write([line("one")])
    assert [one["kind"] for one in desk.lines()] == ["segment", "note"]
    assert holds(desk)


def test_what_could_not_be_forced_to_disk_was_not_written(
    desk: Desk, last: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "fsync", failing)
        with pytest.raises(JournalError, match="Input/output error"):
            desk.write([line("three")])
    assert said(desk) == ["one", "two"]


def test_a_folder_that_cannot_be_written_is_an_error_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(JournalError, match="cannot be written"):
        Desk(tmp_path / "journal").write([line("one")])


# Several at once.


def test_what_was_read_stays_true_until_it_is_written(desk: Desk) -> None:
    other = Desk(desk.journal, patience=0.05)
    with desk.writing() as append:
        with pytest.raises(JournalError, match="is being written by another command"):
            other.write([line("other")])
        assert said(desk) == []
        append([line("own")])
    other.write([line("other")])
    assert said(desk) == ["own", "other"]
    assert holds(desk)


def test_whoever_fails_while_he_holds_it_lets_it_go(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError), desk.writing():
        raise ZeroDivisionError
    Desk(desk.journal, patience=0.0).write([line("one")])


def test_commands_at_once_write_one_after_the_other(desk: Desk, tmp_path: Path) -> None:
    def count() -> None:
        own = Desk(tmp_path)  # which opens the folder for itself, as a process of its own would
        for _ in range(10):
            with own.writing() as append:
                append([line(len(said(own)))])

    with ThreadPoolExecutor(4) as pool:
        for counting in [pool.submit(count) for _ in range(4)]:
            counting.result()
    assert said(desk) == list(range(40)), "each has read what stood as it wrote"
    assert holds(desk)


# What is long, or no text.


def test_an_entry_of_a_hundred_thousand_numbers_is_one_line(desk: Desk) -> None:
    numbers = [f"+32{number:09d}" for number in range(100_000)]
    desk.write([line("before")])
    desk.write([line("long", numbers=numbers)])
    desk.write([line("after")])
    assert said(desk) == ["before", "long", "after"]
    told = [one for one in desk.lines() if one.get("word") == "long"]
    assert told[0]["personal"]["numbers"]["value"] == numbers
    assert holds(desk)


def test_bytes_of_a_command_line_that_are_no_utf_8_are_kept_as_escapes(desk: Desk) -> None:
    desk.write([line("caf\udce9", name="caf\udce9")])
    (told,) = [one for one in desk.lines() if one["kind"] == "note"]
    assert told["word"] == told["personal"]["name"]["value"] == "caf\\udce9"
    assert holds(desk)


# A look at evidence.


def test_who_was_shown_what_is_a_line(desk: Desk) -> None:
    look(desk, "ada", "case find", {"number": "+3225551212"}, calls=3, why="case-1", now=WHEN)
    (told,) = [one for one in desk.lines() if one["kind"] == "look"]
    assert {key: told[key] for key in ("by", "what", "calls", "why", "at")} == {
        "by": "ada",
        "what": "case find",
        "calls": 3,
        "why": "case-1",
        "at": "2026-01-31T12:00:00Z",
    }
    assert told["personal"]["asked"]["value"] == {"number": "+3225551212"}


def test_a_look_that_cannot_be_recorded_is_none(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(JournalError):
        look(Desk(tmp_path / "journal"), "ada", "case find", {}, calls=1, why="", now=WHEN)
