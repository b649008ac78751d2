"""Where a message can be sent, and what we are ready to speak (RFC 3263 section 4)."""

import enum
from typing import Final

import attrs

from sipstack.errors import StateError
from sipstack.locate.records import Kind

PORTS: Final = {"UDP": 5060, "TCP": 5060, "TLS": 5061}
"""The port of a transport where nobody names another (RFC 3261 section 19.1.2)."""


@attrs.frozen
class Target:
    """One place to try."""

    transport: str
    """As in Via: `UDP`, `TCP` or `TLS`."""
    address: str
    """Numeric, IPv6 without brackets."""
    port: int
    host: str = attrs.field(kw_only=True)
    """The domain that was looked for, lower-case, IPv6 without brackets: who a TLS peer must prove to be. Not the name
    DNS led to, which nobody vouches for (RFC 5922 section 7.3)."""

    @property
    def remote(self) -> tuple[str, int]:
        """As a `Flow` names the other side."""
        return self.address, self.port


class Miss(enum.StrEnum):
    """Why there is no target at all."""

    SCHEME = "unsupported scheme"
    """Neither `sip` nor `sips`: a `tel` URI has no domain to ask (RFC 3261 section 19.1.6)."""
    TRANSPORT = "unsupported transport"
    """It names a transport, or an address of a family, that we do not use."""
    HOST = "not a host"
    """What stands where the host should is neither a name nor an address."""
    NOT_FOUND = "not found"
    """The domain has no SIP service, and said so."""
    UNAVAILABLE = "unavailable"
    """Name servers failed; it may work later."""

    @property
    def status(self) -> int:
        """What to answer to a request that should have gone there."""
        return _STATUS[self]


_STATUS: Final = {
    Miss.SCHEME: 416,
    Miss.TRANSPORT: 503,  # as a request that cannot be sent (RFC 3261 section 8.1.3.1)
    Miss.HOST: 400,
    Miss.NOT_FOUND: 404,
    Miss.UNAVAILABLE: 503,
}


@attrs.frozen(kw_only=True)
class Preferences:
    """What we speak, in order of preference, and how far one search may go. Raises `StateError` for what is neither.

    The bounds hold whatever the name servers answer: who owns a domain decides what stands in its zone.
    """

    transports: tuple[str, ...] = ("UDP", "TCP", "TLS")
    """Where the domain leaves the choice to us (RFC 3263 section 4.1), earlier ones are tried first."""
    families: tuple[Kind, ...] = (Kind.A, Kind.AAAA)
    """Which addresses we can reach; a name's earlier ones are tried before its later ones (RFC 7984 section 3.1)."""
    targets: int = 8
    """At most so many places come out."""
    questions: int = 32
    """At most so many questions are asked for one search."""
    records: int = 32
    """At most so many records of one answer are looked at, the most preferred ones."""
    ways: int = 8
    """At most so many NAPTR records are followed."""
    depth: int = 4
    """At most so many NAPTR questions follow one another."""

    def __attrs_post_init__(self) -> None:
        if not self.transports or not set(self.transports) <= PORTS.keys():
            raise StateError(f"not transports: {self.transports!r}")
        if not self.families or not set(self.families) <= {Kind.A, Kind.AAAA}:
            raise StateError(f"not address families: {self.families!r}")
        if min(self.targets, self.questions, self.records, self.ways, self.depth) < 1:
            raise StateError("a search needs room for at least one of each")
