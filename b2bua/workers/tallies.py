"""Memory that all workers share: what each counts towards the limits of the trunks.

A count has one writer, its worker, and is given back when that one's successor begins. Who lets a call in looks at the
counts of all and must be alone with them: a lock of the kernel's on one octet of a file in memory (`lockf`), which
a process that is killed gives back, as it would no semaphore.
"""

import fcntl
import mmap
import os
from collections.abc import Iterable
from typing import Final, Self

import attrs

from b2bua.trunk import Limit

#: Words of a limit beside the counts: what is left of its rate, since when, and whether that was ever said.
_BUCKET: Final = 3


@attrs.frozen
class Tallies:
    """Room for so many limits and workers."""

    workers: int
    memory: mmap.mmap = attrs.field(repr=False)
    locks: int
    """A descriptor."""

    @classmethod
    def make(cls, limits: int, workers: int) -> Self:
        """Empty; to be made before the first worker is."""
        size = max(1, limits) * (workers + _BUCKET) * 8
        return cls(workers, mmap.mmap(-1, size), os.memfd_create("limits"))

    def close(self) -> None:
        """Nobody counts any more."""
        os.close(self.locks)

    def join(self, slot: int, limits: Iterable[Limit]) -> None:
        """That worker counts towards these from now on, and its predecessor's calls no more."""
        words, reals = memoryview(self.memory).cast("q"), memoryview(self.memory).cast("d")
        width = self.workers + _BUCKET
        for place, limit in enumerate(limits):
            if limit.is_set:
                counts, bucket = words[place * width :][: self.workers], reals[place * width + self.workers :][:_BUCKET]
                limit.shared = Tally(slot, place, counts, bucket, self.locks)
                limit.shared.holds(0)


@attrs.frozen(eq=False)
class Tally:
    """One worker's view of one limit."""

    slot: int
    place: int
    counts: "memoryview[int]" = attrs.field(repr=False)
    shared: "memoryview[float]" = attrs.field(repr=False)
    lock: int

    def __enter__(self) -> Self:
        fcntl.lockf(self.lock, fcntl.LOCK_EX, 1, self.place, os.SEEK_SET)
        return self

    def __exit__(self, *error: object) -> None:
        fcntl.lockf(self.lock, fcntl.LOCK_UN, 1, self.place, os.SEEK_SET)

    def elsewhere(self) -> int:
        """How many calls the others hold."""
        return sum(self.counts) - self.counts[self.slot]

    def bucket(self) -> tuple[float | None, float]:
        """What is left of the rate, and when that was so."""
        tokens, at, is_said = self.shared
        return (tokens if is_said else None), at

    def note(self, tokens: float | None, at: float) -> None:
        """The same from now on."""
        if tokens is not None:
            self.shared[0], self.shared[1], self.shared[2] = tokens, at, 1.0

    def holds(self, calls: int) -> None:
        """So many are held here."""
        self.counts[self.slot] = calls
