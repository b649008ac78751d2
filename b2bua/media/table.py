"""The table of nftables that carries flows, in its own words: what it is, and its elements.

A packet of a flow gets its new destination before it is routed, and its new source after, by its own addresses alone:
there is no connection tracking, so that nothing outlives an element. In between it wears the mark of its flow. What is
no longer than 1,280 octets goes on over any link (RFC 8200 §5); the rest, and fragments, come to the relay, which has
them whole, and so does what has no checksum (RFC 768), which would get a wrong one. A packet goes on with as many hops
before it as one from a relay has.

What the kernel would tell a peer about a packet that it could not send on quotes where that was to go, which is the
other side's own business: it is dropped, known by its mark (`fwmark_reflect`).

The table belongs to the process that made it, and goes with it (`flags owner`, Linux 5.12).
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final

from b2bua.media.flow import Flow

#: Of a mark, what all have in common.
MARKED: Final = 0xFF00_0000
#: In the kernel's figures, what comes before the payload: IP and UDP.
HEADERS: Final[Mapping[int, int]] = {4: 28, 6: 48}

_TABLE: Final = """
add table inet {name}
delete table inet {name}
table inet {name} {{
  flags owner
  map flows4 {{ type ipv4_addr . inet_service . ipv4_addr . inet_service : mark; counter; }}
  map flows6 {{ type ipv6_addr . inet_service . ipv6_addr . inet_service : mark; counter; }}
  map target4 {{ type mark : ipv4_addr; }}
  map target6 {{ type mark : ipv6_addr; }}
  map target_port {{ type mark : inet_service; }}
  map origin4 {{ type mark : ipv4_addr; }}
  map origin6 {{ type mark : ipv6_addr; }}
  map origin_port {{ type mark : inet_service; }}
  chain arriving {{
    type filter hook prerouting priority raw; policy accept;
    meta length <= 1280 ip frag-off & 0x3fff == 0 udp checksum != 0 \
meta mark set ip saddr . udp sport . ip daddr . udp dport map @flows4 \
ip daddr set meta mark map @target4 udp dport set meta mark map @target_port ip ttl set 64 notrack accept
    meta length <= 1280 exthdr frag missing \
meta mark set ip6 saddr . udp sport . ip6 daddr . udp dport map @flows6 \
ip6 daddr set meta mark map @target6 udp dport set meta mark map @target_port ip6 hoplimit set 64 notrack accept
  }}
  chain leaving {{
    type filter hook postrouting priority srcnat; policy accept;
    ip saddr set meta mark map @origin4 udp sport set meta mark map @origin_port meta mark set 0
    ip6 saddr set meta mark map @origin6 udp sport set meta mark map @origin_port meta mark set 0
  }}
  chain telling {{
    type filter hook output priority raw; policy accept;
    meta mark & {marked:#x} == {mark:#x} meta l4proto {{ icmp, icmpv6 }} drop
    icmpv6 type nd-redirect drop
  }}
}}
"""


def ruleset(name: str, mark: int) -> str:
    """The table, empty, in place of one of that name that has no owner; `mark` is any of its flows'."""
    return _TABLE.format(name=name, marked=MARKED, mark=mark & MARKED)


def added(name: str, flows: Iterable[Flow]) -> dict[str, Any]:
    """The command that adds them, as JSON (libnftables-json(5))."""
    return _commands(name, "add", flows, _pair)


def deleted(name: str, flows: Iterable[Flow]) -> dict[str, Any]:
    """The command that deletes them."""
    return _commands(name, "delete", flows, lambda key, _: key)


def key(flow: Flow) -> bytes:
    """What its packets are known by, as the kernel has it: four values, each filled up to four octets."""
    return b"".join(
        ip_address(host).packed + port.to_bytes(2, "big") + bytes(2) for host, port in (flow.source, flow.face)
    )


def flows_map(version: int) -> str:
    """The name of the map that has the flows of that IP, and counts them."""
    return f"flows{version}"


def _pair(key: object, value: object) -> list[object]:
    return [key, value]


def _commands(name: str, verb: str, flows: Iterable[Flow], element: Any) -> dict[str, Any]:
    elements: dict[str, list[object]] = {}
    for flow in flows:
        for where, one, value in _elements(flow):
            elements.setdefault(where, []).append(element(one, value))
    return {
        "nftables": [
            {verb: {"element": {"family": "inet", "table": name, "name": where, "elem": found}}}
            for where, found in elements.items()
        ]
    }


def _elements(flow: Flow) -> Iterator[tuple[str, object, object]]:
    """Maps, with the key and the value that each gets."""
    version = flow.version
    yield flows_map(version), {"concat": [*flow.source, *flow.face]}, flow.mark
    yield f"target{version}", flow.mark, flow.target[0]
    yield "target_port", flow.mark, flow.target[1]
    yield f"origin{version}", flow.mark, flow.origin[0]
    yield "origin_port", flow.mark, flow.origin[1]
