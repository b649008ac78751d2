"""`python -m bench [NAME ...] [--quick]`: exit code 0 when all was measured, 2 when it could not be."""

import signal
import sys
from pathlib import Path
from typing import Literal

from cyclopts import App as CommandLine
from rich.console import Console

from bench import figures, micro, sipp, whole
from bench.errors import BenchError
from bench.figures import LATEST, Figure, Report
from bench.processes import end_children

Name = Literal["micro", "whole"]
NAMES: tuple[Name, ...] = ("micro", "whole")
UNUSABLE = 2

cli = CommandLine(name="bench", help="What the gateway costs, as ratios within one run.", version_flags=[])


@cli.default
def bench(*names: Name, quick: bool = False, out: Path = LATEST) -> None:
    """Measure, print a table and write the report.

    Parameters
    ----------
    names
        micro, whole; all of them when left out.
    quick
        Under a minute: fewer rounds, short trials, a coarse search.
    out
        Where the report goes, as JSON.
    """
    console = Console()
    chosen = names or NAMES
    if "whole" in chosen:
        sipp.require()  # before a minute of something else
    report = run(chosen, quick, lambda line: console.print(line, style="dim", highlight=False))
    for table in figures.tables(report.figures):
        console.print(table)
    report.write(out)
    console.print(f"written to {out}; load average {report.load[0]} before, {report.load[1]} after", highlight=False)


def run(names: tuple[Name, ...], quick: bool, say: micro.Say) -> Report:
    """The benchmarks of these names, in their order. Raises BenchError."""
    date, before = figures.now(), figures.load()
    found: list[Figure] = []
    trials: tuple[sipp.Trial, ...] = ()
    versions = figures.versions()
    if "micro" in names:
        found += micro.measure(5 if quick else 25, say)
    if "whole" in names:
        versions["sipp"] = sipp.require()
        measured = whole.measure(whole.QUICK if quick else whole.Plan(), say)
        found += measured.figures
        trials = measured.trials
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
    """A run that is asked to end takes its processes with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        cli()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        end_children()


if __name__ == "__main__":
    main()
