"""A trunk with two targets: what makes a call go on to the second, and what does not."""

from typing import Any

import attrs
import pytest

from b2bua.config import Config, Endpoint, Peer, Target
from policy.roaming import Roaming
from tests.world.scene import CONFIG, Scene

MOBILE = "+32470123456"
SPARE, HOME = Endpoint.parse("198.51.100.2"), Endpoint.parse("198.51.100.1")


def two_targets() -> Config:
    abroad, home = CONFIG.trunk
    home = attrs.evolve(
        home,
        peers=(*home.peers, Peer.parse("198.51.100.2")),
        targets=(Target(address=SPARE), Target(address=HOME)),
    )
    return attrs.evolve(CONFIG, trunk=(abroad, home))


def scene(**options: Any) -> Scene:
    return Scene(config=two_targets(), **options)


def silent(scene: Scene) -> None:
    scene.spare.is_silent = True


def refuses_503(scene: Scene) -> None:
    scene.spare.script = [(0.01, 503, b"")]


def is_gone(scene: Scene) -> None:
    scene.unreachable.add("198.51.100.2")


@pytest.mark.parametrize("trouble", [silent, refuses_503, is_gone])
def test_a_call_goes_on_to_the_next_target(trouble: Any) -> None:
    with scene() as world:
        trouble(world)
        session = world.caller.invite()
        world.run(45)
        assert session.statuses == [100, 180, 200]
        world.caller.bye(session)
    assert [alarm.name for alarm in world.alarms] == ["target"]
    assert len(world.spare.seen) == 0 or world.spare.seen[0].call_id == world.callee.seen[0].call_id


def test_the_next_call_begins_with_the_target_that_answers() -> None:
    with scene() as world:
        silent(world)
        first = world.caller.invite()
        world.run(45)
        world.caller.bye(first)
        tried = len(world.spare.seen)
        second = world.caller.invite()
        world.run(5)
        assert second.statuses == [100, 180, 200]
        assert len(world.spare.seen) == tried
        world.caller.bye(second)


@pytest.mark.parametrize("status", [486, 404, 603, 500])
def test_a_refusal_is_the_callees_word_and_ends_the_hunt(status: int) -> None:
    with scene() as world:
        world.spare.script = [(0.01, status, b"")]
        session = world.caller.invite()
        world.run(5)
        assert session.final == status
    assert not world.callee.seen


def test_once_it_has_rung_no_other_target_is_tried() -> None:
    with scene() as world:
        world.spare.script = [(0.01, 180, b""), (1.0, 503, b"")]
        session = world.caller.invite()
        world.run(5)
        assert session.statuses == [100, 180, 500]
    assert not world.callee.seen


def test_when_every_target_fails_the_caller_hears_of_one_failure() -> None:
    with scene() as world:
        is_gone(world)
        world.callee.script = [(0.01, 503, b"")]
        session = world.caller.invite()
        world.run(5)
        assert session.statuses == [100, 500]
    assert [alarm.name for alarm in world.alarms] == ["target"]


def test_a_caller_who_gives_up_between_two_targets_is_let_go() -> None:
    for at in (0.5, 31.9, 32.1, 33.0):
        with scene() as world:
            silent(world)
            session = world.caller.invite()
            world.run(at)
            world.caller.cancel(session)
            world.run(40)
            assert session.final == 487, at


@pytest.mark.law("K11")
def test_what_a_verdict_takes_out_is_out_at_every_target() -> None:
    with scene(answers={MOBILE: Roaming.FAILED}) as world:
        refuses_503(world)
        number = f"<sip:{MOBILE}@abroad>"
        session = world.caller.invite(caller=number, headers=[("P-Asserted-Identity", number)])
        world.run(5)
        assert session.final == 200
        world.caller.bye(session)
    assert world.record("verdict").facts["verdict"] == "withhold"
    for party in (world.spare, world.callee):
        assert party.requests("INVITE")
        assert not any(MOBILE.encode() in wire.data for wire in party.seen)


def test_a_prack_names_the_invite_by_the_number_of_the_target_that_answered() -> None:
    with scene() as world:
        refuses_503(world)
        world.callee.script = [(0.05, 183, b"v=0\r\n")]
        world.callee.headers = (("Require", "100rel"), ("RSeq", "7"))
        session = world.caller.invite(headers=[("Supported", "100rel")])
        world.run(1)
        world.caller.request(session, "PRACK", [("RAck", "7 1 INVITE")])
        world.run(1)
        (prack,) = [wire for wire in world.callee.seen if wire.start.startswith("PRACK")]
        assert prack.first("rack") == "7 2 INVITE"
        world.caller.cancel(session)


def test_a_late_answer_of_a_target_that_was_given_up_changes_nothing_at_the_one_that_has_the_call() -> None:
    with scene() as world:
        silent(world)
        session = world.caller.invite(body=b"")
        world.run(40)
        assert session.final == 200
        world.deliver(world.spare, world.spare.response(world.spare.seen[0], 200, b"v=0\r\nm=audio 1\r\n", tag="late"))
        again = world.caller.request(session, "INVITE", body=b"v=0\r\n")
        world.run(2)
        assert [wire.status for wire in world.caller.responses() if wire.branch == again.branch] == [200]
        assert len(world.callee.requests("INVITE")) == 2
        world.caller.bye(session)
