"""Calls between exchanges that speak SIP-I (Q.1912.5): what of their ISUP reaches the other side."""

import datetime
from typing import Any

import attrs
import pytest

from b2bua.config import Config, Isup, Register
from b2bua.identity import redaction
from policy.claim import TrunkClass
from policy.register import Agreement, Attestation, Consent, Service, Shadow
from policy.roaming import Roaming
from tests.b2bua.identity.making_isup import (
    ADDITIONAL_CALLING,
    CALLING,
    CONNECTED,
    GENERIC,
    LOCATION,
    MULTIPART,
    NATIONAL,
    ORIGINAL,
    REDIRECTING,
    TYPE,
    UNKNOWN,
    Parameter,
    acm,
    anm,
    iam,
    inf,
    number,
    rel,
    sip_i,
)
from tests.world.party import Party, Session
from tests.world.scene import CONFIG, Scene
from tests.world.wire import Wire

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
MOBILE = "32470123456"
BESIDE, ALONE = ("Content-Type", MULTIPART), ("Content-Type", TYPE)
HONEST = iam(number(CALLING, "33612345678"))
UNREADABLE = b"\x01\x00"


class SipI(Scene):
    """Its parties say what their bodies are."""

    def send(self, party: Party, data: bytes) -> None:
        head, empty, body = data.partition(b"\r\n\r\n")
        if head.count(b"Content-Type:") > 1:
            head = head.replace(b"\r\nContent-Type: application/sdp", b"", 1)
        super().send(party, head + empty + body)


def scene(isup: Isup = Isup.JUDGE, **options: Any) -> SipI:
    abroad, home = CONFIG.trunk
    config: Config = attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, isup=isup), home))
    return SipI(config=config, **options)


def called(world: SipI, octets: bytes, kind: tuple[str, str] = BESIDE, **more: Any) -> Session:
    """A call with that ISUP, until it is answered or refused."""
    body = sip_i(SDP, octets) if kind is BESIDE else octets
    session = world.caller.invite(headers=[kind], body=body, **more)
    world.run(3)
    return session


def arrived(world: SipI) -> Wire:
    (invite,) = world.callee.requests("INVITE")
    return invite


def is_session_alone(wire: Wire) -> bool:
    return (wire.body, wire.all("content-type"), wire.all("content-disposition")) == (SDP, ["application/sdp"], [])


def removed(world: SipI) -> Any:
    return world.record("verdict").facts["removed"]


# The set-up.


@pytest.mark.law("¶25")
@pytest.mark.parametrize(
    "octets",
    [
        HONEST,
        iam(number(CALLING, "33612345678"), number(GENERIC, "442079460000", qualifier=ADDITIONAL_CALLING)),
        iam(number(REDIRECTING, "33612345678"), number(ORIGINAL, "442079460000")),
        iam((CALLING, b"\x00\x0b")),
        iam(number(CALLING, MOBILE)),
    ],
)
def test_isup_of_an_honest_call_crosses_octet_by_octet(octets: bytes) -> None:
    with scene(answers={"+" + MOBILE: Roaming.ABROAD}) as world:
        session = called(world, octets)
        assert session.final == 200
        assert (arrived(world).body, arrived(world).first("content-type")) == (sip_i(SDP, octets), MULTIPART)
        assert removed(world) == []
        assert "enclosed" not in world.record("verdict").personal
        world.caller.bye(session)


@pytest.mark.law("¶9", "L11")
@pytest.mark.parametrize(
    "parameter",
    [
        number(CALLING, "3225551212"),
        number(CALLING, "25551212", NATIONAL),
        number(CALLING, "025551212", UNKNOWN),
        number(CALLING, "3280012345"),
        number(CALLING, "112", UNKNOWN),
        number(GENERIC, "3225551212", qualifier=ADDITIONAL_CALLING),
        number(REDIRECTING, "3225551212"),
        number(ORIGINAL, "3225551212"),
    ],
)
@pytest.mark.parametrize("kind", [BESIDE, ALONE])
def test_a_forbidden_number_in_isup_blocks_the_call(parameter: Parameter, kind: tuple[str, str]) -> None:
    with scene() as world:
        assert called(world, iam(parameter), kind).statuses == [603]
        record = world.record("verdict")
        findings: Any = record.personal["findings"]
        assert [one["header"] for one in findings if one["outcome"] == "block"] == ["ISUP"]
    assert not world.callee.seen
    assert not world.alarms


@pytest.mark.law("¶8 3°")
def test_a_mobile_number_in_isup_is_asked_about() -> None:
    with scene(answers={"+" + MOBILE: Roaming.NOT_ABROAD}) as world:
        assert called(world, iam(number(CALLING, MOBILE))).final == 603
    assert [ask.questions.numbers for ask in world.asked] == [("+" + MOBILE,)]
    assert not world.callee.seen


@pytest.mark.law("¶8 3°")
@pytest.mark.parametrize("caller", [f"<sip:+{MOBILE}@192.0.2.1>", "<sip:+33612345678@192.0.2.1>"])
def test_a_caller_who_is_withheld_leaves_no_isup(caller: str) -> None:
    with scene(answers={"+" + MOBILE: Roaming.FAILED}) as world:
        session = called(world, iam(number(CALLING, MOBILE)), caller=caller)
        assert session.final == 200
        assert is_session_alone(arrived(world))
        assert arrived(world).first("from").startswith('"Anonymous"')
        assert "ISUP" in removed(world)
        world.caller.request(session, "INFO", [ALONE], inf(number(CALLING, MOBILE)))
        world.caller.bye(session)
        world.run(2)
        (info,) = world.callee.requests("INFO")
        assert (info.body, info.all("content-type")) == (b"", [])
    assert not world.alarms


@pytest.mark.law("L11", "K11")
@pytest.mark.parametrize(
    "parameter",
    [number(LOCATION, "3225551212"), number(REDIRECTING, MOBILE), number(REDIRECTING, "612345678", NATIONAL)],
)
def test_what_may_not_be_seen_takes_its_isup_with_it_and_the_call_goes_on(parameter: Parameter) -> None:
    with scene(answers={"+" + MOBILE: Roaming.NOT_ABROAD}) as world:
        session = called(world, iam(number(CALLING, "33612345678"), parameter))
        assert session.final == 200
        assert is_session_alone(arrived(world))
        assert removed(world) == ["ISUP"]
        world.caller.bye(session)


@pytest.mark.parametrize("octets", [HONEST, iam(number(CALLING, "3225551212")), UNREADABLE])
def test_where_it_is_stripped_the_call_goes_on_without(octets: bytes) -> None:
    with scene(Isup.STRIP) as world:
        session = called(world, octets)
        assert session.final == 200
        assert is_session_alone(arrived(world))
        assert (world.record("verdict").facts["verdict"], removed(world)) == ("pass", ["ISUP"])
        assert world.record("verdict").personal["enclosed"] == [octets.hex()]
        world.caller.bye(session)


def test_where_it_is_stripped_a_call_of_nothing_else_offers_nothing() -> None:
    with scene(Isup.STRIP) as world:
        session = called(world, HONEST, ALONE)
        assert (arrived(world).body, arrived(world).all("content-type")) == (b"", [])
        world.caller.bye(session)


@pytest.mark.parametrize(
    ("isup", "kind", "octets"),
    [
        (Isup.REFUSE, BESIDE, HONEST),
        (Isup.REFUSE, ALONE, HONEST),
        (Isup.JUDGE, BESIDE, UNREADABLE),
        (Isup.JUDGE, ALONE, HONEST + b"\0"),
        (Isup.JUDGE, ("Content-Type", "application/isup;version=ansi88"), HONEST),
        (Isup.STRIP, ("Content-Type", "application/qsig"), b"\x05"),
        (Isup.JUDGE, ("Content-Type", "application/qsig"), b"\x05"),
    ],
)
def test_what_nobody_judges_is_refused_so_that_the_caller_may_try_without(
    isup: Isup, kind: tuple[str, str], octets: bytes
) -> None:
    with scene(isup) as world:
        assert called(world, octets, kind).statuses == [415]
        (refusal,) = world.caller.responses()
        assert refusal.all("accept") == ["application/sdp"]
        assert world.record("verdict").facts["verdict"] == "block"
        assert world.record("verdict").personal["enclosed"] == [octets.hex()]
    assert not world.callee.seen


@pytest.mark.law("L13")
@pytest.mark.parametrize("isup", Isup)
@pytest.mark.parametrize("octets", [HONEST, iam(number(CALLING, "3225551212")), UNREADABLE])
def test_nothing_is_kept_from_an_emergency_service(isup: Isup, octets: bytes) -> None:
    with scene(isup) as world:
        session = called(world, octets, number="112")
        assert session.final == 200
        assert arrived(world).body == sip_i(SDP, octets)
        world.caller.bye(session)


@pytest.mark.law("¶24")
@pytest.mark.parametrize("isup", Isup)
@pytest.mark.parametrize("octets", [iam(number(CALLING, "25551212", NATIONAL)), UNREADABLE])
def test_isup_of_a_national_caller_crosses_as_it_came(isup: Isup, octets: bytes) -> None:
    with scene(isup, from_home=True) as world:
        session = called(world, octets, number="+33612345678")
        assert session.final == 200
        assert (arrived(world).body, arrived(world).first("content-type")) == (sip_i(SDP, octets), MULTIPART)
        world.caller.request(session, "INFO", [ALONE], octets)
        world.caller.bye(session, [ALONE])
        world.run(2)
        (info,) = world.callee.requests("INFO")
        assert (info.body, info.first("content-type")) == (octets, TYPE)


@pytest.mark.law("K11")
def test_a_strip_that_was_forgotten_is_caught_before_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "less_signalling", lambda headers, body: body)
    with scene(answers={"+" + MOBILE: Roaming.FAILED}) as world:
        assert called(world, iam(number(CALLING, MOBILE))).final == 603
    assert [alarm.name for alarm in world.alarms] == ["egress guard"]
    assert not world.callee.seen


# What the callee's side says.


def answers_with(world: SipI, ringing: bytes, answer: bytes) -> None:
    world.callee.script = [(0.1, 183, sip_i(SDP, ringing)), (0.5, 200, sip_i(SDP, answer))]
    world.callee.headers = [BESIDE]


def heard(world: SipI) -> list[Wire]:
    return [wire for wire in world.caller.responses() if wire.status in (183, 200)]


@pytest.mark.parametrize("isup", Isup)
def test_isup_of_a_national_callee_crosses_as_it_came(isup: Isup) -> None:
    with scene(isup) as world:
        told = [acm(number(CONNECTED, "3293330000")), UNREADABLE]
        answers_with(world, *told)
        session = world.caller.invite(body=SDP)
        world.run(3)
        assert [wire.body for wire in heard(world)] == [sip_i(SDP, octets) for octets in told]
        assert {wire.first("content-type") for wire in heard(world)} == {MULTIPART}
        world.caller.bye(session)


def test_isup_of_a_foreign_callee_crosses_octet_by_octet() -> None:
    with scene(from_home=True) as world:
        told = [acm(), anm(number(CONNECTED, "33612345678"))]
        answers_with(world, *told)
        session = world.caller.invite("+33612345678", body=SDP)
        world.run(3)
        assert [wire.body for wire in heard(world)] == [sip_i(SDP, octets) for octets in told]
        world.caller.bye(session)


@pytest.mark.law("L11")
@pytest.mark.parametrize(
    ("isup", "octets"),
    [
        (Isup.JUDGE, anm(number(CONNECTED, "3225551212"))),
        (Isup.JUDGE, anm(number(CONNECTED, "25551212", NATIONAL))),
        (Isup.JUDGE, anm(number(GENERIC, "3225551212", qualifier=5))),
        (Isup.JUDGE, UNREADABLE),
        (Isup.STRIP, anm()),
        (Isup.REFUSE, anm()),
    ],
)
def test_isup_of_a_foreign_callee_that_may_not_be_seen_leaves_the_session_alone(isup: Isup, octets: bytes) -> None:
    with scene(isup, from_home=True) as world:
        answers_with(world, octets, octets)
        session = world.caller.invite("+33612345678", body=SDP)
        world.run(3)
        assert session.final == 200
        assert [is_session_alone(wire) for wire in heard(world)] == [True, True]
        world.caller.bye(session)


# Other classes, and a trunk on trial.

ENTRY: dict[str, Any] = {
    "reference": "R-1",
    "since": datetime.date(2026, 1, 1),
    "until": datetime.date(2026, 1, 31),
    "trunk": "abroad",
}


def of_class(trunk_class: TrunkClass, isup: Isup = Isup.JUDGE, **entries: Any) -> SipI:
    abroad, home = CONFIG.trunk
    abroad = attrs.evolve(abroad, isup=isup, declared_class=trunk_class)
    return SipI(config=attrs.evolve(CONFIG, trunk=(abroad, home), register=Register(**entries)))


def crosses_to_the_end(world: SipI, octets: bytes) -> None:
    """Its ISUP arrives as it came in every message of the call."""
    session = called(world, octets)
    assert session.final == 200
    assert (arrived(world).body, arrived(world).first("content-type")) == (sip_i(SDP, octets), MULTIPART)
    ((info,), statuses) = across(world, session, "INFO", octets)
    assert (info.body, statuses) == (octets, [200])
    session.is_over = True
    ((bye,), _) = across(world, session, "BYE", octets)
    assert bye.body == octets


@pytest.mark.law("¶31", "¶39")
@pytest.mark.parametrize("isup", Isup)
@pytest.mark.parametrize("octets", [iam(number(CALLING, "25551212", NATIONAL)), UNREADABLE])
def test_isup_of_national_transit_crosses_as_it_came(isup: Isup, octets: bytes) -> None:
    attested = Attestation(
        operator="Operator", dedicated_circuits=True, total_control=True, evidence="cabinet 3", **ENTRY
    )
    with of_class(TrunkClass.NATIONAL_TRANSIT, isup, attestation=(attested,)) as world:
        crosses_to_the_end(world, octets)


@pytest.mark.law("¶32")
def test_isup_of_transit_whose_attestation_has_lapsed_is_judged() -> None:
    with of_class(TrunkClass.NATIONAL_TRANSIT) as world:
        assert called(world, iam(number(CALLING, "3225551212"))).final == 603


@pytest.mark.law("¶14.2")
@pytest.mark.parametrize(("digits", "status"), [("3225551212", 200), ("3225551213", 603)])
def test_on_an_article_4_interface_the_list_counts_for_isup_too(digits: str, status: int) -> None:
    listed = frozenset({"+3225551212"})
    agreed = Agreement(service=Service.CONFERENCE, holder="Operator", numbers=listed, **ENTRY)
    octets = iam(number(CALLING, digits))
    with of_class(TrunkClass.ARTICLE_4, agreement=(agreed,)) as world:
        session = called(world, octets, caller="<sip:+3225551212@192.0.2.1>")
        assert session.final == status
        if status == 200:
            assert arrived(world).body == sip_i(SDP, octets)
            world.caller.bye(session)


# Who redirected (art. 3).

PARIS, LONDON = "33612345678", "442079460000"
RETURNING = number(CALLING, "3225551212"), number(REDIRECTING, PARIS), number(ORIGINAL, LONDON)


def agreed_to(forwarding: str) -> SipI:
    entry = Consent(reference="C", since=datetime.date(2024, 9, 1), forwarding=forwarding, called="+3293330000")
    abroad, home = CONFIG.trunk
    config = attrs.evolve(
        CONFIG, trunk=(attrs.evolve(abroad, isup=Isup.JUDGE), home), register=Register(consent=(entry,))
    )
    return SipI(config=config)


@pytest.mark.law("¶14.1 ii", "¶28")
def test_a_call_that_isup_alone_says_was_forwarded_home_with_consent_crosses_with_its_isup() -> None:
    with agreed_to(f"+{PARIS}") as world:
        session = called(world, iam(*RETURNING), caller="<sip:+3225551212@192.0.2.1>")
        assert session.final == 200
        assert arrived(world).body == sip_i(SDP, iam(*RETURNING))
        assert world.record("verdict").facts["basis"] == "art. 3, ¶14.1"
        world.caller.bye(session)


@pytest.mark.law("¶10")
@pytest.mark.parametrize(
    ("forwarding", "headers"),
    [(LONDON, ()), (PARIS, [("Diversion", f"<tel:+{LONDON}>")]), (LONDON, [("Diversion", f"<tel:+{LONDON}>")])],
)
def test_a_consent_for_another_number_than_isup_names_as_the_last_lets_nothing_pass(
    forwarding: str, headers: list[tuple[str, str]]
) -> None:
    with agreed_to(f"+{forwarding}") as world:
        body = sip_i(SDP, iam(*RETURNING))
        session = world.caller.invite(caller="<sip:+3225551212@192.0.2.1>", headers=[BESIDE, *headers], body=body)
        world.run(3)
        assert session.final == 603


@pytest.mark.parametrize("isup", Isup)
@pytest.mark.parametrize(
    "octets", [iam(number(CALLING, "3225551212")), iam(number(LOCATION, "3225551212")), UNREADABLE]
)
def test_on_a_trunk_that_enforces_nothing_isup_crosses_as_it_came(isup: Isup, octets: bytes) -> None:
    shadow = Shadow(owner="network planning", reason="a trial", **{**ENTRY, "since": datetime.date(2026, 1, 20)})
    with of_class(TrunkClass.INTERNATIONAL, isup, shadow=(shadow,)) as world:
        crosses_to_the_end(world, octets)
        assert world.record("verdict").facts["enforced"] is False


# In the call.


def talking(world: SipI) -> Session:
    session = called(world, HONEST) if world.core.context.trunks.by_name["abroad"].isup is Isup.JUDGE else None
    if session is None:
        session = world.caller.invite(body=SDP)
        world.run(3)
    assert session.final == 200
    return session


def across(world: SipI, session: Session, method: str, octets: bytes) -> tuple[list[Wire], list[int | None]]:
    """A request of the caller's with that ISUP and nothing else: what arrives of it, and what is answered."""
    before, answered = len(world.callee.requests(method)), len(world.caller.responses(method))
    world.caller.request(session, method, [ALONE], octets)
    world.run(2)
    return (
        world.callee.requests(method)[before:],
        [wire.status for wire in world.caller.responses(method)[answered:] if wire.status != 100],
    )


@pytest.mark.parametrize("octets", [inf(number(CALLING, "33612345678")), b"\x02\x02\x00\x03\x00\x10\x21"])
def test_an_info_with_isup_that_passes_crosses_octet_by_octet(octets: bytes) -> None:
    with scene() as world:
        session = talking(world)
        ((info,), statuses) = across(world, session, "INFO", octets)
        assert (info.body, info.first("content-type"), statuses) == (octets, TYPE, [200])
        world.caller.bye(session)


@pytest.mark.law("L11")
@pytest.mark.parametrize("digits", ["3225551212", MOBILE])
def test_an_info_with_a_number_that_may_not_be_seen_loses_it(digits: str) -> None:
    with scene(answers={"+" + MOBILE: Roaming.ABROAD}) as world:
        session = talking(world)
        ((info,), statuses) = across(world, session, "INFO", inf(number(CALLING, digits)))
        assert (info.body, info.all("content-type"), statuses) == (b"", [], [200])
        assert world.record("later").facts["found"] == ("block" if digits != MOBILE else "strip")
        world.caller.bye(session)


@pytest.mark.law("L11")
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_forbidden_caller_in_the_isup_of_a_change_is_refused_and_the_call_stands(method: str) -> None:
    with scene() as world:
        session = talking(world)
        assert across(world, session, method, iam(number(CALLING, "3225551212"))) == ([], [603])
        assert not world.callee.sessions[0].is_over
        world.caller.bye(session)


@pytest.mark.parametrize("isup", [Isup.JUDGE, Isup.REFUSE])
def test_a_request_with_isup_that_is_not_taken_is_refused_and_the_call_stands(isup: Isup) -> None:
    with scene(isup) as world:
        session = talking(world)
        octets = UNREADABLE if isup is Isup.JUDGE else HONEST
        assert across(world, session, "INFO", octets) == ([], [415])
        assert not world.callee.sessions[0].is_over
        world.caller.bye(session)


@pytest.mark.parametrize(
    ("isup", "octets", "crosses"),
    [
        (Isup.JUDGE, rel(), True),
        (Isup.JUDGE, rel(number(CALLING, "3225551212")), False),
        (Isup.JUDGE, UNREADABLE, False),
        (Isup.STRIP, rel(), False),
        (Isup.REFUSE, rel(), False),
    ],
)
def test_a_bye_is_never_refused_for_its_isup(isup: Isup, octets: bytes, crosses: bool) -> None:
    with scene(isup) as world:
        session = talking(world)
        session.is_over = True
        ((bye,), statuses) = across(world, session, "BYE", octets)
        assert statuses == [200]
        assert (bye.body, bye.all("content-type")) == ((octets, [TYPE]) if crosses else (b"", []))


@pytest.mark.parametrize(
    ("isup", "octets"),
    [
        (Isup.JUDGE, anm(number(CONNECTED, "3225551212"))),
        (Isup.JUDGE, UNREADABLE),
        (Isup.STRIP, UNREADABLE),
        (Isup.REFUSE, anm()),
    ],
)
def test_a_response_of_the_caller_keeps_its_session_when_it_loses_its_isup(isup: Isup, octets: bytes) -> None:
    with scene(isup) as world:
        session = talking(world)
        world.caller.body = sip_i(SDP, octets)
        world.caller.answer_headers = {"INVITE": [BESIDE]}
        world.callee.request(world.callee.sessions[0], "INVITE", body=SDP)
        world.run(2)
        (answer,) = [wire for wire in world.callee.responses("INVITE") if wire.status == 200]
        assert is_session_alone(answer)
        world.caller.bye(session)
