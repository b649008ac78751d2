import stat
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.errors import JournalError
from b2bua.evidence.forgetting import MARK, make_key, pseudonym, read_key

KEY = bytes(range(32))


def test_a_number_has_one_pseudonym_under_a_key_and_another_under_another() -> None:
    assert pseudonym(KEY, "+32470123456") == pseudonym(KEY, "+32470123456")
    assert pseudonym(KEY, "+32470123456") != pseudonym(KEY[::-1], "+32470123456")


def test_the_pseudonym_of_a_pseudonym_is_itself() -> None:
    once = pseudonym(KEY, "+32470123456")
    assert pseudonym(KEY, once) == once


@given(st.text(max_size=40))
def test_no_pseudonym_shows_the_number(number: str) -> None:
    hidden = pseudonym(KEY, number)
    assert hidden.startswith(MARK)
    assert len(hidden) == 33
    assert number.startswith(MARK) or not number or hidden[1:] != number


def test_numbers_have_pseudonyms_of_their_own() -> None:
    assert len({pseudonym(KEY, f"+3247{number:07d}") for number in range(5_000)}) == 5_000


def test_bytes_that_are_no_text_have_one_too() -> None:
    assert pseudonym(KEY, "\udcff") != pseudonym(KEY, "\udcfe")


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "hashes.key"
    key = make_key(path, Random(1).randbytes)
    assert read_key(path) == key
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(JournalError, match="cannot be made"):
        make_key(path)
    assert read_key(path) == key


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hashes.key"
    make_key(path)
    path.chmod(0o640)
    with pytest.raises(JournalError, match="chmod 600"):
        read_key(path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_file_of_another_size_is_no_key(tmp_path: Path, size: int) -> None:
    path = tmp_path / "hashes.key"
    path.touch(0o600)
    path.write_bytes(bytes(size))
    with pytest.raises(JournalError, match="no key"):
        read_key(path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be read"):
        read_key(tmp_path / "hashes.key")
