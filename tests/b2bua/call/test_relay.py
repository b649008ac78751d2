from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from policy.roaming import Roaming
from tests.world.party import Session
from tests.world.scene import Scene

GEOGRAPHIC = "<tel:+3225551212>"
HOLD = b"v=0\r\na=sendonly\r\n"


@contextmanager
def talking(scene: Scene, caller: str | None = None) -> Iterator[tuple[Session, Session]]:
    """An answered call, both sides of it; hung up at the end."""
    with scene:
        near = scene.caller.invite(caller=caller)
        scene.run(5)
        assert near.final == 200
        yield near, scene.callee.sessions[0]
        scene.run(5)
        if not near.is_over:
            scene.caller.bye(near)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "MESSAGE", "NOTIFY", "REFER", "BREW"])
def test_a_request_of_either_side_crosses_with_its_body_and_comes_back(method: str) -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        for origin, session, other in ((scene.caller, near, scene.callee), (scene.callee, far, scene.caller)):
            sent = origin.request(session, method, [("X-Kind", "this"), ("s", "compact")], HOLD)
            scene.run(1)
            crossed = other.requests(method)[-1]
            assert crossed.body == HOLD
            assert (crossed.first("x-kind"), crossed.first("content-type")) == ("this", "application/sdp")
            assert b"\r\ns: compact\r\n" in crossed.data
            assert crossed.call_id != sent.call_id
            (answer,) = [w for w in origin.responses(method) if w.branch == sent.branch and w.status != 100]
            assert answer.status == 200


def test_a_re_invite_is_acked_on_both_legs() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(2)
        assert far.acked == {1, 2}
        scene.callee.request(far, "INVITE", body=HOLD)
        scene.run(2)
        assert near.acked == {1}  # the callee's first INVITE is the first that the caller was asked to ACK


def test_a_late_offer_in_a_re_invite_is_answered_by_the_ack() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.caller.acks = False
        scene.caller.request(near, "INVITE")
        scene.run(0.2)
        assert len(scene.callee.requests("ACK")) == 1
        scene.send(scene.caller, scene.caller._in_dialog(near, "ACK", 2, (), b"v=0\r\nanswer\r\n"))
        scene.run(1)
        assert scene.callee.requests("ACK")[-1].body == b"v=0\r\nanswer\r\n"


@pytest.mark.parametrize("status", [488, 404, 500])
def test_a_refused_re_invite_leaves_the_call_as_it_was(status: int) -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["INVITE"] = status
        scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(5)
        assert near.statuses[-1] == status
        assert scene.core.statistics().calls == 1
        scene.callee.answers["INVITE"] = 200
        again = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(5)
        assert [w.status for w in scene.caller.responses() if w.branch == again.branch][-1] == 200


# RFC 4320 §4.2: no 408 to a request that is no INVITE.
@pytest.mark.parametrize(("method", "status"), [("INVITE", 408), ("INFO", 504)])
def test_a_request_that_the_other_side_never_answers_has_timed_out(method: str, status: int) -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers[method] = None
        sent = scene.caller.request(near, method)
        scene.run(40)
        assert [w.status for w in scene.caller.responses(method) if w.branch == sent.branch][-1] == status


def test_a_provisional_response_to_no_invite_stays_behind() -> None:
    # RFC 4320 §4.1: nothing but 100 may be said to it before its final response.
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["INFO"] = 183
        sent = scene.caller.request(near, "INFO")
        scene.run(40)
        assert [w.status for w in scene.caller.responses("INFO") if w.branch == sent.branch] == [504]


def test_re_invites_that_cross_are_both_refused_491() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(0.015)
        scene.callee.request(far, "INVITE", body=HOLD)
        scene.run(5)
        finals = [w.status for w in scene.callee.responses() if w.status != 100]
        assert finals == [491]
        assert near.statuses[-1] == 200


def test_a_re_invite_while_the_first_answer_waits_for_its_ack_is_491() -> None:
    scene = Scene()
    with scene:
        scene.caller.acks = False
        near = scene.caller.invite()
        scene.run(1.3)
        scene.callee.request(scene.callee.sessions[0], "INVITE", body=HOLD)
        scene.run(0.2)
        assert [w.status for w in scene.callee.responses()] == [491]
        scene.caller.bye(near)


def test_a_re_invite_that_is_taken_back_is_487_and_cancelled_across() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["INVITE"] = None
        sent = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(0.5)
        scene.callee.respond(scene.callee.requests("INVITE")[-1], 180)
        scene.run(0.5)
        first, near.invite = near.invite, sent
        scene.caller.cancel(near)
        near.invite = first
        scene.run(2)
        seen = [w.status for w in scene.caller.responses() if w.branch == sent.branch]
        assert [status for status in seen if status != 100] == [180, 487]
        assert len(scene.callee.requests("CANCEL")) == 1
        assert scene.core.statistics().calls == 1


def test_a_bye_while_a_re_invite_is_pending_answers_it_487() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.callee.answers["INVITE"] = None
        sent = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(0.5)
        scene.callee.bye(far)
        scene.run(2)
        assert [w.status for w in scene.caller.responses() if w.branch == sent.branch][-1] == 487
        assert near.is_over


def test_a_new_contact_is_where_later_requests_go() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.name = "elsewhere"
        scene.caller.request(near, "UPDATE", body=HOLD)
        scene.run(1)
        scene.caller.request(near, "INFO")
        scene.run(1)
        assert scene.callee.requests("UPDATE")[0].start.startswith("UPDATE sip:callee@")
        assert scene.callee.requests("INFO")[0].start.startswith("INFO sip:elsewhere@")
        scene.callee.name = "callee"


def test_a_refusal_refreshes_no_target() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["UPDATE"] = 488
        scene.callee.headers = [("Contact", "<sip:wrong@198.51.100.1>")]
        scene.caller.request(near, "UPDATE", body=HOLD)
        scene.run(1)
        scene.caller.request(near, "INFO")
        scene.run(1)
        assert scene.callee.requests("INFO")[0].start.startswith("INFO sip:callee@")


def test_an_infos_contact_is_ours_to_leave_out() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.caller.request(near, "INFO", [("Contact", "<sip:secret@192.0.2.1>"), ("Route", "<sip:192.0.2.10;lr>")])
        scene.run(1)
        (info,) = scene.callee.requests("INFO")
        assert not info.all("contact")
        assert not info.all("route")


def test_a_prack_names_the_invite_by_the_number_it_has_on_its_leg() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, 183, HOLD), (3, 200, b"")]
        scene.callee.headers = [("Require", "100rel"), ("RSeq", "77")]
        near = scene.caller.invite()
        scene.run(0.5)
        near.cseq = 8
        scene.caller.request(near, "PRACK", [("RAck", " 77   1  INVITE ")])
        scene.run(1)
        (prack,) = scene.callee.requests("PRACK")
        assert prack.first("rack") == "77 1 INVITE"
        assert scene.caller.responses("PRACK")[0].status == 200
        scene.run(5)
        scene.caller.bye(near)


def test_no_hops_left_inside_the_dialog_is_483() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        near.cseq += 1
        info = scene.caller._in_dialog(near, "INFO", near.cseq, (), b"").replace(b"Forwards: 70", b"Forwards: 0")
        scene.deliver(scene.caller, info)
        scene.run(1)
        assert not scene.callee.requests("INFO")
        assert [w.status for w in scene.caller.responses("INFO")] == [483]


def test_a_number_out_of_order_is_500() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.deliver(scene.caller, scene.caller._in_dialog(near, "INFO", 0, (), b""))
        scene.run(1)
        assert [w.status for w in scene.caller.responses("INFO")] == [500]
        assert not scene.callee.requests("INFO")


# What comes later is judged too.


@pytest.mark.law("L11")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("number", ["+3225551212", "+3280012345", "1207", "+320470123456"])
def test_a_forbidden_caller_in_mid_call_is_refused_and_the_call_stands(method: str, number: str) -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        sent = scene.caller.request(near, method, [("P-Asserted-Identity", f"<sip:{number}@x>")], HOLD)
        scene.run(1)
        assert [w.status for w in scene.caller.responses(method) if w.branch == sent.branch][-1] == 603
        assert not [w for w in scene.callee.requests(method) if w.to_tag]
        assert scene.core.statistics().calls == 1


@pytest.mark.law("L11")
@pytest.mark.parametrize("method", ["INFO", "MESSAGE", "BREW"])
def test_other_requests_lose_the_field_and_go_on(method: str) -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.caller.request(near, method, [("P-Asserted-Identity", GEOGRAPHIC), ("X-Other", "kept")])
        scene.run(1)
        (crossed,) = scene.callee.requests(method)
        assert not crossed.all("p-asserted-identity")
        assert crossed.first("x-other") == "kept"


def test_a_bye_loses_the_field_and_ends_the_call() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.caller.bye(near, [("P-Asserted-Identity", GEOGRAPHIC)])
        scene.run(1)
        assert not scene.callee.requests("BYE")[0].all("p-asserted-identity")
        assert far.is_over


def test_an_ack_loses_the_field() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, HOLD)]
        near = scene.caller.invite(body=b"")
        scene.run(1)
        ack = scene.caller._in_dialog(near, "ACK", 1, [("P-Asserted-Identity", GEOGRAPHIC)], b"v=0\r\n")
        scene.send(scene.caller, ack)
        scene.run(1)
        assert not scene.callee.requests("ACK")[0].all("p-asserted-identity")
        scene.caller.bye(near)


@pytest.mark.law("L11")
def test_a_mobile_number_first_seen_in_mid_call_is_taken_out_and_nobody_is_asked() -> None:
    scene = Scene(answers={"+32475111111": Roaming.ABROAD})
    with talking(scene) as (near, _):
        scene.caller.request(near, "UPDATE", [("P-Asserted-Identity", "<tel:+32475111111>")], HOLD)
        scene.run(1)
        (update,) = scene.callee.requests("UPDATE")
        assert not update.all("p-asserted-identity")
        assert not scene.asked


def test_the_mobile_number_of_the_set_up_keeps_its_answer() -> None:
    scene = Scene(answers={"+32470123456": Roaming.ABROAD})
    with talking(scene, "<sip:+32470123456@x>") as (near, _):
        scene.caller.request(near, "UPDATE", [("P-Asserted-Identity", "<tel:+32470123456>")], HOLD)
        scene.run(1)
        assert scene.callee.requests("UPDATE")[0].first("p-asserted-identity") == "<tel:+32470123456>"
        assert len(scene.asked) == 1


def test_what_goes_abroad_is_not_touched() -> None:
    scene = Scene()
    with talking(scene) as (_, far):
        scene.callee.request(far, "UPDATE", [("P-Asserted-Identity", GEOGRAPHIC)], HOLD)
        scene.run(1)
        assert scene.caller.requests("UPDATE")[0].first("p-asserted-identity") == GEOGRAPHIC


@pytest.mark.law("L11")
def test_a_response_from_abroad_loses_the_field() -> None:
    scene = Scene(from_home=True)
    with scene:
        scene.callee.headers = [("P-Asserted-Identity", "<tel:+3225551212>"), ("X-Other", "kept")]
        near = scene.caller.invite("+33612345678")
        scene.run(5)
        for status in (180, 200):
            (answer,) = [w for w in scene.caller.responses() if w.status == status]
            assert not answer.all("p-asserted-identity")
            assert answer.first("x-other") == "kept"
        scene.caller.bye(near)


@pytest.mark.law("¶8 3°", "K11")
@pytest.mark.parametrize("place", ["header", "body", "split"])
def test_a_withheld_number_reaches_the_callee_in_no_later_message(place: str) -> None:
    scene = Scene(answers={"+32470123456": Roaming.FAILED})
    with talking(scene, "<sip:+32470123456@x>") as (near, _):
        headers = {
            "header": [("X-Note", "call 0032 470 12 34 56")],
            "split": [("X-Note", "+32-470%3123456")],
            "body": [],
        }[place]
        scene.caller.request(near, "INFO", headers, b"tel +32 470.123.456" if place == "body" else b"")
        scene.run(2)
        for wire in scene.callee.seen:
            text = wire.data.decode("latin-1").replace("%31", "1")
            assert "470123456" not in "".join(c for c in text if c.isdigit() or c == "\n")
    if place == "body":
        assert [alarm.name for alarm in scene.alarms] == ["egress guard"]


def test_a_re_invite_that_only_rings_is_taken_back_when_the_call_ends() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["INVITE"] = None
        asked = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(1)
        scene.callee.respond(scene.callee.requests("INVITE")[-1], 180)
        scene.run(1)
        scene.caller.bye(near)
        scene.run(1)
        assert scene.callee.requests("CANCEL")
        assert [wire.status for wire in scene.caller.responses() if wire.branch == asked.branch][-1] == 487


def test_an_update_refused_for_its_caller_leaves_a_line_of_evidence() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.caller.request(near, "UPDATE", [("P-Asserted-Identity", GEOGRAPHIC)])
        scene.run(1)
        facts = {"trunk": "abroad", "method": "UPDATE", "found": "block", "enforced": True}
        assert scene.record("later").facts == facts


def test_a_re_invite_that_only_rings_is_taken_back_and_the_call_goes_on() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["INVITE"] = 183
        sent = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(scene.core.context.no_answer - 1)
        assert not scene.callee.requests("CANCEL")
        scene.run(2)
        statuses = [w.status for w in scene.caller.responses("INVITE") if w.branch == sent.branch]
        assert statuses[-1] == 504
        assert len(scene.callee.requests("CANCEL")) == 1
        scene.callee.answers.clear()
        again = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(2)
        assert 200 in [w.status for w in scene.caller.responses("INVITE") if w.branch == again.branch]
        assert not near.is_over


def test_a_re_invite_that_only_rings_is_let_go_even_if_its_cancel_is_not_heeded() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["INVITE"] = 183
        scene.callee.heeds_cancel = False
        scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(scene.core.context.no_answer + 40)
        scene.callee.answers.clear()
        again = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(2)
        assert 200 in [w.status for w in scene.caller.responses("INVITE") if w.branch == again.branch]


def test_a_call_that_is_answered_after_all_is_hung_up_by_the_next_number_of_its_dialog() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 183, b"v=0\r\n"), (5.0, 200, b"v=0\r\n")]
        scene.callee.heeds_cancel = False
        near = scene.caller.invite()
        scene.run(1)
        scene.caller.request(near, "INFO")
        scene.run(1)
        scene.caller.cancel(near)
        scene.run(5)
        assert near.final == 487
        assert [wire.cseq for wire in scene.callee.seen if wire.start.startswith(("INFO", "BYE"))] == [2, 3]


def test_a_request_after_the_call_was_given_up_gets_481_and_leaves_nothing() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        scene.callee.heeds_cancel = False
        scene.callee.answers["INFO"] = 183
        near = scene.caller.invite()
        scene.run(1)
        early = scene.caller.request(near, "INFO")
        scene.run(1)
        scene.caller.cancel(near)
        scene.run(1)
        late = scene.caller.request(near, "INFO")
        scene.run(1)
        finals = {wire.branch: wire.status for wire in scene.caller.responses("INFO")}
        assert finals[early.branch] == 487
        assert finals[late.branch] == 481


@pytest.mark.parametrize("from_callee", [True, False])
def test_an_update_over_a_late_offer_that_is_open_is_491(from_callee: bool) -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.05, 200, b"v=0\r\n")]
        near = scene.caller.invite(body=b"")
        scene.run(1)
        party, session = (scene.callee, scene.callee.sessions[0]) if from_callee else (scene.caller, near)
        party.request(session, "UPDATE", body=b"v=0\r\n")
        scene.run(1)
        assert [wire.status for wire in party.responses("UPDATE")] == [491]
