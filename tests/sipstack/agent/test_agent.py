"""What the user agent does between the application and the wire: targets, credentials, forks, refusals."""

import random

import pytest

from sipstack.agent import (
    Abilities,
    Concluded,
    Enrolled,
    Established,
    Event,
    Invited,
    Progressed,
    Released,
    Reply,
    Requested,
)
from sipstack.agent.registration import Binding, Registered, Unregistered
from sipstack.auth import Account, Challenged, DigestClient, DigestServer, Protection, Secret
from sipstack.errors import ParseError, StateError
from sipstack.flow import Flow
from sipstack.locate import Target
from sipstack.message import Request, parse, response_to
from tests.sipstack.agent.link import SDP, Link
from tests.sipstack.agent.test_calls import ALICE, answers, is_empty, place, rings

KNOWN = Account("alice", Secret.of_password("open sesame"))


def target(address: str, transport: str = "UDP", port: int = 5060) -> Target:
    return Target(transport, address, port, host="bob.example")


# The next hop.


def test_a_name_is_looked_for_and_the_call_goes_where_it_leads() -> None:
    link = Link(names={"bob.example": (target("127.0.0.2"),)})
    alice, bob = link.peer("alice"), link.peer("bob")
    bob.script = answers
    _call, acts = alice.agent.invite("sip:bob@bob.example", SDP, caller=ALICE)
    link.do(alice, acts)
    link.run(1.0)
    assert len(alice.told(Established)) == 1
    assert bob.requests("INVITE")[0].uri == "sip:bob@bob.example"
    assert alice.agent.domains[("127.0.0.2", 5060)] == "bob.example"


def test_a_name_that_leads_nowhere_refuses_the_call() -> None:
    link = Link()
    alice = link.peer("alice")
    _, acts = alice.agent.invite("sip:bob@nowhere.example", SDP, caller=ALICE)
    link.do(alice, acts)
    link.settle()
    assert alice.told(Released)[0].message.status == 503
    assert is_empty(alice)


def test_a_call_given_up_while_its_target_is_looked_for_sends_nothing() -> None:
    link = Link(names={"bob.example": (target("127.0.0.2"),)})
    alice, bob = link.peer("alice"), link.peer("bob")
    call, acts = alice.agent.invite("sip:bob@bob.example", SDP, caller=ALICE)
    link.do(alice, [*acts, *call.hang_up(link.now)])
    link.settle()
    assert alice.releases == ["hung up"]
    assert not bob.heard
    assert is_empty(alice)


@pytest.mark.parametrize("why", ["unreachable", "503", "silent"])
def test_the_next_target_is_tried_with_a_branch_of_its_own(why: str) -> None:
    link = Link()
    alice, carol, bob = link.peer("alice"), link.peer("carol"), link.peer("bob")
    first = "127.0.0.9" if why == "unreachable" else "127.0.0.2"
    link.names = {"bob.example": (target(first), target("127.0.0.3"))}
    if why == "503":
        carol.script = lambda event, now: event.call.refuse(503, now) if isinstance(event, Invited) else ()
    elif why == "silent":
        link.deaf.add(carol.name)
    bob.script = answers
    _, acts = alice.agent.invite("sip:bob@bob.example", SDP, caller=ALICE)
    link.do(alice, acts)
    link.run(40.0)
    assert len(alice.told(Established)) == 1
    sent = [m for m in alice.sent if isinstance(m, Request) and m.method == "INVITE"]
    assert len({m.via.branch for m in sent}) == 2
    assert len({m.call_id for m in sent}) == 1


def test_a_refusal_other_than_503_is_final() -> None:
    link = Link()
    alice, carol, bob = link.peer("alice"), link.peer("carol"), link.peer("bob")
    link.names = {"bob.example": (target("127.0.0.2"), target("127.0.0.3"))}
    carol.script = lambda event, now: event.call.refuse(486, now) if isinstance(event, Invited) else ()
    _, acts = alice.agent.invite("sip:bob@bob.example", SDP, caller=ALICE)
    link.do(alice, acts)
    link.settle()
    assert alice.told(Released)[0].message.status == 486
    assert not bob.heard


def test_a_large_invite_goes_by_tcp_and_comes_back_to_udp_when_nobody_listens_there() -> None:
    for theirs in (("UDP", "TCP"), ("UDP",)):
        link = Link()
        alice, bob = link.peer("alice", ("UDP", "TCP")), link.peer("bob", theirs)
        bob.script = answers
        place(link, alice, bob, SDP + b"a=x\r\n" * 300)
        link.run(1.0)
        assert len(alice.told(Established)) == 1
        assert bob.requests("INVITE")[0].via.transport == theirs[-1]


# Credentials.


def guarded(seen: list[str], **options: object):
    """An application that lets nobody in who does not know the password."""
    secret = Secret.of_password("open sesame")
    server = DigestServer(
        Protection(realm="example", **options), b"k" * 32, random.Random(4).randbytes, lambda user: secret
    )

    def script(event: Event, now: float):
        if not isinstance(event, Invited | Requested):
            return answers(event, now)
        outcome = server.judge(event.request, now)
        seen.append(type(outcome).__name__)
        match event, outcome:
            case Invited(call=call), Challenged(status=status, headers=headers):
                return call.refuse(status, now, headers=headers)
            case Invited(call=call), _:
                return call.answer(SDP, now)
            case Requested(key=key), Challenged(status=status, headers=headers):
                return [Reply(key, event.response(status, headers))]
        contacts = [("Contact", value) for value in event.request.headers.all("contact")]
        return [Reply(event.key, event.response(200, contacts))]

    return script


@pytest.mark.parametrize("proxy", [False, True])
def test_a_challenged_call_is_placed_again_with_credentials(proxy: bool) -> None:
    link, seen = Link(), []
    alice, bob = link.peer("alice", accounts=(KNOWN,)), link.peer("bob")
    bob.script = guarded(seen, proxy=proxy)
    place(link, alice, bob)
    link.run(1.0)
    assert seen == ["Challenged", "Authenticated"]
    assert len(alice.told(Established)) == 1
    first, second = bob.requests("INVITE")
    assert (first.call_id, first.from_.tag) == (second.call_id, second.from_.tag)
    assert second.cseq.number == first.cseq.number + 1
    (name,) = [key for key in ("authorization", "proxy-authorization") if key in second.headers]
    acks = bob.requests("ACK")
    assert acks[-1].headers.first(name) == second.headers.first(name)
    assert acks[-1].cseq.number == second.cseq.number


def test_a_wrong_password_is_tried_once() -> None:
    link, seen = Link(), []
    wrong = Account("alice", Secret.of_password("guess"))
    alice, bob = link.peer("alice", accounts=(wrong,)), link.peer("bob")
    bob.script = guarded(seen)
    place(link, alice, bob)
    link.settle()
    assert seen == ["Challenged", "Challenged"]
    assert alice.told(Released)[0].message.status == 401
    assert is_empty(alice, bob)


def test_without_an_account_a_challenge_is_a_refusal() -> None:
    link, seen = Link(), []
    alice, bob = link.peer("alice"), link.peer("bob")
    bob.script = guarded(seen)
    place(link, alice, bob)
    link.settle()
    assert seen == ["Challenged"]
    assert alice.releases == ["refused"]


def test_a_binding_is_made_refreshed_and_removed() -> None:
    link, seen = Link(), []
    alice, bob = link.peer("alice"), link.peer("bob", abilities=Abilities(methods=("REGISTER", "OPTIONS")))
    bob.script = guarded(seen)
    binding = Binding(
        registrar="sip:127.0.0.2", aor="sip:alice@example", contact="sip:alice@127.0.0.1:5060", expires=60
    )
    client = DigestClient((KNOWN,), random.Random(5).randbytes)
    enrolment, acts = alice.agent.register(binding, link.now, client)
    link.do(alice, acts)
    link.run(200.0)
    assert 5 <= len([event for event in alice.told(Enrolled) if isinstance(event.outcome, Registered)]) <= 8
    link.do(alice, enrolment.unregister(link.now))
    link.settle()
    assert isinstance(alice.told(Enrolled)[-1].outcome, Unregistered)
    assert is_empty(alice, bob)
    numbers = [request.cseq.number for request in bob.requests("REGISTER")]
    assert numbers == sorted(set(numbers))
    assert seen[:2] == ["Challenged", "Authenticated"]


# Forks, and responses as one meets them.


class Wire:
    """One agent against bytes that the test writes."""

    def __init__(self, **options: object) -> None:
        self.link = Link()
        self.alice = self.link.peer("alice", **options)
        self.flow = Flow("alice UDP", ("127.0.0.2", 5060))
        self.link.peer("bob")
        self.link.deaf.add("bob")
        self.call, acts = self.alice.agent.invite("sip:bob@127.0.0.2", SDP, caller=ALICE)
        self.link.do(self.alice, acts)
        self.invite = self.sent("INVITE")[0]

    def sent(self, method: str) -> list[Request]:
        return [m for m in self.alice.sent if isinstance(m, Request) and m.method == method]

    def respond(self, status: int, tag: str | None, *headers: tuple[str, str], body: bytes = b"") -> None:
        contact = ("Contact", f"<sip:{tag}@127.0.0.2:5060>")
        typed = [("Content-Type", "application/sdp")] if body else []
        response = response_to(self.invite, status, to_tag=tag, headers=[contact, *typed, *headers], body=body)
        self.hear(response.encode())

    def hear(self, data: bytes) -> None:
        self.link.perform(self.alice, self.alice.agent.receive(data, self.flow, self.link.now))


def test_of_two_2xx_of_a_fork_the_first_is_the_call_and_the_second_is_ended() -> None:
    wire = Wire()
    wire.respond(180, "one")
    wire.respond(180, "two")
    wire.respond(200, "two", body=SDP)
    wire.respond(200, "one", body=SDP)
    assert [ack.to.tag for ack in wire.sent("ACK")] == ["two", "one"]
    assert [bye.to.tag for bye in wire.sent("BYE")] == ["one"]
    assert len(wire.alice.told(Established)) == 1
    assert not wire.alice.releases
    wire.respond(200, "one", body=SDP)
    wire.respond(200, "two", body=SDP)
    assert [ack.to.tag for ack in wire.sent("ACK")] == ["two", "one", "one", "two"]
    assert len(wire.sent("BYE")) == 1


def test_a_2xx_without_an_answer_is_acknowledged_and_ended() -> None:
    wire = Wire()
    wire.respond(200, "one")
    assert len(wire.sent("ACK")) == len(wire.sent("BYE")) == 1
    assert wire.alice.releases == ["lost"]


def test_a_2xx_whose_route_cannot_be_read_is_acknowledged_and_ended_straight_to_its_contact() -> None:
    wire = Wire()
    wire.respond(200, "one", ("Record-Route", "<sip:["), body=SDP)
    assert [request.uri for request in wire.sent("ACK") + wire.sent("BYE")] == ["sip:one@127.0.0.2:5060"] * 2
    assert wire.alice.releases == ["lost"]


def test_a_bye_before_the_2xx_ends_the_call_when_the_2xx_comes() -> None:
    wire = Wire()
    wire.respond(180, "one")
    bye = (
        f"BYE sip:alice@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKbye;rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:bob@127.0.0.2>;tag=one\r\nTo: {wire.invite.headers.first('from')}\r\n"
        f"Call-ID: {wire.invite.call_id}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
    )
    wire.hear(bye.encode())
    assert len(wire.sent("CANCEL")) == 1
    wire.respond(200, "one", body=SDP)
    assert len(wire.sent("ACK")) == len(wire.sent("BYE")) == 1
    assert len(wire.alice.releases) == 1


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    wire = Wire()
    wire.link.do(wire.alice, wire.call.hang_up(wire.link.now))
    assert not wire.sent("CANCEL")
    wire.respond(100, None)
    assert len(wire.sent("CANCEL")) == 1
    wire.respond(487, "one")
    assert wire.alice.releases == ["hung up"]


def test_reliable_responses_are_shown_once_and_in_order() -> None:
    wire = Wire()
    for rseq in (1, 1, 3, 2):
        wire.respond(183, "one", ("Require", "100rel"), ("RSeq", str(rseq)))
    assert [prack.headers.first("rack") for prack in wire.sent("PRACK")] == ["1 1 INVITE", "2 1 INVITE"]
    assert len(wire.alice.told(Progressed)) == 2


def test_the_ack_goes_the_way_the_2xx_recorded() -> None:
    wire = Wire()
    wire.respond(200, "one", ("Record-Route", "<sip:127.0.0.3;lr>, <sip:127.0.0.4:5080;lr>"), body=SDP)
    (ack,) = wire.sent("ACK")
    assert ack.uri == "sip:one@127.0.0.2:5060"
    assert ack.headers.values("route") == ["<sip:127.0.0.4:5080;lr>", "<sip:127.0.0.3;lr>"]


# Requests outside calls, and mistakes of our own.


@pytest.mark.parametrize(
    ("method", "headers", "body", "status"),
    [
        ("OPTIONS", [], b"", 200),
        ("BREW", [], b"", 501),
        ("PUBLISH", [], b"", 405),
        ("BYE", [], b"", 481),
        ("UPDATE", [], b"", 481),
        ("OPTIONS", [("Require", "teleport")], b"", 420),
        ("OPTIONS", [("Content-Type", "text/tea")], b"x", 415),
        ("OPTIONS", [("Content-Type", "text/tea"), ("Content-Disposition", "x; handling = optional")], b"x", 200),
        ("OPTIONS", [("Content-Type", "application/sdp"), ("Content-Encoding", "gzip")], b"x", 415),
        ("OPTIONS", [("Content-Type", "application/sdp")], b"x" * 70, 413),
    ],
)
def test_a_request_outside_all_calls_is_judged_as_section_8_2_says(
    method: str, headers: list[tuple[str, str]], body: bytes, status: int
) -> None:
    link = Link()
    alice, bob = link.peer("alice"), link.peer("bob", abilities=Abilities(largest_body=64))
    link.do(alice, [alice.agent.request(method, link.uri(bob), caller=ALICE, headers=headers, body=body)])
    link.run(1.0)
    (concluded,) = alice.told(Concluded)
    assert concluded.response.status == status
    if status == 405:
        assert "INVITE" in concluded.response.headers.first("allow")


def test_a_request_of_an_unknown_scheme_gets_416() -> None:
    link = Link()
    alice, bob = link.peer("alice"), link.peer("bob")
    ask = alice.agent.request("OPTIONS", link.uri(bob), caller=ALICE)
    ask.request.uri = "soap:x"
    link.do(alice, [ask])
    link.run(1.0)
    assert alice.told(Concluded)[0].response.status == 416


def test_an_invite_without_contact_is_refused_400() -> None:
    link = Link()
    bob = link.peer("bob")
    data = (
        b"INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"To: <sip:bob@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\r\n"
    )
    outputs = bob.agent.receive(data, Flow("bob UDP", ("127.0.0.2", 5060)), 0.0)
    assert parse(outputs[0].data).status == 400
    assert not bob.told(Invited)


def test_what_may_not_be_done_raises_and_changes_nothing() -> None:
    link = Link()
    alice, bob = link.peer("alice"), link.peer("bob")
    bob.script = rings
    call = place(link, alice, bob)
    link.run(1.0)
    incoming = bob.told(Invited)[0].call
    with pytest.raises(StateError):
        call.reoffer(SDP, link.now)
    with pytest.raises(StateError):
        call.accept(SDP, link.now)
    link.do(bob, incoming.answer(SDP, link.now))
    for again in (lambda: incoming.answer(SDP, link.now), lambda: incoming.ring(link.now)):
        with pytest.raises(StateError):
            again()
    with pytest.raises(StateError):
        alice.agent.request("ACK", "sip:x@127.0.0.2", caller=ALICE)
    with pytest.raises(ParseError):
        alice.agent.invite("not a uri", SDP, caller=ALICE)
    with pytest.raises(StateError):
        alice.agent.invite("sip:x@127.0.0.2", SDP, caller=ALICE, headers=[("X", "a\r\nEvil: 1")])
    link.run(1.0)
    assert len(alice.told(Established)) == 1


def test_responses_that_open_a_dialog_carry_the_recorded_route_back() -> None:
    link = Link()
    bob = link.peer("bob")
    bob.script = answers
    data = (
        b"INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"Record-Route: <sip:127.0.0.3;lr>, <sip:127.0.0.4;lr>\r\nRecord-Route: <sip:127.0.0.5;lr>\r\n"
        b"To: <sip:bob@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
        b"Contact: <sip:a@127.0.0.2>\r\nContent-Type: application/sdp\r\n\r\n" + SDP
    )
    responses = [parse(send.data) for send in bob.agent.receive(data, Flow("bob UDP", ("127.0.0.2", 5060)), 0.0)]
    assert [response.status for response in responses] == [180, 200]
    for response in responses:
        recorded = response.headers.values("record-route")
        assert recorded == ["<sip:127.0.0.3;lr>", "<sip:127.0.0.4;lr>", "<sip:127.0.0.5;lr>"]
