"""The daemon behind a bad network of real sockets, and the relay itself."""

from tests.faults.carriers import Carriers
from tests.peers.rig import Rig
from tests.world.crowd import Plan, Talk

HANGS_UP = Plan(name="normal", script=[(0.02, 180, b""), (0.1, 200, b"v=0\r\n")])


def test_calls_go_through_a_lossy_network_of_real_sockets(fresh: Rig) -> None:
    fresh.start(t1_ms=100)
    with Carriers(fresh, seed=1) as carriers:
        link = carriers.link
        link.loss, link.doubled, link.delay = 0.1, 0.3, (0.0, 0.05)
        talks = carriers.place(HANGS_UP, 25)
        carriers.loop.until(lambda: sum(talk.is_set_up for talk in talks) == 25, "all calls are set up")
        link.loss = 0.0
        served_again(carriers, talks)
        assert all(relay.counters["to peer: lost"] for relay in carriers.relays.values())
    assert fresh.box.statistics()["counters"].get("bug", 0) == 0


def test_datagrams_that_are_cut_short_or_have_a_bit_turned_harm_their_own_calls_alone(fresh: Rig) -> None:
    fresh.start(t1_ms=100)
    with Carriers(fresh, seed=1) as carriers:
        for relay in carriers.relays.values():
            relay.damaged = 0.2
        talks = carriers.place(HANGS_UP, 40)
        carriers.loop.until(lambda: all(talk.session.final for talk in talks), "each call has its final response")
        assert sum(talk.session.final == 200 for talk in talks) > 20
        damaged = sum(relay.counters["damaged"] for relay in carriers.relays.values())
        for relay in carriers.relays.values():
            relay.damaged = 0.0
        served_again(carriers, talks)
        assert damaged > 20
    assert fresh.box.statistics()["counters"].get("bug", 0) == 0


def served_again(carriers: Carriers, talks: list[Talk]) -> None:
    """The pass rule of every fault: a call that comes after it is served."""
    for talk in talks:
        talk.caller_hangs_up()
    (probe,) = carriers.place(HANGS_UP)
    carriers.loop.until(lambda: probe.is_set_up, "a call after the fault")
    probe.caller_hangs_up()
    carriers.loop.run(0.2)
