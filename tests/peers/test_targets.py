"""A trunk with a target that fails, and a trunk that may carry no more: SIPp on both sides of the daemon."""

import pytest

from tests.peers.ports import bound
from tests.peers.rig import FOREIGN, NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp")


def two_targets(rig: Rig) -> dict[str, str]:
    side = rig.national
    return {"targets": f'["{side.address(side.odd)}", "{side.address(side.peer)}"]'}


def test_where_nobody_listens_the_next_target_has_the_call_at_once(fresh: Rig) -> None:
    fresh.start(t1_ms=500, national=two_targets(fresh)).call("a-calls", "b-answers")
    assert fresh.box.causes() == ["BYE"]
    # With T1 at half a second, only the word of the network could be this quick: SIPp gives up before 32 seconds.
    assert f"alarm: target: trunk {NATIONAL}" in fresh.box.alarms
    fresh.box.begin()


def test_after_a_target_that_says_nothing_the_next_one_has_the_call(fresh: Rig) -> None:
    side = fresh.national
    fresh.start(t1_ms=20, national=two_targets(fresh))
    with bound(side.host, side.odd) as deaf:
        fresh.call("a-calls", "b-answers")
        fresh.call("a-calls", "b-answers")
        deaf.setblocking(False)
        heard = []
        while True:
            try:
                heard.append(deaf.recv(65_535))
            except BlockingIOError:
                break
    assert fresh.box.causes() == ["BYE", "BYE"]
    # The second call began with the target that had answered the first.
    assert {data.split(b"\r\n", 1)[0].split()[0] for data in heard} == {b"INVITE"}
    assert len(set(heard)) == 1
    assert fresh.box.alarms.count("alarm: target") == 1
    fresh.box.begin()


def test_a_call_beyond_the_limit_is_told_when_to_come_again(fresh: Rig) -> None:
    fresh.start(national={"max_calls_out": "0"})
    seen = '<ereg regexp="5" search_in="hdr" header="Retry-After:" check_it="true" assign_to="seen"/>'
    a = fresh.play("a-is-refused", FOREIGN, status="503", seen=seen)
    fresh.finish(a)
    assert fresh.box.causes() == ["limit"]
    assert "alarm: limit: calls to trunk national" in fresh.box.alarms
    fresh.box.begin()
