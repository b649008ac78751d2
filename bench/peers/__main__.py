"""`python -m bench.peers [BOX ...] [--quick]`: exit code 0 when all was measured, 2 when nothing could be."""

import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from cyclopts import App as CommandLine
from rich.console import Console

from bench import figures, sipp
from bench.command import carry_out
from bench.errors import BenchError
from bench.figures import Report
from bench.peers import report
from bench.peers.claims import judge
from bench.peers.held import memory
from bench.peers.offer import Settings
from bench.peers.run import QUICK, Plan, Run, Say, minutes
from bench.peers.table import Present, find
from bench.plots import draw
from bench.processes import SCRATCH, Cores, inherit_orphans

LATEST = figures.LATEST.with_name("peers.json")
#: Columns of a log, where the tables are wider than the 80 that no terminal means.
_WIDTH = 140

cli = CommandLine(name="bench.peers", help="Other people's servers under the same load as ours.", version_flags=[])


@cli.default
def peers(
    *names: str,
    quick: bool = False,
    kamailio: Path | None = None,
    opensips: Path | None = None,
    yate: Path | None = None,
    sems: Path | None = None,
    asterisk: Path | None = None,
    other: Path | None = None,
    out: Path = LATEST,
    plots: Path = LATEST.parent,
) -> None:
    """Measure, print the tables, write the report and draw the plots.

    Parameters
    ----------
    names
        The boxes; all that this machine has when left out.
    quick
        A few minutes: one repeat, short trials, a coarse search.
    kamailio, opensips, yate, sems, asterisk
        Programs that are not in PATH; `OPENSIPS=PATH` in the environment does as well, and so for each.
    other
        The Python of an environment with another b2bua: a compiled one, an earlier version.
    out
        Where the report goes, as JSON.
    plots
        The folder where the plots go.
    """
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    programs = {"kamailio": kamailio, "opensips": opensips, "yate": yate, "sems": sems, "asterisk": asterisk}
    programs["other"] = other

    def say(line: str, style: str | None = None) -> None:
        console.print(line, style=style, highlight=False, soft_wrap=True, markup=False)

    settings = Settings({name: path for name, path in programs.items() if path is not None})
    boxes, absent = find(settings, names)
    for name, reason in absent.items():
        say(f"{name}: not here ({reason})")
    if not boxes:
        raise BenchError("none of these boxes is here")
    found, run = measure(QUICK if quick else Plan(), boxes, absent, partial(say, style="dim"))
    found.write(out)
    for table in report.tables(run, found.figures):
        console.print(table)
    for judged in judge(found.figures):
        say(str(judged))
    drawn = ", ".join(str(path) for path in draw(out, plots)) if find_spec("matplotlib") else "no plots: no matplotlib"
    say(f"written to {out}; {drawn}; load average {found.load[0]} before, {found.load[1]} after")


def measure(
    plan: Plan, boxes: tuple[Present, ...], absent: dict[str, str], say: Say, scratch: Path = SCRATCH
) -> tuple[Report, Run]:
    """Runs the plan. Raises BenchError when SIPp is missing."""
    date, before, version = figures.now(), figures.load(), sipp.require()
    scratch.mkdir(parents=True, exist_ok=True)
    cores = Cores.choose()
    say(f"peers: {version}; boxes on core {cores.box}, both SIPps on core {cores.load}: {', '.join(_titles(boxes))}")
    say(f"peers: about {minutes(plan, boxes):.0f} minutes")
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        run = Run(plan, boxes, say, Path(folder), cores)
        run.steady()
        run.ladder()
        run.highest()
        held = memory(run)
    versions = figures.versions() | {"sipp": version} | {box.name: box.offer.version for box in boxes}
    return Report(
        date=date,
        machine=figures.machine(),
        versions=versions | {name: f"not here: {reason}" for name, reason in absent.items()},
        quick=plan is QUICK,
        load=(before, figures.load()),
        figures=tuple(report.figures(run, held)),
        trials=tuple(report.facts(done) for done in run.done),
    ), run


def _titles(boxes: tuple[Present, ...]) -> list[str]:
    return [f"{box.name} {box.offer.version}".strip() for box in boxes]


def main() -> None:
    """The same, with the processes that peers leave behind."""
    inherit_orphans()
    carry_out(cli)


if __name__ == "__main__":
    main()
