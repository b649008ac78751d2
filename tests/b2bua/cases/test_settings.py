"""`[cases]`, and who stands on the other side of a trunk."""

from pathlib import Path

import pytest

from b2bua.config import Cases, Language, Result, read
from tests.b2bua.cases.making import CONFIG


def result(folder: Path, table: str) -> Result:
    path = folder / "b2bua.toml"
    head, rest = CONFIG.split("[cases]\n", 1)
    path.write_text(f"{head}[cases]\n{table}\n{rest[rest.index('[[trunk]]') :]}")
    return read(path)


def problem(folder: Path, table: str) -> str:
    return " ".join(map(str, (mistake for mistake in result(folder, table).mistakes if mistake.fatal)))


def test_without_the_table_a_clock_may_be_five_minutes_wrong_and_answers_are_french() -> None:
    assert Cases() == Cases(language=Language.FRENCH, clock_error_seconds=300, webhook=None)


def test_all_of_it_is_read(tmp_path: Path) -> None:
    table = (
        'operator = "We"\ncontact = "us"\nlanguage = "nl"\nclock_error_seconds = 0\nwebhook = "https://a.example/b?c=d"'
    )
    config = result(tmp_path, table).config
    assert config is not None
    assert config.cases == Cases(
        operator="We", contact="us", language=Language.DUTCH, clock_error_seconds=0, webhook="https://a.example/b?c=d"
    )


def test_a_trunk_says_whose_network_is_on_its_other_side(tmp_path: Path) -> None:
    config = result(tmp_path, "").config
    assert config is not None
    assert [(trunk.operator, trunk.contact) for trunk in config.trunk] == [
        ("Carrier Łódź", "noc@carrier.example"),
        ("", ""),
    ]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('language = "de"', "'de' is none of 'fr', 'nl', 'en'"),
        ("clock_error_seconds = -1", "must be >= 0"),
        ("clock_error_seconds = 86401", "must be <= 86400"),
        ('webhook = "chat.example.be/hook"', "cases.webhook: is no address of the web"),
        ('webhook = "ftp://chat.example.be/"', "is no address of the web"),
        ('webhook = "https://user:s3cret@chat.example.be/"', "is no address of the web"),
        ('hook = "x"', "is no key of this table"),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path: Path, table: str, told: str) -> None:
    assert told in problem(tmp_path, table)


def test_a_secret_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    assert "s3cret" not in problem(tmp_path, 'webhook = "https://user:s3cret@chat.example.be/"')
    assert "s3cret" not in repr(result(tmp_path, 'webhook = "https://chat.example.be/s3cret"').config)
