"""The register of a gateway that runs: put in place of the one before, read again from its file, looked through daily.

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
from b2bua.config import Config, Mistake, Result, reread
from b2bua.config.due import due
from b2bua.config.source import spell
from policy.register import Register as PolicyRegister
from policy.register import civil_day

log = logging.getLogger("b2bua")
T = TypeVar("T")

#: Seconds from one look at what ends soon to the next.
DAY: Final = 24 * 60 * 60.0
#: A number in a mistake; the log is no place for it.
_NUMBER: Final = re.compile(r"\d{5,}")


@attrs.define(eq=False)
class Amendments:
    """What becomes of the register of one gateway, in its loop."""

    config: Config
    """The running one, its register the latest."""
    core: Core
    keep: Callable[[Sequence[Record]], None] = attrs.field(repr=False)
    """Writes lines of evidence."""
    alarm: Callable[[Alarm], None] = attrs.field(repr=False)
    _path: Path | None = attrs.field(default=None, init=False)
    """The file that is to be read again."""
    _asked: asyncio.Event = attrs.field(factory=asyncio.Event, init=False, repr=False)

    def amend(self, config: Config, register: PolicyRegister) -> None:
        """Calls are judged by this register from the next INVITE on; it is that of `config`, which has been checked."""
        before = self.core.context.register.version
        self.core.amend(register)
        self.config = config
        if register.version == before:
            log.info("register %s: nothing has changed", before)
            return
        kinds = attrs.asdict(config.register, recurse=False)
        facts = {
            "version": register.version,
            "before": before,
            "entries": {kind: len(entries) for kind, entries in kinds.items() if entries},
        }
        self.keep([Record("register", "", datetime.datetime.now(datetime.UTC), facts)])
        log.info("register %s in place of %s", register.version, before)

    def reread(self, path: Path) -> None:
        """Has `[register]` of that file read again, soon and beside the calls; asked twice before that, it is once."""
        self._path = path
        self._asked.set()

    async def run(self) -> None:
        """Does what was asked, and looks at what ends soon: at the start, after each change, and each day."""
        while True:
            await self._look_ahead()
            with suppress(TimeoutError):
                async with asyncio.timeout(DAY):
                    await self._asked.wait()
            if self._asked.is_set():
                self._asked.clear()
                await self._reread()

    async def _reread(self) -> None:
        assert self._path is not None, "whoever asks names the file"
        read = await self._beside_calls(partial(_read, self._path, self.config), "on reading the register again")
        if read is None:
            return
        result, register = read
        for mistake in result.mistakes:
            if not mistake.fatal:
                log.warning("%s", _told(mistake))
        if result.config is None or register is None:
            first, *more = [mistake for mistake in result.mistakes if mistake.fatal]
            others = f" and {len(more)} mistakes more" if more else ""
            goes_on = f"the register stays as it is, {self.core.context.register.version}"
            self.alarm(Alarm("register", f"{_told(first)}{others}; {goes_on}"))
            return
        self.amend(result.config, register)

    async def _look_ahead(self) -> None:
        day = civil_day(datetime.datetime.now(datetime.UTC))
        look = partial(due, self.config, self.core.context.register, day)
        for finding in await self._beside_calls(look, "on looking for what ends in the register") or ():
            name = "shadow" if finding.where[:2] == ("register", "shadow") else "register"
            self.alarm(Alarm(name, f"{spell(finding.where)}: {finding.problem}"))

    async def _beside_calls(self, work: Callable[[], T], doing: str) -> T | None:
        """In a thread, for a register may be long; an error is ours, and must not keep the next one from being read."""
        try:
            return await asyncio.get_running_loop().run_in_executor(None, work)
        except Exception:
            log.exception("%s", doing)
            self.alarm(Alarm("bug", doing))
            return None


def _read(path: Path, config: Config) -> tuple[Result, PolicyRegister | None]:
    result = reread(path, config)
    return result, None if result.config is None else result.config.register.as_register()


def _told(mistake: Mistake) -> str:
    """A mistake without any number that stands in it."""
    key, problem = (_NUMBER.sub("...", text) for text in (mistake.key, mistake.problem))
    return f"{mistake.place}: {key}: {problem} ({mistake.mend})"
