"""Addresses as the operator writes them: where we listen, who may speak, where calls go."""

import ipaddress
from typing import Self

import attrs

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _split(text: str) -> tuple[str, str]:
    """Host and port text of `host`, `host:port`, `[v6]`, `[v6]:port`; the port text may be empty."""
    rest = text.removeprefix("udp:")
    if rest.startswith("["):
        host, bracket, port = rest[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise ValueError(f"{text!r} does not close its bracket before the port")
        return host, port[1:]
    if rest.count(":") > 1:
        return rest, ""
    host, _, port = rest.partition(":")
    return host, port


def _port(text: str, *, lowest: int = 1) -> int:
    if not (text.isascii() and text.isdigit() and lowest <= int(text) <= 65_535):
        raise ValueError(f"{text!r} is no port ({lowest}-65535)")
    return int(text)


@attrs.frozen
class Endpoint:
    """One UDP address and port, written `192.0.2.1:5060`, `[2001:db8::1]:5060`; an optional `udp:` may stand before."""

    host: str
    """A numeric address, IPv6 without brackets."""
    port: int

    @classmethod
    def parse(cls, text: str, *, lowest_port: int = 1) -> Self:
        """Raises ValueError; without a port it is 5060 (RFC 3261 §19.1.2)."""
        host, port = _split(text)
        return cls(str(ipaddress.ip_address(host)), _port(port, lowest=lowest_port) if port else 5060)

    @property
    def is_ipv6(self) -> bool:
        """Which address family a socket for it needs."""
        return ":" in self.host

    @property
    def is_wildcard(self) -> bool:
        """Whether it is every address of the host (0.0.0.0 or ::), which no Via or Contact may name."""
        return ipaddress.ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


@attrs.frozen
class Peer:
    """Who may send to a trunk: an address or a network, from any port or from one."""

    network: Network
    port: int | None = None
    """None: any source port."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """`192.0.2.7`, `192.0.2.0/24`, `192.0.2.7:5060`, `2001:db8::/32`, `[2001:db8::7]:5060`. Raises ValueError."""
        if "/" in text:
            return cls(ipaddress.ip_network(text))
        host, port = _split(text)
        return cls(ipaddress.ip_network(host), _port(port) if port else None)

    def admits(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> bool:
        """Whether a datagram from there is this peer's."""
        return address in self.network and self.port in (None, port)

    def overlaps(self, other: "Peer") -> bool:
        """Whether one source could be both."""
        if self.network.version != other.network.version:
            return False
        same_port = self.port is None or other.port is None or self.port == other.port
        return same_port and self.network.overlaps(other.network)

    def __str__(self) -> str:
        single = self.network.num_addresses == 1
        host = str(self.network.network_address) if single else str(self.network)
        if self.port is None:
            return host
        return f"[{host}]:{self.port}" if self.network.version == 6 else f"{host}:{self.port}"
