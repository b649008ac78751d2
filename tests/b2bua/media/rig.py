"""A relay with one channel between two parties, and whoever else sends to it."""

import socket

from b2bua.config import Latch
from b2bua.media.relay import End, Figures, Relay
from bench.processes import free_ports

FAMILIES = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


class Party:
    """A peer, by a socket of its own."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET, host: str = "", port: int = 0) -> None:
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.bind((host or FAMILIES[family], port))
        self.sock.setblocking(False)
        self.place = self.sock.getsockname()[:2]

    def send(self, data: bytes, to: End) -> None:
        self.sock.sendto(data, to.sock.getsockname())

    def heard(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.sock.recv(65_535))
            except BlockingIOError:
                return found


class Rig:
    """A relay with one channel between two parties."""

    def __init__(self, latch: Latch, families: tuple[socket.AddressFamily, socket.AddressFamily]) -> None:
        self.now = 100.0
        self.relay = Relay(lambda: self.now)
        self.a, self.b = Party(families[0]), Party(families[1])
        self.ends = (end_of(latch, self.a, families[0]), end_of(latch, self.b, families[1]))
        self.parties = [self.a, self.b]
        self.relay.open(1, self.ends)

    def turn(self) -> None:
        self.relay.turn(0)

    def stranger(self, family: socket.AddressFamily = socket.AF_INET, host: str = "") -> Party:
        self.parties.append(Party(family, host))
        return self.parties[-1]

    def figures(self, side: int) -> Figures:
        return self.ends[side].figures()

    def close(self) -> None:
        self.relay.close(1)
        for party in self.parties:
            party.sock.close()


def end_of(latch: Latch, peer: Party, family: socket.AddressFamily) -> End:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    (port,) = free_ports(1)
    sock.bind((FAMILIES[family], port))
    return End(sock, latch, peer.place)
