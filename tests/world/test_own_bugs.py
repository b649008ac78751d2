"""A bug of ours costs its message: the call takes no place, and its caller is not left waiting."""

import pytest

from b2bua.call.call import Call
from tests.world.scene import Scene


def test_a_call_that_raises_as_it_begins_is_forgotten_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    scene = Scene()
    with monkeypatch.context() as patch:
        patch.setattr(Call, "begin", broken)
        scene.caller.invite()
        scene.run(1)
    assert [alarm.name for alarm in scene.alarms] == ["bug"]
    assert "test_own_bugs.py" in scene.alarms[0].text
    statistics = scene.core.statistics()
    assert (statistics.calls, statistics.dialogs) == (0, 0)
    assert scene.core.context.trunks.by_name["abroad"].inward.held == 0
    scene.run(5)
    assert 500 in {wire.status for wire in scene.caller.responses()}
