"""The non-INVITE client transaction: RFC 3261 §17.1.2 and figure 6."""

import attrs

from sipstack.effects import Cause, Deliver, Transmit
from sipstack.message import Response
from sipstack.transaction.base import COMPLETED, NOTHING, PROCEEDING, TERMINATED, TRYING, Notes, State, Transaction


@attrs.define(eq=False, repr=False)
class Client(Transaction):
    """A request other than INVITE and ACK that we sent; `wire` is the request as printed."""

    wire: bytes
    state: State = attrs.field(init=False, default=TRYING)

    def start(self, now: float) -> Notes:
        """Send the request."""
        self._start_repeating(now)  # E
        self.expires_at = now + self.timing.give_up  # F
        return (Transmit(self.wire),)

    def receive(self, response: Response, now: float) -> Notes:
        """A response whose key is ours has come."""
        if self.state is not TRYING and self.state is not PROCEEDING:
            return NOTHING
        if response.status < 200:
            self.state = PROCEEDING
            return (Deliver(response),)
        self.wire = b""
        return (Deliver(response), *self._linger(COMPLETED, now, 0.0 if self.reliable else self.timing.t4))  # K

    def transport_failed(self, now: float) -> Notes:
        """Sending the request failed: over (§17.1.4); once answered there is nothing left to send."""
        if self.state is COMPLETED or self.state is TERMINATED:
            return NOTHING
        return self._end(Cause.TRANSPORT)

    def _expire(self) -> Notes:
        return self._end(Cause.NORMAL if self.state is COMPLETED else Cause.TIMEOUT)

    def _next_interval(self) -> float:
        # A provisional response does not stop the sending, it slows it: "timer E is reset with a value of T2".
        t2 = self.timing.t2
        return t2 if self.state is PROCEEDING else min(2 * self.interval, t2)
