"""Peers that do what they should not, without end: each is bounded."""

import pytest

from b2bua.call.leg import BRANCHES
from tests.world.scene import Scene
from tests.world.wire import Wire


def ringing(scene: Scene) -> Wire:
    """The INVITE at a callee that answers nothing by itself."""
    scene.callee.script = []
    scene.caller.invite()
    scene.run(0.1)
    (invite,) = scene.callee.requests("INVITE")
    return invite


def answered(scene: Scene) -> Wire:
    """The INVITE of a call that stands."""
    invite = ringing(scene)
    scene.callee.respond(invite, 200, b"v=0\r\n")
    scene.run(1)
    return invite


def held(scene: Scene) -> tuple[int, ...]:
    """The sizes of the tables."""
    sizes, layer = scene.core.statistics(), scene.core.layer.statistics()
    return sizes.calls, sizes.transactions, sizes.dialogs, layer.deadlines


def test_a_200_that_never_stops_gets_an_ack_each_time_and_takes_no_room() -> None:
    with Scene() as scene:
        invite = answered(scene)
        (session,) = scene.caller.sessions
        answer = scene.callee._replies[invite.branch, "INVITE"][0]
        before = held(scene)
        for _ in range(300):
            scene.deliver(scene.callee, answer)
            scene.run(0.1)
        acks = [wire for wire in scene.callee.seen if wire.method == "ACK" and wire.status is None]
        assert len({wire.data for wire in acks}) == 1
        # Until 64*T1 after the first one (RFC 6026, timer M) each is answered; what comes later is of no transaction.
        assert 300 <= len(acks) <= 302
        assert all(now <= then for now, then in zip(held(scene), before, strict=True))
        scene.caller.bye(session)


def test_a_thousand_18x_are_told_and_take_no_room() -> None:
    with Scene() as scene:
        invite = ringing(scene)
        (session,) = scene.caller.sessions
        ring = scene.callee.response(invite, 180)
        scene.deliver(scene.callee, ring)
        before = held(scene)
        for _ in range(1_000):
            scene.deliver(scene.callee, ring)
        assert held(scene) == before
        scene.run(0.1)
        assert len([wire for wire in scene.caller.seen if wire.status == 180]) <= 1_001
        scene.callee.respond(invite, 200, b"v=0\r\n")
        scene.run(1)
        assert session.final == 200
        scene.caller.bye(session)


def test_thousands_of_forks_ring_in_the_room_of_a_few_and_the_call_is_answered() -> None:
    with Scene() as scene:
        invite = ringing(scene)
        (session,) = scene.caller.sessions
        scene.link.loss = 1.0  # the caller need not hear so many times that it rings
        before = held(scene)
        for number in range(4_000):
            scene.deliver(scene.callee, scene.callee.response(invite, 180, tag=f"fork-{number}"))
        (call,) = scene.core._calls.values()
        assert call.call.b is not None
        assert len(call.call.b.branches) <= BRANCHES
        calls, transactions, dialogs, _ = held(scene)
        assert (calls, transactions) == before[:2]
        assert dialogs <= before[2] + BRANCHES
        scene.link.loss = 0.0
        scene.callee.respond(invite, 200, b"v=0\r\n")
        scene.run(1)
        assert session.final == 200
        scene.caller.bye(session)


def test_each_of_many_forks_that_answer_gets_its_ack_and_a_bye_and_nothing_is_left() -> None:
    with Scene() as scene:
        invite = answered(scene)
        (session,) = scene.caller.sessions
        for number in range(200):
            scene.deliver(scene.callee, scene.callee.response(invite, 200, b"v=0\r\n", tag=f"fork-{number}"))
        scene.run(1)
        tags = {wire.to_tag for wire in scene.callee.requests("BYE")}
        assert tags == {f"fork-{number}" for number in range(200)}
        assert [wire.status for wire in scene.caller.responses()] == [100, 200]
        scene.run(40)
        assert scene.core.statistics().transactions == 0
        assert scene.core.statistics().calls == 1
        scene.caller.bye(session)


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**32 - 1])
def test_a_number_at_the_end_of_its_range_is_taken_and_what_wraps_is_500(number: int) -> None:
    with Scene() as scene:
        answered(scene)
        (session,) = scene.caller.sessions
        session.cseq = number - 1
        scene.caller.request(session, "INFO")
        scene.run(1)
        session.cseq = 0
        scene.caller.request(session, "INFO")
        scene.run(1)
        assert [wire.status for wire in scene.caller.responses("INFO")] == [200, 500]
        scene.callee.bye(scene.callee.sessions[0])


def test_a_number_beyond_its_range_is_refused_and_the_call_stands() -> None:
    with Scene() as scene:
        answered(scene)
        (session,) = scene.caller.sessions
        session.cseq = 2**32 - 1
        scene.caller.request(session, "INFO")
        scene.run(1)
        assert [wire.status for wire in scene.caller.responses("INFO")] == [400]
        session.cseq = 10
        scene.caller.bye(session)


def test_a_callee_that_takes_a_cancel_and_answers_all_the_same_is_hung_up() -> None:
    with Scene() as scene:
        scene.callee.heeds_cancel = False
        scene.callee.script = [(0.05, 180, b""), (3.0, 200, b"v=0\r\n")]
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(5)
        assert session.final == 487
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [200]
        assert scene.callee.sessions[0].acked
        assert scene.callee.requests("BYE")


@pytest.mark.parametrize("status", [302, 401, 407, 422, 503])
def test_a_callee_that_refuses_for_ever_has_a_bounded_number_of_tries(status: int) -> None:
    more = {
        302: [("Contact", "<sip:+3293330000@198.51.100.1>")],
        401: [("WWW-Authenticate", 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"')],
        407: [("Proxy-Authenticate", 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"')],
        422: [("Min-SE", "1800")],
        503: [("Retry-After", "0")],
    }[status]
    with Scene() as scene:
        scene.callee.script = [(0.01, status, b"")]
        scene.callee.headers = tuple(more)
        session = scene.caller.invite(headers=[("Supported", "timer"), ("Session-Expires", "90")])
        scene.run(60)
        assert session.final is not None
        assert session.final >= 300
        tried = {wire.cseq for wire in scene.callee.requests("INVITE")}
        assert 1 <= len(tried) <= 8
    assert [record.kind for record in scene.records].count("end") == 1
