"""Header names: one key for each, whatever its case or compact form (RFC 3261 sections 7.3.1, 7.3.3 and 20).

A key is the lower-case long name. Everything that looks a header up does so by key, hence a number cannot hide behind
`p-AsSeRtEd-IdEnTiTy` or `f`.
"""

from typing import Final

from sipstack.errors import ParseError
from sipstack.values.grammar import is_token

COMPACT: Final = {
    "a": "accept-contact",  # RFC 3841
    "b": "referred-by",  # RFC 3892
    "c": "content-type",
    "d": "request-disposition",  # RFC 3841
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",  # RFC 3841
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",  # RFC 4474
    "o": "event",  # RFC 6665
    "r": "refer-to",  # RFC 3515
    "s": "subject",
    "t": "to",
    "u": "allow-events",  # RFC 6665
    "v": "via",
    "x": "session-expires",  # RFC 4028
    "y": "identity",  # RFC 8224
}

LISTS: Final = frozenset(
    {
        "accept",
        "accept-contact",
        "accept-encoding",
        "accept-language",
        "accept-resource-priority",
        "additional-identity",
        "alert-info",
        "allow",
        "allow-events",
        "call-info",
        "charge-info",
        "contact",
        "content-encoding",
        "content-language",
        "diversion",
        "error-info",
        "feature-caps",
        "geolocation",
        "history-info",
        "identity",
        "in-reply-to",
        "p-access-network-info",
        "p-asserted-identity",
        "p-asserted-service",
        "p-associated-uri",
        "p-early-media",
        "p-media-authorization",
        "p-preferred-identity",
        "p-preferred-service",
        "p-visited-network-id",
        "path",
        "permission-missing",
        "policy-contact",
        "proxy-require",
        "reason",
        "record-route",
        "recv-info",
        "reject-contact",
        "remote-party-id",
        "request-disposition",
        "require",
        "resource-priority",
        "route",
        "security-client",
        "security-server",
        "security-verify",
        "service-route",
        "supported",
        "trigger-consent",
        "unsupported",
        "user-to-user",
        "via",
        "warning",
    }
)
"""Headers whose value is a comma-separated list, in one line or several (RFC 3261 section 7.3.1).

Those that carry numbers are here even where their RFC speaks of one value (Identity, Charge-Info): a second value
after a comma must not go unseen.
"""

SINGLE: Final = frozenset(
    {
        "call-id",
        "content-length",
        "content-type",
        "cseq",
        "event",
        "expires",
        "from",
        "max-forwards",
        "min-se",
        "rack",
        "refer-to",
        "referred-by",
        "replaces",
        "rseq",
        "session-expires",
        "subscription-state",
        "target-dialog",
        "to",
    }
)
"""Headers that may stand once: with two of them, two readers could act on different ones (RFC 4475 section 3.3.8)."""

_SPELLINGS: Final = {
    name.lower(): name
    for name in (
        "Call-ID",
        "CSeq",
        "Content-ID",
        "MIME-Version",
        "WWW-Authenticate",
        "RAck",
        "RSeq",
        "Min-SE",
        "SIP-ETag",
        "SIP-If-Match",
        "Remote-Party-ID",
        "P-Called-Party-ID",
        "P-Visited-Network-ID",
        "P-Associated-URI",
        "User-to-User",
        "P-DCS-Billing-Info",
        "P-DCS-LAES",
        "P-DCS-OSPS",
        "P-DCS-Redirect",
        "P-DCS-Trace-Party-ID",
    )
}

_REMEMBERED: Final = 2048
_LONGEST: Final = 64


class _Keys(dict[str, str]):
    """Names and their keys, once they have come or been written. Peers repeat a few dozen spellings for ever, and a
    look-up beats lowering; a peer that invents names fills the memory once and then costs itself the time, not us the
    room. What is in it is a token: a name with blanks behind it is not kept."""

    def __missing__(self, name: str) -> str:
        stripped = name.rstrip(" \t")
        if not is_token(stripped):
            raise ParseError("Bad Header Name", name)
        lowered = stripped.lower()
        found = COMPACT.get(lowered, lowered)
        if stripped == name and len(self) < _REMEMBERED and len(name) <= _LONGEST:
            self[name] = found
        return found


KEYS: Final = _Keys()
"""Subscript it with a name as it stands before the colon, blanks after it included; `key` does no more."""


def key(name: str) -> str:
    """The key of a header name as received. Raises `ParseError` when it is no token."""
    return KEYS[name]


def canonical(key: str) -> str:
    """The spelling to print: `P-Asserted-Identity` for `p-asserted-identity`."""
    return _SPELLINGS.get(key) or "-".join([part.capitalize() for part in key.split("-")])
