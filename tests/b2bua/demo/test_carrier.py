"""Two carriers wired together without a gateway between, in virtual time."""

import random

import attrs
import pytest

from b2bua.demo.carrier import Carrier
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request, Response, parse, response_to

CALLER, CALLEE = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
HELLO = (("From", "<sip:+442079460123@abroad.example>"), ("P-Asserted-Identity", "<tel:+442079460123>"))


def carrier(own, peer, seed):
    ids = Ids(random.Random(seed).randbytes)
    return Carrier(name="test", shown=f"{own[0]}:{own[1]}", gateway=Flow("demo", peer), ids=ids)


@attrs.define(eq=False)
class Wire:
    """Carries datagrams at once; `lose` says which get lost."""

    lose: object = None
    now: float = 0.0
    sides: dict = attrs.field(init=False)
    seen: list = attrs.field(factory=list)

    def __attrs_post_init__(self):
        self.sides = {CALLER: carrier(CALLER, CALLEE, 1), CALLEE: carrier(CALLEE, CALLER, 2)}

    @property
    def caller(self):
        return self.sides[CALLER]

    @property
    def callee(self):
        return self.sides[CALLEE]

    def carry(self, effects, sender):
        queue = [(effect, sender) for effect in effects]
        while queue:
            effect, source = queue.pop(0)
            if not isinstance(effect, Send):
                continue
            message = parse(effect.data)
            name = message.method if isinstance(message, Request) else f"{message.status} {message.cseq.method}"
            self.seen.append(name)
            if self.lose is not None and self.lose(name, self.seen):
                continue
            target = effect.flow.remote
            heard = self.sides[target].receive(effect.data, Flow("demo", source), self.now)
            queue += [(each, target) for each in heard]

    def place(self):
        self.carry(self.caller.place("sip:+3293330000@gateway.example", HELLO, self.now), CALLER)

    def run(self, until):
        while True:
            due = [(side.deadline(), address) for address, side in self.sides.items() if side.deadline() is not None]
            if not due or min(due)[0] > until:
                return
            self.now, address = min(due)
            self.carry(self.sides[address].tick(self.now), address)


def first(name):
    """Loses the first message of that name."""
    return lambda current, seen: current == name and seen.count(name) == 1


def test_a_call_rings_is_answered_acknowledged_and_hung_up():
    wire = Wire()
    wire.place()
    assert wire.seen == ["INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"]
    placed, taken = wire.caller.placed, wire.callee.taken
    assert placed.statuses == [180, 200]
    assert placed.is_over
    assert placed.hung_up == 200
    assert taken.is_acked
    assert taken.is_over


def test_the_invite_says_of_its_caller_what_it_was_told_to():
    wire = Wire()
    wire.place()
    invite = wire.callee.taken.invite
    assert invite.headers.first("from").startswith("<sip:+442079460123@abroad.example>;tag=")
    assert invite.headers.all("p-asserted-identity") == ["<tel:+442079460123>"]
    assert invite.body == wire.caller.session


@pytest.mark.parametrize("lost", ["INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"])
def test_a_call_survives_the_loss_of_any_message(lost):
    wire = Wire(lose=first(lost))
    wire.place()
    wire.run(until=10.0)
    assert wire.caller.placed.is_over
    assert wire.callee.taken.is_acked
    assert wire.callee.taken.is_over


def test_a_repeated_answer_gets_the_same_acknowledgement_and_no_second_bye():
    wire = Wire(lose=first("ACK"))
    wire.place()
    wire.run(until=10.0)
    assert wire.seen.count("ACK") == 2
    assert wire.seen.count("BYE") == 1


def test_a_refusal_is_acknowledged_and_ends_the_call():
    alone = carrier(CALLER, CALLEE, 1)
    [sent] = alone.place("sip:+3293330000@gateway.example", HELLO, 0.0)
    refused = response_to(parse(sent.data), 603, to_tag="t", headers=(("Reason", "Q.850;cause=21"),))
    [ack] = alone.receive(refused.encode(), Flow("demo", CALLEE), 0.5)
    assert parse(ack.data).method == "ACK"
    assert alone.placed.is_over
    assert alone.placed.final.status == 603
    assert alone.placed.final_at == 0.5


def test_the_answer_to_a_probe_is_counted_and_is_nothing_heard():
    wire = Wire()
    wire.carry(wire.callee.probe(0.0), CALLEE)
    assert wire.callee.probes == 1
    assert wire.callee.heard == []
    assert len(wire.caller.heard) == 1


def ask(asked, method, to="<sip:x@y>"):
    lines = (
        f"{method} sip:{asked.shown} SIP/2.0",
        f"Via: SIP/2.0/UDP {CALLER[0]}:{CALLER[1]};branch=z9hG4bK{method}",
        "Max-Forwards: 70",
        "From: <sip:a@b>;tag=1",
        f"To: {to}",
        "Call-ID: nobody",
        f"CSeq: 1 {method}",
        "Content-Length: 0",
    )
    data = "\r\n".join([*lines, "", ""]).encode()
    [sent] = asked.receive(data, Flow("demo", CALLER), 0.0)
    answer = parse(sent.data)
    assert isinstance(answer, Response)
    return answer


@pytest.mark.parametrize(
    ("method", "to", "status"),
    [
        ("BYE", "<sip:x@y>;tag=2", 481),
        ("INVITE", "<sip:x@y>", 400),
        ("MESSAGE", "<sip:x@y>", 405),
        ("OPTIONS", "<sip:x@y>", 200),
    ],
)
def test_what_belongs_to_no_call_is_answered_honestly(method, to, status):
    asked = carrier(CALLEE, CALLER, 3)
    assert ask(asked, method, to).status == status
    assert len(asked.heard) == 1


def test_forgetting_clears_what_was_seen_and_a_late_message_meets_no_call():
    wire = Wire(lose=lambda name, _: name == "BYE")
    wire.place()
    wire.callee.forget()
    wire.lose = None
    wire.run(until=1.0)
    assert wire.callee.taken is None
    assert wire.caller.placed.hung_up == 481
