"""How many calls a trunk may carry."""

from hypothesis import given
from hypothesis import strategies as st

from b2bua.trunk import Limit


def test_without_a_limit_everybody_is_let_in() -> None:
    limit = Limit()
    assert [limit.admit(0.0) for _ in range(1_000)] == [None] * 1_000
    assert limit.held == 1_000


def test_as_many_at_one_time_as_there_are_places() -> None:
    limit = Limit(calls=2)
    assert [limit.admit(0.0), limit.admit(0.0), limit.admit(0.0)] == [None, None, 5]
    limit.leave()
    assert limit.admit(0.0) is None
    assert (limit.held, limit.refused) == (2, 1)


def test_a_limit_of_none_at_all_lets_nobody_in() -> None:
    assert Limit(calls=0).admit(0.0) is not None


def test_a_seconds_worth_may_come_at_once_and_then_the_rate_holds() -> None:
    limit = Limit(per_second=10.0)
    assert sum(limit.admit(100.0) is None for _ in range(50)) == 10
    assert sum(limit.admit(100.5) is None for _ in range(50)) == 5
    assert sum(limit.admit(1_000.0) is None for _ in range(50)) == 10


def test_a_slow_rate_says_when_to_come_again() -> None:
    limit = Limit(per_second=0.1)
    assert limit.admit(0.0) is None
    assert limit.admit(1.0) == 9
    assert limit.admit(10.0) is None


def test_a_refusal_takes_no_place_and_no_turn() -> None:
    limit = Limit(calls=1, per_second=1.0)
    limit.admit(0.0)
    for _ in range(5):
        assert limit.admit(10.0) == 5
    limit.leave()
    assert limit.admit(10.0) is None


def test_an_alarm_is_news_once_a_minute() -> None:
    limit = Limit(calls=0)
    assert [limit.is_news(at) for at in (0.0, 1.0, 59.0, 60.0, 61.0)] == [True, False, False, True, False]


@given(st.floats(0.5, 50.0), st.lists(st.floats(0.0, 0.5), max_size=300))
def test_over_any_time_no_more_come_than_rate_and_burst_allow(rate: float, pauses: list[float]) -> None:
    limit, now, admitted = Limit(per_second=rate), 0.0, 0
    for pause in pauses:
        now += pause
        admitted += limit.admit(now) is None
        assert admitted <= max(1.0, rate) + rate * now + 1e-6
