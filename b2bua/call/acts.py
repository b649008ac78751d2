"""What a call wants done, in order. A call knows no transaction: its own requests go by a purpose it chooses."""

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from b2bua.config import Way
from b2bua.media.ng import Command
from b2bua.media.orders import Order
from policy.roaming import Questions
from sipstack.effects import Key
from sipstack.flow import Flow
from sipstack.message import Request, Response

if TYPE_CHECKING:
    from b2bua.call.farewell import Farewell

Fields = Mapping[str, object]


@attrs.define
class Reply:
    """Answer a peer's request."""

    key: Key
    response: Response
    wire: bytes | None = None
    """It as printed, where it has been."""


@attrs.define
class Repeat:
    """Send the printed 2xx of an INVITE again; its ACK has not come."""

    key: Key
    wire: bytes


@attrs.define
class Start:
    """Send a request of ours; its responses come back under `purpose`."""

    purpose: str
    request: Request
    flow: Flow
    farewell: "Farewell | None" = attrs.field(default=None, kw_only=True)
    """Who takes the responses when it is a BYE, since the call may be gone by then."""


@attrs.define
class Abandon:
    """CANCEL the INVITE that was started for `purpose`."""

    purpose: str
    headers: Sequence[tuple[str, str]] = ()


@attrs.define
class Transmit:
    """Send an ACK, which belongs to no transaction."""

    flow: Flow
    wire: bytes


@attrs.define
class Record:
    """A line of evidence. It stands before the messages it is about: they leave only when it is written."""

    kind: str
    """`verdict`, `answer`, `end`, or `later` for an identity found in mid-call; `register`, of no call, for a change of
    that, and `roaming`, of no call, for a holder that has not answered."""
    call: str
    at: datetime.datetime
    facts: Fields
    """What is kept as long as the journal."""
    personal: Fields = attrs.field(factory=dict)
    """What retention may take away later: numbers, names, headers, addresses of persons."""


@attrs.define
class Ask:
    """Find out where these subscribers are, and give the answers to `Core.answered`."""

    call: str
    questions: Questions


@attrs.define
class Carry:
    """Have these orders carried out, in their order, before the messages that come with them leave."""

    call: str
    way: Way
    orders: Sequence[Order]


@attrs.define
class Engage:
    """Ask an engine that relays the call's media, and give its answer to `Core.engaged`."""

    call: str
    command: Command


@attrs.define
class Alarm:
    """Somebody should look: a name to grep, and a sentence without personal data."""

    name: str
    text: str


@attrs.define
class Closed:
    """The call is over: nothing more will come from it, forget it."""


Act = Reply | Repeat | Start | Abandon | Transmit | Record | Ask | Carry | Engage | Alarm | Closed
