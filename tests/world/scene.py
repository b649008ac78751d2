"""A gateway between two peers in virtual time: the smallest world in which a whole call happens.

    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(10)
        scene.caller.bye(session)

The core is given datagrams and moments, and what comes back is carried out: sends go over a link that loses, doubles,
delays and so reorders by seed; questions are answered from `answers`; records and alarms are kept. `Laws` looks on at
every step. Leaving the block lets the peers fall silent and waits until all that was promised is over: then nothing may
be left, and the invariants of `tests/trace` must hold of all that crossed the gateway's sockets. Whatever fails in the
block is told together with a ladder diagram.
"""

import datetime
import heapq
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import attrs

from b2bua.app import core_of
from b2bua.call import Alarm, Ask, Carry, Core, Engage, Moment, Record
from b2bua.call.core import Output
from b2bua.config import Config, Way, load
from policy.roaming import Answer, Roaming
from sipstack.effects import Drop, Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from tests.trace.invariants import check, g12_nothing_is_left
from tests.trace.reading import Packet
from tests.trace.trace import Times, Trace
from tests.world.carriers import Scribe, Wires
from tests.world.laws import Laws
from tests.world.party import Party
from tests.world.wire import Wire

CONFIG: Config = load(Path(__file__).with_name("world.toml"))
EPOCH = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
STEPS = 20_000
"""Inputs after which a scene is thought to run in a circle."""
ABROAD, HOME, SPARE = "192.0.2.1:5060", "198.51.100.1:5060", "198.51.100.2:5060"
#: Alarms about an answer that the scene itself gives, kept apart from those that nobody has asked for.
EXPECTED = frozenset({"roaming-failed"})
ABROAD_SOCKET, HOME_SOCKET = "192.0.2.10:5060", "198.51.100.10:5060"
#: Where media is relayed.
OURS = ("192.0.2.10", "198.51.100.10")


@attrs.define(eq=False)
class Link:
    """The network: what happens to one datagram."""

    random: Random
    loss: float = 0.0
    doubled: float = 0.0
    delay: tuple[float, float] = (0.01, 0.01)
    """Shortest and longest, seconds; datagrams overtake each other when these differ."""

    def copies(self) -> list[float]:
        """The delay of each copy that arrives."""
        count = 0 if self.random.random() < self.loss else 2 if self.random.random() < self.doubled else 1
        return [self.random.uniform(*self.delay) for _ in range(count)]


@attrs.frozen
class Step:
    """One arrow of the ladder."""

    at: float
    source: str
    target: str
    what: str
    is_lost: bool = attrs.field(default=False, kw_only=True)


@attrs.define(eq=False)
class Scene:
    """One core and two parties. The caller speaks from abroad, unless `from_home`."""

    seed: int = 0
    from_home: bool = attrs.field(default=False, kw_only=True)
    config: Config = attrs.field(default=CONFIG, kw_only=True, repr=False)
    answers: Mapping[str, Roaming | None] = attrs.field(factory=dict, kw_only=True)
    """What the holder says of a mobile number: None is nothing, and of no other number anybody knows."""
    thinking: float = attrs.field(default=0.0, kw_only=True)
    """Seconds an answer takes; 0: it is there before anything else happens."""
    is_traced: bool = attrs.field(default=True, kw_only=True)
    """Whether its trace is looked at: not where the gateway is its own peer, and each side shows the other."""
    unreachable: set[str] = attrs.field(factory=set, kw_only=True)
    """Hosts of which the network says that nobody is there."""
    now: float = attrs.field(default=1_000.0, init=False)
    link: Link = attrs.field(init=False)
    core: Core = attrs.field(init=False)
    caller: Party = attrs.field(init=False)
    callee: Party = attrs.field(init=False)
    spare: Party = attrs.field(init=False)
    """Another party at home, which only some configurations name."""
    laws: Laws = attrs.field(factory=Laws, init=False)
    wires: Wires = attrs.field(factory=Wires, init=False)
    scribe: Scribe = attrs.field(init=False)
    alarms: list[Alarm] = attrs.field(factory=list, init=False)
    expected: list[Alarm] = attrs.field(factory=list, init=False)
    """Alarms that only say what the scene itself has set up."""
    asked: list[Ask] = attrs.field(factory=list, init=False)
    steps: list[Step] = attrs.field(factory=list, init=False, repr=False)
    packets: list[Packet] = attrs.field(factory=list, init=False, repr=False)
    """All that came to the gateway and left it."""
    _refused: set[str] = attrs.field(factory=set, init=False, repr=False)
    """Peers of which the network has said that nobody was there."""
    _events: list[tuple[float, int, Callable[[], None]]] = attrs.field(factory=list, init=False, repr=False)
    _serial: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        random = Random(self.seed)
        self.link = Link(random)
        self.scribe = Scribe(Random(self.seed + 2))
        self.laws.waits = self.config.media.way is Way.RTPENGINE
        self.core = core_of(self.config, Ids(Random(self.seed + 1).randbytes))
        abroad, home = (ABROAD, ABROAD_SOCKET), (HOME, HOME_SOCKET)
        near, far = (home, abroad) if self.from_home else (abroad, home)
        self.caller = Party("caller", *near, self, "+3225551212" if self.from_home else "+33612345678")
        self.callee = Party("callee", *far, self)
        self.spare = Party("spare", SPARE, HOME_SOCKET, self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is not None:
            error.add_note(self.ladder())
            return
        try:
            self.settle()
        except BaseException as late:
            late.add_note(self.ladder())
            raise

    # What parties ask of their world.

    def send(self, party: Party, data: bytes) -> None:
        """Puts a party's datagram on the link."""
        self._cross(party.name, "gateway", data, partial(self._deliver, party, data))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Does it later."""
        self._serial += 1
        heapq.heappush(self._events, (self.now + seconds, self._serial, action))

    # What a test asks of it.

    @property
    def records(self) -> list[Record]:
        return self.laws.records

    def record(self, kind: str) -> Record:
        """The only line of that kind."""
        (found,) = [record for record in self.records if record.kind == kind]
        return found

    def deliver(self, party: Party, data: bytes) -> list[Output]:
        """A datagram of that party comes in at once, whatever the link."""
        host, _, port = party.address.rpartition(":")
        before = self._strays()
        self.packets.append(Packet(self.now, False, party.gateway, peer=party.address, data=data))
        outputs = self.core.receive(data, Flow(party.gateway, (host, int(port))), self.moment)
        if data.strip():
            self.laws.saw(Wire.read(data), is_stray=self._strays() > before)
        self._perform(outputs)
        return outputs

    def run(self, seconds: float) -> None:
        """Lets that much time pass."""
        end, steps = self.now + seconds, 0
        while (at := self._next()) is not None and at <= end:
            self.now = max(self.now, at)
            steps += 1
            assert steps < STEPS, "the scene runs in a circle"
            if self._events and self._events[0][0] <= at:
                heapq.heappop(self._events)[2]()
                continue
            self._perform(self.core.tick(self.moment))
            due = self.core.deadline()
            assert due is None or due > self.now, f"a tick at {self.now} leaves a deadline of {due}"
        self.now = end

    def settle(self) -> None:
        """The peers fall silent; when every timer and limit is over, nothing may be left."""
        self.run(10)
        self.caller.is_silent = self.callee.is_silent = self.spare.is_silent = True
        sip = self.core.context
        self.run(2 * 64 * sip.timing.t1 + sip.no_answer + sip.longest + sip.timing.t4 + sip.timing.t2)
        self.laws.finish()
        core = self.core
        left = core.statistics()
        counts = {"calls": left.calls, "transactions": left.transactions, "dialogs": left.dialogs}
        names = ("_calls", "_servers", "_clients", "_dialogs", "_forks", "_farewells", "_heap")
        counts |= {name: len(getattr(core, name)) for name in names}
        counts |= {"lingering": len(core._lingering), "channels": len(self.wires.channels)}
        counts |= {"ports": sum(ports.lent for ports in core.context.ways.ports), "engaged": len(self.scribe.calls)}
        counts |= {"deadlines": core.layer.statistics().deadlines, "due": int(core.deadline() is not None)}
        g12_nothing_is_left(dict.fromkeys(counts, 0), counts)
        if self.is_traced:
            check(self.trace)

    @property
    def trace(self) -> Trace:
        """All that crossed the gateway's sockets so far."""
        timing = self.core.context.timing
        ours = [(socket, socket) for socket in (ABROAD_SOCKET, HOME_SOCKET)]
        times = Times(timing.t1, timing.t2, timing.t4)
        way = self.core.context.ways.media.way
        relays = {Way.PASSTHROUGH: (), Way.RTPENGINE: (self.scribe.host,)}.get(way, OURS)
        return Trace.of(self.packets, times=times, refused=self._refused, ours=ours, relays=relays)

    @property
    def moment(self) -> Moment:
        """Now, on both clocks."""
        return Moment(self.now, EPOCH + datetime.timedelta(seconds=self.now))

    def ladder(self, last: int = 80) -> str:
        """The latest messages as arrows between the three."""
        lines = [f"{'seconds':>9}  {'caller':^8}{'gateway':^64}{'callee':^8}"]
        for step in self.steps[-last:]:
            clock = f"{step.at - 1_000:9.3f}  "
            if "gateway" not in (step.source, step.target):
                lines.append(clock + f"    |{step.what:^31.31}*{'':31}|")
                continue
            ahead = step.target == "gateway" if "caller" in (step.source, step.target) else step.source == "gateway"
            line = step.what[:27].center(28, "-")
            arrow = f"{line} x " if step.is_lost and ahead else f" x {line}" if step.is_lost else f"{line}->"
            arrow = arrow if ahead or step.is_lost else f"<-{line}"
            gap = " " * 31
            lines.append(
                clock
                + (f"    |{arrow:31}|{gap}|" if "caller" in (step.source, step.target) else f"    |{gap}|{arrow:31}|")
            )
        return "\n".join(lines)

    # How it goes on.

    def _next(self) -> float | None:
        due = self.core.deadline()
        first = self._events[0][0] if self._events else None
        return min((at for at in (due, first) if at is not None), default=None)

    def _perform(self, outputs: Sequence[Output]) -> None:
        self.laws.did(outputs)
        self.wires.heed([order for output in outputs if isinstance(output, Carry) for order in output.orders])
        for output in outputs:
            match output:
                case Send(flow=flow, data=data):
                    peer = f"{flow.remote[0]}:{flow.remote[1]}"
                    self.packets.append(Packet(self.now, True, flow.socket, peer=peer, data=data))
                    if flow.remote[0] in self.unreachable:
                        self._note("unreachable", flow.remote[0])
                        self._refused.add(peer)
                        self.after(0.01, partial(self._refuse, flow))
                        continue
                    party = self._party(flow)
                    self._cross("gateway", party.name, data, partial(party.receive, data))
                case Record(kind=kind):
                    self._note(kind, output.facts.get("verdict") or output.facts.get("cause") or "")
                case Alarm():
                    (self.expected if output.name in EXPECTED else self.alarms).append(output)
                    self._note("alarm", output.name)
                case Carry():
                    self._note("carry", len(output.orders))
                case Engage():
                    self._note("engage", output.command.verb)
                    self._engage(output)
                case Ask():
                    self.asked.append(output)
                    self._note("ask", ", ".join(output.questions.numbers))
                    self._ask(output)

    def _deliver(self, party: Party, data: bytes) -> None:
        self.deliver(party, data)

    def _ask(self, ask: Ask) -> None:
        said = {number: self.answers.get(number, Roaming.UNKNOWN_SUBSCRIBER) for number in ask.questions.numbers}
        answers = {number: Answer(outcome, "scene") for number, outcome in said.items() if outcome is not None}
        if not answers:
            return
        if self.thinking:
            self.after(self.thinking, lambda: self._perform(self.core.answered(ask.call, answers, self.moment)))
        else:
            self._perform(self.core.answered(ask.call, answers, self.moment))

    def _engage(self, engage: Engage) -> None:
        reply = self.scribe.heed(engage.command)
        took = self.scribe.random.uniform(self.scribe.quick, max(self.scribe.quick, self.scribe.slow))
        self.after(took, lambda: self._perform(self.core.engaged(engage.call, engage.command, reply, self.moment)))

    def _party(self, flow: Flow) -> Party:
        parties = (self.caller, self.callee, self.spare)
        found = [party for party in parties if flow.remote == (party.address.rpartition(":")[0], 5060)]
        assert found, f"nobody is at {flow}"
        assert found[0].gateway == flow.socket
        return found[0]

    def _refuse(self, flow: Flow) -> None:
        self._perform(self.core.transport_failed(flow, self.moment))

    def _cross(self, source: str, target: str, data: bytes, arrive: Callable[[], None]) -> None:
        delays = self.link.copies()
        wire = Wire.read(data)
        what = wire.start.split(" SIP/")[0] if wire.status is None else f"{wire.status} ({wire.first('cseq')})"
        self.steps.append(Step(self.now, source, target, what, is_lost=not delays))
        for delay in delays:
            self.after(delay, arrive)

    def _note(self, kind: str, what: object) -> None:
        self.steps.append(Step(self.now, kind, kind, f"{kind} {what}"))

    def _strays(self) -> int:
        return dict(self.core.layer.statistics().drops).get(Drop.STRAY_RESPONSE, 0)
