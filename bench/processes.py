"""Processes on loopback: started on one core, read while they run, ended by their own id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from bench.errors import BenchError

LOOPBACK = "127.0.0.1"
SCRATCH = Path(__file__).parent.parent / "var" / "bench"
"""Where runs keep what they need while they last: a disk, as a daemon's journal has, and inside the checkout."""
#: Seconds a process gets to listen, and to end when asked.
PATIENCE = 15.0
_POLL = 0.02


@attrs.frozen(kw_only=True)
class Cores:
    """Which core carries what."""

    box: int
    load: int

    @classmethod
    def choose(cls) -> "Cores":
        """The first two that this process may use; on a machine with one core, that one twice."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(box=allowed[0], load=allowed[1] if len(allowed) > 1 else allowed[0])


@contextmanager
def running(command: Sequence[str], core: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process on one core, in the folder of `log`, which gets its standard error. It is ended on the way out."""
    with log.open("wb") as errors, _pinned(core):
        try:
            process = subprocess.Popen(
                command, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )
        except OSError as error:
            raise BenchError(f"{command[0]} cannot be started: {error.strerror}") from error
    try:
        yield process
    finally:
        _end(process)


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """This thread on one core: a child inherits that, so no instant of it is spent elsewhere."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_children() -> None:
    """Ends whatever children are left: the signal that ends a run may come while one is being started."""
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
        os.waitpid(int(child), 0)


def await_bound(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Waits until the process listens on a UDP port. Raises BenchError with its last words when it does not."""
    wanted = f":{port:04X} "
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if wanted in Path("/proc/net/udp").read_text():
            return
        if process.poll() is not None:
            raise BenchError(f"{_name(process)} ended at once: {last_words(log)}")
        time.sleep(_POLL)
    raise BenchError(f"{_name(process)} did not listen on port {port} within {PATIENCE:.0f} s: {last_words(log)}")


def last_words(log: Path) -> str:
    """What a process said last."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " / ".join(line.strip() for line in lines[-3:] if line.strip()) or "it said nothing"


def _name(process: subprocess.Popen[bytes]) -> str:
    return " ".join(str(word) for word in (process.args if isinstance(process.args, list | tuple) else [process.args]))


def free_ports(count: int) -> tuple[int, ...]:
    """UDP ports of loopback that nobody has; held all at once, so that they differ."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for held in sockets:
            held.bind((LOOPBACK, 0))
        return tuple(held.getsockname()[1] for held in sockets)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a process with all its threads, ended ones too.

    The sum of utime and stime in /proc/PID/stat counts in ticks of 10 ms, a fifth of a hundred calls through the
    forwarder; the process's CPU clock (clock_getcpuclockid(3), which Python does not wrap) is that sum in ns.
    """
    clock = ~process.pid << 3 | 2
    return time.clock_gettime_ns(clock) / 1e9


def busy_seconds(core: int) -> float:
    """How long a core has been busy since the machine started, with whatever (proc_stat(5))."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return 0.0
