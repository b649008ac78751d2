"""What a replay tells people: how many verdicts would change and by which rule, then each call with the reason.

The calls come one by one and the table of all stands above them, so that they wait in a file meanwhile.
"""

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Final

import attrs
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from b2bua.explain_text import STYLES
from b2bua.replay import Change, Tally

#: Why verdicts are left out, in words.
LEFT_OUT: Final = {
    "undecided": "taken back before they were judged",
    "purged": "whose numbers retention has taken away",
    "register": "that rest on the register: name one with --config",
    "broken": "that cannot be read",
}
_IN_MEMORY: Final = 1 << 20


def print_text(changes: Iterable[Change], tally: Tally) -> None:
    """Prints to standard output all that changes; `tally` is whole once `changes` are at their end."""
    console = Console(highlight=False, soft_wrap=True)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as waiting:
        for change in changes:
            waiting.write(_dump(change))
        console.print(f"{tally.judged} verdicts judged again, {tally.changed} would change.")
        for why, count in sorted(tally.left_out.items()):
            console.print(f"{count} left out {LEFT_OUT[why]}.")
        if tally.changed:
            console.print(_table(tally))
        waiting.seek(0)
        for told in _read(waiting):
            console.print(_line(told))


def print_json(changes: Iterable[Change], tally: Tally, out: IO[bytes]) -> None:
    """Writes a JSON line for each call whose verdict would change, and one with the counts."""
    for change in changes:
        out.write(_dump(change))
    summary = {
        "judged": tally.judged,
        "changed": tally.changed,
        "changes": [{"from": old, "to": new, "count": count} for (old, new), count in sorted(tally.changes.items())],
        "rules": dict(sorted(tally.rules.items())),
        "left_out": dict(sorted(tally.left_out.items())),
    }
    out.write(orjson.dumps(summary, option=orjson.OPT_APPEND_NEWLINE))


def _dump(change: Change) -> bytes:
    return orjson.dumps(attrs.asdict(change), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def _read(waiting: IO[bytes]) -> Iterator[dict[str, str]]:
    for line in waiting:
        yield orjson.loads(line)


def _table(tally: Tally) -> Table:
    table = Table("from", "to", "calls", box=None, pad_edge=False)
    for (old, new), count in sorted(tally.changes.items()):
        table.add_row(Text(old, STYLES[old]), Text(new, STYLES[new]), str(count))
    table.add_section()
    for rule, count in tally.rules.most_common():
        table.add_row("by", rule, str(count))
    return table


def _line(change: dict[str, str]) -> Text:
    old, new = change["old"], change["new"]
    return Text.assemble(
        f"{change['at']}  {change['trunk']}  {change['call_id']}  ",
        (old, STYLES[old]),
        " -> ",
        (new, STYLES[new]),
        f": {change['why']}",
        (f"  {change['basis']}" if change["basis"] else "", "dim"),
    )
