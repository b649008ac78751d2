"""Ports are lent in pairs, and none again before it has rested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.errors import MediaError
from b2bua.media.ports import Ports


def test_a_pair_begins_with_an_even_port_and_lies_within_the_range() -> None:
    ports = Ports(10_001, 10_006)
    assert [ports.take(0.0), ports.take(0.0)] == [10_002, 10_004]
    with pytest.raises(MediaError, match="2 pairs are in use, 0 at rest"):
        ports.take(0.0)


def test_a_pair_is_not_lent_again_before_it_has_rested() -> None:
    ports = Ports(10_000, 10_001, rest=10.0)
    ports.give_back(ports.take(0.0), 5.0)
    with pytest.raises(MediaError):
        ports.take(14.9)
    assert ports.take(15.0) == 10_000


def test_a_pair_that_is_given_back_twice_is_lent_once() -> None:
    ports = Ports(10_000, 10_003, rest=0.0)
    port = ports.take(0.0)
    ports.give_back(port, 0.0)
    ports.give_back(port, 0.0)
    assert {ports.take(0.0), ports.take(0.0)} == {10_000, 10_002}


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5)), max_size=60))
def test_no_pair_is_lent_twice_at_once_and_none_is_lost(steps: list[tuple[bool, float]]) -> None:
    ports, now, lent = Ports(10_000, 10_015, rest=3.0), 0.0, list[tuple[int, float]]()
    back = dict[int, float]()
    for takes, passed in steps:
        now += passed
        if takes:
            try:
                port = ports.take(now)
            except MediaError:
                assert len(lent) + sum(now - since < 3.0 for since in back.values()) == 8
                continue
            assert port not in [one for one, _ in lent]
            assert now - back.pop(port, -9.0) >= 3.0
            lent.append((port, now))
        elif lent:
            port, _ = lent.pop(0)
            ports.give_back(port, now)
            back[port] = now
    assert ports.lent == len(lent)
