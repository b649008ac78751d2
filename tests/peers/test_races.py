"""Messages that cross, repeat, or never come."""

import pytest

from tests.peers.byhand import INVITE_BRANCH, Callee, Caller, field
from tests.peers.rig import FOREIGN, NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp")


def test_a_cancel_before_anybody_rings_is_answered_at_once_and_waits_for_the_first_1xx(rig: Rig) -> None:
    a, b = rig.call("a-cancels-at-once", "b-is-cancelled", wait="250")
    (ringing,) = b.said("SIP/2.0 180")
    assert a.heard("SIP/2.0 487")[0].datagram.at < ringing.datagram.at
    assert b.heard("CANCEL")[0].datagram.at > ringing.datagram.at
    assert rig.box.causes() == ["cancelled"]


def test_a_cancel_after_180_reaches_the_callee_with_its_reason(rig: Rig) -> None:
    _, b = rig.call("a-cancels-ringing", "b-is-cancelled")
    assert b.heard("CANCEL")[0].one("reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    assert rig.box.causes() == ["cancelled"]


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up(rig: Rig) -> None:
    a, _ = rig.call("a-cancels-ringing", "b-answers-as-it-is-cancelled")
    assert not [answer for answer in a.heard("SIP/2.0 200") if answer.method == "INVITE"]
    assert rig.box.causes() == ["cancelled"]


def test_a_cancel_after_the_answer_changes_nothing(rig: Rig) -> None:
    _, b = rig.call("a-cancels-too-late", "b-answers")
    assert not b.heard("CANCEL")
    assert rig.box.causes() == ["BYE"]


def test_the_answer_to_a_late_cancel_has_the_tag_of_the_answer_to_its_invite(rig: Rig) -> None:
    # §9.2: "the To tag of the response to the CANCEL and the To tag in the response to the original request SHOULD be
    # the same"; SIPp, for one, goes on with the last tag it has heard.
    a, _ = rig.call("a-cancels-too-late", "b-answers")
    tags = {answer.tag("to") for answer in a.heard("SIP/2.0 200") if answer.method in ("INVITE", "CANCEL")}
    assert len(tags) == 1


def test_a_bye_in_the_early_dialog_is_a_cancel_to_the_callee(rig: Rig) -> None:
    rig.call("a-hangs-up-early", "b-is-cancelled")
    assert rig.box.causes() == ["BYE"]


def test_a_caller_that_never_acknowledges_gets_the_answer_again_and_at_last_a_bye(fresh: Rig) -> None:
    a, b = fresh.start(t1_ms=20).call("a-never-acknowledges", "b-answers")
    assert len([answer for answer in a.heard("SIP/2.0 200") if answer.method == "INVITE"]) > 6
    assert b.heard("ACK")[0].datagram.at < a.heard("BYE")[0].datagram.at
    assert fresh.box.causes() == ["no ACK"]


def test_a_silent_callees_invite_is_sent_again_until_it_answers(rig: Rig) -> None:
    _, b = rig.call("a-calls", "b-answers-slowly")
    assert len(b.heard("INVITE")) >= 2
    assert len(b.heard("ACK")) == 1


def test_a_repeated_invite_gets_the_last_response_again_and_no_second_leg(rig: Rig) -> None:
    b = rig.play("b-rings-slowly", NATIONAL)
    with Caller(rig.foreign) as caller:
        caller.say("INVITE", 1, INVITE_BRANCH)
        for last in (100, 180):
            first = caller.hear_to(1, "INVITE", last)
            caller.say("INVITE", 1, INVITE_BRANCH)
            assert caller.hear() == first
        caller.take_tag(caller.hear_to(1, "INVITE", 200))
        caller.say("INVITE", 1, INVITE_BRANCH)
        caller.say("ACK", 1)
        caller.say("INVITE", 1, INVITE_BRANCH)
        caller.say("BYE", 2)
        caller.hear_to(2, "BYE", 200)
    rig.finish(b)
    assert len({invite.one("call-id") for invite in b.heard("INVITE")}) == 1
    assert rig.box.causes() == ["BYE"]


def test_hang_ups_that_cross_end_one_call_once(rig: Rig) -> None:
    rig.call("a-calls", "b-hangs-up-as-it-is-hung-up")
    assert rig.box.causes() == ["BYE"]


def test_a_callee_that_hangs_up_before_the_callers_ack_has_come_waits_for_it(rig: Rig) -> None:
    # §15: "the callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its 2xx".
    a, _ = rig.call("a-acknowledges-late", "b-hangs-up-before-the-ack-arrives")
    assert a.said("ACK")[0].datagram.at < a.heard("BYE")[0].datagram.at
    assert rig.box.causes() == ["BYE"]


def test_an_answer_that_comes_again_gets_the_same_ack_again(rig: Rig) -> None:
    with Callee(rig.national) as callee:
        a = rig.play("a-calls", FOREIGN)
        invite = callee.hear_request("INVITE")
        callee.answer(invite, tag="x")
        first = callee.hear_request("ACK")
        callee.answer(invite, tag="x")
        callee.answer(invite, tag="x")
        bye = ""
        again: list[str] = []
        while not bye or len(again) < 2:
            heard = callee.hear()
            if heard.startswith("ACK "):
                again.append(heard)
            elif heard.startswith("BYE "):
                bye = heard
        callee.answer(bye)
    rig.finish(a)
    assert again == [first, first]


def test_every_fork_that_answers_is_acknowledged_and_all_but_the_first_hung_up(fresh: Rig) -> None:
    with Callee(fresh.national) as callee:
        a = fresh.start(t1_ms=20).play("a-calls", FOREIGN, talk="400")
        invite = callee.hear_request("INVITE")
        acknowledged: list[str] = []
        hung_up: list[str] = []
        for tag in ("x", "y", "z"):
            callee.answer(invite, tag=tag)
        while len(hung_up) < 3:
            heard = callee.hear()
            tag = field(heard, "To").partition(";tag=")[2]
            if heard.startswith("ACK "):
                acknowledged.append(tag)
            elif heard.startswith("BYE "):
                hung_up.append(tag)
                callee.answer(heard)
    fresh.finish(a)
    assert sorted(acknowledged) == ["x", "y", "z"]
    assert hung_up == ["y", "z", "x"]
    fresh.box.drained()
    assert fresh.box.causes() == ["BYE"]


def test_a_callee_that_only_tries_is_cancelled_when_it_has_had_its_time(fresh: Rig) -> None:
    fresh.start(no_answer_seconds=1)
    b = fresh.play("b-only-tries", NATIONAL)
    a = fresh.play("a-is-refused", FOREIGN, status="408")
    fresh.finish(a, b)
    assert fresh.box.causes() == ["no answer"]


def test_an_invite_that_is_never_answered_after_its_cancel_is_forgotten(fresh: Rig) -> None:
    fresh.start(t1_ms=20).call("a-cancels-ringing", "b-ignores-the-cancel")
    fresh.box.drained()
    assert fresh.box.causes() == ["cancelled"]


def test_a_change_of_the_session_that_is_pending_at_the_hang_up_is_refused(rig: Rig) -> None:
    rig.call("a-is-hung-up-while-it-asks", "b-hangs-up-while-it-is-asked")
    assert rig.box.causes() == ["BYE"]
