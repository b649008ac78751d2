"""The called number, and the trunk that leads to it."""

import re
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


def called_number(uri: str) -> str:
    """The user part of a Request-URI as routes and rules read it: escapes and visual separators undone, 00 as +.

    `sip:%2B32-9-333.00.00@host` is `+3293330000`, and `urn:service:sos.fire` is itself. A URI without a user gives "".
    Raises nothing.
    """
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
    number = re.sub(r"[-.() ]", "", unquote(raw.partition(";")[0], errors="surrogateescape"))
    return re.sub(r"\A00(?=[1-9])", "+", number)


def is_sos(uri: str) -> bool:
    """Whether it names the emergency service, or one under it, by its URN."""
    return _SOS.fullmatch(uri) is not None


def destination(uri: str) -> tuple[str, str]:
    """What decides where a call goes: the called number, and the routing number of a ported one (RFC 4694 `rn`).

    Raises nothing."""
    found = _ROUTING_NUMBER.search(uri)
    return called_number(uri), found[1].lower() if found else ""


@attrs.frozen
class Routes:
    """Routes by trunk and prefix of the called number: the longest match wins."""

    by_source: dict[str, tuple[tuple[str, str], ...]]
    """Trunk to (prefix, trunk), the longest prefix first."""
    emergency_numbers: frozenset[str]
    emergency_trunk: str | None
    """The trunk that carries calls to emergency numbers; None when none is declared."""

    @classmethod
    def of(cls, config: Config, emergency_numbers: frozenset[str]) -> "Routes":
        """From a configuration that has been checked, and the emergency numbers of its profile."""
        by_source: dict[str, list[tuple[str, str]]] = {}
        for route in config.route:
            by_source.setdefault(route.source, []).append((route.prefix, route.to))
        ordered = {
            source: tuple(sorted(routes, key=lambda route: len(route[0]), reverse=True))
            for source, routes in by_source.items()
        }
        return cls(ordered, emergency_numbers, config.emergency.route if config.emergency else None)

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
        return next((to for prefix, to in self.by_source.get(source, ()) if number.startswith(prefix)), None)
