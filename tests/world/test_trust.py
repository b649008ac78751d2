"""A caller's wish not to be shown, where the next network is trusted with it and where it is not (RFC 3325 §7)."""

from typing import Any

import attrs
import pytest

from b2bua.config import (
    Action,
    Config,
    Direction,
    Emergency,
    Endpoint,
    HeaderRule,
    Part,
    Peer,
    Redirects,
    Route,
    Target,
)
from policy.claim import TrunkClass
from policy.roaming import Roaming
from tests.world.party import Fields
from tests.world.scene import CONFIG, Scene

NUMBER = "<sip:+3225551212@home;user=phone>"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
PRIVATE: Fields = [("Privacy", "id"), ("P-Asserted-Identity", NUMBER)]
TOLD = (b"25551212", b"2 555")


def config(*, abroad: Any = None, home: Any = None, **changes: Any) -> Config:
    first, second = CONFIG.trunk
    trunks = (attrs.evolve(first, **(abroad or {})), attrs.evolve(second, **(home or {})))
    return attrs.evolve(CONFIG, trunk=trunks, **changes)


def abroad_sees(world: Scene) -> bool:
    return any(digits in wire.data for wire in world.callee.seen for digits in TOLD)


@pytest.mark.law("¶25")
def test_a_restricted_number_stays_at_home_when_the_call_goes_abroad() -> None:
    told = [("P-Preferred-Identity", NUMBER), ("Remote-Party-ID", NUMBER), ("P-Charge-Info", NUMBER)]
    with Scene(from_home=True, config=config()) as world:
        session = world.caller.invite("+33612345678", ANONYMOUS, [*PRIVATE, *told, ("X-Kept", "1")])
        world.run(5)
        for method in ("INFO", "UPDATE"):
            world.caller.request(session, method, headers=[*PRIVATE, *told])
            world.run(1)
        world.caller.request(session, "INVITE", headers=PRIVATE, body=b"v=0\r\n")
        world.run(1)
        world.caller.bye(session, headers=PRIVATE)
    sent = world.callee.requests("INVITE")[0]
    assert (sent.first("privacy"), sent.first("x-kept")) == ("id", "1")
    assert session.final == 200
    assert not abroad_sees(world)
    assert len(world.callee.requests("UPDATE")) == 1
    assert world.record("verdict").facts["verdict"] == "pass"


@pytest.mark.parametrize("caller", [NUMBER, "<sip:025551212@home>", '"02 555 12 12" <sip:jan@home>'])
def test_a_from_that_tells_the_restricted_number_leaves_anonymous_and_the_call_stands(caller: str) -> None:
    with Scene(from_home=True, config=config()) as world:
        session = world.caller.invite("+33612345678", caller, PRIVATE)
        world.run(5)
        world.caller.request(session, "INFO")
        world.run(1)
        world.callee.request(world.callee.sessions[0], "INFO")
        world.run(1)
        world.caller.bye(session)
    assert world.callee.requests("INVITE")[0].first("from").startswith(ANONYMOUS)
    assert [wire.status for wire in world.caller.responses("INFO")] == [200]
    assert [wire.status for wire in world.callee.responses("INFO")] == [200]
    assert not abroad_sees(world)


@pytest.mark.parametrize("headers", [[("P-Asserted-Identity", NUMBER)], [*PRIVATE[1:], ("Privacy", "none")]])
def test_a_national_caller_who_asks_for_nothing_leaves_as_he_came(headers: Fields) -> None:
    with Scene(from_home=True, config=config()) as world:
        session = world.caller.invite("+33612345678", NUMBER, headers)
        world.run(5)
        world.caller.bye(session)
    sent = world.callee.requests("INVITE")[0]
    assert sent.first("p-asserted-identity") == NUMBER
    assert "+3225551212" in sent.first("from")


def test_a_trusted_network_abroad_gets_the_number_and_the_wish() -> None:
    with Scene(from_home=True, config=config(abroad={"trusted": True})) as world:
        session = world.caller.invite("+33612345678", ANONYMOUS, PRIVATE)
        world.run(5)
        world.caller.bye(session)
    sent = world.callee.requests("INVITE")[0]
    assert (sent.first("p-asserted-identity"), sent.first("privacy")) == (NUMBER, "id")


@pytest.mark.parametrize(("trusted", "is_told"), [(None, True), (True, True), (False, False)])
def test_at_home_a_foreign_caller_who_is_not_to_be_shown_is_told_where_that_is_trusted(
    trusted: bool | None, is_told: bool
) -> None:
    asserted = ("P-Asserted-Identity", "<tel:+33612345678>")
    with Scene(config=config(home={"trusted": trusted})) as world:
        session = world.caller.invite(caller=ANONYMOUS, headers=[("Privacy", "id"), asserted])
        world.run(5)
        world.caller.bye(session)
    assert world.callee.requests("INVITE")[0].first("p-asserted-identity") == (asserted[1] if is_told else "")


def test_a_called_party_who_is_not_to_be_shown_is_not_told_abroad_in_any_answer() -> None:
    with Scene(config=config()) as world:
        world.callee.headers = world.callee.answer_headers["UPDATE"] = PRIVATE
        session = world.caller.invite()
        world.run(5)
        world.caller.request(session, "UPDATE")
        world.run(1)
        world.caller.bye(session)
    assert session.statuses == [100, 180, 200]
    assert not any(b"25551212" in wire.data for wire in world.caller.seen)
    assert [wire.first("privacy") for wire in world.caller.responses() if wire.status == 200] == ["id"]


@pytest.mark.law("L13")
def test_a_call_that_is_sent_on_abroad_leaves_the_number_behind() -> None:
    _, home = CONFIG.trunk
    made = config(
        home={
            "peers": (*home.peers, Peer.parse("198.51.100.2")),
            "targets": (Target(address=Endpoint.parse("198.51.100.2")),),
            "redirects": Redirects.FOLLOW,
        },
        route=(Route(source="home", prefix="+32", to="home"), *CONFIG.route),
    )
    with Scene(from_home=True, config=made) as world:
        world.spare.script = [(0.01, 302, b"")]
        world.spare.headers = [("Contact", "<sip:+33612345678@elsewhere.example>")]
        session = world.caller.invite(caller=ANONYMOUS, headers=PRIVATE)
        world.run(5)
        assert session.final == 200
        world.caller.bye(session)
    assert world.spare.requests("INVITE")[0].first("p-asserted-identity") == NUMBER
    assert world.callee.requests("INVITE")
    assert not abroad_sees(world)


def test_an_emergency_service_is_told_who_calls() -> None:
    with Scene(from_home=True, config=config(emergency=Emergency(route="abroad"))) as world:
        session = world.caller.invite("112", NUMBER, PRIVATE)
        world.run(5)
        world.caller.request(session, "UPDATE", headers=PRIVATE)
        world.run(1)
        world.caller.bye(session)
    sent = world.callee.requests("INVITE")[0]
    assert sent.first("p-asserted-identity") == NUMBER
    assert "+3225551212" in sent.first("from")
    assert world.callee.requests("UPDATE")[0].first("p-asserted-identity") == NUMBER


def test_a_header_rule_brings_no_restricted_number_back() -> None:
    rules = (
        HeaderRule(on=Direction.OUT, action=Action.SET, name="P-Asserted-Identity", value=NUMBER, messages=tuple(Part)),
    )
    with Scene(from_home=True, config=config(abroad={"header": rules})) as world:
        session = world.caller.invite("+33612345678", ANONYMOUS, PRIVATE)
        world.run(5)
        world.caller.bye(session)
    assert not abroad_sees(world)


@pytest.mark.parametrize(("later", "is_told"), [([], False), ([("Privacy", "none")], True)])
def test_a_wish_of_the_set_up_holds_for_the_call_until_it_is_taken_back(later: Fields, is_told: bool) -> None:
    with Scene(from_home=True, config=config()) as world:
        session = world.caller.invite("+33612345678", ANONYMOUS, PRIVATE)
        world.run(5)
        world.caller.request(session, "UPDATE", headers=[("P-Asserted-Identity", NUMBER), *later])
        world.run(1)
        world.caller.bye(session)
    assert abroad_sees(world) == is_told


@pytest.mark.law("art. 1 3°", "¶8 3°", "K11")
@pytest.mark.parametrize("trusted", [True, False, None])
def test_a_withheld_number_reaches_nobody_whatever_the_trust(trusted: bool | None) -> None:
    mobile = "<sip:+32470123456@abroad>"
    with Scene(answers={"+32470123456": Roaming.FAILED}, config=config(home={"trusted": trusted})) as world:
        session = world.caller.invite(caller=mobile, headers=[("P-Asserted-Identity", mobile), ("Privacy", "none")])
        world.run(5)
        world.caller.bye(session)
    assert world.record("verdict").facts["verdict"] == "withhold"
    assert not any(b"470123456" in wire.data for wire in world.callee.seen)


@pytest.mark.law("¶32")
def test_a_trunk_that_is_judged_as_international_is_not_trusted() -> None:
    """Trust follows what the circuit truly is: the attestation of this one is missing."""
    with Scene(from_home=True, config=config(abroad={"declared_class": TrunkClass.NATIONAL_TRANSIT})) as world:
        session = world.caller.invite("+33612345678", ANONYMOUS, PRIVATE)
        world.run(5)
        world.caller.bye(session)
    assert not abroad_sees(world)


@pytest.mark.law("L2")
@pytest.mark.parametrize("replaces", [True, False])
def test_display_names_of_a_trunk_that_replaces_them_are_gone_in_every_message(replaces: bool) -> None:
    named = '"Jean Dupont" <sip:+33612345678@abroad>'
    asserted = [("P-Asserted-Identity", '"Jean" <tel:+33612345678>, "Dupont" <sip:+33612345678@abroad>')]
    with Scene(config=config(abroad={"replace_display_names": replaces})) as world:
        session = world.caller.invite(caller=named, headers=[*asserted, ("Referred-By", '"Jean" <sip:a@b>')])
        world.run(5)
        world.caller.request(session, "UPDATE", headers=asserted)
        world.run(1)
        world.caller.bye(session)
    shown = [any(name in wire.data for wire in world.callee.seen) for name in (b"Jean", b"Dupont")]
    assert shown == [not replaces] * 2
    assert "+33612345678" in world.callee.requests("INVITE")[0].first("p-asserted-identity")
    removed = world.record("verdict").facts["removed"]
    assert removed == (["From", "P-Asserted-Identity", "Referred-By"] if replaces else [])


@pytest.mark.law("L2", "L13")
def test_the_name_of_an_emergency_caller_stays() -> None:
    with Scene(config=config(abroad={"replace_display_names": True})) as world:
        session = world.caller.invite("112", caller='"Jean" <sip:+33612345678@abroad>')
        world.run(5)
        world.caller.bye(session)
    assert "Jean" in world.callee.requests("INVITE")[0].first("from")
