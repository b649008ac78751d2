"""Which engine is asked, for how long, and which when it says nothing: the rules, without a loop or a socket.

An offer of a new call goes to one of the engines that answer, by their weights; when that one is silent or full, to
another. What comes after goes to the engine that has the call. Only a later offer leaves an engine that is down: the
call begins anew on another, since an offer and its answer tell an engine all that it has to know.

A command is sent again, the same datagram, until its answer comes or its time is over; an engine knows it by its cookie
and does nothing twice. One that has let a whole command go by, and said nothing else meanwhile, is down, and left alone
but for pings until it answers; where it has, it is that command that does not arrive, by its length for one.
What it may still hold of calls that have left it, or have ended meanwhile, it is told to delete when it is back.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from b2bua.config import Rtpengine
from b2bua.errors import MediaError
from b2bua.media.ng import CALLER, Command, Reply, Terms, decode, encode, is_full, ping, reply_to

#: How often one datagram is sent within the time of its command.
SENDS: Final = 4
#: How many engines are tried with one offer, for a message waits for it, and its sender for that.
MOST_TRIED: Final = 3
#: Commands that wait for an answer; beyond them all is refused at once.
MOST_OPEN: Final = 20_000
#: Calls that one engine is remembered to have left behind; the oldest are forgotten first, and end by its own timeouts.
MOST_STRAYS: Final = 10_000
#: Of those, how many are deleted with each of its pongs.
_AT_ONCE: Final = 200
#: Seconds between two pings of an engine that is down, where the setting is longer.
_EAGER: Final = 1.0

Done = Callable[[Reply], None]


@attrs.define(eq=False)
class Turn:
    """What comes of one input."""

    sends: list[tuple[str, bytes]] = attrs.field(factory=list)
    """Datagrams, each with the name of its engine."""
    replies: list[tuple[Done, Reply]] = attrs.field(factory=list)
    """Who is to be told what."""
    news: list[str] = attrs.field(factory=list)
    """Of engines that went or came back, in words, for an alarm."""


@attrs.define(eq=False)
class Engine:
    """How things are with one."""

    name: str
    """Its address, host:port."""
    weight: int
    ping_at: float
    is_up: bool = True
    """Until it has let a command go by, it is believed."""
    heard_at: float = float("-inf")
    """When it last answered anything."""
    strays: dict[str, None] = attrs.field(factory=dict)
    """Our names of calls that it may have, and should not."""
    counters: Counter[str] = attrs.field(factory=Counter)

    def leave(self, call: str) -> None:
        """It may have something of that call, which is elsewhere or over."""
        self.strays[call] = None
        if len(self.strays) > MOST_STRAYS:
            del self.strays[next(iter(self.strays))]


@attrs.frozen(eq=False)
class _Errand:
    """A command on its way from engine to engine."""

    command: Command
    done: Done | None = None
    """None: nobody waits."""
    tried: tuple[Engine, ...] = ()
    """Those that have had it."""

    def tell(self, reply: Reply, turn: Turn) -> None:
        """It is over."""
        if self.done is not None:
            turn.replies.append((self.done, reply))


@attrs.frozen(eq=False)
class _Question:
    """One datagram to one engine."""

    engine: Engine
    cookie: str
    data: bytes = attrs.field(repr=False)
    ends: float
    errand: _Errand | None = None
    """None: a ping."""


@attrs.define(eq=False)
class Pool:
    """All engines, and what they have been asked. `now` is a monotonic time in seconds."""

    engines: dict[str, Engine]
    """By name."""
    terms: Terms
    patience: float
    """Seconds that one engine is given for a command."""
    every: float
    """Seconds between two pings."""
    randbytes: Callable[[int], bytes] = attrs.field(repr=False)
    counters: Counter[str] = attrs.field(factory=Counter)
    _open: dict[str, _Question] = attrs.field(factory=dict, init=False, repr=False)
    """By cookie."""
    _due: list[tuple[float, str]] = attrs.field(factory=list, init=False, repr=False)
    """A heap of when a question wants attention; it may be answered by then."""

    @classmethod
    def of(cls, config: Rtpengine, randbytes: Callable[[int], bytes], now: float) -> "Pool":
        """Those of `[media.rtpengine]`; each is pinged at once."""
        engines = {str(one.address): Engine(str(one.address), one.weight, now) for one in config.engine}
        terms = Terms(flags=config.flags, options=config.options)
        return cls(engines, terms, config.timeout_seconds, config.ping_seconds, randbytes)

    @property
    def open(self) -> int:
        """Commands and pings without an answer."""
        return len(self._open)

    @property
    def next_at(self) -> float:
        """When `wake` has something to do."""
        ping_at = min((engine.ping_at for engine in self.engines.values()), default=float("inf"))
        return min(ping_at, self._due[0][0]) if self._due else ping_at

    def ask(self, command: Command, done: Done, now: float) -> Turn:
        """Puts a command; `done` is told once, in a turn of this or of a later input."""
        turn = Turn()
        self.counters[command.verb] += 1
        if len(self._open) >= MOST_OPEN:
            self.counters["beyond the limit"] += 1
            turn.replies.append((done, Reply(error=f"{MOST_OPEN} commands are open, and no more", is_lost=True)))
        else:
            self._put(_Errand(command, done), Reply(error="no engine answers", is_lost=True), now, turn)
        return turn

    def heard(self, name: str, data: bytes, now: float) -> Turn:
        """A datagram from where that engine is."""
        turn, engine, heard = Turn(), self.engines[name], decode(data)
        if heard is None:
            engine.counters["garbage"] += 1
            return turn
        question = self._open.get(heard.cookie)
        if question is None or question.engine is not engine:
            engine.counters["unasked"] += 1
            return turn
        del self._open[heard.cookie]
        engine.counters["answered"] += 1
        engine.heard_at = now
        self._is_back(engine, turn)
        errand = question.errand
        if errand is None:
            engine.ping_at = now + self.every
            self._sweep(engine, now, turn)
        elif is_full(heard) and errand.command.verb == "offer":
            engine.counters["full"] += 1
            self._elsewhere(errand, engine, reply_to(errand.command, name, heard), now, turn)
        else:
            self._tell(errand, engine, reply_to(errand.command, name, heard), turn)
        return turn

    def unreachable(self, name: str, now: float) -> Turn:
        """The host of that engine says that nobody is there (ICMP): offers need not wait for the end of their time."""
        turn, engine = Turn(), self.engines[name]
        engine.counters["unreachable"] += 1
        if engine.is_up:
            self._is_gone(engine, "nobody is there", now, turn)
            for question in [one for one in self._open.values() if one.engine is engine]:
                errand = question.errand
                if errand is not None and self._others(errand, engine):
                    del self._open[question.cookie]
                    self._elsewhere(errand, engine, _lost(engine, "nobody is there"), now, turn)
        return turn

    def wake(self, now: float) -> Turn:
        """The time has come for something."""
        turn = Turn()
        while self._due and self._due[0][0] <= now:
            question = self._open.get(heapq.heappop(self._due)[1])
            if question is None:
                continue
            if now < question.ends:
                self._send(question, now, turn)
            else:
                del self._open[question.cookie]
                self._is_silent(question, now, turn)
        for engine in self.engines.values():
            if engine.ping_at <= now:
                cookie = self._cookie()
                # Whatever becomes of this ping says when the next is due.
                engine.ping_at = float("inf")
                self._begin(_Question(engine, cookie, ping(cookie), now + self.patience), now, turn)
        return turn

    def statistics(self) -> dict[str, object]:
        """Fit for JSON."""
        engines = {
            engine.name: {"up": int(engine.is_up), "strays": len(engine.strays), "counters": dict(engine.counters)}
            for engine in self.engines.values()
        }
        return {"open": len(self._open), "counters": dict(self.counters), "engines": engines}

    def _put(self, errand: _Errand, lost: Reply, now: float, turn: Turn) -> None:
        """Asks whoever is next; where nobody is, it is lost by these words."""
        command = errand.command
        engine = self._choose(errand)
        if engine is None:
            self.counters["lost"] += 1
            errand.tell(lost, turn)
            return
        cookie = self._cookie()
        try:
            data = encode(command, cookie, self.terms)
        except MediaError as error:
            errand.tell(Reply(error=str(error)), turn)
            return
        # What it holds of the call is wanted again.
        engine.strays.pop(command.call, None)
        engine.counters["asked"] += 1
        self._begin(_Question(engine, cookie, data, now + self.patience, errand), now, turn)

    def _begin(self, question: _Question, now: float, turn: Turn) -> None:
        self._open[question.cookie] = question
        self._send(question, now, turn)

    def _send(self, question: _Question, now: float, turn: Turn) -> None:
        turn.sends.append((question.engine.name, question.data))
        pause = self.patience / SENDS
        again = now + pause
        heapq.heappush(self._due, (again if question.ends - again > pause / 2 else question.ends, question.cookie))

    def _choose(self, errand: _Errand) -> Engine | None:
        """Who is asked next; None: nobody."""
        own = self.engines.get(errand.command.engine)
        if own in errand.tried:
            own = None
        if errand.command.verb != "offer" or (own is not None and own.is_up):
            return own
        # One that has the call and is down is better than none.
        return self._drawn(self._others(errand)) or own

    def _others(self, errand: _Errand, *beside: Engine) -> list[Engine]:
        """Who may be asked beside the engine that has the call."""
        tried = (*errand.tried, *beside)
        if errand.command.verb != "offer" or len(tried) >= MOST_TRIED:
            return []
        return [one for one in self.engines.values() if one.is_up and one not in tried]

    def _drawn(self, engines: Sequence[Engine]) -> Engine | None:
        if not engines:
            return None
        left = int.from_bytes(self.randbytes(8), "big") % sum(engine.weight for engine in engines)
        for engine in engines:
            left -= engine.weight
            if left < 0:
                return engine
        raise AssertionError("it is less than all weights together")

    def _tell(self, errand: _Errand, engine: Engine, reply: Reply, turn: Turn) -> None:
        command = errand.command
        former = self.engines.get(command.engine)
        if reply.error:
            engine.counters["refused"] += 1
            if command.verb == "offer" and former is not engine:
                engine.leave(command.call)
        elif former is not None and former is not engine:
            former.leave(command.call)
        errand.tell(reply, turn)

    def _is_silent(self, question: _Question, now: float, turn: Turn) -> None:
        engine, errand = question.engine, question.errand
        engine.counters["silent"] += 1
        if engine.heard_at <= question.ends - self.patience:
            self._is_gone(engine, "it is silent", now, turn)
        if errand is None:
            engine.ping_at = now + min(self.every, _EAGER)
            return
        verb, own = errand.command.verb, errand.command.engine
        if verb == "delete" or (verb == "offer" and own != engine.name):
            engine.leave(errand.command.call)
        self._elsewhere(errand, engine, _lost(engine, "it is silent"), now, turn)

    def _elsewhere(self, errand: _Errand, engine: Engine, lost: Reply, now: float, turn: Turn) -> None:
        """The turn of the next engine after this one, if there is one."""
        self.counters["elsewhere"] += bool(self._others(errand, engine))
        self._put(attrs.evolve(errand, tried=(*errand.tried, engine)), lost, now, turn)

    def _is_gone(self, engine: Engine, why: str, now: float, turn: Turn) -> None:
        if engine.is_up:
            engine.is_up = False
            engine.ping_at = now
            turn.news.append(f"rtpengine {engine.name} is left alone: {why}")

    def _is_back(self, engine: Engine, turn: Turn) -> None:
        if not engine.is_up:
            engine.is_up = True
            turn.news.append(f"rtpengine {engine.name} answers again")

    def _sweep(self, engine: Engine, now: float, turn: Turn) -> None:
        """Some of what it should not hold."""
        for call in list(engine.strays)[:_AT_ONCE]:
            command = Command(verb="delete", call=call, engine=engine.name, from_tag=CALLER)
            self._put(_Errand(command), _lost(engine, "it is gone"), now, turn)

    def _cookie(self) -> str:
        """Not to be guessed, and never used twice by anybody: an engine knows cookies, not who sent them."""
        return self.randbytes(8).hex()


def _lost(engine: Engine, why: str) -> Reply:
    return Reply(error=f"{engine.name}: {why}", is_lost=True)
