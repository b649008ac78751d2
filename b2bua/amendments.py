"""The register of a gateway that runs: put in place of the one before, read again from its files, joined with what
people enter over the command line, looked through daily.

A suspension or a block must not wait for a restart (art. 5, art. 4 §2). What cannot be read changes nothing: the last
register that could be used goes on, its entries still ending on their days, and somebody is told.
"""

import asyncio
import datetime
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import attrs

from b2bua.call import Alarm, Core, Record
from b2bua.config import Config, Mistake, Register, Result, reread
from b2bua.config.due import due
from b2bua.config.finding import Where
from b2bua.config.source import spell
from b2bua.errors import GatewayError, RegisterError
from b2bua.evidence import Desk
from b2bua.register import snapshot
from b2bua.register.presence import Presence
from b2bua.register.snapshot import Snapshot
from policy.register import Register as PolicyRegister
from policy.register import civil_day

log = logging.getLogger("b2bua")
T = TypeVar("T")

#: Seconds from one look at what ends soon to the next.
DAY: Final = 24 * 60 * 60.0
#: Seconds from one look at whether something has been entered to the next.
LOOK: Final = 0.2
#: A number in a mistake; the log is no place for it.
_NUMBER: Final = re.compile(r"\d{5,}")


@attrs.define(eq=False)
class Amendments:
    """What becomes of the register of one gateway, in its loop."""

    config: Config
    """The running one; its register is the latest, with what was entered."""
    core: Core
    keep: Callable[[Sequence[Record]], None] = attrs.field(repr=False)
    """Writes lines of evidence."""
    alarm: Callable[[Alarm], None] = attrs.field(repr=False)
    presence: Presence
    """Where the commands see what is in force here."""
    _written: Register = attrs.field(init=False, repr=False)
    """What stands in the configuration and its files."""
    _entered: Snapshot = attrs.field(factory=Snapshot, init=False, repr=False)
    """What people have entered."""
    _seen: snapshot.Mark = attrs.field(default=None, init=False)
    """The file of that, as it was last looked at."""
    _path: Path | None = attrs.field(default=None, init=False)
    """The file that is to be read again."""
    _asked: asyncio.Event = attrs.field(factory=asyncio.Event, init=False, repr=False)
    _changing: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False, repr=False)
    """Held from what a register is made of to when it is in force."""

    @_written.default
    def _of_files(self) -> Register:
        return self.config.register

    def open(self) -> None:
        """Takes what was entered before; needs no loop, and waits for the disk. Raises GatewayError."""
        try:
            self.presence.hold()
        except OSError as error:
            raise RegisterError(f"{self.presence.folder} cannot be written: {error.strerror}") from error
        self._seen = snapshot.mark(self._journal)
        self._entered = snapshot.read_or_make(self._journal, datetime.datetime.now(datetime.UTC))
        if self._entered.digest:
            self.config, register = _joined(self.config, self._written, self._entered)
            self.core.amend(register)

    def close(self) -> None:
        """Nobody lives here any more; idempotent."""
        self.presence.leave()

    async def amend(self, written: Register) -> None:
        """Calls are judged by this register, and what was entered, from the next INVITE on; it has been checked."""
        async with self._changing:
            loop, joined = asyncio.get_running_loop(), partial(_joined, self.config, written, self._entered)
            config, register = await loop.run_in_executor(None, joined)
            self._put(config, register, written, self._entered)

    def reread(self, path: Path) -> None:
        """Has `[register]` of that file read again, soon and beside the calls; asked twice before that, it is once."""
        self._path = path
        self._asked.set()

    async def run(self) -> None:
        """Does what was asked, takes what is entered, and looks at what ends soon: at the start, after each change, and
        each day."""
        if self._entered.digest:
            self._record("")
        self.presence.tell(self._entered.digest, self._seen)
        loop = asyncio.get_running_loop()
        while True:
            await self._look_ahead()
            tomorrow = loop.time() + DAY
            while loop.time() < tomorrow and not await self._is_amended():
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._asked.wait()

    async def _is_amended(self) -> bool:
        """Whether there was news, once it is in force."""
        if self._asked.is_set():
            self._asked.clear()
            await self._reread()
            return True
        return self._is_entered() and await self._take()

    # What stands in files.

    async def _reread(self) -> None:
        assert self._path is not None, "whoever asks names the file"
        async with self._changing:
            read = partial(_read, self._path, self.config, self._entered)
            told = await self._beside_calls(read, "on reading the register again")
            if told is None:
                return
            result, joined = told
            for mistake in result.mistakes:
                if not mistake.fatal:
                    log.warning("%s", _told(mistake))
            if result.config is None or joined is None:
                first, *more = [mistake for mistake in result.mistakes if mistake.fatal]
                self._stays(_told(first) + (f" and {len(more)} mistakes more" if more else ""))
                return
            self._put(*joined, result.config.register, self._entered)

    # What people enter.

    @property
    def _journal(self) -> Path:
        return Path(self.config.journal.directory)

    def _is_entered(self) -> bool:
        """Whether the file is another than was last looked at."""
        return snapshot.mark(self._journal) != self._seen

    async def _take(self) -> bool:
        """Whether what was entered is anything else than it was before."""
        async with self._changing:
            self._seen = snapshot.mark(self._journal)
            taken = partial(_taken, self._journal, self.config, self._written, self._entered)
            told = await self._beside_calls(taken, "on reading what was entered in the register")
            if told is None or isinstance(told, str):
                problem = told or "an error of ours; the log has it"
                if told is not None:
                    self._stays(told)
                self.presence.tell(self._entered.digest, self._seen, problem)
                return False
            entered, joined = told
            if joined is not None:
                self._put(*joined, self._written, entered)
            self.presence.tell(entered.digest, self._seen)
            return joined is not None

    # Both.

    def _put(self, config: Config, register: PolicyRegister, written: Register, entered: Snapshot) -> None:
        before = self.core.context.register.version
        self.core.amend(register)
        self.config, self._written, self._entered = config, written, entered
        if register.version == before:
            log.info("register %s: nothing has changed", before)
            return
        self._record(before)
        log.info("register %s in place of %s", register.version, before)

    def _record(self, before: str) -> None:
        facts = {
            "version": self.core.context.register.version,
            "before": before,
            "entered": self._entered.digest,
            "entries": {kind: len(entries) for kind, entries in self.config.register.kinds().items() if entries},
        }
        self.keep([Record("register", "", datetime.datetime.now(datetime.UTC), facts)])

    def _stays(self, problem: str) -> None:
        self.alarm(Alarm("register", f"{problem}; the register stays as it is, {self.core.context.register.version}"))

    async def _look_ahead(self) -> None:
        day = civil_day(datetime.datetime.now(datetime.UTC))
        written, entered = self._written, self._entered
        look = partial(due, self.config, self.core.context.register, day)
        for finding in await self._beside_calls(look, "on looking for what ends in the register") or ():
            name = "shadow" if finding.where[:2] == ("register", "shadow") else "register"
            self.alarm(Alarm(name, f"{_place(finding.where, written, entered)}: {finding.problem}"))

    async def _beside_calls(self, work: Callable[[], T], doing: str) -> T | None:
        """In a thread, for a register may be long; an error is ours, and must not keep the next one from being read."""
        try:
            return await asyncio.get_running_loop().run_in_executor(None, work)
        except Exception:
            log.exception("%s", doing)
            self.alarm(Alarm("bug", doing))
            return None


def _place(where: Where, written: Register, entered: Snapshot) -> str:
    """Where it stands in the files, or what it is called among what was entered."""
    match where:
        case ("register", str(kind), int(index), *_):
            place = index - len(written.kinds()[kind])
            return spell(where) if place < 0 else entered.names[kind][place]
    return spell(where)


def _joined(config: Config, written: Register, entered: Snapshot) -> tuple[Config, PolicyRegister]:
    """The configuration with one register of both, and what verdicts are found by."""
    register = entered.beside(written)
    return attrs.evolve(config, register=register), register.as_register()


def _read(path: Path, config: Config, entered: Snapshot) -> tuple[Result, tuple[Config, PolicyRegister] | None]:
    result = reread(path, config)
    return result, None if result.config is None else _joined(config, result.config.register, entered)


def _taken(
    journal: Path, config: Config, written: Register, before: Snapshot
) -> tuple[Snapshot, tuple[Config, PolicyRegister] | None] | str:
    """What was entered, and the register with it, unless it is what it was before; or why it cannot be used."""
    if before.digest and snapshot.mark(journal) is None:
        return f"{snapshot.path_of(journal)} is gone; `b2bua register publish` makes it again from the desk"
    try:
        entered = snapshot.read(journal)
    except (RegisterError, OSError) as error:
        return str(error)
    return entered, None if entered.digest == before.digest else _joined(config, written, entered)


def renew(config: Config) -> None:
    """Before a daemon begins: what was entered is as the desk's lines have it, also after a command that was killed
    between the two. Where that cannot be told, what was published last goes on."""
    desk = Desk(Path(config.journal.directory))
    try:
        snapshot.renew(desk, datetime.datetime.now(datetime.UTC))
    except GatewayError as error:
        log.error("alarm: register: %s; what was published last goes on", error)


def _told(mistake: Mistake) -> str:
    """A mistake without any number that stands in it."""
    key, problem = (_NUMBER.sub("...", text) for text in (mistake.key, mistake.problem))
    return f"{mistake.place}: {key}: {problem} ({mistake.mend})"
