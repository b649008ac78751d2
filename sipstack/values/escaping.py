"""`%41` in URIs: to texts and back, and as URIs are compared by it (RFC 3261 sections 19.1.2 and 19.1.4, RFC 3986).

Parts of URIs are kept as written everywhere else: who wants to know what a part says asks here.
"""

import re

from sipstack.errors import StateError

# Octets that are no UTF-8 by themselves, which are surrogates, may be so together with escaped ones.
_OCTETS = re.compile(r"(?:%[0-9A-Fa-f]{2}|[\udc80-\udcff])++")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_ONE = re.compile(r"%([0-9A-Fa-f]{2})")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]++")
# Section 25.1: unreserved with user-unreserved, and unreserved with hnv-unreserved.
_NOT_IN_USER = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]++")
_NOT_IN_HEADER = re.compile(r"[^A-Za-z0-9\-_.!~*'()\[\]/?:+$]++")
# RFC 2396's reserved characters mean something else when escaped; an escaped `%` would begin an escape if undone.
_STAYS_ESCAPED = frozenset(";/?:@&=+$,%")


def unescape(text: str) -> str:
    """What the text says: each `%` with two hexadecimal digits as the octet it stands for, octets read as UTF-8.

    Octets that are not UTF-8 become surrogates, as in headers. A `%` without two digits stays. The result may hold any
    control character: it is for reading, not for printing into a header.
    """
    return _OCTETS.sub(_decoded, text) if "%" in text else text


def escape_user(text: str) -> str:
    """The text as user part of a SIP URI. Raises `StateError` when it is no text."""
    return _NOT_IN_USER.sub(_encoded, text)


def escape_header(text: str) -> str:
    """The text as name or value of a header in a SIP URI (section 19.1.1). Raises `StateError` when it is no text."""
    return _NOT_IN_HEADER.sub(_encoded, text)


def normal(text: str) -> str:
    """The one spelling that all equivalent spellings of a URI's part share: to compare, not to send.

    "Characters other than those in the reserved set are equivalent to their %HEX HEX encoding" (section 19.1.4).
    """
    return _ONE.sub(_undone, _NOT_ASCII.sub(_percent, text)) if "%" in text or not text.isascii() else text


def _decoded(found: re.Match[str]) -> str:
    octets = found[0].encode("utf-8", "surrogateescape")
    return _ESCAPED.sub(_octet, octets).decode("utf-8", "surrogateescape")


def _octet(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode("ascii"))


def _encoded(found: re.Match[str]) -> str:
    try:
        octets = found[0].encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise StateError(f"not text: {error}") from error
    return "".join([f"%{octet:02X}" for octet in octets])


def _percent(found: re.Match[str]) -> str:
    # No text of ours or the wire's is refused here: a lone surrogate has a spelling too.
    return "".join([f"%{octet:02X}" for octet in found[0].encode("utf-8", "surrogatepass")])


def _undone(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if "!" <= character <= "~" and character not in _STAYS_ESCAPED else found[0].upper()
