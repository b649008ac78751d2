"""`b2bua register` as its user meets it."""

from pathlib import Path

import orjson
import pytest

from b2bua.commands import cli
from b2bua.config import FourEyes
from b2bua.errors import RegisterError
from b2bua.register.presence import Presence
from tests.b2bua.register.making import AGREEMENT, TOML, Office

NUMBERS = ",".join(AGREEMENT["numbers"])
FIELDS = ["reference=A-1", "trunk=special", "service=nomadic", "holder=Operator", "evidence=dms/1"]


class Run:
    """`b2bua register` with arguments, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.path, self._capsys = folder, folder / "gateway.toml", capsys
        self.office = Office.at(folder)

    def __call__(self, action: str, *words: object, code: int = 0) -> str:
        """What it prints, by that exit code."""
        told = cli(["register", action, str(self.path), *map(str, words)], result_action="return_value")
        assert (told or 0) == code
        return self._capsys.readouterr().out

    def data(self, action: str, *words: object, code: int = 0) -> list[object]:
        return [orjson.loads(line) for line in self(action, *words, "--json", code=code).splitlines()]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(tmp_path, capsys)


def four_eyes(run: Run) -> None:
    run.office = Office.at(run.folder, FourEyes.ALL)


def test_an_entry_is_made_listed_shown_and_withdrawn(run: Run) -> None:
    made = run("add", "agreement", *FIELDS, f"numbers={NUMBERS}", "--by", "ada", "--why", "ticket 7")
    assert made.splitlines()[0] == "agreement-1 entered"
    (line,) = run("list").splitlines()
    assert line.split()[:3] == ["agreement-1", "in", "force"]
    assert "reference A-1" in line
    shown = run("show", "agreement-1")
    assert "  numbers = +3225551212 +3225551213" in shown
    assert "agreement-1 add by ada (ticket 7)" in shown
    assert run("withdraw", "agreement-1", "--by", "bob").startswith("agreement-1 withdrawn")
    assert run("list") == ""
    assert "withdrawn" in run("list", "--all")
    assert [line.split("  ")[1] for line in run("history").splitlines()] == [
        "agreement-1 add by ada (ticket 7)",
        "agreement-1 withdraw by bob",
    ]


def test_a_list_lists_what_stands_in_files_too_and_one_kind_alone(run: Run) -> None:
    run("add", "blocked-user", "reference=B", "trunk=abroad")
    text = '\n[[register.do_not_originate]]\nreference = "D"\nsince = 2025-01-01\nnumber = "+3225550000"\n'
    run.path.write_text(TOML + text)
    assert [line.split()[0] for line in run("list").splitlines()] == ["(file)", "blocked_user-1"]
    assert [line.split()[0] for line in run("list", "blocked-user").splitlines()] == ["blocked_user-1"]
    (rows,) = run.data("list")
    assert isinstance(rows, list)
    assert [(row["entry"], row["kind"]) for row in rows] == [
        ("", "do_not_originate"),
        ("blocked_user-1", "blocked_user"),
    ]
    assert "D,2025-01-01,,+3225550000" in run("export", "do-not-originate")


def test_what_one_proposes_another_approves_or_refuses(run: Run) -> None:
    four_eyes(run)
    told = run("add", "blocked-user", "reference=B", "trunk=abroad", "--by", "ada", code=1)
    assert told == (
        "blocked_user-1 entered, once another person has said so: `b2bua register approve CONFIG blocked_user-1`\n"
    )
    assert "proposed" in run("list")
    with pytest.raises(RegisterError, match="another person must approve it"):
        run("approve", "blocked_user-1", "--by", "ada")
    assert run("approve", "blocked_user-1", "--by", "bob").startswith("blocked_user-1 approved")
    run("end", "blocked_user-1", "--by", "ada", code=1)
    assert "; its end waits for an approval" in run("list")
    assert run("refuse", "blocked_user-1", "--by", "bob").startswith("blocked_user-1 refused")


def test_a_change_names_what_it_replaces_and_may_take_a_key_out(run: Run) -> None:
    run("add", "agreement", *FIELDS, f"numbers={NUMBERS}", "until=2099-01-01", "--by", "ada")
    told = run("change", "agreement-1", "numbers=+3225551214", "until=", "--by", "bob")
    assert told.startswith("agreement-2 entered in the place of agreement-1")
    ((shown),) = run.data("show", "agreement-2")
    assert isinstance(shown, dict)
    assert shown["fields"]["numbers"] == ["+3225551214"]
    assert "until" not in shown["fields"]
    assert (shown["replaces"], shown["history"][0]["by"]) == ("agreement-1", "bob")


def test_an_end_names_its_day(run: Run) -> None:
    run("add", "consent", "reference=C", "forwarding=+33612345678", "called=+32470123456")
    assert run("end", "consent-1", "--on", "2099-01-31").startswith("consent-1 ended on 2099-01-31")
    ((shown),) = run.data("show", "consent-1")
    assert isinstance(shown, dict)
    assert shown["fields"]["until"] == "2099-01-31"


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_exported_is_imported(run: Run, form: str) -> None:
    run("add", "agreement", *FIELDS, f"numbers={NUMBERS}")
    path = run.folder / f"list.{form}"
    path.write_text(run("export", "agreement", *(["--json"] if form == "json" else [])))
    (told,) = run.data("import", "agreement", path)
    assert told == {"entry": "agreement-2", "entries": 1, "waits": False, "workers": []}
    entries = run.office.entries()
    assert entries["agreement-2"].fields == entries["agreement-1"].fields


def test_numbers_come_from_a_file(run: Run) -> None:
    path = run.folder / "numbers.txt"
    path.write_text("+3225551212\n+3225551213\n")
    run("add", "agreement", *FIELDS, f"numbers=@{path}")
    assert run.office.entries()["agreement-1"].said["numbers"] == AGREEMENT["numbers"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add", "agreement", "reference"], "write key=value, each key once"),
        (["add", "agreement", "reference=1", "reference=2"], "each key once"),
        (["add", "agreement", "=1"], "write key=value"),
        (["end", "consent-1", "--on", "31/1/2026"], "--on '31/1/2026' is no day"),
    ],
)
def test_what_cannot_be_read_ends_the_command(
    run: Run, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run(words[0], *words[1:])
    assert left.value.code == 2
    assert told in capsys.readouterr().err


def test_a_check_says_what_is_wrong_by_its_exit_code(run: Run) -> None:
    run("add", "agreement", *FIELDS, f"numbers={NUMBERS}")
    assert run("check") == "the register holds\n"
    run.path.write_text(TOML.replace('name = "special"', 'name = "other"'))
    wrong = run("check", code=1)
    assert "agreement-1: trunk: 'special' is no trunk" in wrong
    ((told),) = run.data("check", code=1)
    assert isinstance(told, dict)
    assert len(told["wrong"]) == 1


def test_a_worker_that_does_not_go_by_it_is_told_with_its_reason(run: Run) -> None:
    worker = Presence(run.office.journal / "worker-1")
    (run.office.journal / "worker-1").mkdir(parents=True)
    worker.hold()
    worker.tell("", None, "cannot be read")
    told = run("add", "blocked-user", "reference=B", "trunk=abroad", code=1)
    assert told.splitlines()[1:] == ["worker-1 does not go by it: cannot be read"]
    ((data),) = run.data("publish", code=1)
    assert isinstance(data, dict)
    assert data["workers"] == [{"name": "worker-1", "taken": False, "problem": "cannot be read"}]
    worker.leave()
