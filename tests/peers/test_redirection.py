"""SIPp sends a call elsewhere: the gateway follows, or hands it to the caller at its own address."""

import pytest

from tests.peers.rig import FOREIGN, NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp")


def test_a_call_that_is_sent_on_is_answered_under_the_other_number(fresh: Rig) -> None:
    fresh.start(national={"redirects": '"follow"'}).call("a-calls", "b-redirects")
    assert fresh.box.causes() == ["BYE"]
    (answer,) = fresh.box.journal("answer")
    assert answer["redirected"] == 1


def test_a_redirection_that_is_passed_names_the_gateway(fresh: Rig) -> None:
    fresh.start(national={"redirects": '"pass"'})
    ours = fresh.foreign.address(fresh.foreign.listen)
    seen = f'<ereg regexp="sip:b@{ours}" search_in="hdr" header="Contact:" check_it="true" assign_to="seen"/>'
    b = fresh.play("b-refuses", NATIONAL, code="302")
    a = fresh.play("a-is-refused", FOREIGN, status="302", seen=seen)
    fresh.finish(a, b)
    assert fresh.box.causes() == ["redirected"]
