"""Names a machine knows without asking: the text of a hosts file (hosts(5)), and RFC 6761 section 6.3 for localhost."""

from collections.abc import Mapping
from typing import Final

from sipstack.locate import names
from sipstack.locate.records import Answer, Host, Kind, Outcome, Question

Hosts = Mapping[str, tuple[str, ...]]
"""Numeric addresses by name."""

LOCALHOST: Final[Hosts] = {"localhost": ("127.0.0.1", "::1")}
"""The one name nobody may ask the name servers for."""

_FAMILIES: Final = {Kind.A: False, Kind.AAAA: True}
"""Whether the addresses of that kind have colons."""


def parse_hosts(text: str) -> dict[str, tuple[str, ...]]:
    """Addresses by name, in the order of the file; `localhost` too, and lines that cannot be read are passed over."""
    found = dict(LOCALHOST)
    for line in text.splitlines():
        address, *aliases = line.partition("#")[0].split() or [""]
        value = names.numeric(address)
        for alias in aliases if value is not None else ():
            name = names.domain(alias)
            if name is not None and value is not None and value not in found.get(name, ()):
                found[name] = (*found.get(name, ()), value)
    return found


def known(question: Question, hosts: Hosts) -> Answer | None:
    """The answer from the hosts; None when the name is not in them.

    A name in them is a machine at those addresses and nothing else: its family's records, no NAPTR, no SRV.
    """
    name = question.name
    if question.kind is Kind.SRV:
        name = name.split(".", 2)[-1]
    addresses = hosts.get(name)
    if addresses is None:
        return None
    family = _FAMILIES.get(question.kind)
    fit = tuple([Host(address) for address in addresses if (":" in address) is family])
    return Answer(Outcome.FOUND if fit else Outcome.NO_DATA, fit)
