"""What the machines and the layers want done: every input returns such notes, nothing is buffered to be drained later.

A transaction's own notes (`Note`) name neither key nor flow, for a transaction knows neither; the transaction layer
pairs them and speaks to its user in `Effect`s. Effects of one input are carried out in the order of the list.
"""

import enum
from typing import NewType

import attrs

from sipstack.flow import Flow
from sipstack.message import Message, Request, Response

Key = NewType("Key", str)
"""The name of a transaction towards its user: opaque, hashable, printable, and plain text in a snapshot."""


class Cause(enum.StrEnum):
    """Why a transaction is over."""

    NORMAL = "normal"
    """It ran its course: all copies of its messages have had their time to arrive."""
    TIMEOUT = "timeout"
    """Timer B, F or H; or no final response within 64*T1 after a CANCEL (RFC 3261 §9.1)."""
    TRANSPORT = "transport"
    """The transport reported that it cannot reach the peer (RFC 3261 §17.1.4)."""


class Drop(enum.StrEnum):
    """Why a message led to nothing; each has a counter in the layer's statistics."""

    KEEPALIVE = "keepalive"
    """Nothing but line ends (RFC 5626 §3.5.1)."""
    UNPARSABLE = "unparsable"
    """Not a SIP message, or a response or an ACK that is damaged."""
    UNANSWERABLE = "unanswerable"
    """A damaged request whose Via does not say where an answer should go."""
    ABSORBED = "absorbed"
    """A repetition that its transaction swallowed; the network did this, nobody is at fault."""
    STRAY_RESPONSE = "stray response"
    """A response to no request of ours, which "MUST silently [be] discard[ed]" (RFC 6026 §7.2 and §8.9)."""
    MISROUTED = "misrouted"
    """A response with more than one Via, meant for somebody behind us (RFC 3261 §8.1.3.3)."""
    STRAY_ACK = "stray ack"
    """An ACK to an INVITE that has no final response yet."""
    LATE_RESPONSE = "late response"
    """Ours: a response to a transaction that is over or already has its final response (RFC 3261 §17.2.2)."""
    OVERLOAD = "overload"
    """A request for which there was no room; it got 503."""
    MERGED = "merged"
    """A request that had come already by another way; it got 482 (RFC 3261 §8.2.2.2)."""


@attrs.define
class Transmit:
    """A transaction wants these bytes on its flow."""

    wire: bytes


@attrs.define
class Deliver:
    """A transaction hands this message to its user."""

    message: Message


@attrs.define
class Finish:
    """A transaction is over; it is the last note it ever yields and it yields it once."""

    cause: Cause


@attrs.define
class Unsent:
    """A server transaction could not send its response; it "MUST remain in the current state" (RFC 6026 §8.8)."""


Note = Transmit | Deliver | Finish | Unsent


@attrs.define
class Send:
    """Put these bytes on this flow; when it is a connection that is gone, on a new one to `otherwise`.

    `otherwise` stands with responses alone: the address they came from and the port the peer listens at (RFC 3261
    §18.2.2). Without it a new connection, if any, goes to `flow.remote` itself.
    """

    flow: Flow
    data: bytes
    otherwise: Flow | None = None


@attrs.define
class Incoming:
    """A new request. Answer it by `respond(key, ...)`; `key` is None for the ACK to a 2xx, which is never answered.

    An ACK here need not belong to anything; the dialog decides.
    """

    request: Request
    key: Key | None
    flow: Flow
    to_tag: str = attrs.field(default="", kw_only=True)
    """The To tag to answer with: the request's own, else one minted for it. Whoever answers with it can be sure that
    the 200 to a CANCEL bears the same (§9.2); whoever has a tag of his own says so by `TransactionLayer.adopt_tag`."""


@attrs.define
class Cancelled:
    """The peer takes back INVITE `key`, which has no final response: answer it 487 (RFC 3261 §9.2).

    The CANCEL itself, in `request` (see its Reason), has been answered.
    """

    key: Key
    request: Request


@attrs.define
class Answered:
    """A response to our request `key`; to an INVITE, also each repeated 2xx, whose ACK is due again (§13.2.2.4)."""

    key: Key
    response: Response
    flow: Flow


@attrs.define
class Failed:
    """Our request gets no final response, or our 3xx-6xx to an INVITE was never ACKed; `Ended` follows at once."""

    key: Key
    cause: Cause


@attrs.define
class Unreachable:
    """The transport says that our response to `key` did not arrive. Information only: the transaction lives on."""

    key: Key


@attrs.define
class Ended:
    """The key means nothing any more: exactly once for every key its user was given, and the last word about it."""

    key: Key
    cause: Cause


@attrs.define
class Dropped:
    """A message came to nothing, and why; `flow` is None when the message was ours."""

    why: Drop
    flow: Flow | None


Effect = Send | Incoming | Cancelled | Answered | Failed | Unreachable | Ended | Dropped
