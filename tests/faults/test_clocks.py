"""The wall clock jumps: calls go by the other one, and evidence says what the wall clock said."""

import datetime

import attrs
import pytest

from b2bua.call import Moment
from tests.world.scene import EPOCH, Scene

HOUR = 3_600.0


@attrs.define(eq=False)
class Jumping(Scene):
    """A scene whose wall clock is wrong by some seconds."""

    wrong_by: float = attrs.field(default=0.0, init=False)

    @property
    def moment(self) -> Moment:
        return Moment(self.now, EPOCH + datetime.timedelta(seconds=self.now + self.wrong_by))


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 1.0, -1.0, 400 * 24 * HOUR])
def test_a_jump_of_the_wall_clock_drops_no_call_and_is_no_part_of_its_length(jump: float) -> None:
    with Jumping() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.wrong_by = jump
        scene.run(60)
        assert scene.core.statistics().calls == 1
        scene.caller.request(session, "INVITE", body=b"v=0\r\n")
        scene.run(5)
        assert session.statuses[-1] == 200
        scene.caller.bye(session)
    end, verdict = scene.record("end"), scene.record("verdict")
    assert end.facts["cause"] == "BYE"
    assert 60 < float(str(end.facts["seconds"])) < 75
    assert end.at - verdict.at > datetime.timedelta(seconds=jump)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_while_a_call_rings_neither_ends_nor_prolongs_its_ringing(jump: float) -> None:
    with Jumping() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        session = scene.caller.invite()
        scene.run(5)
        scene.wrong_by = jump
        scene.run(scene.core.context.no_answer - 6)
        assert session.final is None
        scene.run(2)
        assert session.final == 408


def test_a_clock_that_is_set_back_again_and_again_stops_no_retransmission() -> None:
    with Jumping() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        for _ in range(33):
            scene.run(1)
            scene.wrong_by -= 2.0
        assert len([wire for wire in scene.callee.seen if wire.method == "INVITE"]) == 7
        assert session.final == 408
