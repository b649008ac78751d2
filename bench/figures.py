"""A figure, the report of a run, its table and its JSON."""

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import orjson
from rich.box import SIMPLE_HEAD
from rich.table import Table

LATEST = Path(__file__).parent / "results" / "latest.json"
#: Distributions whose version may move a figure.
_VERSIONED = ("attrs", "orjson", "phonenumbers", "uvloop")


@attrs.frozen(kw_only=True)
class Figure:
    """One measured quantity, absolute and beside what it is compared with in the same run."""

    bench: str
    subject: str
    """What was measured: a box, or a part."""
    quantity: str
    value: float | None
    """None: nothing could be measured, and `note` says why."""
    unit: str
    ratio: float | None = None
    """To the same quantity of `to`."""
    to: str = ""
    note: str = ""


@attrs.frozen(kw_only=True)
class Report:
    """A run."""

    date: str
    """Of its beginning, UTC."""
    machine: dict[str, object]
    versions: dict[str, str]
    quick: bool
    load: tuple[float, float]
    """Load average of the last minute, before and after: what others did on the machine is in it."""
    figures: tuple[Figure, ...]
    trials: tuple[dict[str, object], ...] = ()
    """Each trial of `whole`, held or not."""

    def write(self, path: Path = LATEST) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(attrs.asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def now() -> str:
    """UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def load() -> float:
    """Load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    found = [line.partition(":")[2].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": found[0] if found else "unknown",
        "cores": len(os.sched_getaffinity(0)),
    }


def versions() -> dict[str, str]:
    """Of Python, ours, and what the hot path stands on."""
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    return found | {name: importlib.metadata.version(name) for name in ("b2bua", *_VERSIONED)}


def tables(figures: Sequence[Figure]) -> Iterator[Table]:
    """The figures for people, a table for each bench."""
    for bench in dict.fromkeys(figure.bench for figure in figures):
        made = Table(
            title=f"{bench}: ratios are to the same run", box=SIMPLE_HEAD, title_justify="left", pad_edge=False
        )
        for heading in ("what", "of"):
            made.add_column(heading)
        for heading in ("value", "ratio"):
            made.add_column(heading, justify="right", no_wrap=True)
        made.add_column("to")
        for figure in figures:
            if figure.bench == bench:
                made.add_row(*_cells(figure))
        yield made


def _cells(figure: Figure) -> tuple[str, ...]:
    value = "-" if figure.value is None else f"{_short(figure.value)} {figure.unit}"
    ratio = "" if figure.ratio is None else _short(figure.ratio)
    return figure.quantity, figure.subject, value, ratio, figure.to + (f" ({figure.note})" if figure.note else "")


def _short(value: float) -> str:
    """Three figures are more than a shared machine is good for."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
