"""Records and journals in one line, for the tests of the evidence."""

import datetime
import os
from pathlib import Path
from random import Random
from typing import Any

import orjson

from b2bua.call import Record
from b2bua.evidence import Journal, segments_of

WHEN = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
salts = Random(7).randbytes


def opened(folder: Path, size: int = 65_536) -> Journal:
    return Journal.open(folder, size, salts, WHEN)


def crash(journal: Journal) -> None:
    """What a killed process does: nothing, and the system closes its files."""
    os.close(journal._fd)
    os.close(journal._lock)


def verdict(call: str, **facts: object) -> Record:
    return Record("verdict", call, WHEN, {"verdict": "pass", **facts}, {"called": "+3293330000"})


def end(call: str) -> Record:
    return Record("end", call, WHEN, {"cause": "BYE", "status": 200, "seconds": 1.0, "by": None})


def read(folder: Path) -> list[dict[str, Any]]:
    """Every line of the journal in a folder."""
    whole = b"".join(path.read_bytes().rstrip(b"\0") for path in segments_of(folder))
    return [orjson.loads(line) for line in whole.splitlines()]


def calls(folder: Path, kind: str) -> list[str]:
    """The calls with a line of that kind, in order."""
    return [line["call"] for line in read(folder) if line["kind"] == kind]
