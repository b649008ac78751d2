"""Two peers and a box between them, each in a network namespace of its own; nothing outside of them is touched.

A socket stays where it was made, so that one test can hold those of all three.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

_NAMED = Path("/run/netns")
#: linux/sockios.h, linux/ethtool.h: whether a device is given the checksums of UDP to make.
_ETHTOOL, _SET_CHECKSUMS = 0x8946, 0x17


@attrs.frozen
class Net:
    """Their names, and the address of each towards the others: documentation's own (RFC 5737, RFC 3849)."""

    a: str
    box: str
    b: str

    @staticmethod
    def host(side: str, version: int) -> str:
        """Of a peer."""
        return {"a4": "192.0.2.1", "b4": "198.51.100.1", "a6": "2001:db8:a::1", "b6": "2001:db8:b::1"}[
            f"{side}{version}"
        ]

    @staticmethod
    def face(side: str, version: int) -> str:
        """Of the box, towards a peer."""
        return Net.host(side, version)[:-1] + "2"


@contextmanager
def apart() -> Iterator[Net]:
    """They go on the way out, with all that is in them."""
    names = [f"b2bua-test-{os.getpid()}-{part}" for part in ("a", "box", "b")]
    net = Net(*names)
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "dev", "lo", "up")
        for side, name in (("a", net.a), ("b", net.b)):
            ip("-n", net.box, "link", "add", "name", side, "type", "veth", "peer", "name", "up", "netns", name)
            for version, bits in ((4, 24), (6, 64)):
                own, face = net.host(side, version), net.face(side, version)
                nodad = ["nodad"] if version == 6 else []
                ip("-n", name, "address", "add", f"{own}/{bits}", "dev", "up", *nodad)
                ip("-n", net.box, "address", "add", f"{face}/{bits}", "dev", side, *nodad)
            ip("-n", name, "link", "set", "dev", "up", "up")
            ip("-n", net.box, "link", "set", "dev", side, "up")
            for version in (4, 6):
                ip("-n", name, f"-{version}", "route", "add", "default", "via", net.face(side, version))
            with within(net.box):
                _make_checksums(side)
        with within(net.a):
            _make_checksums("up")
        yield net
    finally:
        for name in names:
            if (_NAMED / name).exists():
                ip("netns", "delete", name)


def set_up(net: Net, **settings: str) -> None:
    """The box, for the kernel to carry media; or otherwise."""
    chosen = {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.fwmark_reflect": "1",
        "net.ipv6.conf.all.forwarding": "1",
        "net.ipv6.fwmark_reflect": "1",
    } | settings
    with within(net.box):
        for name, value in chosen.items():
            Path("/proc/thread-self/root/proc/sys", *name.split(".")).write_text(value)


def ip(*arguments: str) -> str:
    """Of iproute2."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def ruleset(net: Net) -> str:
    """What nftables has in the box."""
    command = ["ip", "netns", "exec", net.box, "nft", "list", "ruleset"]
    return subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout


@contextmanager
def within(name: str) -> Iterator[None]:
    """This thread, and what it makes and starts, in that namespace."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(_NAMED / name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(there)
        try:
            yield
        finally:
            _enter(before)
    finally:
        os.close(there)
        os.close(before)


def _enter(descriptor: int) -> None:
    """setns(2), which `os` has from Python 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.setns(descriptor, 0) == 0, os.strerror(ctypes.get_errno())


def _make_checksums(device: str) -> None:
    """What leaves it has a checksum, as on a wire; else one namespace trusts the other."""
    value = ctypes.create_string_buffer(struct.pack("=II", _SET_CHECKSUMS, 0), 8)
    request = struct.pack("16sP16x", device.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _ETHTOOL, request)
