"""What people write down about a case, and what they may not."""

import datetime
import threading
from pathlib import Path

import pytest

from b2bua.cases import filing
from b2bua.cases.case import Case, State
from b2bua.cases.clock import Duty
from b2bua.errors import CaseError, GatewayError
from b2bua.evidence import Desk
from b2bua.evidence.holds import Held
from tests.b2bua.cases.making import NOW, after, asked, desk_in, open_case

WHOLE = {"name": "N", "address": "A", "data": "D"}
ID = "2026-0001"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


def held(desk: Desk) -> dict[str, frozenset[str]]:
    return dict(Held.fold(desk.lines()).reasons)


def lines(desk: Desk) -> list[str]:
    return [line.get("event") or line.get("action") for line in desk.lines() if line["kind"] != "segment"]


def answered_case(desk: Desk) -> Case:
    open_case(desk)
    found = filing.identify(desk, ID, WHOLE, by="anna", now=after(1))
    filing.file_answer(desk, found, ["a.json"], "d" * 64, "fr", by="anna", now=after(1))
    return filing.send(desk, ID, "mail", after(2), by="anna", now=after(2))


# Opening.


def test_cases_are_numbered_in_the_year_of_brussels(desk: Desk) -> None:
    eve = datetime.datetime(2026, 12, 31, 23, 30, tzinfo=datetime.UTC)
    assert open_case(desk).id == "2026-0001"
    assert open_case(desk).id == "2026-0002"
    assert open_case(desk, now=eve).id == "2027-0001"


def test_an_opened_case_is_read_back_as_it_is(desk: Desk) -> None:
    opened = open_case(desk, called="09 333 00 00")
    assert (opened.asked, opened.by) == (asked(called="09 333 00 00"), "anna")
    assert filing.docket_of(desk, NOW)[ID] == opened


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"reference": " "}, "--reference says nothing"),
        ({"requested": after(1)}, "which is in the future"),
        ({"moment": "noonish"}, "'noonish' is no moment"),
        ({"error_seconds": -1}, "no clock is wrong by -1 s"),
        ({"error_seconds": 10**20}, "no clock is wrong by"),
        ({"reference": "x\x1b[2J"}, "cannot be shown"),
        ({"number": "0" * 2_001}, "longer than 2000"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(desk: Desk, other: dict[str, object], problem: str) -> None:
    with pytest.raises(GatewayError, match=problem.replace("(", r"\(")):
        open_case(desk, **other)
    assert lines(desk) == []


def test_two_who_open_cases_at_once_get_two_numbers(desk: Desk) -> None:
    both = [threading.Thread(target=open_case, args=(Desk(desk.journal),)) for _ in range(4)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [case.id for case in filing.docket_of(desk, NOW)] == [f"2026-000{n}" for n in (1, 2, 3, 4)]


# Calls, and their holds.


def test_the_calls_of_a_case_are_held_from_retention(desk: Desk) -> None:
    open_case(desk)
    found = filing.file_calls(desk, ID, ["c1", "c2"], 5, by="anna", now=after(1))
    assert (found.calls, found.is_held) == (("c1", "c2"), True)
    assert held(desk) == {f"case {ID}": frozenset({"c1", "c2"})}


def test_calls_that_it_was_not_after_all_are_held_no_more(desk: Desk) -> None:
    open_case(desk)
    filing.file_calls(desk, ID, ["c1"], 5, by="anna", now=after(1))
    filing.file_calls(desk, ID, ["c2"], 5, by="anna", now=after(2))
    assert held(desk) == {f"case {ID}": frozenset({"c2"})}


def test_a_closed_case_holds_nothing_unless_it_is_to(desk: Desk) -> None:
    for number, keep in ((1, False), (2, True)):
        case = open_case(desk).id
        assert case.endswith(str(number))
        filing.file_calls(desk, case, [f"c{number}"], 1, by="anna", now=after(1))
        filing.close(desk, case, "withdrawn", keep_hold=keep, by="anna", now=after(2))
    assert held(desk) == {"case 2026-0002": frozenset({"c2"})}


def test_a_case_that_is_open_again_holds_its_calls_again(desk: Desk) -> None:
    answered_case(desk)
    filing.file_calls(desk, ID, ["c1"], 1, by="anna", now=after(2))
    filing.close(desk, ID, "done", keep_hold=False, by="anna", now=after(3))
    assert held(desk) == {}
    assert filing.dispute(desk, ID, ["name"], "BIPT", by="anna", now=after(50)).is_held
    assert held(desk) == {f"case {ID}": frozenset({"c1"})}
    filing.dispute(desk, ID, ["name"], "BIPT again", by="anna", now=after(51))
    assert lines(desk).count("hold") == 2


def test_a_hold_can_be_ended_and_begun_again_by_hand(desk: Desk) -> None:
    open_case(desk)
    filing.file_calls(desk, ID, ["c1"], 1, by="anna", now=after(1))
    assert not filing.hold(desk, ID, is_held=False, by="anna", now=after(2)).is_held
    assert filing.hold(desk, ID, is_held=True, by="anna", now=after(3)).is_held


# The identity.


@pytest.mark.law("¶16")
def test_what_is_missing_is_written_down_beside_what_is_known(desk: Desk) -> None:
    open_case(desk)
    assert filing.identify(desk, ID, {"name": "N"}, by="anna", now=after(1)).missing == ("address", "data")
    assert filing.identify(desk, ID, {"address": "A", "data": "D"}, by="anna", now=after(2)).missing == ()


def test_a_disputed_field_is_missing_until_it_is_told_anew(desk: Desk) -> None:
    answered_case(desk)
    assert filing.dispute(desk, ID, ["address"], "BIPT", by="anna", now=after(3)).missing == ("address",)
    for name in ("N2", "N3"):
        assert filing.identify(desk, ID, {"name": name}, by="anna", now=after(4)).missing == ("address",)
    assert filing.identify(desk, ID, {"address": "B"}, by="anna", now=after(5)).missing == ()


def test_a_dispute_of_nothing_in_particular_is_one_of_all_that_is_asked_for(desk: Desk) -> None:
    answered_case(desk)
    found = filing.dispute(desk, ID, [], "BIPT", by="anna", now=after(3))
    assert set(found.missing) == {"name", "address", "data"}


def test_a_dispute_of_nothing_in_particular_is_one_of_what_the_identity_was_of(desk: Desk) -> None:
    open_case(desk)
    filing.identify(desk, ID, {"other": "O", "method": "direct"}, by="anna", now=after(1))
    found = filing.dispute(desk, ID, [], "BIPT", by="anna", now=after(3))
    assert set(found.missing) == {"other", "method"}


def test_the_second_clock_runs_from_when_it_was_found_wrong_and_not_from_when_that_was_written_down(
    desk: Desk,
) -> None:
    answered_case(desk)
    found = filing.dispute(desk, ID, ["name"], "BIPT", when=after(100), by="anna", now=after(110))
    clock = found.block_clock(after(110))
    assert clock is not None
    assert clock.due == after(124)


@pytest.mark.parametrize("when", [-1, 5])
def test_it_was_found_wrong_after_the_request_and_not_in_the_future(desk: Desk, when: float) -> None:
    answered_case(desk)
    with pytest.raises(CaseError, match="cannot have been found wrong"):
        filing.dispute(desk, ID, ["name"], "BIPT", when=after(when), by="anna", now=after(4))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "nothing has been told"),
        ({"shoe": "43"}, "'shoe' is no part of an identity; one of name"),
        ({"method": "guessed"}, "'guessed' is no way to obtain"),
        ({"name": "x\x00"}, "cannot be shown"),
    ],
)
def test_what_is_no_identity_is_refused(desk: Desk, given: dict[str, str], problem: str) -> None:
    open_case(desk)
    with pytest.raises(CaseError, match=problem):
        filing.identify(desk, ID, given, by="anna", now=after(1))


def test_a_dispute_says_why_and_of_which_field(desk: Desk) -> None:
    open_case(desk)
    with pytest.raises(CaseError, match="--why says nothing"):
        filing.dispute(desk, ID, [], " ", by="anna", now=after(1))
    with pytest.raises(CaseError, match="'shoe' is no part"):
        filing.dispute(desk, ID, ["shoe"], "BIPT", by="anna", now=after(1))


# The answer.


def test_an_answer_that_was_made_and_sent_stops_the_clock_when_it_was_sent(desk: Desk) -> None:
    assert answered_case(desk).answer_clock.met == after(2)


def test_one_that_was_made_of_a_case_that_has_changed_since_is_not_taken(desk: Desk) -> None:
    before = open_case(desk)
    filing.identify(desk, ID, WHOLE, by="bert", now=after(1))
    with pytest.raises(CaseError, match="changed by somebody else"):
        filing.file_answer(desk, before, ["a.json"], "d" * 64, "fr", by="anna", now=after(2))


def test_what_was_sent_is_what_was_made(desk: Desk) -> None:
    open_case(desk)
    before = filing.file_calls(desk, ID, ["c1"], 1, by="anna", now=after(1))
    filing.file_answer(desk, before, ["a.json"], "d" * 64, "fr", by="anna", now=after(1))
    filing.identify(desk, ID, WHOLE, by="anna", now=after(2))
    sent = filing.send(desk, ID, "mail", after(3), by="anna", now=after(3))
    assert sent.answer_clock.met is None


def test_nothing_is_sent_before_it_is_made(desk: Desk) -> None:
    open_case(desk)
    with pytest.raises(CaseError, match="no answer has been made"):
        filing.send(desk, ID, "mail", after(1), by="anna", now=after(1))


@pytest.mark.parametrize("when", [-1, 5])
def test_an_answer_was_sent_after_the_request_and_not_in_the_future(desk: Desk, when: float) -> None:
    answered_case(desk)
    with pytest.raises(CaseError, match="cannot have been sent"):
        filing.send(desk, ID, "mail", after(when), by="anna", now=after(4))


def test_an_answer_was_sent_once_it_was_made_and_not_before(desk: Desk) -> None:
    answered_case(desk)
    with pytest.raises(CaseError, match=r"the answer was made at .* and cannot have been sent at"):
        filing.send(desk, ID, "mail", after(0.5), by="anna", now=after(4))
    assert filing.send(desk, ID, "mail", after(1), by="anna", now=after(4)).answer_clock.met == after(2)


def test_an_answer_about_one_call_is_not_sent_for_another(desk: Desk) -> None:
    open_case(desk)
    filing.identify(desk, ID, WHOLE, by="anna", now=after(1))
    found = filing.file_calls(desk, ID, ["c1"], 2, by="anna", now=after(1))
    filing.file_answer(desk, found, ["a.json"], "d" * 64, "fr", by="anna", now=after(2))
    filing.file_calls(desk, ID, ["c2"], 2, by="anna", now=after(3))
    with pytest.raises(CaseError, match="no answer has been made"):
        filing.send(desk, ID, "mail", after(4), by="anna", now=after(4))
    assert filing.docket_of(desk, after(4))[ID].answer_clock.met is None


@pytest.mark.law("¶16")
def test_an_answer_that_was_sent_about_one_call_is_none_about_another(desk: Desk) -> None:
    open_case(desk)
    filing.file_calls(desk, ID, ["c1"], 2, by="anna", now=after(1))
    found = filing.identify(desk, ID, WHOLE, by="anna", now=after(1))
    filing.file_answer(desk, found, ["a.json"], "d" * 64, "fr", by="anna", now=after(2))
    filing.send(desk, ID, "mail", after(2), by="anna", now=after(2))
    found = filing.file_calls(desk, ID, ["c2"], 2, by="anna", now=after(3))
    assert (found.answer_clock.met, found.state(after(3))) == (None, State.OPEN)
    assert found.missing == ("name", "address", "data"), "whose call it was is to be told anew"
    with pytest.raises(CaseError, match="is a duty by law"):
        filing.close(desk, ID, "", keep_hold=False, by="anna", now=after(3))
    assert filing.file_calls(desk, ID, ["c1"], 2, by="anna", now=after(4)).answer_clock.met == after(2)


def test_none_of_the_calls_is_something_that_a_person_says(desk: Desk) -> None:
    open_case(desk)
    filing.file_calls(desk, ID, ["c1"], 2, by="anna", now=after(1))
    found = filing.file_calls(desk, ID, [], 2, by="anna", now=after(2))
    assert (found.calls, found.is_none, found.is_held) == ((), True, False)


# The end.


def test_a_case_is_closed_without_a_word_when_all_is_done(desk: Desk) -> None:
    answered_case(desk)
    found = filing.close(desk, ID, "", keep_hold=False, by="anna", now=after(3))
    assert found.state(after(3)) is State.CLOSED


@pytest.mark.law("¶16")
@pytest.mark.parametrize(("at", "state"), [(3, "open"), (30, "to block")])
def test_one_with_a_duty_left_is_closed_only_for_a_reason(desk: Desk, at: float, state: str) -> None:
    open_case(desk)
    with pytest.raises(CaseError, match=f"is {state}, which is a duty by law; --why"):
        filing.close(desk, ID, " ", keep_hold=False, by="anna", now=after(at))
    assert filing.close(desk, ID, "BIPT takes it back", keep_hold=False, by="anna", now=after(at)).closed == after(at)


def test_a_closed_case_takes_notes_and_nothing_else(desk: Desk) -> None:
    answered_case(desk)
    filing.close(desk, ID, "", keep_hold=False, by="anna", now=after(3))
    filing.note(desk, ID, "they called", by="anna", now=after(4))
    with pytest.raises(CaseError, match="is closed; `b2bua case incomplete` opens it again"):
        filing.identify(desk, ID, WHOLE, by="anna", now=after(4))
    with pytest.raises(CaseError, match="is closed"):
        filing.close(desk, ID, "again", keep_hold=False, by="anna", now=after(4))


def test_everybody_who_acts_has_a_name(desk: Desk) -> None:
    open_case(desk)
    with pytest.raises(CaseError, match="nobody is named"):
        filing.note(desk, ID, "x", by=" ", now=after(1))


# Reminders.


def test_a_reminder_is_written_down_once(desk: Desk) -> None:
    open_case(desk)
    for _ in range(2):
        filing.remind(desk, ID, Duty.ANSWER, 12, "log", by="clerk", now=after(12))
    assert lines(desk).count("reminded") == 1
