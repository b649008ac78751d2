"""What a call, or the application, wants of the agent: every step returns such acts, and `UserAgent.do` does them."""

from typing import TYPE_CHECKING, Protocol, TypeAlias

import attrs

from sipstack.agent.events import Event
from sipstack.effects import Key
from sipstack.message import Request, Response

if TYPE_CHECKING:
    from sipstack.agent.session import Session
    from sipstack.dialog import Dialog


class Owner(Protocol):
    """Whoever has requests of ours under way, and a deadline: a call, a registration."""

    @property
    def id(self) -> str:
        """A name, unique in this agent."""

    def responded(self, token: str, response: Response, now: float) -> "list[Act]":
        """A response has come, or our own 408 or 503 stands in its place (RFC 3261 §8.1.3.1)."""

    def renewed(self, token: str, request: Request, now: float) -> "list[Act]":
        """The request goes out once more, by a new transaction: to another target or with credentials."""

    def deadline(self) -> float | None:
        """When `tick` is due."""

    def tick(self, now: float) -> "list[Act]":
        """Do what is due."""


@attrs.define
class Reply:
    """Answer a request of theirs."""

    key: Key
    response: Response


@attrs.define
class Repeat:
    """Send the printed 2xx of an INVITE again (RFC 3261 §13.3.1.4)."""

    key: Key
    wire: bytes


@attrs.define
class Ask:
    """Send a request of ours, wherever `hop` leads; `token` comes back with the responses."""

    token: str
    request: Request
    hop: str
    """The URI of the next hop: the topmost route, else the Request-URI (§8.1.2)."""
    owner: "Owner | None" = None
    """Who gets the responses; None: the application, as `Concluded`."""
    dialog: "Dialog | None" = attrs.field(default=None, kw_only=True)
    """Whose CSeq counts, when the request must be sent again with a new number (§22.2)."""
    authorize: bool = attrs.field(default=True, kw_only=True)
    """Whether the agent answers challenges; False when the owner does."""


@attrs.define
class Acknowledge:
    """Send the ACK to a 2xx of the INVITE `token`, and again each time that 2xx comes again (§13.2.2.4)."""

    token: str
    answer: Response
    ack: Request
    hop: str


@attrs.define
class Withdraw:
    """CANCEL the INVITE `token`."""

    token: str
    headers: tuple[tuple[str, str], ...] = ()


@attrs.define
class Open:
    """Requests in this session's dialog belong to it from now on."""

    session: "Session"


@attrs.define
class Close:
    """They no longer do."""

    dialog: "Dialog"


@attrs.define
class Tell:
    """Tell the application."""

    event: Event


@attrs.define
class Watch:
    """The owner's deadline may have changed."""

    owner: "Owner"


Act: TypeAlias = Reply | Repeat | Ask | Acknowledge | Withdraw | Open | Close | Tell | Watch
