"""Pictures of a run of `bench.peers`: `python -m bench.plots [REPORT] [FOLDER]`.

CPU per call by rate, post-dial delay by rate, memory by calls held: SVG, with text as text, and the same bytes for the
same report. They are drawn with matplotlib, the extra `bench` (`pip install b2bua[bench]`), which nothing else needs.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import orjson

from bench.errors import BenchError
from bench.figures import LATEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Ours in black and bold, what moves datagrams in grey, the others in colours that stay apart for the colour-blind.
_OURS = ("b2bua", "b2bua-2-workers", "other")
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9.0, "axes.spines.top": False}
_STYLE |= {"axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3, "legend.frameon": False}
_SHARES = {"p50_ms": "-", "p99_ms": ":"}
_RATE, _TICKS = "calls a second", [50 * 2**power for power in range(8)]


@attrs.frozen
class Curve:
    """A line of a plot."""

    box: str
    points: tuple[tuple[float, float], ...]
    """Rising in x."""
    style: str = "-"


def curves_by_rate(trials: Iterable[Mapping[str, Any]], value: str, style: str = "-") -> list[Curve]:
    """A curve for each box through its trials that held, by their rate; the median where a rate was tried again."""
    found: dict[str, dict[float, list[float]]] = {}
    for trial in trials:
        if trial["held"] and trial["purpose"] != "highest" and trial[value] is not None:
            found.setdefault(trial["box"], {}).setdefault(trial["rate"], []).append(trial[value])
    return [
        Curve(box, tuple((rate, sorted(values)[len(values) // 2]) for rate, values in sorted(rates.items())), style)
        for box, rates in found.items()
    ]


def curves_by_calls(figures: Iterable[Mapping[str, Any]]) -> list[Curve]:
    """A curve for each box through its memory with so many calls up, MiB."""
    found: dict[str, list[tuple[float, float]]] = {}
    for figure in figures:
        quantity = figure["quantity"]
        if quantity.startswith("memory, ") and figure["value"] is not None:
            calls = float(quantity.removeprefix("memory, ").partition(" ")[0].replace(",", ""))
            found.setdefault(figure["subject"], []).append((calls, figure["value"]))
    return [Curve(box, tuple(sorted(points))) for box, points in found.items()]


def draw(report: Path, folder: Path) -> list[Path]:
    """The three plots of a report, in `folder`. Raises BenchError when matplotlib is missing."""
    try:
        import matplotlib
    except ImportError as error:
        raise BenchError("plots need matplotlib: pip install 'b2bua[bench]'") from error
    matplotlib.use("svg")
    run = orjson.loads(report.read_bytes())
    trials, figures = run["trials"], run["figures"]
    delays = [curve for value, style in _SHARES.items() for curve in curves_by_rate(trials, value, style)]
    folder.mkdir(parents=True, exist_ok=True)
    boxes = list(dict.fromkeys(figure["subject"] for figure in figures))
    with matplotlib.rc_context(_STYLE):
        return [
            _plot(folder / "cpu.svg", boxes, curves_by_rate(trials, "cpu_ms"), (_RATE, "CPU ms a call"), "log"),
            _plot(folder / "delay.svg", boxes, delays, (_RATE, "post-dial delay, ms (dotted: p99)"), "log"),
            _plot(folder / "memory.svg", boxes, curves_by_calls(figures), ("calls held", "memory, MiB"), "linear"),
        ]


def _plot(path: Path, boxes: Sequence[str], curves: Sequence[Curve], labels: tuple[str, str], scale: str) -> Path:
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for curve in sorted(curves, key=lambda curve: boxes.index(curve.box)):
        _line(axes, curve, _look(curve.box, boxes))
    axes.set_xscale(scale)
    axes.set_yscale(scale)
    if scale == "log":
        axes.set_xticks(_TICKS)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if curves:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    return path


def _line(axes: "Axes", curve: Curve, look: dict[str, Any]) -> None:
    rates, values = zip(*curve.points, strict=True)
    label = curve.box if curve.style == "-" else None
    axes.plot(rates, values, curve.style, marker="o", markersize=3, label=label, **look)


def _look(box: str, boxes: Sequence[str]) -> dict[str, Any]:
    if box in _OURS:
        bold = box == _OURS[0]
        return {"color": "black", "linewidth": 2.2 if bold else 1.0, "alpha": 1.0 if bold else 0.6, "zorder": 3}
    if box.startswith("forwarder"):
        floors = [name for name in boxes if name.startswith("forwarder")]
        return {"color": str(0.45 + 0.15 * floors.index(box)), "linewidth": 1.0}
    others = [name for name in boxes if name not in _OURS and not name.startswith("forwarder")]
    return {"color": _COLOURS[others.index(box) % len(_COLOURS)], "linewidth": 1.4}


def main() -> None:
    """Draws what the arguments name: the last run, beside it."""
    report = Path(sys.argv[1]) if len(sys.argv) > 1 else LATEST.with_name("peers.json")
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else report.parent
    for path in draw(report, folder):
        print(path)


if __name__ == "__main__":
    main()
