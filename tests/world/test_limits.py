"""Trunks that may carry only so many calls."""

from typing import Any

import attrs
import pytest

from tests.world.scene import CONFIG, Scene


def limited(which: int, **limits: Any) -> Scene:
    trunks = list(CONFIG.trunk)
    trunks[which] = attrs.evolve(trunks[which], **limits)
    return Scene(config=attrs.evolve(CONFIG, trunk=tuple(trunks)))


@pytest.mark.parametrize(("which", "limit"), [(0, "max_calls_in"), (1, "max_calls_out")])
def test_one_call_too_many_gets_503_and_a_place_is_free_again_after_a_hang_up(which: int, limit: str) -> None:
    with limited(which, **{limit: 1}) as scene:
        first = scene.caller.invite()
        scene.run(5)
        second = scene.caller.invite()
        scene.run(1)
        assert (first.final, second.final) == (200, 503)
        refusal = [wire for wire in scene.caller.responses("INVITE") if wire.status == 503][-1]
        assert refusal.first("retry-after") == "5"
        scene.caller.bye(first)
        scene.run(5)
        third = scene.caller.invite()
        scene.run(5)
        assert third.final == 200
        scene.caller.bye(third)
    assert [alarm.name for alarm in scene.alarms] == ["limit"]


@pytest.mark.parametrize("end", ["refused", "cancelled", "unroutable", "blocked"])
def test_however_a_call_ends_its_place_is_free(end: str) -> None:
    with limited(0, max_calls_in=1) as scene:
        if end == "refused":
            scene.callee.script = [(0.01, 486, b"")]
        number = "+4930123456" if end == "unroutable" else "+3293330000"
        caller = "<sip:+3225551212@abroad>" if end == "blocked" else None
        session = scene.caller.invite(number, caller)
        scene.run(0.5)
        if end == "cancelled":
            scene.caller.cancel(session)
        scene.run(40)
        scene.callee.script = [(0.01, 200, b"v=0\r\n")]
        again = scene.caller.invite()
        scene.run(5)
        assert again.final == 200
        scene.caller.bye(again)


def test_a_refusal_for_numbers_alone_leaves_no_line_on_the_way_in_and_both_on_the_way_out() -> None:
    with limited(0, max_calls_in=0) as scene:
        scene.caller.invite()
        scene.run(1)
    assert not scene.records
    with limited(1, max_calls_out=0) as scene:
        scene.caller.invite()
        scene.run(1)
    assert [record.kind for record in scene.records] == ["verdict", "end"]
    assert scene.record("end").facts["cause"] == "limit"


@pytest.mark.parametrize("limit", ["max_calls_in", "max_calls_out"])
def test_an_emergency_call_is_never_limited(limit: str) -> None:
    for which in (0, 1):
        with limited(which, **{limit: 0}) as scene:
            session = scene.caller.invite("112")
            scene.run(5)
            assert session.final == 200
            scene.caller.bye(session)


def test_a_rate_is_kept() -> None:
    with limited(0, max_calls_in_per_second=2.0) as scene:
        sessions = [scene.caller.invite() for _ in range(5)]
        scene.run(0.5)
        assert [session.final == 503 for session in sessions] == [False, False, True, True, True]
