"""`python -m bench [NAME ...] [--quick]`: exit code 0 when all was measured, 2 when it could not be.

`python -m bench baseline` writes what the parts cost, and `python -m bench guard` exits with 1 when one costs more.
"""

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from cyclopts import App as CommandLine
from rich.console import Console

from bench import figures, guard, held, micro, ratios, scale, sipp, whole
from bench.baseline import PATH, Baseline, establish
from bench.command import carry_out
from bench.figures import LATEST, Figure, Report
from bench.media import measuring

Name = Literal["micro", "scale", "held", "media", "whole"]
NAMES: tuple[Name, ...] = ("micro", "scale", "held", "media", "whole")
WORSE = 1

cli = CommandLine(name="bench", help="What the gateway costs, as ratios within one run.", version_flags=[])


@cli.default
def bench(*names: Name, quick: bool = False, full: bool = False, out: Path = LATEST) -> None:
    """Measure, print a table and write the report.

    Parameters
    ----------
    names
        micro, scale, held, media, whole; all of them when left out.
    quick
        Under two minutes: fewer rounds, short trials, a coarse search.
    full
        With 100,000 held calls in `scale`, and through the daemon in `held`: a quarter of an hour more, and 2 GiB.
    out
        Where the report goes, as JSON.
    """
    console = Console()
    chosen = names or NAMES
    if "whole" in chosen or ("held" in chosen and not quick):
        sipp.require()  # before a minute of something else
    report = run(chosen, quick, full=full, say=lambda line: console.print(line, style="dim", highlight=False))
    for table in figures.tables(report.figures):
        console.print(table)
    report.write(out)
    console.print(f"written to {out}; load average {report.load[0]} before, {report.load[1]} after", highlight=False)


@cli.command
def baseline(*, runs: int = 8, out: Path = PATH) -> None:
    """Write what the parts cost now, and how far that strays: about a minute for each run.

    Parameters
    ----------
    runs
        How often all is measured with the machine as it is, and as often with neighbours.
    out
        Where it goes, as TOML.
    """
    console = Console()
    found = establish(lambda: ratios.measured(ratios.ONCE), runs, lambda line: console.print(line, style="dim"))
    found.write(out)
    for name, part in found.parts.items():
        console.print(f"{part.value:8.3g} +{part.noise:.0%}  {name}", highlight=False)
    console.print(f"written to {out}", highlight=False)


@cli.command(name="guard")
def guard_(*, against: Path = PATH) -> None:
    """Measure the parts and fail when one costs more than it did.

    Parameters
    ----------
    against
        The baseline.
    """
    was = Baseline.read(against)

    def measure(names: Collection[str]) -> Mapping[str, float]:
        return ratios.measured(ratios.AGAIN if names else ratios.ONCE, names)

    outcome = guard.judge(was, measure, lambda line: print(line, flush=True), is_from_here=was.is_from_here)
    for line in guard.report(was, outcome):
        print(line)
    if not outcome.passes:
        sys.exit(WORSE)


def run(names: tuple[Name, ...], quick: bool, say: micro.Say, *, full: bool = False) -> Report:
    """The benchmarks of these names, in their order. Raises BenchError."""
    date, before = figures.now(), figures.load()
    found: list[Figure] = []
    trials: tuple[sipp.Trial, ...] = ()
    versions = figures.versions()
    if "micro" in names:
        found += micro.measure(5 if quick else 25, say)
    if "scale" in names:
        found += scale.measure(scale.FULL if full else scale.QUICK if quick else scale.Plan(), say)
    if "held" in names:
        figures_, trials = held.measure(held.FULL if full else held.QUICK if quick else held.Plan(), say)
        found += figures_
    if "media" in names:
        found += measuring.measure(measuring.QUICK if quick else measuring.Plan(), say)
    if "whole" in names:
        versions["sipp"] = sipp.require()
        measured = whole.measure(whole.QUICK if quick else whole.Plan(), say)
        found += measured.figures
        trials += measured.trials
    return Report(
        date=date,
        machine=figures.machine(),
        versions=versions,
        quick=quick,
        load=(before, figures.load()),
        figures=tuple(found),
        trials=tuple(trial.facts() for trial in trials),
    )


def main() -> None:
    """Whole runs, whatever becomes of them."""
    carry_out(cli)


if __name__ == "__main__":
    main()
