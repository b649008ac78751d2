from hypothesis import given
from hypothesis import strategies as st

from sipstack.auth import NonceMemory

counts = st.one_of(st.integers(1, 200), st.integers(1, 2**32 - 1))


def test_a_count_is_taken_once():
    memory = NonceMemory()
    assert memory.use("n", 0.0, 1)
    assert not memory.use("n", 0.0, 1)
    assert memory.use("n", 0.0, 2)
    assert memory.use("m", 0.0, 1)


def test_counts_that_overtook_each_other_are_all_taken_once():
    memory = NonceMemory()
    assert [memory.use("n", 0.0, count) for count in (3, 1, 2, 1, 2, 3, 4)] == [True] * 3 + [False] * 3 + [True]


def test_a_count_far_behind_counts_as_used():
    memory = NonceMemory()
    assert memory.use("n", 0.0, 100)
    assert memory.use("n", 0.0, 37)
    assert not memory.use("n", 0.0, 36)


def test_a_use_without_count_uses_the_nonce_up():
    memory = NonceMemory()
    assert memory.use("n", 0.0, None)
    assert not memory.use("n", 0.0, None)
    assert not memory.use("n", 0.0, 1)
    assert not memory.use("n", 0.0, 2**32 - 1)
    assert memory.use("m", 0.0, 1)
    assert not memory.use("m", 0.0, None)


@given(st.lists(counts, max_size=60))
def test_whatever_the_order_no_count_is_taken_twice_and_every_new_highest_is(history):
    memory, taken, highest = NonceMemory(), set(), 0
    for count in history:
        believed = memory.use("n", 0.0, count)
        assert believed == (count > highest or (highest - count < 64 and count not in taken))
        if believed:
            assert count not in taken
            taken.add(count)
        highest = max(highest, count)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4)), max_size=80), st.integers(1, 4))
def test_what_was_forgotten_for_want_of_room_is_refused_not_believed(history, capacity):
    memory, taken = NonceMemory(capacity), set()
    for nonce, count in history:
        if memory.use(str(nonce), float(nonce), count):
            assert (nonce, count) not in taken
            taken.add((nonce, count))
        assert len(memory) <= capacity


def test_a_full_memory_still_takes_younger_nonces():
    memory = NonceMemory(2)
    assert all(memory.use(str(n), float(n), 1) for n in range(10))
    assert len(memory) == 2
    assert not memory.use("7", 7.0, 2)
    assert memory.use("9", 9.0, 2)
    assert repr(memory) == "<NonceMemory 2 of 2>"


def test_expired_nonces_make_room_and_stay_refused():
    memory = NonceMemory()
    assert memory.use("old", 1.0, 1)
    assert memory.use("young", 5.0, 1)
    memory.forget(5.0)
    assert len(memory) == 1
    assert not memory.use("old", 1.0, 2)
    assert memory.use("young", 5.0, 2)
