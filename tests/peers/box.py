"""The box under test, as an operator runs it: `b2bua run CONFIG`, a process of its own with its log and journal."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs

from tests.peers.waiting import LONG, until

COMMAND = (sys.executable, "-m", "b2bua")

EXPECTED = "ERROR alarm: roaming-failed:"


@attrs.define(eq=False)
class Box:
    """One daemon at a time over one configuration; `start` it again after it has ended and its journal goes on."""

    folder: Path
    config: Path = attrs.field(init=False)
    process: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)
    _passed: int = attrs.field(default=0, init=False)
    """Journal lines of tests before this one."""
    _said: int = attrs.field(default=0, init=False)
    """The log's length when this test began."""

    def __attrs_post_init__(self) -> None:
        self.config = self.folder / "b2bua.toml"

    def start(self) -> None:
        """Returns when it listens."""
        already = self.log.count(" ready\n")
        with (self.folder / "box.log").open("ab") as log:
            command = [*COMMAND, "run", str(self.config)]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self._is_ready(already), "the daemon listens")

    def run(self) -> subprocess.CompletedProcess[str]:
        """Runs it to its end, where it should end by itself."""
        return self._command("run", str(self.config))

    def _is_ready(self, already: int) -> bool:
        assert self._running.poll() is None, f"the daemon has ended:\n{self.log}"
        return self.log.count(" ready\n") > already

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "started"
        return self.process

    @property
    def log(self) -> str:
        """All it has said."""
        path = self.folder / "box.log"
        return path.read_text() if path.exists() else ""

    @property
    def alarms(self) -> str:
        """What it has said in this test, if an error is part of it that the test has not asked for: a subscriber of the
        table whose check fails is alarmed, as he should be."""
        said = "\n".join(line for line in self.log[self._said :].splitlines() if EXPECTED not in line)
        return said if " ERROR " in said or "Traceback" in said else ""

    def statistics(self) -> dict[str, Any]:
        """What SIGUSR1 makes it log."""
        before = self._statistics()
        self._running.send_signal(signal.SIGUSR1)
        lines = until(lambda: (now := self._statistics())[len(before) :] and now, "SIGUSR1 is answered")
        statistics: dict[str, Any] = json.loads(lines[-1])
        return statistics

    def _statistics(self) -> list[str]:
        whole = self.log.rpartition("\n")[0]  # without a line that is being written
        return [line.partition(" statistics ")[2] for line in whole.splitlines() if " statistics {" in line]

    def drained(self, within: float = LONG) -> dict[str, Any]:
        """The statistics, once no call, transaction or dialog is left."""

        def empty() -> dict[str, Any] | None:
            now = self.statistics()
            return now if not (now["calls"] or now["transactions"] or now["dialogs"]) else None

        return until(empty, "the daemon drains", within, every=0.2)

    @property
    def resident_kib(self) -> int:
        """Its resident memory."""
        status = Path(f"/proc/{self._running.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after that signal."""
        self._running.send_signal(number)
        code = self._running.wait(LONG)
        self.process = None
        return code

    def close(self) -> None:
        """No process is left behind, whatever has happened."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(LONG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @property
    def journal_folder(self) -> Path:
        return self.folder / "journal"

    def begin(self) -> None:
        """A new test begins with an empty journal and log, as far as it can see."""
        self._said = len(self.log)
        self._passed = 0
        self._passed = len(self.journal())

    def journal(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The lines of the journal, of one kind or of all."""
        found = []
        for segment in sorted(self.journal_folder.glob("**/journal-*.jsonl")):
            found += [json.loads(line) for line in segment.read_bytes().rstrip(b"\0").splitlines()]
        return [line for line in found[self._passed :] if kind in (None, line["kind"])]

    def causes(self) -> list[str]:
        """How the calls ended, in order."""
        return [line["cause"] for line in self.journal("end")]

    def verify(self) -> subprocess.CompletedProcess[str]:
        """`b2bua verify` over the journal."""
        return self._command("journal", "verify", str(self.journal_folder))

    def _command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=LONG, check=False)
