"""Where a call came from: the lines of its evidence in one piece, and whom to ask about the trunk (¶16).

The lines themselves stay beside what is read from them, sealed as they were written: whoever gets an answer can check
each against the journal. What retention has taken out is simply not there.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from b2bua.config import Trunk
from b2bua.errors import CaseError


@attrs.frozen(kw_only=True)
class Shown:
    """One number that the call showed, in one place, and what was found of it."""

    position: str
    header: str
    raw: str
    """As it was written."""
    number: str
    """In normal form; "" where it has none."""
    range: str
    outcome: str
    basis: str
    why: str


@attrs.frozen(kw_only=True)
class Target:
    """One network that the call was sent on to."""

    trunk: str
    call_id: str
    peer: str
    """The address that it was sent to."""


@attrs.frozen(kw_only=True)
class Roaming:
    """What a holder answered when it was asked where a subscriber is."""

    outcome: str
    source: str
    at: datetime.datetime


@attrs.frozen(kw_only=True)
class Origin:
    """What is known of a call and of who sent it. Moments are aware UTC, texts empty where nothing is known."""

    call: str
    """Its name in the evidence."""
    began: datetime.datetime
    trunk: str
    circuit: str
    trunk_class: str
    operator: str
    """Of the network on the other side of that trunk."""
    contact: str
    peer: str
    """The address and port that it came from."""
    own: str
    """Ours that it came in at."""
    call_id: str
    """On the side of the caller."""
    sent: tuple[Target, ...]
    """Where it went, with our own Call-ID there."""
    called: str
    headers: tuple[str, ...]
    """Every line that named the caller, as it was received."""
    numbers: tuple[Shown, ...]
    roaming: tuple[Roaming, ...]
    verdict: str
    basis: str
    enforced: bool
    profile: str
    register: str
    answered: datetime.datetime | None
    ended: datetime.datetime | None
    """None while it goes on."""
    seconds: float | None
    status: int | None
    cause: str
    lines: tuple[Mapping[str, Any], ...]
    """Of the journal, sealed."""


def origin_of(call: str, lines: Sequence[Mapping[str, Any]], trunks: Iterable[Trunk]) -> Origin:
    """What the lines of one call say. Raises CaseError where there is none of its verdict."""
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        by_kind.setdefault(str(line["kind"]), []).append(line)
    if "verdict" not in by_kind:
        raise CaseError(f"the evidence of {call} has no verdict, so that nothing says where it came from")
    verdict = by_kind["verdict"][0]
    answer, end = (_last(by_kind.get(kind, [])) for kind in ("answer", "end"))
    operator, contact = _upstream(verdict, trunks)
    return Origin(
        call=call,
        began=_moment(verdict.get("began") or verdict["at"]),
        trunk=_text(verdict.get("trunk")),
        circuit=_text(verdict.get("circuit")),
        trunk_class=_text(verdict.get("class")),
        operator=operator,
        contact=contact,
        peer=_text(verdict.get("peer")),
        own=_text(verdict.get("own")),
        call_id=_text(verdict.get("call_id")),
        sent=_sent([*by_kind.get("answer", []), *by_kind.get("end", [])]),
        called=_text(_told(verdict, "called")),
        headers=tuple(map(_text, _told(verdict, "identity") or ())),
        numbers=tuple(map(_shown, _told(verdict, "findings") or ())),
        roaming=tuple(map(_roaming, verdict.get("answers", ()))),
        verdict=_text(verdict.get("verdict")),
        basis=_text(verdict.get("basis")),
        enforced=bool(verdict.get("enforced", True)),
        profile=_text(verdict.get("profile")),
        register=_text(verdict.get("register")),
        answered=None if answer is None else _moment(answer["at"]),
        ended=None if end is None else _moment(end["at"]),
        seconds=None if end is None else end.get("seconds"),
        status=None if end is None else end.get("status"),
        cause="" if end is None else _text(end.get("cause")),
        lines=tuple(lines),
    )


def _upstream(verdict: Mapping[str, Any], trunks: Iterable[Trunk]) -> tuple[str, str]:
    """Whose network is on the other side, as the configuration of today has it, and how it is reached."""
    trunk = next((one for one in trunks if one.name == verdict.get("trunk")), None)
    return ("", "") if trunk is None else (trunk.operator, trunk.contact)


def _sent(lines: Iterable[Mapping[str, Any]]) -> tuple[Target, ...]:
    """An answer says where to; so does an end, where nobody answered."""
    found = [
        Target(trunk=_text(line["to"]), call_id=_text(line.get("b_call_id")), peer=_text(line.get("b_peer")))
        for line in lines
        if line.get("to")
    ]
    return tuple(dict.fromkeys(found))


def _roaming(answer: Mapping[str, Any]) -> Roaming:
    return Roaming(outcome=_text(answer["outcome"]), source=_text(answer["source"]), at=_moment(answer["at"]))


def _shown(finding: Mapping[str, Any]) -> Shown:
    return Shown(**{field.name: _text(finding.get(field.name)) for field in attrs.fields(Shown)})


def _told(line: Mapping[str, Any], name: str) -> Any:
    """A field that retention may have taken away."""
    return line.get("personal", {}).get(name, {}).get("value")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _last(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return lines[-1] if lines else None
