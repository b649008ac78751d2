"""The shell of the roaming check: a task for each question that is put, the clocks, and the lists on disk.

asking = Asking.open(config.roaming, plan)      # reads the lists; no loop needed
asking.start(note)                              # in the loop
answers = asking.ask(questions, moment, done)   # all at once, or None: `done` gets them within the deadline
await asking.close()
"""

import asyncio
import logging
import os
import time  # noqa: TID251 - a part of the shell
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import attrs

from b2bua.call import Alarm
from b2bua.config import Asked, NumberList, Roaming
from b2bua.errors import ConfigError
from b2bua.moment import Moment
from b2bua.roaming.inquiries import Errand, Inquiries, Note, Shelf, Waiting
from b2bua.roaming.pages import Pages
from b2bua.roaming.routes import Routes, read_ported
from b2bua.roaming.told import Told
from policy.numbering import Plan
from policy.roaming import Answer, Questions

log = logging.getLogger("b2bua")

#: Seconds between two looks at whether a list has changed.
LOOK: Final = 2.0
#: By how many seconds a deadline is noticed late when the loop was held up, and what is then added to it.
HELD_UP, GRACE = 0.05, 0.1


class Holder(Protocol):
    """An adapter: who knows how to ask one holder. It may be asked many questions at a time, in one loop."""

    async def ask(self, number: str, correlator: str) -> Told:
        """One attempt about one number, +32...; cancelled when its time is over. What it raises is a fault of ours."""

    async def close(self) -> None:
        """No question will come any more, and none is open."""


def _unheard(_note: Note) -> None:
    """Nobody listens yet."""


@attrs.define(eq=False)
class _Watched:
    """A file that is read again when it has changed."""

    path: Path
    read: Callable[[Path, datetime], None]
    """Reads it and puts it in force; the moment is when it was made. Raises ConfigError and OSError."""
    seen: tuple[int, ...] | None = None
    """What it was when it was last looked at; empty: it was not there."""

    def look(self) -> bool:
        """Reads it if it has changed; whether it has. Raises ConfigError, once for each change, also if it is gone."""
        seen, self.seen = self.seen, ()
        try:
            found = self.path.stat()
            self.seen = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
            if self.seen == seen:
                return False
            self.read(self.path, datetime.fromtimestamp(found.st_mtime, UTC))
        except OSError as error:
            if seen == self.seen:
                return False
            raise ConfigError(f"{self.path}: {error.strerror or error}") from error
        return True


@attrs.define(eq=False)
class Mending:
    """A holder whose certificate or key may be one that cannot be used: it is made when it can be.

    Of a daemon that runs. What we cannot read is no failure of the holder's side, so that a question is kept back; the
    breaker counts it like any other, and asks for an alarm.
    """

    make: Callable[[], Holder]
    """Reads the files. Raises ConfigError."""
    _made: Holder | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        try:
            self._made = self.make()
        except ConfigError as error:
            log.error("alarm: roaming-holder: %s; its numbers are not asked about", error)

    async def ask(self, number: str, correlator: str) -> Told:
        """One attempt, once the files can be read."""
        if self._made is None:
            try:
                made = await asyncio.get_running_loop().run_in_executor(None, self.make)
            except ConfigError:
                return Told.kept_back("our certificate or key for it cannot be used")
            if self._made is None:  # nobody else was quicker
                self._made = made
        return await self._made.ask(number, correlator)

    async def close(self) -> None:
        """What was made."""
        if self._made is not None:
            await self._made.close()


@attrs.define(eq=False)
class Asking:
    """All holders of one gateway. Make it by `open`."""

    inquiries: Inquiries
    holders: Mapping[str, Holder]
    terms: Mapping[str, Asked]
    """The bounds of each, by name."""
    deadline: float
    """Seconds that a question may take in all."""
    files: tuple[_Watched, ...] = ()
    _note: Callable[[Note], None] = attrs.field(default=_unheard, init=False, repr=False)
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set, init=False, repr=False)

    @classmethod
    def open(
        cls, config: Roaming | None, plan: Plan, own: Mapping[str, Holder] | None = None, *, again: bool = False
    ) -> "Asking":
        """With adapters of the program's `own` for the holders of `[[roaming.own]]`. Waits for the disk. `again`: of a
        daemon that runs; a list, a certificate or a key that cannot be used keeps no call from being taken: its numbers
        are not asked about until it is mended.

        Raises ConfigError when a list or a certificate cannot be used, an own adapter is missing, or a library is.
        """
        terms = Roaming() if config is None else config
        routes, lists = Routes.of(terms, None), dict[str, Shelf]()
        files = tuple(_files(terms, routes, lists))
        for file in files:
            try:
                file.look()
            except ConfigError as error:
                if not again:
                    raise
                log.error("alarm: roaming-list: %s; its numbers are not asked about", error)
        inquiries = Inquiries.of(config, os.urandom, routes, lists)
        asked = {one.name: one for _, one in terms.holders() if isinstance(one, Asked)}
        holders = _adapters(terms, plan.mobile_country_codes, own or {}, again=again)
        return cls(inquiries, holders, asked, terms.deadline_ms / 1_000, files)

    def start(self, note: Callable[[Note], None]) -> None:
        """Begins to look at the lists; `note` takes evidence and alarms. Call inside a running loop."""
        self._note = note
        if self.files:
            self._begin(self._keep_read())

    def ask(
        self, questions: Questions, moment: Moment, done: Callable[[dict[str, Answer]], None]
    ) -> dict[str, Answer] | None:
        """All answers, where nobody need be asked; else None, and `done` gets them. It must not raise."""
        reply = self.inquiries.ask(questions, moment, done)
        for note in reply.notes:
            self._note(note)
        for errand in reply.errands:
            self._begin(self._run(errand))
        return reply.answers

    async def close(self) -> None:
        """Gives up what is open; its `done` is called no more."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for fault in await asyncio.gather(*(one.close() for one in self.holders.values()), return_exceptions=True):
            if fault is not None:
                log.error("alarm: bug: on closing a holder", exc_info=fault)

    def statistics(self) -> dict[str, object]:
        """What is held now and has been counted since the start, fit for JSON."""
        return self.inquiries.statistics()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, errand: Errand) -> None:
        """Asks, and tells whoever waits, whatever happens but the end of the gateway."""
        holder, terms = self.holders[errand.holder], self.terms[errand.holder]
        told = Told.failed(f"no answer in {self.deadline * 1_000:.0f} ms")
        try:
            told = await in_time(tried(holder, errand, terms), self.deadline)
        except TimeoutError:
            pass
        except Exception:
            log.exception("alarm: bug: on asking %s", errand.holder)
            self._note(Alarm("bug", f"on asking holder {errand.holder}"))
            told = Told.kept_back("a fault of ours")
        settled = self.inquiries.told(errand, told, Moment(time.monotonic(), datetime.now(UTC)))
        for note in settled.notes:
            self._note(note)
        for waiting in settled.finished:
            _tell(waiting)

    async def _keep_read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK)
            for file in self.files:
                try:
                    if await loop.run_in_executor(None, file.look):
                        log.info("%s is read anew", file.path)
                except ConfigError as error:
                    self._note(Alarm("roaming-list", f"{error}; the list before it goes on"))
                except Exception:  # whatever a file can be: the next look must come all the same
                    log.exception("on reading %s", file.path)
                    self._note(Alarm("bug", f"on reading {file.path}"))


async def in_time(work: Coroutine[Any, Any, Told], seconds: float) -> Told:
    """Raises TimeoutError when it takes longer. Where our own loop was held up, what has come meanwhile is read first:
    that we did not listen is no failure of a holder."""
    loop = asyncio.get_running_loop()
    due, task = loop.time() + seconds, loop.create_task(work)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
        if not done and loop.time() > due + HELD_UP:
            done, _ = await asyncio.wait((task,), timeout=GRACE)
        if not done:
            raise TimeoutError
        return task.result()
    finally:
        if task.cancel():
            await asyncio.wait((task,))


async def tried(holder: Holder, errand: Errand, terms: Asked) -> Told:
    """The answer of the first attempt that brings one, or the last one's failure."""
    patience = terms.timeout_ms / 1_000
    for _ in range(terms.attempts):
        try:
            told = await in_time(holder.ask(errand.number, errand.correlator), patience)
        except TimeoutError:
            told = Told.failed(f"no answer in {terms.timeout_ms} ms", may_repeat=True)
        if not told.may_repeat:
            break
    return told


def _tell(waiting: Waiting) -> None:
    try:
        waiting.done(waiting.answers)
    except Exception:
        log.exception("alarm: bug: on roaming answers")


def _files(config: Roaming, routes: Routes, lists: dict[str, Shelf]) -> list[_Watched]:
    """Each file that `[roaming]` names, with what becomes of what is read there."""

    def ported(_path: Path, _at: datetime) -> None:
        routes.ported = read_ported(config)

    def listed(holder: NumberList) -> Callable[[Path, datetime], None]:
        def put(path: Path, at: datetime) -> None:
            numbers, before = Pages.read(path), lists.get(holder.name)
            shelf = Shelf(numbers, at, holder.max_age_seconds)
            lists[holder.name] = shelf if before is None else attrs.evolve(shelf, counters=before.counters)

        return put

    files = [] if config.portability is None else [_Watched(Path(config.portability), ported)]
    return [*files, *(_Watched(Path(holder.file), listed(holder)) for holder in config.list)]


def _adapters(config: Roaming, home: frozenset[int], own: Mapping[str, Holder], *, again: bool) -> dict[str, Holder]:
    holders: dict[str, Holder] = {}
    try:
        if config.camara:
            from b2bua.roaming.web import CamaraHolder

            for one in config.camara:
                make = partial(CamaraHolder.of, one, home)
                holders[one.name] = Mending(make) if again else make()
        if config.dns:
            from b2bua.roaming.dns import DnsHolder

            holders |= {one.name: DnsHolder(one, home) for one in config.dns}
    except ModuleNotFoundError as missing:
        raise ConfigError(f"[roaming] needs {missing.name}, which comes with b2bua[daemon]") from missing
    named = {one.name for one in config.own}
    if named != own.keys():
        wrong = ", ".join(sorted(named ^ own.keys()))
        raise ConfigError(f"roaming.own: {wrong}: an adapter without a table, or a table without an adapter of yours")
    return {**holders, **own}
