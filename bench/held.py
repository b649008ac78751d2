"""What a held call keeps: in a core alone, in a process of its own, and in the daemon between two SIPps.

Both times: memory before, with the calls, and when they have ended and their last timers have run out. What a process
then still has is its own, for more calls, as far as it is in pieces: in the core these are counted, and as many calls
are set up again, so that what they add is what was lost.
`python -m bench.held CALLS` is that process of its own.
"""

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import orjson

from b2bua.app import COLLECT_AFTER, core_of
from bench.boxes import gateway
from bench.errors import BenchError
from bench.figures import Figure
from bench.processes import SCRATCH, Cores
from bench.sipp import Trial, trial
from bench.story import ALL_TIMERS, Teller, between_carriers
from sipstack.ids import Ids

Say = Callable[[str], None]

#: Seconds after which the last timer of a call has run out (RFC 3261 §17, RFC 6026: 64*T1).
_LINGER = 33.0
#: Calls that pay for what the first ones need: through the daemon for imports and pages, in the core for what is
#: remembered of texts as well, of which some thousands are kept and no more.
_FIRST, _MEMORIES = 200, 5_000
#: Of these, so few at a time that they leave no room for held ones.
_TOGETHER = 50
#: Calls a second, in the time of a core.
_RATE = 1_000.0
_ROOT = Path(__file__).parent.parent


@attrs.frozen
class Plan:
    """How many calls, in the core and through the daemon, and how many a second there; none: not through the daemon."""

    core: int = 10_000
    daemon: int = 10_000
    rate: float = 200.0


QUICK = Plan(core=1_000, daemon=0)
FULL = Plan(daemon=100_000, rate=500.0)


@attrs.frozen(kw_only=True)
class Kept:
    """Memory of a process, KiB."""

    before: float
    held: float
    ended: float
    again: float
    blocks: tuple[int, int, int]
    """Pieces of memory in use before, with the calls, and when they have ended (`sys.getallocatedblocks`)."""

    def figures(self, calls: int) -> Iterator[Figure]:
        """Per call."""
        what = f"Core with {calls:,} calls"
        yield _figure("memory per held call", what, (self.held - self.before) / calls)
        yield _figure("kept for other calls when they have ended", what, (self.ended - self.before) / calls)
        yield _figure("lost, as seen when as many are set up again", what, (self.again - self.held) / calls)
        before, held, ended = self.blocks
        yield Figure(
            bench="held",
            subject=what,
            quantity="pieces of memory in use for an ended call",
            value=(ended - before) / calls,
            unit="",
            ratio=(ended - before) / (held - before),
            to="a held one",
        )


def measure(plan: Plan, say: Say) -> tuple[tuple[Figure, ...], tuple[Trial, ...]]:
    """In the core, then through the daemon. Raises BenchError."""
    say(f"held: {plan.core} calls in a core")
    figures = [*in_core(plan.core).figures(plan.core)]
    trials: list[Trial] = []
    if plan.daemon:
        more, done = through_daemon(plan.daemon, plan.rate, say)
        figures += more
        trials.append(done)
    return tuple(figures), tuple(trials)


def in_core(calls: int) -> Kept:
    """Of a process of its own. Raises BenchError."""
    command = [sys.executable, "-m", "bench.held", str(calls)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"held calls cannot be measured: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    return Kept(**orjson.loads(done.stdout))


def through_daemon(calls: int, rate: float, say: Say, linger: float = _LINGER) -> tuple[list[Figure], Trial]:
    """All of them are up at the same time when the last one has been set up, and for as long as their timers linger."""
    cores = Cores.choose()
    talk = calls / rate + linger
    say(f"held: {calls} calls through the daemon, {rate:.0f} a second; {(2 * calls / rate + 3 * linger) / 60:.0f} min")
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as text:
        folder = Path(text)
        with gateway(folder, cores.box) as box:
            trial(box, 100, _FIRST, _inside(folder, "first"), cores)
            time.sleep(linger)
            before = _status(box.process.pid, "VmRSS")
            done = trial(box, rate, calls, _inside(folder, "held"), cores, talk=talk)
            held = _status(box.process.pid, "VmHWM")
            time.sleep(linger)
            ended = _status(box.process.pid, "VmRSS")
    what = f"b2bua with {calls:,} calls"
    note = "" if done.held else f"not all held: {done.succeeded} of {calls} calls, {done.repeated} repetitions"
    return [
        attrs.evolve(_figure("memory per held call, at its highest", what, (held - before) / calls), note=note),
        _figure("kept for other calls when they have ended", what, (ended - before) / calls),
    ], done


def _figure(quantity: str, subject: str, kib: float) -> Figure:
    return Figure(bench="held", subject=subject, quantity=quantity, value=kib, unit="KiB")


def _inside(folder: Path, name: str) -> Path:
    inside = folder / name
    inside.mkdir()
    return inside


def _status(process_id: int, name: str) -> float:
    """KiB, of a line of proc_pid_status(5)."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@attrs.define(eq=False)
class _Calls:
    """Calls of one core, set up and ended together."""

    teller: Teller
    count: int
    tags: list[str] = attrs.field(factory=list)

    def set_up(self) -> float:
        """What this process has resident when their timers have run out, KiB."""
        for number in range(self.count):
            self.teller.pass_time(1 / _RATE)
            self.tags.append(self.teller.set_up(number))
        return self._settled()

    def hang_up(self) -> float:
        """The same without them."""
        for number, tag in enumerate(self.tags):
            self.teller.pass_time(1 / _RATE)
            self.teller.hang_up(number, tag)
        self.tags.clear()
        return self._settled()

    def _settled(self) -> float:
        self.teller.pass_time(ALL_TIMERS)
        gc.collect()
        return _status(os.getpid(), "VmRSS")


def fill(calls: int, first_calls: int = _MEMORIES) -> Kept:
    """Sets up, ends and sets up so many in this process, after others."""
    gc.set_threshold(*COLLECT_AFTER)
    core = core_of(between_carriers(), Ids(os.urandom))
    teller = Teller(core, lambda _given, _out: None)
    those = _Calls(teller, calls)
    for number in range(first_calls):
        teller.call(number)
        if number % _TOGETHER == 0:
            teller.pass_time(ALL_TIMERS)
    steps = those.hang_up, those.set_up, those.hang_up, those.set_up
    found = [(step(), sys.getallocatedblocks()) for step in steps]
    assert core.statistics().calls == calls, "all are held"
    (before, held, ended, again), (*blocks, _) = zip(*found, strict=True)
    return Kept(before=before, held=held, ended=ended, again=again, blocks=tuple(blocks))


if __name__ == "__main__":
    print(orjson.dumps(attrs.asdict(fill(int(sys.argv[1])))).decode())
