"""`b2bua store` as its user meets it."""

import sqlite3
from pathlib import Path

import orjson
import pytest

from b2bua.evidence import Desk, segments_of
from b2bua.evidence.packing import pack
from tests.b2bua.store.making import ABROAD, CALLED, GEOGRAPHIC, minutes, whole, written
from tests.b2bua.test_cli import Command

CONFIG = """
[journal]
directory = "journal"
[store]
[[trunk]]
name = "NAT-1"
class = "national"
listen = ["127.0.0.1:5060"]
peers = ["127.0.0.1"]
targets = ["127.0.0.1:5070"]
[[route]]
from = "NAT-1"
to = "NAT-1"
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Beside a journal of two calls, which nobody has indexed."""
    path = tmp_path / "b2bua.toml"
    path.write_text(CONFIG)
    written(tmp_path / "journal", whole("one"), whole("two", GEOGRAPHIC, minutes(5)))
    return path


def test_status_tells_what_waits_and_a_rebuild_takes_it_in(run: Command, config: Path) -> None:
    code, out, _ = run("store", "status", config)
    assert (code, out) == (1, "journal: indexed to line 0 of segment 0, 7 wait\n7 lines wait\n")
    assert run("store", "rebuild", config)[:2] == (0, "7 lines indexed\n")
    code, out, _ = run("store", "status", config, "--json")
    assert code == 0
    assert orjson.loads(out) == {"waiting": 0, "chains": [{"chain": "", "segment": 1, "line": 7, "waiting": 0}]}


def test_a_search_takes_numbers_as_people_write_them(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    for spelling in ("025551212", "+3225551212", "003225551212", "02 555 12 12", "02/555.12.12"):
        code, out, _ = run("store", "search", config, "--number", spelling, "--json")
        assert code == 0
        (line,) = out.splitlines()
        told = orjson.loads(line)
        assert (told["call"], told["caller"], told["place"]) == (
            "two",
            GEOGRAPHIC,
            {"chain": "", "segment": 1, "line": 5},
        )


def test_a_search_finds_a_call_that_nobody_indexed_yet(run: Command, config: Path) -> None:
    assert run("store", "search", config, "--number", ABROAD, "--json")[0] == 0


def test_a_search_finds_what_is_indexed_though_the_journal_is_damaged_and_says_so(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    journal = config.parent / "journal"
    for _ in range(2):
        written(journal / "worker-2", whole("lost"))
    damaged = pack(segments_of(journal / "worker-2")[0])
    damaged.write_bytes(damaged.read_bytes()[:-40])
    code, out, err = run("store", "search", config, "--number", ABROAD)
    assert (code, "one" in out, "the latest calls may be missing" in err) == (0, True, True)


def test_a_search_shows_a_table_and_says_when_there_may_be_more(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    code, out, _ = run("store", "search", config, "--called", CALLED)
    assert code == 0
    assert ABROAD in out
    assert out.endswith("2 calls\n")
    assert "there may be more" in run("store", "search", config, "--limit", 1)[1]


def test_a_search_that_finds_nothing_ends_with_1(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    assert run("store", "search", config, "--number", "+32000000")[0] == 1


def test_whoever_looks_is_recorded_with_what_and_why(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    run("store", "search", config, "--number", "025551212", "--why", "case 7", "--by", "anna")
    (line,) = [line for line in Desk(config.parent / "journal").lines() if line["kind"] == "look"]
    assert (line["by"], line["what"], line["calls"], line["why"]) == ("anna", "store search", 1, "case 7")
    assert line["personal"]["asked"]["value"]["number"] == GEOGRAPHIC


def test_a_moment_without_a_zone_is_brussels_time_and_so_is_what_is_shown(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    run("store", "search", config, "--since", "2026-07-01T12:00", "--until", "2026-07-01")
    (line,) = [line for line in Desk(config.parent / "journal").lines() if line["kind"] == "look"]
    asked = line["personal"]["asked"]["value"]
    assert (asked["since"], asked["until"]) == ("2026-07-01T10:00:00Z", "2026-07-01T22:00:00Z")
    heading, row, *_ = run("store", "search", config)[1].splitlines()
    assert heading.split()[:2] == ["at", "trunk"]
    assert row.split()[2] in ("+0100", "+0200")


def test_nothing_is_shown_when_it_cannot_be_recorded(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    (config.parent / "journal" / "desk").write_text("in the way")
    code, out, err = run("store", "search", config)
    assert (code, out) == (2, "")
    assert "cannot be written" in err


def test_a_check_tells_whether_it_is_what_the_journal_says(run: Command, config: Path) -> None:
    run("store", "rebuild", config)
    assert run("store", "check", config)[:2] == (0, "the index is what the journal says\n")
    with sqlite3.connect(config.parent / "journal" / "store.sqlite") as connection:
        connection.execute("UPDATE calls SET verdict = 'block'")
    connection.close()
    code, out, _ = run("store", "check", config, "--most", 1)
    assert code == 1
    assert out.splitlines() == ["calls one: verdict differ", f"2 rows differ; `b2bua store rebuild {config}`"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--number", "nobody"], "--number 'nobody' is no number"),
        (["--since", "yesterday"], "--since 'yesterday' is no moment"),
    ],
)
def test_what_cannot_be_looked_for_is_told(run: Command, config: Path, arguments: list[str], told: str) -> None:
    code, _, err = run("store", "search", config, *arguments)
    assert code == 2
    assert told in err


def test_without_a_store_they_say_so(run: Command, config: Path) -> None:
    config.write_text(CONFIG.replace("[store]\n", ""))
    code, _, err = run("store", "status", config)
    assert (code, err) == (2, "b2bua: the configuration has no store; add a table [store]\n")


def test_a_url_that_is_none_is_found_by_check_and_not_shown(run: Command, config: Path) -> None:
    config.write_text(CONFIG.replace("[store]\n", '[store]\nurl = "mysql://u:hunter2@h/d"\n'))
    code, out, err = run("check", config)
    assert code == 2
    assert "store.url" in out
    assert "hunter2" not in out + err


def test_a_password_that_everybody_may_read_is_warned_of(run: Command, config: Path) -> None:
    config.write_text(CONFIG.replace("[store]\n", '[store]\nurl = "postgresql://u:hunter2@h/d"\n'))
    config.chmod(0o644)
    code, out, err = run("check", config)
    assert code == 0
    assert "can read the password" in out
    assert "hunter2" not in out + err
