"""Media that is relayed, where signalling is less than simple: offers that are refused, taken back, laid over each
other, made late or early; tries that go elsewhere; an engine that thinks meanwhile."""

import attrs
import pytest

from b2bua.call.core import State
from b2bua.call.relay import Relays
from b2bua.config import Between, Config, Endpoint, Lost, Media, Redirects, Way
from b2bua.errors import MediaError
from b2bua.media.ports import Ports
from tests.world.party import Session
from tests.world.scene import CONFIG, Scene
from tests.world.test_hunt import two_targets
from tests.world.test_media import (
    CALLEE,
    CALLER,
    ELSEWHERE,
    ENGINES,
    RELIABLE,
    answered,
    engaged,
    place,
    relayed,
    sdp,
    told,
)

ANOTHER = ("203.0.113.1", 4_444)


def third(*interfaces: str) -> Config:
    """The redirections of home are followed; +3299 leads to a third trunk, whose peer is `spare`."""
    here, there = interfaces or ("", "")
    (home,) = (trunk for trunk in CONFIG.trunk if trunk.name == "home")
    home = attrs.evolve(home, redirects=Redirects.FOLLOW, media=attrs.evolve(home.media, interface=here))
    other = attrs.evolve(
        home,
        name="other",
        redirects=Redirects.REFUSE,
        listen=(Endpoint("198.51.100.11", 5060),),
        peers=(type(home.peers[0]).parse("198.51.100.2"),),
        targets=(attrs.evolve(home.targets[0], address=Endpoint("198.51.100.2", 5060)),),
        media=attrs.evolve(home.media, interface=there),
    )
    route = attrs.evolve(CONFIG.route[0], prefix="+3299", to="other")
    trunks = [home if trunk.name == "home" else trunk for trunk in CONFIG.trunk]
    return attrs.evolve(CONFIG, trunk=(*trunks, other), route=(route, *CONFIG.route))


def redirected(scene: Scene, ringing: float = 0.0) -> Session:
    """A call that the callee sends on to the third trunk."""
    scene.spare.gateway = "198.51.100.11:5060"
    rings = [(0.05, 180, b"")] if ringing else []
    scene.callee.script = [*rings, (ringing or 0.05, 302, b"")]
    scene.callee.headers = [("Contact", "<sip:+3299330000@elsewhere.example>")]
    scene.spare.script = [(0.05, 200, sdp(CALLEE))]
    return scene.caller.invite(body=sdp(CALLER))


def test_an_engine_has_a_call_that_offers_late() -> None:
    with Scene(config=engaged(), is_traced=False) as scene:
        scene.caller.acks = False
        session = place(scene, offer=b"")
        (to_caller,) = told(answered(scene.caller))
        scene.deliver(scene.caller, scene.caller._in_dialog(session, "ACK", 1, (), sdp(CALLER)))
        scene.run(1)
        (to_callee,) = told(scene.callee.requests("ACK")[0])
        assert to_caller is not None
        assert to_callee is not None
        assert to_caller[0] == to_callee[0] == scene.scribe.host


def test_a_call_that_is_sent_on_from_a_relay_to_an_engine_is_the_engines() -> None:
    media = Media(way=Way.RELAY, pair=(Between(between=("abroad", "other"), way=Way.RTPENGINE),), rtpengine=ENGINES)
    with Scene(config=attrs.evolve(third(), media=media), is_traced=False) as scene:
        scene.laws.waits = True
        session = redirected(scene)
        scene.run(3)
        assert session.final == 200
        (there,) = told(scene.spare.requests("INVITE")[0])
        assert there is not None
        assert there[0] == scene.scribe.host


def test_a_call_that_is_sent_on_by_another_interface_leaves_nothing_by_the_first() -> None:
    with Scene(config=attrs.evolve(third("one", "two"), media=engaged().media), is_traced=False) as scene:
        session = redirected(scene)
        scene.run(3)
        assert session.final == 200
        assert len(scene.scribe.calls) == 1


@pytest.mark.parametrize("number", ["112", "+3293330000"])
def test_without_engines_and_first_target_a_call_still_finds_the_second(number: str) -> None:
    config = attrs.evolve(two_targets(), media=engaged(when_lost=Lost.PASSTHROUGH).media)
    for seed in range(4):
        with Scene(seed, config=config, is_traced=False) as scene:
            scene.scribe.fails = 1.0
            scene.unreachable = {"198.51.100.2"}
            scene.callee.script = [(0.05, 180, b""), (0.5, 200, sdp(CALLEE))]
            session = scene.caller.invite(number, body=sdp(CALLER))
            scene.run(5)
            assert session.final == 200
            assert "bug" not in [alarm.name for alarm in scene.alarms]
            scene.alarms.clear()


def test_an_emergency_call_goes_on_where_a_trunk_has_no_address_for_media() -> None:
    trunk = tuple(attrs.evolve(t, media=attrs.evolve(t.media, address=("2001:db8::10",))) for t in CONFIG.trunk)
    with Scene(config=attrs.evolve(relayed(), trunk=trunk), is_traced=False) as scene:
        session = scene.caller.invite("112", body=sdp(CALLER))
        scene.run(3)
        scene.alarms.clear()
        assert session.final == 200


def test_what_the_callee_has_changed_while_it_rang_stands_when_it_answers() -> None:
    with Scene(config=relayed()) as scene:
        scene.callee.script = []
        session = scene.caller.invite(body=sdp(CALLER), headers=[("Supported", "100rel")])
        scene.run(0.1)
        (invite,) = scene.callee.requests("INVITE")
        scene.callee.respond(invite, 183, sdp(CALLEE), RELIABLE)
        scene.run(0.2)
        early = next(wire for wire in scene.caller.responses() if wire.status == 183)
        (to_caller,) = told(early)
        assert to_caller is not None
        scene.caller.request(session, "PRACK", [("RAck", f"{early.first('rseq')} 1 INVITE")])
        scene.run(0.2)
        scene.callee.request(scene.callee.sessions[0], "UPDATE", body=sdp(ELSEWHERE))
        scene.caller.answers["UPDATE"] = None
        scene.run(0.2)
        scene.deliver(scene.caller, scene.caller.response(scene.caller.requests("UPDATE")[0], 200, sdp(CALLER)))
        scene.run(0.2)
        assert scene.wires.leads(to_caller) == ELSEWHERE
        scene.callee.respond(invite, 200)
        scene.run(0.5)
        assert session.final == 200
        assert scene.wires.leads(to_caller) == ELSEWHERE


def test_a_prack_without_a_description_leaves_the_offer_open() -> None:
    with Scene(config=relayed(), is_traced=False) as scene:
        session = place(scene)
        (to_callee,) = told(scene.callee.requests("INVITE")[0])
        assert to_callee is not None
        scene.callee.answers["INVITE"] = None
        scene.caller.request(session, "INVITE", [("Supported", "100rel")], sdp(ELSEWHERE))
        scene.run(0.1)
        invite = scene.callee.requests("INVITE")[1]
        scene.callee.respond(invite, 180, b"", RELIABLE)
        scene.run(0.2)
        scene.caller.request(session, "PRACK", [("RAck", f"7 {session.cseq} INVITE")])
        scene.run(0.2)
        assert [wire.status for wire in scene.caller.responses("PRACK")] == [200]
        scene.callee.respond(invite, 200, sdp(CALLEE))
        scene.run(0.5)
        assert scene.wires.leads(to_callee) == ELSEWHERE


def taken_back(scene: Scene) -> None:
    """A new offer of the caller rings, and is cancelled."""
    session = place(scene)
    scene.callee.answers["INVITE"] = 180
    again = scene.caller.request(session, "INVITE", (), sdp(ELSEWHERE))
    scene.run(0.3)
    scene.caller.cancel(attrs.evolve(session, invite=again))
    scene.run(2)


def test_an_engine_is_told_that_an_offer_was_taken_back() -> None:
    with Scene(config=engaged(), is_traced=False) as scene:
        taken_back(scene)
        heard = [(command.verb, ELSEWHERE[0].encode() in command.sdp) for command in scene.scribe.heard]
        assert heard[-2:] == [("offer", False), ("answer", False)]


def test_a_session_forgets_an_offer_that_was_taken_back() -> None:
    with Scene(config=relayed(), is_traced=False) as scene:
        taken_back(scene)
        (held,) = scene.core._calls.values()
        assert held.call.pair.media is not None
        assert held.call.pair.media.proposer is None


def test_no_engine_hears_of_an_offer_that_meets_another() -> None:
    with Scene(config=engaged(), is_traced=False) as scene:
        session = place(scene)
        scene.caller.answers["INVITE"] = None
        scene.callee.request(scene.callee.sessions[0], "INVITE", (), sdp(CALLEE, version=3))
        scene.run(0.3)
        scene.caller.request(session, "INVITE", (), sdp(ELSEWHERE))
        scene.run(1)
        assert session.statuses[-1] == 491
        assert not any(ELSEWHERE[0].encode() in command.sdp for command in scene.scribe.heard)


def test_an_engine_goes_back_where_the_decree_refuses_what_an_offer_came_with() -> None:
    with Scene(config=engaged(), is_traced=False) as scene:
        session = place(scene)
        spoofed = [("P-Asserted-Identity", "<sip:+3225551212@abroad>")]
        scene.caller.request(session, "INVITE", spoofed, sdp(ELSEWHERE))
        scene.run(1)
        assert session.statuses[-1] == 603
        assert [command.sdp for command in scene.scribe.heard if command.verb == "offer"][-1] == sdp(CALLER)


@pytest.mark.parametrize("config", [relayed(), engaged()], ids=["relay", "rtpengine"])
def test_an_answer_on_the_way_to_a_refusal_moves_nobody_for_good(config: Config) -> None:
    with Scene(config=config, is_traced=False) as scene:
        session = place(scene)
        (to_callee,) = told(scene.callee.requests("INVITE")[0])
        assert to_callee is not None
        scene.callee.answers["INVITE"] = None
        scene.caller.request(session, "INVITE", (), sdp(ELSEWHERE))
        scene.run(0.1)
        invite = scene.callee.requests("INVITE")[1]
        scene.callee.respond(invite, 183, sdp(CALLEE, version=2))
        scene.run(0.2)
        scene.callee.respond(invite, 486)
        scene.run(0.5)
        if scene.scribe.heard:
            assert [command.sdp for command in scene.scribe.heard if command.verb == "offer"][-1] == sdp(CALLER)
        else:
            assert scene.wires.leads(to_callee) == CALLER


def test_a_caller_who_speaks_while_a_call_waits_for_its_next_engine_does_not_hold_it_up() -> None:
    with Scene(config=attrs.evolve(third("one", "two"), media=engaged().media), is_traced=False) as scene:
        session = redirected(scene, ringing=0.5)
        scene.run(0.4)
        scene.scribe.quick = 1.0
        scene.run(0.5)
        (held,) = scene.core._calls.values()
        assert held.call.state is State.ENGAGING
        scene.caller.request(session, "INFO")
        scene.run(5)
        assert session.final == 200


def test_an_offer_right_after_a_refused_one_waits_until_the_engine_has_gone_back() -> None:
    with Scene(config=engaged(), is_traced=False) as scene:
        session = place(scene)
        scene.callee.answers["INVITE"] = 488
        scene.caller.request(session, "INVITE", (), sdp(ELSEWHERE))
        scene.run(0.015)
        scene.scribe.quick = 0.3
        scene.run(0.1)
        assert session.statuses[-1] == 488
        scene.callee.answers["INVITE"] = 200
        scene.callee.body = sdp(CALLEE)
        again = scene.caller.request(session, "INVITE", (), sdp(ANOTHER))
        scene.run(5)
        assert [wire.status for wire in scene.caller.responses() if wire.branch == again.branch][-1] == 200


def test_a_bug_of_ours_behind_the_door_costs_its_message_and_not_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    # Never settled: the request that the bug takes has no answer.
    scene = Scene(config=engaged(), is_traced=False)
    session = place(scene)
    scene.scribe.quick = 0.5
    scene.caller.request(session, "INVITE", body=sdp(ELSEWHERE))
    scene.run(0.05)
    scene.caller.request(session, "INFO")
    scene.caller.request(session, "INFO")
    scene.run(0.05)
    asked: list[str] = []
    real = Relays.requested

    def broken(*given: object, **more: object) -> object:
        asked.append("once more")
        if len(asked) == 2:
            raise RuntimeError
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Relays, "requested", broken)
    scene.run(0.6)
    monkeypatch.undo()
    assert [alarm.name for alarm in scene.alarms] == ["bug"]
    scene.caller.bye(session)
    scene.run(5)
    assert scene.callee.sessions[0].is_over


def test_a_pair_of_ports_that_was_claimed_twice_is_lent_once() -> None:
    ports = Ports(20_000, 20_003, rest=10)
    port = ports.take(0)
    for _ in range(2):
        ports.give_back(port, 1)
        ports.claim(port)
    assert ports.take(100) != port
    with pytest.raises(MediaError):
        ports.take(100)


def test_a_body_that_describes_no_session_offers_nothing() -> None:
    with Scene(config=relayed(), is_traced=False) as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.05, 200, sdp(CALLEE))]
        scene.caller.invite(body=b"<presence/>", headers=[("Content-Type", "application/pidf+xml")])
        scene.run(1)
        (to_caller,) = told(answered(scene.caller))
        assert to_caller is not None
        assert scene.wires.leads(to_caller) == CALLEE


def test_each_branch_that_offers_late_has_an_answer_of_its_own() -> None:
    with Scene(config=relayed(), is_traced=False) as scene:
        scene.callee.script = []
        session = scene.caller.invite(body=b"", headers=[("Supported", "100rel")])
        scene.run(0.1)
        (invite,) = scene.callee.requests("INVITE")
        for tag, there in (("one", CALLEE), ("two", ELSEWHERE)):
            scene.deliver(scene.callee, scene.callee.response(invite, 183, sdp(there), RELIABLE, tag=tag))
        scene.run(0.1)
        rings = [wire for wire in scene.caller.responses() if wire.status == 183]
        early = session.early[rings[0].to_tag]
        scene.caller.request(early, "PRACK", [("RAck", f"{rings[0].first('rseq')} 1 INVITE")], sdp(CALLER))
        scene.run(0.2)
        scene.callee.respond(invite, 200, b"", tag="one")
        scene.callee.sessions[-1].tag = "one"
        scene.run(1)
        (to_caller,) = told(rings[0])
        assert to_caller is not None
        assert scene.wires.leads(to_caller) == CALLEE


def test_a_failure_with_a_description_shows_no_address_of_the_callee() -> None:
    with Scene(config=relayed()) as scene:
        scene.callee.script = [(0.05, 488, sdp(CALLEE))]
        session = scene.caller.invite(body=sdp(CALLER))
        scene.run(1)
        assert session.final == 488
        (refusal,) = (wire for wire in scene.caller.responses() if wire.status == 488)
        assert refusal.body == b""


def test_a_multipart_with_an_early_description_beside_the_other_is_not_relayed() -> None:
    part = b"--x\r\nContent-Type: application/sdp\r\n%b\r\n%b\r\n"
    early = part % (b"Content-Disposition: early-session\r\n", sdp(ELSEWHERE))
    body = b"".join((part % (b"", sdp(CALLER)), early, b"--x--\r\n"))
    with Scene(config=relayed()) as scene:
        session = scene.caller.invite(body=body, headers=[("Content-Type", 'multipart/mixed;boundary="x"')])
        scene.run(1)
        assert session.final == 488


def test_a_flood_at_the_door_of_a_call_is_bounded() -> None:
    with Scene(config=engaged(), is_traced=False) as scene:
        session = place(scene)
        scene.scribe.quick = 1.0
        scene.caller.request(session, "INVITE", body=sdp(ELSEWHERE))
        scene.run(0.05)
        for _ in range(200):
            scene.caller.request(session, "INFO")
        scene.run(0.1)
        (held,) = scene.core._calls.values()
        assert held.door is not None
        assert len(held.door) == 64
        assert 503 in [wire.status for wire in scene.caller.responses("INFO")]
        scene.run(10)
