"""A call as bytes is the call."""

import os
import pickle
from collections.abc import Sequence
from random import Random

import pytest

from b2bua.call.core import Output
from b2bua.errors import SnapshotError
from b2bua.workers.saving import Saving, load
from tests.world import anything
from tests.world.scene import Scene

SAVING = Saving()


class Reborn(Scene):
    """After every input, puts every call down and takes up what was made of its bytes."""

    def _perform(self, outputs: Sequence[Output]) -> None:
        for name in tuple(self.core._calls):
            standing = self.core.standing(name)
            assert standing is not None
            data = SAVING.save(*standing)
            self.core.put_down(name, self.moment)
            saved = load(data, self.core.context)
            assert self.core.adopt(saved.call, saved.servers, saved.clients, self.moment) == []
        super()._perform(outputs)


@pytest.mark.parametrize("first", [0, 8])
def test_a_call_made_of_its_bytes_at_every_step_goes_on_as_it_would_have(first: int) -> None:
    for seed in range(first, first + 8):
        plain, reborn = (anything.play(seed, kind) for kind in (Scene, Reborn))
        assert reborn.steps == plain.steps, seed
        assert [record.facts for record in reborn.records] == [record.facts for record in plain.records]


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", pickle.dumps(print), pickle.dumps(Scene), pickle.dumps((1, 2, 3)), pickle.dumps(({}, (), {}))],
)
def test_nothing_else_is_ever_made_of_bytes(data: bytes) -> None:
    with Scene() as scene, pytest.raises(SnapshotError):
        load(data, scene.core.context)


class Harmful:
    """Whoever lets pickle have its way runs this."""

    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("import os; os.environ['HARMED'] = 'yes'",)


def test_nothing_is_run_by_bytes() -> None:
    with Scene() as scene, pytest.raises(SnapshotError):
        load(pickle.dumps((Harmful(), (), {})), scene.core.context)
    assert "HARMED" not in os.environ


def test_what_has_no_place_in_a_call_is_not_saved() -> None:
    with Scene() as scene:
        scene.caller.invite()
        scene.run(5)
        ((_, held),) = scene.core._calls.items()
        for odd in (object(), scene, Random(1)):
            held.call.asked = odd  # type: ignore[assignment]
            with pytest.raises(SnapshotError):
                SAVING.save(held.call, (), {})
        held.call.asked = ()
        assert load(SAVING.save(held.call, (), {}), scene.core.context).call.id == held.call.id
