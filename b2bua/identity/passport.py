"""What a PASSporT is signed over (RFC 8224 §4, RFC 8225 §5): read, never trusted, never verified here.

An Identity header shows the callee's side a number as plainly as P-Asserted-Identity does, only in base64. What cannot
be read is refused on a screened trunk, since an identity that nobody could judge must not pass.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import attrs
import orjson

from sipstack.errors import ParseError

#: Numbers one PASSporT may name as calling or diverting.
MOST = 16
#: Brackets its claims may open: far more than any extension nests or lists, far fewer than a reader's stack.
DEEPEST = 256

_DIGIT = re.compile(r"\d")
#: Claims that are names and digests for machines; by chance they hold digits that read as a number.
_TECHNICAL = frozenset({"attest", "iat", "exp", "jti", "mky", "origid", "rcdi"})


@attrs.frozen(kw_only=True)
class Passport:
    """What one Identity value tells its reader."""

    calling: tuple[str, ...] = ()
    """The `orig` identities, as URIs; a bare telephone number as `tel:+...`."""
    diverting: tuple[str, ...] = ()
    """The `div` identities (RFC 8946)."""
    texts: tuple[str, ...] = ()
    """Every other text with a digit that stands in its claims: whom it was for (`dest`), a name to show (`rcd`)."""


def read_passport(value: str) -> Passport:
    """One Identity value; the compact form (RFC 8224 §7) carries no claims and says nothing. Raises ParseError."""
    token = value.partition(";")[0].strip()
    parts = token.split(".")
    if len(parts) != 3:
        raise ParseError("Bad Identity")
    if not parts[1]:
        return Passport()
    claims = _claims(parts[1])
    calling, diverting = _identities(claims.get("orig")), _identities(claims.get("div"))
    said = {*calling, *diverting}
    others = {key: claim for key, claim in claims.items() if key not in ("orig", "div")}
    texts = (text for text in _texts(others) if text not in said and _DIGIT.search(text))
    return Passport(calling=calling, diverting=diverting, texts=tuple(dict.fromkeys(texts)))


def _claims(text: str) -> dict[str, object]:
    try:
        octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        claims = orjson.loads(octets)
        if octets.count(b"{") + octets.count(b"[") > DEEPEST:
            raise ParseError("Bad Identity")
        json.loads(octets, object_pairs_hook=_distinct)
    except (binascii.Error, ValueError) as error:
        raise ParseError("Bad Identity") from error
    if not isinstance(claims, dict):
        raise ParseError("Bad Identity")
    return claims


def _distinct(pairs: list[tuple[str, object]]) -> None:
    """Refuses an object that has a name twice: one reader takes the first, another the last (RFC 8259 §4)."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ParseError("Bad Identity")


def _identities(claim: object) -> tuple[str, ...]:
    """`{"tn": "12155551212"}`, `{"uri": "sip:..."}`, or lists of them, as RFC 8225 §5.2.1 and RFC 8946 have it."""
    if claim is None:
        return ()
    if not isinstance(claim, dict):
        raise ParseError("Bad Identity")
    found: list[str] = []
    for kind in ("tn", "uri"):
        values = claim.get(kind, [])
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, str) or len(found) >= MOST:
                raise ParseError("Bad Identity")
            found.append(_spelled(kind, value))
    return tuple(found)


def _spelled(kind: str, value: str) -> str:
    # A "tn" is digits without the plus of its country code (RFC 8225 §5.2.1).
    return f"tel:+{value.removeprefix('+')}" if kind == "tn" else value


def _texts(claims: dict[str, object]) -> Iterator[str]:
    """Every text in the claims, names included, wherever it is nested."""
    waiting: list[tuple[str, object]] = [("", claims)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(key, held) for key, held in value.items() if key not in _TECHNICAL]
            yield from value
        elif isinstance(value, list):
            waiting += [(name, held) for held in value]
        elif isinstance(value, str) and name not in _TECHNICAL:
            yield _spelled(name, value)
