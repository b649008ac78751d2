"""Hosts as they are compared: a name or a numeric address, each in one spelling."""

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Most names are not even tried: that would cost ten times what this does.
_NUMERIC = re.compile(r"[0-9.]++|(?=[^:]*+:)[0-9a-f:.]++")


def canonical_host(host: str) -> str:
    """A name in lower case; an IPv6 address without brackets in the form of RFC 5952, and one that maps IPv4 as that.

    Raises nothing.
    """
    text = host.lower().rstrip(".")
    if ":" not in text:
        return text
    address = address_of(text.strip("[]").partition("%")[0])
    return text if address is None else str(address)


def address_of(host: str) -> Address | None:
    """The numeric address that a canonical host is, IPv4 where it is mapped into IPv6; None for a name."""
    if _NUMERIC.fullmatch(host) is None:
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def bracketed(host: str) -> str:
    """A host as a URI has it: an IPv6 address in brackets (RFC 3261 §25.1, IPv6reference)."""
    return f"[{host}]" if ":" in host else host
