import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.locate import FAILED, Answer, Cache, Host, Keeping, Kind, Outcome, Question

Q = Question("example.com", Kind.A)
NOW = 1_000.0


def found(ttl: float, address: str = "192.0.2.1") -> Answer:
    return Answer(Outcome.FOUND, (Host(address),), ttl)


def test_an_answer_is_good_for_its_ttl_and_no_longer() -> None:
    cache = Cache()
    assert cache.put(Q, found(30.0), NOW) == found(30.0)
    assert cache.get(Q, NOW + 29.9) == found(30.0)
    assert cache.get(Q, NOW + 30.0) is None
    assert cache.get(Question("example.com", Kind.AAAA), NOW) is None


def test_an_answer_with_ttl_0_is_for_the_search_that_asked() -> None:
    cache = Cache()
    assert cache.put(Q, found(0.0), NOW) == found(0.0)
    assert (cache.get(Q, NOW), cache.size) == (None, 0)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (found(1.0), 10.0),
        (found(1e9), 100.0),
        (found(20.0), 20.0),
        (Answer(Outcome.NO_NAME, (), 7.0), 7.0),
        (Answer(Outcome.NO_DATA, (), 1e9), 60.0),
        (FAILED, 5.0),
    ],
)
def test_the_settings_bound_how_long_an_answer_is_kept(answer: Answer, seconds: float) -> None:
    cache = Cache(Keeping(shortest=10.0, longest=100.0, negative=60.0, failed=5.0))
    cache.put(Q, answer, NOW)
    assert cache.get(Q, NOW + seconds - 0.1) == answer
    assert cache.get(Q, NOW + seconds) is None


def test_when_asking_again_fails_the_old_records_serve_on() -> None:
    cache = Cache(Keeping(failed=5.0, stale=100.0))
    cache.put(Q, found(30.0), NOW)
    assert cache.put(Q, FAILED, NOW + 40) == found(30.0)
    assert cache.get(Q, NOW + 44.9) == found(30.0)
    assert cache.get(Q, NOW + 45) is None
    assert cache.put(Q, FAILED, NOW + 129) == found(30.0)
    assert cache.get(Q, NOW + 129.9) == found(30.0)
    assert cache.get(Q, NOW + 130) is None
    assert cache.put(Q, FAILED, NOW + 130) is FAILED


def test_a_name_that_is_gone_is_gone() -> None:
    cache = Cache()
    cache.put(Q, found(30.0), NOW)
    gone = Answer(Outcome.NO_NAME, (), 5.0)
    assert cache.put(Q, gone, NOW + 40) == gone
    assert cache.put(Q, FAILED, NOW + 50) is FAILED


def test_stale_records_can_be_forbidden() -> None:
    cache = Cache(Keeping(stale=0.0))
    cache.put(Q, found(30.0), NOW)
    assert cache.put(Q, FAILED, NOW + 40) is FAILED


def test_what_was_not_used_for_longest_makes_room() -> None:
    cache = Cache(limit=2)
    first, second, third = (Question(f"{at}.example", Kind.A) for at in range(3))
    cache.put(first, found(60.0), NOW)
    cache.put(second, found(60.0), NOW)
    cache.get(first, NOW)
    cache.put(third, found(60.0), NOW)
    assert [cache.get(question, NOW) is not None for question in (first, second, third)] == [True, False, True]


def test_a_cleared_cache_knows_nothing() -> None:
    cache = Cache()
    cache.put(Q, found(60.0), NOW)
    cache.clear()
    assert (cache.get(Q, NOW), cache.size) == (None, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.sampled_from(Outcome),
            st.floats(min_value=-5, max_value=50),
            st.floats(min_value=0, max_value=20),
        )
    )
)
def test_the_cache_is_bounded_and_never_gives_what_is_over(
    history: list[tuple[str, Outcome, float, float]],
) -> None:
    cache, now = Cache(Keeping(stale=0.0), limit=3), NOW
    good_until: dict[Question, float] = {}
    for name, outcome, ttl, later in history:
        question = Question(name, Kind.A)
        cache.put(question, Answer(outcome, (), ttl), now)
        good_until[question] = now + (5.0 if outcome is Outcome.FAILED else ttl)
        now += later
        assert cache.size <= 3
        for asked, until in good_until.items():
            assert cache.get(asked, now) is None or now < until
