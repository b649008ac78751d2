"""The sockets of several workers on one address, and where the kernel puts what comes."""

import socket
from collections.abc import Iterator

import pytest

from b2bua.workers.marks import mark_of
from b2bua.workers.steering import DEPTH, bind_all, program
from tests.peers.ports import free_ports

WORKERS = 3


@pytest.fixture(params=["127.0.0.1", "::1"])
def host(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def bound(host: str) -> Iterator[list[socket.socket]]:
    (port,) = free_ports(host, 1)
    sockets = bind_all(host, port, WORKERS)
    yield sockets
    for sock in sockets:
        sock.close()


def where(bound: list[socket.socket], *datagrams: bytes) -> list[int]:
    """Which socket each datagram of one source came to; loopback has delivered when `sendto` returns."""
    found = []
    with socket.socket(bound[0].family, socket.SOCK_DGRAM) as peer:
        for data in datagrams:
            peer.sendto(data, bound[0].getsockname()[:2])
            for slot, sock in enumerate(bound):
                try:
                    assert sock.recv(65_535) == data
                except BlockingIOError:
                    continue
                found.append(slot)
    return found


@pytest.mark.parametrize("at", [0, 1, 2, 3, 250, DEPTH - 1])
def test_a_mark_leads_to_its_worker(bound: list[socket.socket], at: int) -> None:
    marked = [bytes(at) + mark_of(slot).encode() + bytes(DEPTH) for slot in range(WORKERS)]
    assert where(bound, *marked, *marked) == [*range(WORKERS), *range(WORKERS)]


def test_new_calls_of_one_source_go_to_all(bound: list[socket.socket]) -> None:
    found = where(bound, *(b"INVITE sip:a@b SIP/2.0\r\n" + bytes(900) for _ in range(300)))
    assert len(found) == 300
    assert all(60 < found.count(slot) < 140 for slot in range(WORKERS))


def test_whatever_comes_arrives_once(bound: list[socket.socket]) -> None:
    odd = (b"", b"b", b"b2wa", b"x" * 5 + b"b2wz" + bytes(DEPTH), b"b2w" * 300, bytes(65_000))
    assert len(where(bound, *odd)) == len(odd)


def test_a_second_daemon_meets_the_first(host: str, bound: list[socket.socket]) -> None:
    with pytest.raises(OSError, match="in use"):
        bind_all(host, bound[0].getsockname()[1], WORKERS)


def test_the_kernel_takes_a_program_of_that_length() -> None:
    assert len(program(16)) <= 4_096
