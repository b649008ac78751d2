"""Whole calls between two user agents."""

import pytest

from sipstack.agent import (
    Established,
    Event,
    IncomingCall,
    Invited,
    Progressed,
    Reanswered,
    Received,
    Released,
    Reoffered,
    Reply,
    Responded,
)
from sipstack.message import Response
from tests.sipstack.agent.link import SDP, Link, Peer, nothing

ALICE = "Alice <sip:alice@example.org>"


def answers(event: Event, now: float):
    match event:
        case Invited(call=call):
            return [*call.ring(now), *call.answer(SDP, now)]
        case Reoffered(call=call):
            return call.accept(SDP, now)
        case Received(key=key):
            return [Reply(key, event.response(200))]
    return ()


def rings(event: Event, now: float):
    match event:
        case Invited(call=call):
            return call.ring(now)
    return ()


@pytest.fixture(params=["UDP", "TCP"])
def pair(request: pytest.FixtureRequest) -> tuple[Link, Peer, Peer]:
    link = Link()
    return link, link.peer("alice", (request.param,)), link.peer("bob", (request.param,))


def place(link: Link, alice: Peer, bob: Peer, body: bytes = SDP, **options: object):
    call, acts = alice.agent.invite(link.uri(bob), body, caller=ALICE, **options)
    link.do(alice, acts)
    return call


def is_empty(*peers: Peer) -> bool:
    return all(not len(peer.agent) and not len(peer.agent.layer) and peer.agent.deadline() is None for peer in peers)


def test_a_call_is_placed_answered_and_hung_up_by_the_caller(pair) -> None:
    link, alice, bob = pair
    bob.script = answers
    call = place(link, alice, bob)
    link.run(1.0)
    assert [event.response.status for event in alice.told(Progressed)] == [180]
    assert len(alice.told(Established)) == len(bob.told(Established)) == 1
    link.do(alice, call.hang_up(link.now))
    link.settle()
    assert alice.releases == ["hung up"]
    assert bob.releases == ["bye"]
    assert call.over
    assert is_empty(alice, bob)


def test_the_called_side_can_hang_up(pair) -> None:
    link, alice, bob = pair
    bob.script = answers
    place(link, alice, bob)
    link.run(1.0)
    (stands,) = bob.told(Established)
    link.do(bob, stands.call.hang_up(link.now))
    link.settle()
    assert alice.releases == ["bye"]
    assert bob.releases == ["hung up"]
    assert is_empty(alice, bob)


def test_a_hang_up_before_the_ack_waits_for_it(pair) -> None:
    link, alice, bob = pair

    def answers_and_leaves(event: Event, now: float):
        match event:
            case Invited(call=call):
                return [*call.answer(SDP, now), *call.hang_up(now)]
        return ()

    bob.script = answers_and_leaves
    place(link, alice, bob)
    link.settle()
    methods = [message.method for message in alice.sent if not isinstance(message, Response)]
    assert methods == ["INVITE", "ACK"]
    assert [message.method for message in bob.sent if not isinstance(message, Response)] == ["BYE"]
    assert alice.releases == ["bye"]
    assert bob.releases == ["hung up"]
    assert is_empty(alice, bob)


def test_a_caller_who_gives_up_cancels(pair) -> None:
    link, alice, bob = pair
    bob.script = rings
    call = place(link, alice, bob)
    link.run(1.0)
    link.do(alice, call.hang_up(link.now, [("Reason", "SIP;cause=200")]))
    link.settle()
    assert alice.releases == ["hung up"]
    assert bob.releases == ["cancelled"]
    (cancel,) = bob.requests("CANCEL")
    assert cancel.headers.first("reason") == "SIP;cause=200"
    tags = {m.to.tag for m in bob.sent if isinstance(m, Response) and m.status != 100}
    assert len(tags) == 1
    assert is_empty(alice, bob)


def test_a_cancel_that_crosses_the_2xx_ends_in_ack_and_bye(pair) -> None:
    link, alice, bob = pair
    bob.script = rings
    call = place(link, alice, bob)
    link.run(1.0)
    (invited,) = bob.told(Invited)
    link.do(alice, call.hang_up(link.now))
    link.do(bob, invited.call.answer(SDP, link.now))
    link.settle()
    assert len(bob.requests("ACK")) == 1
    assert len(bob.requests("BYE")) == 1
    assert alice.releases == ["hung up"]
    assert bob.releases == ["bye"]
    assert is_empty(alice, bob)


def test_a_refused_call_tells_its_status(pair) -> None:
    link, alice, bob = pair
    bob.script = lambda event, now: event.call.refuse(486, now) if isinstance(event, Invited) else ()
    place(link, alice, bob)
    link.settle()
    assert alice.told(Released)[0].message.status == 486
    assert alice.releases == bob.releases == ["refused"]
    assert is_empty(alice, bob)


def test_a_dead_peer_gives_408_and_an_unreachable_one_503() -> None:
    for uri, status in (("sip:nobody@127.0.0.9", 503), ("sip:bob@127.0.0.2", 408)):
        link = Link()
        alice, bob = link.peer("alice"), link.peer("bob")
        link.drop = lambda message, bob=bob: True
        if status == 503:
            link.drop = lambda message: False
        _, acts = alice.agent.invite(uri, SDP, caller=ALICE)
        link.do(alice, acts)
        link.settle()
        (released,) = alice.told(Released)
        assert released.message.status == status
        assert is_empty(alice)


def test_a_late_offer_is_answered_in_the_ack(pair) -> None:
    link, alice, bob = pair
    bob.script = answers
    alice.script = lambda event, now: event.call.acknowledge(SDP) if isinstance(event, Established) else ()
    place(link, alice, bob, b"")
    link.run(1.0)
    (ack,) = bob.requests("ACK")
    assert ack.body == SDP
    assert ack.content_type == "application/sdp"


def test_either_side_can_reoffer(pair) -> None:
    link, alice, bob = pair
    alice.script = bob.script = answers
    call = place(link, alice, bob)
    link.run(1.0)
    link.do(alice, call.reoffer(SDP + b"a=sendonly\r\n", link.now))
    link.run(1.0)
    link.do(bob, bob.told(Established)[0].call.reoffer(SDP + b"a=inactive\r\n", link.now))
    link.run(1.0)
    link.do(alice, call.reoffer(SDP, link.now, method="UPDATE"))
    link.run(1.0)
    assert [event.response.status for event in alice.told(Reanswered) + bob.told(Reanswered)] == [200, 200, 200]
    assert [event.request.method for event in bob.told(Reoffered)] == ["INVITE", "UPDATE"]
    assert len(bob.requests("ACK")) == 2
    assert len(alice.requests("ACK")) == 1


def test_a_refused_reoffer_leaves_the_call_standing(pair) -> None:
    link, alice, bob = pair
    bob.script = lambda event, now: (
        event.call.refuse_offer(488) if isinstance(event, Reoffered) else answers(event, now)
    )
    call = place(link, alice, bob)
    link.run(1.0)
    link.do(alice, call.reoffer(SDP, link.now))
    link.run(1.0)
    assert [event.response.status for event in alice.told(Reanswered)] == [488]
    assert not alice.releases
    link.do(alice, call.request("INFO", [("Info-Package", "x")], b"5", "application/dtmf"))
    link.run(1.0)
    assert not call.over


def test_reinvites_that_cross_are_both_refused_491_and_come_through_in_the_end(pair) -> None:
    link, alice, bob = pair
    alice.script = bob.script = answers
    call = place(link, alice, bob)
    link.run(1.0)
    link.do(alice, call.reoffer(SDP, link.now))
    link.do(bob, bob.told(Established)[0].call.reoffer(SDP, link.now))
    link.run(20.0)
    statuses = [m.status for m in alice.heard + bob.heard if isinstance(m, Response) and m.cseq.method == "INVITE"]
    assert 491 in statuses
    assert [event.response.status for event in alice.told(Reanswered) + bob.told(Reanswered)] == [200, 200]


def test_other_requests_in_the_call_are_answered_by_the_application(pair) -> None:
    link, alice, bob = pair
    abilities = None
    bob.script = answers
    call = place(link, alice, bob)
    link.run(1.0)
    link.do(alice, call.request("INFO"))
    link.do(alice, call.request("OPTIONS"))
    link.do(alice, call.request("MESSAGE"))
    link.run(1.0)
    assert sorted(event.response.status for event in alice.told(Responded)) == [200, 200, 405]
    assert abilities is None
    assert len(bob.told(Received)) == 1


def test_a_reliable_response_is_acknowledged_by_prack_before_the_2xx(pair) -> None:
    link, alice, bob = pair

    def rings_reliably(event: Event, now: float):
        match event:
            case Invited(call=call):
                assert isinstance(call, IncomingCall)
                return [*call.ring(now, 183, SDP, reliable=True), *call.answer(b"", now)]
        return ()

    bob.script = rings_reliably
    place(link, alice, bob)
    link.run(1.0)
    order = [
        message.method if not isinstance(message, Response) else f"{message.status} {message.cseq.method}"
        for message in bob.heard + bob.sent
    ]
    assert order[:2] == ["INVITE", "PRACK"]
    assert order.index("200 PRACK") < order.index("200 INVITE")
    assert len(alice.told(Established)) == 1


def test_a_reliable_response_without_prack_is_repeated_and_given_up() -> None:
    link = Link()
    alice, bob = link.peer("alice"), link.peer("bob")
    link.drop = lambda message: message.cseq.method == "PRACK"
    bob.script = lambda event, now: event.call.ring(now, 183, SDP, reliable=True) if isinstance(event, Invited) else ()
    place(link, alice, bob)
    link.settle()
    assert bob.releases == ["no ACK"]
    assert alice.told(Released)[0].message.status in (408, 504)
    assert is_empty(alice, bob)


def test_a_2xx_without_ack_is_repeated_and_ended_by_bye(pair) -> None:
    link, alice, bob = pair
    link.drop = lambda message: not isinstance(message, Response) and message.method == "ACK"
    bob.script = answers
    place(link, alice, bob)
    link.settle()
    finals = [m for m in bob.sent if isinstance(m, Response) and m.status == 200 and m.cseq.method == "INVITE"]
    acks = [m for m in alice.sent if not isinstance(m, Response) and m.method == "ACK"]
    assert len(finals) > 8
    assert len({ack.encode() for ack in acks}) == 1
    assert len(acks) == len(finals)
    assert bob.releases == ["no ACK"]
    assert alice.releases == ["bye"]
    assert is_empty(alice, bob)


def test_a_call_survives_a_bad_network() -> None:
    for seed in range(12):
        link = Link(seed=seed, loss=0.2, copies=0.2, jitter=0.3)
        alice, bob = link.peer("alice"), link.peer("bob")
        bob.script = answers
        call = place(link, alice, bob)
        link.run(40.0)
        assert len(alice.told(Established)) == len(bob.told(Established)) == 1, seed
        link.do(alice, call.hang_up(link.now))
        link.settle()
        assert (alice.releases, bob.releases) == (["hung up"], ["bye"]), seed
        assert is_empty(alice, bob), seed


def test_the_session_is_refreshed_by_whoever_agreed_to_it() -> None:
    link = Link()
    alice, bob = link.peer("alice", session_interval=90), link.peer("bob", session_interval=90)
    bob.script = alice.script = answers
    call = place(link, alice, bob)
    link.run(600.0)
    assert not call.over
    refreshes = len(bob.requests("UPDATE")) + len(alice.requests("UPDATE"))
    assert 10 <= refreshes <= 14


def test_a_session_that_nobody_refreshes_expires() -> None:
    link = Link()
    alice, bob = link.peer("alice", session_interval=90), link.peer("bob", session_interval=90)
    bob.script = answers
    place(link, alice, bob)
    link.run(1.0)
    link.drop = lambda message: True
    link.run(300.0)
    assert set(alice.releases + bob.releases) <= {"session expired", "lost"}
    assert is_empty(alice, bob)


def test_a_too_short_interval_is_asked_for_again_longer() -> None:
    link = Link()
    alice, bob = link.peer("alice", session_interval=90), link.peer("bob", min_se=600)
    bob.script = answers
    place(link, alice, bob)
    link.run(2.0)
    first, second = bob.requests("INVITE")
    assert first.headers.first("session-expires").startswith("90")
    assert second.headers.first("session-expires").startswith("600")
    assert second.cseq.number == first.cseq.number + 1
    assert first.call_id == second.call_id
    assert len(alice.told(Established)) == 1


def test_requests_nobody_knows_are_refused_for_the_right_reason() -> None:
    link = Link()
    alice, bob = link.peer("alice"), link.peer("bob")
    bob.script = nothing
    told = []
    for method, headers, body in (
        ("OPTIONS", [], b""),
        ("BREW", [], b""),
        ("PUBLISH", [], b""),
        ("OPTIONS", [("Require", "teleport")], b""),
        ("OPTIONS", [("Content-Type", "text/tea")], b"x"),
        ("INFO", [], b""),
        ("BYE", [], b""),
    ):
        link.do(alice, [alice.agent.request(method, link.uri(bob), caller=ALICE, headers=headers, body=body)])
        link.run(1.0)
        told.append(alice.events[-1].response.status)
        if method == "INFO":
            break
    assert told[:5] == [200, 501, 405, 420, 415]
