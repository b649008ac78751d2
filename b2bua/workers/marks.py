"""The worker's mark in each branch, tag and Call-ID that it mints, so that what comes back finds its way.

A mark is three letters and the worker's own. It stands first in a tag and a Call-ID, and after the cookie in a branch.
There is no mark of a generation: whoever takes a dead worker's place has its sockets, its post and its calls too, so
that to everybody else it is the same worker.
"""

from typing import Final

import attrs

from sipstack.ids import MAGIC_COOKIE, Ids

PREFIX: Final = "b2w"
"""Begins each mark; unlikely enough in names of others that the kernel may look for it anywhere in a message."""
FIRST: Final = "a"
"""The letter of worker 0; branches are compared without regard to case (RFC 3261 §7.3.1), so it is a small one."""
MOST: Final = 16
"""Workers that a gateway may have."""
CALL_ID_LENGTH: Final = len(PREFIX) + 1 + 32


def mark_of(slot: int) -> str:
    """The mark of a worker."""
    return PREFIX + chr(ord(FIRST) + slot)


def slot_of(name: str) -> int | None:
    """Whose mark a tag, or a branch after its cookie, begins with; None: nobody's."""
    if not name.startswith(PREFIX) or len(name) <= len(PREFIX):
        return None
    slot = ord(name[len(PREFIX)]) - ord(FIRST)
    return slot if 0 <= slot < MOST else None


@attrs.frozen
class MarkedIds(Ids):
    """The mint of a worker."""

    mark: str = ""

    def branch(self) -> str:
        """A transaction's name."""
        return f"{MAGIC_COOKIE}{self.mark}{self.randbytes(12).hex()}"

    def tag(self) -> str:
        """A dialog side's name."""
        return self.mark + self.randbytes(8).hex()

    def call_id(self) -> str:
        """A Call-ID."""
        return self.mark + self.randbytes(16).hex()
