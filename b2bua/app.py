"""The shell: sockets, journal, clock and signals around a `Core`.

Whatever a batch of datagrams leads to is carried out in one go: evidence first, in one write, then the messages.
"""

import asyncio
import datetime
import gc
import hashlib
import logging
import os
import signal
import time  # noqa: TID251 - the shell reads the clocks
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import orjson

from b2bua.amendments import Amendments, renew
from b2bua.beside import Beside
from b2bua.call import Alarm, Ask, Carry, Core, Engage, Hooks, Moment, Record
from b2bua.call.context import Context, Law
from b2bua.config import Config, WhenFull
from b2bua.errors import GatewayError
from b2bua.evidence import Journal, chains_of, sync
from b2bua.evidence.desk import FOLDER as DESK
from b2bua.media.carriage import Carriage
from b2bua.media.ng import Reply
from b2bua.media.ways import Ways
from b2bua.register.presence import Presence
from b2bua.roaming import Asking, Holder
from b2bua.trunk import Routes, Trunks
from policy.ledger import Ledger
from policy.roaming import Answer
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.net import Driver, Transport, UdpSocket, bind_udp
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

log = logging.getLogger("b2bua")

MIB = 1024 * 1024
#: Calls make no cycles, so the collector finds next to nothing; at Python's default of 700 allocations it took 4 % of
#: the daemon's time under load (2026-11-22).
COLLECT_AFTER = (50_000, 20, 100)
#: Seconds from one look at the clerk to the next.
_TENDED_EVERY = 1.0


def journal_of(config: Config, folder: Path, now: datetime.datetime, standing: Collection[str] = ()) -> Journal:
    """The chain in that folder, with the limits of `[journal]`; `standing` as in `Journal.open`.

    Raises JournalError.
    """
    kept = config.journal
    age = datetime.timedelta(hours=kept.segment_hours)
    return Journal.open(folder, kept.segment_mib * MIB, os.urandom, now, standing, spool=kept.spool_lines, age=age)


def nobody(_note: Record | Alarm) -> None:
    """Watches nothing."""


def settle(config: Config, own: Collection[Path]) -> None:
    """Ends what is open in the chains of a journal but those folders: other workers have written them, or none, when
    `workers` was another number. Raises JournalError."""
    size, now = config.journal.segment_mib * MIB, datetime.datetime.now(datetime.UTC)
    for first, *_ in chains_of(Path(config.journal.directory)):
        if first.parent not in own and first.parent.name != DESK:  # which commands write, and where no call is open
            Journal.settle(first.parent, size, os.urandom, now)


def nothing() -> None:
    """Is done."""


def core_of(
    config: Config,
    ids: Ids,
    hooks: Hooks | None = None,
    ledger: Ledger | None = None,
    share: tuple[int, int] = (0, 1),
) -> Core:
    """A core for a configuration: what the daemon runs, `explain` asks and tests drive without a socket.

    `share`: which part of the media ports it has, and of how many.
    """
    sip = config.sip
    timing = Timing(t1=sip.t1_ms / 1000, t2=sip.t2_ms / 1000, t4=sip.t4_ms / 1000)
    profile = config.profile.load()
    law = Law(profile, config.register.as_register())
    context = Context(
        ids=ids,
        timing=timing,
        trunks=Trunks.of(config),
        routes=Routes.of(config, profile.emergency),
        law=law,
        hooks=hooks or Hooks(),
        ledger=ledger or Ledger(),
        ways=Ways.of(config, share),
        no_answer=sip.no_answer_seconds,
        longest=sip.max_call_seconds,
        session_seconds=sip.session_seconds,
        session_least=sip.min_session_seconds,
        probe_seconds=sip.probe_call_seconds,
    )
    return Core(context, TransactionLayer(timing, ids))


@attrs.define(eq=False)
class App:
    """One gateway in the loop that is running; it touches no signal, loop policy or logging set-up of its host."""

    config: Config
    core: Core
    journal: Journal
    asking: Asking
    observe: Callable[[Record | Alarm], None] = attrs.field(default=nobody, repr=False)
    """Is told of each line of evidence once it is written, or waits to be, and of each alarm; must not raise."""
    before_sending: Callable[[], None] = attrs.field(default=nothing, repr=False)
    """Is called when the evidence of a batch is written, before any message of it leaves; must not raise."""
    slot: int = 0
    """Which of the processes of one gateway it is of."""
    driver: Driver | None = attrs.field(default=None, init=False)
    amendments: Amendments = attrs.field(init=False, repr=False)
    carriage: Carriage = attrs.field(init=False, repr=False)
    _tasks: list[asyncio.Task[None]] = attrs.field(factory=list, init=False, repr=False)

    @amendments.default
    def _of_the_register(self) -> Amendments:
        presence = Presence(self.journal.directory)
        return Amendments(self.config, self.core, self._keep, self._alarm, presence)

    @carriage.default
    def _of_its_calls(self) -> Carriage:
        return Carriage(
            media=self.config.media,
            clock=time.monotonic,
            report=self._report,
            fell_silent=self._fell_silent,
            alarm=lambda text: self._alarm(Alarm("media", text)),
            name=f"b2bua_{hashlib.sha256(bytes(self.journal.directory.absolute())).hexdigest()[:12]}",
            slot=self.slot,
        )

    @classmethod
    def open(
        cls,
        config: Config,
        hooks: Hooks | None = None,
        observe: Callable[[Record | Alarm], None] = nobody,
        holders: Mapping[str, Holder] | None = None,
    ) -> "App":
        """Opens the journal, and reads what was entered in the register and what `[roaming]` names; nothing listens
        yet. It waits for the disk and needs no loop. Raises JournalError, RegisterError and ConfigError."""
        core = core_of(config, Ids(os.urandom), hooks)
        asking = Asking.open(config.roaming, core.context.profile.plan, holders)
        journal = journal_of(config, Path(config.journal.directory), datetime.datetime.now(datetime.UTC))
        app = cls(config, core, journal, asking, observe)
        try:
            app.amendments.open()
        except BaseException:
            app.close()
            raise
        return app

    def start(self, transports: Mapping[str, Transport] | None = None) -> None:
        """Binds every listening address, unless it is given what is bound, and begins; call inside a running loop.

        Raises GatewayError.
        """
        self.driver = Driver(self, self._bound() if transports is None else transports, self.perform)
        try:
            self.carriage.start()
        except OSError as error:
            raise GatewayError(f"media cannot be relayed: {error.strerror}") from error
        self.driver.start()
        if self.journal.failure is not None:
            self._journal_failed()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_synced()), loop.create_task(self.amendments.run())]
        self.asking.start(self._note)
        for trunk in self.config.trunk:
            where = ", ".join(str(endpoint) for endpoint in trunk.listen)
            log.info("trunk %s (%s) listens on %s", trunk.name, trunk.trunk_class, where)

    def _bound(self) -> dict[str, UdpSocket]:
        sockets: dict[str, UdpSocket] = {}
        try:
            for name, endpoint in self.config.endpoints().items():
                sockets[name] = UdpSocket(name, bind_udp(endpoint.host, endpoint.port), self.admission(name))
        except OSError as error:
            for bound in sockets.values():
                bound.stop()
            raise GatewayError(f"cannot listen on {name}: {error.strerror}") from error
        return sockets

    async def stop(self) -> None:
        """Stops listening and closes the journal whole, in a thread, for that waits for the disk."""
        if self.driver is not None:
            self.driver.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.carriage.stop()
        await self.asking.close()
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """Closes what was opened; it waits for the disk. Idempotent. Raises OSError."""
        self.amendments.close()
        self.journal.close()

    def statistics(self) -> dict[str, object]:
        """What is held now and has been counted since the start, fit for JSON."""
        statistics = attrs.asdict(self.core.statistics())
        bound = {} if self.driver is None else self.driver.transports
        sockets = {name: dict(udp.counters) for name, udp in bound.items() if udp.counters}
        journal = {"segment": self.journal.number, "waiting": self.journal.waiting}
        register, roaming = self.core.context.register.version, self.asking.statistics()
        return {
            **statistics,
            "register": register,
            "sockets": sockets,
            "journal": journal,
            "roaming": roaming,
            "media": self.carriage.statistics(),
        }

    # The driver's endpoint.

    def receive(self, data: bytes, flow: Flow, now: float) -> Sequence[object]:
        """One datagram."""
        try:
            return self.core.receive(data, flow, _moment(now))
        except Exception:
            return self._bug(f"on a datagram of {len(data)} bytes from {flow.remote[0]}")

    def transport_failed(self, flow: Flow, now: float) -> Sequence[object]:
        """A peer cannot be reached."""
        try:
            return self.core.transport_failed(flow, _moment(now))
        except Exception:
            return self._bug(f"on a failure to reach {flow.remote[0]}")

    def tick(self, now: float) -> Sequence[object]:
        """The deadline has come."""
        try:
            return self.core.tick(_moment(now))
        except Exception:
            return self._bug("on a deadline")

    def deadline(self) -> float | None:
        """When `tick` is due."""
        return self.core.deadline()

    def _bug(self, where: str) -> Sequence[object]:
        """Whatever is raised here is our own fault; it may cost its message, and must not cost the calls beside it."""
        self.core.counters["bug"] += 1
        log.exception("alarm: bug: %s", where)
        self.observe(Alarm("bug", where))
        return ()

    def _alarm(self, alarm: Alarm) -> None:
        log.error("alarm: %s: %s", alarm.name, alarm.text)
        self.observe(alarm)

    # Effects.

    def perform(self, effects: Iterable[object]) -> None:
        """Carries out what a batch of inputs has led to: its evidence is written before its messages leave."""
        records: list[Record] = []
        sends: list[Send] = []
        waiting = list(effects)
        for effect in waiting:
            if type(effect) is Send:
                sends.append(effect)
            elif type(effect) is Record:
                records.append(effect)
            elif type(effect) is Ask:
                waiting += self._ask(effect)
            elif type(effect) is Carry:
                self.carriage.carry_out(effect.call, effect.way, effect.orders)
            elif type(effect) is Engage:
                self.carriage.engage(effect.call, effect.command, partial(self._engaged, effect))
            elif type(effect) is Alarm:
                self._alarm(effect)
        if records:
            self._keep(records)
        self.before_sending()
        assert self.driver is not None, "effects come of what the driver gave"
        self.driver.send_all(sends)

    def _keep(self, records: Sequence[Record]) -> None:
        was_well = self.journal.failure is None
        if not self.journal.append(records):
            self._journal_failed(is_news=was_well)
        for record in records:
            self.observe(record)

    def _ask(self, ask: Ask) -> Sequence[object]:
        moment = _moment(time.monotonic())
        try:
            answers = self.asking.ask(ask.questions, moment, partial(self._answered_later, ask.call))
            return () if answers is None else self.core.answered(ask.call, answers, moment)
        except Exception:
            return self._bug("on a roaming question")

    def _answered_later(self, call: str, answers: Mapping[str, Answer]) -> None:
        """A holder has been asked, and the call goes on, if it is still there."""
        moment = _moment(time.monotonic())
        self._later(lambda: self.core.answered(call, answers, moment), "on a roaming answer")

    def _engaged(self, asked: Engage, reply: Reply) -> None:
        """An engine has answered, or none has."""
        moment = _moment(time.monotonic())
        self._later(lambda: self.core.engaged(asked.call, asked.command, reply, moment), "on an engine's answer")

    def _fell_silent(self, call: str) -> None:
        moment = _moment(time.monotonic())
        self._later(lambda: self.core.fell_silent(call, moment), "on silent media")

    def _later(self, act: Callable[[], Sequence[object]], where: str) -> None:
        """What a call does by what comes from beside SIP."""
        if self.driver is None:
            return
        try:
            effects = act()
        except Exception:
            effects = self._bug(where)
        if effects:
            self.perform(effects)
        self.driver.rearm()

    def _report(self, call: str, figures: dict[str, object]) -> None:
        """What came of the media of a call, which is over."""
        self._keep([Record("media", call, datetime.datetime.now(datetime.UTC), figures)])

    def _note(self, note: Record | Alarm) -> None:
        """What comes of no call's message."""
        if isinstance(note, Record):
            self._keep([note])
        else:
            self._alarm(note)

    def _journal_failed(self, *, is_news: bool = True) -> None:
        """Told when it begins, when no more can wait, and at each `flush`: a line each call would fill what is full."""
        if is_news or (self.core.may_record and self.journal.is_full):
            self._alarm(Alarm("journal", f"{self.journal.failure}; {self.journal.waiting} lines wait"))
        self.core.may_record = not self.journal.is_full or self.config.journal.when_full is WhenFull.CARRY

    async def _keep_synced(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.config.journal.fsync_seconds)
            self.carriage.tidy()
            if self.journal.flush():
                self.core.may_record = True
                self.journal.turn(datetime.datetime.now(datetime.UTC))
            else:
                self._journal_failed()
            try:
                unsynced = self.journal.unsynced()
                if unsynced is not None:
                    await loop.run_in_executor(None, sync, unsynced)
            except OSError as error:
                self.journal.forget_sync()
                self._alarm(Alarm("journal", f"cannot be forced to disk: {error.strerror}"))

    def admission(self, socket: str) -> "Admission":
        """Who may speak to that socket."""
        return Admission(self.core.context.trunks, socket)


@attrs.frozen(eq=False)
class Admission:
    """Who may speak to one socket: the peers of its trunks."""

    trunks: Trunks
    socket: str

    def __call__(self, host: str, port: int) -> bool:
        """Whether a datagram from there may be read."""
        return self.trunks.find(self.socket, host, port) is not None


def _moment(now: float) -> Moment:
    return Moment(now, datetime.datetime.now(datetime.UTC))


def run(config: Config, path: Path) -> None:
    """The daemon: until SIGTERM or SIGINT. SIGUSR1 logs the statistics, SIGHUP reads the register in the file at `path`
    again. Raises GatewayError.

    What belongs to a process of its own is done here and below alone: uvloop, signals, the garbage collector.
    """
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, path))


async def _serve(config: Config, path: Path) -> None:
    settle(config, [Path(config.journal.directory)])
    renew(config)
    app = App.open(config)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.add_signal_handler(signal.SIGHUP, app.amendments.reread, path)
    loop.add_signal_handler(signal.SIGUSR1, lambda: log.info("statistics %s", orjson.dumps(app.statistics()).decode()))
    async with _accompanied(Beside.of(config, path)):
        try:
            app.start()
            await _until(stopped)
        finally:
            await app.stop()
    log.info("stopped")


@asynccontextmanager
async def _accompanied(beside: Beside | None) -> AsyncIterator[None]:
    """With the clerk beside it, which ends last. To start a process takes milliseconds: threads wait for that."""
    if beside is None:
        yield
        return
    loop = asyncio.get_running_loop()
    tending = loop.create_task(_tend(beside))
    try:
        yield
    finally:
        tending.cancel()
        await asyncio.gather(tending, return_exceptions=True)
        await loop.run_in_executor(None, beside.end)


async def _tend(beside: Beside) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await loop.run_in_executor(None, lambda: beside.tend(time.monotonic()))
        await asyncio.sleep(_TENDED_EVERY)


def tune_collector() -> None:
    """For a process of our own that is set up: nothing that exists now will ever be garbage, and need be looked at."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def _until(stopped: asyncio.Event) -> None:
    tune_collector()
    log.info("ready")
    await stopped.wait()
