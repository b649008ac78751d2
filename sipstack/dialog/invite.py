"""The 2xx and its ACK, which belong to no transaction (RFC 3261 §13.2.2.4 and §13.3.1.4).

The called side repeats its 2xx until the ACK comes, whatever the transport, since another hop may have lost it; the
calling side repeats its ACK for each 2xx that comes again. Both keep bytes and print nothing twice.
"""

import attrs

from sipstack.message import Response
from sipstack.timing import Timing


def next_repeat(due: float, interval: float, now: float) -> float:
    """When to repeat next: counted from when the last was due, so that a slow clock does not stretch the schedule.

    After a pause longer than `interval` it is counted from `now`, for the repetitions missed are not made up for.
    """
    return due + interval if due + interval > now else now + interval


@attrs.define(eq=False, repr=False, init=False)
class UnackedAnswer:
    """A 2xx we have just sent, waiting for its ACK.

    When `deadline()` has come, call `tick`; when `given_up` is true after that, the session ends with a BYE. That is
    after 64*T1, unless `patience` says otherwise, in seconds.
    """

    wire: bytes
    given_up: bool
    """64*T1 have passed without an ACK: "the dialog is confirmed, but the session SHOULD be terminated"."""
    _timing: Timing
    _interval: float
    _repeat_at: float | None
    _give_up_at: float

    def __init__(self, wire: bytes, timing: Timing, now: float, *, patience: float | None = None) -> None:
        self.wire = wire
        self.given_up = False
        self._timing = timing
        self._interval = timing.t1
        self._repeat_at = now + timing.t1
        self._give_up_at = now + (timing.give_up if patience is None else patience)

    def deadline(self) -> float | None:
        """When `tick` is due next; None once it is acknowledged or given up."""
        return None if self._repeat_at is None else min(self._repeat_at, self._give_up_at)

    def tick(self, now: float) -> bytes | None:
        """The bytes to send again now, or None."""
        if self._repeat_at is None:
            return None
        if now >= self._give_up_at:
            self.given_up = True
            self._repeat_at = None
            return None
        if now < self._repeat_at:
            return None
        # "starts at T1 seconds and doubles for each retransmission until it reaches T2 seconds"
        self._interval = min(2 * self._interval, self._timing.t2)
        self._repeat_at = next_repeat(self._repeat_at, self._interval, now)
        return self.wire

    def acknowledged(self) -> None:
        """The ACK has come."""
        self._repeat_at = None

    def __repr__(self) -> str:
        due = self.deadline()
        state = "given up" if self.given_up else "acknowledged" if due is None else f"due at {due:g}"
        return f"<UnackedAnswer {state}>"


@attrs.define(eq=False, repr=False)
class SentAcks:
    """The ACKs of one INVITE usage, by To tag and CSeq number, to be sent again when their 2xx comes again.

    `limit` bounds what a peer that forks without end can make us keep; the oldest goes first.
    """

    limit: int = 16
    _wires: dict[tuple[str, int], bytes] = attrs.field(factory=dict, init=False)

    def remember(self, answer: Response, wire: bytes) -> None:
        """`wire` is the ACK we have sent to `answer`."""
        self._wires[_identity(answer)] = wire
        while len(self._wires) > self.limit:
            del self._wires[next(iter(self._wires))]

    def repeat(self, answer: Response) -> bytes | None:
        """The ACK that was sent to this 2xx; None when it is a new one."""
        return self._wires.get(_identity(answer))

    @property
    def wires(self) -> tuple[bytes, ...]:
        """All of them, the oldest first."""
        return tuple(self._wires.values())

    def forget(self, invite_cseq: int) -> None:
        """The INVITE transaction has ended; its 2xx cannot come again."""
        self._wires = {key: wire for key, wire in self._wires.items() if key[1] != invite_cseq}

    def __len__(self) -> int:
        return len(self._wires)

    def __repr__(self) -> str:
        return f"<SentAcks {len(self)}>"


def _identity(answer: Response) -> tuple[str, int]:
    return answer.to.tag or "", answer.cseq.number
