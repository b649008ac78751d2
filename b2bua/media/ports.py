"""The ports of one address of ours: pairs, even and odd, and none again soon after its call.

Packets of a call that is over go on for a moment, and must find nobody. So the pair that has rested longest is lent
first, and none before its rest is over.
"""

from collections import Counter, deque

import attrs

from b2bua.errors import MediaError

#: Seconds in which whoever still sends to a port has noticed that nobody is there.
REST = 10.0


@attrs.define(eq=False)
class Ports:
    """Pairs of an inclusive range, each named by its even port. `now` is a monotonic time in seconds."""

    first: int
    last: int
    rest: float = REST
    _fresh: deque[int] = attrs.field(init=False, repr=False)
    _resting: deque[tuple[float, int]] = attrs.field(factory=deque, init=False, repr=False)
    _lent: set[int] = attrs.field(factory=set, init=False, repr=False)
    _claimed: Counter[int] = attrs.field(factory=Counter, init=False, repr=False)
    """How many entries of a pair that still stand in the order count for nothing, for it was taken out of it."""

    @_fresh.default
    def _pairs(self) -> deque[int]:
        return deque(range(self.first + self.first % 2, self.last, 2))

    @property
    def lent(self) -> int:
        """Pairs that are in use."""
        return len(self._lent)

    def take(self, now: float) -> int:
        """The even port of a pair. Raises MediaError when all are in use or resting."""
        while self._claimed[port := self._next(now)]:
            self._claimed[port] -= 1
        del self._claimed[port]
        self._lent.add(port)
        return port

    def _next(self, now: float) -> int:
        if self._resting and self._resting[0][0] <= now:
            return self._resting.popleft()[1]
        if self._fresh:
            return self._fresh.popleft()
        resting = len(self._resting)
        raise MediaError(f"no ports are left for media: {self.lent} pairs are in use, {resting} at rest", status=503)

    def claim(self, port: int) -> None:
        """That pair is in use by whoever had it before this process began; idempotent."""
        if port not in self._lent:
            self._lent.add(port)
            self._claimed[port] += 1

    def give_back(self, port: int, now: float) -> None:
        """The call is over; idempotent."""
        if port in self._lent:
            self._lent.remove(port)
            self._resting.append((now + self.rest, port))
