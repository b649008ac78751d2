"""A border controller asks about its calls and makes them itself: each INVITE is judged, recorded and answered."""

import datetime
import re
from typing import Any
from urllib.parse import unquote

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.oracle import LONGEST
from b2bua.config import Config, Endpoint, Inexpressible, Mode, Redirect, Register, Target
from b2bua.config import Roaming as RoamingTable
from b2bua.explain import explain, message_of
from b2bua.identity import redaction
from policy.register import Shadow
from policy.roaming import Roaming
from tests.b2bua.identity.making_isup import CALLING, MULTIPART, iam, number, sip_i
from tests.world.forgetful import Forgetful
from tests.world.party import Fields, Party, Session
from tests.world.scene import ABROAD, ABROAD_SOCKET, CONFIG, EPOCH, Scene
from tests.world.test_isup import SipI
from tests.world.wire import Wire

GEOGRAPHIC, MOBILE, FOREIGN, CALLED = "+3225551212", "+32470123456", "+33612345678", "+3293330000"
ASKED = f"sip:{CALLED}@{ABROAD_SOCKET}"
REJECTED = 'Q.850;cause=21;text="Call rejected"'
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
TAKES: dict[str, Any] = {"identity": True}


class Nowhere(Party):
    """A party whose requests do not say where it is."""

    def _contact(self) -> tuple[str, str]:
        return "X-No-Contact", "1"


def asking(config: Config = CONFIG, *, targets: tuple[str, ...] = (), **redirect: Any) -> Config:
    """The trunk abroad is a border controller's, which is told what to do."""
    abroad, home = config.trunk
    named = tuple(Target(address=Endpoint.parse(target), priority=at) for at, target in enumerate(targets, start=1))
    abroad = attrs.evolve(abroad, mode=Mode.REDIRECT, redirect=Redirect(**redirect), targets=named)
    route = tuple(route for route in config.route if route.source == "home" and named)
    return attrs.evolve(config, trunk=(abroad, home), route=route)


def ask(
    caller: str = FOREIGN, headers: Fields = (), *, config: Config | None = None, number: str = CALLED, **options: Any
) -> tuple[Scene, Wire]:
    """One question, and its answer."""
    uri, body = options.pop("uri", None), options.pop("body", b"v=0\r\n")
    with Scene(config=config or asking(), **options) as scene:
        value = caller if "<" in caller else f"<sip:{caller}@abroad.example>"
        session = scene.caller.invite(number, caller=value, headers=headers, uri=uri, body=body)
        scene.run(5)
        assert session.final is not None
    assert not scene.callee.seen, "nobody is called"
    return scene, answer_to(scene.caller)


def answer_to(party: Party) -> Wire:
    (final,) = [wire for wire in party.responses() if (wire.status or 0) >= 200]
    return final


def told(answer: Wire) -> dict[str, str]:
    """The headers that the Contact of a 302 has for the next INVITE."""
    _, _, fields = answer.contact.partition("?")
    pairs = [field.partition("=") for field in fields.split("&") if field]
    return {unquote(name): unquote(value) for name, _, value in pairs}


# A pass.


def test_a_pass_is_a_302_to_where_the_call_was_going() -> None:
    scene, answer = ask()
    assert (answer.status, answer.all("contact")) == (302, [f"<{ASKED}>"])
    verdict, end = scene.record("verdict"), scene.record("end")
    assert (verdict.facts["verdict"], verdict.facts["mode"], verdict.facts["inexpressible"]) == ("pass", "redirect", [])
    assert (end.facts["cause"], end.facts["status"]) == ("advised", 302)
    assert not [record for record in scene.records if record.kind == "answer"]


def test_a_pass_is_a_404_where_the_asker_takes_its_next_route_then() -> None:
    scene, answer = ask(config=asking(on_pass=404))
    assert (answer.status, answer.all("contact"), answer.all("reason")) == (404, [], [])
    assert scene.record("end").facts["status"] == 404


def test_a_pass_names_the_targets_of_the_trunk_where_there_are_any() -> None:
    _, answer = ask(config=asking(targets=("203.0.113.7:5080", "203.0.113.8")))
    assert answer.all("contact") == [f"<sip:{CALLED}@203.0.113.7:5080>;q=1.0", f"<sip:{CALLED}@203.0.113.8:5060>;q=0.9"]


@pytest.mark.parametrize(
    ("uri", "contact"),
    [
        ("tel:+3293330000", "<tel:+3293330000>"),
        (f"sip:{CALLED};npdi;rn=+3249@sbc.example;user=phone;transport=udp", None),
        (f"sips:{CALLED}@sbc.example", None),
        (f"sip:{CALLED}@sbc.example;method=REGISTER", f"<sip:{CALLED}@sbc.example>"),
    ],
)
def test_where_the_call_was_going_is_told_as_it_came(uri: str, contact: str | None) -> None:
    _, answer = ask(uri=uri)
    assert (answer.status, answer.first("contact")) == (302, contact or f"<{uri}>")


def test_hygiene_is_the_askers_own_and_makes_no_pass_a_refusal() -> None:
    headers = [("Remote-Party-ID", f"<sip:{FOREIGN}@x>"), ("P-Preferred-Identity", f"<sip:{FOREIGN}@x>")]
    scene, answer = ask(headers=headers)
    assert (answer.status, told(answer)) == (302, {})
    assert scene.record("verdict").facts["removed"] == []


# A block.


@pytest.mark.law("¶7", "L12")
@pytest.mark.parametrize("on_pass", [302, 404])
def test_a_block_is_a_603_in_the_words_of_every_refusal(on_pass: int) -> None:
    scene, answer = ask(GEOGRAPHIC, config=asking(on_pass=on_pass, **TAKES))
    assert (answer.status, answer.all("reason"), answer.all("contact")) == (603, [REJECTED], [])
    assert scene.record("verdict").facts["verdict"] == "block"
    assert scene.record("end").facts["cause"] == "blocked"


@pytest.mark.law("¶7")
@pytest.mark.parametrize(
    "header",
    [
        ("P-Asserted-Identity", '"unclosed <sip:x@y>'),
        ("Identity", "not.a.passport"),
        ("Content-Encoding", "gzip"),
    ],
)
def test_what_nobody_can_judge_is_a_603_too_since_an_asker_goes_on_after_a_400(header: tuple[str, str]) -> None:
    scene, answer = ask(headers=[header])
    assert (answer.status, answer.all("reason")) == (603, [REJECTED])
    assert scene.record("verdict").facts["rules"] == ["unreadable"]


def test_a_question_beyond_a_limit_or_without_evidence_is_no_leave_to_go_another_way() -> None:
    config = asking()
    full = attrs.evolve(config, trunk=(attrs.evolve(config.trunk[0], max_calls_in=0), config.trunk[1]))
    with Scene(config=full) as scene:
        session = scene.caller.invite()
        scene.run(2)
        assert session.final == 603
        assert answer_to(scene.caller).first("retry-after")
    with Scene(config=config) as scene:
        scene.core.may_record = False
        session = scene.caller.invite()
        scene.run(2)
        assert session.final == 603
    assert not scene.records


# A changed identity.


def test_a_withheld_number_is_replaced_in_the_headers_of_the_contact() -> None:
    headers = [("P-Asserted-Identity", f'"A" <sip:{MOBILE}@x>, <tel:{MOBILE}>'), ("User-Agent", "sbc/1")]
    scene, answer = ask(MOBILE, headers, config=asking(**TAKES), answers={MOBILE: Roaming.FAILED})
    assert answer.status == 302
    assert answer.contact.startswith(f"{ASKED}?")
    assert told(answer) == {"From": ANONYMOUS, "P-Asserted-Identity": ANONYMOUS, "Privacy": "id"}
    facts = scene.record("verdict").facts
    assert (facts["verdict"], facts["inexpressible"]) == ("withhold", [])
    assert facts["removed"] == ["From", "P-Asserted-Identity", "Privacy"]


def test_the_headers_of_a_contact_are_escaped_so_that_none_brings_another() -> None:
    name = '"a&b=c?d>, x: y%0d%0aP-Evil: 1 +32 470 12 34 56"'
    headers = [("P-Asserted-Identity", f"{name} <sip:{FOREIGN};isub=1@x;user=phone>")]
    _, answer = ask(f"{name} <sip:{FOREIGN}@x;a=b>;x=1", headers, config=asking(**TAKES))
    assert answer.status == 302
    assert len(answer.all("contact")) == 1
    assert re.fullmatch(r"<sip:[^<>?\s\"]+\?[A-Za-z0-9\-_.!~*'()\[\]/?:+$%&=]+>", answer.first("contact"))
    assert told(answer) == {
        "From": f"<sip:{FOREIGN}@x;a=b>;x=1",
        "P-Asserted-Identity": f"<sip:{FOREIGN};isub=1@x;user=phone>",
    }


def test_every_target_has_the_changed_identity() -> None:
    config = asking(targets=("203.0.113.7", "203.0.113.8"), on_pass=404, **TAKES)
    _, answer = ask(MOBILE, config=config, answers={MOBILE: Roaming.FAILED})
    assert answer.status == 302
    fields = [contact.partition("?")[2].partition(">")[0] for contact in answer.all("contact")]
    assert len(fields) == 2
    assert fields[0] == fields[1]
    assert "anonymous.invalid" in fields[0]


@pytest.mark.parametrize(("lines", "places"), [(0, 3), (1, 2), (2, 1), (3, 0)])
def test_a_caller_cannot_make_an_answer_that_no_datagram_carries(lines: int, places: int) -> None:
    config = asking(targets=("203.0.113.7", "203.0.113.8", "203.0.113.9"), **TAKES)
    asserted = f'"+32 470 12 34 56" <sip:{FOREIGN};x={"%41" * 1_300}@x>'
    headers = [("P-Asserted-Identity", f"<sip:{FOREIGN}@x>"), *[("P-Asserted-Identity", asserted)] * lines]
    scene, answer = ask(f'"+32 470 12 34 56" <sip:{FOREIGN}@x>', headers, config=config)
    assert len(answer.all("contact")) == places
    assert answer.status == (302 if places else 603)
    assert sum(map(len, answer.all("contact"))) <= LONGEST
    assert scene.record("end").facts["cause"] == ("advised" if places else "inexpressible")


INEXPRESSIBLE: dict[str, tuple[str, Fields, str]] = {
    "a diversion": (FOREIGN, (("Diversion", f"<sip:{MOBILE}@x>"),), "Diversion"),
    "a history": (FOREIGN, (("History-Info", f"<sip:{MOBILE}@x>;index=1"),), "History-Info"),
    "a text": (FOREIGN, (("Subject", f"call {MOBILE}"),), "Subject"),
    "what hygiene takes": (
        FOREIGN,
        (("Diversion", f"<tel:{MOBILE}>"), ("Remote-Party-ID", f"<tel:{MOBILE}>;party=called")),
        "Remote-Party-ID",
    ),
}


@pytest.mark.law("¶8 3°")
@pytest.mark.parametrize("what", INEXPRESSIBLE)
def test_what_no_header_of_a_uri_can_take_out_is_refused(what: str) -> None:
    caller, headers, name = INEXPRESSIBLE[what]
    scene, answer = ask(caller, headers, config=asking(**TAKES), answers={MOBILE: Roaming.NOT_ABROAD})
    assert (answer.status, answer.all("reason")) == (603, [REJECTED])
    facts = scene.record("verdict").facts
    assert facts["verdict"] == "strip"
    assert name in str(facts["inexpressible"])
    assert scene.record("end").facts["cause"] == "inexpressible"


@pytest.mark.parametrize("what", INEXPRESSIBLE)
def test_by_setting_a_call_that_should_only_lose_a_field_passes_as_it_is_and_its_record_says_so(what: str) -> None:
    caller, headers, name = INEXPRESSIBLE[what]
    config = asking(on_inexpressible=Inexpressible.PASS)
    scene, answer = ask(caller, headers, config=config, answers={MOBILE: Roaming.NOT_ABROAD})
    assert (answer.status, told(answer)) == (302, {})
    facts = scene.record("verdict").facts
    assert name in str(facts["inexpressible"])
    assert facts["removed"] == []


def test_what_can_be_said_is_said_even_where_the_rest_passes() -> None:
    caller = f'"+32 470 12 34 56" <sip:{FOREIGN}@x>'
    headers = [("Diversion", "<sip:+32470999999@x>")]
    config = asking(on_inexpressible=Inexpressible.PASS, **TAKES)
    scene, answer = ask(caller, headers, config=config, answers={"+32470999999": Roaming.NOT_ABROAD})
    assert told(answer) == {"From": f"<sip:{FOREIGN}@x>"}
    assert scene.record("verdict").facts["inexpressible"] == ["Diversion"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("Diversion", "<sip:+442079460000@x>")], b"v=0\r\n"),
        ([("Remote-Party-ID", "<sip:+442079460000@x>")], b"v=0\r\n"),
        ([("Subject", "hello")], b"v=0\r\n"),
        ([], f"v=0\r\ns={MOBILE}\r\n".encode()),
    ],
)
@pytest.mark.parametrize("setting", Inexpressible)
@pytest.mark.law("¶8 3°")
def test_a_call_to_be_withheld_whose_number_would_still_be_seen_is_refused_whatever_the_setting(
    headers: Fields, body: bytes, setting: Inexpressible
) -> None:
    config = asking(on_inexpressible=setting, **TAKES)
    scene, answer = ask(MOBILE, headers, config=config, answers={MOBILE: Roaming.FAILED}, body=body)
    assert answer.status == 603
    assert scene.record("verdict").facts["verdict"] == "withhold"
    assert scene.record("end").facts["cause"] == "inexpressible"


@pytest.mark.law("¶8 3°", "K11")
def test_a_body_that_names_the_caller_in_another_networks_words_cannot_be_taken_out_either() -> None:
    body = sip_i(b"v=0\r\n", iam(number(CALLING, FOREIGN[1:])))
    with SipI(config=asking(**TAKES), answers={MOBILE: Roaming.FAILED}) as scene:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@x>", headers=[("Content-Type", MULTIPART)], body=body)
        scene.run(2)
        assert session.final == 603
    facts = scene.record("verdict").facts
    assert (facts["verdict"], facts["inexpressible"]) == ("withhold", ["body"])


@pytest.mark.parametrize("setting", Inexpressible)
@pytest.mark.parametrize("uri", [None, "tel:+3293330000"])
def test_an_asker_that_takes_no_identity_or_a_uri_that_can_hold_none_gets_no_withheld_call(
    setting: Inexpressible, uri: str | None
) -> None:
    config = asking(on_inexpressible=setting, identity=uri is not None)
    scene, answer = ask(MOBILE, config=config, answers={MOBILE: Roaming.FAILED}, uri=uri)
    assert answer.status == 603
    assert scene.record("verdict").facts["inexpressible"] == ["From", "Privacy"]


def test_the_guard_looks_at_the_302_as_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b2bua.call.oracle.ANONYMOUS", f"<sip:{MOBILE}@x>")
    monkeypatch.setattr("b2bua.call.oracle._leaks", lambda *_: [])
    headers = [("P-Asserted-Identity", f"<sip:{MOBILE}@x>")]
    scene, answer = ask(MOBILE, headers, config=asking(**TAKES), answers={MOBILE: Roaming.FAILED})
    assert (answer.status, answer.all("contact")) == (603, [])
    assert [alarm.name for alarm in scene.alarms] == ["egress guard"]
    assert redaction.ANONYMOUS == ANONYMOUS


def test_a_subscriber_who_calls_their_own_number_can_be_withheld() -> None:
    scene, answer = ask(MOBILE, config=asking(**TAKES), answers={MOBILE: Roaming.FAILED}, number=MOBILE)
    assert answer.status == 302
    assert scene.record("verdict").facts["verdict"] == "withhold"


@pytest.mark.law("¶8 3°", "K11")
@given(
    caller=st.sampled_from([MOBILE, FOREIGN, f'"{MOBILE}" <sip:{FOREIGN}@x>']),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                ["P-Asserted-Identity", "Diversion", "History-Info", "Remote-Party-ID", "Referred-By", "P-Served-User"]
            ),
            st.sampled_from(
                [f"<sip:{MOBILE}@x>", f'"{MOBILE}" <sip:{FOREIGN}@x>', f"<sip:{FOREIGN}@x>", f"<tel:{MOBILE}>"]
            ),
        ),
        max_size=3,
    ),
    setting=st.sampled_from(Inexpressible),
    answer=st.sampled_from([Roaming.FAILED, Roaming.NOT_ABROAD]),
)
def test_what_an_asker_makes_of_its_answer_shows_no_withheld_number(
    caller: str, headers: list[tuple[str, str]], setting: Inexpressible, answer: Roaming
) -> None:
    config = asking(on_inexpressible=setting, **TAKES)
    scene, final = ask(caller, headers, config=config, answers={MOBILE: answer})
    if final.status != 302 or scene.record("verdict").facts["verdict"] == "pass":
        return
    following = {"From": caller if "<" in caller else f"<sip:{caller}@abroad.example>"}
    lines = [(name, value) for name, value in headers if name not in told(final)]
    shown = [*{**following, **told(final)}.values(), *(value for _, value in lines)]
    if scene.record("verdict").facts["verdict"] == "withhold" or setting is Inexpressible.BLOCK:
        assert not any(MOBILE[1:] in value for value in shown)


# Emergencies, other classes, trials.


@pytest.mark.parametrize("number", ["112", "100", "101"])
@pytest.mark.parametrize("is_routed", [True, False])
@pytest.mark.law("L13")
def test_a_call_to_an_emergency_service_always_passes_whoever_carries_it(number: str, *, is_routed: bool) -> None:
    config = asking() if is_routed else attrs.evolve(asking(), emergency=None)
    config = attrs.evolve(config, trunk=(attrs.evolve(config.trunk[0], max_calls_in=0), config.trunk[1]))
    scene, answer = ask(GEOGRAPHIC, config=config, number=number)
    assert (answer.status, answer.contact) == (302, f"sip:{number}@{ABROAD_SOCKET}")
    assert "emergency" in str(scene.record("verdict").facts["flags"])


def test_without_a_route_that_is_so_for_who_asks_alone() -> None:
    with Scene(config=attrs.evolve(CONFIG, emergency=None)) as scene:
        session = scene.caller.invite("112", caller=f"<sip:{GEOGRAPHIC}@x>")
        scene.run(2)
        assert session.final == 603


@pytest.mark.law("L13")
def test_a_number_that_only_looks_like_an_emergency_one_is_judged() -> None:
    _, answer = ask(GEOGRAPHIC, uri=f"sip:112;rn=+3270@{ABROAD_SOCKET}")
    assert answer.status == 603


@pytest.mark.law("¶24")
def test_a_national_asker_is_told_to_go_on() -> None:
    config = asking()
    home = attrs.evolve(config.trunk[1], mode=Mode.REDIRECT)
    with Scene(config=attrs.evolve(config, trunk=(config.trunk[0], home)), from_home=True) as scene:
        session = scene.caller.invite("+442079460000")
        scene.run(2)
        assert session.final == 302


def test_in_shadow_an_asker_is_told_to_go_on_whatever_is_found() -> None:
    day = datetime.date(2026, 1, 31)
    entry = Shadow(trunk="abroad", owner="o", reason="r", reference="S-1", since=day, until=day)
    config = attrs.evolve(asking(**TAKES), register=Register(shadow=(entry,)))
    for caller, verdict in ((GEOGRAPHIC, "block"), (MOBILE, "withhold")):
        scene, answer = ask(caller, config=config, answers={MOBILE: Roaming.FAILED})
        assert (answer.status, told(answer)) == (302, {})
        facts = scene.record("verdict").facts
        assert (facts["verdict"], facts["enforced"]) == (verdict, False)


# The transaction, which is all there is.


def calling(scene: Scene, **options: Any) -> Session:
    return scene.caller.invite(caller=f"<sip:{MOBILE}@x>", **options)


def test_an_open_question_holds_the_answer_and_is_asked_once_however_often_the_invite_comes() -> None:
    with Scene(config=asking(), answers={MOBILE: Roaming.ABROAD}, thinking=1.0) as scene:
        session = calling(scene)
        scene.run(0.5)
        scene.deliver(scene.caller, session.invite.data)
        scene.run(3)
        assert session.statuses == [100, 302]
        scene.deliver(scene.caller, session.invite.data)
        scene.run(1)
    assert len(scene.asked) == 1
    assert len({wire.data for wire in scene.caller.seen if (wire.status or 0) >= 200}) == 1
    assert len(scene.records) == 2


def test_an_answer_that_never_comes_counts_as_not_asked_after_the_patience() -> None:
    with Scene(config=asking(**TAKES), answers={MOBILE: None}) as scene:
        session = calling(scene)
        scene.run(3)
        assert session.statuses == [100, 603]
    assert scene.record("verdict").facts["verdict"] == "block"


def test_a_cancel_while_a_question_is_open_ends_it_undecided() -> None:
    with Scene(config=asking(), answers={MOBILE: Roaming.ABROAD}, thinking=1.5) as scene:
        session = calling(scene)
        scene.run(0.5)
        scene.caller.cancel(session)
        scene.run(5)
        assert session.statuses == [100, 487]
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [200]
    assert scene.record("verdict").facts["verdict"] == "undecided"
    assert scene.record("end").facts["cause"] == "cancelled"


@pytest.mark.parametrize(
    ("answer", "final"), [(Roaming.ABROAD, 302), (Roaming.NOT_ABROAD, 603), (Roaming.FAILED, 302), (None, 603)]
)
def test_a_question_that_waits_in_another_process_is_answered_the_same(answer: Roaming | None, final: int) -> None:
    said = []
    for kind in (Scene, Forgetful):
        with kind(config=asking(**TAKES), answers={MOBILE: answer}, thinking=1.0) as scene:
            session = calling(scene)
            scene.run(5)
            assert session.final == final
        said.append((answer_to(scene.caller).data, [record.facts for record in scene.records]))
    assert said[0] == said[1]


@pytest.mark.parametrize(("caller", "status"), [(FOREIGN, 302), (GEOGRAPHIC, 603), (MOBILE, 603)])
def test_explain_tells_what_an_asker_would_be_told(caller: str, status: int) -> None:
    vector = {"request_uri": ASKED, "headers": [f"From: <sip:{caller}@x>"]}
    config = attrs.evolve(asking(), roaming=RoamingTable(table={MOBILE: Roaming.FAILED}))
    told_of = explain(config, "abroad", message_of(vector), EPOCH)
    assert told_of.status == status
    assert told_of.verdict == {FOREIGN: "pass", GEOGRAPHIC: "block", MOBILE: "withhold"}[caller]


def test_nothing_is_left_of_a_question_that_was_answered() -> None:
    with Scene(config=asking()) as scene:
        session = scene.caller.invite()
        scene.run(1)
        assert session.final == 302
        statistics = scene.core.statistics()
        assert (statistics.calls, statistics.dialogs) == (0, 0)
        assert scene.core.context.trunks.by_name["abroad"].inward.held == 0
        scene.caller.request(session, "BYE")
        scene.run(1)
        assert [wire.status for wire in scene.caller.responses("BYE")] == [481]


def test_an_invite_that_names_a_dialog_or_lacks_a_contact_is_answered_like_any_other() -> None:
    headers = [("Replaces", "nobody;to-tag=1;from-tag=2"), ("Require", "replaces"), ("Session-Expires", "10")]
    _, answer = ask(headers=headers)
    assert answer.status == 302
    with Scene(config=asking()) as scene:
        scene.caller = Nowhere("caller", ABROAD, ABROAD_SOCKET, scene)
        session = scene.caller.invite()
        scene.run(1)
        assert session.final == 302


def test_a_lossy_way_changes_no_answer() -> None:
    for seed in range(8):
        with Scene(seed, config=asking(), answers={MOBILE: Roaming.NOT_ABROAD}) as scene:
            scene.link.loss = scene.link.doubled = 0.3
            scene.link.delay = (0.01, 1.0)
            passed, refused = scene.caller.invite(), calling(scene)
            scene.run(40)
            assert (passed.final, refused.final) == (302, 603), seed
