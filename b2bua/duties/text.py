"""The duties for a terminal: tables, as wide as they must be where nobody watches."""

import datetime
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from b2bua.civil import local
from b2bua.duties.clearing import Outcome, Plan
from b2bua.duties.nomadic import Metered
from b2bua.duties.report import VERDICTS
from b2bua.duties.victim import Account, Fate

#: Where it is no terminal: nothing is cut.
_WIDE: Final = 200
_MOST: Final = 50
"""Calls of an account that are listed; all of them are in its JSON."""


def console() -> Console:
    """Standard output."""
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)


def show_plan(plan: Plan) -> None:
    """What is due to be forgotten."""
    out = console()
    whole, hashed = _moment(plan.limits.whole), _moment(plan.limits.hashed)
    out.print(f"numbers from before {whole} (UTC) are hashed, hashes from before {hashed} go")
    taking = {piece: found for piece, found in plan.due.items() if found.taken}
    _table(
        out,
        ("chain", "segment", "begins (UTC)", "lose something", "stay whole", "stay hashed"),
        (
            (piece.chain or ".", piece.segment, _moment(piece.begins), found.taken, found.whole, found.hashed)
            for piece, found in sorted(taking.items())
        ),
    )
    out.print(f"{plan.lines} lines of {len(taking)} segments lose something")
    cases, entries = _moment(plan.limits.cases), _moment(plan.limits.entries)
    out.print(f"desk: cases that were closed before {cases} (UTC) and entries that were over before {entries} forget")
    out.print(f"desk: {_of_the_desk(plan.desk)}")
    for one in plan.torn:
        out.print(f"{one.path} goes: what a repair has cut off")
    for one in plan.kept:
        out.print(f"{one.path} stays: what a repair has cut off, about {_moment(one.at)}")
    for piece in plan.waiting:
        out.print(f"{piece.path} waits for its end: it is still written to")
    for broken in plan.broken:
        out.print(f"{broken}; the segment is left as it is")
    if plan.held.calls:
        out.print(f"{len(plan.held.calls)} calls are held: {', '.join(sorted(plan.held.reasons))}")


def show_outcome(outcome: Outcome) -> None:
    """What has been forgotten."""
    out = console()
    out.print(f"{outcome.lines} lines of {len(outcome.purged)} segments have lost what was due")
    out.print(f"store: {outcome.forgotten} calls hashed, {outcome.dropped} dropped")
    out.print(f"desk: {_of_the_desk(outcome.desk)}")
    for one in outcome.torn:
        out.print(f"{one.path} has gone: what a repair had cut off")
    for piece in outcome.postponed:
        out.print(f"{piece.path} is left for the next time: one of its calls was held meanwhile")
    for broken in outcome.broken:
        out.print(f"{broken}; the segment is left as it is")


def show_nomadic(found: Sequence[Metered], days: int) -> None:
    """The meter's numbers."""
    out = console()
    rows = (
        (use.number, use.agreement, use.trunk, use.abroad, use.elsewhere, use.home, f"{use.share:.0%}", one.standing)
        for one in found
        for use in [one.use]
    )
    _table(out, ("number", "agreement", "trunk", "abroad", "elsewhere", "home", "share", ""), rows)
    numbers = {one.use.number for one in found}
    out.print(f"{len(numbers)} numbers called from abroad within {days} days")


def show_account(account: Account) -> None:
    """What the owner of a number may be told."""
    out = console()
    told = account.as_dict()
    more = f", the first {len(account.calls)} of more" if account.is_partial else ""
    out.print(f"{account.number} from {local(account.since)} to {local(account.until)}")
    out.print(f"{told['calls']} calls bore it{more}: " + ", ".join(f"{told['fates'][fate]} {fate}" for fate in Fate))
    out.print(f"{told['answered']} were answered; {told['from_home']} came by a national trunk, as the owner's own do")
    rows = ((row["trunk"], row["class"], row["fate"], row["calls"]) for row in told["trunks"])
    _table(out, ("trunk", "class", "", "calls"), rows)
    listed = account.calls[-_MOST:]
    _table(
        out,
        ("at", "trunk", "called", "", "article", "answered", "call"),
        (
            (local(one.at), one.trunk, one.called, one.fate, one.basis, "yes" if one.answered else "no", one.call)
            for one in listed
        ),
    )
    if len(listed) < len(account.calls):
        out.print(f"the last {len(listed)} are listed; --json has all")


def show_report(report: dict[str, Any]) -> None:
    """A month's."""
    out = console()
    over = "" if report["over"] else ", not over yet"
    out.print(Text(f"{report['month']}{over}: {report['calls']} calls", style="bold"))
    for trunk in report["trunks"]:
        out.print(f"\n{trunk['trunk']} ({trunk['class']})")
        rows = [
            (row["article"], row["calls"], *(row[verdict] for verdict in VERDICTS), row["not_enforced"])
            for row in trunk["articles"]
        ]
        _table(out, ("article", "calls", *VERDICTS, "not enforced"), rows)
    for name, count in report["duties"].items():
        out.print(f"{name.replace('_', ' ')}: {count}")


def _of_the_desk(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kinds[kind]} lines of kind {kind}" for kind in sorted(kinds) if kinds[kind]) or "nothing"


def _table(out: Console, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    told = list(rows)
    if not told:
        return
    table = Table(*headings, box=None, pad_edge=False)
    for row in told:
        table.add_row(*(Text(str(cell)) for cell in row))
    out.print(table)


def _moment(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}"
