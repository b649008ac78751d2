"""Whether a nomadic number is used from abroad more than occasionally (art. 4 §1, ¶15). Asks nobody.

"Occasional" is said relative to the number's use for calls from Belgium, and the law has no figure: a share of calls is
measured here, too few calls say nothing, and what it comes to a person decides. Nothing is blocked by a measure.
"""

import datetime
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import attrs

from b2bua.call.acts import Record
from b2bua.config import Nomadic

KIND: Final = "nomadic"
"""Of the desk's lines."""


class Standing(StrEnum):
    """What a number's use comes to."""

    OCCASIONAL = "occasional"
    FEW = "too few to say"
    """Calls from abroad."""
    EXCESSIVE = "more than occasional"
    """Somebody must look."""
    ACCEPTED = "accepted"
    """It is more than occasional by the figures, and a person has found it to be occasional all the same."""
    REJECTED = "not occasional"
    """A person has found so: the number must come off its agreement's list."""


@attrs.frozen(kw_only=True)
class Use:
    """The calls of one number within a window."""

    number: str
    """E.164 with +."""
    agreement: str
    """The reference of the entry that lists it."""
    trunk: str
    """The special interface of that agreement."""
    abroad: int
    """Calls that came in by that interface."""
    elsewhere: int = 0
    """Calls from abroad by the interfaces of other agreements that list it too."""
    home: int
    """Calls that came in by a national trunk."""

    @property
    def from_abroad(self) -> int:
        """By whichever interface: what is occasional is the number's use, and not one agreement's."""
        return self.abroad + self.elsewhere

    @property
    def share(self) -> float:
        """The part of its calls that came from abroad, from 0 to 1; 0 where there is no call."""
        return self.from_abroad / (self.from_abroad + self.home) if self.from_abroad else 0.0

    def measured(self, terms: Nomadic) -> Standing:
        """What the figures say."""
        if self.share <= terms.max_share:
            return Standing.OCCASIONAL
        return Standing.FEW if self.from_abroad < terms.min_calls else Standing.EXCESSIVE


@attrs.frozen(kw_only=True)
class Decision:
    """What a person has found of a number's use."""

    number: str
    is_occasional: bool
    by: str
    why: str
    until: datetime.date
    """Last day on which it counts: use changes."""

    def record(self, now: datetime.datetime) -> Record:
        """The line of it."""
        facts = {"by": self.by, "why": self.why, "occasional": self.is_occasional, "until": self.until}
        return Record(KIND, "", now, facts, {"number": self.number})


@attrs.frozen
class Decisions:
    """The last one on each number."""

    last: Mapping[str, Decision] = attrs.field(factory=dict)

    @classmethod
    def fold(cls, lines: Iterable[Mapping[str, Any]]) -> "Decisions":
        """What the desk's lines come to; those of other kinds are passed over, and those whose number has gone."""
        last: dict[str, Decision] = {}
        for line in lines:
            if line.get("kind") == KIND and "personal" in line:
                number = str(line["personal"]["number"]["value"])
                last[number] = Decision(
                    number=number,
                    is_occasional=line["occasional"],
                    by=line["by"],
                    why=line["why"],
                    until=datetime.date.fromisoformat(line["until"]),
                )
        return cls(last)

    def standing(self, use: Use, terms: Nomadic, day: datetime.date) -> Standing:
        """What a use comes to on that day, figures and persons together."""
        measured, decision = use.measured(terms), self.last.get(use.number)
        if decision is None or day > decision.until:
            return measured
        if not decision.is_occasional:
            return Standing.REJECTED
        return Standing.ACCEPTED if measured is Standing.EXCESSIVE else measured
