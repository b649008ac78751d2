"""Whether a call costs the same beside many: calls that are held, trunks and routes, entries of the register.

The same calls are replayed, in turn and in one process, through a core that stands before little and one that stands
before much. In both the evidence goes to a journal that knows the held calls as open ones.
"""

import datetime
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, ip_network
from pathlib import Path

import attrs

from b2bua.app import COLLECT_AFTER, core_of
from b2bua.call import Core, Moment, Record
from b2bua.config import Config, Endpoint, Peer, Route, Target, Trunk
from b2bua.evidence import Journal
from bench.figures import Figure
from bench.processes import LOOPBACK, SCRATCH
from bench.story import ALL_TIMERS, PORTS, SEED, UTC, Input, Story, Teller, between_carriers, tell
from policy import Register, TrunkClass
from policy.register import BlockedUser, Consent, DoNotOriginate, Dossier, Entry
from sipstack.ids import Ids

Say = Callable[[str], None]

#: Held calls must want nothing while others are measured: no session timer, no probe, no end.
_QUIET = "\n[sip]\nsession_seconds = 0\nprobe_call_seconds = 0\nmax_call_seconds = 604800\n"
#: Calls held are numbered from here, so that none has the name of a measured one.
_HELD = 1_000_000
#: Calls a second while they are set up, in the time of the core.
_RATE = 1_000.0
_MIB = 1024 * 1024
_SINCE = datetime.date(2026, 1, 1)


@attrs.frozen(kw_only=True)
class Plan:
    """How much stands beside the calls that are measured."""

    held: tuple[int, ...] = (1_000, 10_000)
    trunks: tuple[int, ...] = (10, 10_000)
    entries: tuple[int, ...] = (10, 100_000)
    calls: int = 50
    """In one sample."""
    rounds: int = 15


QUICK = Plan(held=(100, 1_000), rounds=5)
#: A few minutes to set up, and 2 GiB.
FULL = Plan(held=(1_000, 10_000, 100_000))


@attrs.define(eq=False)
class Stage:
    """A core with what it stands before, its journal and its clock."""

    core: Core
    dice: random.Random
    journal: Journal
    now: float = 0.0

    def keep(self, _given: Input, out: Sequence[object]) -> None:
        """What the shell does with evidence."""
        records = [effect for effect in out if type(effect) is Record]
        if records:
            self.journal.append(records)

    def hold(self, calls: int, say: Say) -> None:
        """Sets up so many and lets the timers of their set-up run out."""
        teller = Teller(self.core, self.keep)
        for number in range(calls):
            teller.pass_time(1 / _RATE)
            teller.set_up(_HELD + number)
            if (number + 1) % 10_000 == 0:
                say(f"scale: {number + 1} of {calls} calls are held")
        teller.pass_time(ALL_TIMERS)
        self.now = teller.now

    def sample(self, story: Story) -> float:
        """Seconds of CPU for one of its calls."""
        self.dice.seed(SEED)
        inputs, core, keep = [self._later(given) for given in story.inputs], self.core, self.keep
        ended = self._ended()
        begin = time.process_time_ns()
        for given in inputs:
            moment, flow = given.moment, given.flow
            keep(given, core.tick(moment) if flow is None else core.receive(given.data, flow, moment))
        used = time.process_time_ns() - begin
        # The sum of two times may lie a hair before a deadline: nothing must be left for the next sample.
        last = self._later(Input(Moment(ALL_TIMERS, UTC)))
        keep(last, core.tick(last.moment))
        self.now = last.moment.tick
        assert self._ended() == ended + story.calls, "what the peers say fits each core"
        return used / story.calls / 1e9

    def _later(self, given: Input) -> Input:
        tick = self.now + given.moment.tick
        return attrs.evolve(given, moment=Moment(tick, UTC + datetime.timedelta(seconds=tick)))

    def _ended(self) -> int:
        return sum(count for name, count in self.core.counters.items() if name.startswith("end: "))


def measure(plan: Plan, say: Say) -> tuple[Figure, ...]:
    """What a call costs beside much, as a ratio to what it costs beside little."""
    config = between_carriers(_QUIET)
    story = tell(plan.calls, config)

    def hold(stage: Stage, size: int) -> None:
        stage.hold(size, say)

    def amend(stage: Stage, size: int) -> None:
        stage.core.amend(register_of(size))

    def nothing(_stage: Stage, _size: int) -> None:
        """The configuration has it already."""

    with _collector():
        return (
            *_beside("held calls", dict.fromkeys(plan.held, config), hold, story, plan.rounds),
            *_beside("trunks and routes", {n: crowded(config, n) for n in plan.trunks}, nothing, story, plan.rounds),
            *_beside("register entries", dict.fromkeys(plan.entries, config), amend, story, plan.rounds),
        )


def _beside(
    what: str, configs: Mapping[int, Config], prepare: Callable[[Stage, int], None], story: Story, rounds: int
) -> list[Figure]:
    with ExitStack() as stack:
        stages = {size: stack.enter_context(staged(config)) for size, config in configs.items()}
        for size, stage in stages.items():
            prepare(stage, size)
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        return list(compare(what, stages, story, rounds))


def compare(what: str, stages: Mapping[int, Stage], story: Story, rounds: int) -> Iterator[Figure]:
    """Each in turn; the first is what the others are compared with."""
    for stage in stages.values():
        stage.sample(story)  # memories and pages are paid for by the first calls
    samples = [{size: stage.sample(story) for size, stage in stages.items()} for _ in range(rounds)]
    least = min(stages)
    for size in stages:
        yield Figure(
            bench="scale",
            subject=f"{size:,} {what}",
            quantity="CPU per call",
            value=1e3 * statistics.median(sample[size] for sample in samples),
            unit="ms",
            ratio=None if size == least else statistics.median(sample[size] / sample[least] for sample in samples),
            to="" if size == least else f"{least:,}",
        )


def crowded(config: Config, size: int) -> Config:
    """The same with so many more trunks, each with a route of its own, before those that the calls take."""
    endpoint = Endpoint(LOOPBACK, PORTS.front)
    first = int(IPv4Address("10.0.0.0"))
    trunks, routes = [], []
    for number in range(size):
        host = str(IPv4Address(first + number))
        trunks.append(
            Trunk(
                name=f"trunk-{number}",
                declared_class=TrunkClass.INTERNATIONAL,
                listen=(endpoint,),
                peers=(Peer(ip_network(host)),),
                targets=(Target(address=Endpoint(host, 5060)),),
            )
        )
        routes.append(Route(source="foreign", prefix=f"+3247{number:07}", to="home"))
    return attrs.evolve(config, trunk=(*trunks, *config.trunk), route=(*routes, *config.route))


def register_of(size: int) -> Register:
    """So many entries of the kinds that a call is looked up in."""
    return Register(f"of {size}", tuple(_entry(number) for number in range(size)))


def _entry(number: int) -> Entry:
    reference, shown = f"R{number}", f"+322{number:07}"
    match number % 4:
        case 0:
            return DoNotOriginate(reference=reference, since=_SINCE, number=shown)
        case 1:
            return BlockedUser(reference=reference, since=_SINCE, number=shown)
        case 2:
            return Dossier(reference=reference, since=_SINCE, prefix=f"+3247{number:07}")
        case _:
            return Consent(reference=reference, since=_SINCE, forwarding=f"+4420{number:08}", called=shown)


@contextmanager
def staged(config: Config) -> Iterator[Stage]:
    """A core of that configuration, and its journal on disk."""
    dice = random.Random(SEED + 1)
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        journal = Journal.open(Path(folder), 256 * _MIB, random.Random(SEED).randbytes, UTC)
        try:
            yield Stage(core_of(config, Ids(dice.randbytes)), dice, journal)
        finally:
            journal.close()


@contextmanager
def _collector() -> Iterator[None]:
    """The garbage collector as the daemon sets it."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
