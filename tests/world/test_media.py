"""Media that is relayed: each side is told of places of ours, packets go where both have agreed, and nothing is left of
a call that is over; as well when the call is put down and taken up again at every step."""

import attrs
import pytest

from b2bua.config import Between, Config, Lost, Media, Rtpengine, Way
from b2bua.config.address import Endpoint
from b2bua.config.media import Engine
from b2bua.media import Description
from b2bua.media.orders import Place
from tests.world.forgetful import Forgetful
from tests.world.party import Fields, Party, Session
from tests.world.scene import CONFIG, Scene
from tests.world.wire import Wire

CALLER, CALLEE, ELSEWHERE = ("203.0.113.1", 4_000), ("203.0.113.2", 6_000), ("203.0.113.9", 8_000)
NEAR, FAR = "192.0.2.10", "198.51.100.10"
RELIABLE = (("Require", "100rel"), ("RSeq", "7"))
ENGINES = Rtpengine(engine=(Engine(address=Endpoint("127.0.0.1", 2_223)),))


def relayed(way: Way = Way.RELAY, **settings: object) -> Config:
    return attrs.evolve(CONFIG, media=Media(way=way, **settings))  # type: ignore[arg-type]


def sdp(place: Place, *more: int, direction: str = "", version: int = 1) -> bytes:
    host, port = place
    streams = "".join(f"m=audio {one} RTP/AVP 8\r\n{direction}" for one in (port, *more))
    return f"v=0\r\no=x 7 {version} IN IP4 192.0.2.250\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n{streams}".encode()


def told(wire: Wire) -> list[Place | None]:
    """The places that a message tells its reader of."""
    streams = Description.read(wire.body).streams
    return [(str(stream.address), stream.port) if stream.is_wanted else None for stream in streams]


@pytest.fixture(params=[Scene, Forgetful])
def kind(request: pytest.FixtureRequest) -> type[Scene]:
    found: type[Scene] = request.param
    return found


def place(scene: Scene, answer: bytes = sdp(CALLEE), *, offer: bytes = sdp(CALLER), headers: Fields = ()) -> Session:
    """A call that is answered."""
    scene.callee.script = [(0.05, 180, b""), (0.5, 200, answer)]
    session = scene.caller.invite(body=offer, headers=headers)
    scene.run(2)
    assert session.final == 200
    return session


def answered(party: Party) -> Wire:
    return next(wire for wire in party.responses() if wire.status == 200)


def reinvite(scene: Scene, session: Session, party: Party, body: bytes) -> Wire:
    sent = party.request(session, "INVITE", body=body)
    scene.run(1)
    return next(wire for wire in party.responses() if wire.status == 200 and wire.branch == sent.branch)


def test_both_sides_are_told_of_us_and_hear_each_other(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        place(scene)
        (to_callee,) = told(scene.callee.requests("INVITE")[0])
        (to_caller,) = told(answered(scene.caller))
        assert to_callee is not None
        assert to_caller is not None
        assert (to_callee[0], to_caller[0]) == (FAR, NEAR)
        assert scene.wires.leads(to_callee) == CALLER
        assert scene.wires.leads(to_caller) == CALLEE


def test_every_other_octet_crosses_as_it_came() -> None:
    offer = sdp(CALLER) + b"a=rtpmap:8 PCMA/8000\r\na=x-what:  ever \r\n"
    with Scene(config=relayed()) as scene:
        place(scene, offer=offer)
        got = scene.callee.requests("INVITE")[0].body
        (there,) = told(scene.callee.requests("INVITE")[0])
        assert there is not None
        assert got == offer.replace(b"203.0.113.1", FAR.encode()).replace(b" 4000 ", b" %d " % there[1])


def test_without_a_way_of_ours_a_description_crosses_as_it_came() -> None:
    with Scene() as scene:
        place(scene)
        assert scene.callee.requests("INVITE")[0].body == sdp(CALLER)
        assert scene.wires.opened == 0


def test_only_the_pair_of_trunks_that_is_named_is_relayed() -> None:
    media = Media(pair=(Between(between=("home", "abroad"), way=Way.RELAY),))
    with Scene(config=attrs.evolve(CONFIG, media=media), is_traced=False) as scene:
        place(scene)
        assert scene.wires.opened == 2
    none = Media(way=Way.RELAY, pair=(Between(between=("*", "home"), way=Way.PASSTHROUGH),))
    with Scene(config=attrs.evolve(CONFIG, media=none), is_traced=False) as scene:
        place(scene)
        assert scene.wires.opened == 0


def test_early_media_is_heard(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        scene.callee.script = [(0.05, 183, sdp(CALLEE)), (5.0, 200, sdp(CALLEE))]
        scene.caller.invite(body=sdp(CALLER))
        scene.run(1)
        early = next(wire for wire in scene.caller.responses() if wire.status == 183)
        (to_caller,) = told(early)
        assert to_caller is not None
        assert scene.wires.leads(to_caller) == CALLEE
        scene.run(6)
        assert told(answered(scene.caller)) == [to_caller]


def test_a_new_offer_moves_who_makes_it_once_it_is_answered(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        session = place(scene)
        (before,) = told(scene.callee.requests("INVITE")[0])
        assert before is not None
        scene.callee.body = sdp(CALLEE, version=2)
        reinvite(scene, session, scene.caller, sdp(ELSEWHERE))
        assert told(scene.callee.requests("INVITE")[1]) == [before]
        assert scene.wires.leads(before) == ELSEWHERE
        assert len(scene.wires.channels) == 2


def test_the_callee_may_move_too(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        place(scene)
        (to_caller,) = told(answered(scene.caller))
        assert to_caller is not None
        scene.caller.body = sdp(CALLER)
        reinvite(scene, scene.callee.sessions[0], scene.callee, sdp(ELSEWHERE))
        assert scene.wires.leads(to_caller) == ELSEWHERE


def test_a_new_offer_that_is_refused_moves_nobody(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        session = place(scene)
        (to_callee,) = told(scene.callee.requests("INVITE")[0])
        assert to_callee is not None
        scene.callee.answers["INVITE"] = 488
        scene.caller.request(session, "INVITE", body=sdp(ELSEWHERE))
        scene.run(1)
        assert scene.wires.leads(to_callee) == CALLER
        scene.callee.answers["INVITE"] = 200
        scene.callee.body = sdp(CALLEE)
        reinvite(scene, session, scene.caller, b"")
        assert scene.wires.leads(to_callee) == CALLER


def test_a_late_offer_and_its_answer_in_the_ack_are_relayed(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        scene.caller.acks = False
        session = place(scene, offer=b"")
        (to_caller,) = told(answered(scene.caller))
        data = scene.caller._in_dialog(session, "ACK", 1, (), sdp(CALLER))
        scene.deliver(scene.caller, data)
        scene.run(1)
        (ack,) = scene.callee.requests("ACK")
        (to_callee,) = told(ack)
        assert to_caller is not None
        assert to_callee is not None
        assert (scene.wires.leads(to_caller), scene.wires.leads(to_callee)) == (CALLEE, CALLER)


def test_an_update_moves_whoever_sends_it(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        place(scene)
        (to_caller,) = told(answered(scene.caller))
        scene.callee.request(scene.callee.sessions[0], "UPDATE", body=sdp(ELSEWHERE))
        scene.run(0.2)
        assert to_caller is not None
        assert told(scene.caller.requests("UPDATE")[0]) == [to_caller]
        assert scene.wires.leads(to_caller) == CALLEE
        data = scene.caller.response(scene.caller.requests("UPDATE")[0], 200, sdp(CALLER))
        scene.deliver(scene.caller, data)


def test_a_branch_of_a_fork_that_answers_is_whom_the_caller_hears(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        scene.callee.script = []
        scene.caller.invite(body=sdp(CALLER))
        scene.run(0.1)
        (invite,) = scene.callee.requests("INVITE")
        for tag, there in (("one", CALLEE), ("two", ELSEWHERE)):
            scene.deliver(scene.callee, scene.callee.response(invite, 183, sdp(there), tag=tag))
        scene.callee.respond(invite, 200, sdp(CALLEE), tag="one")
        scene.callee.sessions[-1].tag = "one"
        scene.run(1)
        (to_caller,) = told(answered(scene.caller))
        assert to_caller is not None
        assert scene.wires.leads(to_caller) == CALLEE


def test_a_stream_that_comes_later_gets_ports_of_its_own(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        session = place(scene)
        scene.callee.body = sdp(CALLEE, 6_002)
        final = reinvite(scene, session, scene.caller, sdp(CALLER, 4_002))
        first, second = told(final)
        assert first is not None
        assert second is not None
        assert scene.wires.leads(second) == (CALLEE[0], 6_002)
        assert len(scene.wires.channels) == 4


def test_a_refused_call_gives_its_ports_back(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        scene.callee.script = [(0.05, 486, b"")]
        assert scene.caller.invite(body=sdp(CALLER)).final is None
        scene.run(1)
        assert scene.wires.channels == {}


def test_a_blocked_call_has_none() -> None:
    with Scene(config=relayed()) as scene:
        scene.caller.invite(caller="<sip:+3225551212@abroad>", body=sdp(CALLER))
        scene.run(1)
        assert scene.wires.opened == 0


BAD = (
    sdp(CALLER).replace(b"203.0.113.1", b"media.example"),
    sdp(CALLER).replace(b"203.0.113.1", b"224.0.0.1"),
    sdp(CALLER).replace(b" 4000 ", b" 70000 "),
    sdp(CALLER).replace(b"IP4 203.0.113.1", b"IP6 2001:db8::1"),
    b"v=0\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n",
)


@pytest.mark.parametrize("offer", BAD)
def test_an_offer_that_cannot_be_relayed_gets_488_and_why(offer: bytes) -> None:
    with Scene(config=relayed()) as scene:
        session = scene.caller.invite(body=offer)
        scene.run(1)
        assert session.final == 488
        assert scene.callee.requests("INVITE") == []
        assert scene.record("end").facts["cause"] == "media"


@pytest.mark.parametrize("offer", BAD)
def test_a_new_offer_that_cannot_be_relayed_gets_488_and_the_call_goes_on(offer: bytes) -> None:
    with Scene(config=relayed()) as scene:
        session = place(scene)
        scene.caller.request(session, "INVITE", body=offer)
        scene.run(1)
        assert session.statuses[-1] == 488
        assert not session.is_over


@pytest.mark.parametrize("answer", BAD)
def test_an_answer_that_cannot_be_relayed_shows_the_caller_no_address_of_the_callee(answer: bytes) -> None:
    with Scene(config=relayed()) as scene:
        place(scene, answer)
        assert answered(scene.caller).body == b""
        assert [alarm.name for alarm in scene.alarms] == ["media"]
        scene.alarms.clear()


def test_an_emergency_call_that_cannot_be_relayed_goes_on_end_to_end() -> None:
    with Scene(config=relayed(), is_traced=False) as scene:
        session = scene.caller.invite("112", body=BAD[0])
        scene.run(2)
        assert session.final == 200
        assert scene.callee.requests("INVITE")[0].body == BAD[0]
        scene.alarms.clear()


def test_without_ports_a_call_gets_503_and_somebody_is_told() -> None:
    with Scene(config=relayed(first_port=20_000, last_port=20_003)) as scene:
        place(scene)
        place(scene)
        session = scene.caller.invite(body=sdp(CALLER))
        scene.run(1)
        assert session.final == 503
        assert [alarm.name for alarm in scene.alarms] == ["media"]
        assert "no ports are left" in scene.alarms[0].text
        scene.alarms.clear()


def test_ports_that_a_call_has_had_rest_before_the_next_has_them() -> None:
    with Scene(config=relayed(first_port=20_000, last_port=20_001, rest_seconds=10.0)) as scene:
        scene.caller.bye(place(scene))
        scene.run(5)
        assert scene.caller.invite(body=sdp(CALLER)).final is None
        scene.run(0.1)
        assert scene.caller.sessions[-1].final == 503
        scene.run(10)
        scene.alarms.clear()
        place(scene)


def test_a_description_within_a_multipart_is_moved_in_its_place() -> None:
    part = b"--x\r\nContent-Type: %b\r\n\r\n%b\r\n"
    with Scene(config=relayed()) as scene:
        scene.callee.script = [(0.1, 200, sdp(CALLEE))]
        parts = part % (b"application/sdp", sdp(CALLER)), part % (b"text/plain", b"c=IN IP4 203.0.113.1")
        offer = b"".join((*parts, b"--x--\r\n"))
        scene.caller.invite(body=offer, headers=[("Content-Type", 'multipart/mixed;boundary="x"')])
        scene.run(2)
        (invite,) = scene.callee.requests("INVITE")
        assert b"Content-Type: text/plain\r\n\r\nc=IN IP4 203.0.113.1" in invite.body
        assert invite.body.count(b"203.0.113.1") == 1
        assert invite.body.count(FAR.encode()) == 1


def test_nobody_is_sent_to_while_a_stream_is_refused(kind: type[Scene]) -> None:
    with kind(config=relayed()) as scene:
        session = place(scene)
        (to_callee,) = told(scene.callee.requests("INVITE")[0])
        assert to_callee is not None
        scene.callee.body = sdp((CALLEE[0], 0))
        reinvite(scene, session, scene.caller, sdp((CALLER[0], 0)))
        assert scene.wires.leads(to_callee) is None


def test_dead_media_is_told_and_ends_a_call_by_setting_alone() -> None:
    for ends in (False, True):
        with Scene(config=relayed(ends_silent_calls=ends)) as scene:
            session = place(scene)
            (call,) = scene.core._calls
            scene._perform(scene.core.fell_silent(call, scene.moment))
            scene.run(1)
            assert session.is_over is ends
            assert [alarm.name for alarm in scene.alarms] == ["media"]
            scene.alarms.clear()


def test_silence_that_one_side_wants_ends_no_call() -> None:
    with Scene(config=relayed(ends_silent_calls=True)) as scene:
        session = place(scene)
        scene.callee.body = sdp(CALLEE, direction="a=recvonly\r\n")
        reinvite(scene, session, scene.caller, sdp(CALLER, direction="a=sendonly\r\n"))
        (call,) = scene.core._calls
        scene._perform(scene.core.fell_silent(call, scene.moment))
        scene.run(1)
        assert not session.is_over


# An engine.


def engaged(**settings: object) -> Config:
    return relayed(Way.RTPENGINE, rtpengine=attrs.evolve(ENGINES, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("slow", [0.0, 0.4])
def test_an_engine_writes_what_each_side_is_told(slow: float) -> None:
    with Scene(config=engaged()) as scene:
        scene.scribe.slow = slow
        session = place(scene)
        scene.callee.body = sdp(CALLEE)
        reinvite(scene, session, scene.caller, sdp(ELSEWHERE))
        for wire in (*scene.callee.requests("INVITE"), answered(scene.caller)):
            assert told(wire)[0][0] == scene.scribe.host  # type: ignore[index]
        assert [command.verb for command in scene.scribe.heard] == ["offer", "answer", "offer", "answer"]
        scene.caller.bye(session)
        scene.run(1)
        assert scene.scribe.heard[-1].verb == "delete"


def test_a_call_that_no_engine_takes_is_refused_or_goes_past_by_setting() -> None:
    with Scene(config=engaged()) as scene:
        scene.scribe.fails = 1.0
        session = scene.caller.invite(body=sdp(CALLER))
        scene.run(2)
        assert session.final == 503
        scene.alarms.clear()
    with Scene(config=engaged(when_lost=Lost.PASSTHROUGH), is_traced=False) as scene:
        scene.scribe.fails = 1.0
        place(scene)
        assert scene.callee.requests("INVITE")[0].body == sdp(CALLER)
        assert answered(scene.caller).body == sdp(CALLEE)
        scene.alarms.clear()


def test_what_comes_while_an_engine_thinks_waits_and_is_heard_in_its_order() -> None:
    with Scene(config=engaged()) as scene:
        session = place(scene)
        scene.callee.body = sdp(CALLEE)
        scene.scribe.random.seed(1)
        scene.scribe.slow = 2.0
        scene.caller.request(session, "INVITE", body=sdp(ELSEWHERE))
        scene.caller.request(session, "INFO")
        scene.run(8)
        asked = [wire.method for wire in scene.callee.seen if wire.status is None]
        assert asked.index("INVITE", asked.index("ACK")) < asked.index("INFO")


def test_a_caller_who_hangs_up_while_an_engine_thinks_is_heard_and_the_engine_told() -> None:
    with Scene(config=engaged()) as scene:
        scene.scribe.slow = 3.0
        session = scene.caller.invite(body=sdp(CALLER))
        scene.run(0.05)
        scene.caller.cancel(session)
        scene.run(5)
        assert session.final == 487
        assert scene.callee.requests("INVITE") == []


def test_a_call_that_ends_while_an_engine_thinks_leaves_nothing_with_it() -> None:
    with Scene(config=engaged()) as scene:
        session = place(scene)
        scene.scribe.slow = 3.0
        scene.caller.request(session, "INVITE", body=sdp(ELSEWHERE))
        scene.run(0.05)
        (call,) = scene.core._calls
        scene._perform(scene.core.hang_up(call, "test", scene.moment))
        scene.run(10)
        assert scene.scribe.calls == {}
