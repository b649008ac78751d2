"""The figures of media: CPU per packet at a modest rate, the highest rate without a loss, and what each box adds.

Each flow is a call of G.711: 50 packets a second each way, so that a rate has its number of calls, up to a thousand.
Delays are from one end's `send` to the other's `recv`. The highest rate is the highest at which every packet came, as
it was, and 99 of 100 within 10 ms; it is found by strides and then by halving, and each rate has a second chance.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from bench.figures import Figure
from bench.media.boxes import BOXES, FLOOR, STRAIGHT
from bench.media.generator import Flow, Generator, Passed, Standing, compiled
from bench.media.nets import LOCAL, Net, apart, can_be_apart
from bench.peers.offer import NotHereError
from bench.processes import SCRATCH, Cores, cpu_seconds_of
from bench.whole import following

#: Packets a second of a call, both ways together.
OF_A_CALL: Final = 100
_MOST_FLOWS: Final = 1_000
#: The first ports of A, the box towards A, B, and the box towards B.
_PORTS: Final = (10_000, 12_000, 14_000, 16_000)
#: Of a search while nothing has failed.
_STRIDE: Final = 1.3

Say = Callable[[str], None]


@attrs.frozen(kw_only=True)
class Plan:
    """How much is measured."""

    rate: float = 10_000.0
    """The modest rate, packets a second both ways together."""
    seconds: float = 4.0
    repeats: int = 3
    hold: float = 2.0
    """How long the highest rate must be held, seconds."""
    steps: int = 9
    """Rates tried at most in one search; 0: no search."""
    precision: float = 1.04
    """A search ends when the rate that did not hold is at most so many times the one that held."""
    calls: int = 1_000
    """Two-way calls of G.711 that each box is to carry at once; 0: that is not tried."""


QUICK: Final = Plan(seconds=1.5, repeats=1, steps=0, calls=0)


@attrs.frozen
class _Trial:
    passed: Passed
    cpu: float | None
    """Of the box, seconds; None: it has no process."""

    @property
    def cost(self) -> float | None:
        """Microseconds a packet."""
        return None if self.cpu is None else 1e6 * self.cpu / max(1, self.passed.received)

    @property
    def share(self) -> float | None:
        """Of a core, percent."""
        return None if self.cpu is None else 100 * self.cpu / self.passed.seconds


def measure(plan: Plan, say: Say, scratch: Path = SCRATCH) -> list[Figure]:
    """Runs the plan; `say` gets a line for each trial. Raises BenchError."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder, _net() as net:
        cores = Cores.choose()
        say(f"media: boxes on core {cores.box}, the generator on core {cores.load}, {_where(net)}")
        run = _Run(plan, say, Path(folder), net, cores, Generator(compiled("generator", Path(folder)), cores.load))
        return [*run.modest(), *run.highest(), *run.thousand()]


@contextmanager
def _net() -> Iterator[Net]:
    if not can_be_apart():
        yield LOCAL
        return
    with apart() as net:
        yield net


def _where(net: Net) -> str:
    return "all on loopback" if net.spaces is None else "each in a network namespace of its own"


@attrs.define(eq=False)
class _Run:
    plan: Plan
    say: Say
    folder: Path
    net: Net
    cores: Cores
    generator: Generator
    missing: dict[str, str] = attrs.field(factory=dict, init=False)
    """Why a box is not here."""

    def modest(self) -> Iterator[Figure]:
        """What a packet costs and how long it takes."""
        done = self._in_turn(self._modest)
        at = f"at {self.plan.rate:,.0f} packets/s"
        yield from self._beside(f"CPU per packet {at}", "us", _each(_carried(done), lambda trial: trial.cost))
        for share in (50, 99):
            delays = _each(done, lambda trial, share=share: _delay(trial.passed, share))
            yield from self._beside(f"delay {at}, p{share}", "us", delays)
            yield from self._beside(f"added delay {at}, p{share}", "us", _added(delays))

    def highest(self) -> Iterator[Figure]:
        """How many packets a second, and what each costs then."""
        if not self.plan.steps:
            return
        best = self._in_turn(self._search)
        notes = {name: _limit(trials) for name, trials in best.items()}
        yield from self._beside("highest rate", "packets/s", _each(best, lambda trial: trial.passed.rate), notes)
        yield from self._beside(
            "CPU per packet at its highest rate", "us", _each(_carried(best), lambda trial: trial.cost)
        )

    def thousand(self) -> Iterator[Figure]:
        """What is left of a core beside so many calls."""
        calls = self.plan.calls
        if not calls:
            return
        done = self._in_turn(lambda name: self._trial(name, OF_A_CALL * calls, self.plan.seconds))
        of = f"two-way calls of G.711, {calls:,}"
        shares = _each(_carried(done), lambda trial: trial.share)
        notes = {name: _lost(trials) for name, trials in done.items()}
        yield from self._beside(f"{of}: the box's own CPU", "% of a core", shares, notes)

    def _in_turn(self, measured: Callable[[str], _Trial | None]) -> dict[str, list[_Trial]]:
        """The boxes one after the other, and all of that again."""
        done: dict[str, list[_Trial]] = {name: [] for name in BOXES}
        for _ in range(self.plan.repeats):
            for name in BOXES:
                if name in self.missing:
                    continue
                try:
                    found = measured(name)
                except NotHereError as error:
                    self.missing[name] = str(error)
                    self.say(f"media: {name} is not measured: {error}")
                    continue
                done[name] += [] if found is None else [found]
        return done

    def _modest(self, name: str) -> _Trial:
        return self._trial(name, self.plan.rate, self.plan.seconds)

    def _search(self, name: str) -> _Trial | None:
        held: _Trial | None = None
        failed: _Trial | None = None
        rate = 4 * self.plan.rate
        for _ in range(self.plan.steps):
            tried = self._tried(name, rate)
            held, failed = (tried, failed) if tried.passed.held else (held, tried)
            if held and failed and failed.passed.rate <= held.passed.rate * self.plan.precision:
                break
            rate = following(held.passed.rate if held else None, failed.passed.rate if failed else None, _STRIDE)
        return held

    def _tried(self, name: str, rate: float) -> _Trial:
        done = self._trial(name, rate, self.plan.hold)
        return done if done.passed.held else self._trial(name, rate, self.plan.hold)

    def _trial(self, name: str, rate: float, seconds: float) -> _Trial:
        flows = _flows(min(_MOST_FLOWS, max(1, round(rate / OF_A_CALL))))
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as folder,
            BOXES[name](Path(folder), self.cores.box, self.net, flows) as box,
        ):
            self.generator.await_box(box)
            before = _used(box)
            passed = self.generator.send(box, rate, seconds)
            done = _Trial(passed, None if box.process is None else _used(box) - before)
        self.say(f"media: {name} {rate:,.0f}/s: {_told(done)}")
        return done

    def _beside(
        self,
        quantity: str,
        unit: str,
        values: Mapping[str, Sequence[float]],
        notes: Mapping[str, str] | None = None,
    ) -> Iterator[Figure]:
        """Medians, each with its ratio to that of the relay in C."""
        medians = {name: statistics.median(found) for name, found in values.items() if found}
        floor = medians.get(FLOOR)
        for name in values:
            is_compared = name in medians and name != FLOOR and bool(floor)
            reason = self.missing.get(name, "no rate held")
            yield Figure(
                bench="media",
                subject=name,
                quantity=quantity,
                value=medians.get(name),
                unit=unit,
                ratio=medians[name] / floor if is_compared and floor else None,
                to=FLOOR if is_compared else "",
                note=(notes or {}).get(name, "") if name in medians else reason,
            )


def _flows(count: int) -> list[Flow]:
    return [Flow(*(first + number for first in _PORTS)) for number in range(count)]


def _used(box: Standing) -> float:
    return 0.0 if box.process is None else cpu_seconds_of(box.process)


def _delay(passed: Passed, share: int) -> float:
    return passed.p50_us if share == 50 else passed.p99_us


def _each(done: Mapping[str, Sequence[_Trial]], of: Callable[[_Trial], float | None]) -> dict[str, list[float]]:
    return {name: [value for trial in trials if (value := of(trial)) is not None] for name, trials in done.items()}


def _carried(done: Mapping[str, Sequence[_Trial]]) -> dict[str, Sequence[_Trial]]:
    """What had a box between its ends."""
    return {name: trials for name, trials in done.items() if name != STRAIGHT}


def _added(delays: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """What each box adds to the way without any."""
    straight = statistics.median(delays[STRAIGHT])
    return {name: [delay - straight for delay in found] for name, found in delays.items() if name != STRAIGHT}


def _limit(trials: Sequence[_Trial]) -> str:
    return "or more: the generator is the limit" if any(not trial.passed.was_made for trial in trials) else ""


def _lost(trials: Sequence[_Trial]) -> str:
    passed = [trial.passed for trial in trials]
    lost = sum(one.sent - one.received for one in passed) / max(1, sum(one.sent for one in passed))
    late = min((one.sent / one.seconds / one.rate for one in passed), default=1.0)
    said = [f"{lost:.2%} lost"] if lost else []
    said += [f"{late:.0%} of the rate was made"] if late < 0.97 else []
    return ", ".join(said)


def _told(trial: _Trial) -> str:
    passed = trial.passed
    lost = passed.sent - passed.received
    cost = "" if trial.cost is None else f", CPU {trial.cost:.2f} us a packet"
    made = "" if passed.was_made else f", generator busy {passed.busy:.0%} at {passed.sent / passed.seconds:,.0f}/s"
    return f"{lost} lost, {passed.wrong} wrong, p50 {passed.p50_us:,.0f} us, p99 {passed.p99_us:,.0f} us{cost}{made}"
