"""The play itself: which story comes next, when it ends, what its exit code is."""

import asyncio
import datetime
import os
import signal
from itertools import cycle
from pathlib import Path
from typing import Final

import uvloop

from b2bua.demo.screen import Closing, Place, Screen, Tally, screen_for
from b2bua.demo.stage import Stage, staged
from b2bua.demo.stories import STORIES
from b2bua.evidence import verify

#: Seconds between two stories, so that a person can follow.
PAUSE: Final = 1.0
#: Where journals go, below the current folder; each play has a folder of its own, so that two can run at once.
FOLDER: Final = Path("var/demo")


def play(*, once: bool, as_json: bool) -> int:
    """Plays the stories: in a loop until Ctrl-C, or each once. The exit code.

    In a loop it is 0. Once, it is 0 only if every story was played and went as it should, the journal's chain holds
    and the daemon is left without a call; else 1. Raises GatewayError when the stage cannot be set up.
    """
    screen = screen_for(as_json=as_json)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            good = runner.run(_play(screen, once=once))
        finally:
            screen.gone()
    return 0 if good or not once else 1


async def _play(screen: Screen, *, once: bool) -> bool:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    tally, journal = Tally(), FOLDER / _name()
    async with staged(journal) as stage:
        place = Place(international=str(stage.international), national=str(stage.national), journal=journal)
        screen.opened(place)
        await _stories(stage, screen, tally, stopped, once=once)
        stage.witness.news()
        lines, calls = stage.witness.lines, stage.app.core.statistics().calls
    broken = verify(sorted(journal.glob("journal-*.jsonl")))
    closing = Closing(lines=lines, broken=None if broken is None else str(broken), calls=calls)
    screen.closed(tally, closing)
    return tally.is_good and closing.is_good


async def _stories(stage: Stage, screen: Screen, tally: Tally, stopped: asyncio.Event, *, once: bool) -> None:
    for story in STORIES if once else cycle(STORIES):
        screen.playing(story, tally)
        played = await stage.play(story)
        tally.add(played)
        screen.played(played, tally)
        if stopped.is_set() or (not once and await _stopped_within(stopped, PAUSE)):
            return


async def _stopped_within(stopped: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stopped.wait()
    except TimeoutError:
        return False


def _name() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
