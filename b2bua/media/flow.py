"""What the kernel is to do with the packets of one peer, and what is said between us and the process that has it do so.

Both ends are ours and of one version, so that whatever does not fit is a bug and raises as such.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

import attrs
import orjson

from b2bua.media.orders import Place

#: Of a packet, octets.
LARGEST: Final = 65_536
#: Flows that one packet may name; one takes 200 octets at most.
TOGETHER: Final = 200


@attrs.frozen
class Flow:
    """Packets from one place to a port of ours, which go on from another port of ours to another place."""

    mark: int
    """Its name, which its packets wear inside the kernel."""
    source: Place
    face: Place
    """Where we receive them."""
    target: Place
    origin: Place
    """Where they come from, as the target sees it."""

    @property
    def version(self) -> int:
        """Of IP, the same on both sides."""
        return ip_address(self.face[0]).version


@attrs.frozen
class Add:
    """The kernel carries these from now on, each or none of it."""

    flows: tuple[Flow, ...]


@attrs.frozen
class Take:
    """It carries these no longer. The reply says what they came to since they were last counted."""

    flows: tuple[Flow, ...]


@attrs.frozen
class Count:
    """The reply says what these came to since they were last counted; those that came to nothing are left out."""

    flows: tuple[Flow, ...]


Request = Add | Take | Count
_REQUESTS: Final[Mapping[str, type[Request]]] = {kind.__name__: kind for kind in (Add, Take, Count)}


@attrs.frozen(kw_only=True)
class Reply:
    """Each request has one."""

    counts: Mapping[int, tuple[int, int]] = attrs.field(factory=dict)
    """Packets and octets, by the mark of the flow."""
    refused: Mapping[int, str] = attrs.field(factory=dict)
    """Flows that the kernel does not take, by mark, and why in its words."""


NOTHING: Final = Reply()


@attrs.frozen(kw_only=True)
class Hello:
    """What the process says first."""

    versions: frozenset[int] = frozenset()
    """Of IP: those of which the kernel carries packets."""
    lacks: tuple[str, ...] = ()
    """What stands in the way of the others, with its mend."""


def encode_request(request: Request) -> bytes:
    """A packet to the process."""
    return orjson.dumps([type(request).__name__, [attrs.astuple(flow) for flow in request.flows]])


def decode_request(data: bytes) -> Request:
    """The request of a packet."""
    kind, flows = orjson.loads(data)
    return _REQUESTS[kind](tuple(Flow(mark, *map(_place, places)) for mark, *places in flows))


def encode_reply(reply: Reply) -> bytes:
    """A packet from the process."""
    counts = [(mark, *count) for mark, count in reply.counts.items()]
    return orjson.dumps({"counts": counts, "refused": list(reply.refused.items())})


def decode_reply(data: bytes) -> Reply:
    """The reply of a packet."""
    plain = orjson.loads(data)
    counts = {mark: (packets, octets) for mark, packets, octets in plain["counts"]}
    return Reply(counts=counts, refused=dict(plain["refused"]))


def encode_hello(hello: Hello) -> bytes:
    """The first packet from the process."""
    return orjson.dumps({"versions": sorted(hello.versions), "lacks": hello.lacks})


def decode_hello(data: bytes) -> Hello:
    """What the first packet says."""
    plain = orjson.loads(data)
    return Hello(versions=frozenset(plain["versions"]), lacks=tuple(plain["lacks"]))


def _place(plain: list[Any]) -> Place:
    return plain[0], plain[1]
