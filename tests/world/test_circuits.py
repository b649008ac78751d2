"""Virtual circuits: calls of several classes within one socket, told apart by what a named peer signals (art. 2)."""

import datetime
from ipaddress import ip_network
from typing import Any

import attrs
import pytest

from b2bua.call.anomalies import FORGED
from b2bua.config import Action, Circuit, Config, HeaderRule, Part, Peer, Register
from policy.claim import TrunkClass
from policy.register import Agreement, Attestation, BlockedUser, Node, Service
from sipstack.effects import Send
from sipstack.flow import Flow
from tests.world.party import Party, Session
from tests.world.scene import ABROAD, ABROAD_SOCKET, CONFIG, Scene

BELGIAN, MARKER, VALUE = "<sip:+3225551212@abroad>", "X-Circuit", "BE-7f3a"
MARKED = ((MARKER, VALUE),)
SINCE, UNTIL = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
ATTESTED = Attestation(
    reference="ATT-1",
    since=SINCE,
    until=UNTIL,
    trunk="marked",
    operator="Operator",
    dedicated_circuits=True,
    total_control=True,
    evidence="cabinet 3",
)
AGREED = Agreement(
    reference="AGR-1",
    since=SINCE,
    trunk="marked",
    service=Service.NOMADIC,
    holder="Operator",
    numbers=frozenset({"+3225551212"}),
)


def config(trunk_class: TrunkClass = TrunkClass.NATIONAL, register: Register | None = None, **fields: Any) -> Config:
    abroad, home = CONFIG.trunk
    marker: dict[str, Any] = {} if "trunk_group" in fields else {"header": MARKER, "value": VALUE}
    made: dict[str, Any] = {"peers": (Peer.parse("192.0.2.1"),), **marker, **fields}
    circuit = Circuit(name="marked", trunk_class=trunk_class, **made)
    abroad = attrs.evolve(abroad, circuit=(circuit,), peers=(*abroad.peers, Peer.parse("192.0.2.2")))
    return attrs.evolve(CONFIG, trunk=(abroad, home), register=register or Register())


def scene(trunk_class: TrunkClass = TrunkClass.NATIONAL, register: Register | None = None, **fields: Any) -> Scene:
    return Scene(config=config(trunk_class, register, **fields))


def talk(world: Scene, session: Session) -> None:
    world.run(5)
    assert session.final == 200
    world.caller.bye(session)


@pytest.mark.law("art. 2", "¶12", "¶24", "¶30", "K1", "K29")
def test_a_call_that_its_named_peer_marks_as_national_is_one() -> None:
    with scene() as world:
        pai = ("P-Asserted-Identity", "<tel:+32470123456>")
        session = world.caller.invite(caller=BELGIAN, headers=[*MARKED, pai, ("Remote-Party-ID", BELGIAN)])
        talk(world, session)
    (sent,) = world.callee.requests("INVITE")
    assert "+3225551212" in sent.first("from")
    assert sent.first("p-asserted-identity") == "<tel:+32470123456>"
    assert sent.first("remote-party-id")
    facts = world.record("verdict").facts
    assert (facts["trunk"], facts["circuit"], facts["class"], facts["flags"]) == ("abroad", "marked", "national", [])
    assert not world.alarms
    assert not world.asked


@pytest.mark.law("art. 2", "¶11", "¶30")
def test_a_call_without_the_marker_on_the_same_socket_is_international() -> None:
    with scene() as world:
        session = world.caller.invite(caller=BELGIAN)
        world.run(1)
    assert session.final == 603
    facts = world.record("verdict").facts
    assert (facts["class"], facts["flags"], "circuit" in facts) == ("international", [], False)
    assert not world.alarms


@pytest.mark.law("art. 2", "¶12", "¶30", "K29")
@pytest.mark.parametrize(
    "headers",
    [
        [(MARKER, "BE-7f3b")],
        [(MARKER, VALUE), (MARKER, VALUE)],
        [(MARKER, VALUE), (MARKER.lower(), "x")],
        [(MARKER, f"{VALUE}, {VALUE}")],
    ],
)
def test_a_marker_that_does_not_verify_leaves_the_call_international_and_is_told(
    headers: list[tuple[str, str]],
) -> None:
    with scene() as world:
        sessions = [world.caller.invite(caller=BELGIAN, headers=headers) for _ in range(3)]
        world.run(1)
    assert [session.final for session in sessions] == [603, 603, 603]
    assert [record.facts["flags"] for record in world.records if record.kind == "verdict"] == [[FORGED]] * 3
    assert [alarm.name for alarm in world.alarms] == [FORGED]
    assert world.core.statistics().counters[f"flag: {FORGED}"] == 3


@pytest.mark.law("art. 2", "¶30", "K29")
def test_another_peer_of_the_trunk_cannot_mark_its_calls() -> None:
    with scene(peers=(Peer.parse("192.0.2.2"),)) as world:
        session = world.caller.invite(caller=BELGIAN, headers=MARKED)
        honest = world.caller.invite(headers=MARKED)
        world.run(5)
        assert (session.final, honest.final) == (603, 200)
        world.caller.bye(honest)
    assert [alarm.name for alarm in world.alarms] == [FORGED]


@attrs.define(eq=False)
class Grouped(Party):
    """A peer that names its trunk group in Contact (RFC 4904 §5)."""

    group: str = ""

    def _contact(self) -> tuple[str, str]:
        return "Contact", f"<sip:+33612345678;tgrp={self.group};trunk-context=carrier.example@{self.address}>"


@pytest.mark.law("art. 2", "¶30", "K29")
def test_the_marker_of_another_trunk_is_forged_too_and_stays_behind() -> None:
    made = config()
    abroad, home = made.trunk
    home = attrs.evolve(home, declared_class=None, circuit=abroad.circuit)
    with Scene(config=attrs.evolve(made, trunk=(attrs.evolve(abroad, circuit=()), home))) as world:
        talk(world, world.caller.invite(headers=MARKED))
    assert [alarm.name for alarm in world.alarms] == [FORGED]
    assert not any(MARKER.encode() in wire.data for wire in world.callee.seen)


@pytest.mark.law("art. 2", "¶12", "K29")
@pytest.mark.parametrize("name", ["home", "none"])
def test_a_trunk_group_marks_as_well(name: str) -> None:
    with scene(trunk_group="home", trunk_context="carrier.example") as world:
        world.caller = Grouped("caller", ABROAD, ABROAD_SOCKET, world)
        world.caller.group = name
        session = world.caller.invite(caller=BELGIAN)
        world.run(5)
        assert session.final == (200 if name == "home" else 603)
        if name == "home":
            world.caller.bye(session)
    assert not world.alarms
    assert not any(b"tgrp" in wire.data for wire in world.callee.seen)


@pytest.mark.law("¶12", "K29")
@pytest.mark.parametrize("headers", [MARKED, [(MARKER, "forged")], [(MARKER, VALUE), (MARKER, "x")]])
def test_no_marker_of_a_screened_socket_crosses_in_any_message(headers: list[tuple[str, str]]) -> None:
    with scene() as world:
        session = world.caller.invite(headers=headers)
        world.run(5)
        assert session.final == 200
        for method in ("INFO", "UPDATE", "INVITE"):
            world.caller.request(session, method, headers=headers, body=b"v=0\r\n" if method == "INVITE" else b"")
            world.run(1)
        world.callee.request(world.callee.sessions[0], "INFO")
        world.run(1)
        world.caller.bye(session, headers=headers)
        world.run(1)
    assert len(world.callee.requests("INVITE")) == 2
    assert world.callee.sessions[0].is_over
    assert not any(MARKER.lower().encode() in wire.data.lower() for wire in world.callee.seen)
    assert MARKER in world.record("verdict").facts["removed"]  # type: ignore[operator]


@pytest.mark.law("¶12", "K29")
def test_an_answer_from_a_screened_socket_has_no_marker_either() -> None:
    with Scene(config=config(), from_home=True) as world:
        world.callee.headers = MARKED
        world.callee.answer_headers = {"INFO": MARKED}
        session = world.caller.invite("+33612345678")
        world.run(5)
        world.caller.request(session, "INFO")
        world.run(1)
        world.caller.bye(session)
    assert session.final == 200
    assert not any(MARKER.encode() in wire.data for wire in world.caller.seen)


@pytest.mark.law("K29")
def test_a_header_rule_may_mark_what_leaves_after_the_marker_that_came_is_gone() -> None:
    rule = HeaderRule(action=Action.ADD, name=MARKER, value="ours", messages=(Part.SETUP,))
    made = config()
    abroad, home = made.trunk
    with Scene(config=attrs.evolve(made, trunk=(abroad, attrs.evolve(home, header=(rule,))))) as world:
        talk(world, world.caller.invite(headers=MARKED))
    assert world.callee.requests("INVITE")[0].all("x-circuit") == ["ours"]


@pytest.mark.law("¶31", "¶32", "¶39", "K3")
@pytest.mark.parametrize("is_attested", [True, False])
def test_a_transit_circuit_rests_on_an_attestation_of_its_own(is_attested: bool) -> None:
    register = Register(attestation=(ATTESTED,) if is_attested else ())
    with scene(TrunkClass.NATIONAL_TRANSIT, register) as world:
        session = world.caller.invite(caller=BELGIAN, headers=MARKED)
        world.run(5)
        assert session.final == (200 if is_attested else 603)
        if is_attested:
            world.caller.bye(session)
    facts = world.record("verdict").facts
    assert facts["circuit"] == "marked"
    assert facts["class"] == ("national-transit" if is_attested else "international")
    assert [alarm.name for alarm in world.alarms] == ([] if is_attested else ["attestation-lapsed"])


@pytest.mark.law("¶20", "¶21", "¶35", "K2")
def test_a_national_circuit_whose_peer_stands_abroad_is_international() -> None:
    node = Node(reference="N", since=SINCE, network=ip_network("192.0.2.1/32"), country="NL", evidence="x")
    with scene(register=Register(node=(node,))) as world:
        session = world.caller.invite(caller=BELGIAN, headers=MARKED)
        world.run(1)
    assert session.final == 603
    facts = world.record("verdict").facts
    assert (facts["circuit"], facts["class"], facts["flags"]) == ("marked", "international", ["node-abroad"])


@pytest.mark.law("¶16 block", "K20", "K29")
@pytest.mark.parametrize("known", [{}, {"number": "+3225551212"}], ids=["all", "number"])
def test_a_user_blocked_on_the_trunk_is_refused_on_a_circuit_of_it(known: dict[str, Any]) -> None:
    entry = BlockedUser(reference="B", since=SINCE, trunk="abroad", **known)
    with scene(register=Register(blocked_user=(entry,))) as world:
        session = world.caller.invite(caller=BELGIAN, headers=MARKED)
        world.run(1)
    assert session.final == 603
    facts = world.record("verdict").facts
    assert (facts["trunk"], facts["circuit"], facts["flags"]) == ("abroad", "marked", ["blocked-user"])
    assert not world.callee.sessions


@pytest.mark.law("art. 4 §1", "¶14.2", "¶15", "K4")
def test_an_article_4_circuit_rests_on_an_agreement_of_its_own() -> None:
    with scene(TrunkClass.ARTICLE_4, Register(agreement=(AGREED,))) as world:
        listed = world.caller.invite(caller=BELGIAN, headers=MARKED)
        other = world.caller.invite(caller="<sip:+3225551213@abroad>", headers=MARKED)
        unmarked = world.caller.invite(caller=BELGIAN)
        world.run(5)
        assert [session.final for session in (listed, other, unmarked)] == [200, 603, 603]
        world.caller.bye(listed)


@pytest.mark.law("art. 2", "¶9", "K7")
def test_the_class_is_fixed_at_the_set_up() -> None:
    shown = [*MARKED, ("P-Asserted-Identity", BELGIAN)]
    with scene() as world:
        session = world.caller.invite()
        world.run(5)
        update = world.caller.request(session, "UPDATE", headers=shown)
        world.run(1)
        world.caller.request(session, "INFO", headers=shown)
        world.run(1)
        world.caller.bye(session)
    assert [wire.status for wire in world.caller.responses("UPDATE") if wire.branch == update.branch] == [603]
    assert not any(b"25551212" in wire.data for wire in world.callee.seen)


@pytest.mark.law("art. 2", "¶24")
def test_a_national_call_of_a_circuit_is_left_alone_to_its_end() -> None:
    with scene() as world:
        session = world.caller.invite(caller=BELGIAN, headers=MARKED)
        world.run(5)
        update = world.caller.request(session, "UPDATE", headers=[("P-Asserted-Identity", BELGIAN)])
        world.run(1)
        world.caller.bye(session)
    assert [wire.status for wire in world.caller.responses("UPDATE") if wire.branch == update.branch] == [200]
    assert world.callee.requests("UPDATE")[0].first("p-asserted-identity") == BELGIAN


@pytest.mark.law("art. 2", "¶30")
def test_within_a_call_of_a_circuit_only_its_peers_speak() -> None:
    with scene(peers=(Peer.parse("192.0.2.1"),)) as world:
        session = world.caller.invite(caller=BELGIAN, headers=MARKED)
        world.run(5)
        world.caller.address = "192.0.2.2:5060"
        stray = world.caller._in_dialog(session, "UPDATE", 7, [("P-Asserted-Identity", "<tel:+32800>")], b"")
        outputs = world.core.receive(stray, Flow(ABROAD_SOCKET, ("192.0.2.2", 5060)), world.moment)
        assert [output.data[:11] for output in outputs if isinstance(output, Send)] == [b"SIP/2.0 481"]
        world.caller.address = "192.0.2.1:5060"
        world.caller.bye(session)
        world.is_traced = False
    assert not world.callee.requests("UPDATE")


@pytest.mark.law("L13")
def test_a_forged_marker_stops_no_call_to_an_emergency_service() -> None:
    with scene() as world:
        session = world.caller.invite("112", caller=BELGIAN, headers=[(MARKER, "forged")])
        talk(world, session)
    assert "+3225551212" in world.callee.requests("INVITE")[0].first("from")


def test_a_call_of_a_circuit_that_another_core_takes_up_is_still_of_it() -> None:
    with scene() as world:
        session = world.caller.invite(caller=BELGIAN, headers=MARKED)
        world.run(5)
        ((name, _),) = world.core._calls.items()
        saved = world.core.put_down(name, world.moment)
        world._perform(world.core.take_up(saved, world.moment))
        world.caller.request(session, "UPDATE", headers=[("P-Asserted-Identity", BELGIAN)])
        world.run(1)
        world.caller.bye(session)
    assert world.callee.requests("UPDATE")[0].first("p-asserted-identity") == BELGIAN


@pytest.mark.law("¶12", "K29", "K30")
def test_a_caller_at_home_cannot_write_the_marker_that_a_peer_believes_of_us() -> None:
    with Scene(config=config(), from_home=True) as world:
        session = world.caller.invite("+33611111111", headers=[("X-Circuit", VALUE)])
        world.run(5)
        if session.final == 200:
            world.caller.request(session, "INFO", [("X-Circuit", VALUE)])
            world.run(1)
            world.caller.bye(session)
    assert world.callee.requests("INVITE")
    assert not any(wire.all("x-circuit") for wire in world.callee.seen)
