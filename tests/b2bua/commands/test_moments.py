"""Moments on the command line: one reading of them, whatever the command."""

import datetime

import pytest

from b2bua.commands.common import moment_of


def utc(*fields: int) -> datetime.datetime:
    return datetime.datetime(*fields, tzinfo=datetime.UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-07-01T12:00", utc(2026, 7, 1, 10), utc(2026, 7, 1, 10)),
        ("1/7/2026 12h00", utc(2026, 7, 1, 10), utc(2026, 7, 1, 10)),
        ("2026-07-01T12:00:00Z", utc(2026, 7, 1, 12), utc(2026, 7, 1, 12)),
        ("2026-07-01T12:00+05:00", utc(2026, 7, 1, 7), utc(2026, 7, 1, 7)),
        ("2026-07-01", utc(2026, 6, 30, 22), utc(2026, 7, 1, 22)),
        ("2026-10-25", utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        ("2026-10-25T02:30", utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)),
    ],
)
def test_without_a_zone_it_is_brussels_time(text: str, begin: datetime.datetime, end: datetime.datetime) -> None:
    assert (moment_of(text), moment_of(text, "--until", is_end=True)) == (begin, end)


def test_what_is_none_names_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        moment_of("noon", "--since")
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("b2bua: --since 'noon' is no moment; write it as 2026-01-31T14:05")
