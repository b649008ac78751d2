"""Where the two ends and the box between them are: on loopback all three, or each in a network namespace of its own.

Namespaces need root. What is measured in them is nearer to a host between two networks, and the kernel can route there.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final

import attrs

from bench.errors import BenchError
from bench.processes import LOOPBACK

#: Where iproute2 keeps the names of namespaces.
_NAMED: Final = Path("/run/netns")
#: Where programs of the administrator are, which not every PATH has.
_SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"
#: What the kernel of the box is told, under /proc/sys/net: all that docs/media.md asks for.
_ROUTING: Final = ("ipv4/ip_forward", "ipv4/fwmark_reflect", "ipv6/conf/all/forwarding", "ipv6/fwmark_reflect")


@attrs.frozen(kw_only=True)
class Net:
    """The addresses of peer A, of the box towards it, of peer B, and of the box towards that."""

    a: str
    face_a: str
    b: str
    face_b: str
    spaces: tuple[str, str, str] | None = None
    """The names of the namespaces of A, the box and B; None: all are where we are."""

    def within(self) -> AbstractContextManager[None]:
        """This thread, and what it starts, where the box is."""
        return nullcontext() if self.spaces is None else _within(self.spaces[1])

    @property
    def files(self) -> tuple[str, ...]:
        """Those of the namespaces of A and B, if they have any."""
        return () if self.spaces is None else (str(_NAMED / self.spaces[0]), str(_NAMED / self.spaces[2]))


LOCAL: Final = Net(a=LOOPBACK, face_a=LOOPBACK, b=LOOPBACK, face_b=LOOPBACK)


def can_be_apart() -> bool:
    """Whether `apart` can be had here."""
    return os.geteuid() == 0 and _ip() is not None


@contextmanager
def apart() -> Iterator[Net]:
    """Three namespaces in a row, the middle one routing; they go on the way out. Raises BenchError.

    The addresses are those of examples (RFC 5737).
    """
    a, box, b = names = tuple(f"b2bua-bench-{os.getpid()}-{part}" for part in ("a", "box", "b"))
    net = Net(a="192.0.2.1", face_a="192.0.2.2", b="198.51.100.1", face_b="198.51.100.2", spaces=(a, box, b))
    try:
        for name in names:
            _run("netns", "add", name)
            _run("-n", name, "link", "set", "dev", "lo", "up")
        for name, end, own, face in ((a, "a", net.a, net.face_a), (b, "b", net.b, net.face_b)):
            _run("-n", box, "link", "add", "name", end, "type", "veth", "peer", "name", "up", "netns", name)
            _run("-n", name, "address", "add", f"{own}/24", "dev", "up")
            _run("-n", box, "address", "add", f"{face}/24", "dev", end)
            _run("-n", name, "link", "set", "dev", "up", "up")
            _run("-n", box, "link", "set", "dev", end, "up")
            _run("-n", name, "route", "add", "default", "via", face)
        with net.within():
            for key in _ROUTING:
                Path("/proc/sys/net", key).write_text("1")
        yield net
    finally:
        for name in names:
            if (_NAMED / name).exists():
                _run("netns", "delete", name)


@contextmanager
def _within(name: str) -> Iterator[None]:
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(_NAMED / name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _enter(before)
    finally:
        os.close(before)


def _enter(descriptor: int) -> None:
    """setns(2), which `os` has from Python 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0) != 0:
        raise BenchError(f"a network namespace cannot be entered: {os.strerror(ctypes.get_errno())}")


def _ip() -> str | None:
    return shutil.which("ip", path=f"{os.environ.get('PATH', os.defpath)}:{_SBIN}")


def _run(*words: str) -> None:
    program = _ip()
    if program is None:
        raise BenchError("namespaces need iproute2: apt-get install iproute2")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BenchError(f"ip {' '.join(words)}: {done.stderr.strip()}")
