"""The non-INVITE server transaction: RFC 3261 §17.2.2 and figure 8, with the transport errors of RFC 6026 §8.8."""

import attrs

from sipstack.effects import Cause, Deliver, Transmit, Unsent
from sipstack.message import Request
from sipstack.transaction.base import COMPLETED, NOTHING, PROCEEDING, TERMINATED, TRYING, Notes, State, Transaction


@attrs.define(eq=False, repr=False)
class Server(Transaction):
    """A request other than INVITE and ACK that we received."""

    state: State = attrs.field(init=False, default=TRYING)

    def start(self, request: Request, now: float) -> Notes:
        """Hand the request to the user."""
        return (Deliver(request),)

    def again(self, now: float) -> Notes:
        """The request has come again."""
        if self.state is TRYING or self.state is TERMINATED:
            return NOTHING
        return (Transmit(self.wire),)

    def respond(self, status: int, wire: bytes, now: float) -> Notes:
        """The user answers; after the final response "any other final responses [...] MUST be discarded"."""
        if self.state is COMPLETED or self.state is TERMINATED:
            return NOTHING
        self.wire = wire
        if status < 200:
            self.state = PROCEEDING
            return (Transmit(wire),)
        return (Transmit(wire), *self._linger(COMPLETED, now, 0.0 if self.reliable else self.timing.give_up))  # J

    def transport_failed(self, now: float) -> Notes:
        """A response could not be sent: the user learns it, the state stays."""
        return NOTHING if self.state is TRYING or self.state is TERMINATED else (Unsent(),)

    def _expire(self) -> Notes:
        return self._end(Cause.NORMAL)
