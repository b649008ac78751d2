"""Where the calls of a trunk go."""

from collections import Counter
from random import Random

import pytest

from b2bua.config import Endpoint, Target
from b2bua.trunk import Socket, Targets
from sipstack.flow import Flow

V4 = Socket("192.0.2.10:5060", False, "192.0.2.10:5060")
V6 = Socket("[2001:db8::10]:5060", True, "[2001:db8::10]:5060")


def declared(address: str, priority: int | None = None, weight: int = 1) -> Target:
    return Target(address=Endpoint.parse(address), priority=priority, weight=weight)


def hosts(targets: Targets, seed: int = 0) -> list[str]:
    return [target.address for target in targets.drawn(Random(seed).randrange)]


def test_a_target_is_reached_from_a_socket_of_its_family() -> None:
    targets = Targets.of((V4, V6), [declared("[2001:db8::1]:5070"), declared("192.0.2.1")])
    first, second = targets.drawn(Random(0).randrange)
    assert targets.flow(first) == Flow(V6.name, ("2001:db8::1", 5070))
    assert targets.flow(second) == Flow(V4.name, ("192.0.2.1", 5060))


def test_a_target_of_no_family_we_listen_on_is_passed_over() -> None:
    targets = Targets.of((V4,), [declared("[2001:db8::1]:5060"), declared("192.0.2.9:5080")])
    assert hosts(targets) == ["192.0.2.9"]
    assert len(Targets.of((V4,), [])) == 0


@pytest.mark.parametrize("seed", range(8))
def test_without_priorities_the_list_is_the_order(seed: int) -> None:
    targets = Targets.of((V4,), [declared(f"192.0.2.{last}") for last in (9, 3, 7)])
    assert hosts(targets, seed) == ["192.0.2.9", "192.0.2.3", "192.0.2.7"]


def test_a_lower_priority_comes_first_and_weights_share_one_priority() -> None:
    heavy, light = declared("192.0.2.1", 5, 3), declared("192.0.2.2", 5, 1)
    targets = Targets.of((V4,), [heavy, light, declared("192.0.2.3", 1)])
    drawn = [hosts(targets, seed) for seed in range(400)]
    assert {order[0] for order in drawn} == {"192.0.2.3"}
    second = Counter(order[1] for order in drawn)
    assert 240 <= second["192.0.2.1"] <= 350
    assert all(sorted(order) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"] for order in drawn)


def test_one_target_is_not_drawn() -> None:
    targets = Targets.of((V4,), [declared("192.0.2.1:5070")])
    (target,) = targets.drawn(lambda ceiling: pytest.fail("no dice are needed"))
    assert (target.remote, targets.flow(target)) == (("192.0.2.1", 5070), Flow(V4.name, ("192.0.2.1", 5070)))
