"""The calls of a month by trunk and by article, and beside them what people did about them at the desk.

Counted from the store, whose rows go after `[retention] hashed_days`: a report that is wanted for longer is printed
before. No number is in it.
"""

import csv
import datetime
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from b2bua.duties.counts import Counts
from b2bua.duties.month import Month
from policy.verdict import Outcome

VERDICTS: Final = (*(outcome.word for outcome in Outcome), "undecided")
"""In the order of every table; `undecided` is a call that its caller took back while a holder was asked."""
NO_BASIS: Final = "undecided"
_COLUMNS: Final = ("trunk", "circuit", "trunk_class", "basis", "verdict", "enforced")
_CSV: Final = ("month", "trunk", "class", "article", "verdict", "enforced", "calls")


@attrs.frozen(kw_only=True, order=True)
class Row:
    """Calls that have all of this in common."""

    trunk: str
    """By which they came in: the trunk, or its circuit."""
    trunk_class: str
    basis: str
    """The article that decided."""
    verdict: str
    enforced: bool
    """False where the trunk was in shadow, so that nothing came of the verdict."""
    calls: int


@attrs.frozen(kw_only=True)
class Report:
    """One month."""

    month: Month
    made: datetime.datetime
    rows: tuple[Row, ...]
    desk: Mapping[tuple[str, str], int]
    """How many lines people wrote, by kind and by what they did."""
    duties: Mapping[str, int]
    """What the regulator asked for and what came of it, as whoever makes the report counts it."""

    @property
    def is_over(self) -> bool:
        """Whether the month was over when it was made."""
        return self.made >= self.month.until

    def as_dict(self) -> dict[str, Any]:
        """It as plain data, fit for JSON; its keys stay (docs/duties.md)."""
        trunks = sorted({(row.trunk, row.trunk_class) for row in self.rows})
        return {
            "month": str(self.month),
            "since": self.month.since,
            "until": self.month.until,
            "made": self.made,
            "over": self.is_over,
            **_counted(self.rows),
            "articles": _articles(self.rows),
            "trunks": [
                {"trunk": trunk, "class": trunk_class, **_counted(its), "articles": _articles(its)}
                for trunk, trunk_class in trunks
                for its in [[row for row in self.rows if (row.trunk, row.trunk_class) == (trunk, trunk_class)]]
            ],
            "duties": dict(self.duties),
            "desk": [{"kind": kind, "act": act, "lines": lines} for (kind, act), lines in sorted(self.desk.items())],
        }

    def as_csv(self) -> str:
        """A line for each row, for a spreadsheet."""
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(_CSV)
        for row in self.rows:
            enforced = "yes" if row.enforced else "no"
            out.writerow([self.month, row.trunk, row.trunk_class, row.basis, row.verdict, enforced, row.calls])
        return text.getvalue()


def report(
    month: Month,
    counts: Counts,
    desk: Iterable[Mapping[str, Any]],
    now: datetime.datetime,
    *,
    trunks: Collection[str] | None = None,
    duties: Mapping[str, int] | None = None,
) -> Report:
    """That of a month, of some trunks or of all. Raises what the store does."""
    tallied = counts.tally(month.since, month.until, _COLUMNS, trunks=trunks)
    return Report(
        month=month, made=now, rows=tuple(sorted(_rows(tallied))), desk=_acts(desk, month), duties=duties or {}
    )


def _rows(tallied: Mapping[tuple[Any, ...], int]) -> Iterator[Row]:
    """A trunk's calls of one circuit are that circuit's, so that two keys may come to one row."""
    merged: Counter[tuple[str, str, str, str, bool]] = Counter()
    for (trunk, circuit, trunk_class, basis, verdict, enforced), calls in tallied.items():
        merged[circuit or trunk, trunk_class, basis or NO_BASIS, verdict, bool(enforced)] += calls
    for (trunk, trunk_class, basis, verdict, enforced), calls in merged.items():
        yield Row(trunk=trunk, trunk_class=trunk_class, basis=basis, verdict=verdict, enforced=enforced, calls=calls)


def _acts(desk: Iterable[Mapping[str, Any]], month: Month) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for line in desk:
        if line["kind"] != "segment" and month.since <= datetime.datetime.fromisoformat(line["at"]) < month.until:
            act = line.get("action") or line.get("event") or line.get("what") or ""
            found[line["kind"], str(act)] += 1
    return found


def _counted(rows: Iterable[Row]) -> dict[str, int]:
    """Calls, by verdict, and how many verdicts were not enforced."""
    verdicts: Counter[str] = Counter()
    for row in rows:
        verdicts[row.verdict] += row.calls
        verdicts["not_enforced"] += 0 if row.enforced else row.calls
        verdicts["calls"] += row.calls
    return {name: verdicts[name] for name in ("calls", *VERDICTS, "not_enforced")}


def _articles(rows: Sequence[Row]) -> list[dict[str, Any]]:
    bases = sorted({row.basis for row in rows})
    return [{"article": basis, **_counted(row for row in rows if row.basis == basis)} for basis in bases]
