"""What a worker has put on the shelf is there for the next one, whenever the first was killed."""

import mmap
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.workers.shelf import BLOCK, Shelf

NAMES = ("a", "b", "c")


def things(memory: mmap.mmap) -> dict[str, bytes]:
    return Shelf.open(memory)[1]


class KilledError(Exception):
    """The worker is gone."""


@attrs.define(eq=False)
class Words:
    """The same memory by words, and the same worker."""

    memory: "Mortal"
    real: memoryview = attrs.field(init=False)

    @real.default
    def _as_words(self) -> memoryview:
        return memoryview(self.memory).cast("Q")

    def __getitem__(self, at: int) -> int:
        return self.real[at]

    def __setitem__(self, at: int, value: int) -> None:
        self.memory.write_or_die()
        self.real[at] = value


class Mortal(mmap.mmap):
    """Memory of a worker that is killed after so many writes."""

    left = 1_000_000

    def write_or_die(self) -> None:
        if self.left <= 0:
            raise KilledError
        self.left -= 1

    def __setitem__(self, key: object, value: object) -> None:
        self.write_or_die()
        super().__setitem__(key, value)  # type: ignore[call-overload]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.none() | st.integers(0, 5 * BLOCK)), max_size=30))
def test_it_holds_what_was_last_put_there(steps: list[tuple[str, int | None]]) -> None:
    memory = Shelf.make(64 * BLOCK)
    shelf, wanted = Shelf(memory), dict[str, bytes]()
    for number, (name, size) in enumerate(steps):
        if size is None:
            shelf.drop(name)
            wanted.pop(name, None)
        else:
            data = bytes([number]) * size
            assert shelf.put(name, data)
            wanted[name] = data
        assert len(shelf) == len(wanted)
    assert things(memory) == wanted


@pytest.mark.parametrize("writes", range(9))
@pytest.mark.parametrize("old", [0, BLOCK, 3 * BLOCK])
@pytest.mark.parametrize("new", [0, 2 * BLOCK])
def test_a_worker_that_is_killed_while_it_writes_leaves_the_old_or_the_new(writes: int, old: int, new: int) -> None:
    memory = Mortal(-1, 128 * BLOCK)
    shelf = Shelf(memory)
    words: Any = Words(memory)
    shelf._words = words
    shelf.put("other", b"o")
    shelf.put("a", b"1" * old)
    memory.left = writes
    try:
        shelf.put("a", b"2" * new)
    except KilledError:
        assert things(memory) in ({"other": b"o", "a": b"1" * old}, {"other": b"o", "a": b"2" * new})
    else:
        assert things(memory) == {"other": b"o", "a": b"2" * new}


def test_of_two_versions_the_later_counts() -> None:
    memory = Shelf.make(64 * BLOCK)
    shelf = Shelf(memory)
    shelf.put("a", b"old")
    kept = dict(shelf._places)
    shelf._places.clear()  # killed between the new version and the end of the old one
    shelf.put("a", b"new")
    assert kept
    assert things(memory) == {"a": b"new"}
    assert things(memory) == {"a": b"new"}


def test_a_full_shelf_says_so_and_keeps_what_it_has() -> None:
    memory = Shelf.make(4 * BLOCK)
    shelf = Shelf(memory)
    assert shelf.put("a", bytes(2 * BLOCK))
    assert not shelf.put("b", b"")
    assert not shelf.put("a", bytes(BLOCK))
    assert things(memory) == {"a": bytes(2 * BLOCK)}
    shelf.drop("a")
    assert shelf.put("b", bytes(2 * BLOCK))


def test_room_that_was_given_back_is_used_again() -> None:
    shelf = Shelf(Shelf.make(16 * BLOCK))
    for number in range(1_000):
        assert shelf.put(f"call {number}", bytes(3 * BLOCK))
        shelf.drop(f"call {number}")


def test_who_takes_the_place_goes_on_with_it() -> None:
    memory = Shelf.make(64 * BLOCK)
    first = Shelf(memory)
    first.put("a", b"1")
    first.put("b", b"2")
    second, found = Shelf.open(memory)
    assert found == {"a": b"1", "b": b"2"}
    second.drop("a")
    second.put("c", b"3")
    assert things(memory) == {"b": b"2", "c": b"3"}
