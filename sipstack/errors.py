"""Whose fault it is, and what to answer: the errors every floor raises, in one place.

The peer's faults carry the SIP status a user agent server would answer with; ours do not, because a peer must not be
told about our bugs. Anything else that escapes from `sipstack` is a bug of `sipstack`.
"""

_CLIP = 80
"""Characters of the peer's text an error repeats: enough to find it in a trace, too few to flood a log."""


class SipError(Exception):
    """The root: catch it at a border where any SIP fault means the same."""


class ParseError(SipError):
    """What the peer sent is not SIP as we can read it.

    `reason` is a fixed phrase fit for a status line: it never holds the peer's own bytes. `str(error)` adds a clipped
    piece of the offending text for people.
    """

    status: int
    """What to answer to a request: 400 unless the fault has its own code (414, 505, 513)."""
    reason: str
    message: object | None
    """The `Request` or `Response`, when so much of it was readable that it can be answered; narrow with isinstance."""

    def __init__(self, reason: str, text: str = "", *, status: int = 400) -> None:
        super().__init__(f"{reason}: {text[:_CLIP]!r}" if text else reason)
        self.reason = reason
        self.status = status
        self.message = None


class ProtocolError(SipError):
    """The peer's message can be read but not now: it is out of sequence (RFC 3261 section 12.2.2)."""

    status: int

    def __init__(self, reason: str, *, status: int = 500) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class StateError(SipError):
    """We asked for what may not be done: a bug on this side of the wire."""
