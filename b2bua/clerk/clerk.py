"""The process: a thread for each lane, signals, and the end.

What a chore waits for, only its lane waits for. A chore that hangs for good is left behind when the process ends: it
was idempotent, and is begun anew by the next clerk.
"""

import datetime
import fcntl
import logging
import os
import signal
import sys
import threading
import time  # noqa: TID251 - a process of its own
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs
import orjson

from b2bua.chore import Chore
from b2bua.clerk.rota import Lane

log = logging.getLogger("b2bua")

LOCK: Final = "clerk.lock"
"""In the journal's folder: held by the one clerk that works there."""
FAREWELL: Final = 8.0
"""Seconds that chores have to come to their end."""
NICE: Final = 10
_PAUSE: Final = 0.5


@attrs.define(eq=False)
class Clerk:
    """All lanes, each in a thread, until it is told to stop."""

    lanes: dict[str, Lane]
    stopping: threading.Event = attrs.field(factory=threading.Event, repr=False)

    @classmethod
    def of(cls, chores: Sequence[Chore]) -> "Clerk":
        """Chores by their lanes."""
        by_lane: defaultdict[str, list[Chore]] = defaultdict(list)
        for chore in chores:
            by_lane[chore.lane].append(chore)
        return cls({name: Lane.of(inside, time.monotonic()) for name, inside in by_lane.items()})

    def work(self) -> None:
        """Until `stopping` is set; then waits for what is being done, though not for ever."""
        threads = [
            threading.Thread(target=self._work, args=(lane,), name=name, daemon=True)
            for name, lane in self.lanes.items()
        ]
        for thread in threads:
            thread.start()
        self.stopping.wait()
        until = time.monotonic() + FAREWELL
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                log.warning("lane %s has not come to its end, and is left behind", thread.name)

    def statistics(self) -> dict[str, object]:
        """What has been done since the start, fit for JSON."""
        tick = time.monotonic()
        standings = [standing for lane in self.lanes.values() for standing in lane.standings]
        return {standing.chore.name: standing.as_dict(tick) for standing in standings}

    def _work(self, lane: Lane) -> None:
        while not self.stopping.wait(lane.turn(time.monotonic, _now)):
            pass
        lane.finish(time.monotonic, _now)


def serve(chores: Sequence[Chore], journal: Path, *, with_parent: bool) -> None:
    """The clerk as a process, until SIGTERM or SIGINT; SIGUSR1 logs its statistics. Raises OSError.

    `with_parent`: standard input is a pipe that somebody holds who has started it; it ends when that is closed, and by
    no signal, since whoever ends the two together has lines left to write when the signal comes.
    """
    clerk = Clerk.of(chores)
    _heed_signals(clerk, with_parent=with_parent)
    if with_parent:
        os.nice(NICE)
        threading.Thread(target=_await_parent, args=(clerk.stopping,), daemon=True).start()
    with _sole(journal, clerk.stopping) as is_alone:
        if is_alone:  # though it be time to stop: what is done at the end is still to be done
            log.info("begins: %s", ", ".join(chore.name for chore in chores))
            clerk.work()
    log.info("stopped")


def _heed_signals(clerk: Clerk, *, with_parent: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN if with_parent else lambda *_: clerk.stopping.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *_: log.info("statistics %s", orjson.dumps(clerk.statistics()).decode()))


def _await_parent(stopping: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4_096):
        pass
    stopping.set()


@contextmanager
def _sole(journal: Path, stopping: threading.Event) -> Iterator[bool]:
    """Holds the journal against another clerk; waits for that one's end, or for our own, and then False."""
    journal.mkdir(parents=True, exist_ok=True)
    fd = os.open(journal / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    is_told = False
    try:
        while not (is_alone := _is_held(fd)):
            if not is_told:
                log.warning("another clerk works on %s; waiting for its end", journal)
            is_told = True
            if stopping.wait(_PAUSE):
                break
        yield is_alone
    finally:
        os.close(fd)


def _is_held(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
