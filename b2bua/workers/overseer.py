"""The parent of the workers. It takes no call: it makes what outlives them, starts them again, and passes on signals.

A worker is a fork of it, made while it has no thread and no loop. When a worker dies, its sockets, its box and its
shelf are still held here, so that nothing that was sent to it is refused, and its successor finds all. When the parent
dies, the workers end, for nobody would start them again.
"""

import logging
import os
import selectors
import signal
import socket
import sys
import time  # noqa: TID251 - a part of the shell
from pathlib import Path
from typing import Final

import attrs
import orjson

from b2bua.amendments import renew
from b2bua.app import settle
from b2bua.beside import Beside
from b2bua.config import Config, reread
from b2bua.errors import GatewayError
from b2bua.trunk import Trunks
from b2bua.workers.post import ROOM, Box
from b2bua.workers.shelf import Shelf
from b2bua.workers.statistics import summed
from b2bua.workers.steering import bind_all
from b2bua.workers.tallies import Tallies
from b2bua.workers.worker import SIGNALS, Station, folder_of, work

log = logging.getLogger("b2bua")

#: Octets that the shelf of one worker may come to; only what is used is taken.
SHELF: Final = 2 * 1024**3
#: Seconds until a worker that dies again and again is started once more, at most.
LONGEST_PAUSE: Final = 5.0
#: A worker that has lived so many seconds has not died of its beginning.
SETTLED: Final = 10.0
#: Seconds that workers have for an answer, and for their end.
PATIENCE, FAREWELL = 2.0, 15.0
_REPORT: Final = 4 * 1024 * 1024


@attrs.define(eq=False)
class Child:
    """A worker as its parent knows it."""

    station: Station
    pid: int = 0
    """0: none is alive."""
    began: float = 0.0
    deaths: int = 0
    """In a row, each soon after its beginning."""
    due: float | None = None
    """When the next one begins."""
    is_ready: bool = False
    said: object = None
    """Its statistics, when it was last asked."""


@attrs.define(eq=False)
class Overseer:
    """All workers of a daemon."""

    config: Config
    """With the register as it was last read."""
    path: Path
    children: tuple[Child, ...]
    reports: socket.socket
    lifeline: tuple[int, int]
    """A pipe that nothing is written to: its end is ours."""
    clerk: Beside | None = None
    _signals: socket.socket = attrs.field(init=False)
    _waker: socket.socket = attrs.field(init=False)
    _is_ending: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._signals, self._waker = socket.socketpair()
        for end in (self._signals, self._waker):
            end.setblocking(False)

    @classmethod
    def make(cls, config: Config, path: Path) -> "Overseer":
        """Binds every address and makes what the workers will share. Raises GatewayError."""
        count = config.workers
        limits = 2 * len(Trunks.of(config).all)
        try:
            sockets: dict[str, list[socket.socket]] = {}
            for name, endpoint in config.endpoints().items():
                sockets[name] = bind_all(endpoint.host, endpoint.port, count)
        except OSError as error:
            raise GatewayError(f"cannot listen on {name}: {error.strerror}") from error
        boxes, tallies = [Box.make() for _ in range(count)], Tallies.make(limits, count)
        said, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in (said, heard):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        lifeline = os.pipe()
        stations = [
            Station(
                slot=slot,
                sockets={name: bound[slot] for name, bound in sockets.items()},
                boxes=boxes,
                shelf=Shelf.make(SHELF),
                tallies=tallies,
                report=said,
                lifeline=lifeline[0],
            )
            for slot in range(count)
        ]
        children = tuple([Child(station) for station in stations])
        return cls(config, path, children, heard, lifeline, Beside.of(config, path))

    def serve(self) -> None:
        """Until SIGTERM or SIGINT. Raises GatewayError when a worker cannot begin."""
        for number in SIGNALS:
            signal.signal(number, _awake)
        signal.set_wakeup_fd(self._waker.fileno())
        with selectors.DefaultSelector() as selector:
            selector.register(self._signals, selectors.EVENT_READ)
            selector.register(self.reports, selectors.EVENT_READ)
            try:
                for child in self.children:
                    self._begin(child)
                while not self._is_ending:
                    selector.select(self._until_due())
                    self._hear_reports()
                    self._hear_signals()
                    self._tend_clerk()
                    for child in self.children:
                        if child.due is not None and child.due <= time.monotonic() and not self._is_ending:
                            self._begin(child)
            finally:
                self._end()

    def _begin(self, child: Child) -> None:
        child.due, child.began = None, time.monotonic()
        # A signal that came to the child before it has handlers of its own would be heard here, by the pair it shares,
        # or end it; the child lets them in when it has (`worker.py`).
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                self._live(child.station, again=child.is_ready)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        child.pid = pid
        log.info("%s is process %d", child.station.name, pid)

    def _live(self, station: Station, *, again: bool) -> None:
        """What the child does; it does not return."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            os.close(self.lifeline[1])
            _name_in_log(station.name)
            work(self.config, self.path, station, again=again)
            code = 0
        except GatewayError as error:
            log.error("alarm: worker: %s cannot begin: %s", station.name, error)
            code = 2
        except BaseException:
            log.exception("alarm: worker: %s has failed", station.name)
        finally:
            logging.shutdown()
            sys.stderr.flush()
            os._exit(code)

    def _tend_clerk(self) -> None:
        if self.clerk is not None and not self._is_ending:
            self.clerk.tend(time.monotonic())

    def _until_due(self) -> float | None:
        due = [one.due for one in (*self.children, self.clerk) if one is not None and one.due is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    # What it hears.

    def _hear_reports(self) -> None:
        while True:
            try:
                report = orjson.loads(self.reports.recv(_REPORT))
            except BlockingIOError:
                return
            child = self.children[report["slot"]]
            child.said = report.get("statistics")
            if not child.is_ready:
                child.is_ready = True
                if all(other.is_ready for other in self.children):
                    log.info("ready")

    def _hear_signals(self) -> None:
        try:
            heard = set(self._signals.recv(4_096))
        except BlockingIOError:
            return
        if {signal.SIGTERM, signal.SIGINT} & heard:
            self._is_ending = True
            return
        if signal.SIGCHLD in heard:
            self._bury()
        if signal.SIGHUP in heard:
            self._amend()
        if signal.SIGUSR1 in heard:
            self._tell_statistics()

    def _bury(self) -> None:
        for child in self.children:
            if not child.pid:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                self._mourn(child, os.waitstatus_to_exitcode(status))

    def _mourn(self, child: Child, code: int) -> None:
        child.pid = 0
        self._hear_reports()
        if not child.is_ready:
            raise GatewayError(f"{child.station.name} has ended before it could begin; the log says why")
        now = time.monotonic()
        child.deaths = 0 if now - child.began > SETTLED else child.deaths + 1
        pause = 0.0 if child.deaths == 0 else min(LONGEST_PAUSE, 0.1 * 2.0 ** min(child.deaths, 16))
        child.due = now + pause
        log.error("alarm: worker: %s has ended (%d); another begins in %.1f s", child.station.name, code, pause)

    def _amend(self) -> None:
        """Each worker reads the register again; so do we, for those that begin later."""
        result = reread(self.path, self.config)
        if result.config is not None:
            self.config = result.config
        self._signal(signal.SIGHUP)

    def _tell_statistics(self) -> None:
        for child in self.children:
            child.said = None
        self._signal(signal.SIGUSR1)
        until = time.monotonic() + PATIENCE
        while any(child.said is None and child.pid for child in self.children) and time.monotonic() < until:
            with selectors.DefaultSelector() as selector:
                selector.register(self.reports, selectors.EVENT_READ)
                selector.select(until - time.monotonic())
            self._hear_reports()
        said = [child.said for child in self.children if child.said is not None]
        log.info("statistics %s", orjson.dumps(summed(said) if said else {}).decode())

    def _signal(self, number: signal.Signals) -> None:
        for child in self.children:
            if child.pid:
                os.kill(child.pid, number)

    def _end(self) -> None:
        """Ends all of them, and waits."""
        self._is_ending = True
        self._signal(signal.SIGTERM)
        until = time.monotonic() + FAREWELL
        for child in self.children:
            while child.pid and time.monotonic() < until:
                pid, _ = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    child.pid = 0
                else:
                    time.sleep(0.01)
        for child in self.children:
            if child.pid:
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
        if self.clerk is not None:
            self.clerk.end()
        log.info("stopped")


def run(config: Config, path: Path) -> None:
    """The daemon with several workers: until SIGTERM or SIGINT. SIGUSR1 logs the statistics of all, SIGHUP has all read
    the register in the file at `path` again. Raises GatewayError and JournalError."""
    folders = [Path(config.journal.directory) / folder_of(slot) for slot in range(config.workers)]
    settle(config, folders)
    renew(config)
    Overseer.make(config, path).serve()


def _awake(_number: int, _frame: object) -> None:
    """The pair of sockets says which signal it was."""


def _name_in_log(name: str) -> None:
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {name}: %(message)s"))
