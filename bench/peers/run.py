"""The trials: the same calls through each box in turn, on the same cores.

Three questions. What a call costs, and how long a caller waits, at a modest rate; how both change up a ladder of rates;
and the highest rate at which no call fails and no message is repeated. Each trial has a box of its own: none is charged
for the last timers of another, and one that was overloaded still repeats what nobody waits for.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from bench.boxes import Box
from bench.errors import BenchError
from bench.peers.table import Present
from bench.processes import Cores
from bench.sipp import Trial, trial
from bench.whole import following, line

Say = Callable[[str], None]
#: Strides of a search for the highest rate: of the first, and of those that know what an earlier one found.
_STRIDE, _NEAR = 1.12, 1.06
#: Seconds of a warming up: imports, memories and pages are paid for by the first calls.
_WARMING = 1.5


@attrs.frozen(kw_only=True)
class Plan:
    """How much is measured. The defaults take about three minutes for each box."""

    rate: float = 200.0
    """The modest rate, calls a second."""
    seconds: float = 8.0
    """How long a trial at the modest rate lasts."""
    repeats: int = 3
    ladder: tuple[float, ...] = (50, 100, 400, 800, 1200, 1600, 2000, 2400, 3200, 4800, 6400)
    """Rates that are tried upwards, until one does not hold."""
    rung: float = 3.0
    """How long each of them lasts, seconds."""
    hold: float = 10.0
    """How long the highest rate must be held."""
    steps: int = 5
    """Rates tried at most in one search for it."""
    precision: float = 1.06
    """A search ends when the rate that did not hold is at most so many times the one that held."""
    chances: int = 2
    """Trials that a rate gets: on a shared machine one pause of another's making fails a trial."""
    held: tuple[int, ...] = (1_000, 10_000)
    """How many calls are up when the memory is read."""
    set_up: float = 300.0
    """The rate at which they are set up; slower where a box does not hold twice this."""
    linger: float = 33.0
    """Seconds until the last timer of their setting up has run out: 64*T1 (RFC 3261 17, RFC 6026)."""


QUICK = Plan(
    seconds=3.0,
    repeats=1,
    ladder=(100, 400, 1600),
    rung=2.0,
    hold=2.0,
    steps=3,
    precision=1.25,
    chances=1,
    held=(100, 500),
    linger=1.0,
)


def minutes(plan: Plan, boxes: Sequence[Present]) -> float:
    """About how long a plan takes: boxes climb half of the ladder, and a search tries three rates."""
    starting, climbed, tried = 1.5 + _WARMING, (len(plan.ladder) + 1) // 2, min(3, plan.steps)
    each = plan.repeats * (plan.seconds + starting) + climbed * (plan.rung + starting)
    searched = plan.repeats * tried * (plan.hold + starting) + sum(plan.held) / plan.set_up + len(plan.held) * starting
    knowing = sum(box.row.calls for box in boxes)
    return (len(boxes) * each + knowing * searched + plan.linger) / 60


@attrs.frozen
class Done:
    """What became of one trial, what it was for (`steady`, `ladder` or `highest`), and in which turn."""

    purpose: str
    repeat: int
    trial: Trial


@attrs.define(eq=False)
class Run:
    """The trials of one plan; `done` grows."""

    plan: Plan
    boxes: Sequence[Present]
    say: Say
    folder: Path
    cores: Cores
    done: list[Done] = attrs.field(factory=list, init=False)
    repeat: int = attrs.field(default=1, init=False)

    def steady(self) -> None:
        """At the modest rate, the boxes in turn."""
        for _ in self._turns(f"at {self.plan.rate:.0f}/s"):
            for box in self.boxes:
                self._tried("steady", box, self.plan.rate, self.plan.seconds, delays=True)

    def ladder(self) -> None:
        """Upwards from a low rate; each box until it falls off."""
        self.repeat = 1
        for box in self.boxes:
            self.say(f"peers: the ladder of {box.name}")
            for rate in self.plan.ladder:
                if not self._chances("ladder", box, rate, self.plan.rung, delays=True).held:
                    break

    def highest(self) -> None:
        """The highest rate of each box that knows calls, the boxes in turn."""
        near: dict[str, float] = {}
        for _ in self._turns("highest rates"):
            for box in self.boxes:
                rungs = [done.trial for done in self.of(box.name, "ladder", "steady")]
                if not box.row.calls or not any(rung.held for rung in rungs):
                    continue
                if box.name in near:
                    near[box.name] = self._search(box, near[box.name], None, _NEAR)
                else:
                    near[box.name] = self._search(box, *between(rungs), _STRIDE)

    def of(self, name: str, *purposes: str) -> Iterator[Done]:
        """The trials of one box, all or those for these purposes."""
        return (one for one in self.done if one.trial.box == name and (not purposes or one.purpose in purposes))

    def _turns(self, what: str) -> Iterator[int]:
        for repeat in range(1, self.plan.repeats + 1):
            self.repeat = repeat
            self.say(f"peers: {what}, {repeat} of {self.plan.repeats}")
            yield repeat

    def _search(self, box: Present, rate: float, failed: float | None, stride: float) -> float:
        """Tries rates about this one, by strides or, below one that fails, by halving; where the next begins."""
        held: float | None = None
        for _ in range(self.plan.steps):
            if self._chances("highest", box, round(rate), self.plan.hold).held:
                held = rate
            else:
                failed = rate
            if held and failed and failed <= held * self.plan.precision:
                break
            rate = following(held, failed, stride)
        return held or rate

    def _chances(self, purpose: str, box: Present, rate: float, seconds: float, *, delays: bool = False) -> Trial:
        for _ in range(self.plan.chances):
            done = self._tried(purpose, box, rate, seconds, delays=delays)
            if done.held:
                break
        return done

    def _tried(self, purpose: str, box: Present, rate: float, seconds: float, *, delays: bool = False) -> Trial:
        try:
            with fresh(box, self.folder, self.cores) as standing:
                self._calls(standing, min(rate, self.plan.rate), _WARMING)
                done = self._calls(standing, rate, seconds, delays=delays)
        except BenchError as error:
            done = stillborn(box.name, rate, int(rate * seconds), str(error))
        self.say(f"peers: {line(done)}{'' if done.held else f' ({why(done)})'}")
        self.done.append(Done(purpose, self.repeat, done))
        return done

    def _calls(self, box: Box, rate: float, seconds: float, *, delays: bool = False) -> Trial:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            return trial(box, rate, max(1, int(rate * seconds)), Path(folder), self.cores, delays=delays)


@contextmanager
def fresh(box: Present, folder: Path, cores: Cores) -> Iterator[Box]:
    """A box that has just started, under the name of its row. Raises BenchError."""
    with tempfile.TemporaryDirectory(dir=folder) as own, box.offer.start(Path(own), cores.box) as standing:
        yield attrs.evolve(standing, name=box.name)


def between(rungs: Sequence[Trial]) -> tuple[float, float | None]:
    """Where a search begins, and the lowest rate that did not hold above the highest that did, if there is one."""
    held = max(rung.rate for rung in rungs if rung.held)
    failed = min((rung.rate for rung in rungs if rung.rate > held), default=None)
    return (held, None) if failed is None else ((held * failed) ** 0.5, failed)


def stillborn(name: str, rate: float, calls: int, reason: str) -> Trial:
    """A trial that the box or SIPp did not live through."""
    return Trial(
        box=name,
        rate=rate,
        calls=calls,
        succeeded=0,
        repeated=0,
        seconds=float("inf"),
        cpu=0.0,
        sipp=0.0,
        others=0.0,
        failures=(reason,),
    )


def why(done: Trial) -> str:
    """Why a trial was not held, in words; empty when it was."""
    if done.held:
        return ""
    reasons = list(done.failures)
    lost = done.calls - done.succeeded
    if lost and not reasons:
        reasons.append(f"{lost} of {done.calls} calls had not ended in time")
    if done.repeated:
        reasons.append(f"{done.repeated} messages were repeated")
    return "; ".join(reasons) or f"only {done.reached:.0f} calls a second were made"
