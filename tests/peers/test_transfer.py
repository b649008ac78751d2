"""A REFER in the dialog of a call, by SIPp: across where the trunk may send one, refused where it may not."""

import pytest

from tests.peers.rig import Rig

pytestmark = pytest.mark.peer("sipp")


def test_a_refer_crosses_to_what_the_other_side_can_reach_and_its_notify_comes_back(fresh: Rig) -> None:
    fresh.start(national={"refer": '"pass"'})
    side = fresh.national
    a, b = fresh.call("a-is-referred", "b-refers", target=side.address(side.listen))
    (refer,) = a.heard("REFER")
    assert refer.one("refer-to") == f"<sip:+33155555555@{fresh.foreign.address(fresh.foreign.listen)};user=phone>"
    (notify,) = b.heard("NOTIFY")
    assert notify.body.strip() == b"SIP/2.0 200 OK"
    assert fresh.box.causes() == ["BYE"]


def test_a_refer_is_refused_where_nothing_says_that_it_may_cross(fresh: Rig) -> None:
    fresh.start()
    a, _ = fresh.call("a-calls", "b-refers-in-vain", target="elsewhere.example")
    assert not a.heard("REFER")
    assert fresh.box.causes() == ["BYE"]
