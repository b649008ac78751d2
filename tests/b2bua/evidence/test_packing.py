import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from b2bua.errors import JournalError
from b2bua.evidence import chains_of, segments_of, verify
from b2bua.evidence.packing import pack, pack_closed
from b2bua.evidence.purging import LOCK, tending
from b2bua.evidence.reading import is_packed, lines
from tests.b2bua.evidence.making import opened
from tests.b2bua.evidence.test_reading import several


def everything(folder: Path) -> list[bytes]:
    return [line for segment in segments_of(folder) for line in lines(segment)]


def test_closed_segments_are_packed_and_the_chain_holds_as_before(tmp_path: Path) -> None:
    (tmp_path / "worker-1").mkdir()
    for folder in (tmp_path, tmp_path / "worker-1"):
        several(folder)
    before = everything(tmp_path)
    made = pack_closed(tmp_path)
    assert len(made) == 6
    assert everything(tmp_path) == before
    for chain in chains_of(tmp_path):
        assert [is_packed(path) for path in chain] == [True, True, True, False]
        assert verify(chain) is None
    assert pack_closed(tmp_path) == []


def test_a_packed_segment_is_a_fraction_of_what_it_was(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    before = path.stat().st_size
    assert pack(path).stat().st_size < before / 2


def test_who_may_read_a_segment_may_read_it_packed(tmp_path: Path) -> None:
    path = several(tmp_path)[0]
    path.chmod(0o604)
    assert stat.S_IMODE(pack(path).stat().st_mode) == 0o604


def test_the_writer_of_a_journal_and_its_packer_do_not_meet(tmp_path: Path) -> None:
    journal = opened(tmp_path, 4_096)
    writing = segments_of(tmp_path)[-1]
    pack_closed(tmp_path)
    assert writing.exists()
    journal.close()


class Killed(BaseException):
    """What a process meets that is killed."""


@pytest.mark.parametrize("name", ["fchmod", "fsync", "replace", "unlink", "open"])
def test_whoever_dies_as_he_packs_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = several(tmp_path)[0]
    before = everything(tmp_path)

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, name, dies)
        with pytest.raises(Killed):
            pack(path)
    assert everything(tmp_path) == before
    pack_closed(tmp_path)
    assert everything(tmp_path) == before
    assert not path.exists()
    assert verify(segments_of(tmp_path)) is None


def test_a_disk_that_is_full_leaves_a_segment_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = several(tmp_path)[0]
    before = sorted(tmp_path.iterdir())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        pack(path)
    assert sorted(tmp_path.iterdir()) == before


def test_a_segment_that_is_changed_as_it_is_packed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = several(tmp_path)[0]
    real = os.fsync

    def meddles(fd: int) -> None:
        real(fd)
        path.write_bytes(path.read_bytes().replace(b'"pass"', b'"drop"'))

    monkeypatch.setattr(os, "fsync", meddles)
    with pytest.raises(JournalError, match="was changed while it was packed"):
        pack(path)
    assert path.exists()
    assert not Path(f"{path}.gz").exists()


def test_nobody_packs_what_somebody_else_purges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    several(tmp_path)
    monkeypatch.setattr("b2bua.evidence.purging._PAUSE", 0.0)
    with tending(tmp_path), pytest.raises(JournalError, match="by another"), tending(tmp_path, patience=0.0):
        pass
    assert (tmp_path / LOCK).exists()
    held, free = list[Path](), tending

    @contextmanager
    def watched(journal: Path) -> Iterator[None]:
        with free(journal):
            held.append(journal)
            yield

    monkeypatch.setattr("b2bua.evidence.packing.tending", watched)
    assert len(pack_closed(tmp_path)) == 3
    assert held == [tmp_path]
