"""Calls to an emergency number that its route carries: nothing stops them, and nothing leads them elsewhere."""

import re
from typing import Any

import attrs
import pytest

from b2bua.config import Config, Emergency, Endpoint, Passage, Peer, Target, Trunk
from policy.claim import TrunkClass
from tests.world.party import Session
from tests.world.scene import CONFIG, HOME, SPARE, Scene
from tests.world.wire import Wire

FORBIDDEN = "+3225551212"


def config(**changes: Any) -> Config:
    """Emergency calls go to a trunk of their own, then to the callee; `changes` are keys of every trunk."""
    abroad, home = CONFIG.trunk
    services = Trunk(
        name="services",
        declared_class=TrunkClass.NATIONAL,
        listen=home.listen,
        peers=(Peer.parse("198.51.100.2"),),
        targets=(Target(address=Endpoint.parse(SPARE)), Target(address=Endpoint.parse(HOME))),
        refer=Passage.PASS,
        replaces=Passage.PASS,
    )
    trunks = tuple(attrs.evolve(trunk, **changes) for trunk in (abroad, home, services))
    return attrs.evolve(CONFIG, trunk=trunks, emergency=Emergency(route="services"))


def scene(*, from_home: bool = False, **changes: Any) -> Scene:
    return Scene(config=config(**changes), from_home=from_home)


def talking(world: Scene, number: str = "112", **options: Any) -> Session:
    session = world.caller.invite(number, **options)
    world.run(3)
    assert session.final == 200
    return session


def status_of(world: Scene, request: Wire) -> int:
    seen = [*world.caller.seen, *world.callee.seen, *world.spare.seen]
    (found,) = {wire.status for wire in seen if wire.branch == request.branch and (wire.status or 0) >= 200}
    assert found is not None
    return found


@pytest.mark.law("L13")
@pytest.mark.parametrize("from_home", [False, True])
def test_it_goes_by_its_route_and_is_recorded_and_counted(from_home: bool) -> None:
    with scene(from_home=from_home) as world:
        session = talking(world)
        assert len(world.spare.requests("INVITE")) == 1
        world.caller.bye(session)
    verdict = world.record("verdict")
    assert (verdict.facts["verdict"], list(verdict.facts["flags"])) == ("pass", ["emergency"])  # type: ignore[call-overload]
    assert [record.kind for record in world.records] == ["verdict", "answer", "end"]
    assert world.core.statistics().counters["emergency"] == 1


@pytest.mark.parametrize(
    "uri",
    [
        "sip:112@gw",
        "sip:112;phone-context=+32@gw",
        "tel:112;phone-context=+32",
        "sip:1-1-2@gw",
        "urn:service:sos",
        "URN:service:sos.fire",
    ],
)
def test_the_number_is_read_as_routes_read_it(uri: str) -> None:
    with scene() as world:
        session = talking(world, uri=uri)
        assert len(world.spare.requests("INVITE")) == 1
        world.caller.bye(session)


@pytest.mark.law("L13")
@pytest.mark.parametrize("number", ["1120", "0112", "+32112", "+112", "11"])
def test_only_exactly_an_emergency_number_is_one(number: str) -> None:
    with scene() as world:
        session = world.caller.invite(number, caller=f"<sip:{FORBIDDEN}@x>")
        world.run(1)
        assert session.final == 603
    assert not world.spare.seen
    assert world.core.statistics().counters.get("emergency", 0) == 0


def test_no_limit_holds_it_up_and_it_takes_nobodys_place() -> None:
    with scene(max_calls_in=0, max_calls_out=0) as world:
        first, second = talking(world), talking(world, "101")
        refused = world.caller.invite()
        world.run(1)
        assert refused.final == 503
        abroad = world.core.context.trunks.by_name["abroad"]
        assert abroad.inward.held == 0
        world.caller.bye(first)
        world.caller.bye(second)


@pytest.mark.law("L13")
def test_it_goes_where_evidence_cannot_be_kept() -> None:
    with scene() as world:
        world.core.may_record = False
        session = talking(world)
        world.caller.bye(session)


@pytest.mark.law("L13")
@pytest.mark.parametrize(
    "headers",
    [
        [("P-Asserted-Identity", f"<tel:{FORBIDDEN}>")],
        [("P-Asserted-Identity", "<sip:x@y"), ("Diversion", ";;"), ("History-Info", "<")],
        [("Identity", "nothing that can be read")],
        [("Content-Encoding", "gzip")],
        [("Session-Expires", "1")],
        [("Replaces", "nothing that can be read"), ("Require", "replaces")],
    ],
)
def test_nothing_in_it_that_would_stop_another_call_stops_it(headers: list[tuple[str, str]]) -> None:
    with scene() as world:
        session = talking(world, caller=f"<sip:{FORBIDDEN}@x>", headers=headers)
        (invite,) = world.spare.requests("INVITE")
        assert FORBIDDEN in invite.first("from")
        assert not invite.all("replaces")
        assert not invite.all("require")
        world.caller.bye(session)


def test_it_needs_no_contact() -> None:
    with scene() as world:
        invite = b"\r\n".join(
            [
                b"INVITE sip:112@192.0.2.10 SIP/2.0",
                b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKbare",
                b"From: <sip:a@192.0.2.1>;tag=a",
                b"To: <sip:112@192.0.2.10>",
                b"Call-ID: bare",
                b"CSeq: 7 INVITE",
                b"Content-Length: 0\r\n\r\n",
            ]
        )
        world.deliver(world.caller, invite)
        world.run(2)
        assert [wire.status for wire in world.caller.responses()] == [100, 180, 200]
        (answered,) = world.spare.sessions
        world.spare.bye(answered)
        ack = invite.replace(b"INVITE", b"ACK").replace(b"bare\r\nFrom", b"bare-ack\r\nFrom")
        tag = world.caller.responses()[-1].to_tag.encode()
        world.deliver(world.caller, ack.replace(b"112@192.0.2.10>\r\n", b"112@192.0.2.10>;tag=" + tag + b"\r\n"))
        world.run(1)
        assert [wire.start.split()[1] for wire in world.caller.requests("BYE")] == ["sip:192.0.2.1:5060"]


@pytest.mark.parametrize("trouble", ["silence", "503", "nobody there"])
def test_when_a_target_fails_it_goes_to_the_next(trouble: str) -> None:
    with scene() as world:
        if trouble == "silence":
            world.spare.is_silent = True
        elif trouble == "503":
            world.spare.script = [(0.01, 503, b"")]
        else:
            world.unreachable.add("198.51.100.2")
        session = world.caller.invite("112")
        world.run(40)
        assert session.statuses == [100, 180, 200]
        assert len(world.callee.requests("INVITE")) == 1
        world.caller.bye(session)


def test_targets_that_all_failed_lately_are_tried_all_the_same() -> None:
    with scene() as world:
        world.spare.script = world.callee.script = [(0.01, 503, b"")]
        world.spare.headers = world.callee.headers = (("Retry-After", "600"),)
        failed = world.caller.invite("112")
        world.run(1)
        assert failed.final == 500
        world.spare.script = [(0.01, 200, b"")]
        session = talking(world)
        world.caller.bye(session)


def test_nobody_refers_it_elsewhere() -> None:
    with scene(refer=Passage.PASS) as world:
        session = talking(world)
        target = [("Refer-To", "<sip:+33155555555@elsewhere.example>")]
        near = world.caller.request(session, "REFER", target)
        far = world.spare.request(world.spare.sessions[0], "REFER", target)
        world.run(1)
        assert (status_of(world, near), status_of(world, far)) == (403, 403)
        assert not world.spare.requests("REFER")
        assert not world.caller.requests("REFER")
        world.caller.bye(session)


def test_nobody_takes_it_over() -> None:
    with scene() as world:
        session, other = talking(world), talking(world, "+3293330000")
        remote = re.search(r";tag=(\S+)", session.remote)
        assert remote is not None
        name = f"{session.call_id};to-tag={remote[1]};from-tag={session.tag}"
        taking = world.callee.invite(uri="sip:198.51.100.10:5060", headers=[("Replaces", name)])
        joining = world.callee.invite(uri="sip:198.51.100.10:5060", headers=[("Join", name)])
        field = name.replace(";", "%3B").replace("=", "%3D")
        refer = world.caller.request(other, "REFER", [("Refer-To", f"<sip:192.0.2.10:5060?Replaces={field}>")])
        world.run(1)
        assert (taking.final, joining.final, status_of(world, refer)) == (403, 403, 403)
        assert len(world.spare.requests("INVITE")) == 1
        assert not world.callee.requests("REFER")
        world.caller.bye(session)
        world.caller.bye(other)


def test_it_takes_nobodys_call_over_itself() -> None:
    with scene() as world:
        other = talking(world, "+3293330000")
        remote = re.search(r";tag=(\S+)", other.remote)
        assert remote is not None
        name = f"{other.call_id};to-tag={remote[1]};from-tag={other.tag}"
        session = talking(world, headers=[("Replaces", name), ("Require", "replaces, 100rel")])
        (invite,) = world.spare.requests("INVITE")
        assert not invite.all("replaces")
        assert invite.first("require") == "100rel"
        world.caller.bye(session)
        world.caller.bye(other)
