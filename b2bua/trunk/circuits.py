"""Virtual circuits: calls of another class within the sockets of a trunk, told apart by signalling (art. 2, ¶12, ¶30).

Who writes a marker chooses the law for his call. So it counts only from a peer that is named for it, as the only one in
the INVITE, and to the letter; else the call stays in the class of its trunk, which is international. A marker is a
header line, or the trunk group in the Contact's user part (RFC 4904 §5). A trunk group that no circuit has is a name
of the peer's own, and no marker.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, Self

import attrs

from b2bua.config import Circuit as CircuitConfig
from b2bua.config import Peer
from policy.claim import TrunkClass
from sipstack.errors import ParseError
from sipstack.message import Request
from sipstack.values import SipUri
from sipstack.values.registry import key as key_of

_GROUP, _CONTEXT = "tgrp", "trunk-context"


@attrs.frozen
class Mark:
    """One marker: a header with its value, or a trunk group with its context."""

    key: str
    """Of the header; "" for a trunk group."""
    name: str = attrs.field(repr=False)
    """The header's value, or the label of the group."""
    context: str = ""


@attrs.frozen(kw_only=True)
class Circuit:
    """One of them."""

    name: str
    trunk_class: TrunkClass
    mark: Mark
    peers: tuple[Peer, ...] = attrs.field(repr=False)
    """Those who may mark a call."""
    max_foreign_share: float = 0.2

    @classmethod
    def of(cls, config: CircuitConfig) -> Self:
        """From a configuration that has been checked."""
        if config.header is not None and config.value is not None:
            mark = Mark(key_of(config.header), config.value)
        else:
            mark = Mark("", config.trunk_group or "", config.trunk_context or "")
        return cls(
            name=config.name,
            trunk_class=config.trunk_class,
            mark=mark,
            peers=config.peers,
            max_foreign_share=config.max_foreign_share,
        )

    def admits(self, host: str, port: int) -> bool:
        """Whether a message from there can be of this circuit."""
        address = ip_address(host.partition("%")[0])
        return any(peer.admits(address, port) for peer in self.peers)


@attrs.frozen
class Signalled:
    """What the markers of an INVITE come to."""

    circuit: Circuit | None = None
    is_forged: bool = False
    """Whether there is a marker that does not verify."""


UNMARKED: Final = Signalled()


@attrs.frozen(eq=False)
class Circuits:
    """Those of one trunk."""

    all: tuple[Circuit, ...] = ()
    headers: frozenset[str] = attrs.field(init=False, repr=False)
    """The keys of the headers that mark."""

    @headers.default
    def _marking(self) -> frozenset[str]:
        return frozenset(circuit.mark.key for circuit in self.all if circuit.mark.key)

    def find(self, name: str) -> Circuit | None:
        """The circuit of that name."""
        for circuit in self.all:
            if circuit.name == name:
                return circuit
        return None

    def signalled(self, invite: Request, host: str, port: int) -> Signalled:
        """Which circuit an INVITE from there is of. Raises nothing."""
        if not self.all:
            return UNMARKED
        marks = [*self._headers(invite), *self._groups(invite)]
        if not marks:
            return UNMARKED
        circuit = next((one for one in self.all if [one.mark] == marks), None)
        if circuit is None or not circuit.admits(host, port):
            return Signalled(is_forged=True)
        return Signalled(circuit)

    def _headers(self, invite: Request) -> Iterator[Mark]:
        for key in sorted(self.headers):
            for value in invite.headers.all(key):
                yield Mark(key, value)

    def _groups(self, invite: Request) -> Iterator[Mark]:
        known = {circuit.mark for circuit in self.all if not circuit.mark.key}
        if not known:
            return
        said = list(_groups_of(invite))
        if not known.isdisjoint(said):
            yield from said


def _groups_of(invite: Request) -> Iterator[Mark]:
    """Every reading of the trunk groups that the Contacts name: who says two names one of them falsely."""
    try:
        contacts = invite.contacts
    except ParseError:
        return
    for contact in contacts:
        user = contact.uri.user if isinstance(contact.uri, SipUri) else None
        named = [parameter.partition("=") for parameter in (user or "").split(";")[1:]]
        groups = [value for name, _, value in named if name.lower() == _GROUP]
        contexts = [value for name, _, value in named if name.lower() == _CONTEXT]
        yield from (Mark("", group, context) for group in groups for context in contexts)
