"""Limits that all workers count towards."""

import os
import signal
from collections.abc import Iterator

import pytest

from b2bua.trunk import Limit
from b2bua.workers.tallies import Tallies

WORKERS = 3


@pytest.fixture
def tallies() -> Iterator[Tallies]:
    made = Tallies.make(2, WORKERS)
    yield made
    made.close()


def limits(tallies: Tallies, slot: int, calls: int | None = None, per_second: float | None = None) -> Limit:
    limit = Limit(calls=calls, per_second=per_second)
    tallies.join(slot, [Limit(), limit])
    return limit


def test_calls_of_all_workers_count_together(tallies: Tallies) -> None:
    own = [limits(tallies, slot, calls=4) for slot in range(WORKERS)]
    assert [limit.admit(0.0) for limit in (*own, own[0])] == [None] * 4
    assert [limit.admit(0.0) is None for limit in own] == [False] * 3
    assert str(own[1]).startswith("4 at the moment of at most 4")
    own[0].leave()
    assert own[2].admit(0.0) is None
    assert own[1].admit(0.0) is not None


def test_the_rate_is_one_rate(tallies: Tallies) -> None:
    own = [limits(tallies, slot, per_second=3.0) for slot in range(WORKERS)]
    assert [limit.admit(10.0) for limit in own] == [None] * 3
    assert own[1].admit(10.1) == 1
    assert own[1].admit(10.4) is None
    assert own[2].admit(10.4) is not None


def test_what_a_dead_worker_held_is_given_back_but_for_what_its_successor_goes_on_with(tallies: Tallies) -> None:
    dead, other = (limits(tallies, slot, calls=3) for slot in (0, 1))
    assert [dead.admit(0.0) for _ in range(3)] == [None] * 3
    assert other.admit(0.0) is not None
    successor = limits(tallies, 0, calls=3)
    assert other.admit(0.0) is None
    successor.enter()
    assert [other.admit(0.0) is None for _ in range(2)] == [True, False]


def test_a_worker_that_is_killed_while_it_counts_keeps_nobody_waiting(tallies: Tallies) -> None:
    limit = limits(tallies, 0, calls=1)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        assert limit.shared is not None
        limit.shared.__enter__()
        os.write(writes, b"x")
        signal.pause()
    os.read(reads, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert limits(tallies, 1, calls=1).admit(0.0) is None
    os.close(reads)
    os.close(writes)


def test_without_a_limit_nothing_is_shared(tallies: Tallies) -> None:
    limit = limits(tallies, 0)
    assert limit.shared is None
    assert limit.admit(0.0) is None
