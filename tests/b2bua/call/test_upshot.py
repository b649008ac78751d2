import attrs
import pytest

from b2bua.call.upshot import Upshot
from policy.position import Position
from policy.rules.case import MARKED
from policy.verdict import Finding, Outcome, Verdict
from tests.world.scene import EPOCH, Scene

LONDON, PARIS = "+442079460000", "+33199001199"


def finding(number: str | None = LONDON, *, position: Position = Position.NETWORK, **more: object) -> Finding:
    found = Finding(
        position=position,
        header="From",
        index=0,
        raw="",
        number=number,
        range="foreign",
        rule="foreign",
        basis="",
        outcome=Outcome.PASS,
        why="",
    )
    return attrs.evolve(found, **more)  # type: ignore[arg-type]  # fields of a finding


def upshot(*findings: Finding, enforced: bool = True) -> Upshot:
    outcome = max([found.outcome for found in findings], default=Outcome.PASS)
    verdict = Verdict(outcome=outcome, basis="", findings=findings, flags=(), profile="", register="", decided_at=EPOCH)
    return Upshot.of(attrs.evolve(verdict, enforced=enforced))


def test_the_numbers_that_passed_as_the_callers_are_admitted_once_each() -> None:
    found = upshot(
        finding(),
        finding(position=Position.PRESENTATION),
        finding(PARIS, position=Position.REDIRECT),
        finding(None),
        finding(PARIS, flag=MARKED),
    )
    assert found.admitted == (LONDON,)


def test_what_may_not_pass_is_admitted_to_nobody_and_secret() -> None:
    found = upshot(finding("+3225551212", outcome=Outcome.STRIP, digits="3225551212"))
    assert (found.outcome, found.admitted, found.secrets) == (Outcome.STRIP, (), ("3225551212",))


@pytest.mark.law("K17")
def test_on_trial_nothing_is_a_secret() -> None:
    found = upshot(finding("+3225551212", outcome=Outcome.STRIP, digits="3225551212"), enforced=False)
    assert found.secrets == ()


def test_an_answered_call_keeps_what_is_judged_by_and_no_evidence() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b""), (0.1, 200, b"")]
        session = scene.caller.invite()
        scene.run(0.1)
        (held,) = scene.core._calls.values()
        pair = held.call.pair
        assert pair.claim is not None
        assert pair.verdict is not None
        kept = pair.called, pair.upshot, pair.secrets
        scene.run(1)
        assert (pair.claim, pair.verdict) == (None, None)
        assert (pair.called, pair.upshot, pair.secrets) == kept
        scene.run(40)
        assert held.call.outgoing is None
        assert len(held.call.b.acks) == 0 if held.call.b else False
        scene.caller.bye(session)
        scene.run(40)
