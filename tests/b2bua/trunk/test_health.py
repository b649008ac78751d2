"""Which targets of a trunk are up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Probe
from b2bua.trunk import Health
from b2bua.trunk.health import State
from sipstack.locate import Target

FIRST, SECOND, THIRD = ("192.0.2.1", 5060), ("192.0.2.2", 5060), ("192.0.2.1", 5070)
TARGETS = tuple(Target("UDP", host, port, host=host) for host, port in (FIRST, SECOND, THIRD))


def health(down_after: int = 3, up_after: int = 2) -> Health:
    return Health.of((FIRST, SECOND, THIRD), Probe(down_after=down_after, up_after=up_after))


def fell(health: Health, *places: tuple[str, int]) -> Health:
    for place in places:
        while not health.is_down(place):
            health.missed(place)
    return health


def hosts(targets: tuple[Target, ...]) -> list[tuple[str, int]]:
    return [target.remote for target in targets]


def test_what_is_not_known_counts_as_up() -> None:
    known = health()
    assert set(known.states().values()) == {State.UNKNOWN}
    assert known.worth_trying(TARGETS) == TARGETS


def test_without_probes_nothing_is_kept_and_every_target_is_tried() -> None:
    unasked = Health.of((FIRST, SECOND, THIRD), None)
    assert unasked.states() == {}
    assert not unasked.is_down(FIRST)
    assert unasked.worth_trying(TARGETS) == TARGETS


def test_so_many_failures_in_a_row_and_no_fewer_take_a_target_down_and_it_is_told_once() -> None:
    known = health(down_after=3)
    assert [known.missed(FIRST) for _ in range(6)] == [False, False, True, False, False, False]
    assert known.states() == {FIRST: State.DOWN, SECOND: State.UNKNOWN, THIRD: State.UNKNOWN}


def test_so_many_answers_in_a_row_and_no_fewer_bring_it_back_and_it_is_told_once() -> None:
    known = fell(health(up_after=2), FIRST)
    assert [known.answered(FIRST) for _ in range(4)] == [False, True, False, False]
    assert known.states()[FIRST] is State.UP


def test_one_answer_among_the_failures_and_the_count_begins_anew() -> None:
    known = health(down_after=3)
    for _ in range(20):
        assert [known.missed(FIRST), known.missed(FIRST), known.answered(FIRST)] == [False, False, False]
    assert known.states()[FIRST] is State.UP


def test_one_failure_among_the_answers_and_a_target_that_is_down_stays_down() -> None:
    known = fell(health(up_after=2), FIRST)
    for _ in range(20):
        assert [known.answered(FIRST), known.missed(FIRST)] == [False, False]
    assert known.is_down(FIRST)


def test_the_first_answer_makes_a_target_up_without_news_for_nobody_thought_it_was_not() -> None:
    known = health(up_after=5)
    assert not known.answered(SECOND)
    assert known.states()[SECOND] is State.UP


def test_two_ports_of_one_host_are_two_targets() -> None:
    known = fell(health(), FIRST)
    assert hosts(known.worth_trying(TARGETS)) == [SECOND, THIRD]


def test_what_is_down_is_left_out_and_the_order_of_the_rest_is_kept() -> None:
    known = fell(health(), SECOND)
    assert hosts(known.worth_trying(TARGETS[::-1])) == [THIRD, FIRST]


def test_as_a_last_resort_what_is_down_stands_behind_the_others() -> None:
    known = fell(health(), FIRST)
    assert hosts(known.worth_trying(TARGETS, last_resort=True)) == [SECOND, THIRD, FIRST]


@pytest.mark.parametrize("last_resort", [False, True])
def test_when_all_are_down_all_are_tried_in_their_order(last_resort: bool) -> None:
    known = fell(health(), FIRST, SECOND, THIRD)
    assert known.worth_trying(TARGETS, last_resort=last_resort) == TARGETS
    assert known.worth_trying((), last_resort=last_resort) == ()


@given(st.integers(1, 5), st.integers(1, 5), st.lists(st.booleans(), max_size=60))
def test_a_state_changes_by_a_run_of_the_length_that_is_set_and_by_nothing_else(
    down_after: int, up_after: int, answers: list[bool]
) -> None:
    known, heard, is_down = health(down_after, up_after), list[bool](), False
    for is_answered in answers:
        heard.append(is_answered)
        is_news = known.answered(FIRST) if is_answered else known.missed(FIRST)
        enough = up_after if is_down else down_after
        turns = len(heard) >= enough and set(heard[-enough:]) == {is_down}
        assert is_news == turns
        is_down ^= turns
        assert known.is_down(FIRST) == is_down
        assert known.worth_trying(TARGETS) == (TARGETS[1:] if is_down else TARGETS)
