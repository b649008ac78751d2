"""Calls as a gateway writes them down, in one line each, for the tests of the store and of the clerk."""

import datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson

from b2bua.call import Record
from b2bua.evidence import Journal
from b2bua.evidence.packing import pack
from b2bua.evidence.purging import Rewriting, rewriting
from b2bua.evidence.reading import records, segments_of
from b2bua.store import Store, pseudonymised

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
KEY = b"k" * 32
GEOGRAPHIC, MOBILE, ABROAD, CALLED = "+3225551212", "+32470123456", "+33142345678", "+3293330000"


def minutes(count: float) -> datetime.datetime:
    """So many minutes after noon."""
    return NOON + datetime.timedelta(minutes=count)


def finding(number: str | None, position: str = "presentation", outcome: str = "pass", **more: Any) -> dict[str, Any]:
    told = {"header": "From", "index": 0, "raw": number or "", "range": "foreign", "basis": "¶25", "why": "."}
    return {**told, "position": position, "number": number, "outcome": outcome, "rule": "foreign", "entry": "", **more}


def verdict(
    call: str,
    caller: str = ABROAD,
    at: datetime.datetime = NOON,
    called: str = CALLED,
    findings: list[dict[str, Any]] | None = None,
    **facts: object,
) -> Record:
    """From abroad and judged, unless the facts say otherwise."""
    origin = {"trunk": "INT-1", "class": "international", "peer": "192.0.2.7:5060", "own": "192.0.2.1:5060"}
    judged = {"call_id": f"{call}@192.0.2.7", "verdict": "pass", "basis": "¶25", "enforced": True}
    personal = {
        "called": f"sip:{called}@gateway.example",
        "identity": [f"From: <sip:{caller}@abroad.example>;tag=1"],
        "findings": [finding(caller)] if findings is None else findings,
        "roaming": {},
    }
    return Record("verdict", call, at, {**origin, **judged, **facts}, personal)


def national(call: str, identity: list[str], at: datetime.datetime = NOON, called: str = CALLED) -> Record:
    """From home, where nobody judges."""
    made = verdict(call, at=at, called=called, findings=[], trunk="NAT-1", basis="¶24", **{"class": "national"})
    return Record("verdict", call, at, made.facts, {**made.personal, "identity": identity})


def answer(call: str, at: datetime.datetime = NOON, **personal: object) -> Record:
    return Record("answer", call, at, {"to": "NAT-1", "b_call_id": f"b-{call}"}, personal)


def end(call: str, at: datetime.datetime = NOON, **facts: object) -> Record:
    whole = {"cause": "BYE", "status": 200, "seconds": 60.0, "by": "NAT-1"}
    return Record("end", call, at, {**whole, **facts})


def whole(call: str, caller: str = ABROAD, at: datetime.datetime = NOON) -> list[Record]:
    """A call from its verdict to its end, a minute later."""
    return [verdict(call, caller, at), answer(call, at), end(call, at + datetime.timedelta(minutes=1))]


def opened(folder: Path, size: int = 1 << 20) -> Journal:
    return Journal.open(folder, size, Random(7).randbytes, NOON)


def written(folder: Path, *lines: Record | list[Record], size: int = 1 << 20) -> Path:
    """The folder of a closed journal with these lines."""
    journal = opened(folder, size)
    for line in lines:
        journal.append(line if isinstance(line, list) else [line])
    journal.close()
    return folder


def indexed(store: Store) -> Store:
    """The store once it has read all there is."""
    while store.indexer().catch_up():
        pass
    return store


def differing(store: Store, scratch: Path) -> list[str]:
    """What differs from a store that is made anew; [] for nothing."""
    scratch.mkdir(exist_ok=True)
    found = [str(difference) for difference in store.compare(scratch)]
    for path in scratch.iterdir():
        path.unlink()
    return found


def purged(folder: Path, *, to_pseudonyms: bool = True) -> None:
    """What retention makes of a closed journal: pseudonyms, and later nothing."""
    for path in segments_of(folder):
        with rewriting(path, lambda line: pseudonymised(line, KEY) if to_pseudonyms else {}) as new:
            assert isinstance(new, Rewriting)
            new.replace()


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [record for path in segments_of(folder) for _, record in records(path)]


def damaged_chain(folder: Path) -> Path:
    """A chain of two segments, the first of which cannot be unpacked; that one."""
    for _ in range(2):
        written(folder, whole("lost"))
    damaged = pack(segments_of(folder)[0])
    damaged.write_bytes(damaged.read_bytes()[:-40])
    return damaged


def broken_line(folder: Path) -> None:
    """Puts a line into the last segment that is whole, and no JSON."""
    with segments_of(folder)[-1].open("ab") as file:
        file.write(b"this is no line\n" + orjson.dumps(["nor", "this"]) + b"\n")
