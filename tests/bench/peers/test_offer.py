import sys

import pytest

from bench.errors import BenchError
from bench.peers import table
from bench.peers.offer import NotHereError, Offer, Settings, version
from bench.peers.servers import CONFIGS, fill, kamailio, opensips
from bench.peers.table import Row, find


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path) -> None:
    """No peer is in PATH, and none is named by the environment."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("bench.peers.offer._SBIN", ())
    for name in ("KAMAILIO", "OPENSIPS", "YATE", "OTHER", "SEMS", "ASTERISK"):
        monkeypatch.delenv(name, raising=False)


def program(folder, name: str):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\necho version: some 3.6.8 of 2026.11\n")
    path.chmod(0o755)
    return path


def test_a_program_is_the_named_one_then_the_environments_then_the_one_in_the_path(monkeypatch, tmp_path) -> None:
    in_path = program(tmp_path / "bin", "kamailio")
    in_environment = program(tmp_path / "environment", "kamailio")
    named = program(tmp_path / "named", "kamailio")

    assert Settings().program("kamailio") == in_path
    monkeypatch.setenv("KAMAILIO", str(in_environment))
    assert Settings().program("kamailio") == in_environment
    assert Settings({"kamailio": named}).program("kamailio") == named


def test_a_program_that_is_not_there_is_named_with_the_way_to_name_it(tmp_path) -> None:
    with pytest.raises(NotHereError, match="no opensips in PATH, none named by --opensips or OPENSIPS"):
        Settings().program("opensips")
    with pytest.raises(NotHereError, match="no program /nowhere/opensips"):
        Settings({"opensips": "/nowhere/opensips"}).program("opensips")


def test_a_version_is_the_first_number_that_a_program_says(tmp_path) -> None:
    assert version([str(program(tmp_path, "kamailio"))]) == "3.6.8"
    assert version([sys.executable, "-c", "pass"]) == ""


def test_opensips_is_not_here_without_its_modules(tmp_path) -> None:
    built = program(tmp_path / "built", "opensips")
    with pytest.raises(NotHereError, match="nothing of opensips in "):
        opensips(Settings({"opensips": built}))

    (tmp_path / "built" / "modules").mkdir()
    assert opensips(Settings({"opensips": built})).version == "3.6.8"


def test_a_box_that_is_not_here_is_listed_with_its_reason_and_the_others_stay(monkeypatch) -> None:
    def there(_settings: Settings) -> Offer:
        return Offer(lambda folder, core: None)  # type: ignore[arg-type,return-value]

    rows = (Row(name="there", what="", offer=there), Row(name="kamailio", what="", offer=kamailio))
    monkeypatch.setattr(table, "TABLE", rows)

    present, absent = find(Settings())
    assert [box.name for box in present] == ["there"]
    assert list(absent) == ["kamailio"]
    present, absent = find(Settings(), ("there",))
    assert ([box.name for box in present], absent) == (["there"], {})
    with pytest.raises(BenchError, match="no box is called nowhere; there are there, kamailio"):
        find(Settings(), ("nowhere",))


def test_every_box_of_the_table_has_a_name_of_its_own() -> None:
    names = [row.name for row in table.TABLE]

    assert len(set(names)) == len(names)
    assert table.OURS in names


def test_no_configuration_keeps_a_blank_that_the_bench_does_not_fill() -> None:
    values = {"front": 5060, "callee": 5070, "modules": "/modules", "folder": "/folder", "data": "/data"}
    for path in (path for path in CONFIGS.rglob("*") if path.is_file()):
        text = fill(path.read_text(), values)
        code = "\n".join(line for line in text.splitlines() if not line.startswith(("#", ";")))
        assert "@" not in code.replace("@127.0.0.1", ""), path
