"""CANCEL and the races of the end: scenarios 29 to 39 of docs/scenarios.md."""

import pytest

from policy.roaming import Roaming
from tests.scenarios.talk import ANSWER, OFFER, answers, crossed, methods, ringing, sdp, talking
from tests.world.party import Party, Session
from tests.world.scene import Scene
from tests.world.wire import Wire

HOLD, MOVED = sdp(4000, 2, "a=sendonly"), sdp(5002, 2)


# 29 to 32.


def test_a_cancel_before_any_18x_is_answered_at_once_and_the_callees_waits_for_a_18x() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        began = scene.now
        scene.caller.cancel(near)
        scene.run(0.1)
        told = [(step.what, round(step.at - began, 3)) for step in scene.steps if step.target == "caller"]
        assert told[-2:] == [("200 (1 CANCEL)", 0.01), ("487 (1 INVITE)", 0.01)]
        assert methods(scene.callee) == ["INVITE"]
        scene.callee.respond(invite, 180)
        scene.run(0.1)
        assert methods(scene.callee) == ["INVITE", "CANCEL", "ACK"]
        cancel = crossed(scene.callee, "CANCEL")
        assert (cancel.branch, cancel.start.split()[1]) == (invite.branch, invite.start.split()[1])
        assert near.statuses == [100, 487]


def test_a_cancel_of_a_ringing_call_goes_across_and_both_legs_end_with_487() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        scene.callee.respond(invite, 180)
        scene.run(0.1)
        scene.caller.cancel(near)
        scene.run(0.1)
        assert near.statuses == [100, 180, 487]
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [200]
        assert methods(scene.callee) == ["INVITE", "CANCEL", "ACK"]
        assert crossed(scene.callee, "ACK").branch == invite.branch
    assert scene.record("end").facts["cause"] == "cancelled"


def test_a_cancel_of_an_invite_that_never_gets_to_the_callee_ends_both_legs_all_the_same() -> None:
    with Scene() as scene:
        scene.callee.is_silent = True
        near = scene.caller.invite()
        scene.run(1)
        scene.caller.cancel(near)
        scene.run(40)
        assert near.final == 487
        assert set(methods(scene.callee)) == {"INVITE"}


@pytest.mark.parametrize(
    "milliseconds", [0, 5, 11, 100, 305, 311, 315, 321, 370, 900, 1_355, 1_365, 1_371, 1_375, 1_385]
)
def test_a_cancel_at_any_moment_ends_the_call_or_comes_too_late(milliseconds: int) -> None:
    # 300 ms of question, 180 after 50 ms, 200 a second later; each hop takes 10 ms.
    with Scene(answers={"+32470123456": Roaming.ABROAD}, thinking=0.3) as scene:
        near = scene.caller.invite(caller="<sip:+32470123456@abroad.example>", body=OFFER)
        scene.run(milliseconds / 1000)
        scene.caller.cancel(near)
        scene.run(5)
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [200]
        assert near.final == (200 if milliseconds > 1_365 else 487)
        told = methods(scene.callee)
        if near.final == 200:
            assert told == ["INVITE", "ACK"]
            scene.caller.bye(near)
        elif milliseconds < 300:
            assert told == []
        elif milliseconds < 1_355:
            assert told == ["INVITE", "CANCEL", "ACK"]
        else:
            assert told[-2:] == ["ACK", "BYE"]


def test_a_cancel_that_overtakes_its_invite_is_481_and_the_call_comes_about() -> None:
    with Scene() as scene:
        scene.link.delay = 0.1, 0.1
        near = scene.caller.invite(body=OFFER)
        scene.link.delay = 0.01, 0.01
        scene.caller.cancel(near)
        scene.run(0.05)
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [481]
        scene.run(5)
        assert near.final == 200
        scene.caller.bye(near)


@pytest.mark.parametrize("milliseconds", range(0, 25, 3))
def test_a_cancel_that_crosses_the_200_leaves_either_a_call_or_none(milliseconds: int) -> None:
    scene = Scene()
    with ringing(scene) as (near, far, invite):
        scene.callee.respond(invite, 180)
        scene.run(0.1)
        scene.callee.respond(invite, 200, ANSWER)
        scene.run(milliseconds / 1000)
        scene.caller.cancel(near)
        scene.run(1)
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [200]
        assert far.acked == {1}
        if near.final == 200:
            assert "CANCEL" not in methods(scene.callee)
            assert scene.core.statistics().calls == 1
        else:
            assert near.final == 487
            assert methods(scene.callee)[-2:] == ["ACK", "BYE"]
            assert far.is_over


def test_a_cancel_with_another_branch_is_481_and_the_call_rings_on() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        scene.callee.respond(invite, 180)
        scene.run(0.1)
        theirs, near.invite = near.invite, Wire.read(near.invite.data.replace(b"z9hG4bK", b"z9hG4bKother"))
        scene.caller.cancel(near)
        near.invite = theirs
        scene.run(0.1)
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [481]
        assert methods(scene.callee) == ["INVITE"]
        assert near.final is None
        scene.callee.respond(invite, 200, ANSWER)
        scene.run(1)
        assert near.final == 200


def test_a_cancel_that_comes_twice_is_answered_twice_and_goes_across_once() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        scene.callee.respond(invite, 180)
        scene.run(0.1)
        scene.caller.cancel(near)
        scene.caller.cancel(near)
        scene.run(1)
        assert [wire.status for wire in scene.caller.seen if wire.method == "CANCEL"] == [200, 200]
        assert len(scene.callee.requests("CANCEL")) == 1


# 36 and 37: hanging up.


def test_hang_ups_that_cross_are_both_answered_and_end_one_call_once() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.caller.bye(near)
        scene.callee.bye(far)
        scene.run(1)
        for party in (scene.caller, scene.callee):
            assert {wire.status for wire in party.responses("BYE")} <= {200, 481}
            assert len(party.responses("BYE")) == 1
    assert [record.kind for record in scene.records] == ["verdict", "answer", "end"]


def hangs_up_first(scene: Scene, near: Session, far: Session) -> tuple[Party, Wire]:
    """The caller hangs up, and the callee changes the session before it has heard of it."""
    scene.caller.bye(near)
    scene.run(0.005)
    return scene.callee, scene.callee.request(far, "INVITE", body=MOVED)


def hangs_up_second(scene: Scene, near: Session, far: Session) -> tuple[Party, Wire]:
    """The caller changes the session, and hangs up while the callee thinks."""
    scene.callee.answers["INVITE"] = None
    sent = scene.caller.request(near, "INVITE", body=HOLD)
    scene.run(0.1)
    scene.caller.bye(near)
    return scene.caller, sent


def is_hung_up(scene: Scene, near: Session, far: Session) -> tuple[Party, Wire]:
    """The caller changes the session, and the callee hangs up instead of an answer."""
    scene.callee.answers["INVITE"] = None
    sent = scene.caller.request(near, "INVITE", body=HOLD)
    scene.run(0.1)
    scene.callee.bye(far)
    return scene.caller, sent


@pytest.mark.parametrize(("race", "status"), [(hangs_up_first, 481), (hangs_up_second, 487), (is_hung_up, 487)])
def test_a_change_of_the_session_that_races_a_hang_up_gets_its_final_response(race: object, status: int) -> None:
    assert callable(race)
    scene = Scene()
    with talking(scene) as (near, far):
        party, sent = race(scene, near, far)
        scene.run(1)
        assert answers(party, sent) == [status]
        assert near.is_over
        assert far.is_over
        assert {wire.status for wire in scene.caller.responses("BYE") + scene.callee.responses("BYE")} == {200}


# 38 and 39: glare.


def test_re_invites_that_cross_are_refused_491_and_the_second_tries_succeed() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.callee.answers["INVITE"] = 491  # it has one of its own under way
        first, second = scene.caller.request(near, "INVITE", body=HOLD), scene.callee.request(far, "INVITE", body=MOVED)
        scene.run(0.5)
        assert answers(scene.caller, first) == answers(scene.callee, second) == [491]
        # §14.1: 2.1 to 4 seconds for who owns the Call-ID, 0 to 2 for the other; both of our legs keep their owners.
        scene.callee.answers["INVITE"] = 200
        second = scene.callee.request(far, "INVITE", body=MOVED)
        scene.run(2)
        first = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(2)
        assert answers(scene.callee, second) == answers(scene.caller, first) == [200]
        assert crossed(scene.caller, "INVITE").body == MOVED
        assert crossed(scene.callee, "INVITE").body == HOLD


def test_a_re_invite_while_the_other_sides_is_unanswered_is_491_and_does_not_cross() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.callee.answers["INVITE"] = None
        first = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(0.5)
        second = scene.callee.request(far, "INVITE", body=MOVED)
        scene.run(0.5)
        assert answers(scene.callee, second) == [491]
        assert not scene.caller.requests("INVITE")
        scene.callee.respond(crossed(scene.callee, "INVITE"), 200, ANSWER)
        scene.run(1)
        assert answers(scene.caller, first) == [200]


def test_an_update_that_meets_an_offer_gets_the_491_of_whoever_made_it() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.callee.answers["INVITE"], scene.caller.answers["UPDATE"] = None, 491
        offered = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(0.1)
        update = scene.callee.request(far, "UPDATE", body=MOVED)
        scene.run(0.1)
        assert answers(scene.callee, update) == [491]
        scene.callee.respond(crossed(scene.callee, "INVITE"), 200, ANSWER)
        scene.run(1)
        assert answers(scene.caller, offered) == [200]


def test_a_second_update_before_the_first_is_answered_is_told_when_to_come_again() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["UPDATE"] = None
        first = scene.caller.request(near, "UPDATE", body=HOLD)
        scene.run(0.1)
        second = scene.caller.request(near, "UPDATE", body=MOVED)
        scene.run(0.1)
        one, two = scene.callee.requests("UPDATE")
        scene.callee.respond(two, 500, headers=[("Retry-After", "7")])
        scene.callee.respond(one, 200, ANSWER)
        scene.run(0.1)
        assert answers(scene.caller, first) == [200]
        assert answers(scene.caller, second) == [500]
        (refusal,) = [wire for wire in scene.caller.responses("UPDATE") if wire.status == 500]
        assert refusal.first("retry-after") == "7"
