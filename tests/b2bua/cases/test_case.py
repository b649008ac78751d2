"""What the law asks of a case, after what has happened and at that time (art. 4 §2, ¶16)."""

import datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.cases import event
from b2bua.cases.block import Block
from b2bua.cases.case import Case, State
from b2bua.cases.clock import Duty
from b2bua.cases.event import Event
from b2bua.register import State as EntryState
from tests.b2bua.cases.making import NOW, after, answered, asked, case_of, disputed, identified

pytestmark = pytest.mark.law("¶16 identity", "¶16")

COMPLETE = {"name": "N", "address": "A", "data": "D"}
ALL = ("name", "address", "data")


def block_at(hours: float | None, state: EntryState = EntryState.IN_FORCE, ended: float | None = None) -> Block:
    since = None if hours is None else after(hours)
    end = None if ended is None else after(ended)
    return Block(entry="blocked_user-1", user={}, acts=(), since=since, state=state, ended=end)


def calls(*names: str) -> Event:
    return event.found(names, len(names), "anna", after(1))


def block_due(case: Case, at: float) -> float | None:
    """Hours after the request at which the block is due, as it is known at that time."""
    clock = case.block_clock(after(at))
    return None if clock is None else (clock.due - NOW) / datetime.timedelta(hours=1)


# The answer.


def test_the_answer_is_due_24_hours_after_the_request_and_not_after_the_case_was_opened() -> None:
    case = Case.from_opening("2026-0001", event.opened(asked(), "anna", after(5)))
    assert case.answer_clock.due == after(24)


def test_a_complete_answer_stops_the_first_clock() -> None:
    case = case_of(identified(1, **COMPLETE), answered(2))
    assert case.answer_clock.met == after(2)
    assert case.state(after(3)) is State.ANSWERED
    assert case.block_clock(after(99)) is None


def test_an_incomplete_answer_does_not_stop_it() -> None:
    case = case_of(identified(1, "data", name="N", address="A"), answered(2, "data"))
    assert case.answer_clock.met is None


def test_that_the_identity_is_known_does_not_stop_it() -> None:
    assert case_of(identified(1, **COMPLETE)).answer_clock.met is None


def test_a_late_answer_is_shown_as_late() -> None:
    case = case_of(identified(1, **COMPLETE), answered(26))
    assert case.answer_clock.is_late(after(99))


def test_a_second_answer_does_not_make_the_first_one_later() -> None:
    assert case_of(identified(1, **COMPLETE), answered(2), answered(30)).answer_clock.met == after(2)


# The block.


def test_nothing_has_to_be_blocked_while_there_is_time_to_answer() -> None:
    assert case_of().block_clock(after(24)) is None
    assert case_of().state(after(24)) is State.OPEN


def test_without_an_answer_in_time_the_block_is_due_24_hours_later() -> None:
    case = case_of()
    assert block_due(case, 24.1) == 48
    assert case.state(after(24.1)) is State.TO_BLOCK


def test_a_late_answer_does_not_undo_that() -> None:
    assert block_due(case_of(identified(25, **COMPLETE), answered(26)), 26) == 48


def test_a_missing_field_starts_the_second_clock() -> None:
    assert block_due(case_of(identified(3, "address", "data", name="N")), 3) == 27


def test_it_runs_from_the_first_time_that_something_was_missing() -> None:
    case = case_of(identified(3, "address", "data", name="N"), identified(5, "data", address="A"))
    assert block_due(case, 6) == 27


def test_what_is_completed_within_the_first_period_stops_it() -> None:
    case = case_of(identified(3, "data", name="N", address="A"), identified(24, data="D"))
    assert case.block_clock(after(24)) is None


def test_what_is_completed_later_does_not() -> None:
    case = case_of(identified(3, "data", name="N", address="A"), identified(24.1, data="D"))
    assert block_due(case, 25) == 27


def test_what_is_missing_after_the_period_makes_the_block_due_no_later() -> None:
    assert block_due(case_of(identified(30, "data", name="N", address="A")), 31) == 48


def test_an_incomplete_answer_starts_it_even_if_nobody_was_identified() -> None:
    assert block_due(case_of(answered(4, *ALL)), 5) == 28


def test_an_identity_that_is_found_wrong_starts_it_from_then() -> None:
    case = case_of(identified(1, **COMPLETE), answered(2), disputed(100, "address"))
    assert block_due(case, 101) == 124
    assert case.missing == ("address",)


def test_what_is_found_wrong_in_time_has_to_be_answered_again() -> None:
    case = case_of(identified(1, **COMPLETE), answered(2), disputed(5, "address"), identified(6, address="B"))
    assert case.missing == ()
    assert case.answer_clock.met is None
    assert block_due(case, 25) == 48
    assert case.after(answered(7)).block_clock(after(99)) is None


def test_an_answer_that_was_made_before_it_was_found_wrong_is_not_the_answer_any_more() -> None:
    made = event.prepared(["a.json"], "d" * 64, [], language="fr", by="anna", now=after(1))
    assert case_of(made, disputed(2, "name")).digest == ""


def test_one_that_was_made_about_other_calls_is_not_either() -> None:
    made = event.prepared(["a.json"], "d" * 64, [], language="fr", by="anna", now=after(1))
    first, second = (event.found([name], 1, "anna", after(1)) for name in ("c1", "c2"))
    assert case_of(first, made, first).digest == "d" * 64
    assert case_of(first, made, second).digest == ""


def test_an_answer_about_other_calls_does_not_stop_the_first_clock() -> None:
    case = case_of(calls("c1", "c2"), identified(1, **COMPLETE), answered(2))
    assert case.answer_clock.met == after(2)
    for other in (("c1",), ("c1", "c2", "c3"), ("c4",)):
        assert case.after(calls(*other)).answer_clock.met is None, other
        assert block_due(case.after(calls(*other)), 30) == 48
    assert case.after(calls("c2", "c1")).answer_clock.met == after(2), "they are the same"


def test_another_call_is_another_users_until_somebody_says_so() -> None:
    case = case_of(calls("c1"), identified(1, **COMPLETE))
    assert case.after(calls("c1", "c2")).missing == ()
    other = case.after(calls("c2"))
    assert (other.missing, other.identity.given) == (("name", "address", "data"), {})
    assert case_of(identified(1, **COMPLETE), calls("c1")).missing == (), "who was known before a call was chosen"


def test_that_there_is_no_such_call_is_an_answer_and_no_identity() -> None:
    case = case_of(answered(2))
    assert (case.answer_clock.met, case.state(after(30)), case.lacks) == (after(2), State.ANSWERED, ())
    assert case.missing == ("name", "address", "data")
    found = case.after(calls("c1"))
    assert (found.answer_clock.met, found.lacks) == (None, ("name", "address", "data"))
    assert block_due(found, 30) == 48


def test_an_identity_of_no_call_is_not_answered_with() -> None:
    case = case_of(identified(1, "address", "data", name="N"))
    assert case.lacks == ()
    assert case.after(calls("c1")).lacks == ("address", "data")


def test_what_was_found_wrong_earlier_than_it_was_written_down_makes_the_block_due_earlier() -> None:
    late = event.disputed(["address"], "BIPT says so", "anna", after(110), after(100))
    assert block_due(case_of(identified(1, **COMPLETE), answered(2), late), 111) == 124


def test_a_closed_case_whose_answer_was_wrong_is_open_again() -> None:
    case = case_of(identified(1, **COMPLETE), answered(2), event.closed("", "anna", after(3)))
    assert case.state(after(4)) is State.CLOSED
    assert case.after(disputed(50, "name")).state(after(50)) is State.TO_BLOCK


# Blocked.


def known(at: float) -> Event:
    """The identity is whole at last; too late for the second clock to stop."""
    return identified(at, **COMPLETE)


def blocked(case: Case, *blocks: Block) -> Case:
    return attrs.evolve(case, blocks=blocks)


def test_a_block_in_force_stops_the_second_clock() -> None:
    case = blocked(case_of(), block_at(30))
    clock = case.block_clock(after(40))
    assert clock is not None
    assert (clock.met, clock.is_late(after(99))) == (after(30), False)
    assert case.state(after(40)) is State.BLOCKED


def test_one_that_waits_for_an_approval_does_not() -> None:
    case = blocked(case_of(), block_at(None, EntryState.PROPOSED))
    clock = case.block_clock(after(40))
    assert clock is not None
    assert clock.met is None
    assert case.state(after(40)) is State.TO_BLOCK


def test_a_block_that_came_too_late_is_shown_as_late() -> None:
    clock = blocked(case_of(), block_at(50)).block_clock(after(60))
    assert clock is not None
    assert clock.is_late(after(60))


def test_a_user_whose_block_was_taken_back_once_he_was_known_is_released() -> None:
    case = blocked(case_of(known(32)), block_at(30, EntryState.WITHDRAWN, ended=35))
    assert case.state(after(40)) is State.RELEASED
    clock = case.block_clock(after(40))
    assert clock is not None
    assert clock.met == after(30)


@pytest.mark.parametrize("events", [(), (known(36),), (known(26), disputed(34, "name"), known(36))])
def test_a_block_that_was_taken_back_while_something_was_missing_has_done_nothing(events: tuple[Event, ...]) -> None:
    case = blocked(case_of(*events), block_at(30, EntryState.WITHDRAWN, ended=35))
    clock = case.block_clock(after(40))
    assert clock is not None
    assert (clock.met, clock.due, clock.is_late(after(49))) == (None, after(48), True)
    assert case.state(after(40)) is State.TO_BLOCK


def test_what_is_late_stays_late_when_the_user_is_blocked_again() -> None:
    case = blocked(case_of(), block_at(30, EntryState.WITHDRAWN, ended=60), block_at(61))
    clock = case.block_clock(after(70))
    assert clock is not None
    assert (clock.met, clock.is_late(after(70))) == (after(61), True)


def test_a_block_that_begins_later_is_not_done_before() -> None:
    case = blocked(case_of(), block_at(40, EntryState.COMING))
    clock = case.block_clock(after(30))
    assert clock is not None
    assert clock.met is None
    assert case.state(after(30)) is State.TO_BLOCK
    later = blocked(case, block_at(40)).block_clock(after(41))
    assert later is not None
    assert later.met == after(40)


def test_one_that_was_taken_back_before_its_first_day_never_was() -> None:
    case = blocked(case_of(), block_at(40, EntryState.WITHDRAWN, ended=35))
    assert case.blocked is None
    assert case.state(after(45)) is State.TO_BLOCK


@pytest.mark.parametrize(("is_known", "due"), [(True, 224), (False, None)])
@pytest.mark.parametrize("first", [100.0, 10.0])
def test_one_that_was_taken_back_before_the_identity_was_found_wrong_again_does_not_count(
    first: float, is_known: bool, due: float | None
) -> None:
    between = (known(140),) if is_known else ()
    events = (known(1), answered(2), disputed(first, "address"), *between, disputed(200, "address"))
    case = blocked(case_of(*events), block_at(first + 2, EntryState.WITHDRAWN, ended=150))
    clock = case.block_clock(after(201))
    assert clock is not None
    assert (clock.met, clock.due) == (None, after(due or first + 24)), "what was due before stays due"
    assert case.state(after(201)) is State.TO_BLOCK


def test_one_that_was_taken_back_after_it_was_found_wrong_counts_once_the_user_was_known() -> None:
    case = case_of(known(1), answered(2), disputed(100, "address"), known(140))
    assert blocked(case, block_at(102, EntryState.WITHDRAWN, ended=150)).state(after(200)) is State.RELEASED


def test_the_next_block_counts_again() -> None:
    case = case_of(known(1), answered(2), disputed(100, "address"), known(140), disputed(200, "address"))
    clock = blocked(case, block_at(102, EntryState.WITHDRAWN, ended=150), block_at(210)).block_clock(after(211))
    assert clock is not None
    assert clock.met == after(210)


# What is told.


def test_that_the_block_is_due_anew_is_told_anew() -> None:
    told = event.reminded(Duty.BLOCK, 24, "log", "clerk", after(124))
    assert case_of(answered(2), disputed(100, "name"), told, disputed(200, "name")).told == frozenset()


def test_a_second_clock_that_runs_again_is_told_of_again() -> None:
    told = event.reminded(Duty.BLOCK, 12, "log", "clerk", after(13))
    case = case_of(identified(1, "data", name="N", address="A"), told, identified(14, data="D"))
    assert case.told == frozenset()


def test_the_reminders_of_the_first_clock_stay_told() -> None:
    told = event.reminded(Duty.ANSWER, 12, "log", "clerk", after(13))
    assert case_of(told, identified(14, **COMPLETE)).told == {(Duty.ANSWER, 12, "log")}


def test_an_event_that_is_not_known_is_remembered_and_changes_nothing_else() -> None:
    strange = Event("of a later version", after(1), "anna")
    case = case_of(strange)
    assert case.history[-1] is strange
    assert case.clocks(after(2)) == case_of().clocks(after(2))


# Whatever happens.

EVENTS = st.one_of(
    st.builds(lambda at, n: identified(at, *ALL[:n]), st.floats(0, 60), st.integers(0, 3)),
    st.builds(lambda at, n: answered(at, *ALL[:n]), st.floats(0, 60), st.integers(0, 3)),
    st.builds(lambda at: disputed(at, "name"), st.floats(0, 60)),
)


@given(st.lists(EVENTS, max_size=8))
def test_without_a_complete_answer_in_time_a_block_is_always_due_by_the_48th_hour(events: list[Event]) -> None:
    case = case_of(*sorted(events, key=lambda one: one.at))
    in_time = [one for one in events if one.name == "answered" and not one.facts["missing"] and one.at <= after(24)]
    if not in_time:
        due = block_due(case, 61)
        assert due is not None
        assert due <= 48


@given(st.lists(EVENTS, max_size=8))
def test_after_the_first_period_nothing_takes_a_due_block_back_or_puts_it_off(events: list[Event]) -> None:
    ordered = sorted(events, key=lambda one: one.at)
    early = [one for one in ordered if one.at <= after(24)]
    due = None
    for count in range(len(early), len(ordered) + 1):
        before, due = due, block_due(case_of(*ordered[:count]), 61)
        assert before is None or (due is not None and due <= before)
