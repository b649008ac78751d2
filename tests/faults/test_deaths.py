"""Peers that die, and a daemon that is killed or told to stop."""

import signal
from functools import partial

import pytest

from tests.faults.carriers import Carriers
from tests.peers.rig import NATIONAL, Rig
from tests.peers.waiting import until
from tests.world.crowd import Plan, Talk
from tests.world.party import Party
from tests.world.scene import Scene

STANDS = Plan(name="stands", script=[(0.0, 180, b""), (0.02, 200, b"v=0\r\n")])


def test_a_callee_that_dies_as_it_rings_is_cancelled_and_the_caller_told() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        session = scene.caller.invite()
        scene.run(1)
        scene.callee.is_silent = True
        scene.run(scene.core.context.no_answer)
        assert session.statuses == [100, 180, 408]
        assert scene.callee.requests("CANCEL")
    assert scene.record("end").facts["cause"] == "no answer"


def test_a_caller_that_dies_before_its_200_costs_64_t1_and_both_legs_are_hung_up() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(0.5)
        scene.caller.is_silent = True
        answered_at = scene.now + 0.6
        scene.run(40)
        answers = [wire for wire in scene.caller.seen if wire.status == 200 and wire.method == "INVITE"]
        assert len(answers) == 11
        assert scene.caller.requests("BYE")
        assert scene.callee.requests("BYE")
        hung_up = next(step.at for step in scene.steps if step.what.startswith("BYE"))
        assert 31 < hung_up - answered_at < 33
        assert session.final is None or session.final == 200
    assert scene.record("end").facts["cause"] == "no ACK"


@pytest.mark.peer("sipp")
def test_of_a_killed_daemon_nothing_is_left_half_open_and_its_calls_are_interrupted(fresh: Rig) -> None:
    fresh.start(t1_ms=20)
    with Carriers(fresh) as carriers:
        talks = carriers.place(STANDS, 5)
        carriers.loop.until(lambda: all(talk.is_set_up for talk in talks), "five calls stand")
        until(lambda: len(fresh.box.journal("answer")) == 5, "their answers are on disk")
        fresh.box.end(signal.SIGKILL)
        fresh.box.start()
        assert fresh.box.causes() == ["interrupted"] * 5
        first, second, third, *others = talks
        before = len(third.caller.seen)
        third.caller.world.send(third.caller, _ack(third))
        first.caller_says("INVITE")
        second.caller_hangs_up()
        for talk in others:
            talk.callee_hangs_up()
        heard = (first.caller, "INVITE"), (second.caller, "BYE"), *((talk.callee, "BYE") for talk in others)
        for party, method in heard:
            assert party is not None
            carriers.loop.until(partial(_is_unknown, party, method), method)
        carriers.loop.run(0.1)
        assert len(third.caller.seen) == before
        told = fresh.box.statistics()
        assert (told["calls"], told["dialogs"]) == (0, 0)
    assert fresh.box.end() == 0
    assert fresh.box.causes() == ["interrupted"] * 5
    assert fresh.box.verify().returncode == 0


def test_a_daemon_told_to_stop_stops_at_once_and_its_calls_are_interrupted(fresh: Rig) -> None:
    # As docs/operating.md has it: it does not drain, so nobody gets a BYE, and the ends of a call find each other
    # without it only by their media.
    fresh.start(t1_ms=20)
    with Carriers(fresh) as carriers:
        talks = carriers.place(STANDS, 20)
        carriers.loop.until(lambda: all(talk.is_set_up for talk in talks), "twenty calls stand")
        assert fresh.box.end() == 0
        carriers.loop.run(0.1)
        assert not any(talk.caller.requests("BYE") for talk in talks)
    assert fresh.box.causes() == []
    fresh.box.start()
    assert fresh.box.causes() == ["interrupted"] * 20
    assert NATIONAL in fresh.box.log


def _is_unknown(party: Party, method: str) -> bool:
    """Whether its request of that method in the dialog has been answered 481, and nothing else but what came before."""
    found = {wire.status for wire in party.seen if wire.status is not None and wire.method == method}
    return {status for status in found if status > 200} == {481}


def _ack(talk: Talk) -> bytes:
    return talk.caller._in_dialog(talk.session, "ACK", 1, (), b"")
