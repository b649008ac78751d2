"""All that can happen in four steps between a user agent and a peer that does as it likes.

What the peer and the application do is written out as steps; each history begins with the INVITE, and in the end the
application leaves what is left and the peer falls silent. Then nothing may be left, whatever came before.
"""

import itertools

import pytest

from sipstack.agent import Established, Event, Invited, Received, Reoffered, Reply, Requested
from sipstack.errors import StateError
from sipstack.message import Request, Response
from tests.sipstack.agent.link import SDP
from tests.sipstack.agent.wire import Wire, laws


class History:
    """One run: a step is a method."""

    def __init__(self, offers: bool) -> None:
        self.wire = Wire.of(self.application, session_interval=None)
        self.body = SDP if offers else b""
        self.rseq = 0
        self.call = None

    def application(self, event: Event, now: float):
        match event:
            case Invited(call=call):
                self.call = call
            case Reoffered(call=call):
                return call.accept(SDP, now)
            case Received(key=key) | Requested(key=key):
                return [Reply(key, event.response(200))]
            case Established(call=call) if call.awaits_answer:
                return call.acknowledge(SDP)
        return ()

    def act(self, name: str, /, *arguments: object, **named: object) -> None:
        """The application does it, or is told that it may not."""
        try:
            acts = getattr(self.call, name)(*arguments, **named)
        except StateError:
            return
        self.wire.do(acts)

    # Either side.

    def step(self, name: str) -> None:
        getattr(self, name)()

    def hang_up(self) -> None:
        self.act("hang_up", self.wire.link.now)

    def reinvite(self) -> None:
        self.act("reoffer", SDP, self.wire.link.now)

    def update(self) -> None:
        self.act("reoffer", SDP, self.wire.link.now, method="UPDATE")

    def their_bye(self) -> None:
        self.wire.within("BYE")

    def their_update(self) -> None:
        self.wire.within("UPDATE", SDP)

    def their_reinvite(self) -> None:
        self.wire.within("INVITE", SDP)

    def again(self) -> None:
        if self.wire.last:
            self.wire.hear(self.wire.last)

    def nothing_for_a_while(self) -> None:
        self.wire.run(0.6)

    def their_answers(self) -> None:
        self.wire.answer_all()

    def unreachable(self) -> None:
        agent, flow = self.wire.agent.agent, self.wire.flow
        self.wire.link.perform(self.wire.agent, agent.transport_failed(flow, self.wire.link.now))

    def finish(self) -> None:
        self.hang_up()
        self.wire.run(200.0)
        laws(self.wire)


class Called(History):
    """The peer has called."""

    def begin(self) -> None:
        self.wire.call(self.body, (("Supported", "100rel"),))

    def ring(self) -> None:
        self.act("ring", self.wire.link.now)

    def ring_reliably(self) -> None:
        self.act("ring", self.wire.link.now, 183, SDP, reliable=True)

    def answer(self) -> None:
        self.act("answer", SDP, self.wire.link.now)

    def refuse(self) -> None:
        self.act("refuse", 486, self.wire.link.now)

    def cancel(self) -> None:
        self.wire.cancel()

    def ack(self) -> None:
        self.wire.ack(body=b"" if self.body else SDP)

    def prack(self) -> None:
        numbers = [m.headers.first("rseq") or "1" for m in self.wire.sent if isinstance(m, Response)]
        self.wire.within("PRACK", b"" if self.body else SDP, (("RAck", f"{(numbers or ['1'])[-1]} 1 INVITE"),))

    def finish(self) -> None:
        super().finish()
        number = self.wire.invite.cseq.number
        finals = {
            m.status
            for m in self.wire.sent
            if isinstance(m, Response) and m.cseq == self.wire.invite.cseq and m.status >= 200
        }
        assert len(finals) == 1, (number, finals)


class Calling(History):
    """The agent has called."""

    is_refused = False

    def begin(self) -> None:
        self.call = self.wire.place(self.body)

    def ring(self) -> None:
        self.wire.respond(180)

    def ring_reliably(self) -> None:
        self.rseq += 1
        self.wire.respond(183, headers=(("Require", "100rel"), ("RSeq", str(self.rseq))), body=SDP)

    def answer(self) -> None:
        self.wire.respond(200, body=SDP)

    def answer_elsewhere(self) -> None:
        self.wire.respond(200, "two", body=SDP)

    def answer_badly(self) -> None:
        self.wire.respond(200)

    def refuse(self) -> None:
        self.wire.respond(486)

    def step(self, name: str) -> None:
        waits = self.wire.agent.agent.layer.statistics().client_invites > 0 and not self.is_refused
        self.is_refused |= name == "refuse"
        before = len(self.wire.sent)
        super().step(name)
        if name.startswith("answer") and waits:
            after = [m for m in self.wire.sent[before:] if isinstance(m, Request)]
            assert [m.method for m in after][:1] == ["ACK"], "a 2xx without its ACK"


COMMON = [
    "ring",
    "ring_reliably",
    "answer",
    "refuse",
    "hang_up",
    "their_bye",
    "their_update",
    "their_reinvite",
    "again",
]
STEPS = {Called: [*COMMON, "cancel", "ack", "prack"], Calling: [*COMMON, "answer_elsewhere"]}
RARER = ["reinvite", "update", "nothing_for_a_while", "their_answers", "unreachable"]
ALL = {Called: [*STEPS[Called], *RARER], Calling: [*STEPS[Calling], *RARER, "answer_badly"]}
offers = pytest.mark.parametrize("offers", [True, False], ids=["early offer", "late offer"])


def run(kind: type[History], offers: bool, steps: tuple[str, ...]) -> None:
    history = kind(offers)
    history.begin()
    for step in steps:
        history.step(step)
    history.finish()


@offers
@pytest.mark.parametrize("kind", STEPS)
def test_nothing_escapes_and_nothing_is_left_after_any_four_steps(kind: type[History], offers: bool) -> None:
    for steps in itertools.product(STEPS[kind], repeat=3):
        try:
            run(kind, offers, steps)
        except Exception as error:
            raise AssertionError(f"INVITE, {', '.join(steps)}") from error


@offers
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "first"), [(kind, first) for kind in ALL for first in ALL[kind]])
def test_nor_when_rarer_things_happen(kind: type[History], offers: bool, first: str) -> None:
    for steps in itertools.product(ALL[kind], repeat=2):
        run(kind, offers, (first, *steps))
