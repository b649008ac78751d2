"""Set-up and dialog: the first seventeen scenarios of docs/scenarios.md."""

import itertools

import pytest

from tests.scenarios.talk import ANSWER, OFFER, answers, crossed, methods, ringing, sdp, talking
from tests.world.party import Fields
from tests.world.scene import ABROAD_SOCKET, CONFIG, HOME_SOCKET, Scene
from tests.world.wire import Wire

# 2: the callee's BYE, and the ACK it races.


def test_a_callee_may_hang_up_right_after_the_ack() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, 200, ANSWER)]
        near = scene.caller.invite(body=OFFER)
        scene.run(0.2)
        assert scene.callee.sessions[0].acked == {1}
        scene.callee.bye(scene.callee.sessions[0])
        scene.run(1)
        assert near.is_over
        assert methods(scene.caller) == ["BYE"]
    assert [wire.status for wire in scene.callee.responses("BYE")] == [200]


def test_a_callees_bye_waits_on_our_side_for_the_callers_ack() -> None:
    # §15: "MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its 2xx response".
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, ANSWER)]
        near = scene.caller.invite(body=OFFER)
        scene.run(0.2)
        scene.callee.bye(scene.callee.sessions[0])
        scene.run(3)
        assert [wire.status for wire in scene.callee.responses("BYE")] == [200]
        assert methods(scene.caller) == []
        scene.send(scene.caller, scene.caller._in_dialog(near, "ACK", 1, (), b""))
        scene.run(0.1)
        assert methods(scene.caller) == ["BYE"]
        assert near.is_over


def test_a_callers_bye_that_overtakes_its_ack_finds_the_callees_ack_already_sent() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, ANSWER)]
        near = scene.caller.invite(body=OFFER)
        scene.run(0.2)
        scene.caller.bye(near)
        scene.run(0.1)
        scene.send(scene.caller, scene.caller._in_dialog(near, "ACK", 1, (), b""))
        scene.run(1)
        assert [wire.status for wire in scene.caller.responses("BYE")] == [200]
        assert methods(scene.callee) == ["INVITE", "ACK", "BYE"]


# 3: failures.


@pytest.mark.parametrize(
    ("status", "headers", "told", "crossing"),
    [
        (486, [("Retry-After", "7")], 486, ["retry-after"]),
        (404, [], 404, []),
        (480, [], 480, []),
        (603, [], 603, []),
        (500, [], 500, []),
        (503, [("Retry-After", "7")], 500, []),
        (488, [("Warning", '304 callee "Media type not available"')], 488, ["warning"]),
        (606, [], 606, []),
    ],
)
def test_a_failure_is_acknowledged_at_once_and_told_to_the_caller(
    status: int, headers: Fields, told: int, crossing: list[str]
) -> None:
    with Scene() as scene:
        scene.callee.script, scene.callee.headers = [(0.1, status, b"")], headers
        near = scene.caller.invite(body=OFFER)
        scene.run(0.15)
        (ack,) = [wire for wire in scene.callee.seen if wire.method == "ACK"]
        assert ack.branch == crossed(scene.callee, "INVITE").branch
        scene.run(1)
        assert near.final == told
    final = scene.caller.responses()[-1]
    assert {name for name, _ in final.fields} & {"retry-after", "warning"} == set(crossing)


# 4 and 5: a callee that says nothing, or nearly nothing.


def test_a_callee_that_is_silent_gets_seven_invites_and_no_cancel() -> None:
    with Scene() as scene:
        scene.callee.is_silent = True
        began = scene.now
        near = scene.caller.invite(body=OFFER)
        scene.run(33)
        assert near.statuses == [100, 408]
    sent = [step.at - began for step in scene.steps if step.target == "callee"]
    assert [round(at, 2) for at in sent] == [0.01, 0.51, 1.51, 3.51, 7.51, 15.51, 31.51]
    assert len({wire.data for wire in scene.callee.seen}) == 1


def test_a_callee_that_only_tries_is_cancelled_at_the_limit() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 100, b"")]
        near = scene.caller.invite(body=OFFER)
        scene.run(CONFIG.sip.no_answer_seconds + 1)
        assert near.statuses == [100, 408]
        assert methods(scene.callee) == ["INVITE", "CANCEL", "ACK"]


# 6 and 7: the ACK.


def test_a_2xx_that_is_never_acknowledged_is_repeated_for_64_t1_and_then_both_legs_get_a_bye() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, ANSWER)]
        scene.caller.invite(body=OFFER)
        scene.run(32)
        assert "BYE" not in methods(scene.caller) + methods(scene.callee)
        scene.run(1)
        assert methods(scene.callee) == ["INVITE", "ACK", "BYE"]
        assert methods(scene.caller) == ["BYE"]
    sent = [step.at for step in scene.steps if step.target == "caller" and step.what.startswith("200 (1 INVITE")]
    pauses = [round(later - earlier, 2) for earlier, later in itertools.pairwise(sent)]
    assert pauses == [0.5, 1, 2, 4, 4, 4, 4, 4, 4, 4]


def test_an_ack_that_is_lost_twice_costs_two_more_2xx_and_no_call() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, ANSWER)]
        near = scene.caller.invite(body=OFFER)
        scene.run(1)
        scene.caller.acks = True
        scene.run(20)
        copies = [wire.data for wire in scene.caller.seen if wire.status == 200]
        assert len(copies) == 3
        assert len(set(copies)) == 1
        assert scene.callee.sessions[0].acked == {1}
        assert not near.is_over
        scene.caller.bye(near)


# 9 and 10: INVITEs that come again.


@pytest.mark.parametrize("status", [180, 200, 486])
def test_an_invite_that_comes_again_gets_the_last_response_again_and_opens_no_second_leg(status: int) -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        scene.callee.respond(invite, status, ANSWER if status == 200 else b"")
        scene.run(0.015)  # its ACK has not come yet
        scene.deliver(scene.caller, near.invite.data)
        scene.run(0.1)
        heard = [wire.data for wire in scene.caller.seen if wire.status == status]
        # RFC 6026 §7.1: a copy that comes after a 2xx is absorbed; the 2xx is repeated by its own clock.
        assert len(heard) == (1 if status == 200 else 2)
        assert len(set(heard)) == 1
        assert len(scene.callee.requests("INVITE")) == 1
        if status == 180:
            scene.caller.cancel(near)


def test_the_same_invite_by_another_way_is_a_merged_request() -> None:
    with Scene() as scene:
        near = scene.caller.invite(body=OFFER)
        scene.run(0.1)
        other = near.invite.data.replace(near.invite.branch.encode(), b"z9hG4bKother")
        scene.deliver(scene.caller, other)
        scene.run(1)
        merged = [wire.status for wire in scene.caller.responses() if wire.branch == "z9hG4bKother"]
        assert merged == [482]
        assert len(scene.callee.requests("INVITE")) == 1
        scene.run(5)
        assert near.final == 200
        scene.caller.bye(near)
        scene.laws._offered.discard((near.call_id, "z9hG4bKother"))


# 11 and 12: what does not belong to the dialog.


@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO"])
def test_a_request_with_a_tag_that_is_not_the_dialogs_is_481_and_the_call_stands(method: str) -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        ours = near.remote.partition(";tag=")[2]
        data = scene.caller._in_dialog(near, method, 2, (), b"").replace(f";tag={ours}".encode(), b";tag=unknown")
        scene.deliver(scene.caller, data)
        scene.run(1)
        assert answers(scene.caller, Wire.read(data)) == [481]
        assert method not in methods(scene.callee)[1:]
        assert scene.core.statistics().calls == 1


def test_an_ack_with_a_tag_that_is_not_the_dialogs_is_dropped_and_counts_for_nothing() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, ANSWER)]
        near = scene.caller.invite(body=OFFER)
        scene.run(0.2)
        ours = near.remote.partition(";tag=")[2]
        ack = scene.caller._in_dialog(near, "ACK", 1, (), b"")
        assert scene.deliver(scene.caller, ack.replace(f";tag={ours}".encode(), b";tag=unknown")) == []
        scene.run(1)
        assert len([wire for wire in scene.caller.seen if wire.status == 200]) == 2
        scene.deliver(scene.caller, ack)
        scene.run(5)
        assert len([wire for wire in scene.caller.seen if wire.status == 200]) == 2
        scene.caller.bye(near)


@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO"])
def test_a_number_lower_than_the_last_is_500_and_the_call_stands(method: str) -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.caller.request(near, "INFO")
        scene.run(1)
        before = methods(scene.callee)
        sent = Wire.read(scene.caller._in_dialog(near, method, 1, (), b""))
        scene.caller._ask(near, sent)
        scene.run(1)
        assert answers(scene.caller, sent) == [500]
        assert methods(scene.callee) == before
        assert scene.core.statistics().calls == 1


def test_an_equal_number_in_another_transaction_is_no_copy_and_is_answered_by_itself() -> None:
    # §12.2.2 refuses the lower number alone; whoever keeps the number of its INVITE for its BYE is let go, too.
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers["INFO"] = 488
        sent = scene.caller.request(near, "INFO")
        scene.run(1)
        data = scene.caller._in_dialog(near, "BYE", sent.cseq, (), b"")
        near.is_over = True
        scene.deliver(scene.caller, data)
        scene.run(1)
        assert answers(scene.caller, sent) == [488]
        assert answers(scene.caller, Wire.read(data)) == [200]
        assert crossed(scene.callee, "BYE").cseq > crossed(scene.callee, "INFO").cseq


# 13: target refresh.


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_a_new_contact_in_a_request_and_in_its_2xx_is_where_the_bye_goes(method: str, side: str) -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        asks, session = (scene.caller, near) if side == "caller" else (scene.callee, far)
        scene.caller.name, scene.callee.name = "caller-moved", "callee-moved"
        asks.request(session, method, body=sdp(4002, 2))
        scene.run(1)
        scene.caller.name, scene.callee.name = "caller", "callee"
        for party, address in ((scene.caller, ABROAD_SOCKET), (scene.callee, HOME_SOCKET)):
            told = [wire.contact for wire in party.seen if wire.method == method and wire.status in (None, 200)]
            assert set(told) == {f"sip:{address}"}
        scene.callee.request(far, "INFO")
        scene.caller.bye(near)
        scene.run(1)
        assert crossed(scene.caller, "INFO").start.startswith("INFO sip:caller-moved@")
        assert crossed(scene.callee, "BYE").start.startswith("BYE sip:callee-moved@")


# 14: routes.


@pytest.mark.parametrize(
    "router", ["<sip:198.51.100.1:5060;lr>", "<sip:198.51.100.1;transport=udp;lr>", '"edge" <sip:p@198.51.100.1;lr=on>']
)
def test_a_loose_router_gets_the_request_and_the_target_stays_in_its_request_uri(router: str) -> None:
    scene = Scene()
    with ringing(scene, [("Record-Route", "<sip:192.0.2.1;lr>")]) as (near, far, invite):
        scene.callee.headers = [("Record-Route", router), ("Record-Route", "<sip:inner.home.example;lr>")]
        scene.callee.respond(invite, 200, ANSWER, scene.callee.headers)
        scene.run(1)
        scene.caller.request(near, "INFO")
        scene.callee.request(far, "INFO")
        scene.run(1)
        (accepted,) = [wire for wire in scene.caller.responses() if wire.status == 200]
        assert accepted.all("record-route") == ["<sip:192.0.2.1;lr>"]
        outward, inward = crossed(scene.callee, "INFO"), crossed(scene.caller, "INFO")
        assert outward.all("route") == ["<sip:inner.home.example;lr>", router]
        assert outward.start == "INFO sip:callee@198.51.100.1:5060 SIP/2.0"
        assert inward.all("route") == ["<sip:192.0.2.1;lr>"]


def test_a_strict_router_gets_the_request_uri_and_the_target_comes_last() -> None:
    scene = Scene()
    with ringing(scene) as (near, _, invite):
        scene.callee.respond(invite, 200, ANSWER, [("Record-Route", "<sip:loose.home.example;lr>, <sip:198.51.100.1>")])
        scene.run(1)
        scene.caller.request(near, "INFO")
        scene.run(1)
        info = crossed(scene.callee, "INFO")
        assert info.start == "INFO sip:198.51.100.1 SIP/2.0"
        assert info.all("route") == ["<sip:loose.home.example;lr>", "<sip:callee@198.51.100.1:5060>"]


# 16: a request that is larger than the path.


def test_a_large_invite_crosses_whole_over_udp_where_there_is_no_stream() -> None:
    large = sdp(4000, 1, *(f"a=rtpmap:{kind} codec-{kind}/8000" for kind in range(96, 128)), *["a=x:" + "y" * 900] * 8)
    assert len(large) > 8_000
    with Scene() as scene:
        near = scene.caller.invite(body=large)
        scene.run(5)
        assert near.final == 200
        assert crossed(scene.callee, "INVITE").body == large
        scene.caller.bye(near)
