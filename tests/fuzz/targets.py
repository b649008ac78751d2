"""Every target by name: what is run, and what it starts from."""

from collections.abc import Callable
from typing import Final

import attrs

from tests.fuzz import enclosed, growth, lookups, machines, proofs, reading, seeds, texts


@attrs.frozen(kw_only=True)
class Target:
    """One function of octets that raises when something is wrong, and nothing when they are."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    share: int = 1
    """Of the time, beside the others'."""
    longest: int = 4096
    """Octets of one input."""


def _messages() -> list[bytes]:
    """Each whole, and less its last octet."""
    return [*seeds.MESSAGES, *[data[:-1] for data in seeds.MESSAGES]]


TARGETS: Final[dict[str, Target]] = {
    "datagram": Target(run=reading.datagram, seeds=_messages, share=3),
    "text": Target(run=texts.text, seeds=seeds.lines, share=3, longest=512),
    "body": Target(run=reading.body, seeds=seeds.bodies, longest=2048),
    "isup": Target(run=enclosed.isup, seeds=enclosed.messages, longest=512),
    "enclosed": Target(run=enclosed.body, seeds=enclosed.bodies, longest=2048),
    "stream": Target(run=reading.stream, seeds=seeds.streams),
    "layer": Target(run=machines.layer, seeds=seeds.layers, share=3, longest=8192),
    "agent": Target(run=machines.agent, seeds=seeds.agents, share=4, longest=8192),
    "challenged": Target(run=proofs.challenged, seeds=seeds.proofs, longest=2048),
    "judged": Target(run=proofs.judged, seeds=seeds.proofs, longest=2048),
    "zone": Target(run=lookups.zone, seeds=seeds.zones, longest=2048),
    "line": Target(run=reading.line, seeds=_messages),
    "caller": Target(run=reading.caller, seeds=_messages),
    "growth": Target(run=growth.growth, seeds=seeds.growths, share=2, longest=640),
}
