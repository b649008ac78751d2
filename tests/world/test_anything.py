"""A sample of the calls of `anything.py`; the long run is `python -m tests.world.anything 200000`."""

import pytest

from tests.world import anything
from tests.world.scene import Scene

BATCH = 100


@pytest.mark.parametrize("first", range(0, 800, BATCH))
def test_whatever_happens_the_laws_hold_and_nothing_is_left(first: int) -> None:
    for seed in range(first, first + BATCH):
        anything.play(seed, Scene)


def test_a_seed_plays_the_same_call_again() -> None:
    ladders = {anything.play(4711, Scene).ladder(400) for _ in range(3)}
    assert len(ladders) == 1


def test_what_goes_wrong_is_told_with_its_seed_and_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(world: Scene) -> None:
        raise AssertionError("left over")

    monkeypatch.setattr(Scene, "settle", broken)
    with pytest.raises(AssertionError) as caught:
        anything.play(7, Scene)
    notes = "\n".join(caught.value.__notes__)
    assert "--seed 7" in notes
    assert "INVITE" in notes
