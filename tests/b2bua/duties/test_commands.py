"""The duties over the command line, as an operator meets them."""

import datetime
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from b2bua.cases import filing
from b2bua.cases.event import Asked
from b2bua.commands.common import moment_of
from b2bua.config import load
from b2bua.duties.month import Month
from b2bua.evidence import Desk, segments_of, verify
from b2bua.evidence.desk import look
from b2bua.register import Entries
from b2bua.store import Store
from tests.b2bua.duties.making import CALLED, VICTIM, answer, national, segment, told, verdict
from tests.b2bua.store.making import damaged_chain
from tests.b2bua.test_cli import Command

CONFIG = """
[journal]
directory = "journal"
[store]
[retention]
key_file = "hashes.key"
[nomadic]
min_calls = 2
[[register.agreement]]
reference = "A-1"
since = 2024-09-01
trunk = "NOMAD"
service = "nomadic"
holder = "Nomad NV"
numbers = ["+3222345678"]
evidence = "file 7"
[[trunk]]
name = "INT-1"
class = "international"
listen = ["127.0.0.1:5060"]
peers = ["127.0.0.2"]
[[trunk]]
name = "NOMAD"
class = "article-4"
listen = ["127.0.0.1:5062"]
peers = ["127.0.0.2"]
[[trunk]]
name = "NAT-1"
class = "national"
listen = ["127.0.0.1:5064"]
peers = ["127.0.0.3"]
targets = ["127.0.0.3:5060"]
[[route]]
from = "INT-1"
to = "NAT-1"
[[route]]
from = "NOMAD"
to = "NAT-1"
"""
NOW = datetime.datetime.now(datetime.UTC)


def ago(days: float) -> datetime.datetime:
    return NOW - datetime.timedelta(days=days)


def nomad(call: str, days: float) -> Any:
    facts = {"trunk": "NOMAD", "class": "article-4", "basis": "art. 4 §1"}
    return verdict(call, ago(days), outcome="pass", **facts)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gateway with calls of 400, 200 and 10 days ago, and of now; its store knows them."""
    path = tmp_path / "b2bua.toml"
    path.write_text(CONFIG)
    journal = tmp_path / "journal"
    for call, days in (("old", 400), ("mid", 200), ("new", 10)):
        segment(journal, [verdict(call, ago(days))])
    segment(journal, [nomad("n1", 3), answer("n1", ago(3)), nomad("n2", 2), nomad("n3", 1)])
    with Store.of(load(path)) as store:
        store.rebuild()
    return path


def desk(config: Path) -> list[dict[str, Any]]:
    return list(Desk(config.parent / "journal").lines())


def looks(config: Path) -> list[dict[str, Any]]:
    return [line for line in desk(config) if line["kind"] == "look"]


def personal(config: Path) -> dict[str, bool]:
    lines = [line for path in segments_of(config.parent / "journal") for line in told(path)]
    return {line["call"]: "personal" in line for line in lines if line["kind"] == "verdict"}


# Retention.


def test_from_the_plan_to_the_purge(run: Command, config: Path) -> None:
    code, out, _ = run("retention", "plan", config)
    assert (code, "2 lines of 2 segments" in out) == (0, True)
    code, _, err = run("retention", "run", config)
    assert code == 2
    assert "hashes.key" in err
    assert run("retention", "key", config)[0] == 0
    assert stat.S_IMODE((config.parent / "hashes.key").stat().st_mode) == 0o600
    code, out, _ = run("retention", "run", config, "--by", "ann", "--json")
    assert code == 0
    assert orjson.loads(out)["lines"] == 2
    assert orjson.loads(out)["store"] == {"forgotten": 1, "dropped": 1}
    assert personal(config) == {"old": False, "mid": False, "new": True, "n1": True, "n2": True, "n3": True}
    assert verify(segments_of(config.parent / "journal")) is None
    assert {line["by"] for line in desk(config) if line["kind"] == "retention"} == {"ann"}
    assert "0 lines of 0 segments" in run("retention", "plan", config)[1]


def test_a_plan_says_from_when_on_cases_and_entries_forget(run: Command, config: Path) -> None:
    config.write_text(CONFIG.replace("[retention]\n", "[retention]\ncase_days = 1000\nentry_days = 2000\n"))
    cases, entries = (f"{NOW - datetime.timedelta(days=days):%Y-%m-%d}" for days in (1000, 2000))
    (line,) = [line for line in run("retention", "plan", config)[1].splitlines() if "closed before" in line]
    assert f"closed before {cases}" in line
    assert f"over before {entries}" in line


def test_a_plan_as_json(run: Command, config: Path) -> None:
    found = orjson.loads(run("retention", "plan", config, "--json")[1])
    assert (found["lines"], len(found["segments"]), found["broken"], found["held"]) == (2, 2, [], {})


@pytest.mark.law("K31")
def test_a_hold_keeps_a_call_until_it_is_released(run: Command, config: Path) -> None:
    run("retention", "key", config)
    assert run("retention", "hold", config, "old", "mid", "--why", "court 12/4", "--by", "ann")[0] == 0
    assert "court 12/4: mid, old" in run("retention", "holds", config)[1]
    assert orjson.loads(run("retention", "holds", config, "--json")[1]) == {
        "why": "court 12/4",
        "calls": ["mid", "old"],
    }
    run("retention", "run", config)
    assert all(personal(config).values())
    assert run("retention", "release", config, "--why", "court 12/5")[0] == 2
    assert run("retention", "release", config, "--why", "court 12/4")[0] == 0
    run("retention", "run", config)
    assert not personal(config)["old"]


def test_a_call_that_nobody_knows_cannot_be_held(run: Command, config: Path) -> None:
    code, _, err = run("retention", "hold", config, "old", "typo", "--why", "court")
    assert (code, "no call, case or entry typo" in err) == (2, True)
    assert run("retention", "holds", config)[1] == ""


def test_without_a_store_it_is_the_journal_that_knows_which_calls_there_are(run: Command, config: Path) -> None:
    config.write_text(CONFIG.replace("[store]\n", ""))
    # A Call-ID stands in a line of the call, and is not its name.
    for name in ("typo", "ol", "old@peer"):
        code, _, err = run("retention", "hold", config, "old", name, "--why", "court")
        assert (code, f"no call, case or entry {name}; nothing is held" in err) == (2, True)
    assert run("retention", "holds", config)[1] == ""
    assert run("retention", "hold", config, "old", "n1", "--why", "court")[0] == 0
    assert run("retention", "holds", config)[1] == "court: n1, old\n"


def test_cases_and_entries_are_held_by_their_names(run: Command, config: Path) -> None:
    asked = Asked(reference="BIPT/42", requested=NOW, number=VICTIM, moment="2026-01-01")
    case = filing.open_case(Desk(config.parent / "journal"), asked, by="ann", now=NOW)
    run("victim", "protect", config, VICTIM, "--reference", "letter 7")
    assert run("retention", "hold", config, case.id, "do_not_originate-1", "--why", "court")[0] == 0
    assert run("retention", "holds", config)[1] == f"court: {case.id}, do_not_originate-1\n"


def test_what_people_entered_and_what_was_cut_off_is_told_of(run: Command, config: Path) -> None:
    """In the plan and after it, as text and as JSON."""
    written = Desk(config.parent / "journal")
    look(written, "ann", "victim calls", {"number": VICTIM}, calls=1, why="letter", now=ago(400))
    torn = config.parent / "journal" / "journal-00000001.torn"
    torn.write_text("half a line")
    run("retention", "key", config)
    assert "desk: 1 lines of kind look" in run("retention", "plan", config)[1]
    assert f"{torn} goes" in run("retention", "plan", config)[1]
    plan = orjson.loads(run("retention", "plan", config, "--json")[1])
    assert (plan["desk"], plan["torn"]) == ({"look": 1}, {"due": [["", 1]], "kept": []})
    done = orjson.loads(run("retention", "run", config, "--json")[1])
    assert (done["desk"], done["looks"], done["torn"]) == ({"look": 1}, 1, [["", 1]])
    assert not torn.exists()
    assert "desk: nothing" in run("retention", "run", config)[1]


def test_a_hold_needs_a_reason(run: Command, config: Path) -> None:
    assert run("retention", "hold", config, "old", "--why", " ")[0] == 2


def test_without_terms_nothing_is_planned(run: Command, config: Path) -> None:
    config.write_text(CONFIG.replace('[retention]\nkey_file = "hashes.key"\n', ""))
    code, _, err = run("retention", "plan", config)
    assert (code, "no table [retention]" in err) == (2, True)


# Victims.


@pytest.mark.law("K28", "K31")
def test_a_victim_is_told_and_the_look_is_recorded(run: Command, config: Path) -> None:
    code, out, _ = run("victim", "calls", config, "02 234 56 78", "--why", "letter 7", "--by", "ann", "--json")
    found = orjson.loads(out)
    assert (code, found["number"], found["calls"]) == (0, VICTIM, 4)
    assert found["fates"] == {"shown": 3, "hidden": 0, "refused": 1}
    assert CALLED not in out
    (line,) = looks(config)
    assert (line["by"], line["what"], line["calls"], line["why"]) == ("ann", "victim calls", 4, "letter 7")
    assert line["personal"]["asked"]["value"]["number"] == VICTIM
    assert "4 calls bore it: 3 shown, 0 hidden, 1 refused" in run("victim", "calls", config, VICTIM, "--why", "x")[1]


def test_a_victim_is_told_of_calls_whose_numbers_have_gone(run: Command, config: Path) -> None:
    run("retention", "key", config)
    run("retention", "run", config)
    since = ago(300).date().isoformat()
    found = orjson.loads(run("victim", "calls", config, VICTIM, "--why", "x", "--since", since, "--json")[1])
    assert [one["call"] for one in found["list"]] == ["mid", "new", "n1", "n2", "n3"]


def test_who_looks_without_a_reason_sees_nothing(run: Command, config: Path) -> None:
    assert run("victim", "calls", config, VICTIM, "--why", "")[0] == 2
    assert looks(config) == []


def test_nothing_is_shown_where_the_look_cannot_be_recorded(run: Command, config: Path) -> None:
    (config.parent / "journal" / "desk").write_text("in the way")
    code, out, err = run("victim", "calls", config, VICTIM, "--why", "x")
    assert (code, out) == (2, "")
    assert VICTIM not in err


def test_a_number_that_nobody_bore_is_a_finding_of_its_own(run: Command, config: Path) -> None:
    assert run("victim", "calls", config, "+3229999999", "--why", "x")[0] == 1
    assert len(looks(config)) == 1


@pytest.mark.parametrize("arguments", [["nobody"], [VICTIM, "--since", "yesterday"], [VICTIM, "--until", "9999-12-31"]])
def test_what_cannot_be_read_is_refused(run: Command, config: Path, arguments: list[str]) -> None:
    code, _, err = run("victim", "calls", config, *arguments, "--why", "x")
    assert (code, bool(err)) == (2, True)
    assert looks(config) == []


def test_days_are_whole_days_of_brussels() -> None:
    def utc(*fields: int) -> datetime.datetime:
        return datetime.datetime(*fields, tzinfo=datetime.UTC)

    assert moment_of("2026-07-01", "--since") == utc(2026, 6, 30, 22)
    assert moment_of("2026-07-01", "--until", is_end=True) == utc(2026, 7, 1, 22)
    assert moment_of("2026-07-01T12:00:00", "--until", is_end=True) == utc(2026, 7, 1, 10)
    assert moment_of("2026-07-01T12:00:00Z", "--until", is_end=True) == utc(2026, 7, 1, 12)


@pytest.mark.law("K28")
def test_a_victims_number_is_entered_as_one_that_makes_no_calls(run: Command, config: Path) -> None:
    code, out, _ = run("victim", "protect", config, "02/234.56.79", "--reference", "letter 7", "--by", "ann")
    assert (code, out.splitlines()[0]) == (0, "do_not_originate-1 entered")
    (item,) = Entries.fold(desk(config)).standing()
    assert (item.kind, item.said["number"], item.said["reference"]) == ("do_not_originate", "+3222345679", "letter 7")


def test_an_entry_that_another_person_must_approve_waits(run: Command, config: Path) -> None:
    config.write_text('[register]\nfour_eyes = "all"\n' + CONFIG)
    code, out, _ = run("victim", "protect", config, "+3222345679", "--reference", "letter 7", "--by", "ann")
    assert (code, "once another person has said so: `b2bua register approve CONFIG do_not_orig" in out) == (1, True)
    assert list(Entries.fold(desk(config)).standing()) == []


def test_a_victim_is_told_of_a_call_that_nobody_indexed_yet(run: Command, config: Path) -> None:
    segment(config.parent / "journal", [verdict("late", ago(0.5))])
    found = orjson.loads(run("victim", "calls", config, VICTIM, "--why", "x", "--json")[1])
    assert "late" in [one["call"] for one in found["list"]]


# The nomadic meter.


@pytest.mark.law("K22", "¶15 nomadic")
def test_from_the_meter_to_a_decision(run: Command, config: Path) -> None:
    code, out, _ = run("nomadic", "show", config, "--json", "--by", "ann")
    assert code == 1
    assert orjson.loads(out) == {
        "number": VICTIM,
        "agreement": "A-1",
        "trunk": "NOMAD",
        "abroad": 3,
        "elsewhere": 0,
        "home": 0,
        "share": 1.0,
        "standing": "more than occasional",
    }
    assert run("nomadic", "decide", config, VICTIM, "occasional", "--why", "on leave", "--by", "ann")[0] == 0
    code, out, _ = run("nomadic", "show", config)
    assert (code, "accepted" in out) == (0, True)
    assert run("nomadic", "decide", config, VICTIM, "excessive", "--why", "moved away", "--until", "2099-01-01")[0] == 0
    assert run("nomadic", "show", config)[0] == 1
    assert [(line["what"], line["calls"]) for line in looks(config)] == [("nomadic show", 3)] * 3


@pytest.mark.parametrize(
    "arguments", [["nobody", "--why", "x"], [VICTIM, "--why", ""], [VICTIM, "--why", "x", "--until", "soon"]]
)
def test_a_decision_names_its_number_reason_and_day(run: Command, config: Path, arguments: list[str]) -> None:
    number, *options = arguments
    assert run("nomadic", "decide", config, number, "occasional", *options)[0] == 2
    assert desk(config) == []


def test_the_meter_counts_a_call_that_nobody_indexed_yet(run: Command, config: Path) -> None:
    segment(config.parent / "journal", [nomad("late", 0.5)])
    assert orjson.loads(run("nomadic", "show", config, "--json")[1])["abroad"] == 4


# The report.


@pytest.mark.law("K26")
def test_a_month_in_every_form(run: Command, config: Path, tmp_path: Path) -> None:
    month = str(Month.before(NOW))
    with Store.of(load(config)) as store:
        segment(tmp_path / "journal", [national("home", Month.parse(month).since, "+32470123456")])
        store.rebuild()
    found = orjson.loads(run("report", config, "--json")[1])
    assert (found["month"], found["over"]) == (month, True)
    assert "NAT-1" in {trunk["trunk"] for trunk in found["trunks"]}
    assert f"{month},NAT-1,national,¶24,pass,yes,1" in run("report", config, month, "--csv")[1]
    code, out, _ = run("report", config, month, "--html", tmp_path / "report.html")
    assert (code, out) == (0, "")
    assert "Interconnexion NAT-1" in (tmp_path / "report.html").read_text()
    for language, word in (("nl", "Interconnectie NAT-1"), ("EN", "Interconnection NAT-1")):
        run("report", config, month, "--html", tmp_path / "report.html", "--language", language)
        assert word in (tmp_path / "report.html").read_text()
    assert run("report", config, month, "--html", tmp_path / "report.html", "--language", "de")[0] == 2
    assert "NAT-1 (national)" in run("report", config, month)[1]
    only = orjson.loads(run("report", config, month, "--trunk", "INT-1", "--json")[1])
    assert "NAT-1" not in {trunk["trunk"] for trunk in only["trunks"]}


def test_a_report_counts_a_call_that_nobody_indexed_yet(run: Command, config: Path) -> None:
    month = Month.before(NOW)
    segment(config.parent / "journal", [national("late", month.since, "+32470123456")])
    found = orjson.loads(run("report", config, str(month), "--json")[1])
    assert "NAT-1" in {trunk["trunk"] for trunk in found["trunks"]}


@pytest.mark.law("K26")
def test_who_was_never_answered_is_not_counted_as_answered_late(run: Command, config: Path) -> None:
    month = Month.before(NOW)
    requested = month.since + datetime.timedelta(hours=1)

    def after(hours: float) -> datetime.datetime:
        return requested + datetime.timedelta(hours=hours)

    written = Desk(config.parent / "journal")
    asked = Asked(reference="BIPT/42", requested=requested, number=VICTIM, moment="2026-01-01")
    in_time, late, never, taken_back, given_up = (
        filing.open_case(written, asked, by="ann", now=requested) for _ in range(5)
    )
    for one, hours in ((in_time, 2), (late, 30)):
        known = filing.identify(written, one.id, {"name": "N", "address": "A", "data": "D"}, by="ann", now=after(1))
        filing.file_answer(written, known, ["a.json"], "d" * 64, "fr", by="ann", now=after(1))
        filing.send(written, one.id, "mail", after(hours), by="ann", now=after(hours))
    for one, hours in ((taken_back, 3), (given_up, 40)):
        filing.close(written, one.id, "BIPT takes it back", keep_hold=False, by="ann", now=after(hours))
    assert filing.docket_of(written, NOW)[never.id].closed is None
    counted = {"requests": 5, "answered": 2, "answered_late": 1, "unanswered_late": 2, "users_blocked": 0}
    assert orjson.loads(run("report", config, str(month), "--json")[1])["duties"] == counted
    assert "answered late: 1\nunanswered late: 2\n" in run("report", config, str(month))[1]
    run("report", config, str(month), "--html", config.parent / "report.html")
    assert "Sans réponse dans les 24 heures" in (config.parent / "report.html").read_text()


@pytest.mark.parametrize("arguments", [["2026-13"], ["--trunk", "NONE"], ["--html", "/nowhere/at/all.html"]])
def test_a_report_of_nothing_is_refused(run: Command, config: Path, arguments: list[str]) -> None:
    code, _, err = run("report", config, *arguments)
    assert (code, "b2bua: " in err) == (2, True)


def test_no_number_is_in_a_report(run: Command, config: Path) -> None:
    for form in ("--json", "--csv"):
        assert VICTIM not in run("report", config, str(Month(NOW.year, NOW.month)), form)[1]


# A damaged journal.


@pytest.mark.parametrize(
    ("command", "options", "counted"),
    [
        (("victim", "calls"), (VICTIM, "--why", "x", "--json"), '"calls":4,'),
        (("nomadic", "show"), ("--json",), '"abroad":3,'),
        (("report",), (f"{NOW:%Y-%m}", "--csv"), "NAT-1,national,¶24,pass,yes,1"),
    ],
    ids=["victim", "nomadic", "report"],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_counted(
    run: Command, config: Path, command: tuple[str, ...], options: tuple[str, ...], counted: str
) -> None:
    """A number that nobody has to look at, so that exit code 1 has no other reason."""
    if command[0] == "nomadic":
        run("nomadic", "decide", config, VICTIM, "occasional", "--why", "on leave")
    segment(config.parent / "journal", [national("late", NOW, "+32470123456")])
    assert run(*command, config, *options)[0] == 0
    damaged = damaged_chain(config.parent / "journal" / "worker-9")
    code, out, err = run(*command, config, *options)
    assert (code, counted in out) == (1, True)
    assert f"b2bua: {damaged} cannot be unpacked" in err
    assert err.count("is left out") == 1


# Who looked.


@pytest.mark.law("K31")
def test_who_looked_at_what_can_be_told(run: Command, config: Path) -> None:
    run("victim", "calls", config, VICTIM, "--why", "letter 7", "--by", "ann")
    run("nomadic", "show", config, "--by", "bob")
    code, out, _ = run("retention", "looks", config)
    assert code == 0
    assert "ann: victim calls, 4 calls (letter 7)" in out
    assert "bob: nomadic show, 3 calls (no reason)" in out
    assert VICTIM not in out
    found = orjson.loads(run("retention", "looks", config, "--json", "--who", "ann")[1])
    assert found["asked"]["number"] == VICTIM
    since = (NOW + datetime.timedelta(days=1)).isoformat()
    assert run("retention", "looks", config, "--since", since)[1] == ""
