"""What an INVITE asserts about its caller, as plain data.

Whoever speaks SIP makes one from every position and every value (¶9); nothing here knows how a header is written.
"""

from enum import StrEnum

import attrs

from .numbering import Notation
from .position import Position

__all__ = ["URIS", "Assertion", "Claim", "Notation", "Position", "TrunkClass"]

#: The notations of a telephone number in a URI.
URIS = (Notation.SIP, Notation.TEL)


class TrunkClass(StrEnum):
    """What art. 2 makes of the circuit a call came by; one bound to no class is international."""

    INTERNATIONAL = "international"
    NATIONAL = "national"
    NATIONAL_TRANSIT = "national-transit"
    ARTICLE_4 = "article-4"


# Not by name alone, as others of so many fields: by place it is made in 0.8 us, by name in 1.3, and each INVITE makes
# several (2026-11-23).
@attrs.frozen
class Assertion:
    """One value that says who calls, redirected, or is to be called back."""

    position: Position
    header: str
    """Canonical name: "From", "P-Asserted-Identity", "Diversion", "History-Info"."""
    index: int
    """0-based, over all values of that header in the message."""
    raw: str
    """The text `notation` speaks of, escapes kept; undecodable bytes are lone surrogates."""
    notation: Notation
    user_phone: bool = False
    """The URI says user=phone, which makes its user part a telephone-subscriber (RFC 3261 §19.1.6)."""
    is_first: bool = False
    """Of a redirecting party: whether it is told as the one called at first (Q.763 §3.39), whoever redirected since."""


@attrs.frozen(kw_only=True)
class Claim:
    """All that one INVITE asserts, with what decides which rules apply to it."""

    trunk: str
    """As the register's entries name it: the trunk, or its circuit."""
    trunk_class: TrunkClass
    """As declared; what it is judged by is `policy.standing`'s to say."""
    called: str = ""
    """The user part of the Request-URI, as written, and what behind its host leads a ported number on."""
    assertions: tuple[Assertion, ...] = ()
    peer: str = ""
    """The address it came from; "" when nobody knows."""
    own: str = ""
    """The address of ours that it came to."""
    authentication: str = ""
    """How far the number's own operator vouches for it ("A", "B", "C"), as verified by us; "" when nobody has."""
    admitted: frozenset[str] = frozenset()
    """Of a message within a call: its caller's numbers (E.164 with +) that passed at the set-up."""
    emergency: bool = False
    """The router found an emergency route, and the called number is exactly an emergency number (L13)."""
    carrier: str = ""
    """The trunk itself, where `trunk` is a circuit of it."""
    is_later: bool = False
    """It is of a message within a call, and not of one that begins a call."""

    def asserting(self, called: str, assertions: tuple[Assertion, ...], *, emergency: bool) -> "Claim":
        """What an INVITE of this origin asserts."""
        # Each INVITE makes one, and `attrs.evolve` takes three times as long (2026-11-23).
        return Claim(
            trunk=self.trunk,
            trunk_class=self.trunk_class,
            called=called,
            assertions=assertions,
            peer=self.peer,
            own=self.own,
            authentication=self.authentication,
            admitted=self.admitted,
            emergency=emergency,
            carrier=self.carrier,
            is_later=self.is_later,
        )
