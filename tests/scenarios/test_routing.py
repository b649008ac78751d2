"""Methods outside a dialog, options, and the Request-URI: scenarios 50 and 53 to 55 of docs/scenarios.md."""

import pytest

from tests.scenarios.talk import ANSWER, answers, crossed, ringing
from tests.world.party import Fields, Party
from tests.world.scene import ABROAD, Scene
from tests.world.wire import Wire, write


def placed(scene: Scene, uri: str, headers: Fields = (), party: Party | None = None) -> Wire:
    """An INVITE to that Request-URI, which nobody repeats."""
    fields = [("Via", f"SIP/2.0/UDP {ABROAD};branch=z9hG4bKplaced"), ("Max-Forwards", "70")]
    fields += [("From", "<sip:+442079460000@abroad.example>;tag=p"), ("To", "<sip:+3293330000@home.example>")]
    fields += [("Call-ID", "placed"), ("CSeq", "1 INVITE"), ("Contact", f"<sip:p@{ABROAD}>"), *headers]
    wire = Wire.read(write(f"INVITE {uri} SIP/2.0", fields))
    scene.deliver(party or scene.caller, wire.data)
    return wire


def refused(scene: Scene, wire: Wire) -> list[int]:
    """The answers to it, each acknowledged."""
    scene.run(0.1)
    for answer in scene.caller.responses():
        if answer.branch == wire.branch and (answer.status or 0) >= 300:
            scene.deliver(scene.caller, ack_to(wire, answer))
    return answers(scene.caller, wire)


def ack_to(invite: Wire, answer: Wire) -> bytes:
    kept = [("Via", invite.first("via")), ("From", invite.first("from")), ("To", answer.first("to"))]
    return write("ACK sip:x SIP/2.0", [*kept, ("Call-ID", invite.call_id), ("CSeq", f"{invite.cseq} ACK")])


# 50.


def test_options_asks_for_nothing_and_is_told_what_there_is() -> None:
    fields = [("Via", f"SIP/2.0/UDP {ABROAD};branch=z9hG4bKping"), ("Max-Forwards", "70")]
    fields += [("From", "<sip:ping@abroad.example>;tag=p"), ("To", "<sip:box.example>")]
    with Scene() as scene:
        data = write("OPTIONS sip:box.example SIP/2.0", [*fields, ("Call-ID", "ping"), ("CSeq", "1 OPTIONS")])
        scene.deliver(scene.caller, data)
        scene.run(0.1)
        (answer,) = scene.caller.responses("OPTIONS")
        assert answer.status == 200
        assert {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"} <= set(answer.first("allow").split(", "))
        assert not scene.callee.seen


# 53.


@pytest.mark.parametrize("header", ["Require", "Proxy-Require", "Supported"])
def test_an_option_nobody_here_knows_is_the_callees_to_refuse(header: str) -> None:
    scene = Scene()
    with ringing(scene, [(header, "foo, bar"), (header, "baz")]) as (near, _, invite):
        assert [value for value in invite.all(header.lower()) if value != "timer"] == ["foo, bar", "baz"]
        scene.callee.respond(invite, 420, headers=[("Unsupported", "foo"), ("Unsupported", "bar")])
        scene.run(1)
        assert near.final == 420
        assert scene.caller.responses()[-1].all("unsupported") == ["foo", "bar"]


def test_headers_of_one_name_keep_their_order_their_values_and_their_parameters_both_ways() -> None:
    fields: Fields = [("X-Way", "one;a=1, two"), ("Subject", "x"), ("x-way", '"three";b=";"'), ("X-WAY", "")]
    scene = Scene()
    with ringing(scene, fields) as (_, _, invite):
        assert invite.all("x-way") == ["one;a=1, two", '"three";b=";"', ""]
        scene.callee.respond(invite, 200, ANSWER, fields)
        scene.run(0.1)
        (accepted,) = [wire for wire in scene.caller.responses() if wire.status == 200]
        assert accepted.all("x-way") == invite.all("x-way")


# 54.


def test_a_caller_at_home_who_asks_for_privacy_goes_abroad_without_his_number_and_else_as_home_has_written_it() -> None:
    fields: Fields = [
        ("P-Asserted-Identity", "<sip:+3225551212@home.example>"),
        ("Privacy", "id"),
        ("Diversion", "<sip:+3293330001@home.example>;reason=unconditional"),
        ("History-Info", "<sip:+3293330001@home.example>;index=1"),
    ]
    with Scene(from_home=True) as scene:
        near = scene.caller.invite("+33612345678", '"Anonymous" <sip:anonymous@anonymous.invalid>', fields)
        scene.run(5)
        invite = crossed(scene.callee, "INVITE")
        assert invite.first("from").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=')
        assert invite.first("privacy") == "id"
        assert not invite.first("p-asserted-identity")
        assert "+3293330001" in invite.first("diversion")
        scene.caller.bye(near)


# 55.


@pytest.mark.parametrize(
    ("uri", "reached"),
    [
        ("sip:+3293330000@192.0.2.10", "sip:+3293330000@198.51.100.1:5060"),
        ("sip:+3293330000@elsewhere.example;maddr=203.0.113.7;transport=tcp", "sip:+3293330000@198.51.100.1:5060"),
        ("sip:+3293330000;npdi@192.0.2.10;user=phone", "sip:+3293330000;npdi@198.51.100.1:5060;user=phone"),
        ("tel:+32-9-333.00.00;npdi", "tel:+32-9-333.00.00;npdi"),
    ],
)
def test_whatever_host_is_asked_for_the_route_of_the_number_decides(uri: str, reached: str) -> None:
    with Scene() as scene:
        scene.callee.script = [(0.01, 486, b"")]
        wire = placed(scene, uri)
        assert refused(scene, wire) == [486]
        assert crossed(scene.callee, "INVITE").start == f"INVITE {reached} SIP/2.0"


@pytest.mark.parametrize(
    "routes",
    [
        ["<sip:192.0.2.10:5060;lr>"],
        ["<sip:192.0.2.10:5060;lr>", "<sip:192.0.2.66;lr>"],
        ["<sip:192.0.2.10>, <sip:192.0.2.66>"],
    ],
)
def test_a_route_that_comes_with_the_call_leads_nowhere_else(routes: list[str]) -> None:
    with Scene() as scene:
        scene.callee.script = [(0.01, 486, b"")]
        wire = placed(scene, "sip:+3293330000@192.0.2.10", [("Route", value) for value in routes])
        assert refused(scene, wire) == [486]
        assert not crossed(scene.callee, "INVITE").all("route")


@pytest.mark.parametrize(
    "uri", ["sips:+3293330000@192.0.2.10", "urn:service:counseling", "mailto:+3293330000@home.example"]
)
def test_a_uri_that_no_trunk_can_carry_is_416_and_goes_nowhere(uri: str) -> None:
    with Scene() as scene:
        wire = placed(scene, uri)
        assert refused(scene, wire) == [416]
        assert not scene.callee.seen
    assert [record.kind for record in scene.records] == ["verdict", "end"]


def test_an_emergency_call_is_not_refused_for_its_scheme() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.01, 486, b"")]
        assert refused(scene, placed(scene, "sips:112@192.0.2.10")) == [486]
        assert crossed(scene.callee, "INVITE").start.split()[1].partition("@")[0] == "sips:112"
