"""A journal of any size, its index, and how long a search takes: `python -m bench.evidence --lines 10000000`.

The lines are what a gateway writes for its calls, sealed by the journal itself. A case asks for one number within some
minutes; that search is timed beside a full scan of the segments, which is what one would do without an index.
"""

import datetime
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import orjson
from cyclopts import App as CommandLine
from rich.console import Console

from b2bua.call.acts import Record
from b2bua.evidence import Journal
from b2bua.evidence.reading import lines, segments_of
from b2bua.store import Store, Wanted
from bench.command import carry_out

BEGIN: Final = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
#: Seconds from one call to the next: 20 calls a second for days.
_PACE: Final = 0.05
_BATCH: Final = 50
_SEGMENT: Final = 64 * 1024 * 1024
_MINUTES: Final = 10

cli = CommandLine(name="bench.evidence", help="Searching a large journal.", version_flags=[])


def calls(seed: int) -> Iterator[list[Record]]:
    """Calls without end, each with its lines: most from abroad, some from home, some refused, most answered."""
    dice = random.Random(seed)
    at = BEGIN
    while True:
        at += datetime.timedelta(seconds=dice.expovariate(1 / _PACE))
        yield _call(dice, at)


def _call(dice: random.Random, at: datetime.datetime) -> list[Record]:
    name, kind = f"{dice.getrandbits(128):032x}", dice.random()
    called = f"+3247{dice.randrange(10_000_000):07d}"
    if kind < 0.2:
        caller = f"+322{dice.randrange(10_000_000):07d}"
        return [_verdict(dice, name, at, caller, called, "national"), *_carried(dice, name, at, "INT-1")]
    if kind < 0.3:
        caller = f"+322{dice.randrange(10_000_000):07d}"
        refused = Record("end", name, at, {"cause": "blocked", "status": 603, "seconds": None, "by": None})
        return [_verdict(dice, name, at, caller, called, "international"), refused]
    caller = f"+336{dice.randrange(100_000_000):08d}"
    return [_verdict(dice, name, at, caller, called, "international"), *_carried(dice, name, at, "NAT-1")]


def _verdict(  # noqa: PLR0917
    dice: random.Random, name: str, at: datetime.datetime, caller: str, called: str, trunk_class: str
) -> Record:
    is_screened = trunk_class == "international"
    is_blocked = is_screened and caller.startswith("+32")
    span = "geographic" if is_blocked else "foreign"
    outcome, basis = ("block", "art. 1 2°, ¶8-9") if is_blocked else ("pass", "¶25" if is_screened else "¶24")
    finding = {
        "position": "presentation",
        "header": "From",
        "index": 0,
        "raw": caller,
        "number": caller,
        "range": span,
        "rule": span,
        "basis": basis,
        "outcome": outcome,
        "why": f"{caller} in From is a {span} number.",
        "entry": "",
    }
    facts: dict[str, object] = {
        "trunk": "INT-1" if is_screened else "NAT-1",
        "class": trunk_class,
        "peer": "192.0.2.7:5060",
        "own": "198.51.100.1:5060",
        "call_id": f"{dice.getrandbits(96):024x}@192.0.2.7",
        "verdict": outcome,
        "basis": basis,
        "rules": [span] if is_screened else [],
        "flags": [],
        "profile": "belgium 2024-12-01 c5a6e11b5e0d",
        "register": "12 entries 0123456789ab",
        "class_entry": "",
        "trial": "",
        "enforced": True,
        "removed": [],
    }
    personal: dict[str, object] = {
        "called": f"sip:{called}@gateway.example;user=phone",
        "identity": [f"From: <sip:{caller}@carrier.example>;tag={dice.getrandbits(64):016x}"],
        "findings": [finding] if is_screened else [],
        "roaming": {},
    }
    return Record("verdict", name, at, facts, personal)


def _carried(dice: random.Random, name: str, at: datetime.datetime, to: str) -> list[Record]:
    ringing, spoken = dice.uniform(1, 30), round(dice.expovariate(1 / 120), 3)
    answered = at + datetime.timedelta(seconds=ringing)
    ended = answered + datetime.timedelta(seconds=spoken)
    leg = {"to": to, "b_call_id": f"{dice.getrandbits(128):032x}"}
    if dice.random() < 0.4:
        cancelled = {"cause": "cancelled", "status": 487, "seconds": None, "by": None}
        return [Record("end", name, answered, cancelled)]
    whole = {"cause": "BYE", "status": 200, "seconds": spoken, "by": to}
    return [Record("answer", name, answered, leg), Record("end", name, ended, whole)]


def fill(folder: Path, count: int, seed: int = 1, segment: int = _SEGMENT) -> int:
    """Writes a journal of so many lines, or a few more, and closes it; returns how many. Raises JournalError."""
    journal = Journal.open(folder, segment, random.Random(seed).randbytes, BEGIN)
    written, batch = 0, list[Record]()
    for records in calls(seed):
        batch += records
        if len(batch) >= _BATCH:
            journal.append(batch)
            written += len(batch)
            batch.clear()
            if written >= count:
                break
    journal.close()
    return written


@attrs.frozen
class Timed:
    """What a way of looking has found, and how long it took."""

    calls: frozenset[str]
    seconds: float


def search(store: Store, wanted: Wanted) -> Timed:
    """By the index."""
    before = time.perf_counter()
    found = store.search(wanted)
    return Timed(frozenset(call.call for call in found), time.perf_counter() - before)


def scan(folder: Path, wanted: Wanted) -> Timed:
    """By reading every line there is."""
    assert wanted.since is not None, "a case has a moment"
    assert wanted.until is not None, "a case has a moment"
    before, found = time.perf_counter(), set[str]()
    since, until = (moment.isoformat(timespec="microseconds")[:26] for moment in (wanted.since, wanted.until))
    for path in segments_of(folder):
        for line in lines(path):
            record = orjson.loads(line)
            if record["kind"] == "verdict" and since <= record["at"][:26] < until:
                found |= {record["call"] for text in _texts(record) if str(wanted.number) in text}
    return Timed(frozenset(found), time.perf_counter() - before)


def _texts(record: dict[str, dict[str, dict[str, list[str]]]]) -> list[str]:
    return record["personal"]["identity"]["value"]


def some(store: Store) -> Wanted:
    """A number and the minutes around a call that there was, in the middle of the time."""
    (*_, last) = lines(segments_of(store.journal)[-1])
    middle = BEGIN + (datetime.datetime.fromisoformat(orjson.loads(last)["at"]) - BEGIN) / 2
    (call,) = store.search(Wanted(since=middle, limit=1))
    around = datetime.timedelta(minutes=_MINUTES / 2)
    return Wanted(number=call.caller, since=call.at - around, until=call.at + around)


@cli.default
def bench(*, lines: int = 1_000_000, folder: Path = Path("var/bench/evidence"), url: str | None = None) -> None:
    """Write a journal where there is none, index it, search it.

    Parameters
    ----------
    lines
        How many; about 1 GB of disk for a million, the index included.
    folder
        Where the journal is kept, for another run too.
    url
        The store's, where it is not SQLite in that folder.
    """
    console = Console(highlight=False)
    folder.mkdir(parents=True, exist_ok=True)
    if not segments_of(folder):
        before = time.perf_counter()
        written = fill(folder, lines)
        console.print(f"{written} lines written in {time.perf_counter() - before:.0f} s")
    with Store.open(url or f"sqlite:///{folder / 'store.sqlite'}", folder) as store:
        _index(store, console)
        wanted = some(store)
        first, again = search(store, wanted), search(store, wanted)
        console.print(f"{len(first.calls)} calls found in {first.seconds:.4f} s, again in {again.seconds:.4f} s")
        evidence = time.perf_counter()
        told = [store.evidence(call) for call in first.calls]
        console.print(f"their {sum(map(len, told))} lines read in {time.perf_counter() - evidence:.2f} s")
        scanned = scan(folder, wanted)
        same = "the same" if scanned.calls == first.calls else "OTHER"
        console.print(f"{same} calls by a full scan in {scanned.seconds:.1f} s")
    console.print(f"memory at most {_peak()} MiB")


def _index(store: Store, console: Console) -> None:
    indexer, done, before = store.indexer(), 0, time.perf_counter()
    while taken := indexer.catch_up(500_000):
        done += taken
        rate = done / (time.perf_counter() - before)
        console.print(f"{done} lines indexed, {rate:.0f} a second, memory at most {_peak()} MiB")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    carry_out(cli)
