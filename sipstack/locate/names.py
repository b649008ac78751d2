"""Which texts are addresses, which are names that may be asked for, and which are neither.

A text that one reader takes for a name and another for an address (`127.1`, `0x7f000001`, `010.0.0.1`) is neither
here: it could lead a message past a check on addresses. RFC 3261 section 25.1 has the last label of a host name begin
with a letter, so nothing in service is lost.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Final

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?"
"""Wider than section 25.1 by `_`: SRV owners begin with it and some networks name their hosts with it."""
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
LONGEST: Final = 253
"""Characters in a name (RFC 1035 section 2.3.4: 255 octets as sent)."""

REMEMBERED: Final = 4096
"""Texts that are judged once: the hosts of a busy second and their addresses. Judging them again took 25 of the 29 us
of a numeric URI, and half of the time of a domain whose records are known (2026-11-22)."""


@lru_cache(maxsize=REMEMBERED)
def numeric(host: str) -> str | None:
    """The address a host is written as, without brackets and in its one usual form; None when it is no address.

    An IPv4 address in IPv6 clothes becomes the IPv4 address it is (RFC 4291 section 2.5.5.2), so that one peer has
    one name.
    """
    bare = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host
    if "%" in bare:
        return None
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


@lru_cache(maxsize=REMEMBERED)
def is_multicast(address: str) -> bool:
    """Whether the numeric address is a group's."""
    return ipaddress.ip_address(address).is_multicast


@lru_cache(maxsize=REMEMBERED)
def is_nowhere(address: str) -> bool:
    """Whether a message to the numeric address reaches nobody, or whoever happens to be near.

    The unspecified addresses, which the kernel takes for this machine itself; the broadcast address; and IPv6
    link-local ones, which mean nothing without a zone.
    """
    value = ipaddress.ip_address(address)
    local = isinstance(value, ipaddress.IPv6Address) and value.is_link_local
    return value.is_unspecified or local or address == "255.255.255.255"


@lru_cache(maxsize=REMEMBERED)
def domain(text: str) -> str | None:
    """The name as it is asked for: lower-case, without the last dot; None for what is not to be asked for.

    Names are absolute: no search list is ever tried, for that would make one URI mean different places.
    """
    name = text.removesuffix(".").lower()
    if not text.isascii() or len(name) > LONGEST or not _DOMAIN.fullmatch(name):
        return None
    return None if _NUMBER.fullmatch(name.rpartition(".")[2]) else name
