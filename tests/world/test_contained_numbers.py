"""Who calls may choose a number that contains the digits of the one he must not show: that uncovers nothing."""

import pytest

from policy.roaming import Roaming
from tests.world.scene import Scene

pytestmark = pytest.mark.law("¶9", "K11")

SECRET, ATLANTA = "+32470123456", "+14701234567"


@pytest.mark.parametrize(
    ("caller", "told", "answer"),
    [
        (SECRET, [("P-Asserted-Identity", f"<tel:{ATLANTA}>"), ("X-Caller", SECRET)], Roaming.FAILED),
        (ATLANTA, [("Diversion", f"<sip:{SECRET}@abroad>"), ("X-Forwarded-By", SECRET)], Roaming.NOT_ABROAD),
    ],
    ids=["withheld", "stripped"],
)
def test_a_hidden_number_crosses_in_no_header_beside_one_that_contains_its_digits(
    caller: str, told: list[tuple[str, str]], answer: Roaming
) -> None:
    with Scene(answers={SECRET: answer}) as scene:
        session = scene.caller.invite("+3293330000", f"<sip:{caller}@abroad>", told)
        scene.run(5)
        if session.final == 200:
            scene.caller.bye(session)
    for sent in scene.callee.requests("INVITE"):
        assert not any("32470123456" in str(line) for line in (sent.first("x-caller"), sent.first("x-forwarded-by")))
    assert session.final in (200, 603)


@pytest.mark.parametrize(
    "behind", ["*0470123456", "-0470123456", ",0470123456", "x0470123456", "%200470123456", "0470123456", "#470123456"]
)
def test_a_hidden_number_behind_the_called_one_is_not_thereby_called(behind: str) -> None:
    with Scene(answers={SECRET: Roaming.FAILED}) as scene:
        uri = f"sip:+3293330000{behind}@192.0.2.10:5060"
        session = scene.caller.invite("+3293330000", f"<sip:{SECRET}@abroad>", [("X-Who", SECRET)], uri=uri)
        scene.run(5)
        if session.final == 200:
            scene.caller.bye(session)
    for sent in scene.callee.requests("INVITE"):
        assert "470123456" not in "".join(c for c in sent.data.decode("latin-1") if c.isdigit() or c in "\r\n")


@pytest.mark.law("¶25", "¶28")
@pytest.mark.parametrize("name", ["+33 6 12 34 56 7", "+33612345", "0033 6 12 34 56", "33612345678", "612345678"])
def test_a_foreign_caller_s_own_number_cut_short_in_its_name_stops_no_call(name: str) -> None:
    with Scene() as scene:
        session = scene.caller.invite("+3293330000", f'"{name}" <sip:+33612345678@abroad>')
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
