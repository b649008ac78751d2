"""The clerk, as the daemon has it beside it: started, started again when it has died, ended last.

It is a process of its own that shares nothing with the calls: it reads the journal as files, so that its death, its
slowness and its memory are no call's. A pipe that is never written to tells it when the daemon is no more.
"""

import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from b2bua.config import Config

log = logging.getLogger("b2bua")

#: Seconds until a clerk that dies again and again is started once more, at most.
LONGEST_PAUSE: Final = 60.0
#: A clerk that has lived so many seconds has not died of its beginning.
SETTLED: Final = 30.0
#: Seconds that it has to index the last lines.
FAREWELL: Final = 15.0


@attrs.define(eq=False)
class Beside:
    """One clerk at a time. `tend` is to be called now and then, and at the death of any child."""

    command: Sequence[str]
    due: float | None = 0.0
    """When the next one begins, in monotonic seconds; None while one is there."""
    _process: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False, repr=False)
    _began: float = attrs.field(default=0.0, init=False)
    _deaths: int = attrs.field(default=0, init=False)
    """In a row, each soon after its beginning."""

    @classmethod
    def of(cls, config: Config, path: Path) -> "Beside | None":
        """That of the configuration in the file at `path`; None where the daemon has none to start."""
        if not config.has_clerk:
            return None
        return cls([sys.executable, "-m", "b2bua", "clerk", str(path), "--with-parent"])

    @property
    def pid(self) -> int | None:
        """Of the one that is there."""
        return None if self._process is None else self._process.pid

    def tend(self, tick: float) -> None:
        """Begins it when it is due, and mourns it when it has died."""
        if self._process is not None and self._process.poll() is not None:
            self._mourn(self._process, tick)
        if self.due is not None and self.due <= tick:
            self._begin(tick)

    def end(self) -> None:
        """Lets it finish, and waits, though not for ever."""
        process, self._process, self.due = self._process, None, None
        if process is None:
            return
        assert process.stdin is not None, "it was begun with a pipe"
        process.stdin.close()
        try:
            process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            log.warning("alarm: clerk: does not end, and is killed; the next one goes on where it was")
            process.kill()
            process.wait()

    def _begin(self, tick: float) -> None:
        self.due, self._began = None, tick
        try:
            self._process = subprocess.Popen(self.command, stdin=subprocess.PIPE, bufsize=0)
        except OSError as error:
            self._pause(tick, f"cannot begin: {error.strerror}")
        else:
            log.info("the clerk is process %d", self._process.pid)

    def _mourn(self, process: subprocess.Popen[bytes], tick: float) -> None:
        assert process.stdin is not None, "it was begun with a pipe"
        process.stdin.close()
        self._process = None
        self._pause(tick, f"has ended ({process.returncode})")

    def _pause(self, tick: float, why: str) -> None:
        self._deaths = 0 if tick - self._began > SETTLED else self._deaths + 1
        pause = min(LONGEST_PAUSE, 0.5 * 2.0 ** min(self._deaths, 16))
        self.due = tick + pause
        log.error("alarm: clerk: it %s; another begins in %.1f s", why, pause)
