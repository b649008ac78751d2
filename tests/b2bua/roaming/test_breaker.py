import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.roaming.breaker import LONGEST_PAUSE, Breaker


def opened(after: int = 3, pause: float = 10.0) -> Breaker:
    breaker = Breaker(after, pause)
    assert [breaker.failed(0.0) for _ in range(after)] == [False] * (after - 1) + [True]
    return breaker


def test_it_opens_at_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(3, 10.0)
    assert not breaker.failed(0.0)
    assert not breaker.failed(0.0)
    assert breaker.admits(0.0)
    assert breaker.failed(0.0)
    assert breaker.is_open
    assert not breaker.admits(9.9)
    assert breaker.opened == 1


def test_a_holder_that_answers_every_other_time_is_asked_on() -> None:
    breaker = Breaker(2, 10.0)
    for _ in range(100):
        assert breaker.admits(0.0)
        breaker.failed(0.0)
        assert not breaker.answered()
    assert breaker.opened == 0


def test_after_the_pause_one_question_tries_and_the_others_wait_for_it() -> None:
    breaker = opened()
    assert breaker.admits(10.0)
    assert [breaker.admits(10.0), breaker.admits(1_000.0)] == [False, False]
    assert breaker.answered()
    assert not breaker.is_open
    assert breaker.admits(10.0)


def test_a_try_that_fails_closes_the_door_for_another_pause_and_is_no_news() -> None:
    breaker = opened()
    assert breaker.admits(10.0)
    assert not breaker.failed(12.0)
    assert not breaker.admits(21.9)
    assert breaker.admits(22.0)
    assert breaker.opened == 1


def test_what_was_asked_before_and_fails_late_does_not_prolong_the_pause() -> None:
    breaker = opened()
    for at in (1.0, 5.0, 9.9):
        assert not breaker.failed(at)
    assert breaker.admits(10.0)


def test_what_was_asked_before_and_is_answered_late_shows_that_it_is_back() -> None:
    breaker = opened()
    assert breaker.answered()
    assert breaker.admits(0.1)


def test_after_it_closes_failures_are_counted_from_nothing() -> None:
    breaker = opened(3)
    breaker.answered()
    assert [breaker.failed(20.0) for _ in range(3)] == [False, False, True]
    assert breaker.opened == 2


def test_a_holder_that_asks_to_be_left_alone_is_at_once() -> None:
    breaker = Breaker(5, 10.0)
    assert breaker.failed(0.0, 60.0)
    assert not breaker.admits(59.9)
    assert breaker.admits(60.0)


@pytest.mark.parametrize(("asked", "kept"), [(1e9, LONGEST_PAUSE), (-5.0, 0.0)])
def test_how_long_it_may_ask_for_is_bounded(asked: float, kept: float) -> None:
    breaker = Breaker(5, 10.0)
    breaker.failed(0.0, asked)
    assert not breaker.admits(kept - 0.1)
    assert breaker.admits(kept)


def test_nought_failures_never_open_it() -> None:
    breaker = Breaker(0, 10.0)
    assert not any(breaker.failed(0.0, pause) for pause in [None] * 100 + [60.0])
    assert breaker.admits(0.0)


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(["ask", "answered", "failed"]), st.floats(0, 5, allow_nan=False)), max_size=80),
)
def test_no_holder_is_left_alone_for_longer_than_its_pause(after: int, steps: list[tuple[str, float]]) -> None:
    """Whatever comes in whatever order: a question that was admitted comes back, and then somebody may ask again."""
    breaker, now, tried = Breaker(after, 10.0), 0.0, 0
    for what, later in steps:
        now += later
        if what == "ask":
            tried += breaker.admits(now)
        elif what == "answered":
            breaker.answered()
        else:
            breaker.failed(now)
    if breaker.is_open:
        breaker.failed(now)  # what tries, if anything does, has come back
    assert breaker.admits(now + 10.0)
