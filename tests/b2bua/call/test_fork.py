"""Branches of a forked INVITE that accept a call which has no need of them."""

import pytest

from tests.world.scene import Scene
from tests.world.wire import Wire


def invite_of(scene: Scene) -> Wire:
    (invite,) = scene.callee.requests("INVITE")
    return invite


def test_a_branch_that_answers_after_the_call_is_over_is_acked_and_hung_up() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        scene.callee.respond(invite_of(scene), 200, tag="one")
        scene.run(1)
        scene.callee.sessions[0].tag = "one"
        scene.caller.bye(session)
        scene.run(1)
        assert scene.record("end").facts["cause"] == "BYE"
        scene.callee.respond(invite_of(scene), 200, tag="two")
        scene.run(1)
        assert [wire.to_tag for wire in scene.callee.requests("ACK")] == ["one", "two"]
        assert [wire.to_tag for wire in scene.callee.requests("BYE")] == ["one", "two"]


def test_the_ack_of_such_a_branch_is_repeated_when_it_is_lost() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        scene.callee.respond(invite_of(scene), 200, tag="one")
        scene.run(1)
        scene.callee.sessions[0].tag = "one"
        scene.caller.bye(session)
        scene.run(1)
        for _ in range(2):
            scene.callee.respond(invite_of(scene), 200, tag="two")
            scene.run(0.1)
        late = [wire for wire in scene.callee.seen if wire.method == "ACK" and wire.to_tag == "two"]
        assert len(late) == 2
        assert late[0].data == late[1].data
        assert [wire.to_tag for wire in scene.callee.requests("BYE")] == ["one", "two"]


def test_the_winners_2xx_that_comes_again_after_the_end_is_acked_again_and_hung_up_once() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        answer = scene.callee.response(invite_of(scene), 200, b"v=0\r\n", tag="one")
        scene.deliver(scene.callee, answer)
        scene.callee.sessions[0].tag = "one"
        scene.run(1)
        scene.caller.bye(session)
        scene.run(1)
        scene.deliver(scene.callee, answer)
        scene.run(1)
        assert len([wire for wire in scene.callee.seen if wire.method == "ACK"]) == 2
        assert len(scene.callee.requests("BYE")) == 1


def test_nothing_of_a_fork_is_kept_when_its_transaction_is_over() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.caller.bye(session)
        scene.run(1)
        assert len(scene.core._forks) == 1
        scene.run(64 * 0.5)
        assert not scene.core._forks


@pytest.mark.parametrize("ending", ["caller", "callee"])
def test_a_re_invite_that_is_accepted_when_the_call_is_over_is_acked(ending: str) -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.callee.answers["INVITE"] = None
        scene.caller.request(session, "INVITE", body=b"v=0\r\n")
        scene.run(1)
        invite = scene.callee.requests("INVITE")[-1]
        if ending == "caller":
            scene.caller.bye(session)
        else:
            scene.callee.bye(scene.callee.sessions[0])
        scene.run(1)
        scene.callee.respond(invite, 200, b"v=0\r\n")
        scene.run(1)
        assert scene.callee.sessions[0].acked == {1, invite.cseq}
