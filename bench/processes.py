"""Processes on loopback: started on one core, read while they run, ended by their own id."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import attrs

from bench.errors import BenchError

LOOPBACK = "127.0.0.1"
SCRATCH = Path(__file__).parent.parent / "var" / "bench"
"""Where runs keep what they need while they last: a disk, as a daemon's journal has, and inside the checkout."""
#: Seconds a process gets to listen, and to end when asked.
PATIENCE = 15.0
_POLL = 0.02
#: Seconds after which it is asked again.
_ONCE_MORE = 3.0
_SUBREAPER = 36


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
    with log.open("wb") as errors, pinned(core):
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
def pinned(core: int) -> Iterator[None]:
    """This thread on one core: a child inherits that, so no instant of it is spent elsewhere."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it and what it started: a server of several processes may leave some behind.

    It is asked twice: one that looks whether a signal came, and then sleeps, can miss it in between (Kamailio does).
    """
    with ExitStack() as stack:
        members: dict[int, int | None] = {}
        for patience in (_ONCE_MORE, PATIENCE, None):
            for member in set(family(process.pid)) - set(members):
                members[member] = stack.enter_context(_handle(member))
            if process.poll() is not None:
                break
            if patience is None:
                process.kill()
            else:
                process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        for handle in members.values():
            with suppress(ProcessLookupError):
                if handle is not None:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)


@contextmanager
def _handle(process_id: int) -> Iterator[int | None]:
    """A descriptor that means this process even when its id has gone to another; none when it has ended."""
    try:
        handle = os.pidfd_open(process_id)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def family(process_id: int) -> tuple[int, ...]:
    """A process, the processes that its threads started, and so on."""
    found = [process_id]
    for member in found:
        for thread in Path(f"/proc/{member}/task").glob("*/children"):
            with suppress(OSError):  # it ended meanwhile
                found += map(int, thread.read_text().split())
    return tuple(found)


def end_children() -> None:
    """Ends whatever children are left: the signal that ends a run may come while one is being started."""
    while children := Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        for child in children:
            os.kill(int(child), signal.SIGKILL)
            os.waitpid(int(child), 0)


def inherit_orphans() -> None:
    """Makes what our children leave behind our own child, for `end_children` (PR_SET_CHILD_SUBREAPER, prctl(2))."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


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
    """`cpu_seconds_of` a process that was started here."""
    return cpu_seconds_of(process.pid)


def cpu_seconds_of(process_id: int) -> float:
    """User and system time of a process and all that it started, with all their threads, ended ones too.

    The sum of utime and stime in /proc/PID/stat counts in ticks of 10 ms, a fifth of a hundred calls through the
    forwarder; the process's CPU clock (clock_getcpuclockid(3), which Python does not wrap) is that sum in ns.
    """
    used = 0
    for member in family(process_id):
        with suppress(OSError):  # it ended meanwhile
            used += time.clock_gettime_ns(~member << 3 | 2)
    return used / 1e9


def resident_kib(process: subprocess.Popen[bytes]) -> float:
    """Memory of a process and all that it started, KiB; what several share counts once (Pss, proc_pid_smaps(5))."""
    total = 0.0
    for member in family(process.pid):
        with suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


def busy_seconds(core: int) -> float:
    """How long a core has been busy since the machine started, with whatever (proc_stat(5))."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return 0.0
