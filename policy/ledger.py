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
    _legs: dict[tuple[str, frozenset[str]], datetime] = attrs.field(factory=dict, init=False, repr=False)
    """When the last leg to that number with those callers left, in the order of these times."""
    _callers: dict[str, datetime] = attrs.field(factory=dict, init=False, repr=False)
    """When each caller's last leg left."""
    _called: dict[str, set[frozenset[str]]] = attrs.field(factory=dict, init=False, repr=False)
    """With which callers legs have left to a number."""
    _forwarded: dict[str, deque[datetime]] = attrs.field(factory=dict, init=False, repr=False)
    """By redirecting number."""
    _forward_order: deque[tuple[datetime, str]] = attrs.field(factory=deque, init=False, repr=False)

    def sent(self, callers: Iterable[str], called: str, at: datetime) -> None:
        """A leg of ours has left."""
        pair = called, frozenset(callers)
        if self._legs.pop(pair, None) is None:
            self._called.setdefault(called, set()).add(pair[1])
        self._legs[pair] = at
        for caller in pair[1]:
            self._callers[caller] = at
        self._forget(at)

    def leg(self, callers: frozenset[str], called: str | None, now: datetime) -> OwnLeg | None:
        """The latest leg of ours with all of these callers to that number, or to any (None)."""
        oldest = now - self.keeps
        if called is None:
            times = [self._callers.get(caller) for caller in callers]
            left = [at for at in times if at is not None and oldest <= at <= now]
            return OwnLeg(callers, "", min(left)) if left and len(left) == len(times) else None
        found = [(self._legs[called, known], known) for known in self._called.get(called, ()) if callers <= known]
        at, known = max(found, key=lambda leg: leg[0], default=(now, frozenset()))
        return OwnLeg(known, called, at) if known and oldest <= at <= now else None

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
        while self._legs:
            pair, at = next(iter(self._legs.items()))
            if len(self._legs) <= MOST and at >= now - self.keeps:
                break
            del self._legs[pair]
            called, callers = pair
            self._called[called].discard(callers)
            if not self._called[called]:
                del self._called[called]
            for caller in callers:
                if self._callers.get(caller) == at:
                    del self._callers[caller]
        while self._forward_order and (
            len(self._forward_order) > MOST or self._forward_order[0][0] <= now - self.forwards_within
        ):
            _, number = self._forward_order.popleft()
            times = self._forwarded[number]
            times.popleft()
            if not times:
                del self._forwarded[number]
