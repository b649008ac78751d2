"""The process that has the kernel carry flows: `python -m b2bua.media.netfilter FD TABLE MARK`, which `rules.Rules`
alone starts.

It alone needs CAP_NET_ADMIN. It takes requests from the descriptor FD, and ends when whoever holds the other end is
gone, or when the table is not what it should be; with it goes the table.
"""

import signal
import socket
import sys
import time  # noqa: TID251 - an edge: another's table needs a moment to go
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from b2bua.errors import NetfilterError
from b2bua.media import table
from b2bua.media.flow import (
    LARGEST,
    Add,
    Count,
    Flow,
    Hello,
    Reply,
    Request,
    Take,
    decode_request,
    encode_hello,
    encode_reply,
)
from b2bua.media.nftables import Counters, Libnftables

#: What the kernel has to be told to carry packets at all, by version of IP: /proc/sys, and its name.
_SETTINGS: Final[Mapping[int, tuple[str, ...]]] = {
    4: ("net.ipv4.ip_forward", "net.ipv4.fwmark_reflect"),
    6: ("net.ipv6.conf.all.forwarding", "net.ipv6.fwmark_reflect"),
}
#: Times, and seconds between them, that the table is tried for: one before us may not have ended yet.
_TRIES: Final = 20
_PAUSE: Final = 0.1

Counted = tuple[int, int]
"""Packets and octets."""


@attrs.define(eq=False)
class Netfilter:
    """What the requests are carried out by; each method raises NetfilterError."""

    name: str
    """Of the table."""
    run: Callable[[str | dict[str, object]], None] = attrs.field(repr=False)
    """Changes the kernel's tables, wholly or not at all."""
    read: Callable[[str, Sequence[bytes]], list[Counted]] = attrs.field(repr=False)
    """Counters of a map, by keys."""
    _counted: dict[Flow, Counted] = attrs.field(factory=dict, init=False, repr=False)
    """Flows that the kernel carries, and what has been told of them."""

    def heed(self, request: Request) -> Reply:
        """Does what is asked."""
        match request:
            case Add():
                return Reply(refused=self._add(request.flows))
            case Take():
                standing = [flow for flow in request.flows if flow in self._counted]
                counts = self._count(standing)
                if standing:
                    self.run(table.deleted(self.name, standing))
                for flow in standing:
                    del self._counted[flow]
                return Reply(counts=counts)
            case Count():
                return Reply(counts=self._count([flow for flow in request.flows if flow in self._counted]))

    def _add(self, flows: Sequence[Flow]) -> dict[int, str]:
        """Those that the kernel refuses, and why."""
        try:
            self.run(table.added(self.name, flows))
        except NetfilterError as error:
            if len(flows) == 1:
                return {flows[0].mark: str(error)}
            return {mark: why for flow in flows for mark, why in self._add([flow]).items()}
        self._counted.update((flow, (0, 0)) for flow in flows)
        return {}

    def _count(self, flows: Iterable[Flow]) -> dict[int, Counted]:
        """What has come since the last time, by mark."""
        by_version: dict[int, list[Flow]] = {}
        for flow in flows:
            by_version.setdefault(flow.version, []).append(flow)
        counts = {}
        for version, those in by_version.items():
            found = self.read(table.flows_map(version), [table.key(flow) for flow in those])
            for flow, (packets, length) in zip(those, found, strict=True):
                octets = length - packets * table.HEADERS[version]
                before = self._counted[flow]
                self._counted[flow] = (packets, octets)
                if packets != before[0]:
                    counts[flow.mark] = (packets - before[0], octets - before[1])
        return counts


def settled_for(setting: Callable[[str], str | None]) -> Hello:
    """For which packets the kernel is set up, `setting` giving its value of a name."""
    lacks = {version: [name for name in names if setting(name) in {None, "0"}] for version, names in _SETTINGS.items()}
    return Hello(
        versions=frozenset(version for version, missing in lacks.items() if not missing),
        lacks=tuple(
            f"IPv{version} needs sysctl -w {' '.join(f'{name}=1' for name in missing)}"
            for version, missing in lacks.items()
            if missing
        ),
    )


def _setting(name: str) -> str | None:
    try:
        return Path("/proc/sys", *name.split(".")).read_text().strip()
    except OSError:
        return None


def _made(library: Libnftables, name: str, mark: int) -> None:
    for left in range(_TRIES, 0, -1):
        try:
            return library.run(table.ruleset(name, mark))
        except NetfilterError:
            if left == 1 or not _may():
                raise
            time.sleep(_PAUSE)
    return None


def _may() -> bool:
    """Whether this process has CAP_NET_ADMIN (12, capabilities(7))."""
    (rights,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(rights.split()[1], 16) >> 12 & 1)


def _begin(name: str, mark: int) -> tuple[Netfilter, Hello]:
    """Raises NetfilterError, which says what is lacking."""
    library = Libnftables()
    if not _may():
        raise NetfilterError(
            "the daemon has no CAP_NET_ADMIN; AmbientCapabilities=CAP_NET_ADMIN in its unit of systemd"
        )
    hello = settled_for(_setting)
    if hello.versions:
        try:
            _made(library, name, mark)
        except NetfilterError as error:
            raise NetfilterError(
                f"nftables takes no table {name!r} ({error}); it needs Linux 5.12 with nf_tables"
            ) from error
    return Netfilter(name, library.run, Counters(name).read), hello


def serve(control: socket.socket, name: str, mark: int) -> None:
    """Until the other end of the control socket is closed. Raises NetfilterError when the table is not what it was."""
    try:
        netfilter, hello = _begin(name, mark)
    except NetfilterError as error:
        control.send(encode_hello(Hello(lacks=(str(error),))))
        return
    control.send(encode_hello(hello))
    while data := control.recv(LARGEST):
        control.send(encode_reply(netfilter.heed(decode_request(data))))


def main(arguments: list[str]) -> None:
    """Takes what was inherited, and begins."""
    fd, name, mark = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which ends this by going
    try:
        serve(socket.socket(fileno=int(fd)), name, int(mark))
    except (NetfilterError, OSError) as error:
        raise SystemExit(f"b2bua.media.netfilter: {error}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
