"""Header rules of a trunk in whole calls: what they change, and what they never can."""

from typing import Any

import attrs
import pytest

from b2bua.config import Action, Config, Direction, HeaderRule, Part
from policy.roaming import Roaming
from tests.world.scene import CONFIG, Scene
from tests.world.wire import Wire

MOBILE = "+32470123456"
FORBIDDEN = "+3225551212"
STRIPPED = [("Referred-By", f"<sip:{FORBIDDEN}@carrier.example>")]
"""Identity that is taken out of a call that goes on."""
DIALOG = (Part.DIALOG, Part.RESPONSES)


def rule(action: str, name: str, value: str | None = None, **keys: Any) -> HeaderRule:
    return HeaderRule(action=Action(action), name=name, value=value, **keys)


def with_rules(*home: HeaderRule, abroad: tuple[HeaderRule, ...] = (), **keys: Any) -> Config:
    there, here = CONFIG.trunk
    return attrs.evolve(CONFIG, trunk=(attrs.evolve(there, header=abroad, **keys), attrs.evolve(here, header=home)))


def called(config: Config, headers: Any = (), **options: Any) -> Wire:
    """The INVITE that reaches the callee of a whole call."""
    with Scene(config=config, **options) as scene:
        session = scene.caller.invite(headers=headers)
        scene.run(3)
        assert session.final == 200
        scene.caller.bye(session)
    return scene.callee.requests("INVITE")[0]


def test_what_leaves_by_a_trunk_is_changed_as_its_rules_say() -> None:
    config = with_rules(
        rule("remove", "User-Agent"),
        rule("add", "X-Source", "abroad"),
        rule("set", "Accept-Language", "nl"),
        rule("rewrite", "X-Route", "core-*", pattern="edge-*"),
    )
    headers = [("User-Agent", "x"), ("Accept-Language", "fr"), ("X-Route", "edge-7"), ("X-Other", "as it came")]
    invite = called(config, headers)
    assert not invite.all("user-agent")
    assert invite.all("x-source") == ["abroad"]
    assert invite.all("accept-language") == ["nl"]
    assert invite.all("x-route") == ["core-7"]
    assert invite.all("x-other") == ["as it came"]


def test_the_rules_of_the_trunk_that_it_came_by_are_applied_before() -> None:
    inward = rule("set", "X-A", "in", on=Direction.IN)
    outward = rule("rewrite", "X-A", "*, then out", pattern="*")
    never = (rule("add", "X-B", "wrong way", on=Direction.IN),)
    invite = called(with_rules(outward, *never, abroad=(inward, rule("add", "X-C", "wrong way"))))
    assert invite.all("x-a") == ["in, then out"]
    assert not invite.all("x-b")
    assert not invite.all("x-c")


def test_rules_reach_the_dialog_and_responses_only_where_they_say_so() -> None:
    config = with_rules(
        rule("add", "X-Setup", "1"),
        rule("add", "X-Dialog", "1", messages=(Part.DIALOG,), methods=("INFO", "BYE")),
        abroad=(rule("add", "X-Response", "1", messages=(Part.RESPONSES,), methods=("INFO", "INVITE")),),
    )
    with Scene(config=config) as scene:
        session = scene.caller.invite()
        scene.run(3)
        scene.caller.request(session, "INFO")
        scene.caller.request(session, "UPDATE")
        scene.run(2)
        scene.caller.bye(session)
    seen = {
        wire.method: {name for name, _ in wire.fields if name in ("x-setup", "x-dialog")}
        for wire in scene.callee.seen
        if wire.status is None
    }
    assert seen["INVITE"] == {"x-setup"}
    assert seen["INFO"] == seen["BYE"] == {"x-dialog"}
    assert seen["ACK"] == seen["UPDATE"] == set()
    told = {(wire.method, wire.status) for wire in scene.caller.seen if wire.all("x-response")}
    assert told == {("INVITE", 180), ("INVITE", 200), ("INFO", 200)}


@pytest.mark.law("¶33", "K11")
@pytest.mark.parametrize("name", ["X-Note", "Subject", "P-Asserted-Identity", "Diversion"])
def test_a_rule_that_shows_what_the_verdict_takes_out_gets_the_call_refused(name: str) -> None:
    config = with_rules(rule("add", name, f'"{FORBIDDEN}" <sip:x@y>'))
    with Scene(config=config) as scene:
        session = scene.caller.invite(headers=STRIPPED)
        scene.run(5)
        assert session.final == 603
    assert not scene.callee.seen
    assert [alarm.name for alarm in scene.alarms] == ["egress guard"]
    assert scene.record("verdict").facts["verdict"] == "strip"


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "MESSAGE", "INVITE"])
def test_nor_does_a_rule_show_it_in_a_later_request(method: str) -> None:
    config = with_rules(rule("add", "X-Note", FORBIDDEN, messages=(Part.DIALOG,)))
    with Scene(config=config) as scene:
        session = scene.caller.invite(headers=STRIPPED)
        scene.run(3)
        scene.caller.request(session, method)
        scene.run(3)
        scene.caller.bye(session)
    assert [wire.status for wire in scene.caller.responses(method) if wire.cseq > 1] == [603]
    assert "egress guard" in [alarm.name for alarm in scene.alarms]
    assert not any(FORBIDDEN[1:].encode() in wire.data for wire in scene.callee.seen)


def test_nor_in_an_ack_or_a_bye_which_nobody_could_refuse() -> None:
    config = with_rules(rule("add", "X-Note", FORBIDDEN, messages=DIALOG), rule("add", "X-Kept", "1", messages=DIALOG))
    with Scene(config=config) as scene:
        scene.callee.script = [(0.05, 200, b"v=0\r\n")]
        session = scene.caller.invite(headers=STRIPPED, body=b"")
        scene.run(3)
        scene.caller.bye(session)
    assert {wire.method for wire in scene.callee.seen if wire.all("x-kept")} == {"ACK", "BYE"}
    assert not any(FORBIDDEN[1:].encode() in wire.data for wire in scene.callee.seen)


WITHHELD: dict[str, Any] = {"answers": {MOBILE: Roaming.FAILED}}


def withheld(config: Config) -> Wire:
    """The INVITE that reaches the callee of a call whose caller is withheld."""
    with Scene(config=config, **WITHHELD) as scene:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@carrier.example>")
        scene.run(3)
        assert session.final == 200
        scene.caller.bye(session)
    assert scene.record("verdict").facts["verdict"] == "withhold"
    return scene.callee.requests("INVITE")[0]


@pytest.mark.law("K11")
@pytest.mark.parametrize("action", ["add", "set"])
@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID", "Diversion", "Call-Info", "Subject", "b"])
def test_nothing_that_names_the_caller_is_added_to_a_withheld_call(action: str, name: str) -> None:
    invite = withheld(with_rules(rule(action, name, "<sip:somebody@carrier.example>"), rule("add", "X-Kept", "1")))
    assert b"somebody" not in invite.data
    assert invite.all("x-kept") == ["1"]
    assert invite.all("privacy") == ["id"]


def test_what_names_the_caller_of_any_other_call_is_changed_as_the_rules_say() -> None:
    shown = [("P-Asserted-Identity", "<sip:+33612345678@carrier.example>")]
    assert not called(with_rules(rule("remove", "P-Asserted-Identity")), shown).all("p-asserted-identity")


@pytest.mark.law("¶24")
def test_a_national_call_has_rules_and_no_policy() -> None:
    config = with_rules(abroad=(rule("set", "P-Asserted-Identity", "<sip:+3225550000@gw.example>"),))
    invite = called(config, [("P-Asserted-Identity", "<sip:+3225551212@x>")], from_home=True)
    assert invite.all("p-asserted-identity") == ["<sip:+3225550000@gw.example>"]


def test_each_target_gets_each_rule_once() -> None:
    from tests.world.test_hunt import two_targets

    config = two_targets()
    abroad, home = config.trunk
    config = attrs.evolve(config, trunk=(abroad, attrs.evolve(home, header=(rule("add", "X-A", "1"),))))
    with Scene(config=config) as scene:
        scene.spare.script = [(0.01, 503, b"")]
        session = scene.caller.invite()
        scene.run(3)
        scene.caller.bye(session)
    for party in (scene.spare, scene.callee):
        assert party.requests("INVITE")[0].all("x-a") == ["1"]
