"""A registration as the agent runs it: the machine of `registration.py`, its requests sent and its outcomes told."""

import attrs

from sipstack.agent.acts import Act, Ask, Tell, Watch
from sipstack.agent.events import Enrolled
from sipstack.agent.registration import Outcomes, Register, Registration
from sipstack.message import Request, Response


@attrs.define(eq=False, repr=False, kw_only=True)
class Enrolment:
    """One binding at one registrar. Its methods return acts."""

    id: str
    registration: Registration

    def register(self, now: float) -> list[Act]:
        """Register, or refresh at once."""
        return self._acts(self.registration.register(now))

    def unregister(self, now: float, *, everything: bool = False) -> list[Act]:
        """Remove our contact, or everything that is registered for the address (§10.2.2)."""
        return self._acts(self.registration.unregister(now, everything=everything))

    def responded(self, token: str, response: Response, now: float) -> list[Act]:
        """A response to a REGISTER."""
        return self._acts(self.registration.receive(response, now))

    def renewed(self, token: str, request: Request, now: float) -> list[Act]:
        """Another target is tried: for the registration it is the same REGISTER."""
        return []

    def deadline(self) -> float | None:
        """When `tick` is due."""
        return self.registration.deadline()

    def tick(self, now: float) -> list[Act]:
        """Do what is due: a refresh, another try, or the end of the binding."""
        return self._acts(self.registration.tick(now))

    def _acts(self, outcomes: Outcomes) -> list[Act]:
        acts: list[Act] = []
        for outcome in outcomes:
            if isinstance(outcome, Register):
                name = f"{self.id} {outcome.request.cseq.number}"
                acts.append(Ask(name, outcome.request, outcome.hop, self, authorize=False))
            else:
                acts.append(Tell(Enrolled(self, outcome)))
        return [*acts, Watch(self)]

    def __repr__(self) -> str:
        return f"<Enrolment {self.registration!r}>"
