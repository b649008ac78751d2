"""The Domain Name System as plain data: what is asked, what comes back, what is in it.

Names are lower-case, without the dot at the end. Names inside records are kept as the server wrote them: the search
judges them before it asks for them. Records of RFC 3403 (NAPTR), RFC 2782 (SRV), RFC 1035 (A) and RFC 3596 (AAAA).
"""

import enum
from typing import Final

import attrs


class Kind(enum.StrEnum):
    """What kind of record is asked for."""

    NAPTR = "NAPTR"
    SRV = "SRV"
    A = "A"
    AAAA = "AAAA"


class Outcome(enum.StrEnum):
    """What the name servers said."""

    FOUND = "found"
    """There are records of that kind."""
    NO_DATA = "no data"
    """The name is there, that kind of record is not (RFC 2308 section 2.2)."""
    NO_NAME = "no such name"
    """Nothing of that name, of whatever kind (NXDOMAIN)."""
    FAILED = "failed"
    """Nobody knows: SERVFAIL, refused, unreachable, no answer in time, or an answer that cannot be read."""


@attrs.frozen(cache_hash=True)
class Question:
    """One question to the name servers; equal questions have one answer, so it is also what answers are kept by."""

    name: str
    kind: Kind


@attrs.frozen
class Naptr:
    """One way to go on from a domain (RFC 3403 section 4.1)."""

    order: int
    preference: int
    flags: str
    service: str = attrs.field(kw_only=True)
    regexp: str = attrs.field(default="", kw_only=True)
    replacement: str = attrs.field(kw_only=True)
    """The name to ask for next."""


@attrs.frozen
class Srv:
    """One server of a service (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str = attrs.field(kw_only=True)
    """Its name; the empty text, or a lone dot, where the service is decidedly not offered."""


@attrs.frozen
class Host:
    """One address of a name: the record A or AAAA."""

    address: str
    """Numeric, IPv6 without brackets."""


Record = Naptr | Srv | Host


@attrs.frozen
class Answer:
    """What came back to one question."""

    outcome: Outcome
    records: tuple[Record, ...] = ()
    """In the order of the answer; records of other kinds than the question's are passed over by who reads them."""
    ttl: float = 0.0
    """For how many seconds it may be kept: the least of all records that led here; for a negative answer what the zone
    says (RFC 2308 section 5)."""


FAILED: Final = Answer(Outcome.FAILED)
"""What stands for an answer that never came."""
