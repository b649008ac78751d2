"""A call that is saved, thrown away and restored goes on as if nothing had been, whatever the moment.

In another core, where its transactions are not, it goes on as well, or comes to its end; it is never stuck.
"""

from random import Random

import attrs
import orjson
import pytest

from b2bua.app import core_of
from b2bua.errors import SnapshotError
from sipstack.ids import Ids
from tests.world import anything
from tests.world.forgetful import Forgetful
from tests.world.party import Fields, Session
from tests.world.scene import Link, Scene
from tests.world.test_session_timers import (
    ANSWER,
    OFFER,
    TIMER,
    UPDATES,
    agrees,
    answer_to,
    config,
    expires,
    ours,
    until,
    world,
)
from tests.world.wire import Wire


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_a_call_restored_at_every_step_ends_as_it_would_have(first: int) -> None:
    for seed in range(first, first + 20):
        plain, restored = (anything.play(seed, kind) for kind in (Scene, Forgetful))
        assert restored.steps == plain.steps, seed
        assert [record.facts for record in restored.records] == [record.facts for record in plain.records]


def test_an_answered_call_goes_on_in_another_core_when_the_first_is_gone() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(60)
        moved(scene)
        scene.caller.request(session, "INFO")
        scene.run(1)
        scene.caller.bye(session)
        scene.run(1)
    assert [wire.status for wire in scene.caller.responses("INFO")] == [200]
    assert scene.callee.sessions[0].is_over
    assert scene.record("end").facts["cause"] == "BYE"


def moved(scene: Scene) -> None:
    """The core is gone; another, which knows nothing, takes its call up. What goes out again keeps to no schedule."""
    scene.is_traced = False
    ((name, _),) = scene.core._calls.items()
    saved = orjson.dumps(scene.core.put_down(name, scene.moment))
    scene.core = core_of(scene.config, Ids(Random(99).randbytes))
    scene._perform(scene.core.take_up(orjson.loads(saved), scene.moment))


def limits(scene: Scene) -> list[int]:
    trunks = scene.core.context.trunks.by_name
    return [trunks["abroad"].inward.held, trunks["home"].outward.held]


def test_a_call_that_rings_elsewhere_can_be_answered() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b""), (20, 200, b"v=0\r\n")]
        session = scene.caller.invite()
        scene.run(1)
        moved(scene)
        assert limits(scene) == [1, 1]
        scene.run(30)
        assert session.statuses == [100, 180, 200]
        assert scene.callee.sessions[0].acked == {1}
        scene.caller.bye(session)
    assert len(scene.callee.sessions) == 1
    assert scene.record("end").facts["cause"] == "BYE"


@pytest.mark.parametrize("script", [[], [(0.05, 100, b"")], [(0.05, 180, b"")]])
def test_a_call_that_rings_elsewhere_for_too_long_ends_on_both_sides(script: list[tuple[float, int, bytes]]) -> None:
    with Scene() as scene:
        scene.callee.script = script
        session = scene.caller.invite()
        scene.run(1)
        moved(scene)
        scene.run(250)
        assert session.final == 408
        assert len(scene.callee.requests("CANCEL")) == len(script)
        assert (scene.core.statistics().calls, limits(scene)) == (0, [0, 0])
    assert scene.record("end").facts["cause"] == ("no answer" if script else "target: timeout")


def test_a_call_that_rings_elsewhere_can_be_taken_back() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        session = scene.caller.invite()
        scene.run(1)
        scene.callee.is_silent = True
        moved(scene)
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(0.1)
        scene.callee.is_silent = False
        scene.run(5)
        assert session.final == 487
        (cancelled,) = scene.caller.responses("CANCEL")
        assert (cancelled.status, cancelled.to_tag) == (200, scene.caller.responses()[-1].to_tag)
        assert len(scene.callee.requests("CANCEL")) == 1
        assert scene.core.statistics().calls == 0


def test_a_call_that_is_being_cancelled_elsewhere_is_cancelled_and_a_late_200_hung_up() -> None:
    with Scene() as scene:
        scene.callee.script, scene.callee.heeds_cancel = [(0.05, 180, b""), (3, 200, b"v=0\r\n")], False
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(0.5)
        moved(scene)
        scene.run(40)
        assert scene.callee.sessions[0].is_over
        assert scene.core.statistics().calls == 0
    assert scene.record("end").facts["cause"] == "cancelled"


def test_a_cancel_that_was_lost_elsewhere_goes_out_again() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        session = scene.caller.invite()
        scene.run(1)
        scene.callee.is_silent = True
        scene.caller.cancel(session)
        scene.run(0.1)
        moved(scene)
        scene.callee.is_silent = False
        scene.run(1)
        assert scene.callee.said(scene.callee.sessions[0]) == 487
        assert scene.core.statistics().calls == 0


def test_a_question_that_nobody_will_answer_any_more_has_failed() -> None:
    with Scene(answers={"+32470123456": None}) as scene:
        session = scene.caller.invite(caller="<sip:+32470123456@abroad>")
        scene.run(1)
        moved(scene)
        scene.run(5)
        assert session.final is not None
        if session.final == 200:
            scene.caller.bye(session)


def test_a_2xx_that_was_lost_elsewhere_goes_out_again_and_a_cancel_comes_too_late_for_it() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.is_silent = True
        scene.run(0.2)
        assert scene.record("answer")
        moved(scene)
        scene.caller.is_silent = False
        scene.caller.cancel(session)
        scene.run(5)
        assert session.statuses == [100, 180, 200]
        assert not session.is_over
        assert limits(scene) == [1, 1]
        scene.caller.bye(session)
    assert scene.record("end").facts["cause"] == "BYE"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO"])
@pytest.mark.parametrize("status", [200, 488, None])
def test_a_request_under_way_elsewhere_gets_its_answer(method: str, status: int | None) -> None:
    with world() as scene:
        session = scene.caller.invite(body=OFFER)
        scene.run(2)
        scene.callee.answers[method] = None
        sent = scene.caller.request(session, method, body=OFFER)
        scene.run(0.2)
        (crossed,) = ours(scene.callee, method)
        moved(scene)
        if status is not None:
            scene.callee.respond(crossed, status, ANSWER if status == 200 and method == "INVITE" else b"")
        scene.run(40)
        assert ours(scene.callee, method) == [crossed]
        assert answer_to(scene.caller, sent).status == (status or (408 if method == "INVITE" else 504))
        if method == "INFO" or status is not None:
            assert not session.is_over
            assert [wire.status for wire in asked(scene, session, "INVITE")] == [200]
            scene.caller.bye(session)
        assert status != 200 or method != "INVITE" or crossed.cseq in scene.callee.sessions[0].acked


def asked(scene: Scene, session: Session, method: str) -> list[Wire]:
    """The final responses to a request that the caller sends now, and the callee accepts."""
    scene.callee.answers[method] = 200
    sent = scene.caller.request(session, method, body=OFFER)
    scene.run(1)
    return [answer_to(scene.caller, sent)]


def test_a_re_invite_that_was_taken_back_elsewhere_is_taken_back_again() -> None:
    with world() as scene:
        session = scene.caller.invite(body=OFFER)
        scene.run(2)
        scene.callee.answers["INVITE"], scene.callee.heeds_cancel = 183, False
        sent = scene.caller.request(session, "INVITE", body=OFFER)
        scene.run(0.2)
        scene.caller.cancel(attrs.evolve(session, invite=sent))
        scene.run(0.2)
        moved(scene)
        scene.run(40)
        assert answer_to(scene.caller, sent).status == 487
        assert [wire.status for wire in asked(scene, session, "INVITE")] == [200]
        scene.caller.bye(session)


@pytest.mark.parametrize("allow", [(), (UPDATES,)])
def test_a_refresh_under_way_elsewhere_is_made_anew(allow: Fields) -> None:
    with world() as scene:
        method = "UPDATE" if allow else "INVITE"
        scene.callee.headers = [TIMER, *allow, expires(1_800, "uac")]
        session = scene.caller.invite(body=OFFER)
        scene.run(2)
        scene.callee.answers[method] = None
        refresh = until(scene, scene.callee, method)
        moved(scene)
        scene.callee.answers = {}
        agrees(scene.callee, expires(1_800, "uac"))
        if method == "INVITE":
            scene.callee.respond(refresh, 200, ANSWER, [expires(1_800, "uac")])
        scene.run(5_000)
        assert not session.is_over
        assert refresh.cseq in scene.callee.sessions[0].acked or method == "UPDATE"
        scene.caller.bye(session)


def test_a_refresh_that_was_taken_back_elsewhere_does_not_keep_the_others_out() -> None:
    with world() as scene:
        scene.callee.headers = [TIMER, expires(1_800, "uac")]
        session = scene.caller.invite(body=OFFER)
        scene.run(2)
        scene.callee.answers["INVITE"] = 183
        until(scene, scene.callee, "INVITE")
        scene.run(1)
        scene.link.loss = 1.0  # the CANCEL does not arrive
        scene.run(scene.core.context.no_answer)
        scene.link.loss = 0.0
        moved(scene)
        scene.run(5)
        assert len(scene.callee.requests("CANCEL")) == 1
        assert [wire.status for wire in asked(scene, session, "INVITE")] == [200]
        scene.caller.bye(session)


def test_a_probe_under_way_elsewhere_is_made_anew() -> None:
    with world(config=config(probe_call_seconds=900)) as scene:
        session = scene.caller.invite(body=OFFER)
        scene.run(2)
        scene.callee.answers["OPTIONS"] = None
        until(scene, scene.callee, "OPTIONS")
        scene.callee.answers = {}
        moved(scene)
        scene.run(5_000)
        assert not session.is_over
        scene.caller.bye(session)


@pytest.mark.parametrize("seed", range(40))
def test_no_call_is_stuck_in_another_core_whatever_it_was_at(seed: int) -> None:
    """Anything happens, and somewhere in the middle of it the core is lost: each call has one end, nothing is left."""
    scene = anything.scene(seed, Scene)
    scene.link = Link(Random(seed))  # a copy of what has been refused already would be a new call to another core
    anything.happenings(scene, Random(-seed - 1))
    scene.run(0.3 + seed % 8)
    taken = [scene.core.put_down(name, scene.moment) for name in tuple(scene.core._calls)]
    scene.core = core_of(scene.config, Ids(Random(99).randbytes))
    for saved in orjson.loads(orjson.dumps(taken)):
        scene._perform(scene.core.take_up(saved, scene.moment))
    scene.is_traced = False
    with scene:
        scene.run(5)


def test_a_call_that_was_taken_up_counts_where_it_counted_and_leaves_its_place() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        ((name, _),) = scene.core._calls.items()
        saved = scene.core.put_down(name, scene.moment)
        assert limits(scene) == [0, 0]
        assert scene.core.take_up(saved, scene.moment) == []
        assert limits(scene) == [1, 1]
        scene.caller.bye(session)
    assert limits(scene) == [0, 0]


@pytest.mark.parametrize("saved", [{}, {"call": {}}, [], None])
def test_what_no_core_has_put_down_is_refused_by_one_error(saved: object) -> None:
    scene = Scene()
    with pytest.raises(SnapshotError):
        scene.core.take_up(saved, scene.moment)
    assert scene.core.statistics().calls == 0


def test_no_call_can_be_put_down_that_is_not_there() -> None:
    scene = Scene()
    with pytest.raises(KeyError):
        scene.core.put_down("nobody", scene.moment)
