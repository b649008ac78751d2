"""The form test of art. 1 1°: ITU-T E.157 and E.164, on the text as it was written.

A lenient library must not come first: it cleans away exactly the breaches that are looked for. Only the URI's own
escapes are undone, once, since RFC 3261 §19.1.4 makes `%2B` and `+` the same character of the same user part.
"""

import re
from enum import Enum
from urllib.parse import unquote_to_bytes

import attrs

_VISUAL = str.maketrans("", "", "-.()")  # RFC 3966 §3, visual-separator
_NUMBER = re.compile(r"(\+|00|)([0-9]*)")


class Breach(Enum):
    """One way not to be an E.157 number, in plain words."""

    NO_PREFIX = "it has neither + nor 00 before a country code"
    TRUNK_ZERO = "it keeps the national trunk zero after the country code"
    WRONG_LENGTH = "it has the wrong length for its range"
    TOO_LONG = "it has more than 15 digits"
    TOO_SHORT = "it has too few digits to be an international number"
    UNASSIGNED_CODE = "no country has its country code"
    CHARACTERS = "it holds characters other than the digits of a number"
    NOT_ASCII = "it holds non-ASCII digits or invisible characters"
    LOCAL = "it is a local number that needs its phone-context"
    SEVERAL = "it holds more than one number or more than one +"
    PARAMETER = "one of its parameters holds a number of its own"


@attrs.frozen
class Form:
    """A text taken at its word, before any numbering plan is asked."""

    prefix: str
    """What stands before the country code: "+" or "00" (¶8 1°), else ""."""
    digits: str
    """The digits after the prefix; "" when there are none, or when other characters stand between them."""
    breaches: tuple[Breach, ...]


def unescape(text: str) -> str:
    """Percent-escapes undone once; bytes that are no UTF-8 become lone surrogates, and nothing raises."""
    if "%" not in text:
        return text
    return unquote_to_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")


def examine(text: str, *, separators: bool) -> Form:
    """Take one unescaped number apart; `separators` says whether its grammar allows - . ( )."""
    breaches = []
    if separators:
        if "(0)" in text:
            breaches.append(Breach.TRUNK_ZERO)
        text = text.translate(_VISUAL)
    if (match := _NUMBER.fullmatch(text)) and text:
        if not match[1]:
            breaches.append(Breach.NO_PREFIX)
        return Form(match[1], match[2], tuple(breaches))
    return Form("", "", (*breaches, *_characters(text)))


def _characters(text: str) -> tuple[Breach, ...]:
    found = []
    if not text.isascii() or not text.isprintable():
        found.append(Breach.NOT_ASCII)
    if text.count("+") > 1:
        found.append(Breach.SEVERAL)
    return tuple(found) or (Breach.CHARACTERS,)
