import gzip
import os
from pathlib import Path

import orjson
import pytest

from b2bua.errors import JournalError
from b2bua.evidence import Desk, Journal, Place, chains_of, lines, records, records_at, segments_of
from b2bua.evidence.packing import pack
from b2bua.evidence.reading import chain_name, closed, line_at, lines_at, lines_of_call, number_of, whole_lines
from tests.b2bua.evidence.making import WHEN, crash, end, opened, verdict

SMALL = 4_096


def several(folder: Path) -> list[Path]:
    """A chain of some segments, all but the last of them closed."""
    journal = opened(folder, SMALL)
    while journal.number < 4:
        number = journal.previous[:8]
        journal.append([verdict(f"c{number}", call_id=f"id-{number}"), end(f"c{number}")])
    journal.close()
    return segments_of(folder)


def damaged(path: Path, packed: Path) -> None:
    """A packed segment that lost its end."""
    packed.write_bytes(packed.read_bytes()[:-20])
    assert not path.exists()


# Segments.


def test_a_packed_segment_stands_in_its_place_among_the_others(tmp_path: Path) -> None:
    first, second, third, fourth = several(tmp_path)
    packed = pack(second)
    assert segments_of(tmp_path) == [first, packed, third, fourth]
    assert [number_of(path) for path in segments_of(tmp_path)] == [1, 2, 3, 4]


def test_a_segment_in_both_forms_counts_once_as_it_was_before(tmp_path: Path) -> None:
    segments = several(tmp_path)
    Path(f"{segments[1]}.gz").write_bytes(b"")
    assert segments_of(tmp_path) == segments


def test_only_what_another_line_follows_is_closed(tmp_path: Path) -> None:
    segments = several(tmp_path)
    assert closed(segments) == segments[:3]
    # Power went while the next one was new: nothing shows that the writer has left the fourth.
    following = tmp_path / "journal-00000005.jsonl"
    following.write_bytes(b"\0" * SMALL)
    assert closed(segments_of(tmp_path)) == segments[:3]
    assert closed([]) == closed([following]) == []


def test_every_chain_has_a_name_in_its_journal(tmp_path: Path) -> None:
    (tmp_path / "worker-1").mkdir()
    for folder in (tmp_path, tmp_path / "worker-1"):
        opened(folder).close()
    Desk(tmp_path).write([verdict("x")])
    assert [chain_name(tmp_path, chain[0]) for chain in chains_of(tmp_path)] == ["", "worker-1", "desk"]


# Lines.


def test_both_forms_of_a_segment_have_the_same_lines(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    plain = list(lines(path)), list(whole_lines(path)), list(records(path)), line_at(path, 2)
    packed = pack(path)
    assert (list(lines(packed)), list(whole_lines(packed)), list(records(packed)), line_at(packed, 2)) == plain
    assert [number for number, _ in plain[2]] == list(range(1, len(plain[0]) + 1))


def test_a_segment_that_is_packed_after_it_was_found_is_read_all_the_same(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    before = list(lines(path))
    pack(path)
    assert list(lines(path)) == before


def test_a_segment_that_is_being_written_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    (path,) = segments_of(tmp_path)
    journal.append([verdict("a")])
    assert [orjson.loads(line)["call"] for line in whole_lines(path)] == ["", "a"]
    journal.append([verdict("b"), end("a")])
    assert [orjson.loads(line)["call"] for line in whole_lines(path)] == ["", "a", "b", "a"]
    journal.close()


def test_a_line_is_followed_when_it_is_whole(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), verdict("b")])
    crash(journal)
    (path,) = segments_of(tmp_path)
    whole = path.read_bytes().rstrip(b"\0")
    for torn in (whole[:-1], whole[:-30], whole[:-30] + b"\0" * 50):
        path.write_bytes(torn)
        assert len(list(whole_lines(path))) == len(list(records(path))) == 2
        assert lines_at(path, [2, 3, 99]).keys() == {2}


def test_a_line_that_is_not_there_is_a_journal_error(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    for number in (0, -1, 10_000):
        with pytest.raises(JournalError, match=f"has no line {number}"):
            line_at(path, number)


@pytest.mark.parametrize("line", [b"garbage", b"[]", b'"text"', b"3"])
def test_a_line_that_is_none_is_named_with_its_place(tmp_path: Path, line: bytes) -> None:
    path = several(tmp_path)[0]
    path.write_bytes(line + b"\n")
    with pytest.raises(JournalError, match=f"{path}:1: is not a journal line"):
        list(records(path))
    with pytest.raises(JournalError, match=f"{path}:1: is not a journal line"):
        records_at(tmp_path, [Place("", 1, 1)])


def test_a_packed_segment_that_is_damaged_is_a_journal_error(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    packed = pack(path)
    good = packed.read_bytes()
    for bad in (good[:-20], good[:-4] + b"\xff" * 4, good[:50] + b"\xff" * 20 + good[70:], b"no gzip at all"):
        packed.write_bytes(bad)
        for read in (lines, whole_lines, records):
            with pytest.raises(JournalError, match="cannot be unpacked"):
                list(read(packed))


# Places.


def test_lines_are_found_at_their_places_in_the_order_asked_for(tmp_path: Path) -> None:
    (tmp_path / "worker-1").mkdir()
    several(tmp_path)
    several(tmp_path / "worker-1")
    pack(segments_of(tmp_path / "worker-1")[1])
    places = [Place("worker-1", 2, 3), Place("", 3, 2), Place("worker-1", 2, 2), Place("", 1, 1)]
    found = records_at(tmp_path, places)
    assert list(found) == places
    for place, record in found.items():
        segment = segments_of(tmp_path / place.chain)[place.segment - 1]
        assert record == orjson.loads(line_at(segment, place.line))


@pytest.mark.parametrize("place", [Place("", 1, 99), Place("", 99, 1), Place("worker-7", 1, 1)])
def test_a_place_that_is_not_there_is_a_journal_error(tmp_path: Path, place: Place) -> None:
    several(tmp_path)
    with pytest.raises(JournalError, match=r"has no line 99|cannot be read: No such file"):
        records_at(tmp_path, [Place("", 1, 1), place])


def test_the_lines_of_a_call_are_found_by_its_name_and_by_either_call_id(tmp_path: Path) -> None:
    (tmp_path / "worker-2").mkdir()
    journal = opened(tmp_path / "worker-2", SMALL)
    journal.append([verdict("ours", call_id='a"\\b'), verdict("other", call_id="ours-too")])
    while journal.number == 1:
        journal.append([verdict("x"), end("x")])
    answer = verdict("ours")
    answer.kind, answer.facts = "answer", {"b_call_id": "beyond"}
    journal.append([answer, end("ours"), end("other")])
    journal.close()
    pack(journal.segments()[0])
    for name in ("ours", 'a"\\b', "beyond"):
        found = list(lines_of_call(tmp_path, name))
        assert [record["kind"] for _, record in found] == ["verdict", "answer", "end"]
        assert {record["call"] for _, record in found} == {"ours"}
        assert records_at(tmp_path, [place for place, _ in found]) == dict(found)
    assert list(lines_of_call(tmp_path, "our")) == []


def test_a_file_is_closed_when_its_lines_are_read_no_further(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    before = len(os.listdir("/proc/self/fd"))
    for read in (path, pack(path)):
        assert next(lines(read))
        assert next(whole_lines(read))
    assert len(os.listdir("/proc/self/fd")) == before


def test_any_tool_can_unpack_a_segment(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    before = path.read_bytes()
    assert gzip.decompress(pack(path).read_bytes()) == before


def test_a_journal_goes_on_behind_packed_segments(tmp_path: Path) -> None:
    segments = several(tmp_path)
    for path in closed(segments):
        pack(path)
    again = Journal.open(tmp_path, SMALL, os.urandom, WHEN)
    assert again.number == 5
    again.close()
