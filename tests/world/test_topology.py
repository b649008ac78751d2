"""No address, Via, Contact, Call-ID or tag by which one side is known reaches the other, in any message of a call."""

import re
from typing import Any

import attrs
import pytest

from tests.world.party import Party, Session
from tests.world.scene import CONFIG, Scene

ABROAD, HOME = b"192.0.2.", b"198.51.100."


def naming(host: str, own: str) -> list[tuple[str, str]]:
    """Every header that may name an address, with one of the peer's and one of ours in each."""
    both = f"<sip:+33612345678@{host}:5060;user=phone>, <sip:+33612345678@{own}>"
    return [
        ("P-Asserted-Identity", f"<sip:+33612345678@{host}>"),
        ("P-Preferred-Identity", f"<sip:+33612345678@{host}>"),
        ("Remote-Party-ID", f'"A" <sip:+33612345678@{host}>;party=calling'),
        ("Diversion", both),
        ("History-Info", f"<sip:+33612345678@{host}>;index=1, <sip:+33612340000@{own}>;index=1.1"),
        ("Referred-By", f"<sip:+33612345678@{host}>"),
        ("Reply-To", f"sip:+33612345678@{host}:5060"),
        ("Call-Info", f"<sip:+33612345678@{host}>;purpose=info"),
        ("P-Charge-Info", f"<sip:+33612345678@{host}>"),
        ("P-Called-Party-ID", f"<sip:+33612340000@{own}>"),
        ("P-Charging-Vector", f"icid-value=x1;icid-generated-at={host};orig-ioi=carrier.example"),
        ("Error-Info", f"<sip:announcement@{host}>"),
        ("Warning", f'399 {own}:5060 "full"'),
    ]


def of(party: Party) -> list[tuple[str, str]]:
    return naming(party.address.partition(":")[0], party.gateway.partition(":")[0])


def talk(scene: Scene) -> Session:
    """A whole call with these headers in every message of both sides."""
    scene.callee.headers = tuple(of(scene.callee))
    number = "+33612340000" if scene.from_home else "+3293330000"
    session = scene.caller.invite(number, headers=of(scene.caller))
    scene.run(3)
    assert session.final == 200
    (their,) = scene.callee.sessions
    for method in ("UPDATE", "INFO", "INVITE", "MESSAGE"):
        for party, mine in ((scene.caller, session), (scene.callee, their)):
            party.request(mine, method, of(party), b"v=0\r\n" if method == "INVITE" else b"")
            scene.run(3)
    return session


def apart(scene: Scene) -> None:
    """What each side has seen names nothing of the other."""
    near, far = (HOME, ABROAD) if scene.from_home else (ABROAD, HOME)
    for party, other, others in ((scene.callee, scene.caller, near), (scene.caller, scene.callee, far)):
        assert party.seen
        words = {word for wire in other.seen for word in (wire.call_id, wire.branch)}
        words |= {session.call_id for session in other.sessions} | {session.tag for session in other.sessions}
        for wire in party.seen:
            assert others not in wire.data, wire.data.decode()
            assert not any(re.search(rf"\b{re.escape(word)}\b", wire.data.decode()) for word in words if word)
            assert f"<sip:{other.name}@" not in wire.data.decode()


@pytest.mark.parametrize("from_home", [False, True])
def test_a_whole_call_shows_no_side_the_other(from_home: bool) -> None:
    with Scene(from_home=from_home) as scene:
        session = talk(scene)
        scene.caller.bye(session, of(scene.caller))
        scene.run(3)
        apart(scene)


@pytest.mark.parametrize("from_home", [False, True])
@pytest.mark.parametrize("status", [404, 486, 488, 503, 603])
def test_a_refusal_shows_no_side_the_other(from_home: bool, status: int) -> None:
    with Scene(from_home=from_home) as scene:
        scene.callee.script = [(0.1, 183, b"v=0\r\n"), (0.1, status, b"")]
        scene.callee.headers = tuple(of(scene.callee))
        scene.caller.invite(headers=of(scene.caller))
        scene.run(5)
        apart(scene)


@pytest.mark.parametrize("from_home", [False, True])
def test_a_call_taken_back_shows_no_side_the_other(from_home: bool) -> None:
    with Scene(from_home=from_home) as scene:
        scene.callee.script = [(0.1, 180, b"")]
        session = scene.caller.invite(headers=of(scene.caller))
        scene.run(2)
        scene.caller.cancel(session, of(scene.caller))
        scene.run(5)
        assert session.final == 487
        apart(scene)


def test_a_late_offer_and_its_ack_show_no_side_the_other() -> None:
    with Scene() as scene:
        session = scene.caller.invite(headers=of(scene.caller), body=b"")
        scene.run(3)
        apart(scene)
        scene.caller.bye(session)


def test_all_but_the_hosts_crosses_as_it_came() -> None:
    with Scene() as scene:
        session = talk(scene)
        sent, (seen, *_) = session.invite, scene.callee.requests("INVITE")
        scene.caller.bye(session)
    for name, value in sent.fields:
        if name in ("diversion", "history-info", "referred-by", "reply-to", "call-info", "p-charge-info", "warning"):
            ours = re.sub(r"192\.0\.2\.10?(:5060)?(?![0-9.])", "198.51.100.10", value)
            assert seen.all(name) == [ours]
    assert seen.first("from").startswith("<sip:+33612345678@198.51.100.10>;tag=")
    assert seen.first("to") == "<sip:+3293330000@198.51.100.10>"


def test_from_stays_the_same_in_the_whole_dialog() -> None:
    with Scene() as scene:
        session = talk(scene)
        scene.caller.bye(session)
        scene.run(2)
        requests = [wire for wire in scene.callee.seen if wire.status is None]
        assert {wire.method for wire in requests} == {"INVITE", "ACK", "UPDATE", "INFO", "MESSAGE", "BYE"}
        assert len({wire.first("from") for wire in requests}) == 1
        # What the callee answers to, and asks with, is what it was told: the same names, apart from its own tag.
        back = [wire for wire in scene.caller.seen if wire.status is None]
        assert {wire.first("from").partition(";")[0] for wire in back} == {session.remote.partition(";")[0]}


@pytest.mark.law("L11")
def test_a_hidden_host_changes_no_verdict_of_a_later_message() -> None:
    """The number of the set-up is known in an UPDATE by the From that its own side has always had."""
    with Scene() as scene:
        session = scene.caller.invite(headers=of(scene.caller))
        scene.run(3)
        scene.caller.request(session, "UPDATE")
        scene.run(1)
        assert [wire.status for wire in scene.caller.responses("UPDATE")] == [200]
        scene.caller.bye(session)
    assert [record.kind for record in scene.records] == ["verdict", "answer", "end"]


@pytest.mark.law("K18")
def test_evidence_has_the_hosts_as_they_came() -> None:
    with Scene() as scene:
        scene.caller.bye(talk(scene))
    said = scene.record("verdict").personal["identity"]
    assert isinstance(said, list)
    assert any("Diversion" in line and "@192.0.2.1:5060" in line for line in said)


def test_our_domain_is_shown_where_the_trunk_has_one() -> None:
    abroad, home = CONFIG.trunk
    config = attrs.evolve(CONFIG, trunk=(abroad, attrs.evolve(home, domain="gw.home.example")))
    with Scene(config=config) as scene:
        scene.caller.bye(talk(scene))
        scene.run(1)
        apart(scene)
    (seen, *_) = scene.callee.requests("INVITE")
    assert seen.first("from").startswith("<sip:+33612345678@gw.home.example>;tag=")
    assert seen.first("to") == "<sip:+3293330000@gw.home.example>"
    assert "@gw.home.example" in seen.first("diversion")


def test_a_name_that_reaches_nobody_crosses() -> None:
    with Scene() as scene:
        session = scene.caller.invite(
            caller='"A" <sip:+33612345678@carrier.example;user=phone>',
            headers=[("P-Asserted-Identity", "<sip:+33612345678@ims.carrier.example>")],
        )
        scene.run(3)
        scene.caller.bye(session)
    (seen, *_) = scene.callee.requests("INVITE")
    assert seen.first("from").startswith('"A" <sip:+33612345678@carrier.example;user=phone>;tag=')
    assert seen.first("p-asserted-identity") == "<sip:+33612345678@ims.carrier.example>"


@pytest.mark.parametrize("seed", range(8))
def test_a_bad_network_shows_no_side_the_other(seed: int) -> None:
    with Scene(seed, from_home=bool(seed % 2)) as scene:
        scene.link.loss, scene.link.doubled, scene.link.delay = 0.2, 0.2, (0.001, 0.3)
        scene.callee.headers = tuple(of(scene.callee))
        session = scene.caller.invite(headers=of(scene.caller))
        scene.run(20)
        if session.final == 200:
            scene.caller.bye(session, of(scene.caller))
        scene.run(40)
        apart(scene)


def test_a_forked_call_shows_no_side_the_other() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite(headers=of(scene.caller))
        scene.run(0.5)
        (invite,) = scene.callee.requests("INVITE")
        fields: Any = of(scene.callee)
        scene.callee.respond(invite, 183, b"v=0\r\n", fields, tag="one")
        scene.callee.respond(invite, 180, b"", fields, tag="two")
        scene.run(0.5)
        scene.callee.respond(invite, 200, b"v=0\r\n", fields, tag="two")
        scene.run(1)
        assert session.final == 200
        apart(scene)
        scene.caller.bye(session)
