import attrs
import pytest

from b2bua.call.leg import Leg
from b2bua.call.pair import Pair
from policy.claim import Claim
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome, Position, Verdict
from sipstack.flow import Flow
from sipstack.message import Request, Response
from sipstack.message import request as build
from tests.world.scene import EPOCH, Scene

SCENE = Scene()
CONTEXT = SCENE.core.context
GEOGRAPHIC = ("P-Asserted-Identity", "<tel:+3225551212>")


def leg(name: str) -> Leg:
    trunk = CONTEXT.trunks.by_name[name]
    return Leg(trunk=trunk, flow=Flow("s", ("192.0.2.1", 5060)), socket=trunk.sockets[0], call_id=name, tag="t")


def pair(a: str = "abroad", b: str = "home", outcome: Outcome = Outcome.PASS, **answers: Answer) -> Pair:
    """A call whose set-up found a mobile number."""
    one = leg(a)
    finding = Finding(
        position=Position.NETWORK,
        header="From",
        index=0,
        raw="",
        number="+32470123456",
        range="mobile",
        rule="mobile",
        basis="",
        outcome=outcome,
        why="",
        digits="" if outcome is Outcome.PASS else "32470123456",
    )
    verdict = Verdict(
        outcome=outcome, basis="", findings=(finding,), flags=(), profile="", register="", decided_at=EPOCH
    )
    claim = Claim(trunk=a, trunk_class=one.trunk.trunk_class, called="+3293330000", assertions=())
    given = {number.replace("n", "+"): answer for number, answer in answers.items()}
    return Pair(call="c", context=CONTEXT, a=one, b=leg(b), claim=claim, verdict=verdict, answers=given)


def update(*headers: tuple[str, str]) -> Request:
    return build("UPDATE", "sip:x@y", [("From", "<sip:a@x>;tag=1"), *headers, ("X-Kept", "1")])


def test_the_other_leg_is_the_one_across() -> None:
    both = pair()
    assert both.other(both.a) is both.b
    assert both.b is not None
    assert both.other(both.b) is both.a


@pytest.mark.parametrize(("side", "kept"), [("a", ["x-kept"]), ("b", ["p-asserted-identity", "x-kept"])])
def test_only_what_comes_from_the_screened_side_is_judged(side: str, kept: list[str]) -> None:
    both = pair()
    found = both.judged(getattr(both, side), update(GEOGRAPHIC), SCENE.moment)
    assert found.headers.keys == kept
    assert found.outcome is (Outcome.BLOCK if side == "a" else Outcome.PASS)
    assert both.carried(getattr(both, side), update(GEOGRAPHIC), SCENE.moment).headers.keys == kept


def test_a_callee_abroad_is_judged_too() -> None:
    both = pair("home", "abroad")
    assert both.b is not None
    assert both.carried(both.b, update(GEOGRAPHIC), SCENE.moment).headers.keys == ["x-kept"]
    assert both.carried(both.a, update(GEOGRAPHIC), SCENE.moment).headers.keys == ["p-asserted-identity", "x-kept"]


def test_the_answers_of_the_set_up_are_those_of_its_caller_alone() -> None:
    mobile = ("P-Asserted-Identity", "<tel:+32470123456>")
    both = pair("abroad", "abroad", n32470123456=Answer(Roaming.ABROAD, "test"))
    assert both.b is not None
    assert both.carried(both.a, update(mobile), SCENE.moment).headers.keys == ["p-asserted-identity", "x-kept"]
    assert both.carried(both.b, update(mobile), SCENE.moment).headers.keys == ["x-kept"]


def test_a_withheld_caller_stays_withheld_in_later_messages() -> None:
    both = pair(outcome=Outcome.WITHHOLD)
    assert both.secrets == ("32470123456",)
    sent = update(("Subject", "0032470123456"), ("Reply-To", "<sip:me@x>"))
    assert both.carried(both.a, sent, SCENE.moment).headers.keys == ["x-kept", "privacy"]


def test_a_body_that_shows_the_secret_is_left_behind_with_its_headers() -> None:
    both = pair(outcome=Outcome.WITHHOLD)
    assert both.b is not None
    sent = update(("Content-Type", "text/plain"))
    sent.body = b"it is 0032 470 12 34 56"
    found = both.carried(both.a, sent, SCENE.moment)
    assert (found.body, "content-type" in found.headers) == (b"", False)
    assert both.judged(both.a, sent, SCENE.moment).body == sent.body  # whether it is refused is for its caller to say
    assert both.carried(both.b, sent, SCENE.moment).body == sent.body


def test_a_phrase_that_shows_the_secret_does_not_cross() -> None:
    both = pair(outcome=Outcome.WITHHOLD)
    assert both.b is not None
    told = Response(486, "it is +32 470 12 34 56")
    assert both.phrase(both.a, told) is None
    assert both.phrase(both.b, told) == "it is +32 470 12 34 56"
    assert both.phrase(both.a, Response(486, "Busy Here")) == "Busy Here"


def test_before_the_verdict_there_is_no_secret() -> None:
    assert attrs.evolve(pair(), verdict=None).secrets == ()
