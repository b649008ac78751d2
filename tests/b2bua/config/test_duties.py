"""`[retention]` and `[nomadic]`."""

from pathlib import Path

import pytest

from b2bua.config import read

REST = '[journal]\ndirectory = "journal"\n[[trunk]]\nname = "T"\nlisten = ["127.0.0.1:5060"]\npeers = ["127.0.0.2"]\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "b2bua.toml"
    path.write_text(REST + text)
    return path


def fatal(tmp_path: Path, text: str) -> list[str]:
    return [mistake.key for mistake in read(written(tmp_path, text)).mistakes if mistake.fatal]


@pytest.mark.law("K31")
def test_nothing_is_forgotten_unless_that_is_asked_for(tmp_path: Path) -> None:
    config = read(written(tmp_path, "")).config
    assert config is not None
    assert config.retention is None


@pytest.mark.law("K31")
def test_the_periods_that_hold_unless_others_are_named(tmp_path: Path) -> None:
    config = read(written(tmp_path, '[retention]\nkey_file = "secret/hashes.key"')).config
    assert config is not None
    assert config.retention is not None
    assert (config.retention.full_days, config.retention.hashed_days) == (120, 365)
    assert (config.retention.case_days, config.retention.entry_days) == (1_825, 1_825)
    assert config.retention.key_file == str(tmp_path / "secret/hashes.key")
    assert (config.nomadic.window_days, config.nomadic.max_share, config.nomadic.min_calls) == (90, 0.25, 20)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[retention]", "retention.key_file"),
        ('[retention]\nkey_file = "k"\nfull_days = 0', "retention.full_days"),
        ('[retention]\nkey_file = "k"\nfull_days = 30\nhashed_days = 29', "retention.hashed_days"),
        ('[retention]\nkey_file = "k"\nhashed_days = 4000', "retention.hashed_days"),
        ('[retention]\nkey_file = "k"\ncase_days = 0', "retention.case_days"),
        ('[retention]\nkey_file = "k"\nentry_days = 40000', "retention.entry_days"),
        ('[retention]\nkey_file = "a\\u0000b"', "retention.key_file"),
        ("[nomadic]\nmax_share = 1.5", "nomadic.max_share"),
        ("[nomadic]\nwindow_days = 0", "nomadic.window_days"),
        ("[nomadic]\nmin_calls = 0", "nomadic.min_calls"),
        ("[nomadic]\nmaxshare = 0.5", "nomadic.maxshare"),
    ],
)
def test_what_makes_no_sense_is_a_mistake_at_its_key(tmp_path: Path, text: str, key: str) -> None:
    assert fatal(tmp_path, text) == [key]


def test_periods_of_one_length_are_none(tmp_path: Path) -> None:
    assert fatal(tmp_path, '[retention]\nkey_file = "k"\nfull_days = 30\nhashed_days = 30') == []


def test_a_key_beside_what_it_hides_is_warned_of(tmp_path: Path) -> None:
    result = read(written(tmp_path, '[retention]\nkey_file = "journal/hashes.key"'))
    (mistake,) = [one for one in result.mistakes if one.key == "retention.key_file"]
    assert not mistake.fatal
    assert "journal's folder" in mistake.problem
