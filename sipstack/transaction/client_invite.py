"""The INVITE client transaction: RFC 3261 §17.1.1 and figure 5, as RFC 6026 §7.2 changed it.

RFC 6026 gave it the Accepted state: after a 2xx it stays for timer M, so that forked and repeated 2xx still find
their way to the user, who ACKs each (the ACK to a 2xx belongs to the dialog, §13.2.2.4).
"""

from collections.abc import Callable

import attrs

from sipstack.effects import Cause, Deliver, Transmit
from sipstack.message import Response
from sipstack.transaction.base import (
    ACCEPTED,
    CALLING,
    COMPLETED,
    NOTHING,
    PROCEEDING,
    Notes,
    State,
    Transaction,
)


@attrs.define(eq=False, repr=False)
class ClientInvite(Transaction):
    """An INVITE we sent.

    `wire` is the INVITE as printed; `acknowledge` prints the ACK to a 3xx-6xx (§17.1.1.3) and is asked once.
    """

    wire: bytes
    acknowledge: Callable[[Response], bytes] | None
    state: State = attrs.field(init=False, default=CALLING)

    def start(self, now: float) -> Notes:
        """Send the INVITE."""
        self._start_repeating(now)  # A
        self.expires_at = now + self.timing.give_up  # B
        return (Transmit(self.wire),)

    def receive(self, response: Response, now: float) -> Notes:
        """A response whose key is ours has come."""
        status = response.status
        if self.state is CALLING or self.state is PROCEEDING:
            if status < 200:
                return self._provisional(response)
            if status < 300:
                return self._accepted(response, now)
            return self._failed(response, now)
        if self.state is COMPLETED and status >= 300:
            return (Transmit(self.wire),)
        if self.state is ACCEPTED and 200 <= status < 300:
            return (Deliver(response),)
        return NOTHING

    def cancelled(self, now: float) -> Notes:
        """A CANCEL has been sent for it: the final response is due within 64*T1 (§9.1)."""
        if self.state is PROCEEDING and self.expires_at is None:
            self.expires_at = now + self.timing.give_up
        return NOTHING

    def transport_failed(self, now: float) -> Notes:
        """Sending the INVITE or the ACK failed: over (§17.1.4). In the other states this machine sends nothing."""
        if self.state is CALLING or self.state is COMPLETED:
            return self._end(Cause.TRANSPORT)
        return NOTHING

    def _provisional(self, response: Response) -> Notes:
        if self.state is CALLING:
            # "The client transaction SHOULD NOT retransmit the request any further"; how long it may ring is
            # the user's decision (timer C, §16.6), not this machine's.
            self.state = PROCEEDING
            self.retransmit_at = self.expires_at = None
            self.wire = b""
        return (Deliver(response),)

    def _accepted(self, response: Response, now: float) -> Notes:
        self.wire = b""
        self.acknowledge = None
        return (Deliver(response), *self._linger(ACCEPTED, now, self.timing.give_up))  # M

    def _failed(self, response: Response, now: float) -> Notes:
        if self.acknowledge is not None:
            self.wire = self.acknowledge(response)
            self.acknowledge = None
        seconds = 0.0 if self.reliable else self.timing.absorb_failures
        return (Transmit(self.wire), Deliver(response), *self._linger(COMPLETED, now, seconds))  # D

    def _expire(self) -> Notes:
        waiting = self.state is CALLING or self.state is PROCEEDING
        return self._end(Cause.TIMEOUT if waiting else Cause.NORMAL)

    def _next_interval(self) -> float:
        return 2 * self.interval  # without T2 as its limit: §17.1.1.2 doubles until timer B
