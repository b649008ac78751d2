"""Waiting for a fact that can be seen, never for a time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds after which a fact that should come at once counts as missing; generous, for machines that do other things.
LONG = 30.0


def until(fact: Callable[[], T | None], what: str, within: float = LONG, every: float = 0.01) -> T:
    """The first value of `fact` that is true; AssertionError naming `what` when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        seen = fact()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"{what}: not within {within:g} s"
        time.sleep(every)
