"""Provisional responses that arrive for certain: 100rel, RSeq, RAck and PRACK (RFC 3262).

`ReliableProvisionals` is the called side (§3): a response repeated until its PRACK. `Provisionals` is the calling side
(§4): each response once and in order, with the RAck to send.
"""

import enum
from typing import Final

import attrs

from sipstack.dialog.invite import next_repeat
from sipstack.dialog.options import requires, supports
from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.message import Request, Response
from sipstack.timing import Timing
from sipstack.values import CSeq
from sipstack.values.grammar import number
from sipstack.values.rack import RAck

Fields = list[tuple[str, str]]

_HIGHEST: Final = 2**32 - 1
"""Of RSeq (§7.1)."""


class Want(enum.StrEnum):
    """What an INVITE says about reliable provisional responses (§3)."""

    REQUIRED = "required"
    """Require: 100rel. Every provisional response but 100 must be reliable; refuse with 420 if we cannot."""
    SUPPORTED = "supported"
    """Supported: 100rel. Ours to choose."""
    NO = "no"
    """No response may be reliable."""


def want(invite: Request) -> Want:
    """What an INVITE says about 100rel. Raises ParseError when its Require or Supported cannot be read."""
    if requires(invite, "100rel"):
        return Want.REQUIRED
    return Want.SUPPORTED if supports(invite, "100rel") else Want.NO


@attrs.define(eq=False, repr=False, kw_only=True)
class ReliableProvisionals:
    """The called side of one INVITE in one dialog: its reliable responses, one at a time (§3).

    Build a response with `fields()`, then `send(wire, now)`; when `deadline()` has come, send what `tick` returns
    again; give each PRACK to `acknowledge`. When `given_up` is true after a tick, refuse the INVITE with a 5xx.
    """

    timing: Timing = attrs.field(factory=Timing)
    invite_cseq: int
    """The CSeq number of the INVITE."""
    rseq: int
    """The RSeq of the last response; start with a random one, 0 to 2**31 - 2: the first has the next (§3)."""
    wire: bytes | None = None
    """The response that waits for its PRACK."""
    described: bool = False
    """Whether that response has a session description."""
    stopped: bool = False
    """Whether the INVITE has its final response, so that no further reliable one may go."""
    given_up: bool = False
    """64*T1 have passed without a PRACK: "the UAS SHOULD reject the original request with a 5xx response"."""
    repeat_at: float | None = None
    """When the response is due again."""
    give_up_at: float = 0.0
    """When it has been in vain."""
    interval: float = 0.0
    """The pause before the next repetition."""

    @property
    def may_send(self) -> bool:
        """Whether a further reliable response may go: not before the PRACK of the last.

        §3 forbids it for the first and advises against it for the others, because of responses that overtake.
        """
        return self.wire is None and not self.stopped

    @property
    def may_answer(self) -> bool:
        """Whether a 2xx may go: not before the PRACK of a response that has a session description."""
        return self.wire is None or not self.described

    def fields(self) -> Fields:
        """Require and RSeq of the next reliable response. Raises StateError when `may_send` says no."""
        self._check()
        return [("Require", "100rel"), ("RSeq", str(self.rseq + 1))]

    def send(self, wire: bytes, now: float, *, description: bool) -> None:
        """The response with `fields()`, as printed, goes out. Raises StateError when `may_send` says no."""
        self._check()
        self.rseq += 1
        self.wire = wire
        self.described = description
        self.interval = self.timing.t1
        self.repeat_at = now + self.interval
        self.give_up_at = now + self.timing.give_up

    def _check(self) -> None:
        if not self.may_send:
            raise StateError("a reliable response after the final one, or before the PRACK of the last")
        if self.rseq >= _HIGHEST:
            raise StateError("RSeq does not wrap (RFC 3262 §3)")

    def acknowledge(self, prack: Request) -> None:
        """A PRACK has come: answer it with a 2xx.

        Raises ProtocolError (481) when it acknowledges nothing that waits, ParseError when its RAck cannot be read.
        """
        if self.wire is None or _read_rack(prack) != RAck(self.rseq, CSeq(self.invite_cseq, "INVITE")):
            raise ProtocolError("Call/Transaction Does Not Exist", status=481)
        self.wire = None
        self.repeat_at = None

    def stop(self) -> None:
        """The INVITE has its final response: nothing is repeated, "but MUST be prepared to process PRACK" (§3)."""
        self.stopped = True
        self.repeat_at = None

    def deadline(self) -> float | None:
        """When `tick` is due; None when nothing waits."""
        return None if self.repeat_at is None else min(self.repeat_at, self.give_up_at)

    def tick(self, now: float) -> bytes | None:
        """The bytes to send again now, or None."""
        if self.repeat_at is None:
            return None
        if now >= self.give_up_at:
            self.given_up = True
            self.stop()
            return None
        if now < self.repeat_at:
            return None
        # "starts at T1 seconds and doubles for each retransmission": T2 is no bound here.
        self.interval *= 2
        self.repeat_at = next_repeat(self.repeat_at, self.interval, now)
        return self.wire

    def __repr__(self) -> str:
        state = "given up" if self.given_up else "settled" if self.wire is None else f"waits, due at {self.deadline()}"
        return f"<ReliableProvisionals RSeq {self.rseq} {state}>"


class Arrival(enum.StrEnum):
    """What a provisional response is to its receiver."""

    UNRELIABLE = "unreliable"
    """It wants no PRACK."""
    NEW = "new"
    """The next reliable one: show it to the user and send a PRACK with `rack(response)`."""
    REPEATED = "repeated"
    """It has had its PRACK, whose own transaction repeats that: drop it."""
    EARLY = "early"
    """One before it is missing: "MUST NOT be acknowledged", nor processed; drop it, it will come again."""


@attrs.define(eq=False, repr=False)
class Provisionals:
    """The calling side of one INVITE: what reliable responses have come, by To tag (§4)."""

    limit: int = 16
    """How many To tags are kept; reliable responses of further ones are dropped as `EARLY`."""
    last: dict[str, int] = attrs.field(factory=dict)
    """The RSeq of the last response in order, by To tag."""

    def receive(self, response: Response) -> Arrival:
        """A 101-199 to the INVITE has come; ask once for each, before anything else is done with it.

        Raises ParseError when its Require or RSeq cannot be read: drop it.
        """
        rseq = _rseq(response)
        tag = response.to.tag
        if rseq is None or not tag:
            return Arrival.UNRELIABLE
        last = self.last.get(tag)
        if last is None and len(self.last) >= self.limit:
            return Arrival.EARLY
        if last is not None and rseq <= last:
            return Arrival.REPEATED
        if last is not None and rseq > last + 1:
            return Arrival.EARLY
        self.last[tag] = rseq
        return Arrival.NEW

    def __repr__(self) -> str:
        return f"<Provisionals {self.last}>"


def rack(response: Response) -> str:
    """The RAck value of the PRACK for a reliable response (§7.2).

    Raises ParseError when its RSeq cannot be read, StateError when it is not reliable.
    """
    rseq = _rseq(response)
    if rseq is None:
        raise StateError("a PRACK for a response that wants none")
    return str(RAck(rseq, response.cseq))


def _rseq(response: Response) -> int | None:
    """The number of a reliable response; None when it is not reliable (§4: both Require and RSeq make it so)."""
    if not 101 <= response.status <= 199 or not requires(response, "100rel"):
        return None
    lines = response.headers.all("rseq")
    value = number(lines[0], _HIGHEST) if len(lines) == 1 else None
    if not value:
        raise ParseError("Bad RSeq", " ".join(lines))
    return value


def _read_rack(prack: Request) -> RAck:
    lines = prack.headers.all("rack")
    if len(lines) != 1:
        raise ParseError("Two RAck" if lines else "Missing RAck")
    return RAck.parse(lines[0])
