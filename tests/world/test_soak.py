"""Twenty virtual minutes of the soak; the day is `python -m tests.world.soak --hours 24`."""

import gc
import tracemalloc
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from typing import Any

import attrs
import pytest

from b2bua.call import core as core_module
from tests.world import soak
from tests.world.crowd import Crowd, Plan, Talk
from tests.world.scene import CONFIG
from tests.world.soak import PLANS, Soak

#: Calls that last a minute at most, so that all is in its even stride after a few.
SHORT = attrs.evolve(CONFIG, sip=attrs.evolve(CONFIG.sip, max_call_seconds=60, no_answer_seconds=20))
TEN_MINUTES = 1 / 6
ALLOWANCE = 24
"""KiB: what the room of emptied tables differs by, 13 at most (2026-11-22). A leak of 200 octets a call is seen."""


def memories() -> "list[_lru_cache_wrapper[Any]]":
    """What remembers texts it has read: full after some thousand calls, and not before."""
    found = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]
    return [one for one in found if one.__module__.partition(".")[0] in ("sipstack", "policy", "b2bua")]


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("_traced")
def test_tables_and_memory_are_as_large_after_twenty_minutes_as_after_ten() -> None:
    soak = Soak(rate=0.2, every=30.0, config=SHORT)
    largest, traced = [], []
    for _ in range(2):
        samples = list(soak.samples(TEN_MINUTES))
        # A minute for the longest calls to reach their even number, and two for what lingers after them.
        largest.append({name: max(sample.tables[name] for sample in samples[6:]) for name in samples[0].tables})
        soak.crowd.settle()
        for memory in memories():
            memory.cache_clear()
        traced.append(soak.sample(0.0).traced_kib or 0)
    for name, size in largest[1].items():
        assert size <= 1.5 * largest[0][name] + 5, f"{name}: {largest}"
    placed = sum(soak.crowd.talks.placed.values())
    assert placed > 180
    assert traced[1] - traced[0] <= ALLOWANCE, f"{traced} KiB after {placed} calls"


def test_whatever_remembers_has_a_bound() -> None:
    found = memories()
    assert found
    for memory in found:
        assert memory.cache_parameters()["maxsize"] is not None, f"{memory.__module__}.{memory.__name__}"


def test_the_soak_has_calls_of_each_kind_and_each_of_them_ends() -> None:
    soak = Soak(rate=0.5, every=600.0, config=SHORT)
    list(soak.samples(TEN_MINUTES))
    soak.crowd.settle()
    assert set(soak.crowd.talks.placed) == {plan.name for plan in PLANS}
    assert sum(soak.crowd.ends.values()) == sum(soak.crowd.talks.placed.values())
    assert {"BYE", "cancelled", "failed", "no answer", "no ACK", "maximum duration", "blocked"} <= set(soak.crowd.ends)
    for plan in ("normal", "re-invited", "asked"):
        assert soak.crowd.talks.set_up[plan] > 0.9 * soak.crowd.talks.placed[plan]


def test_a_crowd_sees_what_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_module.Core, "_forget", lambda *_: None)
    crowd = Crowd(config=SHORT)
    crowd.place(Plan(name="normal", doings=[(5.0, Talk.caller_hangs_up)]))
    with pytest.raises(AssertionError, match="left over"):
        crowd.settle()


def test_the_command_tells_of_each_interval_and_of_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["soak", "--hours", "0.1", "--rate", "0.1", "--every", "120"])
    said: list[str] = []
    soak.main(said.append)
    assert [line.split()[0] for line in said[:4]] == ["0.03", "0.07", "0.10", "settled:"]
