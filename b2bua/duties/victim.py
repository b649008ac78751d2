"""Whose number was shown, when, from where, and what became of those calls: for the person whose number it is
(question 23836 of the Assemblée nationale: nobody could tell the victims anything).

What the person is told names no third party: of whoever was called only the beginning of the number, of whoever handed
the call over the trunk.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, Protocol

import attrs

from b2bua.store import StoredCall, StoredNumber, Wanted
from policy.claim import TrunkClass

MOST: Final = 10_000
"""Calls of one account; who has more asks for a shorter period."""
#: Of a number of a third party: what is shown, country code and zone.
_SHOWN: Final = 5
_CALLED: Final = "called"


class Fate(StrEnum):
    """What became of a call that bore the number."""

    SHOWN = "shown"
    """The called party saw it, if anybody answered or looked."""
    HIDDEN = "hidden"
    """The call went on without it."""
    REFUSED = "refused"
    """It went no further."""


class Calls(Protocol):
    """What is asked of the store."""

    def search(self, wanted: Wanted) -> list[StoredCall]:
        """The calls that are wanted, oldest first."""

    def numbers(self, call: str) -> list[StoredNumber]:
        """All numbers of a call."""


@attrs.frozen(kw_only=True)
class Borne:
    """One call that bore the number."""

    call: str
    """Its name in the evidence."""
    at: datetime.datetime
    trunk: str
    trunk_class: str
    called: str
    """Whom it was made to; the last digits are left out."""
    fate: Fate
    verdict: str
    basis: str
    answered: bool
    seconds: float | None


@attrs.frozen(kw_only=True)
class Account:
    """All of them in a period."""

    number: str
    since: datetime.datetime
    until: datetime.datetime
    calls: tuple[Borne, ...]
    is_partial: bool
    """Whether there are more than are told here: the oldest are."""

    @property
    def from_home(self) -> int:
        """How many came in by a national trunk: mostly the person's own."""
        return sum(one.trunk_class == TrunkClass.NATIONAL for one in self.calls)

    def fates(self) -> Counter[tuple[str, str, Fate]]:
        """How many calls, by trunk, its class, and what became of them."""
        return Counter((one.trunk, one.trunk_class, one.fate) for one in self.calls)

    def as_dict(self) -> dict[str, Any]:
        """It as plain data, fit for JSON; its keys stay (docs/duties.md)."""
        return {
            "number": self.number,
            "since": self.since,
            "until": self.until,
            "calls": len(self.calls),
            "partial": self.is_partial,
            "from_home": self.from_home,
            "fates": {str(fate): sum(one.fate is fate for one in self.calls) for fate in Fate},
            "answered": sum(one.answered for one in self.calls),
            "trunks": [
                {"trunk": trunk, "class": trunk_class, "fate": str(fate), "calls": calls}
                for (trunk, trunk_class, fate), calls in sorted(self.fates().items())
            ],
            "list": [attrs.asdict(one, value_serializer=lambda _, __, value: _plain(value)) for one in self.calls],
        }


def account(store: Calls, names: Sequence[str], since: datetime.datetime, until: datetime.datetime) -> Account:
    """The calls that bore a number, whose normal form is the first of its `names`, and its pseudonym perhaps another.

    Raises what the store does.
    """
    found: dict[str, tuple[StoredCall, str]] = {}
    for name in names:
        for call in store.search(Wanted(number=name, since=since, until=until, limit=MOST + 1)):
            found.setdefault(call.call, (call, name))
    told = sorted(found.values(), key=lambda one: (one[0].at, one[0].call))
    borne = tuple(_borne(store, call, name) for call, name in told[:MOST])
    return Account(number=names[0], since=since, until=until, calls=borne, is_partial=len(told) > MOST)


def masked(number: str | None) -> str:
    """A third party's number, its last digits as stars; "" where there is none, or nothing but its pseudonym."""
    if number is None or number.startswith("#"):
        return ""
    return number[:_SHOWN] + "*" * len(number[_SHOWN:])


def _borne(store: Calls, call: StoredCall, name: str) -> Borne:
    return Borne(
        call=call.call,
        at=call.at,
        trunk=call.circuit or call.trunk,
        trunk_class=call.trunk_class,
        called=masked(call.called),
        fate=_fate(store, call, name),
        verdict=call.verdict,
        basis=call.basis,
        answered=call.answered_at is not None,
        seconds=call.seconds,
    )


def _fate(store: Calls, call: StoredCall, name: str) -> Fate:
    if not call.enforced or call.verdict == "pass":
        return Fate.SHOWN
    if call.verdict == "strip":
        return Fate.SHOWN if _is_left(store.numbers(call.call), name) else Fate.HIDDEN
    return Fate.HIDDEN if call.verdict == "withhold" else Fate.REFUSED


def _is_left(numbers: Iterable[StoredNumber], name: str) -> bool:
    """Whether the number stands in some place of the call that lost nothing."""
    return any(one.number == name and one.position != _CALLED and one.outcome in ("pass", "") for one in numbers)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Fate) else value
