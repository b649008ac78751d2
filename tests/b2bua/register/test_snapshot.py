"""What workers read: whole or not at all, and always to be made again from the desk."""

import os
from pathlib import Path

import pytest

from b2bua.errors import JournalError, RegisterError
from b2bua.evidence import segments_of
from b2bua.register import snapshot, withdraw
from b2bua.register.acts import end
from b2bua.register.snapshot import Snapshot
from tests.b2bua.register.making import DAY, NOW, TODAY, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office.at(tmp_path)
    made.enter()
    made.enter("consent")
    return made


@pytest.fixture
def path(office: Office) -> Path:
    return snapshot.path_of(office.journal)


def names(office: Office) -> dict[str, tuple[str, ...]]:
    return dict(snapshot.read(office.journal).names)


WHOLE = {"consent": ("consent-1",), "blocked_user": ("blocked_user-1",)}


def test_it_joins_what_stands_in_files(office: Office) -> None:
    entered = snapshot.read(office.journal)
    written = entered.register
    both = entered.beside(written)
    assert [len(both.consent), len(both.blocked_user), len(both.agreement)] == [2, 2, 0]
    assert Snapshot().beside(written) is written


def test_where_nothing_was_ever_entered_there_is_none(tmp_path: Path) -> None:
    assert snapshot.read(tmp_path) == Snapshot()
    assert snapshot.read_or_make(tmp_path, NOW) == Snapshot()
    assert not (tmp_path / "desk").exists()


def test_when_all_is_withdrawn_it_is_as_if_nothing_had_been_entered(office: Office) -> None:
    for name in ("consent-1", "blocked_user-1"):
        withdraw(office.desk, office.config, name, by="ada", why="", now=NOW)
    assert snapshot.read(office.journal).digest == ""


@pytest.mark.parametrize("at", range(0, 700, 37))
def test_no_byte_of_it_can_be_changed_unseen(office: Office, path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    start = data.index(b"\n") + 1
    place = start + at % (len(data) - start)
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(RegisterError, match="`b2bua register publish` makes it again"):
        snapshot.read(office.journal)


@pytest.mark.parametrize("size", [0, 1, 40, 200, 300])
def test_a_part_of_it_is_none(office: Office, path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(RegisterError):
        snapshot.read(office.journal)


def test_what_cannot_be_used_or_is_gone_is_made_again(office: Office, path: Path) -> None:
    for ruin in (lambda: path.write_bytes(b"{}"), path.unlink):
        ruin()
        assert dict(snapshot.read_or_make(office.journal, NOW).names) == WHOLE
        assert names(office) == WHOLE


def test_what_cannot_be_made_again_either_is_an_error(office: Office, path: Path) -> None:
    path.write_bytes(b"{}")
    (segment,) = segments_of(office.desk.directory)
    segment.write_bytes(b"spilt ink\n" + segment.read_bytes())
    with pytest.raises(JournalError, match="is not a journal line"):
        snapshot.read_or_make(office.journal, NOW)


def test_a_command_that_died_between_the_desk_and_it_is_made_good(office: Office, path: Path) -> None:
    before = path.read_bytes()
    office.enter("agreement")
    path.write_bytes(before)  # as it was before the last act
    assert not snapshot.is_current(office.desk, office.entries(), TODAY)
    snapshot.renew(office.desk, NOW)
    assert names(office) == {**WHOLE, "agreement": ("agreement-1",)}


def test_it_stands_in_its_place_before_it_is_said_to(
    office: Office, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss of power afterwards does not bring the one before back."""
    forced = list[tuple[Path, tuple[str, ...]]]()

    def force(folder: Path) -> None:
        forced.append((folder, names(office).get("agreement", ())))

    monkeypatch.setattr("b2bua.evidence.disk.force", force)
    office.enter("agreement")
    assert forced[-1] == (path.parent, ("agreement-1",))


def test_what_is_as_it_should_be_is_left_alone(office: Office, path: Path) -> None:
    end(office.desk, office.config, "consent-1", by="ada", why="", now=NOW)
    before = os.stat(path).st_ino
    snapshot.renew(office.desk, NOW + 3 * DAY)  # the consent has ended meanwhile, which is no other state
    assert os.stat(path).st_ino == before


def test_each_has_a_mark_of_its_own(office: Office) -> None:
    first = snapshot.mark(office.journal)
    office.enter()
    assert first != snapshot.mark(office.journal) is not None
    assert snapshot.mark(office.journal / "elsewhere") is None
