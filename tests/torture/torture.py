"""The form of a test message: named and numbered as in its RFC, written line by line, with its fate."""

import attrs

ACCEPT = "accept"
DISCARD = "discard"


@attrs.frozen
class Torture:
    """One datagram, and what a user agent server that supports no extension does to it."""

    name: str
    """The RFC's own, so that the file of the same name can be found."""
    section: str
    why: str
    """What is tried; where the RFC leaves a choice, the one made here."""
    fate: str | int = attrs.field(kw_only=True)
    """Accepted, discarded, or the status it is refused with."""
    data: bytes = attrs.field(kw_only=True, repr=False)


def lines(*head: str, body: bytes = b"") -> bytes:
    """The start line and the header lines, folds on lines of their own, and the empty line."""
    return text(*head, "") + body


def text(*lines: str) -> bytes:
    """Lines of UTF-8, each with its CRLF; a lone surrogate is the octet it escapes."""
    return "".join([f"{line}\r\n" for line in lines]).encode("utf-8", "surrogateescape")
