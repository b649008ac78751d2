"""A network that loses, doubles, reorders and delays."""

from random import Random

import attrs
import pytest

from tests.faults.network import outcome
from tests.world.party import Session
from tests.world.scene import Link, Scene
from tests.world.wire import Wire


@attrs.define(eq=False)
class Echoing(Link):
    """Each datagram comes two to five times."""

    def copies(self) -> list[float]:
        return [self.random.uniform(*self.delay) for _ in range(self.random.randint(2, 5))]


@pytest.mark.parametrize(("loss", "least"), [(0.01, 1.0), (0.05, 1.0), (0.2, 0.99), (0.5, 0.9)])
def test_calls_are_set_up_in_spite_of_loss_and_all_of_them_end(loss: float, least: float) -> None:
    result = outcome(200, seed=1, loss=loss)
    assert result.share >= least, result
    # Of two INVITEs that are lost one by one, one in 128 is lost in all its seven copies, and nobody hears of it.
    assert 200 - 200 * 3 * loss**7 <= result.ends.total() <= 200


@pytest.mark.parametrize("seed", range(8))
def test_what_comes_many_times_happens_once(seed: int) -> None:
    with Scene(seed) as scene:
        scene.link = Echoing(Random(seed), delay=(0.01, 0.2))
        sessions = [scene.caller.invite() for _ in range(5)]
        scene.run(5)
        for session in sessions:
            scene.caller.bye(session)
        scene.run(5)
        assert len({wire.call_id for wire in scene.callee.seen}) == len(scene.callee.sessions) == 5
        for session in sessions:
            answers = [wire for wire in scene.caller.seen if wire.call_id == session.call_id and wire.status == 200]
            assert len({wire.data for wire in answers if wire.method == "INVITE"}) == 1
            assert len({wire.data for wire in answers if wire.method == "BYE"}) == 1
    assert [record.kind for record in scene.records].count("end") == 5


def test_a_200_that_overtakes_the_180_answers_the_call() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(0.1)
        (invite,) = scene.callee.requests("INVITE")
        ringing = scene.callee.response(invite, 180)
        scene.callee.respond(invite, 200, b"v=0\r\n")
        scene.run(0.5)
        scene.deliver(scene.callee, ringing)
        scene.run(0.5)
        assert session.statuses == [100, 200]
        scene.caller.bye(session)


def test_an_ack_that_overtakes_a_200_that_was_sent_again_ends_its_repetition() -> None:
    with Scene() as scene:
        scene.link.delay = (0.4, 0.4)  # the answer is sent again before its ACK is there
        session = scene.caller.invite()
        scene.run(20)
        assert len([wire for wire in scene.caller.seen if wire.status == 200]) == 2
        scene.caller.bye(session)
    assert scene.record("end").facts["cause"] == "BYE"


def test_a_bye_that_overtakes_its_ack_ends_the_call() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        session = scene.caller.invite()
        scene.run(2)
        late = _ack(scene, session)
        scene.caller.bye(session)
        scene.run(1)
        assert scene.callee.sessions[0].is_over
        scene.deliver(scene.caller, late)
        scene.run(1)
        assert scene.caller.responses("BYE")[0].status == 200
    assert scene.record("end").facts["cause"] == "BYE"


def test_a_cancel_that_overtakes_its_invite_is_481_and_the_call_proceeds() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.caller.cancel(session)
        held = scene._events.copy()
        scene._events.clear()
        cancel = scene.caller._requests[session.invite.branch, "CANCEL"]
        scene.deliver(scene.caller, cancel.data)
        scene._events.extend(held)
        scene.run(0.005)
        assert not scene.records
        scene.run(5)
        assert [wire.status for wire in scene.caller.responses("CANCEL")] == [481]
        assert session.final == 200
        scene.caller.bye(session)


@pytest.mark.parametrize("seconds", [1.0, 5.0, 8.0])
def test_a_slow_network_fails_no_call_before_its_timers_do(seconds: float) -> None:
    result = outcome(40, seed=1, delay=(seconds, seconds))
    assert result.share == 1.0
    assert result.ends == {"BYE": 40}


def test_an_answer_after_timer_b_comes_too_late_and_leaves_nothing() -> None:
    # 20 s there and 20 back are more than 64*T1: the caller has had its 408 (RFC 3261 §17.1.1.2), and the callee's
    # repeated 200 finds nobody, until its own 64*T1 are over (§13.3.1.4).
    result = outcome(20, seed=1, delay=(20.0, 20.0))
    assert (result.share, result.ends) == (0.0, {"target: timeout": 20})


def _ack(scene: Scene, session: Session) -> bytes:
    answer = next(wire for wire in scene.caller.seen if wire.status == 200)
    lines = [
        f"ACK {answer.contact} SIP/2.0",
        f"Via: SIP/2.0/UDP {scene.caller.address};branch=z9hG4bKlate",
        "Max-Forwards: 70",
        f"From: {session.local}",
        f"To: {answer.first('to')}",
        f"Call-ID: {session.call_id}",
        "CSeq: 1 ACK",
        "Content-Length: 0",
    ]
    return Wire.read("\r\n".join([*lines, "", ""]).encode()).data
