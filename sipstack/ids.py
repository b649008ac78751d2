"""The names we mint: branches, tags, Call-IDs (RFC 3261 sections 8.1.1.4, 8.1.1.7 and 19.3).

Randomness is an argument, so that a seeded world mints the same names again. A tag must hold at least 32 random bits
by section 19.3; ours hold 64 or more, since a name that can be guessed lets a stranger end the call.
"""

from collections.abc import Callable

import attrs

MAGIC_COOKIE = "z9hG4bK"
"""What begins the branch of an RFC 3261 client (section 8.1.1.7); without it, RFC 2543 matching applies."""


@attrs.frozen
class Ids:
    """The mint. Pass it a source of random bytes: the operating system's, or a seeded one in a test."""

    randbytes: Callable[[int], bytes]

    def branch(self) -> str:
        """A transaction's name, unique in space and time: the cookie and 96 random bits."""
        return MAGIC_COOKIE + self.randbytes(12).hex()

    def tag(self) -> str:
        """A dialog side's name: 64 random bits."""
        return self.randbytes(8).hex()

    def call_id(self) -> str:
        """A Call-ID of 128 random bits and no host part: a host would tell the other side who stands behind us."""
        return self.randbytes(16).hex()
