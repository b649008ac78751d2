"""One trial: SIPp calls SIPp through a box, so many calls at such a rate, and what became of them.

The scenarios are the method's basic call: INVITE with SDP / 100 / 180 / 200 / ACK / 100 ms / BYE / 200. SIPp's own
files are read afterwards: `-trace_stat` for failed calls, `-trace_counts` for what was sent or came twice, and, where
delays are wanted, `-trace_shortmsg`, since its response times are whole milliseconds.
"""

import csv
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from bench.boxes import Box
from bench.errors import BenchError
from bench.processes import LOOPBACK, Cores, await_bound, busy_seconds, cpu_seconds, last_words, running

SCENARIOS = Path(__file__).parent / "scenarios"
#: Seconds that calls may take longer than their rate says before a trial is given up.
_GRACE = 3
#: Seconds of a trial in which SIPp starts, or only waits for the end of its last call.
_OVERHEAD = 0.15
#: The share of its rate that a trial must reach.
_LEAST_OF_RATE = 0.97
#: Milliseconds that a call talks: one of a trial, and one that is held.
_TALK, _FOR_EVER = 100, 3_600_000
#: SIPp's exit codes when it ran: all calls well, some failed, ended by its time limit or before its first call.
_RAN = (0, 1, 97, 99)


@attrs.frozen(kw_only=True)
class Trial:
    """What became of `calls` calls offered at `rate` a second."""

    box: str
    rate: float
    calls: int
    succeeded: int
    repeated: int
    """Messages that either SIPp sent or got twice."""
    seconds: float
    """From the first call's begin to the last one's end."""
    cpu: float
    """Seconds of CPU that the box used."""
    sipp: float
    """Share of their core that the two SIPps used: near 1, they are what is measured."""
    others: float
    """Share of the box's core that was somebody else's."""
    delays: tuple[float, ...] = attrs.field(default=(), repr=False)
    """Post-dial delays, INVITE to 180 as the caller sees them, seconds, sorted."""
    failures: tuple[str, ...] = ()
    """Why calls failed, in SIPp's words, each with its number."""

    @property
    def reached(self) -> float:
        """Calls a second that were really made, SIPp's start and the last call's 100 ms not counted."""
        return self.calls / max(self.seconds - _OVERHEAD, 1e-9)

    @property
    def held(self) -> bool:
        """Whether the box kept up: no failed call, nothing repeated, and the rate was reached."""
        return self.succeeded == self.calls and self.repeated == 0 and self.reached >= self.rate * _LEAST_OF_RATE

    @property
    def cpu_per_call(self) -> float:
        """Seconds."""
        return self.cpu / self.calls

    def facts(self) -> dict[str, object]:
        """For the report."""
        kept = attrs.asdict(self, filter=attrs.filters.exclude("delays"))
        return {**kept, "held": self.held}


def require() -> str:
    """SIPp's version. Raises BenchError when it is not there."""
    program = shutil.which("sipp")
    if program is None:
        raise BenchError(
            "whole needs SIPp, which is not installed: apt-get install sip-tester, or run only `python -m bench micro`"
        )
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return next((line.strip().rstrip(".") for line in said.stdout.splitlines() if line.strip()), "SIPp")


def trial(
    box: Box, rate: float, calls: int, folder: Path, cores: Cores, *, delays: bool = False, talk: float = _TALK / 1000
) -> Trial:
    """Runs one, in which each call talks for so many seconds; the box stays as it is. Raises BenchError when SIPp
    itself cannot run."""
    ports = box.ports
    patience = calls / rate + talk + _GRACE
    most = (2 + talk) * rate + 100
    to_box = [f"{LOOPBACK}:{ports.front}", "-m", str(calls), "-r", f"{rate:.0f}", "-l", f"{most:.0f}"]
    to_box += ["-d", f"{1000 * talk:.0f}", "-timeout", f"{patience:.0f}s", *(["-trace_shortmsg"] if delays else [])]
    sipps = _children_seconds()
    with _sipp("callee", ports.callee, [], folder, cores.load) as callee:
        await_bound(callee.process, ports.callee, callee.log)
        cpu, busy = cpu_seconds(box.process), busy_seconds(cores.box)
        with _sipp("caller", ports.caller, to_box, folder, cores.load) as caller:
            caller.finish(patience + _GRACE)
        if box.process.poll() is not None:
            raise BenchError(f"{box.name} ended in the middle of a trial")
        cpu, busy = cpu_seconds(box.process) - cpu, busy_seconds(cores.box) - busy
        callee.process.send_signal(signal.SIGUSR1)
        callee.finish(_GRACE)
    lasted = caller.seconds()
    return Trial(
        box=box.name,
        rate=rate,
        calls=calls,
        succeeded=caller.succeeded(),
        repeated=caller.repeated() + callee.repeated(),
        seconds=lasted - talk + _TALK / 1000,  # what longer talks add is no lower rate
        cpu=cpu,
        sipp=round((_children_seconds() - sipps) / lasted, 3),
        others=round(max(0.0, busy - cpu) / lasted, 3),
        delays=tuple(sorted(caller.delays())) if delays else (),
        failures=(*caller.failures(), *callee.failures()),
    )


@contextmanager
def holding(box: Box, rate: float, calls: int, folder: Path, cores: Cores) -> Iterator["Sipp"]:
    """Calls that are set up at a rate and then talk for as long as the context lasts; the caller's SIPp."""
    ports = box.ports
    to_box = [f"{LOOPBACK}:{ports.front}", "-m", str(calls), "-r", f"{rate:.0f}", "-l", str(calls)]
    to_box += ["-d", str(_FOR_EVER), "-fd", "1"]
    with _sipp("callee", ports.callee, [], folder, cores.load) as callee:
        await_bound(callee.process, ports.callee, callee.log)
        with _sipp("caller", ports.caller, to_box, folder, cores.load) as caller:
            yield caller


@attrs.frozen
class Sipp:
    """A SIPp and the files it writes, named by its scenario and process id."""

    role: str
    process: subprocess.Popen[bytes]
    log: Path

    def finish(self, patience: float) -> None:
        """Waits for its end; one that does not come is a trial not held, since calls are then missing."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return
        if code not in _RAN:
            raise BenchError(f"SIPp ({self.role}) ended with {code}: {last_words(self.log)}")

    def succeeded(self) -> int:
        """Calls that went through the whole scenario."""
        return int(self._statistics().get("SuccessfulCall(C)", 0))

    def seconds(self) -> float:
        """Between its begin and its end; of a SIPp that had to be killed, a time that holds no rate."""
        row = self._statistics()
        if not row:
            return float("inf")
        start, end = (float(row[name].split("\t")[-1]) for name in ("StartTime", "CurrentTime"))
        return end - start

    def repeated(self) -> int:
        """Messages sent again or received again."""
        return sum(int(value) for name, value in self._row("counts").items() if name.endswith("_Retrans"))

    def failures(self) -> Iterator[str]:
        """Why calls failed: the columns of SIPp's statistics that count a cause, those that are not zero."""
        for name, value in self._statistics().items():
            cause = name.removeprefix("Failed").removesuffix("(C)")
            if name.startswith("Failed") and name.endswith("(C)") and cause != "Call" and int(value):
                yield f"{self.role}: {value} {cause}"

    def answered(self) -> int:
        """Calls whose 200 it has acknowledged by now, as of its last second."""
        return sum(int(value) for name, value in self._row("counts").items() if name.endswith("_ACK_Sent"))

    def delays(self) -> Iterator[float]:
        """INVITE to 180 of each call, seconds."""
        begun: dict[str, float] = {}
        path = self._file("shortmessages.log")
        for line in path.read_text().splitlines() if path.exists() else ():
            _date, _clock, at, _way, call, _cseq, start = line.split("\t", 6)
            if start.startswith("INVITE "):
                begun[call] = float(at)
            elif start.startswith("SIP/2.0 180") and call in begun:
                yield float(at) - begun.pop(call)

    def _statistics(self) -> dict[str, str]:
        return self._row("")

    def _row(self, kind: str) -> dict[str, str]:
        """The last line of one of its CSV files, by column; empty when it could not write it."""
        path = self._file(f"{kind}.csv")
        if not path.exists():
            return {}
        with path.open(newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
        return dict(zip(rows[0], rows[-1], strict=False)) if len(rows) > 1 else {}

    def _file(self, ending: str) -> Path:
        return self.log.parent / f"{self.role}_{self.process.pid}_{ending}"


@contextmanager
def _sipp(role: str, port: int, arguments: list[str], folder: Path, core: int) -> Iterator[Sipp]:
    command = ["sipp", "-sf", str(SCENARIOS / f"{role}.xml"), "-i", LOOPBACK, "-p", str(port), *arguments]
    # Its scheduler at 1 ms, not 10: else ten milliseconds of calls come as one burst. Buffers as large as the boxes'.
    command += ["-nostdin", "-timer_resol", "1", "-buff_size", "4194304", "-trace_stat", "-trace_counts"]
    log = folder / f"{role}.log"
    with running(command, core, log) as process:
        yield Sipp(role, process, log)


def _children_seconds() -> float:
    """CPU of all our ended children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
