"""Over which transports a domain is to be had: its NAPTR records (RFC 3263 section 4.1, RFC 3403)."""

from collections.abc import Callable, Container
from typing import Final

import attrs

from sipstack.locate import names
from sipstack.locate.records import Answer, Kind, Naptr
from sipstack.locate.target import Preferences

Ask = Callable[[str, Kind], Answer | None]
"""The answer to one question about a name, None while it is not known."""

SERVICES: Final = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
"""Services a record may offer. The others, D2S and D2W, are transports that this stack does not have."""
OWNERS: Final = {"UDP": "_sip._udp.", "TCP": "_sip._tcp.", "TLS": "_sips._tcp."}
"""What stands before a domain in the name of its SRV records (section 4.2)."""

_FLAGS: Final = frozenset({"s", "S", "a", "A", ""})
"""Go on to SRV records, to addresses, to more rules. `u` and `p` belong to other applications of NAPTR."""


@attrs.frozen
class Way:
    """A transport, and the name that knows where."""

    transport: str
    name: str
    is_srv: bool = True
    """Whether the name has SRV records; otherwise it is a host at the transport's own port."""


def srv_way(transport: str, domain: str) -> Way:
    """The way that needs no NAPTR record: the SRV records every domain should have."""
    return Way(transport, OWNERS[transport] + domain)


def offered(domain: str, ask: Ask, usable: Container[str], preferences: Preferences) -> list[Way]:
    """What the NAPTR records of a domain come to, best first; not to be trusted while `ask` has answered None.

    A rule without a flag stands for the rules of the name it leads to; a name that was visited leads nowhere new.
    """
    ways: list[Way] = []
    visited = {domain}
    rules = _rules(domain, ask, usable, preferences)
    depths = [1] * len(rules)
    while rules and len(ways) < preferences.ways:
        rule, depth = rules.pop(), depths.pop()
        name = names.domain(rule.replacement) or ""
        if rule.flags:
            ways.append(Way(SERVICES[rule.service.upper()], name, rule.flags in "sS"))
        elif depth < preferences.depth and name not in visited:
            visited.add(name)
            further = _rules(name, ask, usable, preferences)
            rules += further
            depths += [depth + 1] * len(further)
    return ways


def _rules(domain: str, ask: Ask, usable: Container[str], preferences: Preferences) -> list[Naptr]:
    """The records of one name that matter, the one to follow first at the end.

    Those of the lowest order that holds a usable one: "once a match is found, a client MUST NOT consider records with
    a different Order" (RFC 3403 section 4.1).
    """
    answer = ask(domain, Kind.NAPTR)
    records = answer.records if answer is not None else ()
    fit = [record for record in records if isinstance(record, Naptr) and _fits(record, usable)]
    lowest = min([record.order for record in fit], default=0)
    matched = sorted([record for record in fit if record.order == lowest], key=_preference)
    return matched[: preferences.records][::-1]


def _fits(record: Naptr, usable: Container[str]) -> bool:
    """Whether it offers SIP over a transport that may carry this message, and says so by its replacement alone."""
    spoken = SERVICES.get(record.service.upper()) in usable
    return spoken and record.flags in _FLAGS and not record.regexp and names.domain(record.replacement) is not None


def _preference(record: Naptr) -> int:
    return record.preference
