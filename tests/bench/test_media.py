"""The bench of media: what it sends comes as it was sent, whatever stands between, and it would tell otherwise."""

import shutil
from pathlib import Path

import pytest

from bench.figures import Figure
from bench.media.boxes import Box, direct, in_c, ours
from bench.media.generator import Generator, Passed, Ports, compiled
from bench.media.measuring import BOXES, Plan, measure
from bench.processes import Cores, free_ports

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc)")


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return Generator(compiled("generator", tmp_path_factory.mktemp("media")), Cores.choose().load, 1)


def ports() -> Ports:
    a, b, face_a, face_b = free_ports(4)
    return Ports(a=a, b=b, face_a=face_a, face_b=face_b)


@pytest.mark.parametrize("box", [in_c, ours])
def test_packets_cross_a_relay_both_ways_as_they_were_sent(box: Box, generator: Generator, tmp_path: Path) -> None:
    places = ports()
    with box(tmp_path, Cores.choose().box, places, 1):
        generator.await_box(places)
        passed = generator.send(places, 500.0, 0.2)
    assert (passed.sent, passed.received, passed.wrong) == (100, 100, 0)


def test_packets_that_nobody_hands_on_are_missed(generator: Generator) -> None:
    passed = generator.send(ports(), 500.0, 0.1)
    assert (passed.sent, passed.received, passed.held) == (50, 0, False)


def test_a_trial_with_one_packet_lost_late_or_changed_is_not_held() -> None:
    well = {"rate": 1.0, "sent": 9, "unsent": 0, "received": 9, "wrong": 0, "seconds": 1.0, "p50_us": 1, "p99_us": 1}
    assert Passed(**well).held
    for worse in ({"received": 8}, {"wrong": 1}, {"unsent": 1}, {"p99_us": 10_000}):
        assert not Passed(**{**well, **worse}).held


def test_a_run_has_the_figures_of_each_box_beside_the_relay_in_c(tmp_path: Path) -> None:
    plan = Plan(flows=1, rate=200.0, seconds=0.1, repeats=1, steps=1)
    found = measure(plan, lambda _: None, tmp_path)
    assert {(figure.quantity, figure.subject) for figure in found} >= {
        *(("highest rate", name) for name in BOXES),
        *(("CPU per packet at 200 packets/s", name) for name in BOXES if name != "direct"),
    }
    assert all(figure.value is not None or figure.note for figure in found)
    assert isinstance(found[0], Figure)


def test_without_a_relay_the_ends_send_to_each_other(generator: Generator, tmp_path: Path) -> None:
    a, b = free_ports(2)
    places = Ports(a=a, b=b, face_a=b, face_b=a)
    with direct(tmp_path, 0, places, 1) as process:
        assert process is None
        assert generator.send(places, 500.0, 0.1).received == 50
