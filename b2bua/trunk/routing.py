"""The called number, and the trunk that leads to it."""

import re
from urllib.parse import unquote

import attrs

from b2bua.config import Config
from sipstack.errors import ParseError
from sipstack.values import SipUri, TelUri, parse_uri


def called_number(uri: str) -> str:
    """The user part of a Request-URI as routes and rules read it: escapes and visual separators undone, 00 as +.

    `sip:%2B32-9-333.00.00@host` is `+3293330000`. A URI without a user gives "". Raises nothing.
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
        return ""
    number = re.sub(r"[-.() ]", "", unquote(raw.partition(";")[0], errors="surrogateescape"))
    return re.sub(r"\A00(?=[1-9])", "+", number)


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
        """Whether the call is exactly to an emergency number and a route carries it there."""
        return self.emergency_trunk is not None and number in self.emergency_numbers

    def find(self, source: str, number: str) -> str | None:
        """The name of the trunk that a call from `source` to `number` leaves by."""
        if self.is_emergency(number):
            return self.emergency_trunk
        return next((to for prefix, to in self.by_source.get(source, ()) if number.startswith(prefix)), None)
