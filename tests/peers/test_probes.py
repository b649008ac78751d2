"""A target that is asked whether it is there: SIPp answers, is gone, and is back."""

import pytest

from tests.peers.rig import NATIONAL, Rig
from tests.peers.waiting import until

pytestmark = pytest.mark.peer("sipp")

PROBE = "{ interval_seconds = 0.5, timeout_seconds = 0.5, down_after = 2, up_after = 2 }"


def test_a_target_that_answers_anything_is_up_and_one_that_is_gone_is_down_until_it_is_back(fresh: Rig) -> None:
    place = fresh.national.address(fresh.national.peer)

    def wait_for(state: str) -> None:
        until(lambda: fresh.box.statistics()["targets"] == {NATIONAL: {place: state}}, f"the target is {state}")

    fresh.start(national={"probe": PROBE})
    wait_for("down")
    there = fresh.load("b-is-probed", NATIONAL, calls=1_000)
    wait_for("up")
    there.close()
    wait_for("down")
    back = fresh.play("b-is-probed", NATIONAL)
    fresh.finish(back)
    (probe,) = back.heard("OPTIONS")
    assert probe.start == f"OPTIONS sip:{place} SIP/2.0"
    assert probe.all("contact") == []
    told = [line.partition(" alarm: ")[2] for line in fresh.box.log.splitlines() if " alarm: " in line]
    assert [words.partition(":")[0] for words in told] == ["target down", "target up", "target down"]
    assert f"alarm: target down: trunk {NATIONAL}: {place}: 2 probes in a row failed" in fresh.box.alarms
    fresh.box.begin()
