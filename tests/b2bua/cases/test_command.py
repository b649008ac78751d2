"""A case over the command line, from the request to the block."""

import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from b2bua.__main__ import main
from b2bua.cases import filing
from b2bua.civil import BRUSSELS, day_of
from b2bua.commands.case import case as commands
from b2bua.evidence import Desk
from b2bua.evidence.signing import fault_of, load_public
from b2bua.register import snapshot
from policy.register import BlockedUser, civil_day
from tests.b2bua.cases.making import call, desk_in, folder_config, journal, open_case
from tests.b2bua.store.making import damaged_chain

pytestmark = pytest.mark.law("¶16 identity", "¶16", "K19", "K20")

Ran = tuple[int, str, str]
Run = Callable[..., Ran]
MINUTE = datetime.timedelta(minutes=1)
NUMBER = "+32470123456"
CASE = f"{datetime.datetime.now(BRUSSELS).year}-0001"


@pytest.fixture
def at() -> datetime.datetime:
    """When the call was: an hour ago, for the command reads the clock."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0) - 60 * MINUTE


@pytest.fixture
def config(tmp_path: Path, at: datetime.datetime) -> Path:
    path = folder_config(tmp_path)
    journal(
        tmp_path,
        call("c1", at=at),
        call("c2", at=at + MINUTE, verdict="block", is_answered=False),
        call("c3", "+32470999999", at=at),
    )
    return path


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`b2bua case`: exit code, standard output, standard error."""

    def run(command: str, *arguments: object) -> Ran:
        told = ["b2bua", "case", command, str(config), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", told if command in ("list",) else [*told, "--by", "anna"])
        with pytest.raises(SystemExit) as left:
            main()
        out = capsys.readouterr()
        assert "Traceback" not in out.out + out.err
        code = left.value.code
        assert code is None or isinstance(code, int)
        return code or 0, out.out, out.err

    return run


def opening(at: datetime.datetime, number: str = "0470 12 34 56") -> list[object]:
    return ["--reference", "BIPT/42", "--number", number, "--at", at.isoformat(timespec="minutes")]


def data(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(ran[1])
    return found


def desk(config: Path) -> Desk:
    return desk_in(config.parent)


def test_a_case_is_played_from_the_request_to_the_answer_to_the_block(
    run: Run, config: Path, at: datetime.datetime, tmp_path: Path
) -> None:
    # The request: two calls may be meant, and a person says which it was.
    code, out, _ = run("open", *opening(at))
    assert code == 0
    assert "c1  " in out
    assert "c2  " in out
    assert "c3  " not in out
    assert f"2 found; `b2bua case find CONFIG {CASE} --call NAME`" in out
    case = out.split()[1].rstrip(":")
    assert "c1 (held)" in run("find", case, "--call", "c1")[1]

    # Where it came from, and who is asked.
    code, out, _ = run("show", case)
    assert code == 0
    for told in (
        "Carrier Łódź",
        "noc@carrier.example",
        "198.51.100.7:5060",
        "c1@carrier",
        "c1@us",
        f"<sip:{NUMBER}@carrier>",
    ):
        assert told in out
    assert "To: Carrier Łódź" in run("request", case)[1]

    # The user, in two steps: what is missing is told, and starts the second clock.
    code, out, _ = run("identify", case, "--name", "Łukasz Nowak", "--source", "the carrier")
    assert (code, "missing     address, data" in out, "block       due" in out) == (1, True, True)
    code, out, _ = run("identify", case, "--address", "Łódź", "--data", "ABC 123")
    assert (code, "missing" in out, "block       due" in out) == (0, False, False)

    # The answer: made, checked, sent.
    code, out, _ = run("answer", case, "--out", tmp_path / "out")
    assert (code, out.splitlines()[-1]) == (0, "complete")
    signed, pdf, page = (Path(line) for line in out.splitlines()[:3])
    document = orjson.loads(signed.read_bytes())
    assert fault_of(document, [load_public(tmp_path / "journal.key.pub")]) == ""
    assert document["calls"][0]["call"] == "c1"
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert "Réponse à une demande" in page.read_text()
    assert {path.stat().st_mode & 0o777 for path in (signed, pdf, page)} == {0o600}
    code, out, _ = run("sent", case, "--how", "by mail")
    assert (code, "answer      done" in out) == (0, True)

    # The regulator finds it wrong: blocked, from the next INVITE on.
    assert "block       due" in run("incomplete", case, "--why", "BIPT: no such street", "--field", "address")[1]
    code, out, _ = run("block", case, "--number", "0470 12 34 56")
    assert (code, "blocked_user-1, in force: number +32470123456" in out) == (0, True)
    register = snapshot.read(config.parent / "journal").register.as_register()
    entry = register.find(BlockedUser, NUMBER, civil_day(datetime.datetime.now(datetime.UTC)))
    assert entry is not None
    assert entry.reference == f"case {case}, BIPT/42"

    # Its end.
    assert run("identify", case, "--address", "Łódź, ul. Piotrkowska 1")[0] == 0
    assert run("release", case, "--why", "BIPT, by letter")[0] == 0
    assert snapshot.read(config.parent / "journal").register.entries == ()
    code, out, _ = run("close", case, "--why", "done")
    assert (code, out.startswith(f"case {case}: closed")) == (0, True)
    told = [line.get("event") for line in desk(config).lines() if line["kind"] == "case"]
    assert told == [
        *("opened", "found", "trace requested", "identified", "identified"),
        *("prepared", "answered", "incomplete", "identified", "closed"),
    ]


def test_the_one_call_that_agrees_is_taken_at_once(run: Run, at: datetime.datetime) -> None:
    found = data(run("open", *opening(at, "0470 99 99 99"), "--json"))
    assert found["calls"] == ["c3"]
    assert found["held"]
    assert [match["call"] for match in found["matches"]] == ["c3"]


def test_where_no_call_agrees_the_case_is_open_all_the_same(run: Run, at: datetime.datetime) -> None:
    code, out, _ = run("open", *opening(at, "0470 00 00 00"))
    assert (code, "no call was found" in out) == (1, True)
    assert data(run("show", CASE, "--json"))["state"] == "open"


def test_a_wider_search_finds_more(run: Run, at: datetime.datetime) -> None:
    code, *_ = run("open", *opening(at - 30 * MINUTE))
    assert code == 1
    assert run("find", CASE, "--error", "3600")[0] == 0


def test_what_is_looked_at_is_written_down_with_who_and_why(run: Run, config: Path, at: datetime.datetime) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    run("show", CASE)
    looks = [line for line in desk(config).lines() if line["kind"] == "look"]
    assert [(one["what"], one["by"], one["why"], one["calls"]) for one in looks] == [
        ("case find", "anna", f"case {CASE}", 1),
        ("case show", "anna", f"case {CASE}", 1),
    ]


@pytest.mark.parametrize("has_store", [True, False])
def test_without_a_store_the_journal_itself_is_read(
    run: Run, config: Path, at: datetime.datetime, has_store: bool
) -> None:
    if not has_store:
        config.write_text(config.read_text().replace("[store]", ""))
        assert "add a table [store]" in run("open", *opening(at))[2]
    found = data(run("open", *opening(at, "0470 99 99 99"), "--scan", "--json"))
    assert found["calls"] == ["c3"]
    assert data(run("show", found["case"], "--scan", "--json"))["origins"][0]["call_id"] == "c3@carrier"


def test_a_call_that_came_just_now_is_found_though_nobody_indexed_it(
    run: Run, config: Path, at: datetime.datetime
) -> None:
    run("open", *opening(at))
    journal(config.parent, call("c9", "+32470888888", at=at))
    assert data(run("open", *opening(at, "0470 88 88 88"), "--json"))["calls"] == ["c9"]


def test_a_late_request_is_shown_as_late_in_the_list(run: Run, at: datetime.datetime) -> None:
    run("open", *opening(at))
    run("open", *opening(at), "--requested", (at - 100 * 60 * MINUTE).isoformat())
    code, out, _ = run("list")
    assert code == 1
    first, second = out.splitlines()
    assert first.startswith(f"{CASE[:-1]}2  to block")
    assert "answer LATE by" in first
    assert "answer due" in second


def test_closed_cases_are_listed_when_they_are_asked_for(run: Run, at: datetime.datetime) -> None:
    run("open", *opening(at))
    run("close", CASE, "--why", "BIPT takes it back")
    assert run("list")[:2] == (0, "")
    assert data(run("list", "--closed", "--json"))["state"] == "closed"


def test_letters_are_files_where_a_folder_is_named(run: Run, at: datetime.datetime, tmp_path: Path) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    code, out, _ = run("request", CASE, "--out", tmp_path / "letters", "--language", "nl")
    assert (code, "to Carrier Łódź noc@carrier.example" in out) == (0, True)
    (letter,) = (tmp_path / "letters").iterdir()
    assert letter.read_text().startswith("Betreft: ")


def test_an_incomplete_answer_is_made_and_says_so(run: Run, at: datetime.datetime, tmp_path: Path) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    code, out, _ = run("answer", CASE, "--out", tmp_path, "--language", "en")
    assert (code, out.splitlines()[-1]) == (1, "incomplete, missing name, address, data")
    code, out, _ = run("sent", CASE, "--how", "by mail")
    assert "block       due" in out


def test_letters_that_were_written_before_stay_as_they_are(run: Run, at: datetime.datetime, tmp_path: Path) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    run("request", CASE, "--out", tmp_path / "letters")
    (first,) = (tmp_path / "letters").iterdir()
    text = first.read_text()
    assert run("request", CASE, "--out", tmp_path / "letters", "--language", "nl")[0] == 0
    assert first.read_text() == text
    assert len(list((tmp_path / "letters").iterdir())) == 2


def test_a_letter_that_cannot_be_written_is_not_written_down(
    run: Run, config: Path, at: datetime.datetime, tmp_path: Path
) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    (tmp_path / "letters").write_text("in the way")
    code, out, err = run("request", CASE, "--out", tmp_path / "letters")
    assert (code, out, "cannot be written" in err) == (2, "", True)
    assert "trace requested" not in [line.get("event") for line in desk(config).lines()]


@pytest.mark.parametrize("command", ["answer", "request"])
def test_nothing_is_written_in_the_name_of_nobody(
    run: Run, config: Path, at: datetime.datetime, tmp_path: Path, command: str
) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    config.write_text(config.read_text().replace('operator = "Voorbeeld Télécom NV, KBO 0123.456.789"', ""))
    before = len(list(desk(config).lines()))
    code, out, err = run(command, CASE, "--out", tmp_path / "out")
    assert (code, out, "[cases] has no operator" in err) == (2, "", True)
    assert not (tmp_path / "out").exists()
    assert len(list(desk(config).lines())) == before


def test_blanks_are_no_identity(run: Run, at: datetime.datetime) -> None:
    run("open", *opening(at))
    code, _, err = run("identify", CASE, "--name", "  ")
    assert (code, "nothing has been told of the user" in err) == (2, True)
    code, out, _ = run("identify", CASE, "--name", "N", "--address", " ", "--data", "\n", "--json")
    assert (code, orjson.loads(out)["missing"]) == (1, ["address", "data"])


def test_where_the_call_cannot_be_looked_for_the_case_that_was_opened_is_named(
    run: Run, config: Path, at: datetime.datetime
) -> None:
    config.write_text(config.read_text().replace("[store]", ""))
    code, out, err = run("open", *opening(at))
    assert (code, out) == (2, "")
    assert f"case {CASE} is open, its clock runs" in err
    assert data(run("show", CASE, "--json"))["state"] == "open"


def test_a_day_alone_on_which_an_answer_was_sent_means_its_end(run: Run, config: Path) -> None:
    made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=10)
    opened = open_case(desk(config), now=made, requested=made)
    filing.file_answer(desk(config), opened, ["a.json"], "d" * 64, "fr", by="anna", now=made)
    day = made.astimezone(BRUSSELS).date()
    assert run("sent", opened.id, "--how", "by mail", "--at", day)[0] != 2
    (sent,) = [line for line in desk(config).lines() if line.get("event") == "answered"]
    assert datetime.datetime.fromisoformat(sent["answered"]) == day_of(day).until


def test_when_it_was_found_wrong_may_be_told_later(run: Run, config: Path) -> None:
    requested = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - datetime.timedelta(days=10)
    opened = open_case(desk(config), now=requested, requested=requested)
    found = requested + datetime.timedelta(hours=7)
    assert run("incomplete", opened.id, "--why", "BIPT", "--at", found.isoformat())[0] == 0
    clock = filing.docket_of(desk(config), datetime.datetime.now(datetime.UTC))[opened.id].block_clock(requested)
    assert clock is not None
    assert clock.since == found


def test_a_case_of_a_blocked_user_is_not_closed_without_a_word_while_its_answer_is_due(
    run: Run, at: datetime.datetime
) -> None:
    run("open", *opening(at))
    run("block", CASE, "--number", NUMBER)
    code, _, err = run("close", CASE)
    assert (code, "is blocked, but its answer is a duty by law; --why" in err) == (2, True)
    assert run("close", CASE, "--why", "BIPT takes it back")[0] == 0


def test_a_block_that_was_taken_back_before_bipt_finds_it_wrong_again_is_due_again(
    run: Run, at: datetime.datetime
) -> None:
    run("open", *opening(at))
    run("incomplete", CASE, "--why", "BIPT")
    run("block", CASE, "--number", NUMBER)
    run("identify", CASE, "--name", "N", "--address", "A", "--data", "D")
    released = data(run("release", CASE, "--why", "BIPT, by letter", "--json"))
    (block,) = released["blocks"]
    assert (released["state"], block["released_by"]) == ("released", "anna")
    assert block["released_why"] == f"case {CASE}: BIPT, by letter"
    assert data(run("incomplete", CASE, "--why", "BIPT again", "--json"))["state"] == "to block"
    run("block", CASE, "--number", NUMBER)
    assert data(run("show", CASE, "--json"))["state"] == "blocked"


def test_a_block_that_is_taken_back_while_the_user_is_not_known_is_due_again_and_says_so(
    run: Run, at: datetime.datetime
) -> None:
    run("open", *opening(at), "--requested", (at - 30 * 60 * MINUTE).isoformat())
    run("block", CASE, "--number", NUMBER)
    code, out, err = run("release", CASE, "--why", "by telephone")
    assert (code, "the block stays a duty" in err, out.startswith(f"case {CASE}: to block")) == (1, True, True)
    assert f"by anna: case {CASE}: by telephone" in out
    assert "block       due" in out


@pytest.mark.law("¶16")
def test_an_answer_about_another_call_than_the_case_stands_on_does_not_count_and_says_so(
    run: Run, at: datetime.datetime, tmp_path: Path
) -> None:
    run("open", *opening(at))
    run("find", CASE, "--call", "c1")
    run("identify", CASE, "--name", "N", "--address", "A", "--data", "D")
    run("answer", CASE, "--out", tmp_path)
    run("sent", CASE, "--how", "by mail")
    found = run("find", CASE, "--call", "c2")[1]
    assert "about c1: does not count, the case stands on other calls" in found
    assert "answer      due" in found
    shown = data(run("show", CASE, "--json"))
    assert [(one["calls"], one["counts"]) for one in shown["answers"]] == [(["c1"], False)]
    assert run("answer", CASE, "--out", tmp_path)[0] == 1, "nobody has said who made the other"


def test_that_there_is_no_such_call_is_answered_as_what_it_is(run: Run, at: datetime.datetime, tmp_path: Path) -> None:
    run("open", *opening(at, "0470 00 00 00"))
    run("identify", CASE, "--name", "N", "--address", "A", "--data", "D")
    code, out, _ = run("answer", CASE, "--out", tmp_path, "--language", "en")
    assert (code, out.splitlines()[-1]) == (1, "no such call: it tells no identity")
    document = orjson.loads(Path(out.splitlines()[0]).read_bytes())
    assert (document["user"], document["missing"], document["calls"]) == ({}, [], [])
    assert document["search"]["number"][0] == "+32470000000"
    assert document["search"]["matches"] == 0
    assert (
        "Our evidence" in Path(out.splitlines()[2]).read_text()
        or "our evidence" in Path(out.splitlines()[2]).read_text()
    )
    code, out, _ = run("sent", CASE, "--how", "by mail")
    assert (code, out.splitlines()[0]) == (0, f"case {CASE}: answered")
    assert "that there is no such call" in out
    assert data(run("find", CASE, "--call", "c1", "--json"))["state"] == "open"


def test_that_there_is_no_such_call_is_not_said_while_some_agree_and_nobody_has_looked(
    run: Run, at: datetime.datetime, tmp_path: Path
) -> None:
    run("open", *opening(at))
    code, _, err = run("answer", CASE, "--out", tmp_path / "out")
    assert (code, f"2 calls agree with what {CASE} asks" in err, (tmp_path / "out").exists()) == (2, True, False)
    code, out, _ = run("find", CASE, "--none")
    assert (code, "none of those that agree" in out) == (1, True)
    file = Path(data(run("answer", CASE, "--out", tmp_path, "--json"))["files"][0])
    assert orjson.loads(file.read_bytes())["search"]["matches"] == 2
    assert run("find", CASE, "--none", "--call", "c1")[0] == 2


def test_that_there_is_no_such_call_is_not_said_of_a_time_whose_numbers_are_forgotten(
    run: Run, config: Path, at: datetime.datetime, tmp_path: Path
) -> None:
    config.write_text(config.read_text() + '\n[retention]\nkey_file = "hashes.key"\nfull_days = 30\nhashed_days = 60\n')
    for days, said in ((29, True), (31, False)):
        opened = data(run("open", *opening(at - datetime.timedelta(days=days)), "--json"))["case"]
        code, _, err = run("answer", opened, "--out", tmp_path)
        assert (code, "have been forgotten" in err) == ((1, False) if said else (2, True))


def test_to_look_again_takes_no_call_of_which_it_was_said_that_it_is_none(
    run: Run, at: datetime.datetime, tmp_path: Path
) -> None:
    run("open", *opening(at, "+32470999999"))
    run("find", CASE, "--none")
    run("answer", CASE, "--out", tmp_path)
    run("sent", CASE, "--how", "by mail")
    run("find", CASE)
    shown = data(run("show", CASE, "--json"))
    assert (shown["state"], shown["calls"]) == ("answered", [])


@pytest.mark.parametrize("reads", [(), ("--scan",)], ids=["store", "journal"])
def test_a_damaged_chain_keeps_no_call_from_being_found_and_none_from_being_missed_unseen(
    run: Run, at: datetime.datetime, tmp_path: Path, reads: tuple[str, ...]
) -> None:
    run("open", *opening(at, "0470 00 00 00"))
    damaged_chain(tmp_path / "journal" / "worker-9")
    code, out, _ = run("open", *opening(at), *reads)
    assert (code, "2 found" in out) == (0, True)
    code, _, err = run("answer", CASE, "--out", tmp_path / "out", *reads)
    assert (code, "cannot be unpacked" in err, (tmp_path / "out").exists()) == (2, True, False)


def test_to_hold_a_case_without_calls_holds_nothing_and_says_so(run: Run, at: datetime.datetime) -> None:
    run("open", *opening(at))
    code, out, err = run("hold", CASE, "--json")
    assert (code, orjson.loads(out)["held"]) == (1, False)
    assert f"no call has been chosen for {CASE}" in err
    assert run("hold", CASE, "--end")[0] == 0
    run("find", CASE, "--call", "c1")
    assert (run("hold", CASE, "--end")[0], run("hold", CASE)[0]) == (0, 0)


def test_each_answer_has_files_of_its_own(run: Run, at: datetime.datetime, tmp_path: Path) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    names = [data(run("answer", CASE, "--out", tmp_path, "--json"))["files"][0] for _ in range(2)]
    assert len(set(names)) == 2


def test_a_changed_answer_is_found_out(run: Run, at: datetime.datetime, tmp_path: Path, config: Path) -> None:
    run("open", *opening(at, "0470 99 99 99"))
    file = Path(data(run("answer", CASE, "--out", tmp_path, "--json"))["files"][0])
    key = ["--key", tmp_path / "journal.key.pub"]
    verify = ["b2bua", "case", "verify", file, *key]
    for code, text in ((0, file.read_text()), (1, file.read_text().replace("BIPT/42", "BIPT/43"))):
        file.write_text(text)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "argv", [str(one) for one in verify])
            with pytest.raises(SystemExit) as left:
                main()
        assert (left.value.code or 0) == code


def test_a_block_that_another_person_must_approve_says_so(run: Run, config: Path, at: datetime.datetime) -> None:
    config.write_text(config.read_text() + '\n[register]\nfour_eyes = "all"\n')
    run("open", *opening(at))
    code, out, err = run("block", CASE, "--account", "acme-7", "--trunk", "INT-1", "--why", "by telephone")
    assert (code, "blocked_user-1, proposed: account acme-7, trunk INT-1" in out) == (1, True)
    told = "blocked_user-1 holds once another person has said so: `b2bua register approve CONFIG blocked_user-1`"
    assert err.splitlines()[-1] == told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["show", "2026-0099"], "there is no case '2026-0099'; none has been opened yet"),
        (["open", "--reference", "B", "--at", "2026-01-01"], "neither a caller's nor a called number"),
        (["open", "--reference", "B", "--at", "noon", "--number", "0470123456"], "'noon' is no moment"),
        (["open", "--reference", "B", "--at", "2026-01-01", "--number", "me"], "'me' is no telephone number"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run: Run, arguments: list[str], problem: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert problem in err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["find", "--call", "c77"], "there is no call c77"),
        (["request", "--language", "de"], "'de' is no language"),
        (["request"], "no call has been chosen"),
        (["sent", "--how", "mail"], "no answer has been made"),
        (["block"], "nothing tells the user's calls from others'"),
        (["block", "--trunk", "INT-9"], "INT-9"),
        (["release", "--why", "x"], "nothing blocks a user"),
        (["close"], "which is a duty by law"),
    ],
)
def test_what_a_case_does_not_allow_is_said_in_one_line(
    run: Run, at: datetime.datetime, arguments: list[str], problem: str
) -> None:
    run("open", *opening(at))
    command, *more = arguments
    code, _, err = run(command, CASE, *more)
    assert code == 2
    assert problem in err


def test_without_a_key_nothing_is_answered(run: Run, config: Path, at: datetime.datetime, tmp_path: Path) -> None:
    config.write_text(config.read_text().replace('signing_key = "journal.key"', ""))
    run("open", *opening(at))
    code, _, err = run("answer", CASE, "--out", tmp_path / "out")
    assert (code, "`b2bua journal key` makes one" in err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_every_argument_of_every_command_says_what_it_is_for() -> None:
    for name in (one for one in commands if not one.startswith("-")):
        for argument in commands[name].assemble_argument_collection():
            assert argument.parameter.help, (name, argument.name)
