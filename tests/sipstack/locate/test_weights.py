from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.locate import Srv, in_order
from tests.sipstack.locate.zone import srv

RECORDS = st.lists(
    st.builds(
        srv,
        st.sampled_from("abcdefgh"),
        priority=st.integers(0, 3),
        weight=st.sampled_from([0, 0, 1, 2, 65535]),
        port=st.integers(1, 9),
    )
)


@attrs.define
class Branches:
    """Chance that goes through every possibility, each with its share."""

    choices: list[int] = attrs.field(factory=list)
    counts: list[int] = attrs.field(factory=list)
    at: int = 0

    def below(self, count: int) -> int:
        if self.at == len(self.choices):
            self.choices.append(0)
            self.counts.append(count)
        self.at += 1
        return self.choices[self.at - 1]

    def share(self) -> Fraction:
        share = Fraction(1)
        for count in self.counts:
            share /= count
        return share

    def advance(self) -> bool:
        """To the next possibility; False when all have been."""
        self.at = 0
        while self.choices and self.choices[-1] + 1 == self.counts[-1]:
            self.choices.pop()
            self.counts.pop()
        if not self.choices:
            return False
        self.choices[-1] += 1
        return True


def shares(records: list[Srv], place: int = 0) -> dict[str, Fraction]:
    """With which probability each target stands at that place of the order, over all draws there can be."""
    found: dict[str, Fraction] = {}
    branches = Branches()
    while True:
        target = in_order(records, branches.below)[place].target
        found[target] = found.get(target, Fraction(0)) + branches.share()
        if not branches.advance():
            return found


def test_without_weight_zero_the_first_record_gains_only_the_mark_at_zero() -> None:
    """RFC 2782 draws from 0 to the sum, both included: 5 marks for weights 1 and 3."""
    assert shares([srv("light", weight=1), srv("heavy", weight=3)]) == {
        "light": Fraction(2, 5),
        "heavy": Fraction(3, 5),
    }


def test_weight_zero_has_a_very_small_chance_and_not_none() -> None:
    assert shares([srv("heavy", weight=9), srv("none", weight=0)]) == {
        "none": Fraction(1, 10),
        "heavy": Fraction(9, 10),
    }


def test_the_second_is_drawn_from_what_is_left() -> None:
    records = [srv("a", weight=1), srv("b", weight=1), srv("c", weight=2)]
    first = {"a": Fraction(2, 5), "b": Fraction(1, 5), "c": Fraction(2, 5)}
    assert shares(records) == first
    assert shares(records, 1) == {
        "a": first["b"] * Fraction(2, 4) + first["c"] * Fraction(2, 3),
        "b": first["a"] * Fraction(2, 4) + first["c"] * Fraction(1, 3),
        "c": first["a"] * Fraction(2, 4) + first["b"] * Fraction(2, 4),
    }


def test_many_draws_share_the_load_by_weight() -> None:
    chance = Random(7)
    records = [srv("big", weight=600), srv("middle", weight=300), srv("small", weight=100)]
    firsts = Counter(in_order(records, chance.randrange)[0].target for _ in range(5_000))
    for name, share in {"big": 0.6, "middle": 0.3, "small": 0.1}.items():
        assert firsts[name] / 5_000 == pytest.approx(share, abs=0.025)


def highest(count: int) -> int:
    return count - 1


def lowest(count: int) -> int:
    return 0


@pytest.mark.parametrize("below", [lowest, highest, Random(3).randrange])
@given(records=RECORDS)
def test_every_record_stands_once_in_the_order_and_no_weight_beats_a_priority(
    records: list[Srv], below: Callable[[int], int]
) -> None:
    ordered = in_order(records, below)
    assert Counter(ordered) == Counter(records)
    assert [record.priority for record in ordered] == sorted(record.priority for record in records)
