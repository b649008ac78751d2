"""Cases, calls and a whole configuration in one line, for the tests of the regulator's requests."""

import datetime
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import orjson

from b2bua.call import Record
from b2bua.cases import event, filing
from b2bua.cases.case import Case
from b2bua.cases.event import Asked, Event
from b2bua.config import Config, read
from b2bua.evidence import Desk, Journal
from b2bua.evidence.chain import GENESIS, salt_size, seal
from b2bua.evidence.signing import make_key
from policy.profile import Profile

NOW = datetime.datetime(2026, 11, 22, 15, 0, tzinfo=datetime.UTC)
"""When the request comes in."""
CALLED_AT = datetime.datetime(2026, 11, 22, 13, 3, 20, tzinfo=datetime.UTC)
"""14:03:20 in Brussels."""
PLAN = Profile.load("belgium").plan
salts = Random(11).randbytes

CONFIG = """
[journal]
directory = "journal"
signing_key = "journal.key"

[store]

[cases]
operator = "Voorbeeld Télécom NV, KBO 0123.456.789"
contact = "regulatory@example.be"

[[trunk]]
name = "INT-1"
class = "international"
listen = ["127.0.0.1:15060"]
peers = ["198.51.100.0/24"]
operator = "Carrier Łódź"
contact = "noc@carrier.example"

[[trunk]]
name = "NAT"
class = "national"
listen = ["127.0.0.1:15061"]
peers = ["203.0.113.0/24"]
"""


def hours(count: float) -> datetime.timedelta:
    return datetime.timedelta(hours=count)


def after(count: float) -> datetime.datetime:
    """So many hours after the request."""
    return NOW + hours(count)


def asked(**other: Any) -> Asked:
    told = {"reference": "BIPT/42", "requested": NOW, "number": "0470 12 34 56", "moment": "2026-11-22T14:03"}
    return Asked(**{**told, **other})


def case_of(*events: Event, **other: Any) -> Case:
    """A case that was opened at `NOW`, after these events."""
    found = Case.from_opening("2026-0001", event.opened(asked(**other), "anna", NOW))
    for one in events:
        found = found.after(one)
    return found


def identified(at: float, *missing: str, **given: str) -> Event:
    return event.identified(given, missing, "anna", after(at))


def answered(at: float, *missing: str) -> Event:
    return event.answered("mail", after(at), "d" * 64, missing, by="anna", now=after(at))


def disputed(at: float, *fields: str) -> Event:
    return event.disputed(fields, "BIPT says so", "anna", after(at))


def folder_config(folder: Path, more: str = "") -> Path:
    """A configuration file, its folder ready, its key made."""
    (folder / "journal").mkdir()
    make_key(folder / "journal.key")
    path = folder / "b2bua.toml"
    path.write_text(CONFIG + more)
    return path


def config_of(folder: Path, more: str = "") -> Config:
    result = read(folder_config(folder, more))
    assert result.config is not None, result.mistakes
    return result.config


def desk_in(folder: Path) -> Desk:
    return Desk(folder / "journal", salts)


def open_case(desk: Desk, now: datetime.datetime = NOW, **other: Any) -> Case:
    return filing.open_case(desk, asked(**other), by="anna", now=now)


def sealed(*records: Record) -> list[dict[str, Any]]:
    """The lines of these records, as they are read from a chain."""
    lines, previous = [], GENESIS
    for record in records:
        facts = {"kind": record.kind, "call": record.call, "at": record.at, **record.facts}
        line, previous = seal(facts, record.personal, previous, salts(salt_size(record.personal)))
        lines.append(orjson.loads(line))
    return lines


def call(
    name: str,
    number: str = "+32470123456",
    *,
    at: datetime.datetime = CALLED_AT,
    called: str = "+3293330000",
    trunk: str = "INT-1",
    verdict: str = "pass",
    is_answered: bool = True,
    headers: Iterable[str] | None = None,
) -> list[Record]:
    """The lines of one call: its verdict, its answer where it has one, its end."""
    facts = {
        "trunk": trunk,
        "class": "international",
        "peer": "198.51.100.7:5060",
        "own": "192.0.2.1:5060",
        "call_id": f"{name}@carrier",
        "began": at,
        "verdict": verdict,
        "basis": "art. 1 3°",
        "profile": "belgium 1",
        "register": "0 entries",
        "enforced": True,
        "answers": [{"outcome": "abroad", "source": "table", "at": at}],
    }
    finding = {
        "position": "presentation",
        "header": "From",
        "index": 0,
        "raw": number,
        "number": number,
        "range": "mobile",
        "rule": "mobile",
        "basis": "art. 1 3°",
        "outcome": verdict,
        "why": "its subscriber is abroad",
        "entry": None,
    }
    lines = [f"From: <sip:{number}@carrier>;tag=1"] if headers is None else list(headers)
    personal = {"called": f"sip:{called}@192.0.2.1", "identity": lines, "findings": [finding]}
    records = [Record("verdict", name, at, facts, personal)]
    left = {"to": "NAT", "b_call_id": f"{name}@us", "b_peer": "203.0.113.9:5060"}
    if is_answered:
        records.append(Record("answer", name, at + datetime.timedelta(seconds=8), left))
    end = {"cause": "BYE", "status": 200, "seconds": 87.0 if is_answered else None, "by": "INT-1"}
    return [*records, Record("end", name, at + datetime.timedelta(seconds=95), end)]


def journal(folder: Path, *calls: list[Record]) -> None:
    """Writes the lines of these calls into the journal in that folder."""
    opened = Journal.open(folder / "journal", 1 << 20, salts, CALLED_AT)
    for records in calls:
        opened.append(records)
    opened.close()
