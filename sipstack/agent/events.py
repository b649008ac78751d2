"""What the application of a user agent is told, and what it answers with.

The application is one function of an event and the time; it returns acts (`acts.py`), most of them made by the methods
of the call that the event names. An event it has no interest in is answered with `()`.
"""

import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

import attrs

from sipstack.effects import Key
from sipstack.message import Message, Request, Response, response_to

if TYPE_CHECKING:
    from sipstack.agent.call import Call
    from sipstack.agent.enrolment import Enrolment
    from sipstack.agent.registration import Lapsed, Registered, RegisterFailed, Unregistered


class Release(enum.StrEnum):
    """Why a call is over."""

    BYE = "bye"
    """The other side hung up."""
    HUNG_UP = "hung up"
    """We did."""
    REFUSED = "refused"
    """The INVITE got a final response other than 2xx, from either side; ours after a CANCEL is 487."""
    CANCELLED = "cancelled"
    """The caller took its INVITE back."""
    NO_ACK = "no ACK"
    """Our 2xx was never acknowledged, and a BYE has gone out (RFC 3261 §13.3.1.4); or a reliable response never was,
    and a 504 has (RFC 3262 §3)."""
    EXPIRED = "session expired"
    """Nobody refreshed the session (RFC 4028 §10); a BYE has gone out."""
    LOST = "lost"
    """A request in the dialog got 408 or 481, so the other side is gone (RFC 3261 §12.2.1.2); or an answer was missing,
    theirs or ours, or a way back that can be read."""


@attrs.define
class Invited:
    """A new call comes in: `call.ring`, `call.answer` or `call.refuse` it.

    It rings until then, or until its Expires or `Context.patience` is over.
    """

    call: "Call"
    request: Request


@attrs.define
class Progressed:
    """The other side rings, or lets us hear something (101-199)."""

    call: "Call"
    response: Response


@attrs.define
class Established:
    """The call stands: `message` is the 2xx to our INVITE, or the ACK to our 2xx.

    A 2xx that bears the offer, because our INVITE had none, waits for `call.acknowledge(body)`, but not beyond 60*T1:
    then it is acknowledged without an answer and ended by BYE.
    """

    call: "Call"
    message: Message


@attrs.define
class Reoffered:
    """A re-INVITE, an UPDATE, or a PRACK with an offer, in the call: `call.accept` or `call.refuse` it.

    Its body may be empty: a re-INVITE then asks for an offer.
    """

    call: "Call"
    request: Request


@attrs.define
class Reanswered:
    """What became of our own re-INVITE or UPDATE; the session stays as it was unless it is a 2xx (§14.1)."""

    call: "Call"
    response: Response


@attrs.define
class Received:
    """Another request in the dialog (INFO, MESSAGE, REFER, NOTIFY ...): answer it by `Reply(key, response(...))`."""

    call: "Call"
    request: Request
    key: Key

    def response(self, status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Response:
        """An answer to it; the Content-Type of a body stands in `headers`."""
        return response_to(self.request, status, headers=headers, body=body)


@attrs.define
class Responded:
    """The final response to another request of ours in the dialog; one that ends the call comes with `Released`."""

    call: "Call"
    response: Response


@attrs.define
class Released:
    """The call is over: the last event about it, and the only one of its kind."""

    call: "Call"
    cause: Release
    message: Message | None
    """The BYE, CANCEL or response that ended it, when one did."""


@attrs.define
class Requested:
    """A request outside all calls, OPTIONS aside: answer it by `Reply(key, response(...))`."""

    request: Request
    key: Key
    to_tag: str

    def response(self, status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Response:
        """An answer to it; the Content-Type of a body stands in `headers`."""
        return response_to(self.request, status, to_tag=self.to_tag, headers=headers, body=body)


@attrs.define
class Concluded:
    """The final response to a request of ours outside all calls; 408 and 503 may be our own word (§8.1.3.1)."""

    token: str
    response: Response


@attrs.define
class Enrolled:
    """What became of a registration."""

    enrolment: "Enrolment"
    outcome: "Registered | Unregistered | RegisterFailed | Lapsed"


Event: TypeAlias = (
    Invited
    | Progressed
    | Established
    | Reoffered
    | Reanswered
    | Received
    | Responded
    | Released
    | Requested
    | Concluded
    | Enrolled
)
