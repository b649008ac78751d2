import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.roaming.cache import Cache
from policy.roaming import Answer, Roaming

NUMBERS = [f"+3247000000{digit}" for digit in range(6)]


def answer(outcome: Roaming) -> Answer:
    return Answer(outcome, "x")


def test_abroad_and_the_rest_are_believed_each_for_its_time() -> None:
    cache = Cache(10, 60.0, 30.0)
    cache.keep(NUMBERS[0], answer(Roaming.ABROAD), 0.0)
    cache.keep(NUMBERS[1], answer(Roaming.NOT_ABROAD), 0.0)
    cache.keep(NUMBERS[2], answer(Roaming.UNKNOWN_SUBSCRIBER), 0.0)
    assert [cache.get(number, 29.9) is None for number in NUMBERS[:3]] == [False, False, False]
    assert [cache.get(number, 30.0) is None for number in NUMBERS[:3]] == [False, True, True]
    assert cache.get(NUMBERS[0], 60.0) is None


def test_what_is_read_again_does_not_grow_younger() -> None:
    cache = Cache(10, 60.0, 30.0)
    cache.keep(NUMBERS[0], answer(Roaming.ABROAD), 0.0)
    assert all(cache.get(NUMBERS[0], at) is not None for at in range(60))
    assert cache.get(NUMBERS[0], 60.0) is None


def test_the_one_that_was_used_longest_ago_makes_room() -> None:
    cache = Cache(2, 60.0, 30.0)
    cache.keep(NUMBERS[0], answer(Roaming.ABROAD), 0.0)
    cache.keep(NUMBERS[1], answer(Roaming.ABROAD), 0.0)
    cache.get(NUMBERS[0], 1.0)
    cache.keep(NUMBERS[2], answer(Roaming.ABROAD), 1.0)
    assert [number for number in NUMBERS if cache.get(number, 1.0)] == [NUMBERS[0], NUMBERS[2]]


@pytest.mark.parametrize("cache", [Cache(0, 60.0, 30.0), Cache(10, 0.0, 0.0)])
def test_nothing_is_kept_where_nothing_is_to_be(cache: Cache) -> None:
    cache.keep(NUMBERS[0], answer(Roaming.ABROAD), 0.0)
    assert cache.get(NUMBERS[0], 0.0) is None
    assert len(cache) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(NUMBERS), st.booleans(), st.floats(0, 20, allow_nan=False), st.booleans()),
        max_size=80,
    )
)
def test_it_never_says_what_was_not_said_within_its_time(steps: list[tuple[str, bool, float, bool]]) -> None:
    cache, now, said = Cache(3, 60.0, 30.0), 0.0, dict[str, tuple[float, Answer]]()
    for number, is_kept, later, is_abroad in steps:
        now += later
        if is_kept:
            told = answer(Roaming.ABROAD if is_abroad else Roaming.NOT_ABROAD)
            cache.keep(number, told, now)
            said[number] = (now + (60.0 if is_abroad else 30.0), told)
        else:
            found = cache.get(number, now)
            if found is not None:
                until, told = said[number]
                assert found is told
                assert now < until
        assert len(cache) <= 3
