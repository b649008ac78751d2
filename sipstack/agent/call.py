"""A call as the application holds it: what can be done with it, whichever side began it.

Each method returns acts, to be returned by the application or given to `UserAgent.do`. The methods that open a call
are those of `IncomingCall` and `OutgoingCall`; from then on both are the same.
"""

import abc
from collections.abc import Iterable

import attrs

from sipstack.agent.acts import Act, Watch
from sipstack.agent.context import Context
from sipstack.agent.listener import Listener
from sipstack.agent.session import Session
from sipstack.effects import Key
from sipstack.errors import StateError
from sipstack.message import Request, Response

Fields = Iterable[tuple[str, str]]


@attrs.define(eq=False, repr=False, kw_only=True)
class Call(abc.ABC):
    """One call. `over` is true once `Released` has been told; its methods then raise StateError.

    So do they, and nothing changes, for a header that would not print as one line.
    """

    id: str
    """A name for the application, unique in this agent."""
    context: Context
    listener: Listener
    session: Session | None = None
    """The dialog that is the call; None until there is one."""
    over: bool = False

    @property
    def awaits_answer(self) -> bool:
        """Whether a 2xx had the offer, so that its ACK waits for `acknowledge`."""
        return self.session is not None and self.session.awaits_answer

    # The application's, when the call stands.

    def reoffer(self, body: bytes, now: float, *, method: str = "INVITE", headers: Fields = ()) -> list[Act]:
        """Offer another session, by re-INVITE or UPDATE; without a body, a re-INVITE asks for an offer.

        `Reanswered` tells the outcome. After a 491 it is sent again by itself, a few times (§14.1). Raises StateError
        while another offer is under way.
        """
        return self._watched(self._standing().reoffer(method, body, headers))

    def accept(self, body: bytes, now: float, headers: Fields = ()) -> list[Act]:
        """Answer 200 to the re-INVITE or UPDATE of `Reoffered`, with our answer, or with an offer where it had none."""
        return self._watched(self._asked().accept(body, now, headers))

    def refuse_offer(self, status: int = 488, headers: Fields = ()) -> list[Act]:
        """Refuse the re-INVITE or UPDATE of `Reoffered`: the session stays as it is (§14.2)."""
        return self._watched(self._asked().refuse(status, headers))

    def acknowledge(self, body: bytes) -> list[Act]:
        """Send the ACK with our answer, when the 2xx of `Established` or `Reanswered` had the offer."""
        return self._watched(self._standing().acknowledge(body))

    def request(self, method: str, headers: Fields = (), body: bytes = b"", content_type: str = "") -> list[Act]:
        """Send INFO, MESSAGE, REFER, NOTIFY, OPTIONS ...; `Responded` tells the outcome.

        Raises StateError for what has a method of its own, as BYE has `hang_up`.
        """
        return self._watched(self._standing().request(method, headers, body, content_type))

    @abc.abstractmethod
    def hang_up(self, now: float, headers: Fields = ()) -> list[Act]:
        """End the call in the way its stage asks for: CANCEL, a refusal, or BYE; `headers`, say a Reason, go along."""

    # The agent's.

    @abc.abstractmethod
    def requested(self, session: Session, request: Request, key: Key, now: float) -> list[Act]:
        """A request has come in one of the call's dialogs."""

    @abc.abstractmethod
    def acknowledged(self, session: Session, ack: Request, now: float) -> list[Act]:
        """An ACK to a 2xx has come."""

    @abc.abstractmethod
    def cancelled(self, key: Key, cancel: Request, now: float) -> list[Act]:
        """A CANCEL has come; it has been answered."""

    @abc.abstractmethod
    def responded(self, token: str, response: Response, now: float) -> list[Act]:
        """A response to a request of the call has come, or our own 408 or 503 in its place (§8.1.3.1)."""

    @abc.abstractmethod
    def renewed(self, token: str, request: Request, now: float) -> list[Act]:
        """A request of the call goes out once more, to another target or with credentials."""

    @abc.abstractmethod
    def deadline(self) -> float | None:
        """When `tick` is due."""

    @abc.abstractmethod
    def tick(self, now: float) -> list[Act]:
        """Do what is due."""

    def _standing(self) -> Session:
        if self.session is None or self.session.over:
            raise StateError("the call does not stand")
        return self.session

    def _asked(self) -> Session:
        """The dialog whose offer waits for the application."""
        return self._standing()

    def _watched(self, acts: list[Act]) -> list[Act]:
        if self.session is not None and self.session.over:
            self.over = True
        return [*acts, Watch(self)]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}{' over' if self.over else ''}>"
