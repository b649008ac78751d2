"""Journals of chosen ages, in one line, for the tests of the duties."""

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from b2bua.call import Record
from b2bua.evidence import Journal, records, segments_of

NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
VICTIM = "+3222345678"
CALLED = "+3293330000"
salts = Random(7).randbytes


def ago(days: float) -> datetime.datetime:
    return NOW - datetime.timedelta(days=days)


def finding(number: str, outcome: str = "block", position: str = "presentation", rule: str = "geographic") -> Any:
    return {
        "position": position,
        "header": "From",
        "index": 0,
        "raw": number,
        "number": number,
        "range": "geographic",
        "rule": rule,
        "basis": "art. 1 2°, ¶8-9",
        "outcome": outcome,
        "why": f"{number} is a geographic number",
        "entry": "",
    }


def verdict(
    call: str,
    at: datetime.datetime,
    *,
    caller: str = VICTIM,
    called: str = CALLED,
    outcome: str = "block",
    findings: list[Any] | None = None,
    **facts: object,
) -> Record:
    told = {
        "trunk": "INT-1",
        "class": "international",
        "peer": "192.0.2.9:5060",
        "own": "192.0.2.1:5060",
        "call_id": f"{call}@peer",
        "verdict": outcome,
        "basis": "art. 1 2°, ¶8-9",
        "enforced": True,
        **facts,
    }
    personal = {
        "called": f"sip:{called}@192.0.2.1",
        "identity": [f"From: <sip:{caller}@peer.example>;tag=a"],
        "findings": [finding(caller, outcome)] if findings is None else findings,
        "roaming": {},
    }
    return Record("verdict", call, at, told, personal)


def national(call: str, at: datetime.datetime, caller: str, **facts: object) -> Record:
    told: dict[str, object] = {"trunk": "NAT-1", "class": "national", "basis": "¶24"}
    return verdict(call, at, caller=caller, outcome="pass", findings=[], **{**told, **facts})


def answer(call: str, at: datetime.datetime) -> Record:
    return Record("answer", call, at, {"to": "NAT-1", "b_call_id": f"b-{call}"})


def end(call: str, at: datetime.datetime, status: int = 603) -> Record:
    return Record("end", call, at, {"cause": "refused", "status": status, "seconds": None, "by": None})


def segment(folder: Path, lines: Iterable[Record], begins: datetime.datetime | None = None) -> Path:
    """One segment more of the chain in a folder; it is closed once another follows."""
    told = list(lines)
    journal = Journal.open(folder, 1 << 20, salts, begins or told[0].at)
    journal.append(told)
    journal.close()
    return segments_of(folder)[-1]


def told(path: Path) -> list[Mapping[str, Any]]:
    """The lines of a segment."""
    return [line for _, line in records(path)]
