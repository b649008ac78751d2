"""The door of a call whose media an engine relays: what comes for it waits there until its descriptions are ready.

Whoever relays media in another process, or on another host, writes descriptions anew in its own time. A call could hear
a message and learn only later what of it may cross; it is simpler by far to let it hear the message then. What comes
meanwhile waits behind it, so that the call hears everything in the order in which it came.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from b2bua.call.acts import Act
from b2bua.call.leg import Leg
from b2bua.moment import Moment
from sipstack.effects import Key
from sipstack.message import Message, Request, Response

if TYPE_CHECKING:
    from b2bua.call.call import Call

#: Inputs that wait for one engine's answer at most; it takes seconds, and peers say what is not heard again.
MOST_WAITING: Final = 64


@attrs.frozen(eq=False, kw_only=True)
class Waiting:
    """One input of a call."""

    hear: Callable[[Moment], list[Act]]
    """What the call does by it, at whatever moment it is let in."""
    message: Message | None = None
    """What came, if that may describe the session."""
    leg: Leg | None = None
    """The side that it came from."""
    purpose: str = ""
    """What a response is to, as `Call.answered` knows it."""
    unanswered: tuple[Key, Request] | None = None
    """A request whose sender waits for a response."""

    @classmethod
    def of_request(cls, call: "Call", leg: Leg, request: Request, key: Key | None) -> "Waiting":
        """A request in the dialog of a leg; an ACK has no key."""
        if key is None:
            return cls(hear=lambda moment: call.acknowledged(leg, request, moment), message=request, leg=leg)
        return cls(
            hear=lambda moment: call.requested(leg, request, key, moment),
            message=request,
            leg=leg,
            unanswered=(key, request),
        )

    @classmethod
    def of_response(cls, call: "Call", purpose: str, response: Response) -> "Waiting":
        """A response to what was started for that purpose."""
        ours = response.call_id == call.a.call_id
        return cls(
            hear=lambda moment: call.answered(purpose, response, moment),
            message=response,
            leg=call.a if ours else call.b,
            purpose=purpose,
        )


Door: TypeAlias = deque[Waiting]
"""The first is the one that an engine has been asked about."""
