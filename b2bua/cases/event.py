"""What can happen to a case, as a line of the desk and back.

Every event names the case and who acts (`by`). What can name a person - numbers, names, addresses, what people note -
stands under `personal`, which retention may take away: a case is read without it too.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from b2bua.call.acts import Record
from b2bua.cases.clock import Duty
from b2bua.cases.identity import Identity

KIND: Final = "case"
"""Of the desk's lines."""
_COMMON: Final = ("kind", "call", "at", "case", "event", "by", "digests", "previous", "hash", "personal")


@attrs.frozen
class Event:
    """One thing that happened, to a case that others know."""

    name: str
    at: datetime.datetime
    """When it was written down."""
    by: str
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    personal: Mapping[str, Any] = attrs.field(factory=dict)

    def record(self, case: str) -> Record:
        """The line of it."""
        facts = {"case": case, "event": self.name, "by": self.by, **self.facts}
        return Record(KIND, "", self.at, facts, self.personal)

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Event":
        """It as a line of the desk has it, whole or after retention."""
        personal = {name: field["value"] for name, field in line.get("personal", {}).items()}
        facts = {name: value for name, value in line.items() if name not in _COMMON}
        return cls(line["event"], _moment(line["at"]), line["by"], facts, personal)

    def moment(self, name: str) -> datetime.datetime:
        """A fact that is a moment, as it is written down or as it was read."""
        return _moment(self.facts[name])


@attrs.frozen(kw_only=True)
class Asked:
    """What the regulator wants to know, and when it asked."""

    reference: str
    """The regulator's own."""
    requested: datetime.datetime
    """When the request came in: the moment from which the 24 hours run."""
    number: str
    """As it is written in the request: who seemed to call."""
    moment: str
    """As it is written in the request: when."""
    called: str = ""
    """Who was called, where the request says so."""
    error_seconds: int = 300
    """How far the clock of whoever noted the moment may have been wrong."""


def opened(asked: Asked, by: str, now: datetime.datetime, note: str = "") -> Event:
    """A request has come in."""
    facts = {
        "reference": asked.reference,
        "requested": asked.requested,
        "moment": asked.moment,
        "error_seconds": asked.error_seconds,
    }
    personal = {"number": asked.number, "called": asked.called, "note": note}
    return Event("opened", now, by, facts, _known(personal))


def found(calls: Sequence[str], matches: int, by: str, now: datetime.datetime) -> Event:
    """Which calls it was, of how many that were looked at; they are held from now on. Replaces what was found
    before."""
    return Event("found", now, by, {"calls": list(calls), "matches": matches})


def identified(given: Mapping[str, str], missing: Sequence[str], by: str, now: datetime.datetime) -> Event:
    """Something of the user's identity has become known; `missing` is what the regulator would still miss."""
    facts = {"fields": sorted(given), "missing": list(missing)}
    return Event("identified", now, by, facts, {"identity": dict(given)})


def disputed(
    fields: Sequence[str], why: str, by: str, now: datetime.datetime, when: datetime.datetime | None = None
) -> Event:
    """The identity has been found wrong or incomplete, by the regulator or by ourselves, at that moment or now."""
    return Event("incomplete", now, by, {"fields": sorted(fields), "since": when or now}, _known({"why": why}))


def traced(operator: str, trunk: str, language: str, by: str, now: datetime.datetime) -> Event:
    """The operator before us has been asked."""
    return Event("trace requested", now, by, {"operator": operator, "trunk": trunk, "language": language})


def prepared(
    files: Sequence[str], digest: str, missing: Sequence[str], *, language: str, by: str, now: datetime.datetime
) -> Event:
    """The answer's files have been made; `digest` is the SHA-256 of the signed one."""
    facts = {"files": list(files), "sha256": digest, "missing": list(missing), "language": language}
    return Event("prepared", now, by, facts)


def answered(
    how: str, when: datetime.datetime, digest: str, missing: Sequence[str], *, by: str, now: datetime.datetime
) -> Event:
    """The answer of that digest has been handed to the regulator."""
    return Event("answered", now, by, {"answered": when, "sha256": digest, "missing": list(missing)}, {"how": how})


def noted(text: str, by: str, now: datetime.datetime) -> Event:
    """Something that should be known of the case."""
    return Event("noted", now, by, {}, {"note": text})


def reminded(duty: Duty, hours: int, way: str, by: str, now: datetime.datetime) -> Event:
    """Somebody was told that so many hours of a clock have passed; `way` is "log" or "webhook"."""
    return Event("reminded", now, by, {"clock": str(duty), "hours": hours, "way": way})


def closed(why: str, by: str, now: datetime.datetime) -> Event:
    """Nothing more is to be done."""
    return Event("closed", now, by, {}, _known({"why": why}))


def identity_of(event: Event) -> dict[str, str]:
    """What an event `identified` has told, as far as retention has left it."""
    given = event.personal.get("identity", {})
    fields = {field.name for field in attrs.fields(Identity)}
    return {name: str(text) for name, text in given.items() if name in fields}


def _known(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}


def _moment(value: datetime.datetime | str) -> datetime.datetime:
    return value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value)
