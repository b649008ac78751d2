"""Session timers, each leg with its own (RFC 4028): who asks, who refreshes, what comes of a refresh that fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from b2bua.config import Config, Endpoint, Peer, Target
from policy.roaming import Roaming
from tests.world.party import Fields, Party, Session
from tests.world.scene import CONFIG, Scene
from tests.world.wire import Wire

OFFER = b"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = b"v=0\r\no=b 1 1 IN IP4 198.51.100.1\r\ns=-\r\nm=audio 5000 RTP/AVP 8\r\n"
HOLD = OFFER + b"a=sendonly\r\n"
MOVED = ANSWER.replace(b"5000", b"5002")
TIMER = ("Supported", "timer")
UPDATES = ("Allow", "INVITE, ACK, BYE, UPDATE")


def config(**sip: int) -> Config:
    """The world's, without probes: what happens here is the session timers' doing."""
    times = {"max_call_seconds": 14_400, "probe_call_seconds": 0, **sip}
    return attrs.evolve(CONFIG, sip=attrs.evolve(CONFIG.sip, **times))


def world(**options: Any) -> Scene:
    scene = Scene(config=options.pop("config", config()), **options)
    scene.callee.script = [(0.05, 180, b""), (0.5, 200, ANSWER)]
    scene.callee.body, scene.caller.body = ANSWER, OFFER
    return scene


def expires(seconds: int, refresher: str = "") -> tuple[str, str]:
    return "Session-Expires", f"{seconds};refresher={refresher}" if refresher else str(seconds)


@contextmanager
def talking(
    scene: Scene, asks: Fields = (), says: Fields = (), *, caller: str | None = None
) -> Iterator[tuple[Session, Session]]:
    """An answered call, whose caller has asked, and whose callee has said, so much of timers; hung up at the end."""
    with scene:
        scene.callee.headers = says
        near = scene.caller.invite(caller=caller, headers=asks, body=OFFER)
        scene.run(2)
        assert near.final == 200
        yield near, scene.callee.sessions[0]
        scene.run(5)
        if not near.is_over:
            scene.caller.bye(near)


def until(scene: Scene, party: Party, method: str, count: int = 1) -> Wire:
    """Lets time pass until that request of ours has come so many times."""
    while len(ours(party, method)) < count:
        scene.run(0.01)
        assert scene.core.statistics().calls, "the call is over"
    return ours(party, method)[-1]


def agrees(party: Party, *fields: tuple[str, str]) -> None:
    """What that party says of timers in its 2xx to requests in the dialog."""
    party.answer_headers = {"INVITE": fields, "UPDATE": fields}


def ours(party: Party, method: str = "UPDATE") -> list[Wire]:
    """The requests that came to that party within the dialog."""
    return [wire for wire in party.requests(method) if wire.to_tag]


def answer_to(party: Party, sent: Wire) -> Wire:
    return [wire for wire in party.responses(sent.method) if wire.branch == sent.branch and wire.status != 100][-1]


def accepted(party: Party) -> Wire:
    """The 2xx to its first INVITE."""
    return next(wire for wire in party.responses() if wire.status == 200)


def tags(wire: Wire, name: str) -> list[str]:
    return [tag.strip() for value in wire.all(name) for tag in value.split(",")]


def end(scene: Scene) -> object:
    return scene.record("end").facts["cause"]


def both_are_hung_up(scene: Scene, near: Session, far: Session) -> bool:
    return near.is_over and far.is_over and scene.core.statistics().calls == 0


# What belongs to one leg.


def test_each_leg_has_a_session_timer_of_its_own() -> None:
    scene = world()
    asks = [("Supported", "100rel, timer"), expires(600, "uac"), ("Min-SE", "120"), ("Require", "timer")]
    with talking(scene, asks, [expires(1_200, "uas"), ("Require", "timer"), ("Min-SE", "91")]):
        (invite,) = scene.callee.requests("INVITE")
        assert invite.all("session-expires") == ["1800"]
        assert invite.all("min-se") == invite.all("require") == []
        assert tags(invite, "supported") == ["100rel", "timer"]
        ringing, answer = [wire for wire in scene.caller.responses() if wire.status != 100]
        assert answer.all("session-expires") == ["600;refresher=uac"]
        assert answer.all("require") == ["timer"]
        assert not ringing.all("session-expires") + ringing.all("require") + answer.all("min-se")


def test_what_else_is_required_crosses_in_its_place() -> None:
    scene = world()
    asks = [("X-Before", "1"), ("Require", "precondition, Timer"), ("X-After", "2")]
    with talking(scene, asks):
        names = [name for name, _ in scene.callee.requests("INVITE")[0].fields]
        assert names[names.index("x-before") :][:3] == ["x-before", "require", "x-after"]
        assert scene.callee.requests("INVITE")[0].all("require") == ["precondition"]


def test_requirements_without_a_timer_cross_byte_for_byte() -> None:
    scene = world()
    with talking(scene, [("require", "precondition ,100rel")], [("Require", "a,b")]):
        assert b"\r\nrequire: precondition ,100rel\r\n" in scene.callee.requests("INVITE")[0].data
        assert b"\r\nRequire: a,b\r\n" in accepted(scene.caller).data


def test_peers_that_know_no_timers_have_none() -> None:
    scene = world()
    with talking(scene) as (near, far):
        (invite,) = scene.callee.requests("INVITE")
        assert (invite.all("supported"), invite.all("session-expires")) == (["timer"], ["1800"])
        assert not accepted(scene.caller).all("session-expires") + accepted(scene.caller).all("require")
        scene.run(7_000)
        assert not near.is_over
        assert not far.is_over
        assert not ours(scene.caller) + ours(scene.callee)


def test_a_gateway_told_to_asks_for_no_timer_and_follows_its_peers() -> None:
    scene = world(config=config(session_seconds=0))
    with talking(scene, [TIMER, expires(600, "uac")], [expires(90, "uas")]) as (near, far):
        (invite,) = scene.callee.requests("INVITE")
        assert (invite.all("supported"), invite.all("session-expires")) == (["timer"], [])
        assert accepted(scene.caller).all("session-expires") == ["600;refresher=uac"]
        scene.run(59)
        assert both_are_hung_up(scene, near, far)


@pytest.mark.parametrize("line", ["x", "1800, 90", "-1", ""])
def test_a_timer_that_cannot_be_read_costs_nobody_the_call(line: str) -> None:
    scene = world()
    with talking(scene, [TIMER, ("Session-Expires", line)], [("Session-Expires", line)]) as (near, far):
        scene.run(7_000)
        assert not near.is_over
        assert not far.is_over


# Too small.


def test_a_caller_who_asks_for_too_little_is_told_the_least() -> None:
    with world(config=config(min_session_seconds=600)) as scene:
        session = scene.caller.invite(headers=[TIMER, expires(300)])
        scene.run(1)
        assert session.final == 422
        assert scene.caller.responses()[-1].all("min-se") == ["600"]
    assert not scene.callee.seen
    assert end(scene) == "session interval"


def test_a_caller_who_knows_no_timers_is_not_told_of_them() -> None:
    # RFC 4028 §9: the Session-Expires is then that of a proxy.
    scene = world(config=config(min_session_seconds=600))
    with talking(scene, [expires(300)]):
        assert accepted(scene.caller).all("session-expires") == ["300;refresher=uas"]


def test_an_emergency_call_is_not_refused_for_its_session_interval() -> None:
    with world(config=config(min_session_seconds=600)) as scene:
        session = scene.caller.invite("112", headers=[TIMER, expires(100, "uac")])
        scene.run(2)
        assert session.final == 200
        scene.caller.bye(session)


def raises_the_bar(scene: Scene, *least: str) -> None:
    """The callee answers 422 with each of these Min-SE in turn, and then takes the call."""
    left, until = list(least), scene.now + 5
    take, scene.callee.script = scene.callee.script, []

    def look() -> None:
        invites = scene.callee.requests("INVITE")
        for invite in invites[len(least) - len(left) :]:
            if left:
                bar = left.pop(0)
                scene.callee.respond(invite, 422, headers=[("Min-SE", bar)] if bar else ())
        if not left:
            scene.callee.script = take
        elif scene.now < until:
            scene.after(0.02, look)

    scene.after(0.0, look)


def test_a_callee_who_wants_a_longer_interval_is_asked_for_it() -> None:
    scene = world()
    raises_the_bar(scene, "3600")
    with talking(scene) as (near, _):
        first, second = scene.callee.requests("INVITE")
        assert near.statuses == [100, 180, 200]
        assert (second.call_id, second.from_tag, second.cseq) == (first.call_id, first.from_tag, first.cseq + 1)
        assert (second.all("session-expires"), second.all("min-se")) == (["3600"], ["3600"])
        assert second.body == first.body


def test_the_second_try_goes_where_the_first_went() -> None:
    abroad, home = CONFIG.trunk
    spare = Endpoint.parse("198.51.100.2")
    targets = (Target(address=Endpoint.parse("198.51.100.1")), Target(address=spare))
    home = attrs.evolve(home, peers=(*home.peers, Peer.parse("198.51.100.2")), targets=targets)
    scene = world(config=attrs.evolve(config(), trunk=(abroad, home)))
    raises_the_bar(scene, "2000", "2200")
    with talking(scene):
        assert len(scene.callee.requests("INVITE")) == 3
    assert not scene.spare.seen
    assert not scene.alarms


@pytest.mark.parametrize("bars", [["2000", "2100", "2200", "2300", "2400"], ["1000"], [""], ["x"]])
def test_a_path_that_is_never_content_is_asked_for_nothing(bars: list[str]) -> None:
    scene = world()
    raises_the_bar(scene, *bars)
    with talking(scene) as (near, _):
        last = scene.callee.requests("INVITE")[-1]
        assert not last.all("session-expires")
        assert near.statuses == [100, 180, 200]


def test_a_422_is_never_the_callers() -> None:
    with world() as scene:
        scene.callee.script, scene.callee.headers = [(0.01, 422, b"")], [("Min-SE", "4000")]
        session = scene.caller.invite(headers=[TIMER, expires(1_800)])
        scene.run(2)
        assert session.statuses == [100, 500]
        assert not scene.caller.responses()[-1].all("min-se")
        assert len(scene.callee.requests("INVITE")) == 3


def test_a_caller_who_gives_up_between_two_tries_is_let_go() -> None:
    for at in (0.03, 0.06):
        with world() as scene:
            raises_the_bar(scene, "2000", "2100", "2200")
            session = scene.caller.invite()
            scene.run(at)
            scene.caller.cancel(session)
            scene.run(5)
            assert session.final == 487


# Who refreshes.


@pytest.mark.parametrize("theirs_near", [True, False])
@pytest.mark.parametrize("theirs_far", [True, False])
def test_each_leg_is_refreshed_by_whom_it_has_chosen(*, theirs_near: bool, theirs_far: bool) -> None:
    scene = world()
    asks = [TIMER, UPDATES, expires(1_000, "uac" if theirs_near else "uas")]
    says = [TIMER, UPDATES, expires(600, "uas" if theirs_far else "uac")]
    agrees(scene.caller, expires(1_000, "uac"))
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, asks, says) as (near, far):
        if not theirs_near and not theirs_far:
            scene.run(6_050)
            assert (len(ours(scene.caller)), len(ours(scene.callee))) == (10, 18)
            assert not near.is_over
            return
        scene.run(5_000)
        # A side that was to refresh and did not: the lesser of 32 s and a third before the end of its interval.
        assert both_are_hung_up(scene, near, far)
        due = 600 if theirs_far else 1_000
        ended = next(record.at for record in scene.records if record.kind == "end")
        assert (ended - scene.record("answer").at).total_seconds() == pytest.approx(due - 32, abs=0.1)
        assert not ours(scene.callee if theirs_far else scene.caller)
        assert end(scene) == "session expired"


def test_a_refresh_of_a_peer_counts_on_both_legs() -> None:
    scene = world()
    agrees(scene.callee, expires(1_800, "uas"))
    with talking(scene, [TIMER, expires(900, "uac")], [expires(1_800, "uas")]) as (near, far):
        for _ in range(10):
            scene.run(450)
            sent = scene.caller.request(near, "UPDATE", [TIMER, expires(900, "uac")])
            scene.run(0.5)
            assert answer_to(scene.caller, sent).all("session-expires") == ["900;refresher=uac"]
            (crossed,) = scene.callee.requests("UPDATE")[-1:]
            assert crossed.all("session-expires") == ["1800;refresher=uas"]
        assert not near.is_over
        scene.run(900)
        assert both_are_hung_up(scene, near, far)


def test_a_re_invite_that_crosses_refreshes_as_well() -> None:
    scene = world()
    agrees(scene.caller, expires(600, "uas"))
    with talking(scene, [TIMER, expires(600, "uac")], [expires(600, "uas")]) as (near, far):
        for _ in range(8):
            scene.run(400)
            sent = scene.callee.request(far, "INVITE", [TIMER, expires(600, "uac")], ANSWER)
            scene.run(0.5)
            assert answer_to(scene.callee, sent).all("session-expires") == ["600;refresher=uac"]
        assert not near.is_over


def test_a_peer_that_drops_its_timer_in_a_refresh_has_none_any_more() -> None:
    scene = world()
    with talking(scene, [TIMER, expires(600, "uac")]) as (near, far):
        scene.caller.request(near, "UPDATE")
        scene.run(5_000)
        assert not near.is_over
        assert not far.is_over


def test_nobody_sees_the_refresh_of_the_other_leg() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, says=[UPDATES, expires(600, "uac")]):
        before = len(scene.caller.seen)
        scene.run(3_400)
        assert len(ours(scene.callee)) == 10
        assert len(scene.caller.seen) == before


def test_a_refresh_says_nothing_of_who_calls() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    shown = ("P-Asserted-Identity", "<sip:+442079460000@abroad>")
    asks = [shown, ("Subject", "secret"), ("History-Info", "<sip:+442079460000@abroad>;index=1")]
    with talking(scene, asks, [expires(600, "uac")]):
        scene.run(500)
        (invite,) = ours(scene.callee, "INVITE")
        assert {name for name, _ in invite.fields} == {
            *("via", "max-forwards", "from", "to", "call-id", "cseq", "contact", "content-type", "content-length"),
            *("supported", "session-expires"),
        }
        assert invite.first("from") == scene.callee.requests("INVITE")[0].first("from")


# How.


def test_a_refresh_is_an_update_without_a_body_where_the_peer_takes_one() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, says=[UPDATES, expires(600, "uac")]):
        scene.run(345)
        (update,) = ours(scene.callee)
        assert update.body == b""
        assert update.all("session-expires") == ["600;refresher=uac"]
        assert not ours(scene.callee, "INVITE")


def test_else_it_is_a_re_invite_that_repeats_what_was_said_last() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    agrees(scene.caller, expires(900, "uac"))
    with talking(scene, [TIMER, expires(900, "uas")], [expires(600, "uac")]) as (near, far):
        scene.run(335)
        (first,) = ours(scene.callee, "INVITE")
        assert (first.body, first.all("content-type")) == (OFFER, ["application/sdp"])
        assert far.acked == {1, 2}
        scene.run(170)
        assert [wire.body for wire in ours(scene.caller, "INVITE")] == [ANSWER]
        scene.caller.body = HOLD
        scene.caller.request(near, "INVITE", [TIMER, expires(900, "uas")], HOLD)
        scene.run(340)
        assert ours(scene.callee, "INVITE")[-1].body == HOLD
        assert len(ours(scene.callee, "INVITE")) == 3
        scene.callee.answers["INVITE"] = 488
        scene.caller.request(near, "INVITE", [TIMER, expires(900, "uas")], OFFER)
        scene.run(1)
        scene.callee.answers["INVITE"] = 200
        count = len(ours(scene.callee, "INVITE"))
        until(scene, scene.callee, "INVITE", count + 1)
        assert ours(scene.callee, "INVITE")[-1].body == HOLD  # a refused offer has never stood
    assert not scene.alarms


def test_an_answer_that_comes_twice_gets_the_same_ack_twice() -> None:
    scene = world()
    scene.callee.answers["INVITE"] = None
    with talking(scene, says=[expires(600, "uac")]):
        refresh = until(scene, scene.callee, "INVITE")
        answer = scene.callee.response(refresh, 200, ANSWER, [expires(600, "uac")])
        for _ in range(2):
            scene.send(scene.callee, answer)
            scene.run(0.1)
        acks = [wire.data for wire in scene.callee.seen if wire.start.startswith("ACK") and wire.cseq == refresh.cseq]
        assert len(acks) == 2
        assert len(set(acks)) == 1


def test_a_late_offer_is_repeated_by_the_side_that_heard_its_answer() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with scene:
        scene.caller.acks = False
        scene.callee.headers = [expires(600, "uac")]
        near = scene.caller.invite(body=b"")
        scene.run(1)
        scene.send(scene.caller, scene.caller._in_dialog(near, "ACK", 1, (), OFFER))
        scene.run(345)
        assert [wire.body for wire in ours(scene.callee, "INVITE")] == [OFFER]
        scene.caller.bye(near)


def test_a_peer_that_has_unlearnt_update_gets_a_re_invite() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    scene.callee.answers["UPDATE"] = 405
    with talking(scene, says=[UPDATES, expires(600, "uac")]) as (near, _):
        scene.run(2_000)
        assert len(ours(scene.callee)) == 1
        assert len(ours(scene.callee, "INVITE")) > 3
        assert not near.is_over


@pytest.mark.parametrize("status", [400, 401, 403, 488, 500])
def test_a_peer_that_refuses_an_update_without_a_body_gets_a_re_invite(status: int) -> None:
    scene = world()
    agrees(scene.callee, UPDATES, expires(1_800, "uac"))
    scene.callee.answers["UPDATE"] = status
    with talking(scene, says=[TIMER, UPDATES, expires(1_800, "uac")]) as (near, _):
        scene.run(7_000)
        assert not near.is_over
        refreshes = ours(scene.callee, "INVITE")
        assert len(refreshes) >= 4
        assert {wire.body for wire in refreshes} == {OFFER}


def parted(sdp: bytes, isup: bytes) -> bytes:
    """The body of a SIP-I message (Q.1912.5)."""
    signal = b"Content-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=required"
    described = b"Content-Type: application/sdp\r\nContent-Disposition: session"
    return b"--x\r\n%b\r\n\r\n%b\r\n--x\r\n%b\r\n\r\n%b\r\n--x--\r\n" % (signal, isup, described, sdp)


class SipI(Scene):
    """Both sides of which speak SIP-I."""

    def send(self, party: Party, data: bytes) -> None:
        if b"\r\n--x\r\n" in data:
            kinds = b"Content-Type: application/sdp\r\n", b"Content-Type: multipart/mixed;boundary=x\r\n"
            data = data.replace(*kinds, 1)
        super().send(party, data)


def test_a_refresh_repeats_the_session_description_and_not_what_stood_beside_it() -> None:
    with SipI(config=config(), from_home=True, is_traced=False) as scene:  # its laws know whole bodies alone
        scene.callee.script = [(0.5, 200, parted(ANSWER, b"ANM"))]
        scene.callee.headers = [TIMER, expires(1_800, "uac")]
        agrees(scene.callee, expires(1_800, "uac"))
        scene.callee.body = parted(ANSWER, b"CON")
        near = scene.caller.invite("+33612345678", body=parted(OFFER, b"IAM"))
        scene.run(1_100)
        (invite,) = scene.callee.requests("INVITE")[:1]
        assert (invite.body, invite.all("content-type")) == (parted(OFFER, b"IAM"), ["multipart/mixed;boundary=x"])
        (refresh,) = ours(scene.callee, "INVITE")
        assert (refresh.body, refresh.all("content-type")) == (OFFER, ["application/sdp"])
        assert refresh.all("content-disposition") == ["session"]
        assert not ours(scene.caller, "INVITE")  # another ISUP part is nothing new about the session
        scene.callee.body = parted(MOVED, b"CON")
        scene.run(1_000)
        assert [wire.body for wire in ours(scene.caller, "INVITE")] == [MOVED]
        scene.caller.bye(near)


def test_an_answer_that_says_something_new_reaches_the_other_side() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, says=[expires(600, "uac")]) as (near, _):
        scene.callee.body = MOVED
        scene.run(345)
        assert [wire.body for wire in ours(scene.caller, "INVITE")] == [MOVED]
        assert near.acked == {1}  # its answer is ACKed
        scene.run(700)
        assert len(ours(scene.caller, "INVITE")) == 1
        assert len(ours(scene.callee, "INVITE")) == 3
    assert not scene.alarms


def test_an_answer_that_only_counts_up_its_version_is_nothing_new() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, says=[expires(600, "uac")]):
        scene.callee.body = ANSWER.replace(b"o=b 1 1", b"o=b 1 2")
        scene.run(345)
        assert not ours(scene.caller, "INVITE")


@pytest.mark.parametrize("status", [488, 491])
def test_a_change_that_the_other_side_refuses_is_told_to_the_operator(status: int) -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, says=[expires(600, "uac")]) as (near, _):
        scene.callee.body = MOVED
        scene.caller.answers["INVITE"] = status
        scene.run(375)
        assert [alarm.name for alarm in scene.alarms] == ["session"]
        assert len(ours(scene.caller, "INVITE")) == (5 if status == 491 else 1)
        assert not near.is_over


def test_a_change_is_out_of_date_once_the_peer_has_said_something_newer() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, says=[expires(600, "uac")]) as (_, far):
        scene.callee.body = MOVED
        scene.caller.answers["INVITE"] = 491
        until(scene, scene.caller, "INVITE")
        scene.run(0.1)
        scene.caller.answers["INVITE"] = 200
        newer = MOVED.replace(b"5002", b"5004")
        scene.callee.request(far, "INVITE", [TIMER, expires(600, "uas")], newer)
        scene.run(20)
        assert [wire.body for wire in ours(scene.caller, "INVITE")] == [MOVED, newer]


def test_what_a_caller_hides_stays_hidden_in_a_change() -> None:
    scene = world(answers={"+32470123456": Roaming.FAILED})
    agrees(scene.caller, expires(600, "uac"))
    with talking(scene, [TIMER, expires(600, "uas")], caller="<sip:+32470123456@abroad>"):
        scene.caller.body = OFFER.replace(b"s=-", b"s=+32470123456").replace(b"4000", b"4002")
        scene.run(345)
        (offered,) = ours(scene.callee, "INVITE")
        assert b"4002" in offered.body
    assert not any(b"470123456" in wire.data for wire in scene.callee.seen)


def test_a_change_that_would_show_what_a_caller_hides_is_not_passed_on() -> None:
    scene = world(answers={"+32470123456": Roaming.FAILED})
    agrees(scene.caller, expires(600, "uac"))
    with talking(scene, [TIMER, expires(600, "uas")], caller="<sip:+32470123456@abroad>"):
        scene.caller.body = OFFER + b"a=x-caller:+32470123456\r\n"
        scene.run(345)
        assert len(ours(scene.caller, "INVITE")) == 1
        assert not ours(scene.callee, "INVITE")
    assert [alarm.name for alarm in scene.alarms] == ["session"]
    assert not any(b"470123456" in wire.data for wire in scene.callee.seen)


# Glare.


def test_a_refresh_that_meets_491_waits_and_comes_again() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    scene.callee.answers["UPDATE"] = 491
    with talking(scene, says=[UPDATES, expires(600, "uac")]) as (near, _):
        scene.run(332.5)
        assert len(ours(scene.callee)) == 1
        scene.callee.answers["UPDATE"] = 200
        scene.run(4.2)
        assert len(ours(scene.callee)) == 2
        scene.run(900)
        assert not near.is_over


def test_a_peer_that_says_491_for_ever_is_not_asked_for_ever() -> None:
    scene = world()
    scene.callee.answers["UPDATE"] = 491
    with talking(scene, says=[UPDATES, expires(600, "uac")]) as (near, far):
        scene.run(600)
        assert both_are_hung_up(scene, near, far)
        assert 5 <= len(ours(scene.callee)) <= 50
    assert end(scene) == "session expired"


def test_a_re_invite_that_meets_our_refresh_is_491() -> None:
    scene = world()
    scene.callee.answers["INVITE"] = None
    with talking(scene, says=[expires(600, "uac")]) as (near, far):
        refresh = until(scene, scene.callee, "INVITE")
        meets = scene.callee.request(far, "INVITE", body=ANSWER)
        across = scene.caller.request(near, "INVITE", body=HOLD)
        offers = scene.caller.request(near, "UPDATE", body=HOLD)
        bare = scene.caller.request(near, "UPDATE")
        scene.run(0.3)
        assert [answer_to(scene.callee, meets).status, answer_to(scene.caller, across).status] == [491, 491]
        assert answer_to(scene.caller, offers).status == 491
        assert answer_to(scene.caller, bare).status == 200
        scene.callee.respond(refresh, 200, ANSWER, [expires(600, "uac")])
        scene.run(1)
        scene.callee.answers["INVITE"] = 200
        again = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(1)
        assert answer_to(scene.caller, again).status == 200


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_refresh_that_crosses_comes_before_ours_and_takes_its_place(method: str) -> None:
    """The caller refreshes its leg, and we the callee's; both begin at the same 2xx, and the callee is far away."""
    scene = world()
    allow = [UPDATES] if method == "UPDATE" else []
    asks, says = [TIMER, *allow, expires(1_800, "uac")], [TIMER, *allow, expires(1_800, "uac")]
    agrees(scene.callee, expires(1_800, "uac"))
    with talking(scene, asks, says) as (near, _):
        begun = scene.now - 1.4
        for at in range(900, 9_001, 900):
            scene.callee.answers[method] = None
            scene.run(begun + at - scene.now)
            sent = scene.caller.request(near, method, asks, OFFER if method == "INVITE" else b"")
            scene.run(0.15)
            crossed = ours(scene.callee, method)[-1]
            scene.callee.respond(crossed, 200, ANSWER if method == "INVITE" else b"", [expires(1_800, "uac")])
            scene.run(1)
            assert answer_to(scene.caller, sent).status == 200
        assert len(ours(scene.callee, method)) == 10


def test_a_refresh_waits_while_a_request_of_theirs_is_under_way() -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    with talking(scene, says=[expires(600, "uac")]) as (near, _):
        scene.run(322)
        scene.callee.answers["INVITE"] = None
        scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(20)
        (crossed,) = ours(scene.callee, "INVITE")
        assert crossed.body == HOLD
        scene.callee.answers["INVITE"] = 200
        scene.callee.respond(crossed, 488)
        scene.run(200)
        assert [wire.body for wire in ours(scene.callee, "INVITE")] == [HOLD, OFFER]
        assert not near.is_over


# What its sender takes back, while the answer is on its way.


@contextmanager
def crossing_cancel(scene: Scene, body: bytes, answer: bytes, *, rings_out: bool = False) -> Iterator[Wire]:
    """A re-INVITE of the caller, taken back by him or by us, meets its 200 (RFC 3261 §9.1)."""
    with talking(scene) as (near, _):
        scene.callee.answers["INVITE"] = None
        scene.callee.heeds_cancel = False
        sent = scene.caller.request(near, "INVITE", body=body)
        scene.run(0.1)
        (crossed,) = ours(scene.callee, "INVITE")
        scene.callee.respond(crossed, 180)
        if rings_out:
            scene.run(scene.core.context.no_answer - 0.05)
        else:
            scene.run(0.1)
            scene.caller.cancel(attrs.evolve(near, invite=sent))
            scene.run(0.005)
        scene.callee.answers["INVITE"] = 200
        scene.callee.respond(crossed, 200, answer)
        yield crossed
        assert answer_to(scene.caller, sent).status == (504 if rings_out else 487)
        assert not near.is_over


@pytest.mark.parametrize("rings_out", [False, True])
def test_an_offer_that_is_taken_back_and_accepted_is_undone_by_another(*, rings_out: bool) -> None:
    scene = world()
    with crossing_cancel(scene, HOLD, ANSWER, rings_out=rings_out) as crossed:
        scene.run(5)
        assert [wire.body for wire in ours(scene.callee, "INVITE")] == [HOLD, OFFER]
        assert not ours(scene.caller, "INVITE")
        acks = [wire for wire in scene.callee.requests("ACK") if wire.cseq == crossed.cseq]
        assert [wire.body for wire in acks] == [b""]
    assert not scene.alarms


def test_what_undoes_an_offer_gives_way_to_a_newer_one_of_its_sender() -> None:
    scene = world()
    with crossing_cancel(scene, HOLD, ANSWER):
        scene.callee.answers["INVITE"] = 491
        scene.run(0.5)
        scene.callee.answers["INVITE"] = 200
        newer = OFFER.replace(b"4000", b"4002")
        scene.caller.request(scene.caller.sessions[0], "INVITE", body=newer)
        scene.run(20)
        assert [wire.body for wire in ours(scene.callee, "INVITE")] == [HOLD, OFFER, newer]


def test_an_offer_in_the_answer_to_what_was_taken_back_is_answered_with_the_session_as_it_stands() -> None:
    scene = world()
    with crossing_cancel(scene, b"", ANSWER) as crossed:
        scene.run(5)
        (ack,) = [wire for wire in scene.callee.requests("ACK") if wire.cseq == crossed.cseq]
        assert (ack.body, ack.all("content-type")) == (OFFER, ["application/sdp"])
        assert len(ours(scene.callee, "INVITE")) == 1
        assert not ours(scene.caller, "INVITE")


def test_an_offer_of_something_new_in_that_answer_reaches_the_other_side() -> None:
    scene = world()
    with crossing_cancel(scene, b"", MOVED):
        scene.run(5)
        assert [wire.body for wire in ours(scene.caller, "INVITE")] == [MOVED]


def test_an_offer_of_other_streams_in_that_answer_is_declined_and_the_session_put_back() -> None:
    scene = world()
    with crossing_cancel(scene, b"", ANSWER + b"m=video 5008 RTP/AVP 31\r\n") as crossed:
        scene.run(5)
        (ack,) = [wire for wire in scene.callee.requests("ACK") if wire.cseq == crossed.cseq]
        assert [line for line in ack.body.split(b"\r\n") if line.startswith(b"m=")] == [
            b"m=audio 0 RTP/AVP 8",
            b"m=video 0 RTP/AVP 31",
        ]
        assert ours(scene.callee, "INVITE")[-1].body == OFFER


# What fails.


@pytest.mark.parametrize("status", [408, 481, None])
@pytest.mark.parametrize("allow", [(), (UPDATES,)])
def test_a_refresh_that_finds_nobody_ends_the_call(status: int | None, allow: Fields) -> None:
    scene = world()
    method = "UPDATE" if allow else "INVITE"
    scene.callee.answers[method] = status
    with talking(scene, says=[*allow, expires(600, "uac")]) as (near, far):
        scene.run(370)
        assert both_are_hung_up(scene, near, far)
        assert len(ours(scene.callee, method)) == 1
        (bye,) = ours(scene.caller, "BYE")
        assert bye.first("reason") == 'SIP;cause=408;text="peer gone"'
    assert end(scene) == "peer gone"


def test_an_emergency_call_is_refreshed_again_after_an_outage() -> None:
    """It is not ended for a refresh that finds nobody; nor must the peer end it, who was out of reach for a while."""
    scene = world()
    with scene:
        scene.callee.headers = [TIMER, UPDATES, expires(1_800, "uac"), ("Require", "timer")]
        agrees(scene.callee, expires(1_800, "uac"))
        near = scene.caller.invite("112", headers=[UPDATES], body=OFFER)
        scene.run(2)
        scene.callee.answers = {"UPDATE": None}
        scene.run(1_040)
        scene.callee.answers = {}
        assert len(ours(scene.callee)) == 1
        scene.run(740)
        assert len(ours(scene.callee)) == 2
        scene.run(10_000)
        assert len(ours(scene.callee)) > 10
        assert not near.is_over
        scene.caller.bye(near)


@pytest.mark.parametrize("status", [488, 500, 503, 404])
def test_a_refresh_that_fails_otherwise_is_tried_again_before_the_end(status: int) -> None:
    scene = world()
    agrees(scene.callee, expires(600, "uac"))
    scene.callee.answers["UPDATE"] = status
    with talking(scene, says=[UPDATES, expires(600, "uac")]) as (near, _):
        scene.run(345)
        scene.callee.answers["UPDATE"] = 200
        scene.run(900)
        assert not near.is_over


def test_a_refresh_that_only_rings_is_taken_back_and_the_session_expires() -> None:
    scene = world()
    scene.callee.answers["INVITE"] = 183
    with talking(scene, says=[expires(600, "uac")]) as (near, far):
        scene.run(399)
        assert len(scene.callee.requests("CANCEL")) == 1
        scene.run(240)
        assert both_are_hung_up(scene, near, far)
    assert end(scene) == "session expired"


def test_a_call_that_ends_takes_its_refresh_along() -> None:
    scene = world()
    scene.callee.answers["INVITE"] = 183
    with talking(scene, says=[expires(600, "uac")]) as (near, far):
        scene.run(335)
        assert ours(scene.callee, "INVITE")
        scene.caller.bye(near)
        scene.run(2)
        assert len(scene.callee.requests("CANCEL")) == 1
        assert far.is_over
    assert end(scene) == "BYE"


def test_a_refresh_that_wants_a_longer_interval_gets_it() -> None:
    scene = world()
    agrees(scene.callee, ("Min-SE", "900"))
    scene.callee.answers["UPDATE"] = 422
    with talking(scene, says=[UPDATES, expires(600, "uac")]) as (near, _):
        until(scene, scene.callee, "UPDATE")
        agrees(scene.callee, expires(900, "uac"))
        scene.callee.answers["UPDATE"] = 200
        scene.run(1)
        first, second = ours(scene.callee)
        assert [wire.first("session-expires") for wire in (first, second)] == ["600;refresher=uac", "900;refresher=uac"]
        assert second.all("min-se") == ["900"]
        scene.run(1_500)
        assert not near.is_over


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_422_to_what_crosses_is_answered_by_us(method: str) -> None:
    scene = world()
    agrees(scene.callee, ("Min-SE", "4000"))
    scene.callee.answers[method] = 422
    with talking(scene) as (near, far):
        sent = scene.caller.request(near, method, [("X-Kind", "this")], HOLD)
        scene.run(0.03)
        agrees(scene.callee, expires(4_000, "uas"))
        scene.callee.answers[method] = 200
        scene.run(1)
        first, second = ours(scene.callee, method)
        assert (second.body, second.all("x-kind"), second.cseq) == (HOLD, ["this"], first.cseq + 1)
        assert second.all("session-expires") == ["4000"]
        assert answer_to(scene.caller, sent).status == 200
        assert method == "UPDATE" or far.acked == {1, second.cseq, first.cseq}


def test_a_422_to_what_crosses_that_cannot_be_met_is_500() -> None:
    scene = world()
    scene.callee.answers["INVITE"] = 422
    with talking(scene) as (near, _):
        sent = scene.caller.request(near, "INVITE", body=HOLD)
        scene.run(1)
        answer = answer_to(scene.caller, sent)
        assert (answer.status, answer.all("min-se")) == (500, [])
        assert not near.is_over


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_request_in_the_dialog_with_too_small_an_interval_does_not_cross(method: str) -> None:
    scene = world(config=config(min_session_seconds=300))
    with talking(scene) as (near, far):
        for party, session, other in ((scene.caller, near, scene.callee), (scene.callee, far, scene.caller)):
            sent = party.request(session, method, [TIMER, expires(299)], OFFER)
            scene.run(1)
            assert answer_to(party, sent).status == 422
            assert answer_to(party, sent).all("min-se") == ["300"]
            assert not ours(other, method)


@pytest.mark.parametrize("seed", range(12))
def test_refreshes_keep_a_call_up_over_a_bad_link(seed: int) -> None:
    scene = world(seed=seed)
    agrees(scene.caller, expires(300, "uac"))
    agrees(scene.callee, expires(300, "uac"))
    allow = [UPDATES] if seed % 2 else []
    with talking(scene, [TIMER, *allow, expires(300, "uas")], [*allow, expires(300, "uac")]) as (near, far):
        scene.link.loss, scene.link.doubled, scene.link.delay = 0.2, 0.2, (0.01, 0.4)
        scene.run(7_200)
        assert not near.is_over
        assert not far.is_over
        scene.link.loss = 0.0
    assert end(scene) == "BYE"
