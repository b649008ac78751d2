"""The bench of media: what it sends comes as it was sent, whatever stands between, and it would tell otherwise."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from bench.media import measuring
from bench.media.boxes import BOXES, FLOOR, Box, direct, in_c, ours
from bench.media.engine import rtpengine
from bench.media.generator import Flow, Generator, Passed, Standing, compiled, written
from bench.media.measuring import Plan, measure
from bench.media.nets import LOCAL, Net, apart, can_be_apart
from bench.peers.offer import NotHereError
from bench.processes import Cores, free_ports

if TYPE_CHECKING:
    from bench.figures import Figure

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc)")
needs_root = pytest.mark.skipif(not can_be_apart(), reason="network namespaces need root and iproute2")


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return Generator(compiled("generator", tmp_path_factory.mktemp("media")), Cores.choose().load)


@pytest.fixture(params=[False, pytest.param(True, marks=needs_root)], ids=["loopback", "namespaces"])
def net(request: pytest.FixtureRequest) -> Iterator[Net]:
    if not request.param:
        yield LOCAL
        return
    with apart() as made:
        yield made


def flows(count: int) -> list[Flow]:
    ports = iter(free_ports(4 * count))
    return [Flow(next(ports), next(ports), next(ports), next(ports)) for _ in range(count)]


@pytest.mark.parametrize("box", [direct, in_c, partial(ours, "relay")], ids=["direct", "in C", "relay"])
def test_packets_cross_a_box_both_ways_as_they_were_sent(
    box: Box, net: Net, generator: Generator, tmp_path: Path
) -> None:
    with box(tmp_path, Cores.choose().box, net, flows(3)) as standing:
        generator.await_box(standing)
        passed = generator.send(standing, 600.0, 0.2)
    assert (passed.sent, passed.received, passed.wrong) == (120, 120, 0)


@pytest.mark.peer("rtpengine")
def test_packets_cross_an_rtpengine(net: Net, generator: Generator, tmp_path: Path) -> None:
    with rtpengine(tmp_path, Cores.choose().box, net, flows(2)) as standing:
        generator.await_box(standing)
        passed = generator.send(standing, 500.0, 0.2)
    assert (passed.sent, passed.received, passed.wrong) == (100, 100, 0)


def test_packets_that_nobody_hands_on_are_missed(generator: Generator, tmp_path: Path) -> None:
    nobody = Standing(net=LOCAL, flows=written(flows(1), tmp_path), peers=2)
    passed = generator.send(nobody, 500.0, 0.1)
    assert (passed.sent, passed.received, passed.held) == (50, 0, False)


@contextmanager
def handing_on(flow: Flow, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """What A sends comes to B, changed."""
    face_a, face_b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    face_a.bind((LOCAL.face_a, flow.face_a))
    face_b.bind((LOCAL.face_b, flow.face_b))

    def work() -> None:
        while data := face_a.recv(65_535):
            face_b.sendto(change(data), (LOCAL.b, flow.b))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (LOCAL.face_a, flow.face_a))
        worker.join()
        face_a.close()
        face_b.close()


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def of_another(data: bytes) -> bytes:
    """As if it came from the far end of another flow."""
    return data[:20] + bytes([data[20] ^ 2]) + data[21:]


@pytest.mark.parametrize("change", [flipped, of_another, lambda data: data[:-1], lambda data: data + b"!"])
def test_a_packet_that_comes_changed_cut_longer_or_to_somebody_else_is_wrong(
    change: Callable[[bytes], bytes], generator: Generator, tmp_path: Path
) -> None:
    (flow,) = flows(1)
    with handing_on(flow, change):
        passed = generator.send(Standing(net=LOCAL, flows=written([flow], tmp_path), peers=2), 200.0, 0.1)
    assert (passed.received, passed.wrong) == (0, 10)


def of_an_earlier_run(data: bytes) -> bytes:
    return data[:12] + (1).to_bytes(8, "little") + data[20:]


def test_a_packet_that_a_box_has_held_up_since_an_earlier_run_is_none_of_this(
    generator: Generator, tmp_path: Path
) -> None:
    (flow,) = flows(1)
    with handing_on(flow, of_an_earlier_run):
        passed = generator.send(Standing(net=LOCAL, flows=written([flow], tmp_path), peers=2), 200.0, 0.1)
    assert (passed.received, passed.wrong) == (0, 0)


WELL = Passed(rate=10.0, sent=10, unsent=0, received=10, wrong=0, seconds=1.0, busy=0.1, p50_us=1, p99_us=1)


@pytest.mark.parametrize("worse", [{"received": 9}, {"wrong": 1}, {"unsent": 1}, {"p99_us": 10_000}, {"seconds": 1.1}])
def test_a_trial_with_one_packet_lost_late_or_changed_or_too_slow_is_not_held(worse: dict[str, float]) -> None:
    assert WELL.held
    assert not attrs.evolve(WELL, **worse).held


@pytest.mark.parametrize("worse", [{"seconds": 1.1}, {"busy": 0.99}])
def test_a_generator_that_is_the_limit_says_so(worse: dict[str, float]) -> None:
    assert WELL.was_made
    assert not attrs.evolve(WELL, **worse).was_made


def test_a_run_has_the_figures_of_each_box_beside_the_relay_in_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: box for name, box in BOXES.items() if name in ("direct", FLOOR, "relay")}
    monkeypatch.setattr(measuring, "BOXES", {**few, "absent": absent})
    plan = Plan(rate=200.0, seconds=0.1, repeats=1, hold=0.1, steps=1, calls=2)
    found = {(figure.quantity, figure.subject): figure for figure in measure(plan, lambda _: None, tmp_path)}
    boxes, carried = [*few, "absent"], [FLOOR, "relay", "absent"]
    assert set(found) == {
        *(("highest rate", name) for name in boxes),
        *((f"delay at 200 packets/s, p{share}", name) for share in (50, 99) for name in boxes),
        *((f"added delay at 200 packets/s, p{share}", name) for share in (50, 99) for name in carried),
        *(("CPU per packet at 200 packets/s", name) for name in carried),
        *(("CPU per packet at its highest rate", name) for name in carried),
        *(("two-way calls of G.711, 2: the box's own CPU", name) for name in carried),
    }
    assert all(figure.value is not None or figure.note for figure in found.values())
    assert found["highest rate", "absent"].note == "it is not here"
    beside: Figure = found["CPU per packet at 200 packets/s", "relay"]
    assert (beside.to, beside.ratio is None) == (FLOOR, False)


@contextmanager
def absent(*_: object) -> Iterator[Standing]:
    raise NotHereError("it is not here")
    yield


@needs_root
def test_nothing_is_left_of_namespaces_after_a_run_that_fails() -> None:
    def failing() -> None:
        with apart() as made:
            names.extend(made.spaces or ())
            raise InterruptedError

    names: list[str] = []
    with pytest.raises(InterruptedError):
        failing()
    assert len(names) == 3
    assert not [name for name in names if Path("/run/netns", name).exists()]
