"""OPTIONS to the targets of a trunk: what takes one down, what brings it back, and where the calls go meanwhile."""

from collections.abc import Sequence
from typing import Any, Self

import attrs
import pytest

from b2bua.call.core import Output
from b2bua.call.probing import Probing
from b2bua.config import Config, Endpoint, Peer, Probe, Target
from b2bua.trunk import Trunks
from sipstack.effects import Send
from tests.world.laws import Laws
from tests.world.party import Party
from tests.world.scene import ABROAD, CONFIG, HOME, HOME_SOCKET, SPARE, Scene
from tests.world.wire import Wire

INTERVAL, PATIENCE = 30.0, 5.0


def probed(**keys: Any) -> Config:
    """Two targets at home, the spare one first, both probed."""
    abroad, home = CONFIG.trunk
    home = attrs.evolve(
        home,
        peers=(*home.peers, Peer.parse("198.51.100.2")),
        targets=(Target(address=Endpoint.parse(SPARE)), Target(address=Endpoint.parse(HOME))),
        probe=Probe(interval_seconds=INTERVAL, timeout_seconds=PATIENCE, **keys),
    )
    return attrs.evolve(CONFIG, trunk=(abroad, home))


def is_probe(data: bytes) -> bool:
    wire = Wire.read(data)
    return wire.status is None and wire.method == "OPTIONS" and not wire.to_tag


@attrs.define(eq=False)
class CallLaws(Laws):
    """The laws are those of calls."""

    def did(self, outputs: Sequence[Output]) -> None:
        Laws.did(self, [output for output in outputs if not (isinstance(output, Send) and is_probe(output.data))])


@attrs.define(eq=False)
class Carrier(Party):
    """A party that answers OPTIONS as it is told: each probe with the next of `moods`, the last one for ever after."""

    moods: list[int | None] = attrs.field(factory=lambda: [200])
    """Status, or None for silence."""
    tries: int | None = None
    """A provisional response that it sends first."""
    late: float = 0.0
    """Seconds that an answer takes."""
    asked: list[Wire] = attrs.field(factory=list)
    """The probes that came, copies left out."""

    def _in_session(self, wire: Wire) -> None:
        if wire.method != "OPTIONS" or wire.to_tag:
            Party._in_session(self, wire)
            return
        self.asked.append(wire)
        mood = self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]
        if self.tries is not None:
            self.respond(wire, self.tries)
        if mood is not None:
            self.world.after(self.late, lambda: self.respond(wire, mood))


@attrs.define(eq=False)
class ProbedScene(Scene):
    """A scene whose peers at home say how they answer probes; at its end its trunks go, and the probes with them."""

    callee: Carrier = attrs.field(init=False)
    spare: Carrier = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        Scene.__attrs_post_init__(self)
        self.laws = CallLaws()
        self.callee = Carrier("callee", HOME, HOME_SOCKET, self)
        self.spare = Carrier("spare", SPARE, HOME_SOCKET, self)

    @classmethod
    def of(cls, **keys: Any) -> Self:
        return cls(config=probed(**keys))

    def settle(self) -> None:
        self.core.probing = Probing.of(Trunks(()), self.core.context.ids)
        Scene.settle(self)

    @property
    def states(self) -> tuple[str, str]:
        """Of the spare target and of the other one."""
        states = self.core.statistics().targets["home"]
        return states[SPARE], states[HOME]

    @property
    def told(self) -> list[str]:
        return [alarm.name for alarm in self.alarms]

    def forgive(self) -> None:
        """No failed call is held against a target any more, so that the next one begins with the first."""
        context = self.core.context
        for target in context.trunks.by_name["home"].targets.drawn(lambda _: 0):
            context.failures.forget(target)

    def call(self, number: str = "+3293330000") -> tuple[int | None, list[str]]:
        """A call of five seconds: its final answer in that time, and who has heard of it."""
        before = {party.name: len(party.requests("INVITE")) for party in (self.spare, self.callee)}
        session = self.caller.invite(number)
        self.run(5)
        heard = [
            party.name for party in (self.spare, self.callee) if len(party.requests("INVITE")) > before[party.name]
        ]
        if session.final == 200:
            self.caller.bye(session)
            self.run(1)
        return session.final, heard


def rounds(count: int) -> float:
    """Seconds in which so many probes of a target have surely failed or been answered, and not one more is sent."""
    return (count - 1) * INTERVAL * 1.1 + PATIENCE + 0.1


def test_a_target_that_falls_silent_is_down_after_so_many_probes_and_calls_begin_with_the_other_at_once() -> None:
    with ProbedScene.of(down_after=3) as scene:
        scene.run(60)
        assert scene.states == ("up", "up")
        assert scene.call() == (200, ["spare"])
        scene.spare.is_silent = True
        scene.run(rounds(4))
        assert scene.states == ("down", "up")
        assert scene.call() == (200, ["callee"])
        assert scene.told == ["target down"]
        (alarm,) = scene.alarms
        assert alarm.text == "trunk home: 198.51.100.2:5060: 3 probes in a row failed, the last one by: no response"


def test_fewer_failures_take_nothing_down_and_calls_go_where_they_went() -> None:
    with ProbedScene.of(down_after=3) as scene:
        scene.spare.moods = [None, None, 200]
        scene.run(rounds(3))
        assert scene.states == ("up", "up")
        assert scene.call() == (200, ["spare"])
        assert not scene.alarms


@pytest.mark.parametrize("failure", [None, 503, 408])
def test_flapping_changes_no_state_in_either_direction(failure: int | None) -> None:
    with ProbedScene.of(down_after=2, up_after=2) as scene:
        scene.spare.moods = [200, failure] * 40 + [200]
        scene.run(60 * INTERVAL)
        assert len(scene.spare.asked) > 50
        assert not scene.alarms
    with ProbedScene.of(down_after=2, up_after=2) as scene:
        scene.spare.moods = [failure, failure, *([200, failure] * 40)]
        scene.run(60 * INTERVAL)
        assert scene.states == ("down", "up")
        assert scene.told == ["target down"]


def test_it_is_up_again_after_so_many_answers_in_a_row_and_calls_begin_there_again() -> None:
    with ProbedScene.of(down_after=2, up_after=3) as scene:
        scene.spare.moods = [None]
        scene.run(rounds(2))
        assert scene.states == ("down", "up")
        scene.spare.moods = [200]
        heard = len(scene.spare.asked)
        while scene.states[0] == "down":
            assert scene.call()[1] == ["callee"]
            scene.run(0.5)
        assert len(scene.spare.asked) - heard == 3
        assert scene.call() == (200, ["spare"])
        assert scene.told == ["target down", "target up"]
        assert scene.alarms[-1].text == "trunk home: 198.51.100.2:5060: 3 probes in a row were answered"


@pytest.mark.parametrize("status", [200, 301, 400, 401, 404, 405, 407, 420, 480, 481, 483, 486, 500, 501, 504, 603])
def test_whatever_it_answers_somebody_is_there(status: int) -> None:
    with ProbedScene.of(down_after=1) as scene:
        scene.spare.moods = [status]
        scene.run(rounds(2))
        assert scene.states == ("up", "up")


@pytest.mark.parametrize("status", [408, 503])
def test_what_says_that_it_takes_no_calls_counts_as_a_failure(status: int) -> None:
    with ProbedScene.of(down_after=2) as scene:
        scene.spare.moods = [status]
        scene.run(rounds(2))
        assert scene.states == ("down", "up")
        assert scene.alarms[0].text.endswith(f"the last one by: {status}")
        assert scene.call() == (200, ["callee"])


def test_a_provisional_response_is_no_answer() -> None:
    with ProbedScene.of(down_after=1) as scene:
        scene.spare.tries, scene.spare.moods = 100, [None]
        scene.run(PATIENCE - 0.1)
        assert scene.states == ("unknown", "up")
        scene.run(0.2)
        assert scene.states == ("down", "up")


def test_a_network_that_says_nobody_is_there_need_not_be_waited_for() -> None:
    with ProbedScene.of(down_after=1) as scene:
        scene.unreachable.add("198.51.100.2")
        scene.run(0.1)
        assert scene.states == ("down", "up")
        assert scene.alarms[0].text.endswith("the last one by: transport")


def test_an_answer_that_comes_too_late_counts_no_more() -> None:
    with ProbedScene.of(down_after=2) as scene:
        scene.spare.late = PATIENCE + 0.5
        scene.run(rounds(2) + 2 * PATIENCE)
        assert scene.states == ("down", "up")
        assert scene.told == ["target down"]


def test_a_lost_datagram_is_sent_again_and_is_no_failure() -> None:
    for seed in range(4):
        with ProbedScene(config=probed(down_after=2), seed=seed) as scene:
            scene.link.loss = 0.2
            scene.run(40 * INTERVAL)
            assert scene.states == ("up", "up")
            scene.link.loss = 0.0


def test_when_all_are_down_calls_are_tried_all_the_same() -> None:
    with ProbedScene.of(down_after=1) as scene:
        scene.spare.moods = scene.callee.moods = [None]
        scene.run(PATIENCE + 0.1)
        assert scene.states == ("down", "down")
        assert scene.call() == (200, ["spare"])
        scene.spare.script = [(0.01, 503, b"")]
        assert scene.call() == (200, ["spare", "callee"])
        assert scene.call("112") == (200, ["spare", "callee"])


def test_an_emergency_call_goes_to_a_target_that_is_down_when_no_other_takes_it() -> None:
    with ProbedScene.of(down_after=1) as scene:
        scene.spare.moods = [None]
        scene.run(PATIENCE + 0.1)
        scene.callee.script = [(0.01, 503, b"")]
        assert scene.call() == (500, ["callee"])
        assert scene.call("112") == (200, ["spare", "callee"])


def test_what_is_under_way_goes_on_though_its_target_is_taken_for_down() -> None:
    with ProbedScene.of(down_after=1) as scene:
        session = scene.caller.invite()
        scene.run(3)
        scene.spare.moods = [None]
        scene.run(rounds(2))
        assert scene.states == ("down", "up")
        scene.caller.request(session, "INFO")
        scene.run(1)
        scene.caller.bye(session)
        scene.run(1)
        assert [len(scene.spare.requests(method)) for method in ("INFO", "BYE")] == [1, 1]
        assert scene.spare.sessions[0].is_over
        assert not scene.callee.sessions


def test_a_call_that_gets_no_answer_hastens_the_next_probe_and_is_none() -> None:
    with ProbedScene.of(down_after=2) as scene:
        scene.run(6)
        asked = len(scene.spare.asked)
        scene.unreachable.add("198.51.100.2")
        for _ in range(5):
            scene.forgive()
            assert scene.call()[0] == 200
        # Five calls failed there in 30 seconds: two probes, the pause between them kept, and not five failures.
        assert scene.states == ("down", "up")
        assert len(scene.spare.asked) == asked
        assert scene.told.count("target down") == 1
        first = scene.alarms.index(next(alarm for alarm in scene.alarms if alarm.name == "target down"))
        assert scene.told[:first] == ["target", "target"]


def test_calls_alone_take_no_target_away() -> None:
    with ProbedScene.of(down_after=2) as scene:
        scene.run(6)
        scene.spare.script = []
        for _ in range(4):
            scene.forgive()
            session = scene.caller.invite()
            scene.run(40)
            assert session.final == 200
            scene.caller.bye(session)
        assert scene.states == ("up", "up")
        assert scene.told == ["target"] * 4


def test_a_probe_is_a_request_of_its_own_that_shows_nothing() -> None:
    with ProbedScene.of() as scene:
        scene.caller.invite(headers=[("P-Asserted-Identity", "<sip:+442079460000@abroad>")])
        scene.run(rounds(4))
        probes = scene.spare.asked
        assert len(probes) == 4
        for seen in ("call_id", "branch", "from_tag"):
            assert len({getattr(wire, seen) for wire in probes}) == 4
        for wire in probes:
            assert wire.start == f"OPTIONS sip:{SPARE} SIP/2.0"
            assert wire.first("from") == f"<sip:{HOME_SOCKET}>;tag={wire.from_tag}"
            names = [name for name, _ in wire.fields]
            assert names == ["via", "max-forwards", "from", "to", "call-id", "cseq", "accept", "content-length"]
            assert wire.first("max-forwards") == "70"
            assert ABROAD.partition(":")[0].encode() not in wire.data


def test_from_one_probe_to_the_next_it_is_the_interval_give_or_take_a_tenth() -> None:
    with ProbedScene.of(down_interval_seconds=10.0, down_after=1) as scene:
        scene.callee.moods = [None]
        pauses: dict[str, list[float]] = {"spare": [], "callee": []}
        for party in (scene.spare, scene.callee):
            last, count = None, 0
            for _ in range(2_000):
                scene.run(0.25)
                if len(party.asked) > count:
                    count = len(party.asked)
                    pauses[party.name] += [] if last is None else [scene.now - last]
                    last = scene.now
    for name, interval in (("spare", INTERVAL), ("callee", 10.0)):
        assert len(pauses[name]) > 10
        assert all(0.9 * interval - 0.25 <= pause <= 1.1 * interval + 0.25 for pause in pauses[name])
        assert max(pauses[name]) - min(pauses[name]) > 0.05 * interval


def test_nobody_is_asked_who_is_not_to_be_asked() -> None:
    with Scene() as scene:
        assert scene.core.deadline() is None
        scene.run(3_600)
        assert not scene.callee.seen
        assert scene.core.statistics().targets == {}
    with ProbedScene.of() as probed:
        probed.run(100)
        assert probed.spare.asked
        assert not probed.caller.seen


def test_twenty_four_hours_of_probes_leave_nothing_behind() -> None:
    with ProbedScene.of() as scene:
        scene.spare.moods = [None]
        sizes = set()
        for _ in range(24):
            scene.run(3_600)
            left = scene.core.layer.statistics()
            tables = (left.clients, left.flows, left.copies, left.merges, len(scene.core.probing._under_way))
            assert left.clients <= 4, left
            assert left.deadlines <= 64
            assert scene.core.context.failures.size == 0
            sizes.add(tables)
            for party in (scene.spare, scene.callee):
                party.seen.clear()
            scene.steps.clear()
        assert len(sizes) < 10
        assert len(scene.callee.asked) > 24 * 100
        assert scene.told == ["target down"]
