"""The baseline: what the parts cost when it was written, and how far such a measurement strays by itself.

The noise is measured: the guard's own measurement, many times over, half of them with neighbours that take the
processor and the memory from it. A deviation counts as noise up to the largest one that was seen, or, since so few runs
have not seen all, up to `_TAIL` standard deviations, told from the median deviation, which no single outlier moves.
"""

import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from bench import figures
from bench.errors import BenchError
from bench.processes import SCRATCH, Cores, running

PATH = Path(__file__).with_name("baseline.toml")
#: Of a normal distribution, one measurement in 740 lies above three; but the deviation is itself told from few runs.
_TAIL = 4.0
#: The standard deviation of a normal distribution, in median absolute deviations.
_FROM_MEDIAN = 1.4826
#: Two neighbours: one that only computes, and one that keeps throwing everybody's memory out of the caches.
_NEIGHBOURS = (
    "while True: sum(range(100_000))",
    "data = bytearray(64_000_000)\nwhile True: data = bytes(data)",
)

Say = Callable[[str], None]
Measure = Callable[[], Mapping[str, float]]


@attrs.frozen
class Part:
    """One ratio to the calibration loop."""

    value: float
    noise: float
    """By what share of it a measurement may lie above it with nothing changed."""

    @property
    def allowed(self) -> float:
        """The highest ratio that is no worse."""
        return self.value * (1 + self.noise)

    @property
    def least(self) -> float:
        """The lowest that is no better."""
        return self.value * (1 - self.noise)


@attrs.frozen(kw_only=True)
class Baseline:
    """All of them, with where they are from."""

    date: str
    runs: int
    processor: str
    python: str
    parts: Mapping[str, Part]

    @property
    def is_from_here(self) -> bool:
        """Whether this machine is like the one that it was measured on."""
        return (self.processor, self.python) == (processor(), python())

    @classmethod
    def read(cls, path: Path = PATH) -> "Baseline":
        """Raises BenchError when there is none that can be read."""
        try:
            found = tomllib.loads(path.read_text())
            parts = {name: Part(float(part["value"]), float(part["noise"])) for name, part in found["part"].items()}
            return cls(**found["measured"], parts=parts)
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise BenchError(f"{path} is no baseline ({error!r}): python -m bench baseline writes one") from error

    def write(self, path: Path = PATH) -> None:
        """As TOML, a line for each part."""
        lines = [
            "# What the parts of a call cost, as ratios to the calibration loop of bench/micro.py, and the share by",
            "# which that strays. Written by `python -m bench baseline`; `python -m bench guard` holds changes to it.",
            "",
            "[measured]",
            f'date = "{self.date}"',
            f"runs = {self.runs}",
            f'processor = "{self.processor}"',
            f'python = "{self.python}"',
            "",
            "[part]",
            *(
                f'"{name}" = {{ value = {part.value:.4g}, noise = {part.noise:.3f} }}'
                for name, part in self.parts.items()
            ),
        ]
        path.write_text("\n".join(lines) + "\n")


def establish(measure: Measure, runs: int, say: Say) -> Baseline:
    """A new one, of so many runs with neighbours and as many without."""
    found: list[Mapping[str, float]] = []
    date, begun = figures.now(), time.monotonic()
    for number in range(1, 2 * runs + 1):
        if number % 2:
            found.append(measure())
        else:
            with neighbours():
                found.append(measure())
        left = (time.monotonic() - begun) / number * (2 * runs - number)
        say(f"baseline: run {number} of {2 * runs}, {left / 60:.0f} min left")
    return Baseline(date=date, runs=len(found), processor=processor(), python=python(), parts=parts(found))


def parts(found: Sequence[Mapping[str, float]]) -> dict[str, Part]:
    """Medians, each with its noise.

    No part strays less than the middle one of all: that a few runs of one agree is chance, and all are measured alike.
    """
    each = {name: _part([one[name] for one in found]) for name in found[0]}
    middle = statistics.median(part.noise for part in each.values())
    return {name: attrs.evolve(part, noise=max(part.noise, middle)) for name, part in each.items()}


def _part(values: Sequence[float]) -> Part:
    middle = statistics.median(values)
    deviation = _FROM_MEDIAN * statistics.median(abs(value - middle) for value in values)
    return Part(middle, max(_TAIL * deviation, max(values) - middle) / middle)


@contextmanager
def neighbours() -> Iterator[None]:
    """One on each of two cores."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder, ExitStack() as stack:
        cores = Cores.choose()
        for core, text in zip((cores.box, cores.load), _NEIGHBOURS, strict=True):
            stack.enter_context(running([sys.executable, "-c", text], core, Path(folder) / f"{core}.log"))
        yield


def processor() -> str:
    """Of this machine."""
    return str(figures.machine()["processor"])


def python() -> str:
    """This one, to the minor version: what a patch release changes is not worth a new baseline."""
    return figures.versions()["python"].rpartition(".")[0]
