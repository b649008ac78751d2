"""The whole: SIPp to SIPp through the real daemon, screened international trunk to national trunk, journal on.

Each figure stands beside that of a UDP forwarder measured in the same run. Boxes on one core, both SIPps on another.
Two questions: what a call costs at a modest rate, with and without the timers that outlive it; and the highest rate at
which no call fails and no message is repeated.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from bench.boxes import Box, Start, forwarder, gateway
from bench.figures import Figure
from bench.processes import SCRATCH, Cores, cpu_seconds
from bench.sipp import Trial, require, trial

BOXES: dict[str, Start] = {"forwarder": forwarder, "b2bua": gateway}
FLOOR = "forwarder"
#: Seconds after which the last timer of a call has run out: 64*T1 after its BYE (RFC 3261 §17, RFC 6026).
LINGER = 33.0
#: A SIPp pair that uses this share of its core is what limits the rate.
_SATURATED = 0.9
#: A share of the box's core that, used by others, moves figures.
_COMPANY = 0.1
#: Steps of a search while nothing is known, and when an earlier one has been near.
_STRIDE, _NEAR = 1.6, 1.1

Say = Callable[[str], None]


@attrs.frozen(kw_only=True)
class Plan:
    """How much is measured."""

    rate: float = 100.0
    """The modest rate, calls a second."""
    seconds: float = 10.0
    """How long each trial lasts."""
    repeats: int = 3
    hold: float = 10.0
    """How long the highest rate must be held."""
    steps: int = 6
    """Rates tried at most in one search; none: no search."""
    precision: float = 1.06
    """A search ends when the rate that did not hold is at most so many times the one that held."""
    chances: int = 2
    """Trials that a rate gets: on a shared machine one pause of another's making fails a trial."""
    timers: bool = True
    """Whether to wait until the timers of the calls have run out, and count what they cost."""


QUICK = Plan(seconds=3.0, repeats=1, hold=2.0, steps=4, precision=1.25, chances=1, timers=False)


@attrs.frozen
class Measured:
    """All that came out."""

    figures: tuple[Figure, ...]
    trials: tuple[Trial, ...]


def measure(plan: Plan, say: Say, scratch: Path = SCRATCH) -> Measured:
    """Runs the plan; `say` gets a line for each step. Raises BenchError."""
    version, cores = require(), Cores.choose()
    say(f"whole: {version}; boxes on core {cores.box}, both SIPps on core {cores.load}; up to {minutes(plan):.1f} min")
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        run = _Run(plan, say, Path(folder), cores)
        figures = [*run.steady(), *(run.highest() if plan.steps else ())]
    return Measured(tuple(figures), tuple(run.trials))


def minutes(plan: Plan) -> float:
    """How long a plan takes when every rate needs all its chances."""
    steady = plan.repeats * (len(BOXES) * (plan.seconds + 1) + (LINGER if plan.timers else 0))
    search = plan.repeats * len(BOXES) * plan.steps * plan.chances * (plan.hold + 2)
    return (steady + search) / 60


@attrs.define(eq=False)
class _Run:
    plan: Plan
    say: Say
    folder: Path
    cores: Cores
    trials: list[Trial] = attrs.field(factory=list, init=False)

    def steady(self) -> Iterator[Figure]:
        """What a call costs and how long it waits, at the modest rate."""
        plan = self.plan
        calls, at = int(plan.rate * plan.seconds), f"at {plan.rate:.0f}/s"
        runs: dict[str, list[Trial]] = {name: [] for name in BOXES}
        lasting: dict[str, list[float]] = {name: [] for name in BOXES}
        with ExitStack() as stack:
            boxes = [stack.enter_context(self._box(name)) for name in BOXES]
            for box in boxes:  # imports, memories and pages are paid for by the first calls
                self._trial(box, plan.rate, min(calls, int(plan.rate)), note="warming up")
            for _ in range(plan.repeats):
                before = {box.name: cpu_seconds(box.process) for box in boxes}
                for box in boxes:
                    runs[box.name].append(self._trial(box, plan.rate, calls, delays=True))
                if plan.timers:
                    self.say(f"whole: waiting {LINGER:.0f} s until the timers of these calls have run out")
                    time.sleep(LINGER)
                    for box in boxes:
                        lasting[box.name].append((cpu_seconds(box.process) - before[box.name]) / calls)
        yield from _beside(f"CPU per call {at}", "ms", _each(runs, _milliseconds), _circumstances(runs))
        if plan.timers:
            whole = {name: [1e3 * cost for cost in costs] for name, costs in lasting.items()}
            yield from _beside(f"CPU per call {at}, its timers run out", "ms", whole)
        for share in (50, 99):
            delays = {name: [1e3 * percentile(run.delays, share) for run in done] for name, done in runs.items()}
            yield from _beside(f"post-dial delay {at}, p{share}", "ms", delays)

    def highest(self) -> Iterator[Figure]:
        """How many calls a second, and what each costs then."""
        best: dict[str, list[Trial]] = {name: [] for name in BOXES}
        notes: dict[str, str] = {}
        near = {name: 1 / min(t.cpu_per_call for t in self.trials if t.box == name) for name in BOXES}
        for repeat in range(self.plan.repeats):
            for name in BOXES:
                held, failed = self._search(name, near[name], _STRIDE if repeat == 0 else _NEAR)
                if held is not None:
                    best[name].append(held)
                    near[name] = held.rate
                if failed is None:
                    notes[name] = "or more: no rate failed"
                elif failed.sipp > _SATURATED:
                    notes[name] = "or more: SIPp is the limit"
        yield from _beside("highest rate", "calls/s", _each(best, lambda trial: trial.rate), notes)
        costs = _each(best, _milliseconds)
        yield from _beside("CPU per call at its highest rate", "ms", costs, _circumstances(best))

    def _search(self, name: str, rate: float, stride: float) -> tuple[Trial | None, Trial | None]:
        """The highest rate that was held and the lowest that was not, found by strides, then by halving."""
        held: Trial | None = None
        failed: Trial | None = None
        for _ in range(self.plan.steps):
            tried = self._tried(name, round(rate))
            held, failed = (tried, failed) if tried.held else (held, tried)
            if held and failed and failed.rate <= held.rate * self.plan.precision:
                break
            rate = following(held.rate if held else None, failed.rate if failed else None, stride)
        return held, failed

    def _tried(self, name: str, rate: float) -> Trial:
        """A rate gets a fresh box each time: one that was overloaded still repeats what nobody waits for."""
        for chance in range(1, self.plan.chances + 1):
            with self._box(name) as box:
                done = self._trial(box, rate, int(rate * self.plan.hold))
            if done.held or chance == self.plan.chances:
                break
        return done

    @contextmanager
    def _box(self, name: str) -> Iterator[Box]:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder, BOXES[name](Path(folder), self.cores.box) as box:
            yield box

    def _trial(self, box: Box, rate: float, calls: int, *, delays: bool = False, note: str = "") -> Trial:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            done = trial(box, rate, calls, Path(folder), self.cores, delays=delays)
        if not note:
            self.trials.append(done)
        self.say(f"whole: {line(done)}{note and f' ({note})'}")
        return done


def following(held: float | None, failed: float | None, stride: float) -> float:
    """The rate to try next, given the highest that held and the lowest that did not; one of them is given."""
    if held is None:
        assert failed is not None, "something was tried"
        return failed / stride
    return held * stride if failed is None else (held + failed) / 2


def percentile(ordered: Sequence[float], share: int) -> float:
    """The value that so many percent do not exceed; NaN of nothing."""
    if not ordered:
        return float("nan")
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def line(done: Trial) -> str:
    """A trial in words."""
    held = "held" if done.held else f"not held (reached {done.reached:.0f}/s)"
    return (
        f"{done.box} {done.rate:.0f}/s: {held}, {done.succeeded} of {done.calls} calls, {done.repeated} repetitions, "
        f"CPU {1e3 * done.cpu_per_call:.3f} ms a call; others used {done.others:.0%} of its core"
    )


def _milliseconds(done: Trial) -> float:
    return 1e3 * done.cpu_per_call


def _each(runs: Mapping[str, Sequence[Trial]], of: Callable[[Trial], float]) -> dict[str, list[float]]:
    return {name: [of(done) for done in trials] for name, trials in runs.items()}


def _circumstances(runs: Mapping[str, Sequence[Trial]]) -> dict[str, str]:
    """What a reader must know of each box's trials: company on its core, and rates not held."""
    notes: dict[str, str] = {}
    for name, trials in runs.items():
        lost = sum(not done.held for done in trials)
        company = max((done.others for done in trials), default=0.0)
        said = [f"{lost} of {len(trials)} trials not held"] if lost else []
        said += [f"others used up to {company:.0%} of the core"] if company > _COMPANY else []
        notes[name] = "; ".join(said)
    return notes


def _beside(
    quantity: str, unit: str, values: Mapping[str, Sequence[float]], notes: Mapping[str, str] | None = None
) -> Iterator[Figure]:
    """The medians, each with its ratio to the forwarder's."""
    medians = {name: statistics.median(found) for name, found in values.items() if found}
    for name in values:
        note = (notes or {}).get(name, "")
        if name not in medians:
            yield Figure(bench="whole", subject=name, quantity=quantity, value=None, unit=unit, note="no rate held")
            continue
        floor = None if name == FLOOR else medians.get(FLOOR)
        yield Figure(
            bench="whole",
            subject=name,
            quantity=quantity,
            value=medians[name],
            unit=unit,
            ratio=medians[name] / floor if floor else None,
            to=FLOOR if floor else "",
            note=note,
        )
