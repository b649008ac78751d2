"""What people see of the play: a live table on a terminal, plain lines in a pipe, JSON lines for programs.

All three have the face of `Screen`. The table shows as many stories as the window is high, the current one among them;
when the play ends the whole table stays behind.
"""

import sys
from pathlib import Path
from typing import Final, Protocol, TextIO

import attrs
import orjson
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from b2bua.demo.judgement import Played
from b2bua.demo.stories import STORIES
from b2bua.demo.story import Story
from policy.verdict import Outcome

_STYLES: Final = {"pass": "green", "strip": "yellow", "withhold": "magenta", "block": "red"}
_WIDE: Final = 112
"""Columns from which there is room for what the callee saw and for the paragraphs."""
_AROUND: Final = 7
"""Lines of the live screen that are no story: head, caption, counts, and the blank lines between."""


@attrs.define(eq=False)
class Tally:
    """The running counts."""

    total: int = len(STORIES)
    """Stories of a round."""
    played: int = 0
    as_expected: int = 0
    verdicts: dict[str, int] = attrs.field(factory=lambda: {outcome.word: 0 for outcome in Outcome})
    last: dict[str, Played] = attrs.field(factory=dict)
    """The last playing of each story, by title."""

    def add(self, played: Played) -> None:
        """Counts a story."""
        self.played += 1
        self.as_expected += played.as_expected
        if played.verdict is not None:
            self.verdicts[played.verdict] += 1
        self.last[played.story.title] = played

    @property
    def is_good(self) -> bool:
        """Whether every story has been played, and none was otherwise than expected."""
        return len(self.last) == self.total and self.as_expected == self.played


@attrs.frozen(kw_only=True)
class Place:
    """Where the play takes place, for its first lines."""

    international: str
    national: str
    journal: Path


@attrs.frozen(kw_only=True)
class Closing:
    """What is found when all is over."""

    lines: int
    """Of the journal."""
    broken: str | None
    """Where its chain breaks; None when it holds."""
    calls: int
    """That the daemon still held."""

    @property
    def is_good(self) -> bool:
        """Whether the evidence holds and nothing is left behind."""
        return self.broken is None and self.calls == 0


class Screen(Protocol):
    """What a play tells, in the order of its happening."""

    def opened(self, place: Place) -> None:
        """The stage stands."""

    def playing(self, story: Story, tally: Tally) -> None:
        """A story begins."""

    def played(self, played: Played, tally: Tally) -> None:
        """It is over, and counted."""

    def closed(self, tally: Tally, closing: Closing) -> None:
        """The play is over."""

    def gone(self) -> None:
        """The play ends, whether or not it came to its close; idempotent."""


def screen_for(*, as_json: bool, out: TextIO | None = None) -> Screen:
    """The screen for standard output, or for `out`."""
    stream = sys.stdout if out is None else out
    if as_json:
        return JsonLines(stream)
    console = Console(file=stream, highlight=False)
    return Terminal(console) if stream.isatty() and not console.is_dumb_terminal else Lines(stream)


@attrs.define(eq=False)
class JsonLines:
    """One object a story, one at the end; whatever is wrong goes to standard error in words."""

    out: TextIO

    def opened(self, place: Place) -> None:
        """Nothing to say."""

    def playing(self, story: Story, tally: Tally) -> None:
        """Nothing to say."""

    def played(self, played: Played, tally: Tally) -> None:
        """Its line."""
        self._print(
            {
                "story": played.story.title,
                "article": played.article,
                "decided_by": played.decided_by,
                "verdict": played.verdict,
                "expected": played.story.verdict.word,
                "ms": played.ms,
                "as_expected": played.as_expected,
            }
        )
        for fault in played.faults:
            print(f"{played.story.title}: {fault}", file=sys.stderr)  # noqa: T201

    def closed(self, tally: Tally, closing: Closing) -> None:
        """The counts."""
        self._print({"stories": tally.played, "as_expected": tally.as_expected})
        if not closing.is_good:
            print(_of_closing(closing), file=sys.stderr)  # noqa: T201

    def gone(self) -> None:
        """Nothing to clear."""

    def _print(self, line: dict[str, object]) -> None:
        print(orjson.dumps(line).decode(), file=self.out, flush=True)


@attrs.define(eq=False)
class Lines:
    """A line a story, for logs and pipes."""

    out: TextIO

    def opened(self, place: Place) -> None:
        """Where."""
        self._print(*_of_place(place))

    def playing(self, story: Story, tally: Tally) -> None:
        """Nothing to say before it has been played."""

    def played(self, played: Played, tally: Tally) -> None:
        """Its line, and one for each fault."""
        mark = _mark(played, self.out.encoding)
        ms = "-" if played.ms is None else f"{played.ms:.1f}"
        self._print(
            f"{mark} {played.story.title:<25}  {played.decided_by:<21}  {played.verdict or '-':<8}  "
            f"{_short(played.article, wide=True):<15}  {ms:>6} ms",
            *(f"    {fault}" for fault in played.faults),
        )

    def closed(self, tally: Tally, closing: Closing) -> None:
        """The summary."""
        self._print(_of_tally(tally), _of_closing(closing))

    def gone(self) -> None:
        """Nothing to clear."""

    def _print(self, *lines: str) -> None:
        # A log may have an encoding without the paragraph sign; better a question mark than no demonstration.
        encoding = self.out.encoding or "utf-8"
        for line in lines:
            print(line.encode(encoding, "replace").decode(encoding), file=self.out, flush=True)


@attrs.define(eq=False)
class Terminal:
    """The live table."""

    console: Console
    _live: Live | None = attrs.field(default=None, init=False)

    def opened(self, place: Place) -> None:
        """Where; the table grows below."""
        for line in _of_place(place):
            self.console.print(line, style="dim", overflow="fold")
        self.console.print()
        self._live = Live(console=self.console, auto_refresh=False, transient=True)
        self._live.start()

    def playing(self, story: Story, tally: Tally) -> None:
        """Marks the story and says what it is about."""
        self._show(story, tally)

    def played(self, played: Played, tally: Tally) -> None:
        """Its row; faults stay above the table."""
        for fault in played.faults:
            self.console.print(Text(f"{played.story.title}: {fault}", style="red"))
        self._show(played.story, tally)

    def closed(self, tally: Tally, closing: Closing) -> None:
        """The whole table and the summary."""
        self.gone()
        self.console.print(table(tally, self.console.width))
        self.console.print()
        self._say(_of_tally(tally), good=tally.as_expected == tally.played)
        self._say(_of_closing(closing), good=closing.is_good)

    def _say(self, line: str, *, good: bool) -> None:
        self.console.print(Text(line, style="bold green" if good else "bold red"), overflow="fold")

    def gone(self) -> None:
        """Clears the live part and gives the cursor back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _show(self, current: Story, tally: Tally) -> None:
        if self._live is not None:
            self._live.update(live_view(current, tally, self.console.width, self.console.height), refresh=True)


def live_view(current: Story, tally: Tally, width: int, height: int) -> RenderableType:
    """The live part of the screen: never higher than `height`."""
    caption = Text.assemble((f"{current.title}. ", "bold"), current.told)
    rows = max(1, height - _AROUND)
    style = "green" if tally.as_expected == tally.played else "red"
    counts = Text.assemble((_of_tally(tally), style), ("  Ctrl-C ends.", "dim"), no_wrap=True, overflow="ellipsis")
    return Group(table(tally, width, current, rows), Text(), caption, Text(), counts)


def table(tally: Tally, width: int, current: Story | None = None, rows: int | None = None) -> Table:
    """The stories with what came of each; `rows` of them around the current one, or all."""
    wide = width >= _WIDE
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim")
    columns = [("  story", 27), ("decided by", 21), ("verdict", 8), ("article", 15 if wide else 10)]
    # The widths stand from the beginning, else the table would jump with the stories.
    for name, least in [*columns, ("caller; callee", 24)] if wide else columns:
        made.add_column(name, no_wrap=True, min_width=least)
    made.add_column("ms", justify="right", no_wrap=True, min_width=5)
    for story in _window(current, rows):
        made.add_row(*_row(story, tally.last.get(story.title), wide=wide, current=story is current))
    return made


def _window(current: Story | None, rows: int | None) -> tuple[Story, ...]:
    if rows is None or rows >= len(STORIES) or current is None:
        return STORIES
    first = min(max(0, STORIES.index(current) - rows // 2), len(STORIES) - rows)
    return STORIES[first : first + rows]


def _row(story: Story, played: Played | None, *, wide: bool, current: bool) -> list[Text]:
    title = Text(story.title, style="bold" if current else "")
    if played is None:
        mark = Text("▸ " if current else "· ", style="cyan" if current else "dim")
        blank = [Text()] * (5 if wide else 4)
        return [Text.assemble(mark, title) if current else Text(f"· {story.title}", style="dim"), *blank]
    mark = Text("✓ ", style="green") if played.as_expected else Text("✗ ", style="bold red")
    word = played.verdict or "-"
    cells = [
        Text.assemble(mark, title),
        Text(played.decided_by),
        Text(word, style=_STYLES.get(word, "")),
        Text(_short(played.article, wide=wide)),
    ]
    seen = [Text(played.seen, style="" if played.as_expected else "red")] if wide else []
    return [*cells, *seen, Text("-" if played.ms is None else f"{played.ms:.1f}", style="dim")]


def _short(article: str, *, wide: bool) -> str:
    """Without room, the article without its paragraphs; where there is neither, that the law is silent."""
    if not article.startswith(("art.", "¶")):
        return "law silent" if article else "-"
    return article if wide else article.partition(",")[0]


def _mark(played: Played, encoding: str | None) -> str:
    mark = "✓" if played.as_expected else "✗"
    try:
        mark.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return "ok " if played.as_expected else "NOT"
    return mark


def _of_place(place: Place) -> tuple[str, str, str]:
    return (
        "b2bua demo: the daemon between a foreign carrier and two national ones, on this machine alone",
        f"international trunk on {place.international}, national trunks on {place.national}",
        f"journal in {place.journal}",
    )


def _of_tally(tally: Tally) -> str:
    verdicts = ", ".join(f"{count} {word}" for word, count in tally.verdicts.items())
    wrong = tally.played - tally.as_expected
    tail = f"; {wrong} NOT as expected" if wrong else ""
    return f"{tally.as_expected} of {tally.played} as expected ({verdicts}){tail}"


def _of_closing(closing: Closing) -> str:
    chain = "its chain holds" if closing.broken is None else f"ITS CHAIN IS BROKEN: {closing.broken}"
    calls = "no call" if closing.calls == 0 else f"{closing.calls} CALLS"
    return f"journal: {closing.lines} lines, {chain}; the daemon holds {calls} any more"
