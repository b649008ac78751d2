"""The lines of a chain from where it was left, however they fall upon the pieces in which a file is read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.errors import JournalError
from b2bua.evidence import reading
from b2bua.evidence.packing import pack
from b2bua.evidence.reading import segment_name, segments_of
from b2bua.store import tail as tails
from b2bua.store.tail import Tail

LINES = st.lists(st.binary(max_size=200).map(lambda data: data.replace(b"\n", b".").replace(b"\0", b".")), max_size=20)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "CHUNK", 64)


def all_of(tail: Tail, folder: Path, most: int) -> list[bytes]:
    found = list[bytes]()
    while taken := tail.read(segments_of(folder), most):
        assert [place.line for place, _ in taken][-1] == tail.line
        found += [line for _, line in taken]
    return found


@given(
    first=LINES,
    second=LINES,
    rest=st.sampled_from([b"", bytes(500), b"half a line", b"half" + bytes(100)]),
    most=st.integers(1, 9),
)
def test_each_line_is_read_once_and_in_order(
    first: list[bytes], second: list[bytes], rest: bytes, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("chain")
    tail = Tail(folder, "")
    segment = folder / segment_name(1)
    segment.write_bytes(b"".join(line + b"\n" for line in first) + rest)
    assert all_of(tail, folder, most) == first
    assert all_of(tail, folder, most) == []
    with segment.open("r+b") as file:  # in place, as a journal is written
        file.write(b"".join(line + b"\n" for line in [*first, *second]) + rest)
    (folder / segment_name(2)).write_bytes(b"last\n")
    assert all_of(tail, folder, most) == [*second, b"last"]
    assert (tail.segment, tail.line) == (2, 1)


@given(lines=LINES.filter(len), most=st.integers(1, 9), data=st.data())
def test_another_reader_goes_on_where_the_first_was(
    lines: list[bytes], most: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("chain")
    (folder / segment_name(1)).write_bytes(b"".join(line + b"\n" for line in lines))
    left = data.draw(st.integers(0, len(lines)))
    tail = Tail(folder, "")
    tail.resume(1, left)
    assert all_of(tail, folder, most) == lines[left:]
    assert tail.missing == 0


@pytest.mark.parametrize("fault", [OSError("an I/O error"), JournalError("cannot be unpacked")], ids=["disk", "packed"])
def test_a_fault_in_reading_a_packed_segment_that_passes_costs_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    written = [b"line %d" % number for number in range(9)]
    (tmp_path / segment_name(1)).write_bytes(b"".join(line + b"\n" for line in written))
    pack(tmp_path / segment_name(1))
    (tmp_path / segment_name(2)).write_bytes(b"last\n")

    def failing(path: Path) -> Iterator[bytes]:
        for number, line in enumerate(reading.lines(path)):
            if number == 5:
                raise fault
            yield line

    tail = Tail(tmp_path, "")
    with monkeypatch.context() as faulty:
        faulty.setattr(tails, "lines", failing)
        found = [line for _, line in tail.read(segments_of(tmp_path), 3)]
        with pytest.raises(type(fault)):
            tail.read(segments_of(tmp_path), 3)
    assert [*found, *all_of(tail, tmp_path, 3)] == [*written, b"last"]
