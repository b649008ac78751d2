"""Which channels the kernel is asked to carry, and that nothing happens to one before the kernel has let go of it.

The relay and the kernel's process are stood in for by what writes down what it gets; tests/peers has the real ones.
"""

from collections import deque
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Latch
from b2bua.media.flow import NOTHING, Add, Flow, Hello, Reply, Request, Take
from b2bua.media.kernel import FIRST_MARK, Kernel
from b2bua.media.orders import A, B, Close, Face, Open, Order, Place, Point
from b2bua.media.relay import Settled
from b2bua.media.wire import Carried

PEERS = (("192.0.2.1", 5_000), ("198.51.100.1", 6_000))
MOVED = ("198.51.100.9", 6_000)
BOTH = Hello(versions=frozenset({4, 6}))


class Relay:
    """What a relay is told, in order."""

    def __init__(self) -> None:
        self.told: list[Order | Carried] = []

    def carry_out(self, orders: Sequence[Order]) -> None:
        self.told += orders

    def carried(self, figures: Sequence[Carried]) -> None:
        self.told += figures


class Rules:
    """What the kernel is asked, and answers when the test has it do so."""

    def __init__(self) -> None:
        self.versions = frozenset({4, 6})
        self.asked: deque[tuple[Request, Callable[[Reply], None]]] = deque()
        self.standing: dict[tuple[Place, Place], Flow] = {}
        self.waiting = 0

    def ask(self, request: Request, then: Callable[[Reply], None]) -> None:
        if not self.versions:
            then(NOTHING)
            return
        self.asked.append((request, then))

    def answer(self, reply: Reply = NOTHING) -> None:
        request, then = self.asked.popleft()
        for flow in request.flows:
            if isinstance(request, Add):
                assert (flow.source, flow.face) not in self.standing
                self.standing[flow.source, flow.face] = flow
                assert len({one.mark for one in self.standing.values()}) == len(self.standing)
            elif isinstance(request, Take):
                del self.standing[flow.source, flow.face]
        then(reply)

    def fail(self) -> None:
        """The process ends, and has said that another is ready, before anything is asked of that."""
        self.versions, asked, self.asked = frozenset(), self.asked, deque()
        self.standing.clear()
        for _, then in asked:
            then(NOTHING)
        self.versions = frozenset({4, 6})


class Rig:
    def __init__(self) -> None:
        self.relay, self.rules = Relay(), Rules()
        self.alarms: list[str] = []
        self.kernel = Kernel(
            60.0,
            lambda _: None,
            self.alarms.append,
            relay=self.relay,  # type: ignore[arg-type]
            rules=self.rules,  # type: ignore[arg-type]
            now=lambda: 3.0,
        )

    def opened(
        self, channel: int = 1, peers: tuple[Place, Place] = PEERS, ports: tuple[int, int] | None = None
    ) -> None:
        self.kernel.carry_out(opened(channel, peers, ports))

    def settled(
        self, channel: int = 1, places: tuple[Place, Place] = PEERS, ordered: tuple[Place, Place] | None = None
    ) -> None:
        self.kernel._settled(Settled(channel=channel, ordered=ordered or places, places=places))

    def carried(self) -> None:
        """A channel that the kernel carries."""
        self.opened()
        self.settled()
        self.rules.answer()
        self.relay.told.clear()


def opened(channel: int, peers: tuple[Place, Place] = PEERS, ports: tuple[int, int] | None = None) -> list[Order]:
    hosts = ("192.0.2.2", "198.51.100.2") if ":" not in peers[A][0] else ("2001:db8:a::2", "2001:db8:b::2")
    faces = [Face(host, port, Latch.NEVER) for host, port in zip(hosts, ports or (20_000, 30_000), strict=True)]
    return [Open(channel, (faces[A], faces[B])), *(Point(channel, side, peers[side]) for side in (A, B))]


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr("b2bua.media.kernel._is_ours", lambda place: place[0] == "192.0.2.200")
    return Rig()


def test_a_channel_that_has_settled_goes_to_the_kernel_both_ways(rig: Rig) -> None:
    rig.opened()
    assert not rig.rules.asked
    rig.settled()
    ((request, _),) = rig.rules.asked
    a, b = ("192.0.2.2", 20_000), ("198.51.100.2", 30_000)
    flows = (Flow(FIRST_MARK, PEERS[A], a, PEERS[B], b), Flow(FIRST_MARK + 1, PEERS[B], b, PEERS[A], a))
    assert request == Add(flows)
    assert rig.kernel.carried == 1


@pytest.mark.parametrize(
    "peers",
    [
        (PEERS[A], ("2001:db8:b::1", 6_000)),
        (PEERS[A], ("127.0.0.1", 6_000)),
        (PEERS[A], ("169.254.1.1", 6_000)),
        (PEERS[A], ("192.0.2.200", 6_000)),
        (("fe80::1", 5_000), ("2001:db8:b::1", 6_000)),
    ],
    ids=["two families", "loopback", "link-local", "this host", "link-local IPv6"],
)
def test_a_channel_that_the_kernel_could_not_carry_stays_with_the_relay(rig: Rig, peers: tuple[Place, Place]) -> None:
    rig.opened(1, peers)
    rig.settled(1, peers)
    assert not rig.rules.asked


def test_ipv6_goes_to_the_kernel_too(rig: Rig) -> None:
    peers = (("2001:db8:a::1", 5_000), ("2001:db8:b::1", 6_000))
    rig.opened(1, peers)
    rig.settled(1, peers)
    assert len(rig.rules.asked) == 1


def test_news_that_a_channel_has_settled_are_nothing_once_something_else_has_been_ordered(rig: Rig) -> None:
    rig.opened()
    rig.kernel.carry_out([Point(1, B, MOVED)])
    rig.settled()
    rig.kernel.carry_out([Close(1)])
    rig.settled(1, (PEERS[A], MOVED))
    assert not rig.rules.asked


@pytest.mark.parametrize("order", [Point(1, B, MOVED), Point(1, B, None), Close(1)])
def test_an_order_waits_until_the_kernel_has_let_go(rig: Rig, order: Order) -> None:
    rig.carried()
    rig.kernel.carry_out([order])
    assert rig.relay.told == []
    rig.rules.answer(Reply(counts={FIRST_MARK: (7, 1_204)}))
    assert rig.relay.told == [Carried(1, A, 7, 1_204, 3.0), order]
    assert rig.kernel.carried == 0


def test_orders_of_a_channel_keep_their_order_while_they_wait(rig: Rig) -> None:
    rig.carried()
    orders = [Point(1, B, MOVED), Point(1, A, None), Close(1)]
    for order in orders:
        rig.kernel.carry_out([order])
    rig.rules.answer()
    assert rig.relay.told == orders


def test_orders_of_others_do_not_wait(rig: Rig) -> None:
    rig.carried()
    others = opened(2, PEERS, (20_002, 30_002))
    rig.kernel.carry_out([Close(1), *others])
    assert rig.relay.told == others


@pytest.mark.parametrize("ports", [(20_000, 30_002), (20_002, 30_000)])
def test_a_port_that_is_opened_again_waits_until_the_kernel_has_let_go_of_it(rig: Rig, ports: tuple[int, int]) -> None:
    rig.carried()
    again = opened(2, PEERS, ports)
    rig.kernel.carry_out([Close(1)])
    rig.kernel.carry_out(again)
    rig.rules.answer()
    assert rig.relay.told == [Close(1)]
    rig.rules.answer()
    assert rig.relay.told == [Close(1), *again]
    assert not rig.kernel._held


def test_a_relay_that_began_anew_and_finds_a_peer_elsewhere_is_followed(rig: Rig) -> None:
    rig.carried()
    rig.settled()
    assert not rig.rules.asked, "nothing has changed"
    rig.settled(1, (PEERS[A], MOVED), ordered=PEERS)
    rig.rules.answer()
    rig.rules.answer()
    assert {flow.source for flow in rig.rules.standing.values()} == {PEERS[A], MOVED}


def test_old_news_of_a_channel_that_waits_to_go_there_and_back_are_nothing(rig: Rig) -> None:
    rig.carried()
    rig.kernel.carry_out([Point(1, B, MOVED), Point(1, B, PEERS[B])])
    rig.settled()
    rig.rules.answer()
    assert (rig.kernel.carried, len(rig.rules.asked)) == (0, 0)


def test_a_port_waits_for_the_last_of_its_flows(rig: Rig) -> None:
    rig.carried()
    rig.settled(1, (PEERS[A], MOVED), ordered=PEERS)
    rig.kernel.carry_out([Close(1)])
    rig.rules.answer()
    again = opened(2)
    rig.kernel.carry_out(again)
    assert rig.relay.told == []
    for _ in range(3):
        rig.rules.answer()
    assert rig.relay.told == [Close(1), *again]


def test_what_stands_is_given_to_the_next_process(rig: Rig) -> None:
    rig.carried()
    rig.rules.fail()
    rig.kernel._ready(BOTH)
    rig.rules.answer()
    assert len(rig.rules.standing) == 2
    assert rig.alarms == []


def test_what_settles_before_the_process_is_ready_goes_to_the_kernel_then(rig: Rig) -> None:
    rig.rules.versions = frozenset()
    rig.opened()
    rig.settled()
    rig.rules.versions = frozenset({4, 6})
    rig.kernel._ready(BOTH)
    assert len(rig.rules.asked) == 1


def test_an_order_that_waits_is_carried_out_when_the_process_ends(rig: Rig) -> None:
    rig.carried()
    rig.kernel.carry_out([Close(1)])
    rig.rules.fail()
    assert rig.relay.told == [Close(1)]


def test_what_is_lacking_is_told_once_and_the_relay_goes_on(rig: Rig) -> None:
    lacks = Hello(versions=frozenset(), lacks=("the daemon has no CAP_NET_ADMIN; give it",))
    rig.rules.versions = frozenset()
    rig.opened()
    rig.settled()
    rig.kernel._ready(lacks)
    assert rig.alarms == ["media: the relay carries what the kernel cannot: the daemon has no CAP_NET_ADMIN; give it"]
    assert rig.kernel.carried == 0
    rig.settled()
    assert rig.kernel.carried == 0


def test_a_family_that_the_kernel_is_not_set_up_for_stays_with_the_relay(rig: Rig) -> None:
    rig.carried()
    rig.rules.fail()
    rig.kernel._ready(Hello(versions=frozenset({6}), lacks=("IPv4 needs more",)))
    rig.settled()
    assert (rig.kernel.carried, len(rig.rules.asked)) == (0, 0)


def test_a_flow_that_the_kernel_refuses_stays_with_the_relay_and_is_told_of(rig: Rig) -> None:
    rig.opened()
    rig.settled()
    rig.rules.answer(Reply(refused={FIRST_MARK: "No space left on device"}))
    assert rig.kernel.carried == 0
    rig.rules.answer()
    assert not rig.rules.standing, "neither is the flow of the other way"
    assert "No space left on device" in rig.alarms[0]


def test_figures_are_asked_for_in_parts_and_reach_the_relay(rig: Rig) -> None:
    for channel in range(1, 151):
        rig.opened(channel, PEERS, (20_000 + 2 * channel, 30_000 + 2 * channel))
        rig.settled(channel)
        rig.rules.answer()
    rig.relay.told.clear()
    rig.kernel._read_all(within=15.0)
    assert [len(request.flows) for request, _ in rig.rules.asked] == [200]
    rig.rules.answer(Reply(counts={FIRST_MARK + 1: (5, 50)}))
    assert [len(request.flows) for request, _ in rig.rules.asked] == [100]
    rig.rules.answer()
    assert rig.relay.told == [Carried(1, B, 5, 50, 15.0)]


STEPS = st.sampled_from(["open", "open", "settle", "settle", "settle", "point", "close", "answer", "answer", "fail"])


@given(st.lists(st.tuples(STEPS, st.integers(0, 1)), min_size=30, max_size=80))
def test_whatever_comes_the_relay_hears_of_a_change_only_when_no_flow_of_before_is_left(
    steps: list[tuple[str, int]],
) -> None:
    """Two pairs of ports, each opened again by the next channel as soon as its last is closed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("b2bua.media.kernel._is_ours", lambda _: False)
        rig = Rig()
        open_now: dict[int, int] = {}
        targets: dict[int, int] = {}
        number = 0

        def carry_out(orders: Sequence[Order]) -> None:
            for order in orders:
                rig.relay.told.append(order)
                if isinstance(order, Open):
                    faces = {(face.address, face.port) for face in order.faces}
                    assert faces.isdisjoint(flow.face for flow in rig.rules.standing.values())
                else:
                    standing = {face for _, face in rig.rules.standing}
                    assert standing.isdisjoint(faces_of[order.channel])

        faces_of: dict[int, set[Place]] = {}
        rig.relay.carry_out = carry_out  # type: ignore[method-assign]
        for step, slot in steps:
            channel = open_now.get(slot)
            if step == "open" and channel is None:
                number += 1
                open_now[slot], targets[slot] = number, 6_000
                orders = opened(number, PEERS, (20_000 + 2 * slot, 30_000 + 2 * slot))
                assert isinstance(orders[0], Open)
                faces_of[number] = {(face.address, face.port) for face in orders[0].faces}
                rig.kernel.carry_out(orders)
            elif step == "settle" and channel is not None and channel not in rig.kernel._held:
                rig.settled(channel, (PEERS[A], (PEERS[B][0], targets[slot])))
            elif step == "point" and channel is not None:
                targets[slot] += 2
                rig.kernel.carry_out([Point(channel, B, (PEERS[B][0], targets[slot]))])
            elif step == "close" and channel is not None:
                del open_now[slot]
                rig.kernel.carry_out([Close(channel)])
            elif step == "answer" and rig.rules.asked:
                rig.rules.answer()
            elif step == "fail":
                rig.rules.fail()
                rig.kernel._ready(BOTH)
        while rig.rules.asked:
            rig.rules.answer()
        for slot in list(open_now):
            rig.kernel.carry_out([Close(open_now.pop(slot))])
        while rig.rules.asked:
            rig.rules.answer()
        assert not rig.rules.standing
        assert not rig.kernel._held
        assert not rig.kernel._leaving
        assert len(rig.kernel._free) == rig.kernel._used
        assert sum(isinstance(order, Close) for order in rig.relay.told) == number
