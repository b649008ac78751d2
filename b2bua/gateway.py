"""The gateway inside a program of somebody else's: its front door.

    async with Gateway("gateway.toml", hooks=Hooks(verdict=ours)) as gateway:
        async for note in gateway.watch():
            ...

It runs in the loop that is running, asyncio's own or another. It sets no loop policy, signal handler, logging or
garbage collector; several may run in one loop, each with its own journal. docs/embedding.md is its page.
"""

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakSet

import attrs

from b2bua.app import App
from b2bua.call import Alarm, Hooks, Record
from b2bua.config import Config, Register, load
from b2bua.config.check import check
from b2bua.config.source import spell
from b2bua.errors import ConfigError, GatewayError
from b2bua.roaming import Holder
from b2bua.watch import Watch


def _usable(config: Config | str | os.PathLike[str]) -> Config:
    """A file is read; what was built in Python is checked as a file would be."""
    if not isinstance(config, Config):
        return _alone(load(Path(config)))
    fatal = [finding for finding in check(config) if finding.fatal]
    if fatal:
        raise ConfigError("\n".join(f"{spell(found.where)}: {found.problem} ({found.mend})" for found in fatal))
    return _alone(config)


def _alone(config: Config) -> Config:
    """A gateway lives in the process of its host: workers are the daemon's."""
    if config.workers > 1:
        raise ConfigError("workers: an embedded gateway has no processes of its own (leave it at 1)")
    return config


@attrs.define(eq=False)
class Gateway:
    """One gateway, from a configuration: a `Config`, or the path of a file, which needs the extra `daemon`.

    Use it by `async with`, or call `start` and `stop`; after `stop` it may be started again. Not thread-safe: all of it
    belongs to the loop it was started in. Raises ConfigError, which names every mistake.
    """

    config: Config = attrs.field(converter=_usable)
    hooks: Hooks = attrs.field(factory=Hooks, kw_only=True)
    """What this program adds to verdicts and routes."""
    holders: Mapping[str, Holder] = attrs.field(factory=dict, kw_only=True)
    """By name, its own way to ask each holder of `[[roaming.own]]` where a subscriber is."""
    _register: Register | None = attrs.field(default=None, init=False, repr=False)
    """That of `amend`, in place of the configuration's."""
    _app: App | None = attrs.field(default=None, init=False, repr=False)
    """The last one started."""
    _is_running: bool = attrs.field(default=False, init=False)
    _changing: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False, repr=False)
    """Held while it starts or stops, which takes time."""
    _watches: WeakSet[Watch] = attrs.field(factory=WeakSet, init=False, repr=False)
    """Weakly: a watch that nobody reads any more costs nothing."""

    async def start(self) -> None:
        """Opens the journal, binds every listening address, and takes calls from then on.

        Raises GatewayError when it runs already or an address cannot be bound, JournalError when the evidence cannot be
        written; nothing is left open then.
        """
        async with self._changing:
            if self._is_running:
                raise GatewayError("the gateway is running already")
            app = await self._opened()
            try:
                app.start()
            except BaseException:
                await app.stop()
                raise
            self._app, self._is_running = app, True

    async def stop(self) -> None:
        """Stops listening, and closes the journal whole; idempotent.

        Calls in progress get no message: answered ones go on between the ends, and all are recorded `interrupted` when
        the journal is next opened.
        """
        async with self._changing:
            if self._app is None or not self._is_running:
                return
            self._is_running = False
            try:
                await self._app.stop()
            finally:
                for watch in tuple(self._watches):
                    watch.end()
                self._watches.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def watch(self, limit: int = 1_000) -> Watch:
        """The evidence and the alarms from now on; to miss nothing, ask before `start`.

        A `Record` holds personal data (`personal`) as the journal does: what is kept of it has to be forgotten in time.
        """
        watch = Watch(limit)
        self._watches.add(watch)
        return watch

    async def amend(self, register: Register) -> None:
        """Judges by this register from the next INVITE on, and keeps in evidence that it did; also after `start`.

        Calls that stand go on. Raises ConfigError, which names every mistake; then nothing has changed.
        """
        async with self._changing:
            amended = attrs.evolve(self.config, register=register)
            await asyncio.get_running_loop().run_in_executor(None, _usable, amended)
            self._register = register
            if self._app is not None and self._is_running:
                await self._app.amendments.amend(register)

    def statistics(self) -> dict[str, object]:
        """What is held now and has been counted since the start, fit for JSON; after `stop`, what was counted.

        Raises GatewayError when it was never started.
        """
        if self._app is None:
            raise GatewayError("the gateway was never started")
        return self._app.statistics()

    async def _opened(self) -> App:
        """In a thread: a journal reads its last segment and allocates the next, and the loop has others to serve."""
        config = self.config if self._register is None else attrs.evolve(self.config, register=self._register)
        made = partial(App.open, config, self.hooks, self._observe, self.holders)
        opening = asyncio.get_running_loop().run_in_executor(None, made)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close)  # the thread cannot be stopped, and must not keep the journal
            raise

    def _observe(self, note: Record | Alarm) -> None:
        for watch in self._watches:
            watch.tell(note)


def _close(opening: "asyncio.Future[App]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
