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
