"""What one line of the journal says for the index: its numbers, and the columns of its call.

A line whose personal fields have been taken away may keep `hashed`, the same numbers as pseudonyms; `pseudonymised` is
how that is made, so that an index made again after a purge is the index that was there.
"""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from b2bua.evidence.forgetting import HASHED, pseudonym
from b2bua.identity.screening import CARRIERS
from b2bua.store.spelling import HOME, normal, uris
from policy.position import Position
from sipstack.values.registry import key as key_of

Line = Mapping[str, Any]
Row = dict[str, Any]

CALLED: Final = "called"
"""The position of a number that is nobody's who calls."""
#: Which number is said to be the caller's, where there are several.
_FIRST: Final = {str(Position.PRESENTATION): 0, str(Position.NETWORK): 1}
_KEPT: Final = {CALLED: 0, str(Position.PRESENTATION): 1, str(Position.NETWORK): 2}
"""Which numbers stay where there are too many."""
_LONGEST_CALL_ID: Final = 600
"""Characters, of four octets at most."""
_SEVERAL: Final = 64
"""Numbers of one line that are kept: nobody has so many, but whoever would fill a disk."""


@attrs.frozen
class Said:
    """A number, where it stood and what came of it there."""

    number: str
    position: str
    header: str = ""
    outcome: str = ""
    rule: str = ""


def numbers_in(record: Line, home: str = HOME) -> list[Said]:
    """The numbers that a line of a call says, in its order; [] when it has forgotten them."""
    if HASHED in record:
        return [Said(*fields) for fields in record[HASHED].get("numbers", ())]
    personal = {name: field["value"] for name, field in record.get("personal", {}).items()}
    said = list(dict.fromkeys(_said(record["kind"], personal, home)))
    if len(said) > _SEVERAL:  # the rest is what nobody would look for, wherever it was written
        said.sort(key=lambda one: _KEPT.get(one.position, len(_KEPT)))
    return said[:_SEVERAL]


def pseudonymised(record: Line, key: bytes, home: str = HOME) -> dict[str, object]:
    """What a line of a call keeps of its numbers under `hashed`; {} for nothing.

    A verdict keeps something even where it named no number: one that has nothing left is no call of the index.
    """
    numbers = [attrs.astuple(attrs.evolve(one, number=pseudonym(key, one.number))) for one in numbers_in(record, home)]
    return {"numbers": numbers} if numbers or record["kind"] == "verdict" else {}


def is_forgotten(record: Line) -> bool:
    """Whether what was personal in it has been taken away."""
    return "personal" not in record


def is_gone(record: Line) -> bool:
    """Whether it is a verdict of which retention has left nothing that a call could be found by."""
    return record["kind"] == "verdict" and is_forgotten(record) and HASHED not in record


def moment(record: Line) -> datetime.datetime:
    """When a line was written."""
    return datetime.datetime.fromisoformat(record["at"])


def shortened(call_id: str) -> str:
    """A Call-ID as the index has it: PostgreSQL takes no NUL, and 2,704 octets in an index at most."""
    return call_id.replace("\0", "\ufffd")[:_LONGEST_CALL_ID]


def call_row(record: Line, said: list[Said]) -> Row:
    """The columns that a verdict fills."""
    callers = [one for one in said if one.position != CALLED]
    caller = min(callers, key=lambda one: _FIRST.get(one.position, len(_FIRST)), default=None)
    return {
        "call": record["call"],
        "at": moment(record),
        "trunk": record["trunk"],
        "trunk_class": record["class"],
        "circuit": record.get("circuit"),
        "peer": record["peer"],
        "own": record.get("own", ""),
        "call_id": shortened(record["call_id"]),
        "caller": None if caller is None else caller.number,
        "called": next((one.number for one in said if one.position == CALLED), None),
        "verdict": record["verdict"],
        "basis": record.get("basis", ""),
        "enforced": record.get("enforced", True),
        "forgotten": is_forgotten(record),
    }


def number_row(said: Said) -> Row:
    """The columns of a number."""
    return {
        "number": said.number,
        "position": said.position,
        "header": said.header,
        "outcome": said.outcome,
        "rule": said.rule,
    }


def answer_row(record: Line) -> Row:
    """The columns that an answer fills."""
    return {"to_trunk": record["to"], "b_call_id": record["b_call_id"], "answered_at": moment(record)}


def end_row(record: Line) -> Row:
    """The columns that an end fills; a call that nobody answered says here where it went to."""
    return {
        "to_trunk": record.get("to"),
        "b_call_id": record.get("b_call_id"),
        "status": record["status"],
        "cause": record["cause"],
        "seconds": record["seconds"],
        "ended_at": moment(record),
    }


def act_row(record: Line) -> Row:
    """The columns of a line of the desk."""
    kind = record["kind"]
    act = record.get("action") or record.get("event") or record.get("what") or ""
    return {
        "at": moment(record),
        "kind": kind,
        "subject": str(record.get(kind, "")),
        "act": str(act),
        "by": str(record.get("by", "")),
    }


def _said(kind: str, personal: Mapping[str, Any], home: str) -> Iterator[Said]:
    called = normal(personal.get("called_as") or personal.get("called", ""), home) if kind != "later" else None
    findings = personal.get("findings")
    if findings:
        yield from _judged(findings, home)
    else:
        yield from _written(personal.get("identity", ()), called, home)
    if called is not None:
        yield Said(called, CALLED)


def _judged(findings: list[Mapping[str, Any]], home: str) -> Iterator[Said]:
    for one in findings:
        number = one["number"] or normal(one["raw"], home)
        if number is not None:
            yield Said(number, one["position"], one["header"], one["outcome"], one["rule"])


def _written(identity: list[str], called: str | None, home: str) -> Iterator[Said]:
    """Of a call that nobody judged: whatever its headers name, but for the entry of its history that is its target."""
    for line in identity:
        name = line.partition(":")[0].strip()
        position = CARRIERS.get(key_of(name))
        if position is None:
            continue
        for uri in uris(line):
            number = normal(uri, home)
            if number is not None and not (position is Position.REDIRECT and number == called):
                yield Said(number, str(position), name)
