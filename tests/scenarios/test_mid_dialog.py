"""What happens within a call that stands: scenarios 40 to 46 of docs/scenarios.md."""

import pytest

from tests.scenarios.talk import ANSWER, OFFER, answers, crossed, methods, sdp, talking
from tests.world.scene import Scene

# 40: hold.


@pytest.mark.parametrize("hold", ["a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0"])
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_hold_and_resume_cross_byte_for_byte_with_their_answers(hold: str, side: str) -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        asks, session = (scene.caller, near) if side == "caller" else (scene.callee, far)
        other = scene.callee if side == "caller" else scene.caller
        for version, lines in ((2, (hold,)), (3, ("a=sendrecv",))):
            offer, answer = (
                sdp(4000, version, *lines),
                sdp(5000, version, *(line.replace("send", "recv") for line in lines)),
            )
            other.body = answer
            sent = asks.request(session, "INVITE", body=offer)
            scene.run(1)
            assert crossed(other, "INVITE").body == offer
            assert [wire.body for wire in asks.responses() if wire.branch == sent.branch and wire.status == 200] == [
                answer
            ]
            assert other.sessions[-1].acked >= {crossed(other, "INVITE").cseq}


# 42: the re-INVITE without an offer.


def test_an_offer_asked_for_in_mid_call_is_answered_in_the_ack() -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.caller.acks, scene.callee.body = False, sdp(5000, 2)
        sent = scene.caller.request(near, "INVITE")
        scene.run(1.7)
        (offered,) = [wire for wire in scene.caller.responses() if wire.branch == sent.branch and wire.status == 200]
        assert offered.body == sdp(5000, 2)
        assert far.acked == {1}  # not yet, and its 200 has come again meanwhile
        scene.send(scene.caller, scene.caller._in_dialog(near, "ACK", sent.cseq, (), sdp(4000, 2)))
        scene.run(1)
        assert crossed(scene.callee, "ACK").body == sdp(4000, 2)
        assert len(far.acked) == 2


# 42 and 43: the re-INVITE that fails.


@pytest.mark.parametrize("status", [488, 403, 500, 603])
def test_a_change_that_is_refused_leaves_the_call_as_it_was(status: int) -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        scene.callee.answers["INVITE"] = status
        sent = scene.caller.request(near, "INVITE", body=sdp(4002, 2))
        scene.run(1)
        assert answers(scene.caller, sent) == [status]
        assert "BYE" not in methods(scene.caller) + methods(scene.callee)
        for party, session, other in ((scene.caller, near, scene.callee), (scene.callee, far, scene.caller)):
            sent = party.request(session, "INFO")
            scene.run(1)
            assert answers(party, sent) == [200]
            assert crossed(other, "INFO").to_tag


# 44: media that change.


def test_streams_come_and_go_and_their_lines_cross_as_they_are() -> None:
    video = ("m=video 4010 RTP/AVP 99", "a=rtpmap:99 H264/90000")
    scene = Scene()
    with talking(scene) as (near, _):
        for version, lines in ((2, video), (3, ("m=video 0 RTP/AVP 99",)), (4, ("m=video 0 RTP/AVP 99", *video))):
            scene.callee.body = sdp(5000, version, *(line.replace(" 4010 ", " 0 ") for line in lines))
            sent = scene.caller.request(near, "INVITE", body=sdp(4000, version, *lines))
            scene.run(1)
            assert crossed(scene.callee, "INVITE").body == sent.body
            (accepted,) = [w for w in scene.caller.responses() if w.branch == sent.branch and w.status == 200]
            assert accepted.body == scene.callee.body


def test_a_fax_that_is_refused_falls_back_to_the_voice_call_it_was() -> None:
    fax = OFFER.replace(
        b"m=audio 4000 RTP/AVP 8\r\n", b"m=audio 0 RTP/AVP 8\r\nm=image 4002 udptl t38\r\na=T38FaxVersion:0\r\n"
    )
    scene = Scene()
    with talking(scene) as (near, far):
        scene.callee.answers["INVITE"] = 488
        refused = scene.caller.request(near, "INVITE", body=fax)
        scene.run(1)
        assert answers(scene.caller, refused) == [488]
        assert crossed(scene.callee, "INVITE").body == fax
        scene.callee.answers["INVITE"] = 200
        scene.callee.body = ANSWER
        voice = scene.caller.request(near, "INVITE", body=sdp(4000, 3))
        scene.run(1)
        assert answers(scene.caller, voice) == [200]
        assert crossed(scene.callee, "INVITE").cseq in far.acked


def test_a_callee_that_hears_a_fax_changes_the_call_to_it() -> None:
    fax = ANSWER.replace(b"m=audio 5000 RTP/AVP 8\r\n", b"m=image 5002 udptl t38\r\n")
    scene = Scene()
    with talking(scene) as (near, far):
        scene.caller.body = OFFER.replace(b"m=audio 4000 RTP/AVP 8\r\n", b"m=image 4002 udptl t38\r\n")
        sent = scene.callee.request(far, "INVITE", body=fax)
        scene.run(1)
        assert crossed(scene.caller, "INVITE").body == fax
        (accepted,) = [w for w in scene.callee.responses() if w.branch == sent.branch and w.status == 200]
        assert accepted.body == scene.caller.body
        assert near.acked


# 46: other methods.


def test_a_key_press_crosses_with_its_package_and_body() -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        digits = b"Signal=5\r\nDuration=160\r\n"
        fields = [("Info-Package", "dtmf"), ("Content-Type", "application/dtmf-relay")]
        near.cseq += 1
        scene.send(
            scene.caller,
            scene.caller._in_dialog(near, "INFO", near.cseq, fields, digits).replace(
                b"Content-Type: application/sdp\r\n", b""
            ),
        )
        scene.run(1)
        info = crossed(scene.callee, "INFO")
        assert (info.first("info-package"), info.all("content-type"), info.body) == (
            "dtmf",
            ["application/dtmf-relay"],
            digits,
        )


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("INFO", 469, [("Recv-Info", "dtmf")]),
        ("BREW", 501, [("Allow", "INVITE, ACK, BYE")]),
        ("SUBSCRIBE", 489, [("Allow-Events", "dialog")]),
        ("MESSAGE", 415, [("Accept", "text/plain")]),
        ("NOTIFY", 481, []),
    ],
)
def test_the_refusal_of_a_request_in_mid_call_is_the_callees_with_its_reasons(
    method: str, status: int, headers: list[tuple[str, str]]
) -> None:
    scene = Scene()
    with talking(scene) as (near, _):
        scene.callee.answers[method] = None
        sent = scene.caller.request(near, method, [("Event", "dialog"), ("Info-Package", "unknown")])
        scene.run(0.1)
        scene.callee.respond(crossed(scene.callee, method), status, headers=headers)
        scene.run(1)
        assert answers(scene.caller, sent) == [status]
        (refusal,) = [wire for wire in scene.caller.responses(method) if wire.status == status]
        assert [(name, refusal.first(name.lower())) for name, _ in headers] == headers


@pytest.mark.parametrize("method", ["SUBSCRIBE", "NOTIFY", "OPTIONS", "MESSAGE", "BREW"])
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_a_request_of_any_method_crosses_from_either_side(method: str, side: str) -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        asks, session = (scene.caller, near) if side == "caller" else (scene.callee, far)
        other = scene.callee if side == "caller" else scene.caller
        sent = asks.request(session, method, [("Event", "presence"), ("X-New", "this")])
        scene.run(1)
        assert (crossed(other, method).first("event"), crossed(other, method).first("x-new")) == ("presence", "this")
        assert answers(asks, sent) == [200]


# 43.


@pytest.mark.parametrize("status", [408, 481])
@pytest.mark.parametrize("side", ["caller", "callee"])
def test_a_change_that_finds_no_call_ends_it_on_both_sides(status: int, side: str) -> None:
    scene = Scene()
    with talking(scene) as (near, far):
        asks, session = (scene.caller, near) if side == "caller" else (scene.callee, far)
        other = scene.callee if side == "caller" else scene.caller
        other.answers["INVITE"] = status
        sent = asks.request(session, "INVITE", body=sdp(4002, 2))
        scene.run(1)
        assert answers(asks, sent) == [status]
        assert methods(asks)[-1] == methods(other)[-1] == "BYE"
        assert scene.core.statistics().calls == 0


# 41: late offers that nobody answers.


def declines(offer: bytes, answer: bytes) -> bool:
    """Whether it is an answer with the offer's streams, each refused."""
    asked, said = (
        [line.split(b" ") for line in body.split(b"\r\n") if line.startswith(b"m=")] for body in (offer, answer)
    )
    return bool(said) and said == [[kind, b"0", *rest] for kind, _, *rest in asked]


def test_a_late_offer_that_the_caller_never_answers_is_declined_before_the_callee_gives_up() -> None:
    offer = sdp(5000, 1, "m=video 5002 RTP/AVP 99", "a=rtpmap:99 H264/90000")
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, offer)]
        scene.caller.invite(body=b"")
        scene.run(30)
        assert methods(scene.callee) == ["INVITE"]
        scene.run(0.5)
        assert methods(scene.callee) == ["INVITE", "ACK", "BYE"]
        assert methods(scene.caller) == ["BYE"]
        ack = crossed(scene.callee, "ACK")
        assert declines(offer, ack.body)
        assert ack.first("content-type") == "application/sdp"
    assert scene.record("end").facts["cause"] == "no ACK"


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_who_hangs_up_before_a_late_offer_is_answered_leaves_it_declined(who: str) -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, OFFER)]
        near = scene.caller.invite(body=b"")
        scene.run(1)
        (far,) = scene.callee.sessions
        (scene.caller if who == "caller" else scene.callee).bye(near if who == "caller" else far)
        scene.run(1)
        assert declines(OFFER, crossed(scene.callee, "ACK").body)
        assert far.is_over


def test_a_late_offer_that_crosses_the_cancel_is_declined_and_hung_up() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        scene.callee.heeds_cancel = False
        near = scene.caller.invite(body=b"")
        scene.run(0.5)
        scene.caller.cancel(near)
        scene.run(0.015)
        scene.callee.respond(crossed(scene.callee, "INVITE"), 200, OFFER)
        scene.run(1)
        assert near.final == 487
        assert declines(OFFER, crossed(scene.callee, "ACK").body)
        assert methods(scene.callee)[-1] == "BYE"
