"""Where the calls of a trunk go: its targets, in an order drawn anew for each call (RFC 2782)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Self

import attrs

from b2bua.config import Target as TargetConfig
from b2bua.trunk.sockets import Socket
from sipstack.flow import Flow
from sipstack.locate import Srv, Target, in_order


@attrs.frozen
class Targets:
    """The targets of one trunk that a socket of its reaches."""

    records: tuple[Srv, ...] = ()
    """As a name server would list them."""
    flows: dict[tuple[str, int], Flow] = attrs.field(factory=dict, repr=False)
    """By address: the socket they are reached from."""
    _places: Mapping[Srv, Target] = attrs.field(init=False, repr=False, eq=False)

    @_places.default
    def _of_the_records(self) -> dict[Srv, Target]:
        return {srv: Target("UDP", srv.target, srv.port, host=srv.target) for srv in self.records}

    @classmethod
    def of(cls, sockets: tuple[Socket, ...], declared: Iterable[TargetConfig]) -> Self:
        """From the configuration; each is reached from the first socket of its address family."""
        records: list[Srv] = []
        flows: dict[tuple[str, int], Flow] = {}
        for place, target in enumerate(declared, start=1):
            host, port = target.address.host, target.address.port
            socket = next((socket for socket in sockets if socket.is_ipv6 == target.address.is_ipv6), None)
            if socket is not None:
                priority = place if target.priority is None else target.priority
                records.append(Srv(priority, target.weight, port, target=host))
                flows[host, port] = Flow(socket.name, (host, port))
        return cls(tuple(records), flows)

    def drawn(self, below: Callable[[int], int]) -> tuple[Target, ...]:
        """All of them in the order to be tried; `below(n)` is a random whole number under n."""
        if len(self.records) < 2:  # nothing to draw
            return tuple(self._places.values())
        return tuple([self._places[srv] for srv in in_order(self.records, below)])

    def flow(self, target: Target) -> Flow:
        """How a target is reached."""
        return self.flows[target.remote]

    def __len__(self) -> int:
        return len(self.records)
