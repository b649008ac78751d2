"""The memory of calls that are up: each box with so many calls that nobody ends, read when their timers have run out.

Memory does not feel the neighbours as CPU does, so all boxes hold their calls at the same time and wait once. It is
what the box's processes have resident, what they share counted once, less what it was before these calls (and after a
few others, which pay for what a first call pays).
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import attrs

from bench.boxes import Box
from bench.errors import BenchError
from bench.peers.run import Run, fresh
from bench.peers.table import Present
from bench.processes import resident_kib
from bench.sipp import Sipp, holding, trial

#: Calls that are made and ended first, and how many a second.
_FIRST, _RATE = 200, 100.0
#: Seconds without another call that is answered, after which no more will be.
_PATIENCE = 10.0


@attrs.frozen(kw_only=True)
class Held:
    """What one box kept for so many calls."""

    box: str
    calls: int
    before: float
    """KiB."""
    after: float | None = None
    """KiB; None when it could not be measured."""
    trouble: str = ""

    @property
    def per_call(self) -> float | None:
        """KiB."""
        return None if self.after is None else (self.after - self.before) / self.calls


def memory(run: Run) -> list[Held]:
    """Each box that knows calls, once for each number of calls of the plan."""
    wanted = [(box, calls) for calls in run.plan.held for box in run.boxes if box.row.calls]
    found: list[Held] = []
    with ExitStack() as stack:
        up: list[_Up] = []
        for box, calls in wanted:
            try:
                up.append(_set_up(stack, run, box, calls))
            except BenchError as error:
                found.append(Held(box=box.name, calls=calls, before=0.0, trouble=str(error)))
        run.say(f"peers: waiting {run.plan.linger:.0f} s until the timers of these calls have run out")
        time.sleep(run.plan.linger)
        found += [one.read() for one in up]
    for held in found:
        each = f"not held: {held.trouble}" if held.per_call is None else f"{held.per_call:.1f} KiB each"
        run.say(f"peers: {held.box} with {held.calls} calls up: {each}")
    return found


@attrs.frozen
class _Up:
    """A box whose calls are up."""

    box: Box
    caller: Sipp
    held: Held

    def read(self) -> Held:
        """What they keep, if they are all still there."""
        trouble = "; ".join(self.caller.failures())
        if trouble or self.box.process.poll() is not None:
            return attrs.evolve(self.held, trouble=trouble or "the box ended")
        return attrs.evolve(self.held, after=resident_kib(self.box.process))


def _set_up(stack: ExitStack, run: Run, box: Present, calls: int) -> _Up:
    """A box with so many calls up. Raises BenchError when not all of them came to be."""
    rate = gentle(run, box.name)
    with ExitStack() as own:
        standing = own.enter_context(fresh(box, run.folder, run.cores))
        folder = Path(own.enter_context(tempfile.TemporaryDirectory(dir=run.folder)))
        trial(standing, _RATE, _FIRST, folder, run.cores)
        held = Held(box=box.name, calls=calls, before=resident_kib(standing.process))
        run.say(f"peers: {calls} calls through {box.name}, {rate:.0f} a second")
        caller = own.enter_context(holding(standing, rate, calls, folder, run.cores))
        _await(caller, calls)
        stack.enter_context(own.pop_all())
    return _Up(standing, caller, held)


def _await(caller: Sipp, calls: int) -> None:
    up, since = 0, time.monotonic()
    while (now_up := caller.answered()) < calls:
        if now_up > up:
            up, since = now_up, time.monotonic()
        if caller.process.poll() is not None:
            raise BenchError(f"SIPp ended with {up} of {calls} calls up")
        if time.monotonic() > since + _PATIENCE:
            raise BenchError(f"{up} of {calls} calls were answered, and then no more")
        time.sleep(0.2)


def gentle(run: Run, name: str) -> float:
    """A rate that the box surely holds: the plan's, or half of the highest that it has held, if that is less."""
    held = [done.trial.rate for done in run.of(name, "steady", "ladder", "highest") if done.trial.held]
    return min(run.plan.set_up, max(held, default=100.0) / 2)
