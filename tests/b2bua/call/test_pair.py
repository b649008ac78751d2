import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


FIELDS = (
    *(("P-Asserted-Identity", "<tel:+3225551212>"), ("From", "<sip:+3225551212@x>;tag=1"), ("X-Kept", "1")),
    *(("Subject", "call 02 555 12 12"), ("User-Agent", "+32470123456"), ("P-Preferred-Identity", "<tel:+331>")),
    *(("Content-Type", "application/sdp"), ("Content-Type", "application/isup")),
    ("Diversion", "<tel:+33;verstat=x>"),
)
BODIES = st.sampled_from([b"", b"v=0\r\ns=+32470123456\r\n", b"\x01\x11"])


@st.composite
def messages(draw: st.DrawFn) -> Request | Response:
    """One within a dialog."""
    method = draw(st.sampled_from(["UPDATE", "INFO", "BYE", "ACK"]))
    said = build(
        method, "sip:x@y", [("CSeq", f"1 {method}"), *draw(st.lists(st.sampled_from(FIELDS), max_size=3))], draw(BODIES)
    )
    return Response(200, "OK", said.headers, said.body) if draw(st.booleans()) else said


@given(
    messages(),
    st.sampled_from(Outcome),
    st.sampled_from(["a", "b"]),
    st.sampled_from([("abroad", "home"), ("home", "abroad"), ("abroad", "abroad")]),
)
def test_a_message_that_says_nothing_is_what_a_judgement_would_leave_of_it(
    message: Request | Response, outcome: Outcome, side: str, trunks: tuple[str, str]
) -> None:
    both = pair(*trunks, outcome=outcome)
    leg_of = both.a if side == "a" else both.b
    assert leg_of is not None
    assert judged(both, leg_of, message) == judged_at_length(both, leg_of, message)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("method", ["UPDATE", "INFO", "BYE"])
def test_whatever_says_something_is_judged(field: tuple[str, str], outcome: Outcome, method: str) -> None:
    both = pair(outcome=outcome)
    for body in (b"", b"\x01\x11"):
        message = build(method, "sip:x@y", [("CSeq", f"1 {method}"), field], body)
        assert judged(both, both.a, message) == judged_at_length(both, both.a, message)


def judged(both: Pair, one: Leg, message: Request | Response) -> tuple[object, ...]:
    crossing = both.judged(one, message, SCENE.moment)
    return crossing.headers.lines, crossing.body, crossing.outcome, crossing.enforced


def judged_at_length(both: Pair, one: Leg, message: Request | Response) -> tuple[object, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pair, "_is_plain", lambda *_: False)
        return judged(both, one, message)
