"""`[journal]`: what may be chosen of how evidence is kept."""

from pathlib import Path

import pytest

from b2bua.config import Config, WhenFull, read

REST = '[[trunk]]\nname = "T"\nlisten = ["127.0.0.1:5060"]\npeers = ["127.0.0.2"]\n'


def written(tmp_path: Path, keys: str) -> Path:
    path = tmp_path / "b2bua.toml"
    path.write_text(f'[journal]\ndirectory = "journal"\n{keys}\n{REST}')
    return path


def config_of(tmp_path: Path, keys: str) -> Config:
    config = read(written(tmp_path, keys)).config
    assert config is not None
    return config


def test_what_holds_unless_it_is_chosen_otherwise(tmp_path: Path) -> None:
    kept = config_of(tmp_path, "").journal
    assert (kept.segment_mib, kept.segment_hours, kept.spool_lines) == (64, 24, 20_000)
    assert (kept.when_full, kept.signing_key, kept.pack) == (WhenFull.REFUSE, None, True)


def test_a_key_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    kept = config_of(tmp_path, 'signing_key = "secret/journal.key"\nwhen_full = "carry"\npack = false').journal
    assert kept.signing_key == str(tmp_path / "secret/journal.key")
    assert (kept.when_full, kept.pack) == (WhenFull.CARRY, False)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("segment_hours = 0", "journal.segment_hours"),
        ("segment_hours = 745", "journal.segment_hours"),
        ("spool_lines = 1999", "journal.spool_lines"),
        ("spool_lines = 1000001", "journal.spool_lines"),
        ('when_full = "drop"', "journal.when_full"),
        ('pack = "yes"', "journal.pack"),
        ("signing_key = 3", "journal.signing_key"),
        ('signing_key = "a\\u0000b"', "journal.signing_key"),
        ('key = "journal.key"', "journal.key"),
    ],
)
def test_what_makes_no_sense_is_a_mistake_at_its_key(tmp_path: Path, text: str, key: str) -> None:
    mistakes = read(written(tmp_path, text)).mistakes
    assert [mistake.key for mistake in mistakes if mistake.fatal] == [key]


@pytest.mark.parametrize(
    ("path", "problem"),
    [("journal.key", "is not there: nothing is signed"), ("journal/secret/journal.key", "can sign for us")],
)
def test_a_key_that_signs_nothing_or_in_vain_is_warned_of(tmp_path: Path, path: str, problem: str) -> None:
    if path.startswith("journal/"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("")
    result = read(written(tmp_path, f'signing_key = "{path}"'))
    (mistake,) = [mistake for mistake in result.mistakes if mistake.key == "journal.signing_key"]
    assert (mistake.fatal, problem in mistake.problem) == (False, True)
    assert result.config is not None
