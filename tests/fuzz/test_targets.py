"""Each target over what it starts from, and over some damage to that: the same each time, and without atheris."""

import random

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

#: How many damaged inputs each target gets here: the slow ones fewer.
DAMAGED = {"growth": 0, "agent": 60, "layer": 100, "text": 100}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_content_with_what_it_starts_from_and_with_damage_to_it(name: str) -> None:
    target, dice = TARGETS[name], random.Random(name)
    begin = target.seeds()
    damaged = [mutated(dice.choice(begin), dice, begin) for _ in range(DAMAGED.get(name, 200))]
    for data in [*begin, *damaged]:
        target.run(data)
