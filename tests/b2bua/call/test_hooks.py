"""The host's verdicts and routes, over whole calls: what it may do, and what is as if it had said nothing."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call import Hooks
from b2bua.call.hooks import BASIS, RULE
from b2bua.config import Endpoint, Peer, Route, Target, Trunk
from b2bua.errors import GatewayError
from policy import Claim, Finding, Outcome, Position, Roaming, TrunkClass, Verdict
from tests.world.party import Fields
from tests.world.scene import CONFIG, Scene

CALLER = "+33612345678"
GEOGRAPHIC = "<sip:+3225551212@x>"
MOBILE = "<sip:+32470123456@x>"
DIVERTED: Fields = [("Diversion", "<tel:+442079460000>"), ("P-Asserted-Identity", f"<tel:{CALLER}>")]


def scene(hooks: Hooks, **options: Any) -> Scene:
    made = Scene(**options)
    made.core.context = attrs.evolve(made.core.context, hooks=hooks)
    return made


def always(outcome: Outcome) -> Hooks:
    return Hooks(verdict=lambda claim, verdict: attrs.evolve(verdict, outcome=outcome), judges_national=True)


def adding(**what: Any) -> Callable[[Claim, Verdict], Verdict]:
    """A hook with one finding of its own, about the first number unless told otherwise."""

    def hook(claim: Claim, verdict: Verdict) -> Verdict:
        finding = attrs.evolve(verdict.findings[0], **{"rule": "ours", "basis": "", "why": "We say so.", **what})
        return attrs.evolve(verdict, findings=(*verdict.findings, finding))

    return hook


def told(played: Scene) -> list[str]:
    return [alarm.text for alarm in played.alarms if alarm.name == "hook"]


def rules(played: Scene) -> list[str]:
    findings: Any = played.record("verdict").personal["findings"]
    return [finding["rule"] for finding in findings]


# What a verdict hook may do.


def test_a_hook_is_given_the_claim_and_the_verdict_of_the_engine() -> None:
    given_to: list[tuple[Claim, Verdict]] = []

    def look(claim: Claim, verdict: Verdict) -> Verdict:
        given_to.append((claim, verdict))
        return verdict

    with scene(Hooks(verdict=look)) as played:
        played.caller.invite()
        played.run(1)
    ((claim, verdict),) = given_to
    assert (claim.trunk, claim.called, claim.assertions[0].raw) == ("abroad", "+3293330000", CALLER)
    assert verdict.outcome is Outcome.PASS
    assert rules(played) == ["foreign"]
    assert not told(played)


def test_a_hook_that_blocks_refuses_the_call_in_the_decrees_words_and_the_evidence_says_whose_rule_it_was() -> None:
    with scene(always(Outcome.BLOCK)) as played:
        session = played.caller.invite()
        played.run(1)
        (refusal,) = [wire for wire in played.caller.responses() if wire.status == session.final]
        assert (session.final, refusal.first("reason")) == (603, 'Q.850;cause=21;text="Call rejected"')
        assert not played.callee.seen
    facts = played.record("verdict").facts
    assert (facts["verdict"], facts["basis"], facts["rules"]) == ("block", BASIS, ["foreign", RULE])
    assert played.record("end").facts["cause"] == "blocked"


def test_a_rule_and_a_flag_of_the_hooks_own_stand_in_the_evidence_under_its_name() -> None:
    with scene(
        Hooks(verdict=adding(rule="block list", basis="contract 7", outcome=Outcome.BLOCK, flag="fraud"))
    ) as played:
        played.caller.invite()
        played.run(1)
    facts = played.record("verdict").facts
    assert (facts["verdict"], facts["basis"], facts["flags"]) == ("block", "contract 7", ["fraud"])
    assert rules(played) == ["foreign", "hook: block list"]


@pytest.mark.law("¶33")
def test_no_finding_of_a_hook_passes_for_one_of_the_decree() -> None:
    with scene(Hooks(verdict=adding(rule="geographic", outcome=Outcome.BLOCK))) as played:
        played.caller.invite()
        played.run(1)
    assert rules(played) == ["foreign", "hook: geographic"]


def test_a_hook_that_withholds_takes_every_number_of_the_call_wherever_it_stands() -> None:
    hiding: Fields = [*DIVERTED, ("X-Charged", "0033-6 12 34 56 78"), ("Subject", "call from +44 20 7946 0000")]
    with scene(always(Outcome.WITHHOLD)) as played:
        session = played.caller.invite(headers=hiding)
        played.run(5)
        (sent,) = played.callee.requests("INVITE")
        assert sent.first("from").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
        assert b"612345678" not in sent.data
        assert b"7946" not in sent.data
        assert b"12 34 56" not in sent.data
        played.caller.request(session, "INFO", [("X-Note", "ask for +33612345678")])
        played.run(1)
        (info,) = played.callee.requests("INFO")
        assert b"612345678" not in info.data
        played.caller.bye(session)
    facts = played.record("verdict").facts
    assert (facts["verdict"], facts["basis"]) == ("withhold", BASIS)
    assert "P-Asserted-Identity" in facts["removed"]  # type: ignore[operator]  # facts are plain data


def test_the_called_number_is_no_secret_even_when_the_caller_who_is_withheld_has_it_too() -> None:
    hooks = attrs.evolve(always(Outcome.WITHHOLD), route=lambda source, called: "home")
    with scene(hooks) as played:
        session = played.caller.invite(CALLER, headers=[("P-Called-Party-ID", f"<tel:{CALLER}>")])
        played.run(5)
        (sent,) = played.callee.requests("INVITE")
        assert sent.first("from").startswith('"Anonymous"')
        assert sent.first("p-called-party-id") == f"<tel:{CALLER}>"
        assert session.final == 200
        played.caller.bye(session)
    assert not played.alarms


def test_a_hook_strips_the_field_that_its_finding_names_and_no_other() -> None:
    def strip(claim: Claim, verdict: Verdict) -> Verdict:
        (diverted,) = [finding for finding in verdict.findings if finding.position is Position.REDIRECT]
        added = attrs.evolve(diverted, rule="ours", outcome=Outcome.STRIP)
        return attrs.evolve(verdict, findings=(*verdict.findings, added))

    with scene(Hooks(verdict=strip)) as played:
        session = played.caller.invite(headers=[*DIVERTED, ("X-Via-Number", "+44 20 7946 0000")])
        played.run(5)
        (sent,) = played.callee.requests("INVITE")
        assert sent.first("p-asserted-identity") == f"<tel:{CALLER}>"
        assert b"7946" not in sent.data
        played.caller.bye(session)
    assert played.record("verdict").facts["verdict"] == "strip"
    assert not told(played)


def test_a_field_is_stripped_though_its_number_may_be_shown_elsewhere() -> None:
    def strip(claim: Claim, verdict: Verdict) -> Verdict:
        network = next(finding for finding in verdict.findings if finding.position is Position.NETWORK)
        return attrs.evolve(verdict, findings=(*verdict.findings, attrs.evolve(network, outcome=Outcome.STRIP)))

    with scene(Hooks(verdict=strip)) as played:
        session = played.caller.invite(headers=DIVERTED)
        played.run(5)
        (sent,) = played.callee.requests("INVITE")
        assert CALLER in sent.first("from")
        assert not sent.all("p-asserted-identity")
        played.caller.bye(session)
    assert not played.alarms


def test_a_finding_that_passes_is_a_note_in_the_evidence_and_changes_nothing() -> None:
    with scene(Hooks(verdict=adding(rule="known customer", outcome=Outcome.PASS))) as played:
        session = played.caller.invite()
        played.run(5)
        assert session.final == 200
        played.caller.bye(session)
    assert played.record("verdict").facts["basis"] == "¶25"
    assert rules(played) == ["foreign", "hook: known customer"]


def test_a_hook_is_asked_once_and_after_the_roaming_answer() -> None:
    outcomes: list[Outcome] = []

    def look(claim: Claim, verdict: Verdict) -> Verdict:
        outcomes.append(verdict.outcome)
        return attrs.evolve(verdict, outcome=Outcome.BLOCK)

    with scene(Hooks(verdict=look), answers={"+32470123456": Roaming.ABROAD}, thinking=0.5) as played:
        session = played.caller.invite(caller=MOBILE)
        played.run(3)
        assert session.final == 603
    assert outcomes == [Outcome.PASS]


# What it may not.


@pytest.mark.law("¶33", "K23")
@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.STRIP, Outcome.WITHHOLD])
def test_a_hook_makes_no_verdict_milder(outcome: Outcome) -> None:
    with scene(always(outcome)) as played:
        session = played.caller.invite(caller=GEOGRAPHIC)
        played.run(1)
        assert session.final == 603
        assert not played.callee.seen
    assert rules(played) == ["geographic"]
    assert told(played) == [f"the verdict hook would turn block into {outcome.word}; the engine's verdict stands"]


@pytest.mark.law("¶33")
def test_a_verdict_without_the_findings_of_the_engine_loses_none_of_them() -> None:
    with scene(Hooks(verdict=lambda claim, verdict: attrs.evolve(verdict, findings=(), flags=()))) as played:
        session = played.caller.invite(caller=GEOGRAPHIC)
        played.run(1)
        assert session.final == 603
    assert rules(played) == ["geographic"]


def test_who_decided_by_what_and_when_is_not_the_hooks_to_say() -> None:
    def lie(claim: Claim, verdict: Verdict) -> Verdict:
        return attrs.evolve(verdict, outcome=Outcome.BLOCK, profile="x", register="x", basis="art. 1 2°")

    with scene(Hooks(verdict=lie)) as played:
        played.caller.invite()
        played.run(1)
    facts = played.record("verdict").facts
    context = played.core.context
    assert (facts["basis"], facts["profile"], facts["register"]) == (
        BASIS,
        context.profile.version,
        context.register.version,
    )


def raises(claim: Claim, verdict: Verdict) -> Verdict:
    raise ValueError(f"no luck with {claim.called}")


@pytest.mark.parametrize(("caller", "status"), [(f"<sip:{CALLER}@x>", 200), (GEOGRAPHIC, 603)])
def test_a_hook_that_raises_leaves_the_verdict_and_the_alarm_says_where_but_not_about_whom(
    caller: str, status: int
) -> None:
    with scene(Hooks(verdict=raises)) as played:
        session = played.caller.invite(caller=caller)
        played.run(5)
        assert session.final == status
        if status == 200:
            played.caller.bye(session)
    (text,) = told(played)
    assert text.startswith("the verdict hook raised ValueError at ")
    assert "test_hooks.py:" in text
    assert "3293330000" not in text


def changing(**what: Any) -> Callable[[Claim, Verdict], Verdict]:
    return lambda claim, verdict: attrs.evolve(verdict, **what)


UNUSABLE: list[tuple[Callable[[Claim, Verdict], Any], str]] = [
    (lambda claim, verdict: None, "gave no verdict"),
    (lambda claim, verdict: Outcome.BLOCK, "gave no verdict"),
    (changing(outcome=3), "gave no verdict"),
    (changing(outcome="block"), "gave no verdict"),
    (changing(findings=None), "raised TypeError at "),
    (changing(findings=["spam"]), "gave a finding that evidence cannot hold"),
    (adding(why=object(), outcome=Outcome.BLOCK), "gave a finding that evidence cannot hold"),
    (adding(number=32, outcome=Outcome.BLOCK), "gave a finding that evidence cannot hold"),
    (adding(outcome=Outcome.STRIP), "would strip From, which a request must have"),
    (adding(outcome=Outcome.STRIP, header="Contact"), "would strip a field that the call does not have"),
    (changing(outcome=Outcome.STRIP), "would strip, and adds no finding"),
]


@pytest.mark.parametrize(("hook", "why"), UNUSABLE, ids=range(len(UNUSABLE)))
def test_what_cannot_be_done_or_written_down_is_as_if_it_had_not_been_said(hook: Any, why: str) -> None:
    with scene(Hooks(verdict=hook)) as played:
        session = played.caller.invite()
        played.run(5)
        assert session.final == 200
        assert played.callee.requests("INVITE")[0].first("from").startswith(f"<sip:{CALLER}@")
        played.caller.bye(session)
    assert rules(played) == ["foreign"]
    (text,) = told(played)
    assert text.startswith(f"the verdict hook {why}")


outcomes = st.sampled_from(Outcome)


@pytest.mark.law("¶33", "K23")
@given(caller=st.sampled_from([CALLER, "+3225551212", "1207"]), said=outcomes, found=outcomes, header=st.booleans())
def test_whatever_a_hook_says_no_verdict_becomes_milder_and_none_lacks_its_reason(
    caller: str, said: Outcome, found: Outcome, header: bool
) -> None:
    with scene(Hooks()) as plain:
        plain.caller.invite(caller=f"<sip:{caller}@x>", headers=DIVERTED)
        plain.run(0.01)
        engine = plain.core.context.hooks, plain.record("verdict").facts["verdict"]
    place = {"position": Position.REDIRECT, "header": "Diversion"} if header else {}

    def hook(claim: Claim, verdict: Verdict) -> Verdict:
        return attrs.evolve(adding(outcome=found, **place)(claim, verdict), outcome=said)

    with scene(Hooks(verdict=hook)) as played:
        played.caller.invite(caller=f"<sip:{caller}@x>", headers=DIVERTED)
        played.run(0.01)
        facts, findings = played.record("verdict").facts, played.record("verdict").personal["findings"]
    words = [outcome.word for outcome in Outcome]
    assert words.index(str(facts["verdict"])) >= words.index(str(engine[1]))
    assert facts["verdict"] in [finding["outcome"] for finding in findings]  # type: ignore[attr-defined]  # plain data


# Whom it is asked about.


def never(claim: Claim, verdict: Verdict) -> Verdict:
    raise AssertionError("asked")


def test_calls_of_national_trunks_are_none_of_its_business_unless_it_says_so() -> None:
    with scene(Hooks(verdict=never), from_home=True) as played:
        session = played.caller.invite("+33612345678")
        played.run(5)
        assert session.final == 200
        played.caller.bye(session)
    assert not told(played)
    with scene(always(Outcome.BLOCK), from_home=True) as played:
        session = played.caller.invite("+33612345678")
        played.run(1)
        assert session.final == 603
    assert played.record("verdict").facts["rules"] == [RULE]


@pytest.mark.law("¶24")
@pytest.mark.parametrize("outcome", [Outcome.STRIP, Outcome.WITHHOLD])
def test_a_national_call_is_blocked_or_left_alone_but_never_changed(outcome: Outcome) -> None:
    with scene(always(outcome), from_home=True) as played:
        session = played.caller.invite("+33612345678")
        played.run(5)
        (sent,) = played.callee.requests("INVITE")
        assert "+3225551212" in sent.first("from")
        assert session.final == 200
        played.caller.bye(session)
    assert played.record("verdict").facts["verdict"] == "pass"
    assert len(told(played)) == 1


@pytest.mark.law("L13")
def test_a_call_to_an_emergency_service_is_asked_of_no_hook() -> None:
    hooks = Hooks(verdict=never, route=lambda source, called: "abroad", judges_national=True)
    with scene(hooks) as played:
        session = played.caller.invite("112", caller=GEOGRAPHIC)
        played.run(5)
        assert session.final == 200
        assert played.callee.requests("INVITE")
        played.caller.bye(session)
    assert not told(played)


# Routes.

OTHER = Trunk(
    name="other",
    declared_class=TrunkClass.NATIONAL,
    listen=(Endpoint("198.51.100.10", 5060),),
    peers=(Peer.parse("198.51.100.3"),),
    targets=(Target(address=Endpoint("198.51.100.3", 5060)),),
)
DEAF = attrs.evolve(OTHER, name="deaf", peers=(Peer.parse("198.51.100.4"),), targets=())


def test_a_route_of_the_host_is_taken_before_the_configured_one() -> None:
    asked: list[tuple[str, str]] = []

    def route(source: str, called: str) -> str:
        asked.append((source, called))
        return "home"

    config = attrs.evolve(CONFIG, route=(Route(source="abroad", to="abroad"),))
    with scene(Hooks(route=route), config=config) as played:
        session = played.caller.invite("003293330000")
        played.run(5)
        assert session.final == 200
        assert played.callee.requests("INVITE")
        played.caller.bye(session)
    assert asked == [("abroad", "+3293330000")]
    assert not told(played)


def test_a_hook_that_names_no_trunk_leaves_the_configured_route() -> None:
    with scene(Hooks(route=lambda source, called: None)) as played:
        session = played.caller.invite()
        played.run(5)
        assert session.final == 200
        played.caller.bye(session)
    assert not told(played)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("nowhere", "named no trunk of the configuration"),
        ("", "named no trunk of the configuration"),
        (7, "named no trunk of the configuration"),
        ("deaf", "named deaf, which has no targets"),
        (ZeroDivisionError(), "raised ZeroDivisionError at "),
    ],
)
def test_a_route_that_leads_nowhere_is_as_if_it_had_not_been_said(said: Any, why: str) -> None:
    def route(source: str, called: str) -> Any:
        if isinstance(said, Exception):
            raise said
        return said

    with scene(Hooks(route=route), config=attrs.evolve(CONFIG, trunk=(*CONFIG.trunk, DEAF))) as played:
        session = played.caller.invite()
        played.run(5)
        assert session.final == 200
        played.caller.bye(session)
    (text,) = told(played)
    assert text.startswith(f"the route hook {why}")
    assert text.endswith("; the configured route is taken")


def test_the_alarm_about_a_route_is_given_even_where_no_route_is_configured() -> None:
    with scene(Hooks(route=lambda source, called: "nowhere")) as played:
        session = played.caller.invite("+499999999")
        played.run(1)
        assert session.final == 404
    assert len(told(played)) == 1


# As such.


async def wait(*_: Any) -> Any: ...


class Waiting:
    async def __call__(self, *_: Any) -> Any: ...


@pytest.mark.parametrize("hook", [wait, Waiting()])
@pytest.mark.parametrize("name", ["verdict", "route"])
def test_a_hook_that_would_have_to_be_awaited_is_refused_by_name(name: str, hook: Any) -> None:
    with pytest.raises(GatewayError, match=f"the {name} hook is async"):
        Hooks(**{name: hook})


def test_a_finding_is_told_by_all_its_fields() -> None:
    """`_is_sound` reads the types off the class: were they texts, it would take whatever comes."""
    assert all(field.type is not None and not isinstance(field.type, str) for field in attrs.fields(Finding))
