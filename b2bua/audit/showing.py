"""Text of strangers made fit for a terminal, a page and an eye that may not see whole numbers."""

import re
from typing import Final

#: Characters of a peer's text that are kept.
CLIP: Final = 80
#: Of a text that is no number of known form, the digits that a mask leaves.
_LEFT: Final = 5
_MASKED: Final = 4

_DIGITS: Final = re.compile(r"\d{5,}")


def shown(text: str, most: int = CLIP) -> str:
    """One line of printable characters, clipped; anything else is told as an escape, and what is undecodable too."""
    clipped = text[:most] + "…" if len(text) > most else text
    if clipped.isprintable():
        return clipped
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in clipped)


def masked(text: str) -> str:
    """Every run of five digits or more without its last four."""
    return _DIGITS.sub(lambda found: found[0][:-_MASKED] + "x" * _MASKED, text)


def masked_raw(text: str) -> str:
    """The same for what a caller wrote, in whatever spelling: no digit after the first five."""
    left = _LEFT
    out = []
    for c in text:
        out.append("x" if c.isdigit() and left <= 0 else c)
        left -= c.isdigit()
    return "".join(out)
