from pathlib import Path

import attrs
import pytest

from b2bua.chore import Chore
from b2bua.config import Journal
from b2bua.errors import JournalError
from b2bua.evidence import segments_of
from b2bua.evidence.reading import is_packed
from b2bua.evidence.signing import load_public, make_key
from b2bua.evidence.tending import LANE, chores
from b2bua.evidence.verifying import verify_journal
from tests.b2bua.evidence.making import WHEN
from tests.b2bua.evidence.test_reading import several
from tests.world.scene import CONFIG


def asked_for(folder: Path, **keys: object) -> dict[str, Chore]:
    """The chores of a configuration with these keys of `[journal]`, by name."""
    config = attrs.evolve(CONFIG, journal=Journal(directory=str(folder), **keys))  # type: ignore[arg-type]
    return {chore.name: chore for chore in chores(config)}


def test_segments_are_packed_unless_it_is_said_otherwise_and_signed_where_there_is_a_key(tmp_path: Path) -> None:
    assert asked_for(tmp_path).keys() == {"pack"}
    assert asked_for(tmp_path, signing_key="key").keys() == {"sign", "pack"}
    assert asked_for(tmp_path, pack=False).keys() == set()
    assert {chore.lane for chore in asked_for(tmp_path, signing_key="key").values()} == {LANE}


def test_chores_sign_and_pack_what_is_closed_as_often_as_they_are_done(tmp_path: Path) -> None:
    several(tmp_path / "journal")
    make_key(tmp_path / "key")
    for _ in range(2):
        for chore in asked_for(tmp_path / "journal", signing_key=str(tmp_path / "key")).values():
            chore.run(WHEN)
    assert [is_packed(path) for path in segments_of(tmp_path / "journal")] == [True, True, True, False]
    found = verify_journal(tmp_path / "journal", [load_public(tmp_path / "key.pub")])
    assert (found.broken, found.signed) == ([], 3)


def test_a_key_that_is_not_there_fails_the_chore_with_its_mend(tmp_path: Path) -> None:
    several(tmp_path / "journal")
    with pytest.raises(JournalError, match="b2bua journal key"):
        asked_for(tmp_path / "journal", signing_key=str(tmp_path / "key"))["sign"].run(WHEN)
