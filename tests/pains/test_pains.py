"""What has hurt others and had no test of its own here: each by its number in docs/pains.md."""

import attrs
import pytest

from b2bua.config import Config, Endpoint, Peer, Target
from sipstack.flow import Flow
from tests.faults.bare import Bare, invite
from tests.faults.carriers import Carriers
from tests.faults.conftest import fresh
from tests.peers.rig import Rig
from tests.world.crowd import Crowd, Plan, Talk
from tests.world.scene import ABROAD_SOCKET, CONFIG, Scene
from tests.world.wire import Wire

__all__ = ["fresh"]


# 3: a CANCEL that comes by another way than its INVITE.


@pytest.mark.parametrize("more", [";rport", ";rport=40123;received=203.0.113.9", ";x=y"])
def test_a_cancel_whose_via_was_added_to_on_the_way_finds_its_invite(more: str) -> None:
    bare = Bare(keep=True)
    bare.hear(invite(1))
    lines = invite(1).decode().partition("\r\nContact:")[0].replace("INVITE", "CANCEL")
    cancel = lines.replace("branch=z9hG4bK1", f"branch=z9hG4bK1{more}") + "\r\nContent-Length: 0\r\n\r\n"
    bare.hear(cancel.encode(), Flow(ABROAD_SOCKET, ("192.0.2.1", 40_123)))
    statuses = [Wire.read(send.data).status for send in bare.sent if send.flow.socket == ABROAD_SOCKET]
    assert statuses == [100, 200, 487]


# 9: an ACK that is there before anybody waits for it.


def test_an_ack_in_the_very_moment_of_the_200_ends_its_repetition() -> None:
    with Scene() as scene:
        scene.link.delay = (0.0, 0.0)
        session = scene.caller.invite()
        scene.run(5)
        assert len([wire for wire in scene.caller.seen if wire.status == 200]) == 1
        (call,) = scene.core._calls.values()
        assert call.call.a.unacked is None
        scene.caller.bye(session)


# 15: whose request it is, the dialog says, and not where it came from.


def test_a_bye_of_the_callee_from_another_port_goes_to_the_caller() -> None:
    with Scene(is_traced=False) as scene:  # the trace has the parties at their own ports
        scene.caller.invite()
        scene.run(2)
        (theirs,) = scene.callee.sessions
        goodbye = scene.callee._in_dialog(theirs, "BYE", 1, (), b"")
        scene.callee._pending.clear()
        scene._perform(scene.core.receive(goodbye, Flow(scene.callee.gateway, ("198.51.100.1", 40_123)), scene.moment))
        theirs.is_over = True
        scene.run(1)
        assert scene.caller.requests("BYE")
        assert not scene.callee.requests("BYE")
    assert scene.record("end").facts["by"] == "home"


# 19: many calls in one moment.


def test_five_hundred_calls_in_one_second_are_served_and_leave_nothing() -> None:
    crowd = Crowd()
    plan = Plan(name="burst", doings=[(3.0, Talk.caller_hangs_up)])
    talks = [crowd.place(plan) for _ in range(500)]
    crowd.run(2.0)
    assert crowd.tables()["calls"] == 500
    assert all(talk.is_set_up for talk in talks)
    crowd.settle()
    assert crowd.ends == {"BYE": 500}


# 21: an INVITE beyond the size of a packet.


@pytest.mark.parametrize("size", [2_000, 20_000])
def test_an_invite_larger_than_a_packet_crosses_whole(fresh: Rig, size: int) -> None:
    fresh.start(t1_ms=100)
    with Carriers(fresh) as carriers:
        headers = [(f"X-{number}", "a" * 990) for number in range(size // 1_000)]
        plan = Plan(name="large", script=[(0.0, 200, b"v=0\r\n")], headers=headers)
        (talk,) = carriers.place(plan)
        carriers.loop.until(lambda: talk.is_set_up, "set up")
        assert talk.callee is not None
        (placed,) = talk.callee.requests("INVITE")
        assert [(name, value) for name, value in placed.fields if name.startswith("x-")] == [
            (name.lower(), value) for name, value in headers
        ]
        talk.caller_hangs_up()
        carriers.loop.until(lambda: talk.caller.responses("BYE"), "hung up")


# 28: a 503 and the next target.


def two_targets() -> Config:
    abroad, home = CONFIG.trunk
    targets = tuple(Target(address=Endpoint.parse(host)) for host in ("198.51.100.2", "198.51.100.1"))
    home = attrs.evolve(home, peers=(*home.peers, Peer.parse("198.51.100.2")), targets=targets)
    return attrs.evolve(CONFIG, trunk=(abroad, home))


def test_a_503_has_its_ack_before_the_next_target_has_its_invite() -> None:
    with Scene(config=two_targets()) as scene:
        scene.spare.script = [(0.01, 503, b"")]
        session = scene.caller.invite()
        scene.run(5)
        assert [wire.method for wire in scene.spare.seen] == ["INVITE", "ACK"]
        left = [step.what for step in scene.steps if step.source == "gateway" and step.target in ("spare", "callee")]
        assert [what.split()[0] for what in left][:3] == ["INVITE", "ACK", "INVITE"]
        scene.caller.bye(session)


# 30: what the end of a call is recorded as, and whose it was.


def ended(side: str) -> tuple[object, object]:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        if side == "abroad":
            scene.caller.bye(session)
        else:
            scene.callee.bye(scene.callee.sessions[0])
    facts = scene.record("end").facts
    assert 3.5 < float(str(facts["seconds"])) < 4.5
    return facts["cause"], facts["by"]


@pytest.mark.parametrize("side", ["abroad", "home"])
def test_the_end_of_a_call_names_the_side_that_hung_up(side: str) -> None:
    assert ended(side) == ("BYE", side)


@pytest.mark.parametrize(
    ("status", "told"), [(404, 404), (480, 480), (486, 486), (500, 500), (503, 500), (600, 600), (603, 603)]
)
def test_the_end_of_a_refused_call_has_the_status_that_its_caller_heard(status: int, told: int) -> None:
    with Scene() as scene:
        scene.callee.script = [(0.01, status, b"")]
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == told
    facts = scene.record("end").facts
    assert (facts["cause"], facts["status"], facts["seconds"]) == ("failed", told, None)
