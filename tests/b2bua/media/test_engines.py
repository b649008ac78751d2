"""Which engine is asked, and which when it says nothing: the rules under a clock of the test's own."""

from collections import Counter
from itertools import count
from random import Random

import attrs
import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from b2bua.config import Endpoint, Engine, Rtpengine
from b2bua.media import engines
from b2bua.media.engines import MOST_TRIED, SENDS, Pool, Turn
from b2bua.media.ng import Command, Reply

ONE, TWO, THREE = "192.0.2.1:2223", "192.0.2.2:2223", "192.0.2.3:2223"
PATIENCE, EVERY = 1.0, 5.0
SDP = b"v=0\r\n"


@attrs.define
class Sent:
    engine: str
    cookie: str
    plain: dict[str, object]

    @property
    def verb(self) -> object:
        return self.plain["command"]


@attrs.define(eq=False)
class World:
    """Engines that say what the test has them say."""

    pool: Pool
    now: float = 1_000.0
    sent: list[Sent] = attrs.field(factory=list)
    """Commands without pings."""
    pings: list[Sent] = attrs.field(factory=list)
    deletions: list[Sent] = attrs.field(factory=list)
    replies: list[Reply] = attrs.field(factory=list)
    news: list[str] = attrs.field(factory=list)

    @classmethod
    def of(cls, *weights: int, dice: Random | None = None) -> "World":
        names = [f"192.0.2.{number + 1}:2223" for number in range(len(weights))]
        config = Rtpengine(
            engine=tuple(
                Engine(address=Endpoint.parse(name), weight=weight) for name, weight in zip(names, weights, strict=True)
            ),
            timeout_seconds=PATIENCE,
            ping_seconds=EVERY,
        )
        rolled = (dice or Random(1)).randbytes
        world = cls(Pool.of(config, rolled, 1_000.0))
        world.pass_time(0)
        world.pong()
        return world

    def take(self, turn: Turn) -> None:
        for engine, data in turn.sends:
            cookie, _, text = data.partition(b" ")
            sent = Sent(engine, cookie.decode(), orjson.loads(text))
            (self.pings if sent.verb == "ping" else self.sent).append(sent)
            if sent.verb == "delete":
                self.deletions.append(sent)
        for done, reply in turn.replies:
            done(reply)
        self.news += turn.news

    def ask(self, verb: str = "offer", call: str = "c1", engine: str = "") -> None:
        command = Command(verb=verb, call=call, engine=engine, from_tag="a", sdp=SDP)  # type: ignore[arg-type]
        self.take(self.pool.ask(command, self.replies.append, self.now))

    def say(self, sent: Sent, engine: str = "", **plain: object) -> None:
        said = {"result": "ok", "sdp": "v=0 moved\r\n"} | {key.replace("_", "-"): value for key, value in plain.items()}
        data = sent.cookie.encode() + b" " + orjson.dumps(said)
        self.take(self.pool.heard(engine or sent.engine, data, self.now))

    def pong(self, *engines: str) -> None:
        """All pings and deletions so far are answered, or those of some engines."""
        waiting = [(sent, "pong") for sent in self.pings] + [(sent, "ok") for sent in self.deletions]
        self.pings, self.deletions = [], []
        for sent, result in {sent.cookie: (sent, result) for sent, result in waiting}.values():
            if not engines or sent.engine in engines:
                self.say(sent, result=result)

    def pass_time(self, seconds: float, answering: tuple[str, ...] = ()) -> None:
        """Whatever is due by then happens, pings and deletions of those engines being answered."""
        end = self.now + seconds
        while self.pool.next_at <= end:
            self.now = max(self.now, self.pool.next_at)
            self.take(self.pool.wake(self.now))
            if answering:
                self.pong(*answering)
        self.now = end

    def fall(self, engine: str) -> None:
        """It stops answering, and is known to."""
        others = tuple(name for name in self.pool.engines if name != engine)
        self.pass_time(EVERY + 2 * PATIENCE, answering=others or ("nobody",))
        assert not self.pool.engines[engine].is_up
        self.sent.clear()
        self.news.clear()


def test_an_offer_goes_to_an_engine_and_its_answer_to_who_asked() -> None:
    world = World.of(1)
    world.ask()
    (sent,) = world.sent
    assert (sent.engine, sent.verb, sent.plain["call-id"]) == (ONE, "offer", "c1")
    world.say(sent)
    assert world.replies == [Reply(engine=ONE, sdp=b"v=0 moved\r\n")]
    assert world.pool.open == 0


def test_nobody_is_told_within_the_question() -> None:
    world = World.of(1)
    command = Command(verb="answer", call="c", engine="nobody", from_tag="a")
    turn = world.pool.ask(command, world.replies.append, world.now)
    assert world.replies == []
    assert len(turn.replies) == 1


def test_a_command_is_sent_again_with_the_same_cookie_until_its_time_is_over() -> None:
    world = World.of(1)
    world.ask()
    world.pass_time(PATIENCE * 0.99)
    assert len(world.sent) == SENDS
    assert len({sent.cookie for sent in world.sent}) == 1
    assert world.replies == []
    world.pass_time(PATIENCE * 0.02)
    assert [(reply.is_lost, reply.engine) for reply in world.replies] == [(True, "")]
    assert len(world.sent) == SENDS


def test_a_command_that_was_answered_is_not_sent_again() -> None:
    world = World.of(1)
    world.ask()
    world.say(world.sent[0])
    world.pass_time(PATIENCE * 3, answering=(ONE,))
    assert len(world.sent) == 1


def test_a_second_answer_changes_nothing() -> None:
    world = World.of(1)
    world.ask()
    world.say(world.sent[0])
    world.say(world.sent[0], sdp="v=0 other\r\n")
    assert len(world.replies) == 1
    assert world.pool.engines[ONE].counters["unasked"] == 1


@pytest.mark.parametrize("data", [b"", b"nothing", b'0123 {"result": "ok", "sdp": "v=0"}'])
def test_garbage_and_unknown_cookies_are_dropped_and_counted(data: bytes) -> None:
    world = World.of(1)
    world.ask()
    world.take(world.pool.heard(ONE, data, world.now))
    assert world.replies == []
    assert world.pool.open == 1
    counters = world.pool.engines[ONE].counters
    assert counters["garbage"] + counters["unasked"] == 1


def test_an_engine_cannot_answer_for_another() -> None:
    world = World.of(1, 1)
    world.ask()
    (sent,) = world.sent
    other = TWO if sent.engine == ONE else ONE
    world.say(sent, engine=other)
    assert world.replies == []
    world.say(sent)
    assert world.replies[0].engine == sent.engine


def test_new_calls_are_shared_by_weight() -> None:
    world = World.of(1, 3, dice=Random(7))
    for number in range(1_000):
        world.ask(call=f"c{number}")
    shares = Counter(sent.engine for sent in world.sent)
    assert 650 < shares[TWO] < 850
    assert shares[ONE] + shares[TWO] == 1_000


def test_what_comes_after_goes_to_the_engine_of_the_call() -> None:
    world = World.of(1, 1, 1)
    for number in range(20):
        for verb in ("offer", "answer", "query", "delete"):
            world.ask(verb, f"c{number}", TWO)
    assert {sent.engine for sent in world.sent} == {TWO}


def test_a_new_offer_goes_on_from_a_silent_engine_to_the_next() -> None:
    world = World.of(1, 1)
    world.ask()
    first = world.sent[0].engine
    world.pass_time(PATIENCE * 1.01)
    second = world.sent[-1]
    assert second.engine != first
    assert second.cookie != world.sent[0].cookie
    world.say(second)
    assert world.replies == [Reply(engine=second.engine, sdp=b"v=0 moved\r\n")]


def test_a_command_that_never_arrives_costs_the_other_calls_nothing() -> None:
    world = World.of(1, 1)
    world.ask(call="long")
    for number in range(20):
        world.pass_time(PATIENCE / 5, answering=(ONE, TWO))
        world.ask(call=f"c{number}")
        world.say(world.sent[-1])
    assert all(engine.is_up for engine in world.pool.engines.values())
    assert world.news == []
    assert [reply.is_lost for reply in world.replies].count(True) == 1


def test_an_engine_that_was_only_slow_is_back_with_its_first_ping() -> None:
    world = World.of(1)
    world.ask("answer", engine=ONE)
    world.pass_time(PATIENCE, answering=(ONE,))
    assert world.replies[0].is_lost
    assert [said.rpartition(" ")[2] for said in world.news] == ["silent", "again"]
    assert world.pool.engines[ONE].is_up


def test_a_new_offer_is_tried_with_a_few_engines_and_no_more() -> None:
    world = World.of(*[1] * (MOST_TRIED + 2))
    world.ask()
    world.pass_time(PATIENCE * (MOST_TRIED + 2))
    assert len({sent.engine for sent in world.sent}) == MOST_TRIED
    assert [reply.is_lost for reply in world.replies] == [True]


def test_an_engine_that_lets_a_command_go_by_is_left_alone_until_it_answers_a_ping() -> None:
    world = World.of(1, 1)
    world.ask("answer", engine=ONE)
    world.pass_time(PATIENCE * 1.01, answering=(TWO,))
    assert any(ONE in said and "left alone" in said for said in world.news)
    world.sent.clear()
    for number in range(50):
        world.ask(call=f"d{number}")
    assert {sent.engine for sent in world.sent} == {TWO}
    for sent in world.sent:
        world.say(sent)
    world.pass_time(EVERY * 2, answering=(ONE, TWO))
    assert world.pool.engines[ONE].is_up
    assert any(ONE in said and "again" in said for said in world.news)
    world.sent.clear()
    for number in range(50):
        world.ask(call=f"e{number}")
    assert {sent.engine for sent in world.sent} == {ONE, TWO}


def test_each_engine_is_pinged_at_its_interval() -> None:
    world = World.of(1, 1)
    answered: list[str] = []
    for _ in range(4):
        world.pass_time(EVERY)
        answered += [sent.engine for sent in world.pings]
        world.pong()
    assert Counter(answered) == {ONE: 4, TWO: 4}


def test_one_that_stays_down_is_told_of_once() -> None:
    world = World.of(1)
    world.pass_time(EVERY * 4, answering=("nobody",))
    assert len(world.news) == 1


def test_one_that_is_down_is_pinged_more_often() -> None:
    world = World.of(1)
    world.fall(ONE)
    world.pings.clear()
    world.pass_time(EVERY)
    assert len({sent.cookie for sent in world.pings}) >= 2


def test_a_new_offer_is_lost_at_once_where_no_engine_answers() -> None:
    world = World.of(1)
    world.fall(ONE)
    world.ask()
    assert [(reply.is_lost, reply.error) for reply in world.replies] == [(True, "no engine answers")]
    assert world.sent == []


def test_a_later_offer_begins_anew_on_another_where_its_engine_is_down() -> None:
    world = World.of(1, 1)
    world.fall(ONE)
    world.ask(engine=ONE)
    (sent,) = world.sent
    assert sent.engine == TWO
    world.say(sent)
    assert world.replies[0].engine == TWO


def test_a_later_offer_whose_engine_falls_silent_begins_anew_too() -> None:
    world = World.of(1, 1)
    world.ask(engine=ONE)
    world.pass_time(PATIENCE * 1.01, answering=(TWO,))
    assert [sent.engine for sent in world.sent] == [ONE] * SENDS + [TWO]


@pytest.mark.parametrize("verb", ["answer", "query"])
def test_an_answer_never_goes_to_an_engine_that_has_not_seen_the_offer(verb: str) -> None:
    world = World.of(1, 1)
    world.ask(verb, engine=ONE)
    world.pass_time(PATIENCE * 5, answering=(TWO,))
    assert {sent.engine for sent in world.sent} == {ONE}
    assert world.replies[0].is_lost


def test_a_later_offer_is_tried_with_its_engine_where_all_are_down() -> None:
    world = World.of(1)
    world.fall(ONE)
    world.ask(engine=ONE)
    assert [sent.engine for sent in world.sent] == [ONE]
    world.say(world.sent[0])
    assert world.replies[0].sdp
    assert world.pool.engines[ONE].is_up


def test_an_engine_that_is_full_passes_a_new_offer_on_and_stays_up() -> None:
    world = World.of(1, 1)
    world.ask()
    world.say(world.sent[0], result="load limit")
    assert [sent.engine for sent in world.sent] in ([ONE, TWO], [TWO, ONE])
    assert all(engine.is_up for engine in world.pool.engines.values())
    world.say(world.sent[1], result="load limit")
    assert [(reply.is_lost, reply.error) for reply in world.replies] == [(True, "load limit")]


def test_a_refused_description_is_not_tried_elsewhere() -> None:
    world = World.of(1, 1)
    world.ask()
    world.say(world.sent[0], result="error", error_reason="Failed to parse SDP")
    assert len(world.sent) == 1
    assert [(reply.error, reply.is_lost) for reply in world.replies] == [("Failed to parse SDP", False)]


def test_where_nobody_is_there_offers_go_on_at_once() -> None:
    world = World.of(1, 1)
    world.ask()
    first = world.sent[0].engine
    world.take(world.pool.unreachable(first, world.now))
    assert world.sent[-1].engine != first
    assert not world.pool.engines[first].is_up


def test_where_nobody_is_there_and_nobody_else_either_the_time_is_used() -> None:
    world = World.of(1)
    world.ask()
    world.take(world.pool.unreachable(ONE, world.now))
    assert world.replies == []
    world.pass_time(PATIENCE / 2)
    world.say(world.sent[-1])
    assert world.replies[0].sdp
    assert world.pool.engines[ONE].is_up


def test_an_answer_stays_with_an_engine_where_nobody_is_there() -> None:
    world = World.of(1, 1)
    world.ask("answer", engine=ONE)
    world.take(world.pool.unreachable(ONE, world.now))
    assert {sent.engine for sent in world.sent} == {ONE}
    assert world.replies == []


def deleted(world: World) -> list[tuple[str, object]]:
    return sorted({(sent.engine, sent.plain["call-id"]) for sent in world.sent if sent.verb == "delete"})


def test_what_an_engine_may_hold_of_an_offer_that_went_elsewhere_is_deleted_when_it_is_back() -> None:
    world = World.of(1, 1)
    world.ask()
    first = world.sent[0].engine
    world.pass_time(PATIENCE * 1.01)
    world.say(world.sent[-1])
    world.pass_time(EVERY * 2, answering=(ONE, TWO))
    assert deleted(world) == [(first, "c1")]
    assert len(world.replies) == 1


def test_a_call_that_began_anew_is_deleted_where_it_was() -> None:
    world = World.of(1, 1)
    world.fall(ONE)
    world.ask(engine=ONE)
    world.say(world.sent[0])
    world.pass_time(EVERY * 2, answering=(ONE, TWO))
    assert deleted(world) == [(ONE, "c1")]


def test_a_deletion_that_nobody_heard_is_made_up_for() -> None:
    world = World.of(1)
    world.ask("delete", engine=ONE)
    world.pass_time(PATIENCE * 1.5)
    assert world.replies[0].is_lost
    world.sent.clear()
    world.pass_time(EVERY, answering=(ONE,))
    assert deleted(world) == [(ONE, "c1")]
    world.sent.clear()
    world.pass_time(EVERY * 3, answering=(ONE,))
    assert deleted(world) == []


def test_what_a_refused_offer_has_left_is_deleted() -> None:
    world = World.of(1)
    world.ask()
    world.say(world.sent[0], result="error", error_reason="Error rewriting SDP")
    world.pass_time(EVERY * 1.5, answering=(ONE,))
    assert deleted(world) == [(ONE, "c1")]


def test_a_refused_later_offer_leaves_its_call_where_it_is() -> None:
    world = World.of(1)
    world.ask(engine=ONE)
    world.say(world.sent[0], result="error", error_reason="Failed to parse SDP")
    world.ask(engine=ONE, call="c2")
    world.pass_time(PATIENCE * 1.5)
    world.pass_time(EVERY * 3, answering=(ONE,))
    assert deleted(world) == []


def test_a_call_that_is_offered_again_to_an_engine_is_no_longer_to_be_deleted_there() -> None:
    world = World.of(1)
    world.ask()
    world.pass_time(PATIENCE * 1.5)
    world.take(world.pool.heard(ONE, b"", world.now))
    world.ask(engine=ONE)
    world.say(world.sent[-1])
    world.pass_time(EVERY * 3, answering=(ONE,))
    assert deleted(world) == []


def test_what_is_to_be_deleted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MOST_STRAYS", 3)
    world = World.of(1)
    for number in range(5):
        world.ask("delete", f"c{number}", ONE)
    world.pass_time(PATIENCE * 1.5)
    assert len(world.pool.engines[ONE].strays) == 3


def test_more_commands_than_may_be_open_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MOST_OPEN", 2)
    world = World.of(1)
    for number in range(3):
        world.ask(call=f"c{number}")
    assert len(world.sent) == 2
    assert [reply.is_lost for reply in world.replies] == [True]


def test_a_description_that_is_too_long_is_refused_and_no_engine_blamed() -> None:
    world = World.of(1)
    command = Command(verb="offer", call="c", from_tag="a", sdp=b"v=0" + b"x" * 70_000)
    world.take(world.pool.ask(command, world.replies.append, world.now))
    assert (world.replies[0].is_lost, world.sent) == (False, [])
    assert "too long" in world.replies[0].error


def test_an_engine_that_is_no_longer_configured_takes_nothing_and_later_offers_go_elsewhere() -> None:
    world = World.of(1)
    world.ask("answer", engine="192.0.2.9:2223")
    assert world.replies[0].is_lost
    world.ask("offer", engine="192.0.2.9:2223")
    assert [sent.engine for sent in world.sent] == [ONE]


def test_statistics_say_which_engines_are_up() -> None:
    world = World.of(1, 1)
    world.fall(ONE)
    world.ask(engine=TWO)
    shown = orjson.loads(orjson.dumps(world.pool.statistics()))
    assert {name: one["up"] for name, one in shown["engines"].items()} == {ONE: 0, TWO: 1}
    assert shown["counters"]["offer"] == 1


class Engines(RuleBasedStateMachine):
    """Whatever engines do, each command is told once and in time, and answers come from who was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World.of(1, 2, 1, dice=Random(3))
        self.told: dict[int, list[Reply]] = {}
        self.asked: dict[int, tuple[Command, float]] = {}
        self.numbers = count()

    @rule(
        verb=st.sampled_from(["offer", "answer", "delete", "query"]),
        call=st.sampled_from(["c1", "c2", "c3"]),
        engine=st.sampled_from(["", ONE, TWO, THREE]),
    )
    def ask(self, verb: str, call: str, engine: str) -> None:
        number = next(self.numbers)
        command = Command(verb=verb, call=call, engine=engine, from_tag="a", sdp=SDP)  # type: ignore[arg-type]
        self.told[number] = []
        self.asked[number] = (command, self.world.now)
        self.world.take(self.world.pool.ask(command, self.told[number].append, self.world.now))

    @precondition(lambda self: self.world.sent)
    @rule(data=st.data(), result=st.sampled_from(["ok", "error", "load limit"]), liar=st.booleans())
    def say(self, data: st.DataObject, result: str, liar: bool) -> None:
        sent = data.draw(st.sampled_from(self.world.sent[-20:]))
        before = sum(map(len, self.told.values()))
        others = [name for name in self.world.pool.engines if name != sent.engine]
        self.world.say(sent, engine=others[0] if liar else "", result=result)
        if liar:
            assert sum(map(len, self.told.values())) == before

    @rule(seconds=st.floats(0.0, 3.0), up=st.sets(st.sampled_from([ONE, TWO, THREE])))
    def pass_time(self, seconds: float, up: set[str]) -> None:
        self.world.pass_time(seconds, answering=tuple(up) or ("nobody",))

    @rule(engine=st.sampled_from([ONE, TWO, THREE]))
    def unreachable(self, engine: str) -> None:
        self.world.take(self.world.pool.unreachable(engine, self.world.now))

    @invariant()
    def each_is_told_once_and_in_time(self) -> None:
        for number, (command, since) in self.asked.items():
            replies = self.told[number]
            assert len(replies) <= 1
            if self.world.now > since + PATIENCE * MOST_TRIED + 0.001:
                assert replies, command
            for reply in replies:
                assert bool(reply.error) or reply.engine
                if command.verb != "offer" and reply.engine:
                    assert reply.engine == command.engine

    @invariant()
    def only_an_offer_leaves_its_engine(self) -> None:
        for sent in self.world.sent:
            assert sent.verb in {"offer", "answer", "delete", "query"}

    def teardown(self) -> None:
        self.world.pass_time(PATIENCE * (MOST_TRIED + 1), answering=(ONE, TWO, THREE))
        assert all(len(replies) == 1 for replies in self.told.values())
        self.world.pass_time(EVERY * 10, answering=("nobody",))
        assert all(not engine.is_up for engine in self.world.pool.engines.values())
        assert len(self.world.pool._due) <= 2 * len(self.world.pool.engines)


TestEngines = Engines.TestCase
TestEngines.settings = settings(stateful_step_count=30, deadline=None)
