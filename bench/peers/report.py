"""The figures of a run, and its tables: a row for each box.

Each figure of another box stands beside ours as a ratio: how many times ours it is.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bench.figures import Figure
from bench.peers.held import Held
from bench.peers.run import Done, Plan, Run, why
from bench.peers.table import OURS, Present
from bench.sipp import Trial
from bench.whole import percentile

BENCH = "peers"
HIGHEST, COST_AT_HIGHEST = "highest rate", "CPU per call at its highest rate"
#: A SIPp pair that uses this share of its core is what limits the rate.
_SATURATED = 0.9

Value = Callable[[Trial], float | None]


def cost_at(rate: float) -> str:
    """The name of a quantity: CPU per call at a rate."""
    return f"CPU per call at {rate:.0f}/s"


def delay_at(rate: float, share: int) -> str:
    """The name of a quantity: a percentile of the post-dial delay at a rate."""
    return f"post-dial delay at {rate:.0f}/s, p{share}"


def memory_of(calls: int) -> str:
    """The name of a quantity: what each of so many calls keeps."""
    return f"memory per held call, {calls:,} up"


def figures(run: Run, held: Sequence[Held]) -> list[Figure]:
    """All of them, a quantity after the other, the boxes in the order of the table."""
    rate = run.plan.rate
    return [
        *_steady(run, cost_at(rate), cpu),
        *_steady(run, delay_at(rate, 50), lambda done: delay(done, 50)),
        *_steady(run, delay_at(rate, 99), lambda done: delay(done, 99)),
        *_highest(run),
        *_memory(run, held),
    ]


def cpu(done: Trial) -> float:
    """CPU per call, ms."""
    return 1e3 * done.cpu_per_call


def delay(done: Trial, share: int) -> float | None:
    """The post-dial delay that so many percent of the calls do not exceed, ms; none where no 180 came."""
    return 1e3 * percentile(done.delays, share) if done.delays else None


def facts(done: Done) -> dict[str, object]:
    """A trial for the report."""
    tried = done.trial
    kept = {"cpu_ms": cpu(tried), "p50_ms": delay(tried, 50), "p99_ms": delay(tried, 99), "why": why(tried)}
    return {"purpose": done.purpose, "repeat": done.repeat, **tried.facts(), **kept}


def _steady(run: Run, quantity: str, value: Value) -> Iterator[Figure]:
    """The median of the trials that held, box by box."""
    medians: dict[str, float] = {}
    notes: dict[str, str] = {}
    for box in run.boxes:
        trials = [done.trial for done in run.of(box.name, "steady")]
        values = [found for done in trials if done.held and (found := value(done)) is not None]
        if values:
            medians[box.name] = statistics.median(values)
        notes[box.name] = _note(trials, bool(values))
    return _beside(run.boxes, quantity, "ms", medians, notes)


def _note(trials: Sequence[Trial], measured: bool) -> str:
    lost = [done for done in trials if not done.held]
    if lost:
        return f"{len(lost)} of {len(trials)} trials not held: {why(lost[-1])}"
    return "" if measured else "it sends no 180" if trials else "not tried"


def _highest(run: Run) -> Iterator[Figure]:
    """The highest rate, and what a call costs then: medians over what each search found."""
    rates: dict[str, float] = {}
    costs: dict[str, float] = {}
    notes: dict[str, str] = {}
    for box in run.boxes:
        best = best_of(run, box)
        if best:
            rates[box.name] = statistics.median(done.rate for done in best)
            costs[box.name] = statistics.median(cpu(done) for done in best)
        notes[box.name] = limit_of(run, box, max((done.rate for done in best), default=0.0))
    yield from _beside(run.boxes, HIGHEST, "calls/s", rates, notes)
    yield from _beside(run.boxes, COST_AT_HIGHEST, "ms", costs, {})


def best_of(run: Run, box: Present) -> list[Trial]:
    """The trial with the highest rate that held, of each search; of a box that is not searched, of its ladder."""
    best: dict[int, Trial] = {}
    for done in run.of(box.name, "highest" if box.row.calls else "ladder"):
        if done.trial.held and (done.repeat not in best or done.trial.rate > best[done.repeat].rate):
            best[done.repeat] = done.trial
    return list(best.values())


def limit_of(run: Run, box: Present, highest: float) -> str:
    """Why the highest rate is not higher."""
    failed = [done.trial for done in run.of(box.name) if not done.trial.held and done.trial.rate > highest]
    if not failed:
        return "or more: no rate failed"
    if all(done.sipp > _SATURATED for done in failed):
        return "or more: SIPp is the limit"
    first = min(failed, key=lambda done: done.rate)
    return f"at {first.rate:,.0f}/s: {why(first)}"


def _memory(run: Run, held: Sequence[Held]) -> Iterator[Figure]:
    first = {one.box: one for one in reversed(held)}
    resting = {name: one.before / 1024 for name, one in first.items() if one.after is not None}
    yield from _beside([box for box in run.boxes if box.name in first], "memory, 0 calls up", "MiB", resting, {})
    for calls in dict.fromkeys(one.calls for one in held):
        these = {one.box: one for one in held if one.calls == calls}
        boxes = [box for box in run.boxes if box.name in these]
        notes = {name: one.trouble for name, one in these.items()}
        whole = {name: one.after / 1024 for name, one in these.items() if one.after is not None}
        each = {name: one.per_call for name, one in these.items() if one.per_call is not None}
        yield from _beside(boxes, f"memory, {calls:,} calls up", "MiB", whole, notes)
        yield from _beside(boxes, memory_of(calls), "KiB", each, notes)


def _beside(
    boxes: Sequence[Present], quantity: str, unit: str, values: Mapping[str, float], notes: Mapping[str, str]
) -> Iterator[Figure]:
    """The values, each of others with its ratio to ours."""
    ours = values.get(OURS)
    for box in boxes:
        value = values.get(box.name)
        ratio = value / ours if value is not None and ours and box.name != OURS else None
        yield Figure(
            bench=BENCH,
            subject=box.name,
            quantity=quantity,
            value=value,
            unit=unit,
            ratio=ratio,
            to=OURS if ratio is not None else "",
            note=notes.get(box.name, ""),
        )


def tables(run: Run, found: Sequence[Figure]) -> Iterator[Table]:
    """A row for each box: first the figures, then CPU per call at each rate that it held."""
    cells = {(figure.quantity, figure.subject): figure for figure in found}
    wide = _empty("peers: CPU, delays in ms, memory in KiB", [heading for heading, _ in _columns(run.plan)])
    costs = _empty("peers: CPU per call in ms, by calls a second", [f"{rate:.0f}" for rate in _rates(run)])
    for box in run.boxes:
        wide.add_row(box.name, *(_cell(cells.get((quantity, box.name))) for _, quantity in _columns(run.plan)))
        by_rate = {done.trial.rate: cpu(done.trial) for done in run.of(box.name, "ladder") if done.trial.held}
        costs.add_row(box.name, *(_short(by_rate[rate]) if rate in by_rate else "-" for rate in _rates(run)))
    yield wide
    yield costs


def _columns(plan: Plan) -> Iterator[tuple[str, str]]:
    """Headings and quantities."""
    yield f"CPU at {plan.rate:.0f}/s", cost_at(plan.rate)
    yield "at its highest", COST_AT_HIGHEST
    yield "highest", HIGHEST
    yield "delay p50", delay_at(plan.rate, 50)
    yield "p99", delay_at(plan.rate, 99)
    for calls in plan.held:
        yield f"a call, {calls:,} up", memory_of(calls)


def _rates(run: Run) -> list[float]:
    return sorted({done.trial.rate for done in run.done if done.purpose == "ladder"})


def _empty(title: str, headings: Sequence[str]) -> Table:
    made = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    made.add_column("box", no_wrap=True)
    for heading in headings:
        made.add_column(heading, justify="right")
    return made


def _cell(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "-"
    return _short(figure.value) + ("+" if figure.note.startswith("or more") else "")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
