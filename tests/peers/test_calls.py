"""Calls that are set up and end, as two SIPps see them (RFC 3261 §13, §15)."""

import pytest

from tests.peers.rig import FOREIGN, NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp")

DIRECTIONS = pytest.mark.parametrize("source", [FOREIGN, NATIONAL])


@DIRECTIONS
def test_a_call_is_set_up_and_its_caller_hangs_up(rig: Rig, source: str) -> None:
    rig.call("a-calls", "b-answers", source)
    assert rig.box.causes() == ["BYE"]
    assert [line["verdict"] for line in rig.box.journal("verdict")] == ["pass"]
    assert len(rig.box.journal("answer")) == 1


@DIRECTIONS
def test_a_call_is_set_up_and_its_callee_hangs_up(rig: Rig, source: str) -> None:
    rig.call("a-is-hung-up", "b-hangs-up", source)
    (end,) = rig.box.journal("end")
    assert (end["cause"], end["by"]) == ("BYE", NATIONAL if source == FOREIGN else FOREIGN)


def test_calls_over_ipv6(fresh6: Rig) -> None:
    fresh6.start().call("a-calls", "b-answers", FOREIGN)
    fresh6.call("a-is-hung-up", "b-hangs-up", NATIONAL)
    assert fresh6.box.causes() == ["BYE", "BYE"]


def test_the_session_description_crosses_byte_for_byte(rig: Rig) -> None:
    a, b = rig.call("a-calls", "b-answers")
    assert b.heard("INVITE")[0].body == a.said("INVITE")[0].body
    assert a.heard("SIP/2.0 200 OK")[0].body == b.said("SIP/2.0 200 OK")[0].body


def test_ringing_and_early_media_reach_the_caller_in_their_order(rig: Rig) -> None:
    a, b = rig.call("a-hears-a-tone", "b-rings-with-a-tone")
    assert [response.status for response in a.heard("SIP/2.0 1")] == [100, 180, 183, 180]
    assert a.heard("SIP/2.0 183")[0].body == b.said("SIP/2.0 183")[0].body
