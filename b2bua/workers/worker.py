"""One worker: an `App` with sockets of its own on the addresses of all, that keeps its answered calls on the shelf and
tells the others what they must know.

Of a batch, the news go first, then the evidence is written, then the calls that have changed are put on the shelf, and
only then do its messages leave. A call whose end is in the journal leaves the shelf after them: a worker that dies in
between has recorded an end that one side may not know of, so its successor hangs up such calls on both sides.
"""

import asyncio
import datetime
import logging
import mmap
import os
import signal
import socket
import time  # noqa: TID251 - a part of the shell
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs
import orjson

from b2bua.app import App, core_of, journal_of, tune_collector
from b2bua.call import Alarm, Record
from b2bua.call.call import Call
from b2bua.call.core import Output
from b2bua.call.probing import Probing
from b2bua.config import Config
from b2bua.errors import SnapshotError
from b2bua.moment import Moment
from b2bua.roaming import Asking
from b2bua.trunk import Trunk
from b2bua.trunk.health import Place
from b2bua.workers.ledger import CommonLedger
from b2bua.workers.marks import MarkedIds, mark_of
from b2bua.workers.post import Box, Item, Post
from b2bua.workers.saving import Saved, Saving, load
from b2bua.workers.shelf import Shelf
from b2bua.workers.sorting import Letterbox, Sorted, Sorting
from b2bua.workers.tallies import Tallies
from sipstack.effects import Key
from sipstack.net import Transport, UdpSocket

log = logging.getLogger("b2bua")

DOWN: Final = "targets down"
"""The news of which targets do not answer their probes, which one worker alone sends."""
PROBER: Final = 0
#: By how much the CSeq of our requests jumps when a call has a new worker: none that left the old one comes twice.
JUMP: Final = 100
#: What the parent sends and hears; held back in a worker until it has handlers.
SIGNALS: Final = (signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
#: Seconds between two looks at what no message has asked for.
PAUSE: Final = 0.5


def folder_of(slot: int) -> str:
    """What a worker is called, and its chain of the journal; people count from one."""
    return f"worker-{slot + 1}"


@attrs.frozen(kw_only=True)
class Station:
    """What a worker finds in its place, and leaves there: made by the parent, and the same for each that comes."""

    slot: int
    sockets: Mapping[str, socket.socket] = attrs.field(repr=False)
    """By the name of the address."""
    boxes: Sequence[Box] = attrs.field(repr=False)
    shelf: mmap.mmap = attrs.field(repr=False)
    tallies: Tallies = attrs.field(repr=False)
    report: socket.socket = attrs.field(repr=False)
    """Where the parent hears from it."""
    lifeline: int
    """Can be read when the parent is gone."""

    @property
    def name(self) -> str:
        """For people."""
        return folder_of(self.slot)


@attrs.define(eq=False)
class Worker:
    """The one that has the place now. Make it by `open`, which takes over what the one before has left."""

    station: Station
    app: App
    shelf: Shelf
    post: Post
    sorting: Sorting = attrs.field(repr=False)
    left: Mapping[str, Saved] = attrs.field(repr=False)
    """The calls of its predecessor, which it goes on with when it starts."""
    lost: int = 0
    """Calls on the shelf that could not be read."""
    _saving: Saving = attrs.field(factory=Saving, init=False, repr=False)
    _changed: dict[str, None] = attrs.field(factory=dict, init=False, repr=False)
    """Calls on the shelf that have changed since, in silence; in `_settling`, before the last `settle`."""
    _settling: dict[str, None] = attrs.field(factory=dict, init=False, repr=False)
    _is_full: bool = attrs.field(default=False, init=False)
    _probed: tuple[Trunk, ...] = attrs.field(init=False, repr=False)

    @_probed.default
    def _with_probes(self) -> tuple[Trunk, ...]:
        return tuple([trunk for trunk in self.app.core.context.trunks.all if trunk.health.probe is not None])

    @classmethod
    def open(cls, config: Config, station: Station, *, again: bool = False) -> "Worker":
        """Opens the journal; no message is read yet. `again`: after another, as in `Asking.open`.

        Raises JournalError, RegisterError and ConfigError."""
        post = Post(station.slot, station.boxes)
        ledger = CommonLedger(tell=post.tell)
        share = (station.slot, config.workers)
        core = core_of(config, MarkedIds(os.urandom, mark_of(station.slot)), ledger=ledger, share=share)
        core.moved = {}
        station.tallies.join(
            station.slot, [limit for trunk in core.context.trunks.all for limit in (trunk.inward, trunk.outward)]
        )
        if station.slot != PROBER:
            core.probing = Probing(core.context.ids, {})
        shelf, kept = Shelf.open(station.shelf)
        left: dict[str, Saved] = {}
        for name, data in kept.items():
            try:
                left[name] = load(data, core.context)
            except SnapshotError:
                log.exception("call %s cannot be gone on with", name)
                shelf.drop(name)
        folder, now = Path(config.journal.directory) / station.name, datetime.datetime.now(datetime.UTC)
        journal = journal_of(config, folder, now, left)
        asking = Asking.open(config.roaming, core.context.profile.plan, again=again)
        app = App(config, core, journal, asking, slot=station.slot)
        app.amendments.open()
        worker = cls(station, app, shelf, post, Sorting(post, ledger.hear), left, len(kept) - len(left))
        worker.sorting.heed = worker.heed
        app.before_sending = worker.secure
        return worker

    def start(self) -> None:
        """Takes over, and begins to read; call inside a running loop."""
        station, app = self.station, self.app
        transports: dict[str, Transport] = {
            name: Sorted(UdpSocket(name, sock, app.admission(name)), self.sorting)
            for name, sock in station.sockets.items()
        }
        transports["post"] = Letterbox(self.sorting)
        app.start(transports)
        out = self._taken_over(Moment(time.monotonic(), datetime.datetime.now(datetime.UTC)))
        if out:
            app.perform(out)
        if app.driver is not None:
            app.driver.rearm()

    async def look(self) -> None:
        """What no message asks for, at its pace."""
        patience = self.app.core.context.timing.give_up / 4
        due = time.monotonic() + patience
        while True:
            await asyncio.sleep(min(PAUSE, patience))
            if self.station.slot == PROBER:
                self._tell_health()
            self.secure()
            if time.monotonic() >= due:
                due = time.monotonic() + patience
                self.settle()

    def settle(self) -> None:
        """Keeps the calls that had changed in silence when this was called before, and not been kept since.

        A change by which nothing leaves is mostly the ACK of a 2xx. A successor that has not heard of it sends the 2xx
        again, and whoever has sent the ACK sends it again for 64*T1 (RFC 3261 §13.2.2.4). This is called four times in
        that time, so a short call is kept once, and any call well before its 2xx would be given up.
        """
        changed, self._changed, self._settling = self._settling, {}, self._changed
        for name in changed:
            standing = self.app.core.standing(name)
            if standing is not None and standing[0].is_answered:
                self._keep(name, *standing)

    def secure(self) -> None:
        """News first, then the calls that have changed; what has ended leaves the shelf once its messages have left."""
        self.post.flush()
        core, moved = self.app.core, self.app.core.moved
        if not moved:
            return
        core.moved = {}
        over: list[str] = []
        for name, has_acted in moved.items():
            standing = core.standing(name)
            if standing is None:
                over.append(name)
            elif not standing[0].is_answered:
                continue
            elif has_acted:
                self._keep(name, *standing)
            else:
                self._changed[name] = None
        if over:
            asyncio.get_running_loop().call_soon(self._forget, over)

    def heed(self, item: Item) -> None:
        """News of another worker."""
        if item[0] == DOWN:
            self._mark_down({(trunk, (host, port)) for trunk, host, port in item[1]})
        else:
            ledger = self.app.core.context.ledger
            assert isinstance(ledger, CommonLedger), "made with one"
            ledger.hear(item)

    def statistics(self) -> dict[str, object]:
        """Those of the app, and what is kept."""
        return {**self.app.statistics(), "kept": len(self.shelf)}

    def _keep(self, name: str, call: Call, servers: Iterable[Key], clients: Mapping[str, Key]) -> None:
        self._changed.pop(name, None)
        self._settling.pop(name, None)
        try:
            data = self._saving.save(call, servers, clients)
        except SnapshotError:
            log.exception("alarm: bug: call %s cannot be kept", name)
            return
        if self.shelf.put(name, data):
            self._is_full = False
        elif not self._is_full:
            self._is_full = True
            log.error("alarm: workers: no room is left to keep calls beyond the death of this worker")

    def _forget(self, over: Sequence[str]) -> None:
        for name in over:
            self.shelf.drop(name)
            self._changed.pop(name, None)
            self._settling.pop(name, None)

    def _taken_over(self, moment: Moment) -> list[Output]:
        """Goes on with the calls of the one before; hangs up those whose end is recorded."""
        out: list[Output] = []
        core, ended = self.app.core, list[str]()
        for name, saved in self.left.items():
            for leg in (saved.call.a, saved.call.b):
                if leg is not None and leg.dialog is not None:
                    leg.dialog.local_cseq += JUMP
            out += core.adopt(saved.call, saved.servers, saved.clients, moment)
            if not self.app.journal.is_open(name):
                ended.append(name)
        for name in ended:
            out += [one for one in core.hang_up(name, "over", moment) if not isinstance(one, Record)]
        if self.left or self.lost:
            said = f"{self.station.name} goes on with {len(self.left)} calls; {self.lost} could not be read"
            out.append(Alarm("worker", said))
        self.left = {}
        return out

    def _tell_health(self) -> None:
        """Which targets are down; also while nothing changes, for those that have just begun."""
        if self._probed:
            states = [(trunk, place) for trunk in self._probed for place in trunk.health.standings]
            self.post.tell(DOWN, [(trunk.name, *place) for trunk, place in states if trunk.health.is_down(place)])

    def _mark_down(self, down: set[tuple[str, Place]]) -> None:
        for trunk in self._probed:
            for place in trunk.health.standings:
                trunk.health.hear(place, is_down=(trunk.name, place) in down)


def work(config: Config, path: Path, station: Station, *, again: bool = False) -> None:
    """A worker's life, in a process of its own: until SIGTERM, or its parent is gone. Raises GatewayError."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, path, station, again=again))


async def _serve(config: Config, path: Path, station: Station, *, again: bool) -> None:
    worker = Worker.open(config, station, again=again)
    app, loop, stopped = worker.app, asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.add_reader(station.lifeline, stopped.set)
    loop.add_signal_handler(signal.SIGHUP, app.amendments.reread, path)
    loop.add_signal_handler(signal.SIGUSR1, _report, station.report, worker)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        worker.start()
        looking = loop.create_task(worker.look())
        tune_collector()
        station.report.send(orjson.dumps({"slot": station.slot}))
        await stopped.wait()
        looking.cancel()
    finally:
        loop.remove_reader(station.lifeline)
        await app.stop()


def _report(report: socket.socket, worker: Worker) -> None:
    with suppress(OSError):  # a parent that does not read them adds up what it has
        report.send(orjson.dumps({"slot": worker.station.slot, "statistics": worker.statistics()}))
