"""A trunk on trial: its calls are judged and recorded, and nothing of them is changed, until its last day is over."""

import datetime
from random import Random
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.app import core_of
from b2bua.call import Hooks
from b2bua.config import Action, Config, HeaderRule, Part, Redirects, Register
from b2bua.explain import explain, message_of
from policy.claim import Claim, TrunkClass
from policy.register import Shadow
from policy.roaming import Roaming
from policy.verdict import Outcome, Verdict
from sipstack.ids import Ids
from tests.world.party import Fields
from tests.world.scene import ABROAD, CONFIG, EPOCH, Scene
from tests.world.test_redirection import CALLED, asked, moving, to
from tests.world.wire import Wire

GEOGRAPHIC, MOBILE, FOREIGN = "+3225551212", "+32470123456", "+33612345678"
FIRST, LAST = datetime.date(2026, 1, 20), datetime.date(2026, 1, 31)
#: Ten seconds before midnight in Brussels, which has UTC+1 in January, on the clock of a scene.
BEFORE_MIDNIGHT = (datetime.datetime(2026, 1, 31, 22, 59, 50, tzinfo=datetime.UTC) - EPOCH).total_seconds()

#: What a spoofer writes, by what the rules make of it.
FORBIDDEN: dict[str, tuple[str, Fields]] = {
    "block": (
        f'"+32 2 555 12 12" <sip:{GEOGRAPHIC}@abroad.example;user=phone>',
        (
            ("P-Asserted-Identity", f"<tel:{GEOGRAPHIC}>, <sip:{GEOGRAPHIC}@abroad.example>"),
            ("Diversion", "<sip:+3270123456@abroad.example>;reason=unconditional"),
            ("Remote-Party-ID", f"<sip:{GEOGRAPHIC}@abroad.example>;party=calling"),
            ("P-Preferred-Identity", f"<sip:{GEOGRAPHIC}@abroad.example;verstat=TN-Validation-Passed>"),
        ),
    ),
    "withhold": (f"<sip:{MOBILE}@abroad.example>", (("P-Asserted-Identity", f"<tel:{MOBILE}>"), ("Subject", MOBILE))),
    "strip": (
        f"<sip:{FOREIGN}@abroad.example>",
        (("Diversion", f"<sip:{MOBILE}@abroad.example>"), ("Remote-Party-ID", f"<sip:{FOREIGN}@abroad.example>")),
    ),
    "pass": (f"<sip:{FOREIGN}@abroad.example>", (("P-Preferred-Identity", f"<sip:{FOREIGN}@abroad.example>"),)),
}


def shadow(*, trunk: str = "abroad", since: datetime.date = FIRST, until: datetime.date = LAST) -> Shadow:
    return Shadow(trunk=trunk, owner="network planning", reason="a trial", reference="S-7", since=since, until=until)


def on_trial(*entries: Shadow, config: Config = CONFIG) -> Config:
    return attrs.evolve(config, register=Register(shadow=entries or (shadow(),)))


def national(config: Config = CONFIG) -> Config:
    """The same with nothing to be judged."""
    abroad, home = config.trunk
    return attrs.evolve(config, trunk=(attrs.evolve(abroad, declared_class=TrunkClass.NATIONAL), home))


def crossed(wire: Wire) -> list[tuple[str, str]]:
    """What of an INVITE is neither of one hop nor made anew for each call."""
    own = ("via", "call-id", "contact", "max-forwards", "from", "session-expires", "min-se", "content-length")
    fields = [field for field in wire.fields if field[0] not in own]
    return [*fields, ("from", wire.first("from").partition(";tag=")[0])]


def call(config: Config, caller: str, headers: Fields, **options: Any) -> tuple[Scene, Wire]:
    with Scene(config=config, **options) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
    return scene, scene.callee.requests("INVITE")[0]


# The set-up.


@pytest.mark.parametrize("verdict", FORBIDDEN)
@pytest.mark.law("K25")
def test_a_call_in_shadow_leaves_as_a_national_one_would_and_its_record_tells_the_verdict(verdict: str) -> None:
    caller, headers = FORBIDDEN[verdict]
    scene, invite = call(on_trial(), caller, headers, answers={MOBILE: Roaming.FAILED})
    _, untouched = call(national(), caller, headers)
    assert crossed(invite) == crossed(untouched)
    facts = scene.record("verdict").facts
    assert (facts["verdict"], facts["enforced"]) == (verdict, False)
    assert "shadow" in str(facts["flags"])


@pytest.mark.law("K25")
def test_the_record_in_shadow_names_what_would_have_been_taken_out() -> None:
    caller, headers = FORBIDDEN["withhold"]
    in_shadow, _ = call(on_trial(), caller, headers, answers={MOBILE: Roaming.FAILED})
    enforced, _ = call(CONFIG, caller, headers, answers={MOBILE: Roaming.FAILED})
    removed = [scene.record("verdict").facts["removed"] for scene in (in_shadow, enforced)]
    assert removed[0] == removed[1] != []


@pytest.mark.law("¶33", "K25")
def test_without_an_entry_the_same_call_is_refused_and_its_record_says_so() -> None:
    caller, headers = FORBIDDEN["block"]
    with Scene() as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(5)
        assert session.final == 603
    assert scene.record("verdict").facts["enforced"] is True
    assert not scene.callee.seen


@pytest.mark.parametrize(
    "header", [("P-Asserted-Identity", '"+32 2 555 12 12 <sip:x@y>'), ("Identity", "not.a.passport")]
)
def test_an_identity_that_nobody_can_read_goes_on_in_shadow_and_is_recorded_as_a_block(header: tuple[str, str]) -> None:
    scene, invite = call(on_trial(), f"<sip:{FOREIGN}@x>", [header])
    assert invite.first(header[0].lower()) == header[1]
    facts = scene.record("verdict").facts
    assert (facts["verdict"], facts["enforced"], facts["rules"]) == ("block", False, ["unreadable"])


def test_a_body_that_nobody_may_read_crosses_in_shadow_whole() -> None:
    encoded: Fields = [("Content-Encoding", "gzip")]
    with Scene(config=on_trial()) as scene:
        session = scene.caller.invite(headers=encoded, body=b"\x1f\x8b once")
        scene.run(2)
        scene.caller.request(session, "INFO", encoded, b"\x1f\x8b twice")
        scene.run(1)
        assert (session.final, [wire.status for wire in scene.caller.responses("INFO")]) == (200, [200])
        scene.caller.bye(session, encoded)
    bodies = [scene.callee.requests(method)[0].body for method in ("INVITE", "INFO")]
    assert bodies == [b"\x1f\x8b once", b"\x1f\x8b twice"]
    assert scene.record("verdict").facts["rules"] == ["unreadable"]
    with Scene() as scene:
        session = scene.caller.invite(headers=encoded, body=b"\x1f\x8b once")
        scene.run(2)
        assert session.final == 415


def test_nor_is_one_refused_in_a_call_in_shadow_that_could_be_judged() -> None:
    encoded: Fields = [("Content-Encoding", "gzip")]
    caller, headers = FORBIDDEN["block"]
    with Scene(config=on_trial()) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(2)
        scene.caller.request(session, "INFO", encoded, b"\x1f\x8b twice")
        scene.run(1)
        assert [wire.status for wire in scene.caller.responses("INFO")] == [200]
        scene.caller.request(session, "BYE", encoded, f"\x1f {GEOGRAPHIC}".encode())
        scene.run(1)
    assert scene.callee.requests("BYE")[0].body == f"\x1f {GEOGRAPHIC}".encode()


@pytest.mark.law("K25")
@given(
    caller=st.sampled_from([MOBILE, GEOGRAPHIC, FOREIGN, "1207", "0032470123456", "anonymous"]),
    names=st.lists(
        st.tuples(
            st.sampled_from(["P-Asserted-Identity", "Diversion", "History-Info", "Remote-Party-ID", "Referred-By"]),
            st.sampled_from([MOBILE, GEOGRAPHIC, FOREIGN, "+3270123456", "%2B32 2", "1207"]),
        ),
        max_size=4,
    ).filter(lambda said: [name for name, _ in said].count("Referred-By") <= 1),  # a second one is no message of SIP
    answer=st.sampled_from([*Roaming, None]),
)
def test_whatever_is_found_nothing_of_a_call_in_shadow_is_changed(
    caller: str, names: list[tuple[str, str]], answer: Roaming | None
) -> None:
    headers = [(name, f"<sip:{number}@abroad.example>") for name, number in names]
    _, invite = call(on_trial(), f"<sip:{caller}@abroad.example>", headers, answers={MOBILE: answer})
    _, untouched = call(national(), f"<sip:{caller}@abroad.example>", headers)
    assert crossed(invite) == crossed(untouched)


def test_explain_says_that_a_call_on_trial_goes_on() -> None:
    vector = {"request_uri": f"sip:{CALLED}@x", "headers": [f"From: <sip:{GEOGRAPHIC}@x>"]}
    told = [explain(config, "abroad", message_of(vector), EPOCH) for config in (on_trial(), CONFIG)]
    assert [(one.verdict, one.status) for one in told] == [("block", None), ("block", 603)]
    assert ["shadow" in one.flags for one in told] == [True, False]


# The question.


@pytest.mark.parametrize(("outcome", "verdict"), [(Roaming.ABROAD, "pass"), (Roaming.NOT_ABROAD, "block")])
def test_a_question_is_asked_in_shadow_too_and_its_answer_recorded(outcome: Roaming, verdict: str) -> None:
    scene, _ = call(on_trial(), f"<sip:{MOBILE}@x>", (), answers={MOBILE: outcome}, thinking=0.5)
    record = scene.record("verdict")
    assert record.personal["roaming"] == {MOBILE: str(outcome)}
    assert (record.facts["verdict"], record.facts["enforced"]) == (verdict, False)


def test_an_answer_that_never_comes_holds_a_call_in_shadow_no_longer_than_the_patience() -> None:
    with Scene(config=on_trial(), answers={MOBILE: None}) as scene:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@abroad.example>")
        scene.run(1.9)
        assert not scene.callee.seen
        scene.run(0.3)
        assert scene.callee.requests("INVITE")
        scene.run(3)
        assert session.final == 200
        scene.caller.bye(session)
    assert scene.record("verdict").facts["enforced"] is False


def test_a_call_that_is_taken_back_while_a_question_is_open_is_undecided_in_shadow_too() -> None:
    with Scene(config=on_trial(), answers={MOBILE: None}) as scene:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@abroad.example>")
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(5)
        assert session.final == 487
    assert scene.record("verdict").facts["verdict"] == "undecided"
    assert not scene.callee.seen


# What comes later.


def test_later_messages_of_a_call_in_shadow_cross_as_they_are_and_are_recorded() -> None:
    named = [("P-Asserted-Identity", f"<tel:{GEOGRAPHIC}>"), ("Remote-Party-ID", f"<sip:{GEOGRAPHIC}@x>")]
    caller, headers = FORBIDDEN["block"]
    with Scene(config=on_trial()) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(5)
        scene.caller.request(session, "UPDATE", named)
        scene.run(1)
        scene.caller.request(session, "INFO", named, f"from {GEOGRAPHIC}".encode())
        scene.run(1)
        scene.caller.request(session, "INVITE", named, b"v=0\r\no=+3225551212 1 1 IN IP4 192.0.2.1\r\n")
        scene.run(1)
        scene.caller.bye(session, named)
        scene.run(1)
    for method in ("UPDATE", "INFO", "BYE"):
        (request,) = scene.callee.requests(method)
        assert [request.first(name.lower()) for name, _ in named] == [value for _, value in named], method
        assert [wire.status for wire in scene.caller.responses(method)] == [200]
    again = scene.callee.requests("INVITE")[1]
    assert again.body == b"v=0\r\no=+3225551212 1 1 IN IP4 192.0.2.1\r\n"
    found = [record.facts for record in scene.records if record.kind == "later"]
    assert [(facts["method"], facts["enforced"]) for facts in found] == [
        ("UPDATE", False),
        ("INFO", False),
        ("INVITE", False),
    ]


def test_what_the_called_side_says_crosses_where_its_trunk_is_on_trial() -> None:
    named = [("P-Asserted-Identity", f"<tel:{GEOGRAPHIC}>"), ("Remote-Party-ID", f"<sip:{GEOGRAPHIC}@x>")]

    def heard(config: Config) -> tuple[Scene, list[str]]:
        with Scene(from_home=True, config=config) as scene:
            scene.callee.headers = named
            session = scene.caller.invite("+442079460000")
            scene.run(5)
            called = scene.callee.sessions[0]
            update = scene.callee.request(called, "UPDATE", named)
            scene.run(1)
            scene.caller.bye(session)
        (ok,) = [wire for wire in scene.caller.responses() if wire.status == 200]
        said = [ok.first("p-asserted-identity"), ok.first("remote-party-id")]
        statuses = [str(wire.status) for wire in scene.callee.responses("UPDATE") if wire.branch == update.branch]
        return scene, [*said, *statuses]

    on, told = heard(on_trial())
    assert told == [f"<tel:{GEOGRAPHIC}>", f"<sip:{GEOGRAPHIC}@x>", "200"]
    (later,) = [record for record in on.records if record.kind == "later"]
    assert (later.facts["trunk"], later.facts["enforced"]) == ("abroad", False)
    _, kept = heard(CONFIG)
    assert kept == ["", "", "603"]


@pytest.mark.law("¶33")
def test_a_trial_of_one_trunk_is_none_of_another() -> None:
    entries = (shadow(trunk="home"), shadow(trunk="nobody"))
    caller, headers = FORBIDDEN["block"]
    with Scene(config=on_trial(*entries)) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(5)
        assert session.final == 603


def test_a_refer_from_a_trunk_on_trial_keeps_what_its_refer_to_says() -> None:
    target = f"<sip:+3249330000@far.example?From=%3Csip%3A{GEOGRAPHIC}%40x%3E&Subject=hello>"
    with Scene(config=on_trial()) as scene:
        session = scene.caller.invite()
        scene.run(3)
        scene.caller.request(session, "REFER", [("Refer-To", target)])
        scene.run(1)
        (refer,) = scene.callee.requests("REFER")
        assert refer.first("refer-to") == target
        scene.caller.bye(session)


def test_a_redirection_is_followed_in_shadow_whatever_the_other_number_makes_of_the_call() -> None:
    moved = "+3293330001"
    conf = on_trial(config=attrs.evolve(CONFIG, trunk=_redirecting()))
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(moved, host="198.51.100.1")}, conf=conf)
    with scene:
        # An entry that names the called number redirects once another is called: here a number that is blocked.
        session = scene.caller.invite(headers=[("History-Info", f"<sip:{CALLED}@x>;index=1")])
        scene.run(5)
        assert (session.final, asked(callee)) == (200, [CALLED, moved])
        scene.caller.bye(session)


def _redirecting() -> tuple[Any, ...]:
    abroad, home = CONFIG.trunk
    return abroad, attrs.evolve(home, redirects=Redirects.FOLLOW)


# What goes on as ever.


def test_header_rules_and_hidden_addresses_are_no_matter_of_the_trial() -> None:
    abroad, home = CONFIG.trunk
    rule = HeaderRule(action=Action.REMOVE, name="Diversion", messages=(Part.SETUP,))
    config = attrs.evolve(CONFIG, trunk=(abroad, attrs.evolve(home, header=(rule,))))
    caller = f"<sip:{GEOGRAPHIC}@{ABROAD}>"
    _, invite = call(on_trial(config=config), caller, [("Diversion", f"<sip:{GEOGRAPHIC}@x>")])
    assert "diversion" not in dict(invite.fields)
    assert b"192.0.2.1" not in invite.data
    assert GEOGRAPHIC in invite.first("from")


def test_a_withheld_call_in_shadow_has_no_header_spared_from_rules() -> None:
    abroad, home = CONFIG.trunk
    number = "<tel:+442079460000>"
    rule = HeaderRule(action=Action.SET, name="P-Asserted-Identity", value=number, messages=(Part.SETUP,))
    config = attrs.evolve(CONFIG, trunk=(abroad, attrs.evolve(home, header=(rule,))))
    caller, headers = FORBIDDEN["withhold"]
    _, invite = call(on_trial(config=config), caller, headers, answers={MOBILE: Roaming.FAILED})
    assert invite.all("p-asserted-identity") == [number]


def test_an_emergency_call_and_a_national_one_know_no_difference() -> None:
    with Scene(config=on_trial()) as scene:
        session = scene.caller.invite("112", caller=f"<sip:{GEOGRAPHIC}@x>")
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
    with Scene(config=on_trial(), from_home=True) as scene:
        session = scene.caller.invite("+442079460000")
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
    assert (scene.record("verdict").facts["enforced"], scene.alarms) == (True, [])


def hooked(scene: Scene, hook: Any) -> Scene:
    scene.core.context = attrs.evolve(scene.core.context, hooks=Hooks(verdict=hook))
    return scene


def test_what_the_embedding_program_blocks_stays_blocked_in_shadow() -> None:
    def block(_: Claim, verdict: Verdict) -> Verdict:
        return attrs.evolve(verdict, outcome=Outcome.BLOCK)

    with hooked(Scene(config=on_trial()), block) as scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 603
    assert scene.record("verdict").facts["enforced"] is True


def test_a_hook_that_adds_nothing_to_a_verdict_in_shadow_enforces_nothing() -> None:
    caller, headers = FORBIDDEN["block"]

    def look(_: Claim, verdict: Verdict) -> Verdict:
        return attrs.evolve(verdict)

    def insist(_: Claim, verdict: Verdict) -> Verdict:
        return attrs.evolve(verdict, enforced=True)

    finals = []
    for hook in (look, insist):
        with hooked(Scene(config=on_trial()), hook) as scene:
            session = scene.caller.invite(caller=caller, headers=headers)
            scene.run(5)
            finals.append(session.final)
    assert finals == [200, 603]


@pytest.mark.law("¶33", "K23")
def test_a_hook_cannot_take_a_trunk_into_shadow() -> None:
    caller, headers = FORBIDDEN["block"]
    with hooked(Scene(), lambda _, verdict: attrs.evolve(verdict, enforced=False)) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(5)
        assert session.final == 603
    assert scene.record("verdict").facts["enforced"] is True


def test_a_call_in_shadow_goes_on_when_its_evidence_cannot_be_kept() -> None:
    finals = []
    for config in (on_trial(), CONFIG):
        with Scene(config=config) as scene:
            scene.core.may_record = False
            session = scene.caller.invite()
            scene.run(5)
            finals.append(session.final)
    assert finals == [200, 503]


# When it begins and ends.


@pytest.mark.law("¶33", "K25", "L21")
def test_somebody_is_told_at_the_first_call_of_each_day() -> None:
    with Scene(config=on_trial()) as scene:
        scene.now = BEFORE_MIDNIGHT - 86_400
        for _ in range(2):
            session = scene.caller.invite()
            scene.run(3)
            scene.caller.bye(session)
        assert [alarm.name for alarm in scene.alarms] == ["shadow"]
        scene.run(10)  # it is past midnight
        session = scene.caller.invite()
        scene.run(3)
        scene.caller.bye(session)
    first, second = scene.alarms
    assert first == second
    assert "abroad" in first.text
    assert "S-7" in first.text
    assert "2026-01-31" in first.text


@pytest.mark.law("¶33", "K25", "L21")
def test_at_midnight_in_brussels_after_its_last_day_the_trunk_enforces() -> None:
    caller, headers = FORBIDDEN["block"]
    with Scene(config=on_trial()) as scene:
        scene.now = BEFORE_MIDNIGHT
        before = scene.caller.invite(caller=caller, headers=headers)
        scene.run(9)
        assert before.final == 200
        scene.run(2)
        after = scene.caller.invite(caller=caller, headers=headers)
        scene.run(2)
        assert after.final == 603
        scene.caller.request(before, "UPDATE", [("P-Asserted-Identity", f"<tel:{GEOGRAPHIC}>")])
        scene.run(1)
        scene.caller.bye(before)
    (update,) = scene.callee.requests("UPDATE")
    assert update.first("p-asserted-identity") == f"<tel:{GEOGRAPHIC}>", "a call that stands stays as it was set up"
    assert [record.facts["enforced"] for record in scene.records if record.kind == "verdict"] == [False, True]
    assert [alarm.name for alarm in scene.alarms] == ["shadow"]


def test_what_nobody_can_read_is_refused_from_that_midnight_on_too() -> None:
    headers = [("Identity", "not.a.passport")]
    with Scene(config=on_trial()) as scene:
        scene.now = BEFORE_MIDNIGHT
        before = scene.caller.invite(headers=headers)
        scene.run(11)
        scene.caller.bye(before)
        after = scene.caller.invite(headers=headers)
        scene.run(2)
        assert (before.final, after.final) == (200, 400)


def test_a_call_that_waits_over_midnight_for_an_answer_is_enforced_by_the_day_it_is_judged_on() -> None:
    with Scene(config=on_trial(), answers={MOBILE: Roaming.NOT_ABROAD}, thinking=1.5) as scene:
        scene.now = BEFORE_MIDNIGHT + 9
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@x>")
        scene.run(5)
        assert session.final == 603
    assert scene.record("verdict").facts["enforced"] is True


@pytest.mark.law("¶33")
def test_a_trial_that_has_not_begun_enforces() -> None:
    caller, headers = FORBIDDEN["block"]
    with Scene(config=on_trial(shadow(since=LAST + datetime.timedelta(days=1)))) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(2)
        assert session.final == 603
    assert not scene.alarms


@pytest.mark.law("¶33", "K23", "L21")
@pytest.mark.parametrize(("days", "final"), [(29, 200), (30, 603)])
def test_no_trial_lasts_longer_than_thirty_days_whatever_is_written(days: int, final: int) -> None:
    since = datetime.date(2026, 1, 31) - datetime.timedelta(days=days)
    caller, headers = FORBIDDEN["block"]
    with Scene(config=on_trial(shadow(since=since, until=datetime.date(2027, 1, 1)))) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(2)
        assert session.final == final
    assert [alarm.text.partition("last day ")[2] for alarm in scene.alarms] == (["2026-01-31"] if final == 200 else [])


def test_a_call_in_shadow_stays_so_when_its_process_is_another() -> None:
    caller, headers = FORBIDDEN["block"]
    named = [("P-Asserted-Identity", f"<tel:{GEOGRAPHIC}>")]
    with Scene(config=on_trial()) as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(5)
        scene.is_traced = False
        ((name, _),) = scene.core._calls.items()
        saved = orjson.dumps(scene.core.put_down(name, scene.moment))
        scene.core = core_of(CONFIG, Ids(Random(99).randbytes))
        scene._perform(scene.core.take_up(orjson.loads(saved), scene.moment))
        scene.caller.request(session, "UPDATE", named)
        scene.run(1)
        scene.caller.bye(session)
    (update,) = scene.callee.requests("UPDATE")
    assert update.first("p-asserted-identity") == f"<tel:{GEOGRAPHIC}>"
