"""National transit: calls that began at home, on attested circuits abroad; and where both ends of a trunk stand."""

import datetime
from ipaddress import ip_network
from typing import Any

import attrs
import pytest

from b2bua.call.shares import FOREIGN_SHARE
from b2bua.config import Action, Config, HeaderRule, Part, Register
from policy.claim import TrunkClass
from policy.register import Attestation, Node
from tests.world.party import Fields
from tests.world.scene import CONFIG, Scene

BELGIAN, ROAMER = "<sip:+3225551212@abroad>", "<sip:+32470123456@abroad>"
ATTESTED = Attestation(
    reference="ATT-1",
    since=datetime.date(2026, 1, 1),
    until=datetime.date(2026, 1, 31),
    trunk="abroad",
    operator="Operator",
    dedicated_circuits=True,
    total_control=True,
    evidence="cabinet 3",
)


def config(**changes: Any) -> Config:
    abroad, home = CONFIG.trunk
    abroad = attrs.evolve(abroad, declared_class=TrunkClass.NATIONAL_TRANSIT)
    register = Register(attestation=(attrs.evolve(ATTESTED, **changes),))
    return attrs.evolve(CONFIG, trunk=(abroad, home), register=register)


def placed(world: Scene, caller: str, headers: Fields = ()) -> int | None:
    session = world.caller.invite(caller=caller, headers=headers)
    world.run(3)
    if session.final == 200:
        world.caller.bye(session)
        world.run(1)
    return session.final


@pytest.mark.law("¶31", "¶37", "¶39", "K3", "K17")
def test_a_call_in_attested_transit_crosses_as_it_came_and_nobody_is_asked() -> None:
    rule = HeaderRule(action=Action.REMOVE, name="P-Asserted-Identity", messages=(Part.SETUP,))
    made = config()
    transit, home = made.trunk
    made = attrs.evolve(made, trunk=(transit, attrs.evolve(home, header=(rule,))))
    told = [("P-Asserted-Identity", "<tel:0470123456>, <sip:+32800123@x>"), ("Diversion", "<sip:112@x>")]
    with Scene(config=made) as world:
        assert placed(world, BELGIAN, [*told, ("Remote-Party-ID", ROAMER)]) == 200
        assert placed(world, ROAMER) == 200
    sent = world.callee.requests("INVITE")[0]
    assert "+3225551212" in sent.first("from")
    assert [(name, sent.first(name.lower())) for name, _ in told] == told
    assert sent.first("remote-party-id")
    assert not world.asked
    assert not world.alarms
    assert {record.facts["class"] for record in world.records if record.kind == "verdict"} == {"national-transit"}


@pytest.mark.law("¶32", "¶40", "K3")
def test_an_attestation_that_ends_makes_the_next_call_international_by_itself() -> None:
    with Scene(config=config()) as world:
        assert placed(world, BELGIAN) == 200
        world.run(10 * 3_600)
        assert placed(world, BELGIAN) == 200  # 22:20 UTC, still the 31st in Brussels
        world.run(3_600)
        assert placed(world, BELGIAN) == 603
        assert placed(world, "<sip:+33612345678@abroad>") == 200
    last = [record for record in world.records if record.kind == "verdict"][-2:]
    assert [record.facts["class"] for record in last] == ["international", "international"]
    assert all("attestation-lapsed" in record.facts["flags"] for record in last)  # type: ignore[operator]
    assert [alarm.name for alarm in world.alarms] == ["attestation-lapsed"]


@pytest.mark.law("¶31", "¶32", "¶39", "K3")
@pytest.mark.parametrize(
    "changes", [{"dedicated_circuits": False}, {"total_control": False}, {"evidence": ""}, {"trunk": "home"}]
)
def test_transit_without_both_conditions_shown_is_international(changes: dict[str, Any]) -> None:
    with Scene(config=config(**changes)) as world:
        assert placed(world, BELGIAN) == 603
    assert [alarm.name for alarm in world.alarms] == ["attestation-lapsed"]


@pytest.mark.law("¶40")
def test_a_call_that_began_under_an_attestation_goes_on_as_it_began() -> None:
    made = attrs.evolve(config(), sip=attrs.evolve(CONFIG.sip, max_call_seconds=604_800, session_seconds=0))
    with Scene(config=made) as world:
        session = world.caller.invite(caller=BELGIAN)
        world.run(13 * 3_600)
        assert session.final == 200
        world.caller.request(session, "UPDATE", headers=[("P-Asserted-Identity", BELGIAN)])
        world.run(1)
        world.caller.bye(session)
    assert world.callee.requests("UPDATE")[0].first("p-asserted-identity") == BELGIAN


@pytest.mark.law("¶32", "K26")
def test_foreign_and_anonymous_callers_beyond_the_share_raise_one_alarm_and_each_has_a_flag() -> None:
    callers = ["<sip:+33612345678@abroad>", "<sip:anonymous@anonymous.invalid>", *[BELGIAN] * 4]
    with Scene(config=config()) as world:
        world.callee.script = [(0.01, 486, b"")]
        for call in range(30):
            assert placed(world, callers[call % 6]) == 486
    flags = [set(record.facts["flags"]) for record in world.records if record.kind == "verdict"]  # type: ignore[call-overload]
    assert flags[:3] == [{"foreign-caller"}, {"anonymous-caller"}, set()]
    assert [FOREIGN_SHARE in found for found in flags] == [False] * 19 + [True] * 11
    assert [alarm.name for alarm in world.alarms] == [FOREIGN_SHARE]
    assert world.core.statistics().shares == {"abroad": {"callers": 30, "foreign or anonymous": 10}}


@pytest.mark.law("¶31")
def test_a_share_may_be_set() -> None:
    made = config()
    transit, home = made.trunk
    made = attrs.evolve(made, trunk=(attrs.evolve(transit, max_foreign_share=0.5), home))
    with Scene(config=made) as world:
        world.callee.script = [(0.01, 486, b"")]
        for call in range(30):
            placed(world, "<sip:+33612345678@abroad>" if call % 2 else BELGIAN)
    assert not world.alarms


@pytest.mark.law("¶20", "¶21", "¶23", "¶35", "K2")
@pytest.mark.parametrize("network", ["198.51.100.1/32", "198.51.100.10/32", "198.51.100.0/24"])
def test_a_national_trunk_with_one_end_abroad_is_screened(network: str) -> None:
    node = Node(
        reference="N-1", since=datetime.date(2026, 1, 1), network=ip_network(network), country="FR", evidence="x"
    )
    made = attrs.evolve(CONFIG, register=Register(node=(node,)))
    with Scene(config=made, from_home=True) as world:
        sessions = [world.caller.invite("+33612345678", caller) for caller in (None, "<sip:+33612345678@x>")]
        world.run(3)
        assert [session.final for session in sessions] == [603, 200]
        world.caller.bye(sessions[1])
    assert [alarm.name for alarm in world.alarms] == ["node-abroad"]
    verdicts = [record.facts for record in world.records if record.kind == "verdict"]
    assert [facts["class"] for facts in verdicts] == ["international", "international"]


@pytest.mark.law("¶20", "¶21", "¶24", "K2")
def test_a_national_trunk_whose_ends_stand_at_home_is_left_alone() -> None:
    nodes = tuple(
        Node(reference="N", since=datetime.date(2026, 1, 1), network=ip_network(network), country=country, evidence="x")
        for network, country in (("198.51.100.0/24", "FR"), ("198.51.100.0/25", "BE"), ("192.0.2.0/24", "FR"))
    )
    with Scene(config=attrs.evolve(CONFIG, register=Register(node=nodes)), from_home=True) as world:
        session = world.caller.invite("+33612345678")
        world.run(3)
        assert session.final == 200
        world.caller.bye(session)
    assert not world.alarms
