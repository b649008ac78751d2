"""The called number, and the trunk that leads to it."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import attrs

from b2bua.config import Config
from sipstack.errors import ParseError
from sipstack.values import SipUri, TelUri, parse_uri

#: The emergency service by its name and not its number, and the services under it (RFC 5031 §4.2).
_SOS = re.compile(r"urn:service:sos(\.[a-z0-9.-]+)?", re.IGNORECASE)
# A local number is completed by a context of more than a country code (RFC 3966 §5.1.5), and one that was ported is
# reached by its routing number (RFC 4694): `112;phone-context=+3293330` is +3293330112.
_LEADS_ON = re.compile(r";(?:rn=|phone-context=\+?(?:[-.()]*+[0-9]){4})", re.IGNORECASE)
_ROUTING_NUMBER = re.compile(r";rn=([^;@?]*+)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[-.() ]")
_DIALLED_ABROAD = re.compile(r"\A00(?=[1-9])")
#: Request-URIs whose number is remembered: a call asks for that of its own again and again.
_REMEMBERED: Final = 1_024
_MEMORABLE: Final = 256


def called_number(uri: str) -> str:
    """The user part of a Request-URI as routes and rules read it: escapes and visual separators undone, 00 as +.

    `sip:%2B32-9-333.00.00@host` is `+3293330000`, and `urn:service:sos.fire` is itself. A URI without a user gives "".
    Raises nothing.
    """
    return _remembered(uri) if len(uri) <= _MEMORABLE else _called_number(uri)


def _called_number(uri: str) -> str:
    try:
        parsed = parse_uri(uri)
    except ParseError:
        return ""
    if isinstance(parsed, SipUri):
        raw = parsed.user or ""
    elif isinstance(parsed, TelUri):
        raw = parsed.subscriber
    else:
        return uri.lower() if is_sos(uri) else ""
    number = _SEPARATORS.sub("", unquote(raw.partition(";")[0], errors="surrogateescape"))
    return _DIALLED_ABROAD.sub("+", number)


_remembered = lru_cache(maxsize=_REMEMBERED)(_called_number)


def is_sos(uri: str) -> bool:
    """Whether it names the emergency service, or one under it, by its URN."""
    return uri[:1] in ("u", "U") and _SOS.fullmatch(uri) is not None


def destination(uri: str) -> tuple[str, str]:
    """What decides where a call goes: the called number, and the routing number of a ported one (RFC 4694 `rn`), in the
    user part or behind the host, where some write it; of several, all.

    Raises nothing."""
    return called_number(uri), ";".join([number.lower() for number in _ROUTING_NUMBER.findall(unquote(uri))])


@attrs.frozen
class Routes:
    """Routes by trunk and prefix of the called number: the longest match wins.

    A search asks once for each length of prefix that there is, however many routes there are.
    """

    by_source: Mapping[str, "Prefixes"]
    """Those of calls that come by a trunk."""
    emergency_numbers: frozenset[str]
    emergency_trunk: str | None
    """The trunk that carries calls to emergency numbers; None when none is declared."""

    @classmethod
    def of(cls, config: Config, emergency_numbers: frozenset[str]) -> "Routes":
        """From a configuration that has been checked, and the emergency numbers of its profile."""
        by_source: dict[str, dict[str, str]] = {}
        for route in config.route:
            by_source.setdefault(route.source, {}).setdefault(route.prefix, route.to)
        found = {source: Prefixes(routes) for source, routes in by_source.items()}
        return cls(found, emergency_numbers, config.emergency.route if config.emergency else None)

    def is_emergency(self, number: str) -> bool:
        """Whether the call is exactly to an emergency number, or to the service by its name, and a route carries it."""
        return self.emergency_trunk is not None and self._is_emergency_number(number)

    def is_emergency_call(self, uri: str, *, carried: bool = False) -> bool:
        """Whether a Request-URI asks for nothing but the emergency service, however it is read on the way there, and it
        is `carried` there by others, or by a route of ours."""
        number = called_number(uri)
        is_named = self.is_emergency(number) or (carried and self._is_emergency_number(number))
        return is_named and _LEADS_ON.search(unquote(uri)) is None

    def _is_emergency_number(self, number: str) -> bool:
        return number in self.emergency_numbers or is_sos(number)

    def find(self, source: str, number: str) -> str | None:
        """The name of the trunk that a call from `source` to `number` leaves by."""
        if self.is_emergency(number):
            return self.emergency_trunk
        prefixes = self.by_source.get(source)
        return None if prefixes is None else prefixes.longest(number)


@attrs.frozen
class Prefixes:
    """The routes of one trunk."""

    to: Mapping[str, str] = attrs.field(repr=False)
    """The trunk that a prefix leads to."""
    _lengths: tuple[int, ...] = attrs.field(init=False, repr=False, eq=False)
    """Of the prefixes, the longest first."""

    @_lengths.default
    def _of_the_prefixes(self) -> tuple[int, ...]:
        return tuple(sorted({len(prefix) for prefix in self.to}, reverse=True))

    def longest(self, number: str) -> str | None:
        """Where the longest prefix of a number leads; None when it has none here."""
        for length in self._lengths:
            found = self.to.get(number[:length])
            if found is not None:
                return found
        return None
