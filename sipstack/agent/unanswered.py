"""Requests of theirs that the application has been told of and not answered yet: none is left so for ever.

A server transaction waits for its user without limit (RFC 3261 §17.2.2), so an application that passes over what it has
no interest in would keep every INFO and MESSAGE until there is room for nothing else. After 64*T1 their sender has
given up (timer F), and what is answered then serves only to end the transaction (RFC 4320 §4.2).
"""

import attrs

from sipstack.agent.acts import Act, Reply
from sipstack.agent.events import Received, Requested
from sipstack.effects import Key
from sipstack.message import Request, Response
from sipstack.timing import Timing


@attrs.define(eq=False, repr=False)
class Unanswered:
    """All of one user agent, in the order in which they came."""

    id: str
    timing: Timing
    _events: dict[Key, tuple[float, Received | Requested]] = attrs.field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._events)

    def told(self, event: Received | Requested, now: float) -> None:
        """The application is told of this one."""
        self._events[event.key] = now + self.timing.give_up, event

    def answered(self, key: Key) -> None:
        """It has a final response."""
        self._events.pop(key, None)

    def responded(self, token: str, response: Response, now: float) -> list[Act]:
        """Nothing is asked here."""
        return []

    def renewed(self, token: str, request: Request, now: float) -> list[Act]:
        """Nor is anything asked again."""
        return []

    def deadline(self) -> float | None:
        """When `tick` is due: all wait equally long, so the first that came is the first to end."""
        return next((due for due, _ in self._events.values()), None)

    def tick(self, now: float) -> list[Act]:
        """Answer 500 to those whose time is over."""
        acts: list[Act] = []
        while (due := self.deadline()) is not None and due <= now:
            _, event = self._events.pop(next(iter(self._events)))
            acts.append(Reply(event.key, event.response(500)))
        return acts

    def __repr__(self) -> str:
        return f"<Unanswered {len(self)}>"
