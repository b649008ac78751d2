import pytest

from b2bua.call import Moment
from b2bua.call.bridge import crossing
from b2bua.identity.later import LaterScreen
from policy.claim import Claim, TrunkClass
from policy.profile import Profile
from policy.register import Register
from policy.roaming import Answer, Roaming
from policy.verdict import Outcome
from sipstack.message import Headers, Request, Response, parse
from tests.world.scene import EPOCH

BELGIUM = Profile.load("belgium")
CLAIM = Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL, called="+3293330000", assertions=())
HEAD = "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nTo: <sip:+3293330000@x>;tag=2\r\nCall-ID: c\r\nCSeq: 2 {method}\r\n"
FOREIGN = "From: <sip:+33612345678@x>;tag=1"


def message(
    *lines: str, method: str = "UPDATE", status: int | None = None, caller: str = FOREIGN
) -> Request | Response:
    start = f"{method} sip:a@x SIP/2.0\r\nMax-Forwards: 70" if status is None else f"SIP/2.0 {status} OK"
    text = "\r\n".join([start, HEAD.format(method=method) + caller, *lines, "", ""])
    return parse(text.encode("utf-8", "surrogateescape"))


def screened(screen: LaterScreen, sent: Request | Response) -> tuple[Outcome, Headers]:
    headers = crossing(sent)
    return screen.apply(sent, headers, BELGIUM, Register(), Moment(0.0, EPOCH)), headers


@pytest.mark.law("L11")
@pytest.mark.parametrize("number", ["+3225551212", "+3280012345", "1207", "+320470123456", "25551212"])
def test_a_number_that_blocks_is_taken_out_and_told(number: str) -> None:
    outcome, headers = screened(LaterScreen(claim=CLAIM), message(f"P-Asserted-Identity: <sip:{number}@x>", "X-K: 1"))
    assert outcome is Outcome.BLOCK
    assert headers.keys == ["x-k"]


@pytest.mark.law("¶25")
def test_a_foreign_number_crosses() -> None:
    outcome, headers = screened(LaterScreen(claim=CLAIM), message("P-Asserted-Identity: <tel:+442079460000>"))
    assert outcome is Outcome.PASS
    assert headers.first("p-asserted-identity") == "<tel:+442079460000>"


def test_no_identity_is_no_finding() -> None:
    outcome, headers = screened(LaterScreen(claim=CLAIM), message("X-K: 1", status=200))
    assert outcome is Outcome.PASS
    assert headers.keys == ["x-k"]


@pytest.mark.law("L11")
def test_what_cannot_be_read_takes_every_identity_with_it() -> None:
    outcome, headers = screened(
        LaterScreen(claim=CLAIM), message("P-Asserted-Identity: <tel:+33", "Diversion: <tel:+331>", "X-K: 1")
    )
    assert outcome is Outcome.BLOCK
    assert headers.keys == ["x-k"]


@pytest.mark.law("L11")
def test_a_mobile_number_that_was_never_asked_about_is_stripped() -> None:
    outcome, headers = screened(LaterScreen(claim=CLAIM), message("P-Asserted-Identity: <tel:+32470123456>"))
    assert outcome is Outcome.STRIP
    assert len(headers) == 0


@pytest.mark.law("L11")
@pytest.mark.parametrize(("said", "outcome"), [(Roaming.ABROAD, Outcome.PASS), (Roaming.NOT_ABROAD, Outcome.BLOCK)])
def test_a_mobile_number_of_the_set_up_is_judged_by_its_answer(said: Roaming, outcome: Outcome) -> None:
    screen = LaterScreen(claim=CLAIM, answers={"+32470123456": Answer(said, "test")})
    found, headers = screened(screen, message("P-Asserted-Identity: <tel:+32470123456>"))
    assert found is outcome
    assert ("p-asserted-identity" in headers) == (outcome is Outcome.PASS)


def test_the_from_of_a_request_is_judged_and_that_of_a_response_is_ours() -> None:
    caller = "From: <sip:+3225551212@x>;tag=1"
    assert screened(LaterScreen(claim=CLAIM), message(caller=caller))[0] is Outcome.BLOCK
    assert screened(LaterScreen(claim=CLAIM), message(caller=caller, status=200))[0] is Outcome.PASS


def test_hygiene_is_kept_in_later_messages() -> None:
    _, headers = screened(
        LaterScreen(claim=CLAIM), message("Remote-Party-ID: <tel:+331>", "P-Preferred-Identity: <tel:+331>")
    )
    assert len(headers) == 0


@pytest.mark.law("¶8 3°", "L11", "K11")
def test_a_withheld_call_stays_withheld() -> None:
    screen = LaterScreen(claim=CLAIM, withheld=True, secrets=("32470123456",))
    _, headers = screened(screen, message("P-Asserted-Identity: <tel:+442079460000>", "X-K: 0032470123456", "X-L: 1"))
    assert headers.keys == ["x-l", "privacy"]


def test_only_the_finding_s_own_header_goes() -> None:
    _, headers = screened(
        LaterScreen(claim=CLAIM), message("P-Asserted-Identity: <tel:+331234567>", "Diversion: <tel:+3225551212>")
    )
    assert headers.keys == ["p-asserted-identity"]
