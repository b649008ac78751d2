"""UDP ports of loopback that nobody uses."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path


def free_ports(host: str, count: int) -> list[int]:
    """As many different ports as asked for; all are held until the last is found."""
    with ExitStack() as held:
        return [held.enter_context(bound(host)).getsockname()[1] for _ in range(count)]


def bound(host: str, port: int = 0) -> socket.socket:
    """A UDP socket of ours on that address, for what SIPp cannot say or must not hear."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, port))
    return sock


def is_taken(port: int) -> bool:
    """Whether some process has the port: how a peer that has no log shows that it listens."""
    return port in _taken()


def _taken() -> Iterator[int]:
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        path = Path(table)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            yield int(line.split()[1].rpartition(":")[2], 16)
