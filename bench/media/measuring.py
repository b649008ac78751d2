"""The figures of media: CPU per packet at a modest rate, the highest rate without a loss, and what each box adds.

Delays are from one end's `send` to the other's `recv`. The highest rate is the last of a ladder, each step an eighth
higher, at which every packet came, as it was, and 99 of 100 within 10 ms; each step has a second chance.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs

from bench.figures import Figure
from bench.media.boxes import Box, direct, in_c, ours
from bench.media.generator import Generator, Passed, Ports, compiled
from bench.processes import SCRATCH, Cores, cpu_seconds_of

BOXES: Final[dict[str, Box]] = {"direct": direct, "relay in C": in_c, "relay": ours}
_RELAYS: Final = ("relay in C", "relay")
FLOOR: Final = "relay in C"
_PORTS: Final = Ports(a=10_000, b=12_000, face_a=14_000, face_b=16_000)
_DIRECT: Final = Ports(a=10_000, b=12_000, face_a=12_000, face_b=10_000)
_STRIDE: Final = 1.125

Say = Callable[[str], None]


@attrs.frozen(kw_only=True)
class Plan:
    """How much is measured."""

    flows: int = 50
    rate: float = 10_000.0
    """The modest rate, packets a second both ways together."""
    seconds: float = 4.0
    repeats: int = 3
    steps: int = 24
    """Of the ladder; 0: it is not climbed."""


QUICK: Final = Plan(seconds=1.5, repeats=1, steps=0)


@attrs.frozen
class _Trial:
    passed: Passed
    cpu_us: float | None
    """Per packet."""


def measure(plan: Plan, say: Say, scratch: Path = SCRATCH) -> list[Figure]:
    """Runs the plan; `say` gets a line for each trial. Raises BenchError."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        cores = Cores.choose()
        generator = Generator(compiled("generator", Path(folder)), cores.load, plan.flows)
        run = _Run(plan, say, Path(folder), cores, generator)
        return [*run.modest(), *run.highest()]


@attrs.define(eq=False)
class _Run:
    plan: Plan
    say: Say
    folder: Path
    cores: Cores
    generator: Generator

    def modest(self) -> Iterator[Figure]:
        """What a packet costs and how long it takes."""
        done: dict[str, list[_Trial]] = {name: [] for name in BOXES}
        for _ in range(self.plan.repeats):
            for name in BOXES:
                done[name].append(self._trial(name, self.plan.rate))
        at = f"at {self.plan.rate:,.0f} packets/s"
        costs = {name: [trial.cpu_us for trial in done[name] if trial.cpu_us is not None] for name in _RELAYS}
        yield from _beside(f"CPU per packet {at}", "us", costs)
        yield from _beside(f"delay {at}, p50", "us", {n: [t.passed.p50_us for t in done[n]] for n in BOXES})
        yield from _beside(f"delay {at}, p99", "us", {n: [t.passed.p99_us for t in done[n]] for n in BOXES})

    def highest(self) -> Iterator[Figure]:
        """How many packets a second, and what each costs then."""
        if not self.plan.steps:
            return
        best: dict[str, list[_Trial]] = {name: [] for name in BOXES}
        for _ in range(self.plan.repeats):
            for name in BOXES:
                climbed = self._climb(name)
                if climbed is not None:
                    best[name].append(climbed)
        yield from _beside("highest rate", "packets/s", {n: [t.passed.rate for t in best[n]] for n in BOXES})
        costs = {name: [trial.cpu_us for trial in best[name] if trial.cpu_us is not None] for name in _RELAYS}
        yield from _beside("CPU per packet at its highest rate", "us", costs)

    def _climb(self, name: str) -> _Trial | None:
        rate, best = 2 * self.plan.rate, None
        for _ in range(self.plan.steps):
            held = next((trial for trial in (self._trial(name, rate) for _ in range(2)) if trial.passed.held), None)
            if held is None:
                break
            best, rate = held, rate * _STRIDE
        return best

    def _trial(self, name: str, rate: float) -> _Trial:
        plan, ports = self.plan, _DIRECT if name == "direct" else _PORTS
        with BOXES[name](self.folder, self.cores.box, ports, plan.flows) as process:
            self.generator.await_box(ports)
            before = 0.0 if process is None else cpu_seconds_of(process)
            passed = self.generator.send(ports, rate, plan.seconds)
            used = None if process is None else cpu_seconds_of(process) - before
        cost = None if used is None else 1e6 * used / max(1, passed.received)
        told = "" if cost is None else f", CPU {cost:.2f} us a packet"
        lost = passed.sent - passed.received
        self.say(f"media: {name} {rate:,.0f}/s: {lost} lost, {passed.wrong} wrong, p99 {passed.p99_us:,.0f} us{told}")
        return _Trial(passed, cost)


def _beside(quantity: str, unit: str, values: dict[str, list[float]]) -> Iterator[Figure]:
    """Medians, each with its ratio to that of the relay in C."""
    medians = {name: statistics.median(found) for name, found in values.items() if found}
    floor = medians.get(FLOOR)
    for name in values:
        is_compared = name in medians and name != FLOOR and bool(floor)
        yield Figure(
            bench="media",
            subject=name,
            quantity=quantity,
            value=medians.get(name),
            unit=unit,
            ratio=medians[name] / floor if is_compared and floor else None,
            to=FLOOR if is_compared else "",
            note="" if name in medians else "no rate held",
        )
