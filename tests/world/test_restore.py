"""A call that is saved, thrown away and restored goes on as if nothing had been, whatever the moment."""

from random import Random

import orjson
import pytest

from b2bua.app import core_of
from sipstack.ids import Ids
from tests.world import anything
from tests.world.forgetful import Forgetful
from tests.world.scene import Scene


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_a_call_restored_at_every_step_ends_as_it_would_have(first: int) -> None:
    for seed in range(first, first + 20):
        plain, restored = (anything.play(seed, kind) for kind in (Scene, Forgetful))
        assert restored.steps == plain.steps, seed
        assert [record.facts for record in restored.records] == [record.facts for record in plain.records]


def test_an_answered_call_goes_on_in_another_core_when_the_first_is_gone() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(60)
        ((name, _),) = scene.core._calls.items()
        saved = orjson.dumps(scene.core.put_down(name, scene.moment))
        assert scene.core.statistics().calls == 0
        scene.core = core_of(scene.config, Ids(Random(99).randbytes))
        scene.core.take_up(orjson.loads(saved), scene.moment)
        scene.caller.request(session, "INFO")
        scene.run(1)
        scene.caller.bye(session)
        scene.run(1)
    assert [wire.status for wire in scene.caller.responses("INFO")] == [200]
    assert scene.callee.sessions[0].is_over
    assert scene.record("end").facts["cause"] == "BYE"


def test_a_call_that_was_taken_up_counts_where_it_counted_and_leaves_its_place() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        limits = scene.core.context.trunks.by_name["abroad"].inward, scene.core.context.trunks.by_name["home"].outward
        ((name, _),) = scene.core._calls.items()
        saved = scene.core.put_down(name, scene.moment)
        assert [limit.held for limit in limits] == [0, 0]
        scene.core.take_up(saved, scene.moment)
        assert [limit.held for limit in limits] == [1, 1]
        scene.caller.bye(session)
    assert [limit.held for limit in limits] == [0, 0]


def test_no_call_can_be_put_down_that_is_not_there() -> None:
    scene = Scene()
    with pytest.raises(KeyError):
        scene.core.put_down("nobody", scene.moment)
