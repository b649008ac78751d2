"""A story: one call that somebody tries, the article that speaks of it, and what each side may see of it."""

from enum import StrEnum

import attrs

from policy.verdict import Outcome

Fields = tuple[tuple[str, str], ...]

#: Headers in which a phone or a switch could learn who calls: of these the callee sees what the story says, no more.
TELLING = (
    "from",
    "p-asserted-identity",
    "p-preferred-identity",
    "remote-party-id",
    "diversion",
    "history-info",
    "referred-by",
    "privacy",
)


class Side(StrEnum):
    """Who takes part; each is the peer of the trunk of that name."""

    FOREIGN = "INT-1"
    NATIONAL = "NAT-1"
    NEIGHBOUR = "NAT-2"
    """Another operator of the same country, so that a call can stay at home."""


@attrs.frozen(kw_only=True)
class Story:
    """One call and what must come of it."""

    title: str
    """At most 25 characters, so that a table of 80 columns holds it in one line."""
    told: str
    """What happens, in a sentence."""
    article: str
    """The beginning of the legal basis that the evidence must name."""
    decided_by: str
    """The header that decides, as `evidence.deciding` spells it."""
    verdict: Outcome
    uri: str
    """The Request-URI."""
    sends: Fields
    """What the caller's INVITE says about its caller; From first, without a tag."""
    sees: Fields
    """What of that reaches the callee, all of it and in this spelling; of a blocked call nothing does."""
    secret: str = ""
    """Digits that stand in no byte the callee receives; empty where there is nothing to hide."""
    caller: Side = Side.FOREIGN
    callee: Side = Side.NATIONAL

    @property
    def is_blocked(self) -> bool:
        """Whether the callee's side must not hear of the call at all."""
        return self.verdict is Outcome.BLOCK
