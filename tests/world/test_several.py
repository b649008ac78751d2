"""A gateway of several workers does, message by message, what a single one does."""

import pytest

from tests.world import anything
from tests.world.scene import Scene, Step
from tests.world.several import Several


def crossed(scene: Scene) -> list[Step]:
    """All but the alarms: what is told once in a while is told so by each worker."""
    return [step for step in scene.steps if step.source != "alarm"]


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_whatever_happens_to_a_call_it_has_one_worker_that_knows_all_of_it(first: int) -> None:
    for seed in range(first, first + 20):
        plain, several = (anything.play(seed, kind) for kind in (Scene, Several))
        assert crossed(several) == crossed(plain), seed
        assert [record.kind for record in several.records] == [record.kind for record in plain.records]
