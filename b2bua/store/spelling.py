"""A number in normal form, of what stood in a URI: for finding it again, never for judging it (`policy.numbering`).

What was judged has its number in the finding. This is for the rest: who was called, and who called on trunks that the
decree does not reach, where many write as their telephones dial.
"""

import re
from functools import lru_cache
from typing import Final

HOME: Final = "32"
"""The country whose callers leave out the country code."""
_URI: Final = re.compile(r"(?:sips?|tel):([^@;>?\s]*)", re.IGNORECASE)
_FILLING: Final = re.compile(r"[\s().\-/]+")
_DIGITS: Final = re.compile(r"\+?[0-9]{2,20}")


@lru_cache(4_096)
def normal(text: str, home: str = HOME) -> str | None:
    """E.164 with +, or the digits of a short number; None where no number is written.

    `text` is a URI or its user part. A number in national form, with one leading zero, is one of the country `home`.
    """
    found = _URI.search(text)
    digits = _FILLING.sub("", found[1] if found else text.partition(";")[0])
    if not digits.isascii() or not _DIGITS.fullmatch(digits):
        return None
    if digits.startswith("+"):
        return digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    return f"+{home}{digits[1:]}" if digits.startswith("0") else digits


def uris(line: str) -> list[str]:
    """The user parts of all URIs in a header's line."""
    return _URI.findall(line)
