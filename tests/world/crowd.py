"""Many calls through one gateway in virtual time, each between two parties of its own that are forgotten with it.

    crowd = Crowd(seed, loss=0.2)
    for at in range(1_000):
        crowd.after(at, lambda: crowd.place(NORMAL))
    crowd.run(1_000)
    crowd.settle()

A `Scene` remembers all that was said, which is what a ladder needs; here nothing is kept beyond the life of a call, so
that what the gateway keeps can be measured over a day.
"""

import datetime
import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

import attrs

from b2bua.app import core_of
from b2bua.call import Alarm, Ask, Core, Moment, Record
from b2bua.call.core import Output
from b2bua.config import Config
from policy.roaming import Answer, Roaming
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from tests.world.party import Fields, Party, Session, World
from tests.world.scene import ABROAD, ABROAD_SOCKET, CONFIG, EPOCH, HOME, HOME_SOCKET, Link
from tests.world.wire import Wire

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
FAREWELL = 300.0
"""Seconds beyond a call's longest duration after which no message of it can be under way: a cancelled INVITE, the BYE
after it and their copies take less than 4 * 64*T1."""

Doing = Callable[["Talk"], object]


@attrs.frozen(kw_only=True)
class Plan:
    """How a call goes: what the callee answers, and what either does so many seconds after the INVITE."""

    name: str
    script: Sequence[tuple[float, int, bytes]] = ((0.05, 180, b""), (1.0, 200, SDP))
    doings: Sequence[tuple[float, Doing]] = ()
    headers: Fields = ()
    caller: str | None = None
    """The value of From; None: an honest number of the side it calls from."""
    acks: bool = True


@attrs.define(eq=False, kw_only=True)
class Talk:
    """One call with its two parties."""

    plan: Plan
    number: str
    """The number called."""
    caller: Party
    session: Session
    callee: Party | None = None
    """Once its INVITE has come."""

    @property
    def is_set_up(self) -> bool:
        """Whether both have what they need to speak: the caller its 200, the callee its ACK."""
        heard = self.callee is not None and any(theirs.acked for theirs in self.callee.sessions)
        return heard and self.session.final == 200

    def caller_says(self, method: str, headers: Fields = ()) -> None:
        """A request of the caller in its dialog, when it has one."""
        if "tag=" in self.session.remote and not self.session.is_over:
            self.caller.request(self.session, method, headers, SDP if method in ("INVITE", "UPDATE") else b"")

    def callee_says(self, method: str, headers: Fields = ()) -> None:
        """A request of the callee in its dialog, when it has one."""
        for theirs in self.callee.sessions if self.callee else ():
            if theirs.acked and not theirs.is_over and self.callee is not None:
                self.callee.request(theirs, method, headers, SDP if method in ("INVITE", "UPDATE") else b"")

    def caller_hangs_up(self) -> None:
        """A BYE of the caller, when it has an answer to hang up."""
        if self.session.final == 200 and not self.session.is_over:
            self.caller.bye(self.session)

    def callee_hangs_up(self) -> None:
        """A BYE of the callee, when it has had its ACK."""
        for theirs in self.callee.sessions if self.callee else ():
            if theirs.acked and not theirs.is_over and self.callee is not None:
                self.callee.bye(theirs)

    def caller_cancels(self) -> None:
        """A CANCEL, as long as there is no final response."""
        if self.session.final is None:
            self.caller.cancel(self.session)

    def caller_dies(self) -> None:
        """The caller says and hears nothing any more."""
        self.caller.is_silent = True

    def callee_dies(self) -> None:
        """The callee says and hears nothing any more."""
        if self.callee is not None:
            self.callee.is_silent = True


@attrs.define(eq=False)
class Talks:
    """The calls of the moment with their parties; whoever is called is told by the number, and later by the Call-ID."""

    world: World = attrs.field(repr=False)
    abroad: tuple[str, str] = (ABROAD, ABROAD_SOCKET)
    """Address of all who are abroad, and of the gateway as they know it."""
    home: tuple[str, str] = (HOME, HOME_SOCKET)
    now: dict[str, Talk] = attrs.field(factory=dict, init=False, repr=False)
    """Those of the moment, by called number."""
    placed: Counter[str] = attrs.field(factory=Counter, init=False)
    """How many there have been, by plan."""
    set_up: Counter[str] = attrs.field(factory=Counter, init=False)
    """How many of those that are forgotten were set up."""
    _parties: dict[str, Party] = attrs.field(factory=dict, init=False, repr=False)
    """By Call-ID."""

    def place(self, plan: Plan, *, from_home: bool = False) -> Talk:
        """A new call; returns when its INVITE has left."""
        serial = sum(self.placed.values())
        self.placed[plan.name] += 1
        number = f"+33{serial:09d}" if from_home else f"+329{serial % 10_000_000:07d}"
        own = "+3225551212" if from_home else "+33612345678"
        caller = Party(f"a{serial}", *(self.home if from_home else self.abroad), self.world, own)
        caller.acks = plan.acks
        session = caller.invite(number, plan.caller, plan.headers, body=SDP)
        talk = Talk(plan=plan, number=number, caller=caller, session=session)
        self.now[number] = talk
        self._parties[session.call_id] = caller
        for seconds, doing in plan.doings:
            self.world.after(seconds, partial(doing, talk))
        return talk

    def find(self, data: bytes) -> Party | None:
        """Whom a datagram of the gateway is for; None for nobody who is still there."""
        wire = Wire.read(data)
        return self._parties.get(wire.call_id) or self._called(wire)

    def forget(self, talk: Talk) -> None:
        """It must be over."""
        del self.now[talk.number]
        self.set_up[talk.plan.name] += talk.is_set_up
        for party in (talk.caller, talk.callee):
            for session in party.sessions if party else ():
                self._parties.pop(session.call_id, None)

    def _called(self, wire: Wire) -> Party | None:
        """The party of an INVITE that opens a call."""
        talk = self.now.get(wire.start.partition("sip:")[2].partition("@")[0])
        if talk is None or talk.callee is not None or wire.method != "INVITE" or wire.status is not None:
            return None
        side = self.abroad if talk.caller.gateway == self.home[1] else self.home
        talk.callee = Party(f"b{talk.caller.name[1:]}", *side, self.world)
        talk.callee.script = list(talk.plan.script)
        talk.callee.body = SDP
        self._parties[wire.call_id] = talk.callee
        return talk.callee


@attrs.define(eq=False)
class Crowd:
    """One gateway and whoever calls."""

    seed: int = 0
    loss: float = attrs.field(default=0.0, kw_only=True)
    config: Config = attrs.field(default=CONFIG, kw_only=True, repr=False)
    now: float = attrs.field(default=1_000.0, init=False)
    random: Random = attrs.field(init=False, repr=False)
    link: Link = attrs.field(init=False)
    core: Core = attrs.field(init=False)
    talks: Talks = attrs.field(init=False)
    ends: Counter[str] = attrs.field(factory=Counter, init=False)
    """End records by cause."""
    alarms: Counter[str] = attrs.field(factory=Counter, init=False)
    datagrams: Counter[str] = attrs.field(factory=Counter, init=False)
    """That came `in`, left `out`, and left for `nobody`: for a party that is gone."""
    _open: dict[str, Counter[str]] = attrs.field(factory=dict, init=False, repr=False)
    """Kinds of records of each call without its end."""
    _events: list[tuple[float, int, Callable[[], object]]] = attrs.field(factory=list, init=False, repr=False)
    _serial: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.random = Random(self.seed)
        self.link = Link(self.random, self.loss)
        self.core = core_of(self.config, Ids(Random(self.seed + 1).randbytes))
        self.talks = Talks(self)

    # What parties ask of their world.

    def send(self, party: Party, data: bytes) -> None:
        """Puts a party's datagram on the link."""
        for delay in self.link.copies():
            self.after(delay, partial(self._deliver, party, data))

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Does it later."""
        self._serial += 1
        heapq.heappush(self._events, (self.now + seconds, self._serial, action))

    # What a test asks of it.

    def place(self, plan: Plan, *, from_home: bool = False) -> Talk:
        """A new call, forgotten when it must be over."""
        talk = self.talks.place(plan, from_home=from_home)
        self.after(self.core.context.longest + FAREWELL, partial(self.talks.forget, talk))
        return talk

    def run(self, seconds: float) -> None:
        """Lets that much time pass."""
        end = self.now + seconds
        while (at := self._next()) is not None and at <= end:
            self.now = max(self.now, at)
            if self._events and self._events[0][0] <= at:
                heapq.heappop(self._events)[2]()
            else:
                self._perform(self.core.tick(self.moment))
                due = self.core.deadline()
                assert due is None or due > self.now, f"a tick at {self.now} leaves a deadline of {due}"
        self.now = end

    def settle(self) -> None:
        """Nobody calls any more; when all is over nothing may be left, and each call has its one end."""
        self.run(self.core.context.longest + 2 * FAREWELL)
        assert self.tables() == dict.fromkeys(self.tables(), 0), f"left over: {self.tables()}"
        assert not self._open, f"calls without an end: {self._open}"
        assert not self.talks.now
        assert not self.datagrams["nobody"], "messages to parties that are long gone"

    def tables(self) -> dict[str, int]:
        """The sizes of all that the core holds by call or transaction, its own tables by their names."""
        core, layer = self.core, self.core.layer.statistics()
        held = core.statistics()
        fields = {field.name: getattr(core, field.name) for field in attrs.fields(Core)}
        tables = {name: value for name, value in fields.items() if name[0] == "_" and isinstance(value, dict | list)}
        limits = [limit for trunk in core.context.trunks.all for limit in (trunk.inward, trunk.outward)]
        return {
            "calls": held.calls,
            "transactions": held.transactions,
            "dialogs": held.dialogs,
            **{name.strip("_"): len(table) for name, table in sorted(tables.items())},
            "deadlines of transactions": layer.deadlines,
            "flows": layer.flows,
            "copies": layer.copies,
            "merges": layer.merges,
            "counted by limits": sum(limit.held for limit in limits),
        }

    @property
    def moment(self) -> Moment:
        """Now, on both clocks."""
        return Moment(self.now, EPOCH + datetime.timedelta(seconds=self.now))

    # How it goes on.

    def _next(self) -> float | None:
        due = self.core.deadline()
        first = self._events[0][0] if self._events else None
        return min((at for at in (due, first) if at is not None), default=None)

    def _deliver(self, party: Party, data: bytes) -> None:
        self.datagrams["in"] += 1
        host, _, port = party.address.rpartition(":")
        self._perform(self.core.receive(data, Flow(party.gateway, (host, int(port))), self.moment))

    def _perform(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            match output:
                case Send():
                    self.datagrams["out"] += 1
                    self._carry(output)
                case Record():
                    self._note(output)
                case Alarm():
                    self.alarms[output.name] += 1
                case Ask():
                    said = Answer(Roaming.ABROAD, "crowd")
                    answers = dict.fromkeys(output.questions.numbers, said)
                    self._perform(self.core.answered(output.call, answers, self.moment))

    def _carry(self, send: Send) -> None:
        party = self.talks.find(send.data)
        if party is None:
            self.datagrams["nobody"] += 1
            return
        assert party.gateway == send.flow.socket, f"a message of the other side: {send.data!r}"
        for delay in self.link.copies():
            self.after(delay, partial(party.receive, send.data))

    def _note(self, record: Record) -> None:
        kinds = self._open.setdefault(record.call, Counter())
        kinds[record.kind] += 1
        most = max(kinds[kind] for kind in ("verdict", "answer", "end"))
        assert (kinds["verdict"], most) == (1, 1), f"call {record.call} has the lines {dict(kinds)}"
        if record.kind == "end":
            self.ends[str(record.facts["cause"])] += 1
            del self._open[record.call]
