"""What stands before an IP packet, by the link type of the capture: how many octets, and whether it is IP at all.

Ethernet (VLAN tags stacked or not), Linux cooked captures of both versions (`tcpdump -i any`), the loopback of BSD and
macOS, and no link layer at all (tcpdump.org/linktypes.html).
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final

_NO_IP: Final = -1
_IP: Final = frozenset({0x0800, 0x86DD})
_VLAN: Final = frozenset({0x8100, 0x88A8, 0x9100})
_MOST_TAGS: Final = 4
#: AF_INET, and what AF_INET6 is on Linux, NetBSD, FreeBSD and macOS.
_FAMILIES: Final = frozenset({2, 10, 24, 28, 30})

_u16 = struct.Struct(">H").unpack_from


def ip_at(link: int, data: bytes) -> int:
    """Where in a packet the IP header begins; -1 when it has none, or is of a link type that is not read."""
    find = _LINKS.get(link)
    return _NO_IP if find is None else find(data)


def is_read(link: int) -> bool:
    """Whether packets of that link type can be read at all."""
    return link in _LINKS


def _ethernet(data: bytes) -> int:
    return _typed(data, 12)


def _cooked(data: bytes) -> int:
    return _typed(data, 14)


def _typed(data: bytes, at: int) -> int:
    """An EtherType stands at `at`, and what it speaks of behind it, after any VLAN tags (IEEE 802.1Q)."""
    for _ in range(_MOST_TAGS):
        if len(data) < at + 2:
            return _NO_IP
        (kind,) = _u16(data, at)
        if kind in _IP:
            return at + 2
        if kind not in _VLAN:
            return _NO_IP
        at += 4
    return _NO_IP


def _cooked_2(data: bytes) -> int:
    """The type comes first, and the header is 20 octets long; a VLAN tag, if any, stands behind it."""
    if len(data) < 20:
        return _NO_IP
    (kind,) = _u16(data)
    if kind in _IP:
        return 20
    return _typed(data, 22) if kind in _VLAN else _NO_IP


def _loopback(data: bytes) -> int:
    """An address family, in the byte order of whoever captured or in that of the network."""
    family = data[:4]
    return 4 if {int.from_bytes(family, "little"), int.from_bytes(family, "big")} & _FAMILIES else _NO_IP


def _bare(_: bytes) -> int:
    return 0


_LINKS: Final[Mapping[int, Callable[[bytes], int]]] = {
    0: _loopback,
    1: _ethernet,
    12: _bare,  # LINKTYPE_RAW as some systems number it
    14: _bare,
    101: _bare,
    108: _loopback,
    113: _cooked,
    228: _bare,
    229: _bare,
    276: _cooked_2,
}
