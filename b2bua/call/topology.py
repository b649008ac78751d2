"""Topology hiding: no address by which one side is known is shown to the other (RFC 5853 §3.1).

The lines of one hop or dialog never cross (`bridge.OWN`). What is left are the hosts of URIs: one that is an address of
a peer or of ours becomes our own name, as the other side knows us; user part, parameters, display-name stay byte for
byte, and so does every host that tells nothing of how to reach anybody. Addresses of media are the media's matter, and
a signed header stays as it was signed.
"""

import re
from collections.abc import Callable
from typing import Final

import attrs

from b2bua.call.leg import Leg
from b2bua.identity.screening import CARRIERS
from b2bua.trunk import address_of, bracketed, canonical_host
from sipstack.message import Headers, Message, Request
from sipstack.values.grammar import HOST, QUOTED

_WHITE = r"[ \t\r\n]*+"
_PORT = r"(?::[0-9]{1,5})?+"
# In a quoted-string, also one that is never closed, nothing is a URI. Neither part of a URI may reach into the next.
_URI = re.compile(
    rf'{QUOTED}|"[\s\S]*+'
    rf'|(?P<before><{_WHITE}sips?:(?:[^\x00-\x20\x7f<>"@]*+@)?+'
    rf'|(?:\A|,){_WHITE}sips?:(?:[^\x00-\x20\x7f<>"@;?,]*+@)?+)'
    rf"(?P<host>{HOST}){_PORT}(?={_WHITE}(?:[;?>,]|\Z))",
    re.IGNORECASE,
)
_BRACKETED = re.compile(
    rf'<{_WHITE}sips?:(?:[^\x00-\x20\x7f<>"@]*+@)?+(?P<host>{HOST}){_PORT}(?={_WHITE}(?:[;?>,]|\Z))', re.IGNORECASE
)
#: Who speaks in a Warning (RFC 3261 §20.43).
_AGENT = re.compile(
    rf'{QUOTED}|"[\s\S]*+|(?P<before>(?:\A|,){_WHITE}[0-9]{{3}}[ \t]++)(?P<host>{HOST}){_PORT}(?=[ \t])'
)
#: Who made the identifier of a charging vector, and who does the charging (RFC 7315 §5.5, §5.6). The identifier itself
#: stays: both networks' bills are joined by it.
_CHARGING = re.compile(
    rf'(?P<before>(?:\A|;|,){_WHITE}(?:icid-generated-at|[ec]cf(?:-[12])?){_WHITE}={_WHITE}"?+)'
    rf'(?P<host>{HOST}){_PORT}(?=["; \t\r\n,]|\Z)',
    re.IGNORECASE,
)
#: Where in which header a host may stand that is one of ours or theirs. Bounded on purpose: what a header means that
#: we do not know, we cannot know, and it crosses as it came.
PLACES: Final = {
    **dict.fromkeys((*CARRIERS, "to", "refer-to", "p-called-party-id", "alert-info", "error-info"), _URI),
    "warning": _AGENT,
    "p-charging-vector": _CHARGING,
    "p-charging-function-addresses": _CHARGING,
}
#: Lines that say how to reach those who wrote them.
_WAYS: Final = frozenset({"via", "contact", "record-route", "route"})
_WORD = re.compile(HOST)
_FOLD = re.compile(r"\r?\n[ \t]++")


@attrs.define(eq=False)
class Side:
    """One side of a call, by the hosts through which it, or we, can be reached there."""

    leg: Leg
    message: Message = attrs.field(repr=False)
    """What came from there."""
    _ways: str | None = attrs.field(default=None, init=False, repr=False)
    """The lines that say how to reach it, in lower case. Put together only when first needed."""
    _hosts: frozenset[str] | None = attrs.field(default=None, init=False, repr=False)
    """Every word of the lines; those that are no hosts do no harm. Listed only when first needed."""
    _known: dict[str, bool] = attrs.field(factory=dict, init=False, repr=False)
    """What was found of each host."""

    @property
    def called(self) -> str:
        """The Request-URI, in lower case: an address in it is ours, also where we listen on every address, but a name
        may be anybody's."""
        return self.message.uri.lower() if isinstance(self.message, Request) else ""

    @property
    def ways(self) -> str:
        """The lines that say how to reach it, in lower case."""
        if self._ways is None:
            leg, headers = self.leg, self.message.headers
            lines = [headers.lines[at] for at, key in enumerate(headers.keys) if key in _WAYS]
            if leg.dialog is not None:
                lines += (leg.dialog.remote_target, *leg.dialog.route_set)
            self._ways = "\n".join((bracketed(leg.flow.remote[0]), *lines)).lower()
        return self._ways

    def holds(self, host: str) -> bool:
        """Whether a host is one of theirs, or of ours as they know us."""
        name = canonical_host(host)
        found = self._known.get(name)
        if found is None:  # an INVITE mostly names one host in each of its headers
            nobody = name.endswith(".invalid")  # RFC 6761 §6.4: anonymous.invalid is how a caller is not named
            found = self._known[name] = not nobody and (self.leg.trunk.is_known_as(name) or self._reaches(name))
        return found

    def _reaches(self, name: str) -> bool:
        # Most names stand nowhere in these lines; an IPv6 address may, in another spelling.
        is_ipv6 = ":" in name
        if (is_ipv6 or name in self.called) and address_of(name) and name in _hosts_in(self.called):
            return True
        if not is_ipv6 and name not in self.ways:
            return False
        if self._hosts is None:
            self._hosts = _hosts_in(self.ways)
        return name in self._hosts


def hide(headers: Headers, side: Side, shown: str) -> Headers:
    """The headers as the other side may see them, which knows us as `shown`; the same object when nothing changes."""
    lines: list[str] | None = None
    for index, key in enumerate(headers.keys):
        place = PLACES.get(key)
        if place is not None:
            name, colon, value = headers.lines[index].partition(":")
            # Folded, a quoted-string would not be known for one (RFC 3261 §7.3.1); a line that stays keeps its folds.
            flat = _FOLD.sub(" ", value) if "\n" in value else value
            made = _replace(place, flat, shown, side.holds)
            if made != flat:
                lines = list(headers.lines) if lines is None else lines
                lines[index] = name + colon + made
    return headers if lines is None else Headers(list(headers.keys), lines)


def is_concerned(headers: Headers) -> bool:
    """Whether any of the headers may name an address; most messages of a call have none."""
    return not PLACES.keys().isdisjoint(headers.keys)


def shown_by(leg: Leg) -> str:
    """Our name as the side of that leg knows us: what its trunk says, else what its socket shows."""
    return leg.trunk.domain or leg.socket.domain


def _replace(place: re.Pattern[str], value: str, shown: str, is_hidden: Callable[[str], bool]) -> str:
    """The value with what stands in such a place hidden. A name or none and one URI in brackets, as nearly every value
    is, has one place, and is not searched for others: that takes a third of the time (2026-11-23)."""
    name, bracket, rest = value.partition("<")
    if place is not _URI or not bracket or not _is_plain(name, rest):
        return _searched(place, value, shown, is_hidden)
    found = _BRACKETED.match(value, len(name))
    if found is None or not is_hidden(found["host"]):
        return value
    return f"{value[: found.start('host')]}{shown}{value[found.end() :]}"


def _is_plain(name: str, rest: str) -> bool:
    """Whether no other URI can begin in a value than that behind its first bracket, and its quotes are closed."""
    if "<" in rest or '"' in rest or "," in rest or ":" in name or "\\" in name:
        return False
    return name.isprintable() and ('"' not in name or name.count('"') == 2)


def _searched(place: re.Pattern[str], value: str, shown: str, is_hidden: Callable[[str], bool]) -> str:
    def written(found: re.Match[str]) -> str:
        host: str | None = found["host"]
        return f"{found['before']}{shown}" if host is not None and is_hidden(host) else found[0]

    return place.sub(written, value)


def _hosts_in(text: str) -> frozenset[str]:
    return frozenset([canonical_host(word) for word in _WORD.findall(text)])
