"""The numbers a PASSporT is signed over (RFC 8224 §4, RFC 8225 §5): read, never trusted, never verified here.

An Identity header shows the callee's side a number as plainly as P-Asserted-Identity does, only in base64. What cannot
be read is refused on a screened trunk, since an identity that nobody could judge must not pass.
"""

import binascii
from base64 import urlsafe_b64decode

import orjson

from sipstack.errors import ParseError

#: Numbers one PASSporT may name; `dest` may be longer, and is not read.
MOST = 16


def numbers_of(value: str) -> tuple[list[str], list[str]]:
    """Calling and diverting identities (`orig`, `div`) of one Identity value, as written: telephone numbers or URIs.

    The compact form (RFC 8224 §7) carries no claims and gives none. Raises ParseError.
    """
    token = value.partition(";")[0].strip()
    parts = token.split(".")
    if len(parts) != 3:
        raise ParseError("Bad Identity")
    if not parts[1]:
        return [], []
    claims = _claims(parts[1])
    return _identities(claims.get("orig")), _identities(claims.get("div"))


def _claims(text: str) -> dict[str, object]:
    try:
        claims = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise ParseError("Bad Identity") from error
    if not isinstance(claims, dict):
        raise ParseError("Bad Identity")
    return claims


def _identities(claim: object) -> list[str]:
    """`{"tn": "12155551212"}`, `{"uri": "sip:..."}`, or lists of them, as RFC 8225 §5.2.1 and RFC 8946 have it."""
    if claim is None:
        return []
    if not isinstance(claim, dict):
        raise ParseError("Bad Identity")
    found: list[str] = []
    for kind in ("tn", "uri"):
        values = claim.get(kind, [])
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, str) or len(found) >= MOST:
                raise ParseError("Bad Identity")
            # A "tn" is digits without the plus of its country code (RFC 8225 §5.2.1).
            found.append(f"tel:+{value.removeprefix('+')}" if kind == "tn" else value)
    return found
