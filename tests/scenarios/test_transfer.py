"""Transfers: scenarios 47 to 49 of docs/scenarios.md. What names of dialogs become is shown in tests/world."""

import pytest

from tests.scenarios.talk import ANSWER, answers, crossed, methods, talking
from tests.world.party import Fields, Session
from tests.world.scene import Scene
from tests.world.wire import Wire

THIRD = "+33155555555"
"""Somebody else abroad, whose calls the caller's carrier takes too."""


def fragment(status: str, state: str) -> tuple[Fields, bytes]:
    fields = [("Event", "refer"), ("Subscription-State", state), ("Content-Type", "message/sipfrag;version=2.0")]
    return fields, f"SIP/2.0 {status}\r\n".encode()


def notify(scene: Scene, far: Session, status: str, state: str) -> Wire:
    """The callee tells how the call it was asked to make is going."""
    fields, body = fragment(status, state)
    far.cseq += 1
    data = scene.callee._in_dialog(far, "NOTIFY", far.cseq, fields, body)
    wire = Wire.read(data.replace(b"Content-Type: application/sdp\r\n", b""))
    scene.callee._ask(far, wire)
    scene.run(0.1)
    return wire


def refers(scene: Scene, near: Session, target: str, *headers: tuple[str, str]) -> Wire:
    """The caller asks the callee to call somebody."""
    scene.callee.answers["REFER"] = 202
    sent = scene.caller.request(near, "REFER", [("Refer-To", target), *headers])
    scene.run(0.1)
    return sent


@pytest.mark.parametrize(("final", "told"), [(200, "200 OK"), (486, "486 Busy Here")])
def test_a_blind_transfer_is_told_of_step_by_step_and_the_old_call_lives_until_somebody_ends_it(
    final: int, told: str
) -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        assert answers(scene.caller, refers(scene, near, f"<sip:{THIRD}@elsewhere.example>")) == [202]
        assert crossed(scene.callee, "REFER").first("refer-to") == f"<sip:{THIRD}@elsewhere.example>"
        first = notify(scene, far, "100 Trying", "active;expires=60")
        scene.caller.script = [(0.05, 180, b""), (0.5, final, ANSWER if final == 200 else b"")]
        third = scene.callee.invite(THIRD)
        scene.run(2)
        assert third.statuses == [100, 180, final]
        assert crossed(scene.caller, "INVITE").start.startswith(f"INVITE sip:{THIRD}@")
        last = notify(scene, far, told, "terminated;reason=noresource")
        assert answers(scene.callee, first) == answers(scene.callee, last) == [200]
        bodies = [wire.body for wire in scene.caller.requests("NOTIFY")]
        assert bodies == [b"SIP/2.0 100 Trying\r\n", f"SIP/2.0 {told}\r\n".encode()]
        assert "BYE" not in methods(scene.caller) + methods(scene.callee)
        if final == 200:
            scene.caller.bye(near)
            scene.run(1)
            assert not third.is_over
            scene.callee.bye(third)
        else:
            assert answers(scene.caller, scene.caller.request(near, "INFO")) == []
            scene.run(1)
            assert scene.caller.responses("INFO")[-1].status == 200


def test_a_transfer_without_notifications_and_to_another_scheme_crosses_as_it_is() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        for target in (f"<tel:{THIRD}>", "<mailto:bob@elsewhere.example>"):
            sent = refers(scene, near, target, ("Refer-Sub", "false"), ("Supported", "norefersub"))
            refer = crossed(scene.callee, "REFER")
            assert (refer.first("refer-to"), refer.first("refer-sub")) == (target, "false")
            assert "norefersub" in refer.all("supported")
            assert answers(scene.caller, sent) == [202]


def test_what_the_callee_says_to_a_transfer_is_what_the_caller_hears() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        refers(scene, near, f"<sip:{THIRD}@elsewhere.example>")
        scene.callee.answers["REFER"] = 491  # one at a time is enough for it
        second = scene.caller.request(near, "REFER", [("Refer-To", f"<sip:{THIRD}@elsewhere.example>")])
        scene.run(0.1)
        assert answers(scene.caller, second) == [491]
        scene.callee.answers["REFER"] = 603
        third = scene.caller.request(near, "REFER", [("Refer-To", "<tel:+32112>")])
        scene.run(0.1)
        assert answers(scene.caller, third) == [603]
        assert scene.core.statistics().calls == 1
