"""When two URIs are the same (RFC 3261 section 19.1.4, RFC 5954 section 4.2 for IPv6, RFC 3966 section 4 for tel).

`==` between URIs compares texts, since a text is what is signed, judged and sent; `same_uri` compares what they name.
It is not transitive, and cannot be: `sip:a@b` is the same as `sip:a@b;x=1` and as `sip:a@b;x=2`, which differ.
"""

import ipaddress
import re
from typing import Final, TypeAlias

from sipstack.errors import ParseError
from sipstack.values.address import Address
from sipstack.values.escaping import normal
from sipstack.values.grammar import QUOTED
from sipstack.values.parameters import Parameters
from sipstack.values.registry import COMPACT
from sipstack.values.uri import SipUri, TelUri, Uri

_Named: TypeAlias = dict[str, list[str | None]]

_URI_PARAMETERS: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})
"""Those that must stand in both or in neither, even with their default value."""
_TAG: Final = frozenset({"tag"})
_ADDRESSES: Final = frozenset({"from", "to"})
"""Headers that are equal when their URIs and their shared parameters are (section 20.20)."""
_EXACT: Final = frozenset({"body", "call-id", "cseq"})
"""Headers whose case matters; of all others only quoted strings keep it (section 7.3.1)."""
_QUOTED = re.compile(f"({QUOTED})")


def same_uri(one: Uri, other: Uri) -> bool:
    """Whether both name the same resource. URIs of schemes we know no rule for are compared as texts."""
    match one, other:
        case SipUri(), SipUri():
            return _same_place(one, other) and _same_headers(one, other)
        case TelUri(), TelUri():
            return _number(one) == _number(other)
    return one == other


def _same_place(one: SipUri, other: SipUri) -> bool:
    """All but the headers. Case matters in the user part, also where it is a password or a telephone number."""
    return (
        one.scheme == other.scheme
        and _normal(one.user) == _normal(other.user)
        and _normal(one.password) == _normal(other.password)
        and one.port == other.port
        and _host(one.host) == _host(other.host)
        and _same_parameters(one.parameters, other.parameters, _URI_PARAMETERS)
    )


def _normal(part: str | None) -> str | None:
    return None if part is None else normal(part)


def _host(host: str) -> str:
    """Without case; an IPv6 address in the one spelling that all its spellings share. No name is looked up."""
    if host.startswith("["):
        try:
            return ipaddress.IPv6Address(host[1:-1]).exploded
        except ValueError:
            pass  # no address: then it is its text
    return host.lower()


def _same_parameters(one: Parameters, other: Parameters, never_ignored: frozenset[str]) -> bool:
    """Shared ones match; one that stands alone is ignored unless it is of those that never are."""
    ours, theirs = _by_name(one), _by_name(other)
    if (ours.keys() ^ theirs.keys()) & never_ignored:
        return False
    return all(values == theirs[name] for name, values in ours.items() if name in theirs)


def _by_name(parameters: Parameters) -> _Named:
    named: _Named = {}
    for name, value in parameters.items:
        named.setdefault(normal(name).lower(), []).append(None if value is None else normal(value).lower())
    return named


def _same_headers(one: SipUri, other: SipUri) -> bool:
    """Headers are never ignored, their order is; each is compared by the rules of its kind."""
    if one.headers == other.headers:
        return True
    try:
        ours, theirs = _headers(one), _headers(other)
    except ParseError:
        return False
    return ours.keys() == theirs.keys() and all(_same_values(name, ours[name], theirs[name]) for name in ours)


def _headers(uri: SipUri) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for name, value in uri.header_fields():
        key = COMPACT.get(name.lower(), name.lower())
        named.setdefault(key, []).append(value)
    return named


def _same_values(name: str, ours: list[str], theirs: list[str]) -> bool:
    if name in _EXACT:
        return sorted(ours) == sorted(theirs)
    if name in _ADDRESSES and len(ours) == len(theirs) == 1:
        return _same_address(ours[0], theirs[0])
    return sorted(map(_lower, ours)) == sorted(map(_lower, theirs))


def _lower(value: str) -> str:
    pieces = _QUOTED.split(value)  # every second one is a quoted string
    return "".join([piece if at % 2 else piece.lower() for at, piece in enumerate(pieces)])


def _same_address(one: str, other: str) -> bool:
    try:
        ours, theirs = Address.parse(one), Address.parse(other)
    except ParseError:
        return _lower(one) == _lower(other)
    if isinstance(ours.uri, SipUri) and isinstance(theirs.uri, SipUri):
        # Headers of a URI that is itself in a header are compared as texts: nothing nests without end.
        same = _same_place(ours.uri, theirs.uri) and ours.uri.headers == theirs.uri.headers
    else:
        same = same_uri(ours.uri, theirs.uri)
    return same and _same_parameters(ours.parameters, theirs.parameters, _TAG)


def _number(uri: TelUri) -> tuple[str, _Named]:
    """The digits without separators, and every parameter: in a tel URI none is ignored, only their order is."""
    named = _by_name(uri.parameters)
    for name in ("phone-context", "ext"):
        values = named.get(name, [])
        named[name] = [_digits(value) if name == "ext" or value.startswith("+") else value for value in values if value]
    return normal(uri.digits).lower(), named


def _digits(text: str) -> str:
    return TelUri(text).digits
