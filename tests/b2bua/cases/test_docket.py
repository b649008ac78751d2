"""All cases, folded from the desk's lines: their own, their users' blocks, their holds."""

import datetime
from pathlib import Path

import pytest

from b2bua import register
from b2bua.call import Record
from b2bua.cases import event, filing, showing
from b2bua.cases.case import Case, State
from b2bua.cases.docket import Docket
from b2bua.civil import local
from b2bua.config import Config
from b2bua.errors import CaseError, JournalError
from b2bua.evidence import holds
from tests.b2bua.cases.making import NOW, after, asked, config_of, desk_in, open_case, sealed

DAY = datetime.date(2026, 11, 22)
WHOLE = {"name": "N", "address": "A", "data": "D"}
FIELDS = {"number": "+32470123456", "reference": "BIPT/42"}


def opening(case: str) -> Record:
    return event.opened(asked(), "anna", NOW).record(case)


def fold(*records: Record) -> Docket:
    return Docket.fold(sealed(*records), DAY)


def test_lines_of_other_kinds_are_passed_over() -> None:
    look = Record("look", "", NOW, {"by": "anna"})
    assert [case.id for case in fold(look, opening("2026-0001"), look)] == ["2026-0001"]


def test_each_event_goes_to_its_own_case() -> None:
    found = event.found(["c1"], 1, "anna", NOW)
    docket = fold(opening("2026-0001"), opening("2026-0002"), found.record("2026-0002"))
    assert [case.calls for case in docket] == [(), ("c1",)]


def test_a_case_that_nobody_opened_is_told_with_the_last_that_there_is() -> None:
    with pytest.raises(CaseError, match="no case '2026-0009'; the last is 2026-0001"):
        fold(opening("2026-0001"))["2026-0009"]
    with pytest.raises(CaseError, match="none has been opened yet"):
        fold()["2026-0009"]


def test_cases_are_counted_within_their_year() -> None:
    docket = fold(opening("2025-0017"), opening("2026-0002"))
    assert (docket.next_id(2026), docket.next_id(2027)) == ("2026-0003", "2027-0001")


def test_a_line_that_does_not_follow_from_those_before_is_the_journals_fault() -> None:
    with pytest.raises(JournalError, match="about case 2026-0001"):
        fold(event.found(["c1"], 1, "anna", NOW).record("2026-0001"))


def test_a_line_without_its_facts_is_too() -> None:
    with pytest.raises(JournalError, match="about case 2026-0001"):
        fold(Record("case", "", NOW, {"case": "2026-0001", "event": "opened", "by": "anna"}))


# Holds.


def test_a_case_knows_whether_its_calls_are_held() -> None:
    hold = holds.hold(["c1"], "anna", "case 2026-0001", NOW)
    docket = fold(opening("2026-0001"), opening("2026-0002"), hold)
    assert [case.is_held for case in docket] == [True, False]
    assert not fold(opening("2026-0001"), hold, holds.release("case 2026-0001", "anna", NOW))["2026-0001"].is_held


# Blocks.


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_of(tmp_path, '[register]\nfour_eyes = "all"\n')


def block(config: Config, tmp_path: Path, why: str = "case 2026-0001") -> str:
    done = register.add(desk_in(tmp_path), config, "blocked_user", FIELDS, by="anna", why=why, now=after(25))
    return str(done.span)


def only(tmp_path: Path, day: datetime.date = DAY) -> Case:
    (case,) = Docket.fold(desk_in(tmp_path).lines(), day)
    return case


def test_an_entry_that_waits_for_an_approval_blocks_nobody_yet(config: Config, tmp_path: Path) -> None:
    open_case(desk_in(tmp_path))
    block(config, tmp_path)
    case = only(tmp_path)
    assert [one.entry for one in case.blocks] == ["blocked_user-1"]
    assert case.blocked is None
    assert case.state(after(26)) is State.TO_BLOCK


def test_from_its_approval_on_it_does(config: Config, tmp_path: Path) -> None:
    open_case(desk_in(tmp_path))
    register.approve(desk_in(tmp_path), block(config, tmp_path), by="bert", why="seen", now=after(27))
    case = only(tmp_path, DAY + datetime.timedelta(days=1))
    assert case.blocked == after(27)
    assert case.state(after(28)) is State.BLOCKED


def test_one_that_was_refused_never_did(config: Config, tmp_path: Path) -> None:
    open_case(desk_in(tmp_path))
    register.refuse(desk_in(tmp_path), block(config, tmp_path), by="bert", why="another user", now=after(27))
    assert only(tmp_path).blocked is None


def test_an_entry_of_another_reason_is_no_block_of_a_case(config: Config, tmp_path: Path) -> None:
    open_case(desk_in(tmp_path))
    block(config, tmp_path, why="a court has said so")
    block(config, tmp_path, why="case 2026-00011")
    assert only(tmp_path).blocks == ()


def test_an_entry_made_at_the_register_for_a_case_is_one(config: Config, tmp_path: Path) -> None:
    open_case(desk_in(tmp_path))
    block(config, tmp_path, why="case 2026-0001: by telephone, in the night")
    assert only(tmp_path).blocks[0].user == {"number": "+32470123456"}


def test_without_four_eyes_it_blocks_as_soon_as_it_is_made(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    open_case(desk_in(tmp_path))
    block(config, tmp_path)
    assert only(tmp_path).blocked == after(25)
    filing.identify(desk_in(tmp_path), "2026-0001", WHOLE, by="anna", now=after(25.5))
    register.withdraw(desk_in(tmp_path), config, "blocked_user-1", by="anna", why="BIPT", now=after(26))
    case = only(tmp_path)
    assert case.blocked == after(25)
    assert case.state(after(26)) is State.RELEASED


def test_whose_word_ended_a_block_and_why_is_known(config: Config, tmp_path: Path) -> None:
    open_case(desk_in(tmp_path))
    name, desk = block(config, tmp_path), desk_in(tmp_path)
    register.approve(desk, name, by="bert", why="seen", now=after(26))
    register.withdraw(desk, config, name, by="anna", why="BIPT, by letter", now=after(30))
    assert only(tmp_path).blocks[0].release is None
    register.approve(desk, name, by="bert", why="seen", now=after(31))
    (found,) = (case := only(tmp_path)).blocks
    assert found.release is not None
    assert (found.release.by, found.release.why, found.ended) == ("anna", "BIPT, by letter", after(31))
    assert case.state(after(31)) is State.TO_BLOCK
    assert f"  released    {local(after(31))} by anna: BIPT, by letter" in showing.summary(case, after(31))


def test_a_block_that_begins_later_blocks_from_its_first_day(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    open_case(desk_in(tmp_path))
    fields = {**FIELDS, "since": "2026-11-25"}
    register.add(desk_in(tmp_path), config, "blocked_user", fields, by="anna", why="case 2026-0001", now=after(25))
    case = only(tmp_path, datetime.date(2026, 11, 25))
    assert case.blocked == datetime.datetime(2026, 11, 24, 23, tzinfo=datetime.UTC)


def test_a_block_that_was_put_in_the_place_of_another_goes_on(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    open_case(desk_in(tmp_path))
    name = block(config, tmp_path)
    fields = {"reference": "BIPT/42 bis"}
    register.change(desk_in(tmp_path), config, name, fields, by="anna", why="a better reference", now=after(25))
    day = DAY + datetime.timedelta(days=1)
    assert only(tmp_path, day).state(after(26)) is State.BLOCKED


def test_a_block_that_another_follows_on_a_later_day_goes_on(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    open_case(desk_in(tmp_path))
    name = block(config, tmp_path)
    fields = {"since": "2026-11-30", "reference": "BIPT/42 bis"}
    register.change(desk_in(tmp_path), config, name, fields, by="anna", why="a better reference", now=after(25))
    for day in (24, 29, 30):
        case = only(tmp_path, datetime.date(2026, 11, day))
        assert (case.blocks[0].is_in_force, case.blocks[0].ended) == (True, None), day


def test_a_block_has_ended_when_it_was_taken_back_or_its_last_day_was_over(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    open_case(desk_in(tmp_path))
    block(config, tmp_path)
    fields = {**FIELDS, "number": "+32470123457", "until": "2026-11-25"}
    register.add(desk_in(tmp_path), config, "blocked_user", fields, by="anna", why="case 2026-0001", now=after(25))
    register.withdraw(desk_in(tmp_path), config, "blocked_user-1", by="anna", why="BIPT", now=after(26))
    assert [one.ended for one in only(tmp_path, datetime.date(2026, 11, 25)).blocks] == [after(26), None]
    over = datetime.datetime(2026, 11, 25, 23, tzinfo=datetime.UTC)
    assert [one.ended for one in only(tmp_path, datetime.date(2026, 11, 26)).blocks] == [after(26), over]
