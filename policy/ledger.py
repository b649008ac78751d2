"""What our own gateway has lately sent abroad, and let come back: the short memory that art. 3 can be proved by.

A call that began with us, went to a foreign number and comes back forwarded is one that we have seen leave. Bounded in
time and in number: what has fallen out of it proves nothing any more, and no call is refused for it alone.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

#: Legs and forwardings remembered; more, and the oldest are forgotten.
MOST = 200_000


@attrs.frozen
class OwnLeg:
    """A call that we have sent on."""

    callers: frozenset[str]
    """The presentation and network numbers that it left with, E.164 with +."""
    called: str
    """E.164 with +."""
    at: datetime


@attrs.define(eq=False)
class Ledger:
    """Two memories by number, each of the last `keeps`: legs of ours that left, and calls let through as forwarded."""

    keeps: timedelta = timedelta(minutes=5)
    forwards_within: timedelta = timedelta(hours=1)
    """How far back forwardings are counted."""
    _legs: dict[str, deque[OwnLeg]] = attrs.field(factory=dict, init=False, repr=False)
    """By called number."""
    _callers: dict[str, datetime] = attrs.field(factory=dict, init=False, repr=False)
    """When each caller's last leg left."""
    _order: deque[OwnLeg] = attrs.field(factory=deque, init=False, repr=False)
    _forwarded: dict[str, deque[datetime]] = attrs.field(factory=dict, init=False, repr=False)
    """By redirecting number."""
    _forward_order: deque[tuple[datetime, str]] = attrs.field(factory=deque, init=False, repr=False)

    def sent(self, callers: Iterable[str], called: str, at: datetime) -> None:
        """A leg of ours has left."""
        leg = OwnLeg(frozenset(callers), called, at)
        self._legs.setdefault(called, deque()).append(leg)
        self._order.append(leg)
        for caller in leg.callers:
            self._callers[caller] = at
        self._forget(at)

    def leg(self, callers: frozenset[str], called: str | None, now: datetime) -> OwnLeg | None:
        """The latest leg of ours with all of these callers to that number, or to any (None)."""
        oldest = now - self.keeps
        if called is None:
            times = [self._callers.get(caller) for caller in callers]
            left = [at for at in times if at is not None and oldest <= at <= now]
            return OwnLeg(callers, "", min(left)) if left and len(left) == len(times) else None
        known = self._legs.get(called, ())
        return next((leg for leg in reversed(known) if callers <= leg.callers and oldest <= leg.at <= now), None)

    def forwarded(self, number: str, at: datetime) -> None:
        """A call redirected by that number was let through under art. 3."""
        self._forwarded.setdefault(number, deque()).append(at)
        self._forward_order.append((at, number))
        self._forget(at)

    def forwardings(self, number: str, now: datetime) -> int:
        """How many there were lately."""
        oldest = now - self.forwards_within
        return sum(at > oldest for at in self._forwarded.get(number, ()))

    def _forget(self, now: datetime) -> None:
        while self._order and (len(self._order) > MOST or self._order[0].at < now - self.keeps):
            leg = self._order.popleft()
            known = self._legs[leg.called]
            known.popleft()
            if not known:
                del self._legs[leg.called]
            for caller in leg.callers:
                if self._callers.get(caller) == leg.at:
                    del self._callers[caller]
        while self._forward_order and (
            len(self._forward_order) > MOST or self._forward_order[0][0] <= now - self.forwards_within
        ):
            _, number = self._forward_order.popleft()
            times = self._forwarded[number]
            times.popleft()
            if not times:
                del self._forwarded[number]
