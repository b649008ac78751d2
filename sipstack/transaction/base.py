"""What the four machines of RFC 3261 §17 share: a state, two deadlines, and the two ways to leave the stage.

The RFC names timers A to K (and L, M by RFC 6026); in any state at most two of them run: one that sends again and one
that ends the state. So a transaction has `retransmit_at` and `expires_at`, and the letters stand beside the lines
that arm them. A transaction knows nothing above it: no layer, no key, no flow, no user.

Sendings keep to their schedule: each is due a pause after the last one was *due*, so that a loop that is always a
little late does not stretch the schedule, and what a long pause has let pass is left out, not made up for in a burst.
"""

import abc
import enum

import attrs

from sipstack.effects import Cause, Finish, Note, Transmit
from sipstack.timing import Timing

Notes = tuple[Note, ...]
NOTHING: Notes = ()


class State(enum.Enum):
    """The states of the RFC's figures, under their names there."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


# Read on every step: a module-level name costs a fifth of an attribute of the enum class.
CALLING = State.CALLING
TRYING = State.TRYING
PROCEEDING = State.PROCEEDING
COMPLETED = State.COMPLETED
CONFIRMED = State.CONFIRMED
ACCEPTED = State.ACCEPTED
TERMINATED = State.TERMINATED


@attrs.define(eq=False, repr=False)
class Transaction:
    """One transaction: feed it its inputs, carry out the notes it returns, call `tick` when `deadline` has come.

    Times are seconds of one monotonic clock, always the caller's.
    """

    # Abstract to the type checker alone: `isinstance` asks a class of `abc.ABC` at length, and the layer asks it of
    # each machine, 1.2 % of a call (2026-11-23).

    timing: Timing
    reliable: bool
    state: State = attrs.field(init=False)
    retransmit_at: float | None = attrs.field(init=False, default=None)
    """When to send again; None when nothing is repeated."""
    expires_at: float | None = attrs.field(init=False, default=None)
    """When the state ends by itself; None while the transaction waits for its user or, rightly, without limit."""
    interval: float = attrs.field(init=False, default=0.0)
    """The pause that ends at `retransmit_at`."""
    wire: bytes = attrs.field(init=False, default=b"")
    """What is sent again, while anything is."""

    def deadline(self) -> float | None:
        """When `tick` is due next, or None."""
        if self.retransmit_at is None:
            return self.expires_at
        if self.expires_at is None:
            return self.retransmit_at
        return min(self.retransmit_at, self.expires_at)

    def tick(self, now: float) -> Notes:
        """The clock has moved: does what is due, once; a late tick repeats nothing twice."""
        if self.expires_at is not None and now >= self.expires_at:
            return self._expire()
        if self.retransmit_at is not None and now >= self.retransmit_at:
            return self._repeat(now)
        return NOTHING

    @abc.abstractmethod
    def transport_failed(self, now: float) -> Notes:
        """The transport cannot send what it was given (RFC 3261 §17.1.4, §17.2.4)."""

    @abc.abstractmethod
    def _expire(self) -> Notes: ...

    def _start_repeating(self, now: float) -> None:
        """What has just been sent is sent again after T1, unless the transport itself repeats what is lost."""
        if not self.reliable:
            self.interval = self.timing.t1
            self.retransmit_at = now + self.interval

    def _next_interval(self) -> float:
        """The pause after this one."""
        return min(2 * self.interval, self.timing.t2)

    def _repeat(self, now: float) -> Notes:
        due = now if self.retransmit_at is None else self.retransmit_at
        while due <= now:
            self.interval = self._next_interval()
            due += self.interval
        self.retransmit_at = due
        return (Transmit(self.wire),)

    def _linger(self, state: State, now: float, seconds: float) -> Notes:
        """Stay only to swallow what the network still repeats; where it repeats nothing (0 seconds), end at once."""
        self.retransmit_at = None
        if not seconds:
            return self._end(Cause.NORMAL)
        self.state = state
        self.expires_at = now + seconds
        return NOTHING

    def _end(self, cause: Cause) -> Notes:
        self.state = TERMINATED
        self.retransmit_at = self.expires_at = None
        return (Finish(cause),)

    def __repr__(self) -> str:
        due = self.deadline()
        return f"<{type(self).__name__} {self.state.value}{'' if due is None else f', due at {due:g}'}>"
