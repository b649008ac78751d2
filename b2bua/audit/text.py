"""A report for a terminal: tables, the verdicts of each row in the same columns."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from b2bua.audit.capture import Readable
from b2bua.audit.report import VERDICTS
from b2bua.explain_text import STYLES

#: A file of more octets is read long enough to wonder.
LONG: Final = 32 * 1_048_576


@contextmanager
def watched(path: Path) -> Iterator[Readable]:
    """The file, open for reading; on a terminal a bar shows how far a long one has been read. Raises OSError."""
    console = Console(stderr=True)
    size = path.stat().st_size
    with path.open("rb") as file:
        if size < LONG or not console.is_terminal:
            yield file
            return
        columns = (TextColumn(path.name, markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            yield progress.wrap_file(file, size)


def render(report: dict[str, Any]) -> None:
    """Prints `Report.as_dict()` to standard output, in colour on a terminal."""
    console = Console(highlight=False)
    invites = report["invites"]
    console.print(Text(f"{report['file']} judged as from {report['trunk']} ({report['class']})", style="bold"))
    console.print(f"{report['first'] or 'no packet'} to {report['last']}", style="dim") if report["first"] else None
    line = Text(f"{invites['judged']} INVITEs judged: ")
    for verdict in VERDICTS:
        line.append(f"{report['verdicts'][verdict]} {verdict}", style=STYLES[verdict])
        line.append("" if verdict == VERDICTS[-1] else ", ")
    console.print(line)
    console.print(", ".join(_aside(report)), style="dim")
    if len(report["classes"]) > 1:
        _table(console, "By class", report["classes"], "class")
    _table(console, "By article", report["articles"], "basis")
    _table(console, "By range", report["ranges"], "range")
    _table(console, "Numbers met most", report["numbers"], "number", "range")
    _table(console, "By peer", report["peers"], "peer")
    _counts(console, report)
    _examples(console, report["examples"])
    if report["partial"]:
        console.print("Too many names to keep apart: what is rare may be counted too low.", style="yellow")
    if report["capture"]["damage"]:
        console.print(Text(f"The file could not be read to its end: {report['capture']['damage']}", style="red"))
    console.print(Text(f"Profile {report['profile']}", style="dim"))


def _aside(report: dict[str, Any]) -> Iterator[str]:
    """What was met and not judged."""
    invites, capture = report["invites"], report["capture"]
    yield f"{capture['packets']} packets"
    yield f"{capture['messages']} SIP messages"
    for key in ("retransmissions", "forks", "unreadable", "elsewhere"):
        if invites[key]:
            yield f"{invites[key]} {key}"
    for key in ("cut", "unread", "damaged", "undated", "incomplete", "gaps", "dropped"):
        if capture[key]:
            yield f"{key}: {capture[key]}"


def _table(console: Console, title: str, rows: list[dict[str, Any]], *names: str) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in names:
        table.add_column(name)
    for heading in ("invites", *VERDICTS):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(Text(row[name]) for name in names), str(row["invites"]), *(_cell(row, v) for v in VERDICTS))
    console.print()
    console.print(table)


def _cell(row: dict[str, Any], verdict: str) -> Text:
    count = row[verdict]
    return Text(str(count), style=STYLES[verdict]) if count else Text("·", style="dim")


def _counts(console: Console, report: dict[str, Any]) -> None:
    """Lists of one number each."""
    later = {name: count for name, count in report["later"].items() if count}
    unreadable = {f"{row['reason']} ({row['status'] or 'lost'})": row["messages"] for row in report["unreadable"]}
    lists = {
        "Flags": report["flags"],
        "Headers that would lose something": report["removed"],
        "Refused for another reason": report["refused_otherwise"],
        "Identity in mid-call": later,
        "INVITEs that cannot be read": unreadable,
    }
    for title, counts in lists.items():
        if counts:
            told = ", ".join(f"{name}: {count}" for name, count in counts.items())
            console.print()
            console.print(Text.assemble((title, "bold"), "  ", told))


def _examples(console: Console, examples: list[dict[str, Any]]) -> None:
    if not examples:
        return
    console.print()
    console.print(Text("Examples", style="bold"))
    for example in examples:
        head = (f"packet {example['packet']}  ", (example["verdict"], STYLES[example["verdict"]]))
        rest = f"  {example['at']}  {example['peer']}  Call-ID {example['call_id']}"
        console.print(Text.assemble(*head, rest))
        why = example["why"] or example["basis"]
        console.print(Text.assemble("    ", why, (f"  {example['basis']}", "dim")))
