"""Two layers over a link that Hypothesis drives: datagrams get lost, doubled and overtaken, connections break.

Each rule is one input of one side; what is under way is delivered only when a rule says so, in any order over UDP
and in order over TCP. Time moves only by a rule. The laws are those a user builds on, and they hold after every step.
"""

import random

import attrs
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sipstack.effects import Answered, Cancelled, Dropped, Ended, Failed, Incoming, Key, Send, Unreachable
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import parse, response_to
from sipstack.message import request as build
from sipstack.timing import Timing
from sipstack.transaction import ClientInvite, TransactionLayer
from tests.sipstack.transaction.parties import theirs

HERE, THERE = "192.0.2.1", "192.0.2.2"
LIMIT = 12
SIDES = st.sampled_from([HERE, THERE])
QUIET = 64 * Timing().t1


@attrs.define
class Ours:
    """What a user knows about a request it sent."""

    method: str
    way: str
    finals: list[int] = attrs.field(factory=list)
    failed: int = 0
    ended: int = 0


@attrs.define
class Theirs:
    """What a user knows about a request it was given."""

    incoming: Incoming
    answered: bool = False
    cancelled: int = 0
    failed: int = 0
    ended: int = 0


@attrs.define
class Side:
    """One layer and its user's book about every key it was ever given."""

    layer: TransactionLayer
    sent: dict[Key, Ours] = attrs.field(factory=dict)
    got: dict[Key, Theirs] = attrs.field(factory=dict)


class TwoLayers(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed):
        self.ids = Ids(random.Random(seed).randbytes)
        self.now = 0.0
        self.sides = {name: Side(TransactionLayer(Timing(), self.ids, LIMIT)) for name in (HERE, THERE)}
        self.datagrams, self.streams, self.strangers = [], [], 0

    # What users do.

    @rule(
        name=SIDES,
        method=st.sampled_from(["INVITE", "INVITE", "OPTIONS"]),
        way=st.sampled_from(["UDP", "TCP", "either"]),
        calm=st.booleans(),
    )
    def request(self, name, method, way, calm):
        """`either`: too large for a datagram, with a stream beside it."""
        fields = [
            ("Via", f"SIP/2.0/{'TCP' if way == 'TCP' else 'UDP'} {name};branch={self.ids.branch()};rport"),
            ("From", f"<sip:a@{name}>;tag={self.ids.tag()}"),
            ("To", "<sip:b@b>"),
            ("Call-ID", self.ids.call_id()),
            ("CSeq", f"1 {method}"),
        ]
        made = build(method, "sip:b@b", fields, b"x" * 1400 if way == "either" else b"")
        side = self.sides[name]
        flow = self.flow(name, "TCP" if way == "TCP" else "UDP")
        stream = self.flow(name, "TCP") if way == "either" else None
        key, effects = side.layer.request(made, flow, self.now, stream)
        side.sent[key] = Ours(method, way)
        self.perform(name, effects)
        self.arrive(calm)

    @precondition(lambda self: any(side.got for side in self.sides.values()))
    @rule(which=st.integers(0, 99), status=st.sampled_from([100, 180, 180, 200, 404, 486]), calm=st.booleans())
    def respond(self, which, status, calm):
        """Mostly to the latest requests, and now and then too late."""
        asked = [(name, key) for name, side in self.sides.items() for key in side.got if "stranger" not in key]
        if asked:
            self.answer(*asked[-1 - which % len(asked)], status)
        self.arrive(calm)

    @rule(which=st.integers(0, 99), calm=st.booleans())
    def cancel(self, which, calm):
        invites = [(name, key) for name, side in self.sides.items() for key in side.sent if " INVITE " in key]
        if invites:
            name, key = invites[-1 - which % len(invites)]
            self.perform(name, self.sides[name].layer.cancel(key, self.now))
        self.arrive(calm)

    # What the network does.

    @precondition(lambda self: self.datagrams)
    @rule(which=st.integers(0, 99), fate=st.sampled_from(["deliver", "double", "lose"]))
    def datagram(self, which, fate):
        at = which % len(self.datagrams)
        name, data = self.datagrams[at] if fate == "double" else self.datagrams.pop(at)
        if fate != "lose":
            self.deliver(name, "UDP", data)

    @precondition(lambda self: self.streams)
    @rule()
    def segment(self):
        self.deliver(*self.streams.pop(0))

    def arrive(self, calm):
        """When the network is calm all that is under way arrives, and what is said to it."""
        for _ in range(20 * calm):
            if self.datagrams:
                self.datagram(0, "deliver")
            if self.streams:
                self.segment()

    @rule(name=SIDES, trouble=st.sampled_from(["break", "refuse", b"\r\n\r\n", b"INVITE b SIP/2.0\r\n\r\n"]))
    def trouble(self, name, trouble):
        if trouble == "break":
            self.streams.clear()
            for side in self.sides:
                self.fail(side, "TCP")
        elif trouble == "refuse":
            self.fail(name, "UDP")
        else:
            self.deliver(name, "UDP", trouble)

    @precondition(lambda self: not self.strangers)
    @rule(name=SIDES)
    def flood(self, name):
        """More requests from strangers than there is room for."""
        layer = self.sides[name].layer
        for _ in range(2 * LIMIT):
            self.strangers += 1
            method, inside = ("INVITE", "OPTIONS")[self.strangers % 2], self.strangers % 3 == 0
            via = f"SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKstranger{self.strangers}"
            to = "<sip:b@b>;tag=b" if inside else "<sip:b@b>"
            data = theirs(method, via=via, to=to, cseq=self.strangers, call_id=f"stranger{self.strangers}")
            before = len(layer)
            stranger = Flow("s", (f"198.51.100.{self.strangers % 200}", 5060))
            self.perform(name, layer.receive(data, stranger, self.now))
            assert len(layer) <= max(before, LIMIT + LIMIT // 4)

    # What the clock does.

    @rule(seconds=st.sampled_from([None, None, None, 0.05, 3.0, 40.0]))
    def wait(self, seconds):
        """Until something is due, or for a while, perhaps too long: a process may be paused."""
        due = [at for side in self.sides.values() if (at := side.layer.deadline()) is not None]
        self.now = max(self.now, min(due, default=self.now)) if seconds is None else self.now + seconds
        for name in self.sides:
            self.tick(name)

    # The laws.

    @invariant()
    def the_deadline_is_exact(self):
        for side in getattr(self, "sides", {}).values():
            waits = [at for entry in side.layer._table if (at := entry.machine.deadline()) is not None]
            assert side.layer.deadline() == min(waits, default=None)
            assert side.layer.tick(min([self.now, *waits]) - 1.0) == []

    @invariant()
    def every_index_is_bounded_by_the_transactions(self):
        for side in getattr(self, "sides", {}).values():
            figures, count = side.layer.statistics(), len(side.layer)
            assert figures.flows <= 2 * count
            assert figures.copies <= count
            assert figures.merges <= count

    def teardown(self):
        """The users answer and hang up, the network falls silent: everything ends and nothing is left."""
        if not hasattr(self, "sides"):
            return
        self.datagrams.clear()
        self.streams.clear()
        for name, side in self.sides.items():
            for key in sorted(key for key, asked in side.got.items() if not asked.answered):
                self.answer(name, key, 486)
            for key in sorted(key for key, ours in side.sent.items() if ours.method == "INVITE"):
                self.perform(name, side.layer.cancel(key, self.now))
            self.run_out(name)
        for side in self.sides.values():
            left = attrs.asdict(side.layer.statistics())
            assert {figure: count for figure, count in left.items() if count and figure != "drops"} == {}
            for key, ours in side.sent.items():
                assert ours.ended == 1, key
                assert bool(ours.finals) != bool(ours.failed), "a final answer or a failure, never both, never neither"
            for key, asked in side.got.items():
                assert asked.ended == 1, key

    def run_out(self, name):
        layer, end = self.sides[name].layer, self.now + QUIET
        for _ in range(2000):
            due = layer.deadline()
            if due is None:
                return
            assert due <= end + 1e-6, "64*T1 after the last input"
            self.perform(name, layer.tick(due))
        pytest.fail("the clock never runs out")

    # The workings.

    def flow(self, name, transport):
        return Flow("s", (THERE if name == HERE else HERE, 5060), transport)

    def answer(self, name, key, status):
        side = self.sides[name]
        asked = side.got[key]
        response = response_to(asked.incoming.request, status, to_tag=asked.incoming.to_tag)
        alive = not asked.ended
        effects = side.layer.respond(key, response, self.now)
        if alive and status >= 200:
            asked.answered = True
        assert alive or [type(effect) for effect in effects] == [Dropped]
        self.perform(name, effects)

    def deliver(self, name, transport, data):
        """To `name`, from the other side."""
        effects = self.sides[name].layer.receive(data, self.flow(name, transport), self.now)
        assert len(effects) <= 4
        self.perform(name, effects)

    def fail(self, name, transport):
        self.perform(name, self.sides[name].layer.transport_failed(self.flow(name, transport), self.now))

    def tick(self, name):
        layer = self.sides[name].layer
        effects = layer.tick(self.now)
        repeated = [(send.flow, send.data) for send in effects if isinstance(send, Send)]
        assert len(repeated) == len(set(repeated)), "never a burst"
        for flow, data in repeated:
            assert not flow.reliable or data.startswith(b"SIP/2.0 100 "), "by a stream nothing is sent again"
        self.perform(name, effects)
        due = layer.deadline()
        assert due is None or due > self.now
        assert layer.tick(self.now) == [], "a tick leaves nothing for a second one at the same time"

    def perform(self, name, effects):
        self.check_together(name, effects)
        for effect in effects:
            if isinstance(effect, Send):
                self.carry(name, effect)
            elif not isinstance(effect, Dropped):
                self.note(self.sides[name], effect)

    def check_together(self, name, effects):
        """By a stream nothing comes twice, so nobody lingers to absorb it; only a 2xx to an INVITE comes again."""
        over = {effect.key for effect in effects if isinstance(effect, Ended)}
        for effect in effects:
            if not isinstance(effect, Answered) or effect.response.status < 200:
                continue
            if self.sides[name].sent[effect.key].way == "TCP":
                lingers = effect.response.cseq.method == "INVITE" and effect.response.status < 300
                assert (effect.key in over) is not lingers

    def carry(self, name, send):
        assert not send.data.startswith(b"SIP/2.0 482"), "here no request comes by two ways"
        via = parse(send.data).via
        assert via.transport == send.flow.transport or send.data.startswith(b"SIP/2.0"), "its Via says how it went"
        if send.data.startswith(b"SIP/2.0 200") and b" CANCEL\r\n" in send.data:
            self.check_tag(self.sides[name], parse(send.data))
        other = THERE if name == HERE else HERE
        if send.flow.remote[0] != other:
            return  # to a stranger of the flood
        if send.flow.transport == "TCP":
            self.streams.append((other, "TCP", send.data))
        else:
            self.datagrams.append((other, send.data))

    def check_tag(self, side, answer):
        """What is said to a CANCEL bears the tag of what is said to its INVITE (§9.2)."""
        tags = {
            asked.incoming.to_tag for asked in side.got.values() if asked.incoming.request.call_id == answer.call_id
        }
        assert answer.to.tag in tags

    def note(self, side, effect):
        if isinstance(effect, Incoming):
            if effect.key is not None:
                assert effect.key not in side.got or side.got[effect.key].ended, "a request comes in once"
                assert effect.to_tag
                side.got[effect.key] = Theirs(effect)
            return
        ours, asked = side.sent.get(effect.key), side.got.get(effect.key)
        book = ours or asked
        assert book is not None, "an effect about a key the user was never given"
        assert not book.ended, f"{effect} after the end"
        if isinstance(effect, Ended):
            book.ended += 1
        elif isinstance(effect, Answered):
            self.note_answer(ours, effect.response.status)
        elif isinstance(effect, Failed):
            book.failed += 1
            assert book.failed == 1
            assert ours is None or not ours.finals, "failed after its final answer"
        elif isinstance(effect, Cancelled):
            assert not asked.answered, "taken back after its final answer"
            asked.cancelled += 1
            assert asked.cancelled == 1
        else:
            assert isinstance(effect, Unreachable)
            assert asked is not None

    def note_answer(self, ours, status):
        if status < 200:
            assert not ours.finals
            return
        assert not ours.failed
        assert not ours.finals or (ours.method == "INVITE" and status < 300 and set(ours.finals) <= {200})
        ours.finals.append(status)


TestTwoLayers = TwoLayers.TestCase


def test_the_machine_reaches_what_it_is_about():
    """A search that never gets an answer through would find no bug."""
    world = TwoLayers()
    world.begin(1)
    world.request(HERE, "INVITE", "either", calm=True)
    world.respond(0, 180, calm=True)
    world.cancel(0, calm=False)
    world.segment()
    [ours], [asked] = world.sides[HERE].sent.values(), world.sides[THERE].got.values()
    assert asked.cancelled == 1
    world.respond(0, 486, calm=True)
    assert ours.finals == [486]
    assert not any(isinstance(entry.machine, ClientInvite) for entry in world.sides[HERE].layer._table)
    world.teardown()
