"""What the desk's lines have to forget, and when. Asks no clock and reads no file.

A case forgets its numbers, names and notes so long after it was closed; an entry what it said so long after its last
day in force; whom somebody looked at, or judged, goes with the last hashes of calls. Three things keep a line longer: a
legal hold; for an entry, evidence of a day on which it was in force, for that it may still prove; and for one line of
many entries, the last of them.

Of an entry its days stay, under `hashed`: by these the register's history is folded as it was, who followed whom and
since when, and so is that of the cases that a block was made for.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from b2bua.duties.retention import Limits
from b2bua.evidence.holds import Held
from b2bua.evidence.purging import Choice, Left
from b2bua.register import Entries, Item, Span
from policy.register import civil_day

Line = Mapping[str, Any]

#: Kinds that say only whom somebody looked at, or judged.
_LOOKS: Final = ("look", "nomadic")
#: What stays of an entry's fields.
_DAYS: Final = ("since", "until")


@attrs.frozen
class Days:
    """Civil days of which evidence stands that can name somebody, as spans without overlap, the oldest first."""

    spans: Sequence[tuple[datetime.date, datetime.date]] = ()
    """The first and the last day of each."""

    @classmethod
    def of(cls, periods: Iterable[tuple[datetime.datetime, datetime.datetime]]) -> "Days":
        """Those of periods in any order, their ends included."""
        merged = list[tuple[datetime.date, datetime.date]]()
        days = (sorted(map(civil_day, period)) for period in periods)  # a clock may have been set back
        for since, until in sorted((first, last) for first, last in days):
            if merged and since <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], until))
            else:
                merged.append((since, until))
        return cls(merged)

    def touch(self, first: datetime.date, last: datetime.date) -> bool:
        """Whether one of them is within these."""
        return any(since <= last and first <= until for since, until in self.spans)


def chooser_of_the_desk(lines: Sequence[Line], limits: Limits, held: Held, evidence: Days) -> Choice:
    """What a line of the desk loses, of all lines that there are; `evidence` is what stands of calls."""
    cases = _cases_over(lines, limits.cases, held)
    entries = _entries_over(Entries.fold(lines), limits.entries, held, evidence)

    def choose(line: Line) -> Left | None:
        if "personal" not in line:
            return None
        if line["kind"] == "entry":
            return _days_of(line) if all(name in entries for name in Span.parse(line["entry"])) else None
        is_over = line["kind"] in _LOOKS and datetime.datetime.fromisoformat(line["at"]) < limits.hashed
        return {} if is_over or (line["kind"] == "case" and line["case"] in cases) else None

    return choose


def last_day(entries: Entries, item: Item) -> datetime.date | None:
    """The last on which an entry was in force, or could have been; None while it is, or may yet be."""
    if item.waiting is not None:
        return None
    if item.refused or item.withdrawn:
        return civil_day(item.acts[-1].at)
    if item.replaced_by:
        addition, *later = entries[item.replaced_by].acts
        return civil_day((later[0] if addition.waits else addition).at)
    return item.until


def _entries_over(entries: Entries, before: datetime.datetime, held: Held, evidence: Days) -> Collection[str]:
    day = civil_day(before)
    return {
        item.id
        for item in entries.items.values()
        for last in [last_day(entries, item)]
        if last is not None
        and last < day
        and not evidence.touch(item.since or datetime.date.min, last)
        and item.id not in held.calls
        and _made_for(item) not in held.reasons  # a block that was made for a case that is held
        and _made_for(item).removeprefix("case ") not in held.calls
    }


def _made_for(item: Item) -> str:
    return item.acts[0].why.partition(":")[0]


def _cases_over(lines: Iterable[Line], before: datetime.datetime, held: Held) -> Collection[str]:
    """Those that were closed, and of which nothing has been written since that moment."""
    closed, calls = dict[str, datetime.datetime](), dict[str, Collection[str]]()
    for line in lines:
        if line["kind"] != "case":
            continue
        case, event = str(line["case"]), line["event"]
        if event == "found":
            calls[case] = line["calls"]
        if event == "closed" or (case in closed and event != "incomplete"):  # which opens it again
            closed[case] = datetime.datetime.fromisoformat(line["at"])
        else:
            closed.pop(case, None)
    return {
        case
        for case, at in closed.items()
        if at < before and f"case {case}" not in held.reasons and held.calls.isdisjoint([case, *calls.get(case, ())])
    }


def _days_of(line: Line) -> Left:
    told = line["personal"]["entries"]["value"]
    return {"entries": [{name: fields[name] for name in _DAYS if name in fields} for fields in told]}
