"""Text that strangers have written, made fit for a terminal, a letter or a print."""

from collections.abc import Callable


def plain(text: str, has: Callable[[str], bool] = lambda _: True) -> str:
    """The text with each character spelled (U+001B) that would move what stands beside it, or that the font has not.

    None is left out, for it may be part of somebody's name. Line ends stay.
    """
    return "".join(one if one == "\n" or (one.isprintable() and has(one)) else f"U+{ord(one):04X}" for one in text)
