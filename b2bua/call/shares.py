"""Shares: whether an exception carries what it was made for, as far as numbers can tell.

National transit carries calls that began at home (¶31-32): foreign and anonymous callers are few there, or it carries
something else. Nomadic use is occasional beside use at home (¶15): a listed number calls less from abroad than from
here. The law has no figure for either, so that nothing is refused; a share is measured, an alarm asks a person to look,
and each call beyond it has a flag in its evidence. All of it is forgotten when the process ends.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import attrs

from b2bua.call.acts import Alarm
from b2bua.trunk import News
from policy.register import Agreement, Register, Service

HOUR: Final = 3_600.0
#: How far back nomadic use is compared, seconds: people travel for weeks.
MONTH: Final = 30 * 24 * HOUR
#: Fewer calls say nothing.
FEWEST: Final = 20
#: Of a number's calls, those from abroad above which its use there is no more occasional.
OCCASIONAL: Final = 0.5
#: Numbers compared; of more, the one that has not called for longest is forgotten.
MOST_NUMBERS: Final = 10_000
#: What the engine flags on a transit circuit.
UNEXPECTED: Final = frozenset({"foreign-caller", "anonymous-caller"})
FOREIGN_SHARE, NOMADIC_SHARE = "foreign-share", "nomadic-share"
# The parts of a window that are forgotten one at a time.
_SLICES = 12


@attrs.define(eq=False)
class Share:
    """How many calls of the last `window` seconds were of one kind."""

    window: float
    news: News = attrs.field(factory=lambda: News(HOUR), repr=False)
    _slices: dict[int, tuple[int, int]] = attrs.field(factory=dict, init=False)
    """Calls, and those of the kind, by the number of their slice of time."""

    def count(self, *, is_kind: bool, now: float) -> None:
        """One more call."""
        at = self._forget(now)
        calls, kind = self._slices.get(at, (0, 0))
        self._slices[at] = calls + 1, kind + is_kind

    @property
    def totals(self) -> tuple[int, int]:
        """All calls of the window that ended at the last one, and those of the kind."""
        return sum(calls for calls, _ in self._slices.values()), sum(kind for _, kind in self._slices.values())

    def exceeds(self, most: float) -> bool:
        """Whether the kind is more than that share of enough calls."""
        calls, kind = self.totals
        return calls >= FEWEST and kind > most * calls

    def _forget(self, now: float) -> int:
        """Drops the slices that are over; the number of the one it is now."""
        at = int(now // (self.window / _SLICES))
        if at not in self._slices:
            self._slices = {one: counts for one, counts in self._slices.items() if at - _SLICES < one}
        return at


@attrs.define(eq=False)
class Shares:
    """Those of one gateway: of its transit trunks and circuits by name, and of nomadic numbers."""

    transit: dict[str, Share] = attrs.field(factory=dict)
    nomadic: OrderedDict[str, Share] = attrs.field(factory=OrderedDict, repr=False)

    def crossed(self, name: str, flags: Iterable[str], most: float, now: float) -> tuple[tuple[str, ...], list[Alarm]]:
        """A call has come by a transit trunk or circuit; the flags and alarms that its share is worth."""
        share = self.transit.setdefault(name, Share(HOUR))
        share.count(is_kind=not UNEXPECTED.isdisjoint(flags), now=now)
        if not share.exceeds(most):
            return (), []
        calls, kind = share.totals
        said = f"{name}: {kind} of {calls} callers in the last hour were foreign or anonymous, more than {most:.0%}"
        return (FOREIGN_SHARE,), [Alarm(FOREIGN_SHARE, said)] if share.news.is_due(now) else []

    def called(
        self, number: str, agreement: Agreement, *, is_abroad: bool, now: float
    ) -> tuple[tuple[str, ...], list[Alarm]]:
        """A nomadic number has called, from abroad or from home; the alarm says whose it is, the evidence which."""
        share = self.nomadic.setdefault(number, Share(MONTH))
        self.nomadic.move_to_end(number)
        if len(self.nomadic) > MOST_NUMBERS:
            self.nomadic.popitem(last=False)
        share.count(is_kind=is_abroad, now=now)
        if not is_abroad or not share.exceeds(OCCASIONAL):
            return (), []
        calls, abroad = share.totals
        said = f"a number of {agreement.reference} ({agreement.trunk}) called from abroad {abroad} times of {calls}"
        return (NOMADIC_SHARE,), [Alarm(NOMADIC_SHARE, said)] if share.news.is_due(now) else []

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """For the statistics: by transit trunk or circuit, the callers of the hour before its last call."""
        totals = {name: share.totals for name, share in self.transit.items()}
        return {name: {"callers": calls, "foreign or anonymous": kind} for name, (calls, kind) in totals.items()}


def nomadic_agreement(register: Register, number: str, day: date, trunk: str | None = None) -> Agreement | None:
    """The agreement by which a number may call from abroad: of that trunk, or of any (None)."""
    found = register.all(Agreement, trunk, day)
    return next((one for one in found if one.service is Service.NOMADIC and number in one.numbers), None)
