"""The INVITE server transaction: RFC 3261 §17.2.1 and figure 7, as RFC 6026 §7.1 changed it.

After a 2xx it stays in Accepted for timer L, only so that a repeated INVITE is not taken for a new one; repeating the
2xx itself until the ACK comes is its user's work (§13.3.1.4, `sipstack.dialog.invite`).
"""

from collections.abc import Callable

import attrs

from sipstack.effects import Cause, Deliver, Transmit, Unsent
from sipstack.message import Request
from sipstack.transaction.base import (
    ACCEPTED,
    COMPLETED,
    CONFIRMED,
    NOTHING,
    PROCEEDING,
    TERMINATED,
    Notes,
    State,
    Transaction,
)


@attrs.define(eq=False, repr=False)
class ServerInvite(Transaction):
    """An INVITE we received. `trying` prints its 100 and is asked at most once, when the user is slow."""

    trying: Callable[[], bytes] | None
    state: State = attrs.field(init=False, default=PROCEEDING)

    def start(self, request: Request, now: float) -> Notes:
        """Hand the INVITE to the user."""
        # "MUST generate a 100 (Trying) response unless it knows that the TU will generate a provisional or final
        # response within 200 ms" (§17.2.1): it cannot know, so it waits.
        self.retransmit_at = now + self.timing.trying
        return (Deliver(request),)

    def again(self, now: float) -> Notes:
        """The INVITE has come again."""
        if self.wire and (self.state is PROCEEDING or self.state is COMPLETED):
            return (Transmit(self.wire),)
        return NOTHING

    def acknowledged(self, ack: Request, now: float) -> Notes:
        """An ACK with the branch of the INVITE has come."""
        if self.state is COMPLETED:
            self.wire = b""
            return self._linger(CONFIRMED, now, 0.0 if self.reliable else self.timing.t4)  # I
        # An ACK to a 2xx has a branch of its own; RFC 6026 §7.1 passes one that has ours to the user.
        return (Deliver(ack),) if self.state is ACCEPTED else NOTHING

    def respond(self, status: int, wire: bytes, now: float) -> Notes:
        """The user answers; after the final response only further 2xx to an accepted INVITE go out."""
        if self.state is ACCEPTED:
            return (Transmit(wire),) if 200 <= status < 300 else NOTHING
        if self.state is not PROCEEDING:
            return NOTHING
        self.trying = None
        self.retransmit_at = None
        if 200 <= status < 300:
            self.wire = b""
            return (Transmit(wire), *self._linger(ACCEPTED, now, self.timing.give_up))  # L
        self.wire = wire
        if status >= 300:
            self._await_ack(now)
        return (Transmit(wire),)

    def transport_failed(self, now: float) -> Notes:
        """A response could not be sent: the user learns it, the state stays (RFC 6026 §7.1 and §8.8)."""
        return NOTHING if self.state is CONFIRMED or self.state is TERMINATED else (Unsent(),)

    def _await_ack(self, now: float) -> None:
        self.state = COMPLETED
        self._start_repeating(now)  # G
        self.expires_at = now + self.timing.give_up  # H

    def _expire(self) -> Notes:
        return self._end(Cause.TIMEOUT if self.state is COMPLETED else Cause.NORMAL)

    def _repeat(self, now: float) -> Notes:
        if self.trying is None:
            return super()._repeat(now)
        self.wire = self.trying()
        self.trying = None
        self.retransmit_at = None
        return (Transmit(self.wire),)
