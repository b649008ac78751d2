"""What came of asking a holder once, and whose fault it was when nothing did.

The law lets a number be withheld *exclusively* where it can be shown that the check is technically infeasible (¶8 3°).
So two kinds of failure are told apart. What the holder's side demonstrably did wrong is FAILED: silence, a closed
connection, a 5xx, an answer that is none. What shows nothing of the holder's side is NOT_ASKED: our own limits, our own
network, credentials that are not taken, a quota that is used up.
"""

import errno
from datetime import datetime
from typing import Final, Self

import attrs

from policy.roaming import Roaming

_UNANSWERED: Final = (Roaming.FAILED, Roaming.NOT_ASKED)
#: Errors of a connection that the other end, or the way to it, has made.
_THEIRS: Final = (
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.EPIPE,
    errno.EHOSTUNREACH,
    errno.EHOSTDOWN,
    errno.ETIMEDOUT,
)


@attrs.frozen(kw_only=True)
class Told:
    """One attempt's outcome. Never the visited country, and never the holder's own words: these may be anything."""

    outcome: Roaming
    why: str = ""
    """Of what is no answer: in our words, for the evidence. Without a number in it."""
    at: datetime | None = None
    """When the holder says that it was true, aware UTC."""
    may_repeat: bool = False
    """Whether another attempt may fare better."""
    pause: float | None = None
    """For how many seconds the holder asked to be left alone."""

    @property
    def is_answer(self) -> bool:
        """Whether the holder has said something about the subscriber."""
        return self.outcome not in _UNANSWERED

    @classmethod
    def failed(cls, why: str, *, may_repeat: bool = False, pause: float | None = None) -> Self:
        """The holder's side has failed."""
        return cls(outcome=Roaming.FAILED, why=why, may_repeat=may_repeat, pause=pause)

    @classmethod
    def kept_back(cls, why: str, *, pause: float | None = None) -> Self:
        """There is no answer, and nothing that shows a failure of the holder's side."""
        return cls(outcome=Roaming.NOT_ASKED, why=why, pause=pause)


def failure_of(error: OSError) -> Told:
    """Whose fault it is that no connection comes about: the holder's, or of this host and its network."""
    name = errno.errorcode.get(error.errno or 0, "error")
    if error.errno in _THEIRS:
        return Told.failed(f"no connection: {name}", may_repeat=True)
    return Told.kept_back(f"no connection from here: {name}")
