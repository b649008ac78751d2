"""When a worker that has died is begun again."""

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from b2bua.workers import overseer as overseers
from b2bua.workers.overseer import LONGEST_PAUSE, SETTLED, Child, Overseer
from b2bua.workers.shelf import Shelf
from b2bua.workers.tallies import Tallies
from b2bua.workers.worker import Station
from tests.world.scene import CONFIG


@pytest.fixture
def overseer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Overseer]:
    """Of one worker that was once ready; its clock does not move."""
    said, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.setblocking(False)
    monkeypatch.setattr(overseers, "time", SimpleNamespace(monotonic=lambda: 1_000.0))
    station = Station(
        slot=0, sockets={}, boxes=[], shelf=Shelf.make(1 << 20), tallies=Tallies.make(1, 1), report=said, lifeline=-1
    )
    with said, heard:
        made = Overseer(CONFIG, Path(), (Child(station, began=1_000.0, is_ready=True),), heard, (-1, -1))
        yield made
        made._signals.close()
        made._waker.close()


def pause(overseer: Overseer) -> float:
    """Seconds until it begins again, when it has just died once more."""
    (child,) = overseer.children
    overseer._mourn(child, -9)
    assert child.due is not None
    return child.due - 1_000.0


def test_one_that_dies_two_thousand_times_in_a_row_is_begun_again_after_the_longest_pause(overseer: Overseer) -> None:
    pauses = [pause(overseer) for _ in range(2_000)]
    assert all(before <= after for before, after in itertools.pairwise(pauses))
    assert pauses[-1] == LONGEST_PAUSE


def test_one_that_had_settled_is_begun_again_at_once(overseer: Overseer) -> None:
    assert pause(overseer) > 0
    overseer.children[0].began -= SETTLED + 1
    assert pause(overseer) == 0
