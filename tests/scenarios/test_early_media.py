"""Provisional responses, forks and early media: scenarios 18 to 28 of docs/scenarios.md."""

import pytest

from tests.scenarios.talk import ANSWER, answers, crossed, methods, ringing, sdp
from tests.world.scene import Scene

RELIABLE = [("Require", "100rel"), ("RSeq", "4711")]
SUPPORTED = [("Supported", "100rel")]


# 18.


def test_each_18x_is_told_in_its_order_with_the_description_it_has() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        for status, body in ((180, b""), (183, ANSWER), (180, b""), (200, ANSWER)):
            scene.callee.respond(invite, status, body)
            scene.run(0.1)
        heard = [(wire.status, wire.body) for wire in scene.caller.seen if wire.method == "INVITE"][1:]
        assert heard == [(180, b""), (183, ANSWER), (180, b""), (200, ANSWER)]
        assert near.final == 200


# 19 and 20: forks.


def test_each_fork_of_a_callee_is_a_dialog_to_the_caller_with_its_own_description_and_the_winners_goes_on() -> None:
    scene = Scene()
    with ringing(scene) as (near, far, invite):
        one, two = sdp(5001), sdp(5002)
        scene.callee.respond(invite, 183, one, tag="one")
        scene.callee.respond(invite, 183, two, tag="two")
        scene.run(0.1)
        scene.callee.respond(invite, 200, two, tag="two")
        scene.run(1)
        heard = [(wire.status, wire.body) for wire in scene.caller.responses() if wire.status != 100]
        assert heard == [(183, one), (183, two), (200, two)]
        first, second, winner = [wire.to_tag for wire in scene.caller.responses() if wire.status != 100]
        assert first != second == winner
        far.tag = "two"
        scene.caller.request(near, "INFO")
        scene.run(1)
        assert crossed(scene.callee, "INFO").to_tag == "two"
        assert [wire.to_tag for wire in scene.callee.requests("ACK")] == ["two"]


def test_the_reliable_18x_of_two_forks_are_numbered_each_in_its_dialog_and_each_prack_finds_its_fork() -> None:
    scene = Scene()
    with ringing(scene, SUPPORTED) as (near, far, invite):
        for tag in ("one", "two"):  # which count by themselves, and count alike
            scene.callee.respond(invite, 183, sdp(5001 if tag == "one" else 5002), RELIABLE, tag=tag)
            scene.run(0.1)
        told = [wire.first("rseq") for wire in scene.caller.responses() if wire.status == 183]
        assert told == ["4711", "4711"]
        for fork in near.early.values():
            sent = scene.caller.request(fork, "PRACK", [("RAck", "4711 1 INVITE")])
            scene.run(0.1)
            assert answers(scene.caller, sent) == [200]
        pracks = [(wire.to_tag, wire.first("rack"), wire.cseq) for wire in scene.callee.requests("PRACK")]
        assert pracks == [("one", "4711 1 INVITE", 2), ("two", "4711 1 INVITE", 2)]
        scene.callee.respond(invite, 200, sdp(5001), tag="one")
        far.tag = "one"
        scene.run(1)
        assert near.final == 200
        assert [wire.to_tag for wire in scene.callee.requests("ACK")] == ["one"]


def test_what_else_the_caller_says_in_an_early_dialog_goes_to_its_fork_whoever_spoke_last() -> None:
    scene = Scene()
    with ringing(scene) as (near, far, invite):
        for tag in ("one", "two"):
            scene.callee.respond(invite, 180, tag=tag)
            scene.run(0.1)
        one, two = near.early.values()
        for fork in (one, two, one):
            scene.caller.request(fork, "INFO")
            scene.run(0.1)
        infos = [(wire.to_tag, wire.cseq) for wire in scene.callee.requests("INFO")]
        assert infos == [("one", 2), ("two", 2), ("one", 3)]
        scene.callee.respond(invite, 200, ANSWER, tag="two")
        far.tag = "two"
        scene.run(1)
        assert near.final == 200


def test_the_second_fork_that_answers_gets_its_ack_and_a_bye_and_the_caller_hears_of_one() -> None:
    scene = Scene()
    with ringing(scene) as (_, far, invite):
        scene.callee.respond(invite, 180, tag="one")
        scene.callee.respond(invite, 180, tag="two")
        scene.callee.respond(invite, 200, sdp(5001), tag="one")
        scene.callee.respond(invite, 200, sdp(5002), tag="two")
        scene.run(1)
        assert sorted(wire.to_tag for wire in scene.callee.requests("ACK")) == ["one", "two"]
        assert [wire.to_tag for wire in scene.callee.requests("BYE")] == ["two"]
        assert [wire.body for wire in scene.caller.responses() if wire.status == 200] == [sdp(5001)]
        far.tag = "one"


# 21 to 25: reliable provisional responses, which are between the two ends.


def test_a_prack_goes_from_end_to_end_and_the_2xx_comes_after_it() -> None:
    scene = Scene()
    with ringing(scene, SUPPORTED) as (near, far, invite):
        assert "100rel" in invite.all("supported")
        scene.callee.respond(invite, 183, ANSWER, RELIABLE)
        scene.run(0.1)
        (progress,) = [wire for wire in scene.caller.responses() if wire.status == 183]
        assert (progress.first("require"), progress.first("rseq"), progress.body) == ("100rel", "4711", ANSWER)
        sent = scene.caller.request(near, "PRACK", [("RAck", "4711 1 INVITE")])
        scene.run(0.1)
        prack = crossed(scene.callee, "PRACK")
        assert prack.first("rack") == f"4711 {invite.cseq} INVITE"
        assert (prack.to_tag, prack.call_id) == (far.tag, invite.call_id)
        assert answers(scene.caller, sent) == [200]
        scene.callee.respond(invite, 200)
        scene.run(1)
        assert near.final == 200


def test_100rel_is_not_asked_of_a_callee_whose_caller_has_not_named_it() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        assert not any("100rel" in value for value in invite.all("supported") + invite.all("require"))
        scene.callee.respond(invite, 180)
        scene.run(0.1)
        (ringing_,) = [wire for wire in scene.caller.responses() if wire.status == 180]
        assert not ringing_.all("require") + ringing_.all("rseq")
        scene.caller.cancel(near)


def test_a_callee_without_100rel_refuses_a_caller_that_requires_it_and_the_caller_hears_why() -> None:
    scene = Scene()
    with ringing(scene, [("Require", "100rel")]) as (near, _, invite):
        assert invite.all("require") == ["100rel"]
        scene.callee.respond(invite, 420, headers=[("Unsupported", "100rel")])
        scene.run(1)
        assert near.final == 420
        assert scene.caller.responses()[-1].first("unsupported") == "100rel"


def test_a_reliable_18x_that_is_not_acknowledged_is_told_again_each_time_until_the_callee_gives_up() -> None:
    scene = Scene()
    with ringing(scene, SUPPORTED) as (near, _, invite):
        scene.callee.respond(invite, 183, ANSWER, RELIABLE)
        (progress,) = scene.callee._replies[invite.branch, "INVITE"]
        at, pause = 0.0, 0.5
        while at + pause < 32:
            at, pause = at + pause, 2 * pause
            scene.after(at, lambda: scene.send(scene.callee, progress))
        scene.after(32, lambda: scene.callee.respond(invite, 504))
        scene.run(33)
        copies = [wire.data for wire in scene.caller.seen if wire.status == 183]
        assert len(copies) == 7
        assert len(set(copies)) == 1
        assert near.final == 504


def test_a_prack_for_something_else_gets_the_callees_481_and_one_that_comes_twice_its_200_twice() -> None:
    scene = Scene()
    with ringing(scene, SUPPORTED) as (near, _, invite):
        scene.callee.respond(invite, 183, ANSWER, RELIABLE)
        scene.run(0.1)
        scene.callee.answers["PRACK"] = 481
        wrong = scene.caller.request(near, "PRACK", [("RAck", "9 9 INVITE")])
        scene.run(0.1)
        assert answers(scene.caller, wrong) == [481]
        scene.callee.answers["PRACK"] = 200
        right = scene.caller.request(near, "PRACK", [("RAck", "4711 1 INVITE")])
        scene.run(0.1)
        scene.deliver(scene.caller, right.data)
        scene.run(0.1)
        assert len([wire for wire in scene.caller.seen if wire.branch == right.branch]) == 2
        assert len(scene.callee.requests("PRACK")) == 2
        scene.callee.respond(invite, 200)
        scene.run(1)
        late = scene.caller.request(near, "PRACK", [("RAck", "4711 1 INVITE")])
        scene.run(1)
        assert answers(scene.caller, late) == [200]


def test_a_prack_may_offer_its_200_answer_and_an_early_update_follow_the_preconditions() -> None:
    first, second, met = sdp(4000, 1, "a=curr:qos local none"), sdp(4000, 2), sdp(4000, 3, "a=curr:qos local sendrecv")
    scene = Scene()
    with ringing(scene, [("Require", "precondition, 100rel")], body=first) as (near, far, invite):
        assert invite.first("require") == "precondition, 100rel"
        scene.callee.respond(invite, 183, ANSWER, RELIABLE)
        scene.run(0.1)
        scene.callee.answers["PRACK"] = None
        prack = scene.caller.request(near, "PRACK", [("RAck", "4711 1 INVITE")], second)
        scene.run(0.1)
        assert crossed(scene.callee, "PRACK").body == second
        scene.callee.respond(crossed(scene.callee, "PRACK"), 200, sdp(5000, 2))
        scene.run(0.1)
        assert [wire.body for wire in scene.caller.responses("PRACK")] == [sdp(5000, 2)]
        assert answers(scene.caller, prack) == [200]
        for party, session, other in ((scene.caller, near, scene.callee), (scene.callee, far, scene.caller)):
            update = party.request(session, "UPDATE", body=met)
            scene.run(0.1)
            assert crossed(other, "UPDATE").body == met
            assert answers(party, update) == [200]
        assert near.final is None
        scene.callee.respond(invite, 200)
        scene.run(1)
        assert near.final == 200


# 26 and 27: responses that are not quite as they should be.


def test_an_18x_without_a_tag_is_told_and_one_after_the_2xx_is_not() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        scene.deliver(scene.callee, scene.callee.response(invite, 180, tag="", without=["Contact"]))
        scene.run(0.1)
        assert near.statuses == [100, 180]
        scene.callee.respond(invite, 200, ANSWER)
        scene.run(0.1)
        for tag in ("", None):
            scene.deliver(scene.callee, scene.callee.response(invite, 183, tag=tag))
        scene.run(0.1)
        assert near.statuses == [100, 180, 200]
        assert scene.core.statistics().calls == 1


def test_a_200_without_a_tag_is_the_call_of_an_old_peer() -> None:
    scene = Scene()
    with ringing(scene) as (near, far, invite):
        scene.callee.respond(invite, 183, ANSWER)
        scene.run(0.1)
        scene.deliver(scene.callee, scene.callee.response(invite, 200, ANSWER, tag=""))
        scene.run(0.1)
        assert near.final == 200
        (ack,) = scene.callee.requests("ACK")
        assert not ack.to_tag
        scene.caller.request(near, "INFO")
        scene.run(0.1)
        assert not crossed(scene.callee, "INFO").to_tag
        assert far.acked == {1}


def test_a_200_without_a_contact_is_answered_where_the_invite_went() -> None:
    scene = Scene()
    with ringing(scene) as (near, far, invite):
        scene.deliver(scene.callee, scene.callee.response(invite, 200, ANSWER, without=["Contact"]))
        scene.run(1)
        assert near.final == 200
        assert far.acked == {1}
        scene.caller.bye(near)
        scene.run(1)
        assert crossed(scene.callee, "BYE").start.split()[1] == invite.start.split()[1]


def test_a_200_without_the_answer_is_the_callers_to_refuse() -> None:
    scene = Scene()
    with ringing(scene) as (near, far, invite):
        scene.callee.respond(invite, 200)
        scene.run(1)
        assert [wire.body for wire in scene.caller.responses() if wire.status == 200] == [b""]
        scene.caller.bye(near)
        scene.run(1)
        assert methods(scene.callee) == ["INVITE", "ACK", "BYE"]
        assert far.is_over


# 28.


@pytest.mark.parametrize("status", [181, 182, 183, 189])
def test_progress_of_any_kind_is_told(status: int) -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        scene.callee.respond(invite, status, headers=[("Reason", "SIP;cause=302"), ("X-New", "this")])
        scene.run(0.1)
        (told,) = [wire for wire in scene.caller.responses() if wire.status == status]
        assert (told.first("reason"), told.first("x-new")) == ("SIP;cause=302", "this")
        scene.caller.cancel(near)


def test_the_end_of_one_early_dialog_is_told_in_that_dialog() -> None:
    scene = Scene()
    with ringing(scene, [("Supported", "199")]) as (near, far, invite):
        for status, tag in ((180, "one"), (180, "two"), (199, "one"), (199, "three")):
            scene.callee.respond(invite, status, tag=tag)
            scene.run(0.1)
        one, two = near.early
        scene.callee.respond(invite, 200, ANSWER, tag="two")
        far.tag = "two"
        scene.run(1)
        told = [(wire.status, wire.to_tag) for wire in scene.caller.responses() if wire.status != 100]
        assert told == [(180, one), (180, two), (199, one), (200, two)]
