"""A peer that has gone silent is found out, whatever the call was at, and the call is ended and recorded."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest

from b2bua.call.call import State
from b2bua.call.core import Output
from b2bua.config import Media, Way
from tests.world import anything
from tests.world.scene import CONFIG, Scene
from tests.world.test_session_timers import ANSWER, OFFER, TIMER, agrees, expires, ours, until, world
from tests.world.test_session_timers import config as without_probes
from tests.world.test_session_timers import talking as speaking

PROBED = without_probes(probe_call_seconds=900)
T = 32
"""64*T1, after which a request that nobody answers has failed."""
NO_ANSWER = CONFIG.sip.no_answer_seconds


def probed(**options: Any) -> Scene:
    return world(config=PROBED, **options)


def cause(scene: Scene) -> object:
    return scene.record("end").facts["cause"]


# Probes.


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_side_that_has_died_is_found_out(who: str) -> None:
    scene = probed()
    with speaking(scene) as (near, far):
        sides = [(scene.caller, near), (scene.callee, far)]
        (dead, _), (alive, session) = sides if who == "caller" else sides[::-1]
        dead.is_silent = True
        scene.run(900 + T)
        assert not session.is_over
        scene.run(T + 2)
        assert session.is_over
        assert [wire.cseq for wire in ours(dead, "OPTIONS")] in ([2, 3], [1, 2])
        assert ours(alive, "BYE")[0].first("reason") == 'SIP;cause=408;text="peer gone"'
        assert scene.core.statistics().calls == 0
        near.is_over = True
    assert cause(scene) == "peer gone"
    assert scene.record("end").facts["seconds"] == pytest.approx(900 + 2 * T, abs=2)


def test_a_side_that_answers_every_other_probe_is_there() -> None:
    scene = probed()
    with speaking(scene) as (near, far):
        for _ in range(8):
            scene.callee.answers["OPTIONS"] = None
            until(scene, scene.callee, "OPTIONS", len(ours(scene.callee, "OPTIONS")) + 1)
            scene.run(0.1)
            scene.callee.answers["OPTIONS"] = 200
            scene.run(T + 1)
        assert len(ours(scene.callee, "OPTIONS")) == 16
        assert not near.is_over
        assert not far.is_over


@pytest.mark.parametrize("allow", ["INVITE, ACK, BYE, CANCEL", ""])
@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_side_whose_allow_does_not_name_options_is_not_probed(who: str, allow: str) -> None:
    scene = probed()
    party, asks, says = (
        (scene.caller, [("Allow", allow)], []) if who == "caller" else (scene.callee, [], [("Allow", allow)])
    )
    party.answers["OPTIONS"] = None
    with speaking(scene, asks, says) as (near, far):
        scene.run(7_000)
        assert not ours(party, "OPTIONS")
        assert ours(scene.callee if who == "caller" else scene.caller, "OPTIONS")
        assert not near.is_over
        assert not far.is_over
        (scene.callee if who == "caller" else scene.caller).is_silent = True
        scene.run(900 + 2 * T + 2)  # the other side's probes go on
        assert scene.core.statistics().calls == 0
        near.is_over = True
    assert cause(scene) == "peer gone"


def test_a_side_whose_allow_names_options_is_probed() -> None:
    scene = probed()
    with speaking(scene, says=[("Allow", "INVITE, ACK"), ("Allow", "BYE, OPTIONS")]):
        scene.run(950)
        assert len(ours(scene.callee, "OPTIONS")) == 1


@pytest.mark.parametrize("status", [200, 405, 404, 486, 500, 501, 503, 603])
def test_whatever_is_answered_to_a_probe_is_life(status: int) -> None:
    scene = probed()
    scene.callee.answers["OPTIONS"] = status
    with speaking(scene) as (near, far):
        scene.run(9 * 900 + 10)
        assert len(ours(scene.callee, "OPTIONS")) == len(ours(scene.caller, "OPTIONS")) == 9
        assert not near.is_over
        assert not far.is_over


@pytest.mark.parametrize("status", [408, 481])
def test_a_peer_that_knows_the_call_no_more_ends_it(status: int) -> None:
    scene = probed()
    scene.caller.answers["OPTIONS"] = status
    with speaking(scene) as (near, far):
        scene.run(901)
        assert near.is_over
        assert far.is_over
    assert cause(scene) == "peer gone"


def test_what_is_said_in_the_call_is_life_and_saves_the_probe() -> None:
    scene = probed()
    with speaking(scene) as (near, _):
        for _ in range(5):
            scene.run(600)
            scene.caller.request(near, "INFO")
        assert not ours(scene.caller, "OPTIONS") + ours(scene.callee, "OPTIONS")


def test_only_the_silent_side_is_asked() -> None:
    scene = probed()
    scene.callee.answers["INFO"] = None
    with speaking(scene) as (near, _):
        scene.run(600)
        scene.caller.request(near, "INFO")
        scene.run(310)
        assert not ours(scene.caller, "OPTIONS")
        assert len(ours(scene.callee, "OPTIONS")) == 1


def test_who_has_a_session_timer_is_not_probed() -> None:
    scene = probed()
    agrees(scene.callee, expires(1_800, "uac"))
    with speaking(scene, [TIMER, expires(1_800, "uac")], [expires(1_800, "uac")]):
        scene.run(1_700)
        assert not ours(scene.caller, "OPTIONS") + ours(scene.callee, "OPTIONS")


def test_without_the_setting_nobody_is_probed() -> None:
    scene = world(config=without_probes())
    with speaking(scene):
        scene.run(7_000)
        assert not ours(scene.caller, "OPTIONS") + ours(scene.callee, "OPTIONS")


def test_an_emergency_call_is_not_ended_for_want_of_a_sign_of_life() -> None:
    with probed() as scene:
        session = scene.caller.invite("112")
        scene.run(2)
        scene.callee.is_silent = True
        scene.run(5_000)
        assert not session.is_over
        assert not ours(scene.callee, "OPTIONS")
        scene.caller.bye(session)


@pytest.mark.parametrize("status", [408, 481, None])
def test_an_emergency_call_outlasts_a_refresh_that_finds_nobody(status: int | None) -> None:
    with probed() as scene:
        scene.callee.headers = [expires(600, "uac")]
        scene.callee.answers["INVITE"] = status
        session = scene.caller.invite("112", headers=[TIMER, expires(600, "uac")], body=OFFER)
        scene.run(5_000)
        assert not session.is_over
        assert 1 < len(ours(scene.callee, "INVITE")) <= 12  # it is tried again until the interval ends
        scene.caller.bye(session)
    assert cause(scene) == "BYE"


def test_the_network_may_say_once_that_nobody_is_there() -> None:
    scene = probed()
    with speaking(scene) as (near, _):
        scene.unreachable.add("198.51.100.1")
        scene.run(900)
        scene.unreachable.clear()
        scene.run(T + 2)
        assert len(ours(scene.callee, "OPTIONS")) == 1
        assert not near.is_over
        scene.unreachable.add("198.51.100.1")
        scene.run(900 + T + 2)
        assert near.is_over
    assert cause(scene) == "peer gone"


def test_a_probe_says_nothing_of_the_other_side() -> None:
    scene = probed()
    shown = [("P-Asserted-Identity", "<sip:+442079460000@abroad>"), ("Subject", "secret")]
    with speaking(scene, shown):
        (probe,) = [until(scene, scene.callee, "OPTIONS")]
        assert {name for name, _ in probe.fields} == {
            *("via", "max-forwards", "from", "to", "call-id", "cseq", "content-length"),
        }


# Requests of the peers that find the other side gone: its dialog is over, and so is the call (RFC 3261 §12.2.1.2).


@pytest.mark.parametrize("status", [408, 481])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_408_or_481_within_the_dialog_ends_the_call_on_both_legs(method: str, status: int) -> None:
    for asks in ("caller", "callee"):
        scene = probed()
        with speaking(scene) as (near, far):
            asking, session, gone = (
                (scene.caller, near, scene.callee) if asks == "caller" else (scene.callee, far, scene.caller)
            )
            gone.answers[method] = status
            sent = asking.request(session, method, body=OFFER)
            scene.run(2)
            finals = [wire.status for wire in asking.responses(method) if wire.branch == sent.branch]
            assert finals[-1] == status
            assert near.is_over
            assert far.is_over
        assert cause(scene) == "peer gone"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_request_about_the_session_that_nobody_answers_ends_the_call(method: str) -> None:
    scene = probed()
    scene.callee.answers[method] = None
    with speaking(scene) as (near, far):
        scene.caller.request(near, method, body=OFFER)
        scene.run(T + 2)
        assert near.is_over
        assert far.is_over
    assert cause(scene) == "peer gone"


@pytest.mark.parametrize("status", [400, 403, 404, 480, 488, 491, 500, 503, 603])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_any_other_refusal_leaves_the_call_as_it_was(method: str, status: int) -> None:
    scene = probed()
    scene.callee.answers[method] = status
    with speaking(scene) as (near, _):
        scene.caller.request(near, method, body=OFFER)
        scene.run(2)
        assert not near.is_over


@pytest.mark.parametrize("method", ["INFO", "MESSAGE", "NOTIFY", "REFER", "OPTIONS", "BREW"])
def test_other_methods_speak_of_other_things(method: str) -> None:
    scene = probed()
    scene.callee.answers[method] = 481
    with speaking(scene) as (near, _):
        scene.caller.request(near, method)
        scene.run(2)
        assert not near.is_over


def test_a_481_before_the_answer_is_for_the_invite_to_decide() -> None:
    with probed() as scene:
        scene.callee.script = [(0.05, 183, ANSWER), (2.0, 200, ANSWER)]
        scene.callee.answers["UPDATE"] = 481
        session = scene.caller.invite(body=OFFER)
        scene.run(0.5)
        scene.caller.request(session, "UPDATE", body=OFFER)
        scene.run(5)
        assert session.final == 200
        scene.caller.request(session, "INFO")
        scene.run(2_000)
        assert not session.is_over
        scene.caller.bye(session)


def test_a_re_invite_that_its_side_takes_back_ends_nothing() -> None:
    scene = probed()
    scene.callee.answers["INVITE"] = 183
    scene.callee.heeds_cancel = False
    with speaking(scene) as (near, _):
        sent = scene.caller.request(near, "INVITE", body=OFFER)
        scene.run(0.5)
        first, near.invite = near.invite, sent
        scene.caller.cancel(near)
        near.invite = first
        scene.run(T + 5)
        assert not near.is_over


# Every state of a call has an end (docs/operating.md).


class Watched(Scene):
    """A scene in which no call may ever wait for nothing: it has a deadline, or a transaction that has one."""

    def _perform(self, outputs: Sequence[Output]) -> None:
        super()._perform(outputs)
        for held in self.core._calls.values():
            entries = [self.core.layer._table.get(key) for key in held.clients.values()]
            ends = [entry.machine.deadline() for entry in entries if entry is not None]
            assert any(at is not None for at in (held.call.deadline(), *ends)), f"{held.call} waits for nothing"


def silence(scene: Scene) -> None:
    scene.caller.is_silent = scene.callee.is_silent = True


def asking(scene: Scene) -> None:
    scene.answers = {"+32470123456": None}
    scene.caller.invite(caller="<sip:+32470123456@abroad>")
    scene.run(0.1)


def engaging(scene: Scene) -> None:
    scene.core.context.ways.media = Media(way=Way.RTPENGINE)
    scene.scribe.quick = NO_ANSWER + T
    scene.caller.invite(body=OFFER)
    scene.run(0.1)


def calling(scene: Scene) -> None:
    scene.callee.script = []
    scene.caller.invite()
    scene.run(0.5)


def ringing(scene: Scene) -> None:
    scene.callee.script = [(0.05, 180, b"")]
    scene.caller.invite()
    scene.run(0.5)


def cancelling_unheard(scene: Scene) -> None:
    calling(scene)
    scene.caller.cancel(scene.caller.sessions[0])
    scene.run(0.2)


def cancelling_ringing(scene: Scene) -> None:
    scene.callee.heeds_cancel = False
    ringing(scene)
    scene.caller.cancel(scene.caller.sessions[0])
    scene.run(0.2)


def answered(scene: Scene) -> None:
    scene.caller.invite(body=OFFER)
    scene.run(2)


def unacknowledged(scene: Scene) -> None:
    scene.caller.acks = False
    answered(scene)


def offering_late(scene: Scene) -> None:
    scene.caller.acks = False
    scene.caller.invite(body=b"")
    scene.run(2)


def parting(scene: Scene) -> None:
    unacknowledged(scene)
    scene.callee.bye(scene.callee.sessions[0])
    scene.run(0.2)


def re_inviting(scene: Scene) -> None:
    answered(scene)
    scene.callee.answers["INVITE"] = None
    scene.caller.request(scene.caller.sessions[0], "INVITE", body=OFFER)
    scene.run(0.2)


def re_inviting_ringing(scene: Scene) -> None:
    answered(scene)
    scene.callee.answers["INVITE"] = 183
    scene.caller.request(scene.caller.sessions[0], "INVITE", body=OFFER)
    scene.run(0.2)


def re_inviting_late(scene: Scene) -> None:
    answered(scene)
    scene.caller.acks = False
    scene.caller.request(scene.caller.sessions[0], "INVITE")
    scene.run(0.2)


def informing(scene: Scene) -> None:
    answered(scene)
    scene.callee.answers["INFO"] = None
    scene.caller.request(scene.caller.sessions[0], "INFO")
    scene.run(0.2)


def refreshed_by_them(scene: Scene) -> None:
    scene.callee.headers = [expires(1_800, "uas")]
    scene.caller.invite(headers=[TIMER, expires(1_800, "uac")], body=OFFER)
    scene.run(2)


def refreshed_by_us(scene: Scene) -> None:
    scene.callee.headers = [expires(1_800, "uac")]
    scene.caller.invite(headers=[TIMER, expires(1_800, "uas")], body=OFFER)
    scene.run(2)


def refreshing(scene: Scene) -> None:
    refreshed_by_us(scene)
    scene.callee.answers["INVITE"] = 183
    until(scene, scene.callee, "INVITE")
    scene.run(0.2)


#: How a call gets into each place where it can wait, the state it is in then, and how long it may stay at most.
PLACES: list[tuple[Callable[[Scene], None], State, float]] = [
    (asking, State.ASKING, 2 + T),
    (engaging, State.ENGAGING, NO_ANSWER),
    (calling, State.CALLING, T),
    (ringing, State.CALLING, NO_ANSWER + T),
    (cancelling_unheard, State.CANCELLING, T),
    (cancelling_ringing, State.CANCELLING, T),
    (answered, State.ANSWERED, 900 + 2 * T),
    (unacknowledged, State.ANSWERED, T),
    (offering_late, State.ANSWERED, T),
    (parting, State.PARTING, T),
    (re_inviting, State.ANSWERED, T),
    (re_inviting_ringing, State.ANSWERED, 900 + 2 * T),
    (re_inviting_late, State.ANSWERED, T),
    (informing, State.ANSWERED, 900 + 2 * T),
    (refreshed_by_them, State.ANSWERED, 1_800 - 32),
    (refreshed_by_us, State.ANSWERED, 1_000 + T),
    (refreshing, State.ANSWERED, 900 - 32),
]


@pytest.mark.parametrize(("place", "state", "bound"), PLACES)
def test_a_call_whose_peers_both_fall_silent_is_gone_in_time(
    place: Callable[[Scene], None], state: State, bound: float
) -> None:
    scene = Watched(config=PROBED)
    scene.callee.script = [(0.05, 180, b""), (0.5, 200, ANSWER)]
    scene.caller.body, scene.callee.body = OFFER, ANSWER
    with scene:
        place(scene)
        (held,) = scene.core._calls.values()
        assert held.call.state is state
        silence(scene)
        scene.run(bound + 1)
        assert scene.core.statistics().calls == 0, f"{held.call} is still there"
        assert len([record for record in scene.records if record.kind == "end"]) == 1
        scene.run(T + 5)
        assert scene.core.statistics().transactions == 0


def test_a_cancel_that_waits_for_the_first_word_may_take_64_t1_twice() -> None:
    with Watched(config=PROBED) as scene:
        calling(scene)
        scene.caller.cancel(scene.caller.sessions[0])
        scene.run(30)
        scene.callee.heeds_cancel = False
        scene.callee.respond(scene.callee.requests("INVITE")[0], 180)
        scene.run(T - 1)
        assert scene.core.statistics().calls == 1
        scene.run(2)
        assert scene.core.statistics().calls == 0
    assert cause(scene) == "cancelled"


def test_a_caller_is_told_500_of_a_target_that_is_not_there_and_408_of_a_silent_one() -> None:
    with Scene() as scene:
        scene.unreachable.add("198.51.100.1")
        gone = scene.caller.invite()
        scene.run(1)
        scene.unreachable.clear()
        scene.callee.is_silent = True
        silent = scene.caller.invite()
        scene.run(T + 1)
        assert (gone.final, silent.final) == (500, 408)


def test_every_state_is_among_the_places_where_a_call_can_wait() -> None:
    assert {state for _, state, _ in PLACES} == set(State) - {State.ENDED}


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_no_call_ever_waits_for_nothing(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything happens, with session timers and probes short enough to take part."""
    short = attrs.evolve(CONFIG.sip, session_seconds=90, probe_call_seconds=30)
    monkeypatch.setattr(anything, "CONFIG", attrs.evolve(CONFIG, sip=short))
    for seed in range(first, first + 50):
        anything.play(seed, Watched)
