"""What a virtual circuit may be: art. 2 wants national and international calls clearly distinct, also within a socket.

What is not marked cannot be clearly national, so that the trunk itself is international; and a marker that somebody
else may write, or that crosses us, distinguishes nothing.
"""

import ipaddress
from collections.abc import Iterator

from b2bua.config.address import Peer
from b2bua.config.finding import Finding, Where
from b2bua.config.tree import Circuit, Config, Trunk
from policy.claim import TrunkClass
from sipstack.values import is_token

_MARKABLE = (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4)
#: Of a marker, in characters.
_LONGEST = 128
_Mark = tuple[str | None, ...]


def check_circuits(config: Config) -> Iterator[Finding]:
    """Everything wrong with the circuits of all trunks."""
    taken = {trunk.name for trunk in config.trunk}
    for at, trunk in enumerate(config.trunk):
        if trunk.circuit and trunk.trunk_class is not TrunkClass.INTERNATIONAL:
            yield Finding(
                ("trunk", at, "class"),
                f"{trunk.trunk_class} would be the class of what no circuit marks, which is not clearly national",
                'say class = "international" and mark what is of another class (art. 2)',
            )
        marks: list[_Mark] = []
        for index, circuit in enumerate(trunk.circuit):
            where: Where = ("trunk", at, "circuit", index)
            if circuit.name in taken or not circuit.name.isprintable() or not circuit.name.strip():
                yield Finding(
                    (*where, "name"),
                    f"{circuit.name!r} is no name, or that of another trunk or circuit",
                    "give it a name of its own, for evidence and the register",
                )
            taken.add(circuit.name)
            yield from _circuit(where, circuit, trunk, marks)


def _circuit(where: Where, circuit: Circuit, trunk: Trunk, marks: list[_Mark]) -> Iterator[Finding]:
    if circuit.trunk_class not in _MARKABLE:
        yield Finding(
            (*where, "class"), "is that of every call without a marker", f"one of {', '.join(map(str, _MARKABLE))}"
        )
    if not circuit.peers:
        yield Finding((*where, "peers"), "is empty, so nobody may mark a call", "name peers of the trunk")
    for index, peer in enumerate(circuit.peers):
        if not any(_holds(known, peer) for known in trunk.peers):
            yield Finding(
                (*where, "peers", index),
                f"{peer.network} is no peer of {trunk.name!r}, so it never speaks",
                "name one of the trunk's peers, or a part of one",
            )
    yield from _marker(where, circuit)
    mark = (circuit.header and circuit.header.lower(), circuit.value, circuit.trunk_group, circuit.trunk_context)
    if mark in marks:
        yield Finding(where, "has the marker of an earlier circuit of this trunk", "mark each in its own way")
    marks.append(mark)


def _marker(where: Where, circuit: Circuit) -> Iterator[Finding]:
    by_header = circuit.header is not None or circuit.value is not None
    by_group = circuit.trunk_group is not None or circuit.trunk_context is not None
    if by_header == by_group:
        yield Finding(
            where,
            "has no marker, or two",
            'say header = "X-Circuit" with a value, or trunk_group with a trunk_context',
        )
        return
    pair = ("header", "value") if by_header else ("trunk_group", "trunk_context")
    for name in pair:
        text = getattr(circuit, name)
        if text is None:
            yield Finding((*where, name), "is missing", f"{pair[0]} and {pair[1]} make a marker together")
        elif not _is_plain(text, is_value=name == "value"):
            yield Finding((*where, name), "cannot be told to the letter", "write ASCII without , ; or quotes")
    if circuit.header is not None and not circuit.header.lower().startswith("x-"):
        yield Finding(
            (*where, "header"),
            f"{circuit.header!r} may mean something else, and a marker is taken out of all that crosses",
            'agree on a header that begins with X-, such as "X-Circuit"',
        )


def _is_plain(text: str, *, is_value: bool) -> bool:
    if not text or len(text) > _LONGEST:
        return False
    if not is_value:
        return is_token(text)
    return text.isascii() and text.isprintable() and text == text.strip() and not set(text) & set(',;"\\')


def _holds(known: Peer, peer: Peer) -> bool:
    """Whether every source that is `peer` is `known` too."""
    if known.port not in (None, peer.port):
        return False
    mine, theirs = known.network, peer.network
    if isinstance(mine, ipaddress.IPv4Network) and isinstance(theirs, ipaddress.IPv4Network):
        return theirs.subnet_of(mine)
    if isinstance(mine, ipaddress.IPv6Network) and isinstance(theirs, ipaddress.IPv6Network):
        return theirs.subnet_of(mine)
    return False
