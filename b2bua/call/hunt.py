"""From one target of a trunk to the next, until one takes the call (RFC 3263 §4.3).

The next one is tried after silence, an error of the network or a 503, and never once the caller has heard it ring.
"""

from b2bua.call.context import Context
from b2bua.trunk import Trunk
from sipstack.locate import Hunt


def hunt_for(trunk: Trunk, context: Context, now: float) -> Hunt:
    """The hunt through the targets of a trunk; it has no `target` when none may take the call."""

    def below(ceiling: int) -> int:
        return int.from_bytes(context.ids.randbytes(8)) % ceiling

    return Hunt.start(trunk.targets.drawn(below), context.failures, now)
