"""What was decided, and why, in a form that can be stored and handed to a regulator.

A verdict is its most severe finding, together with all the others: `pass` < `strip` < `withhold` < `block`.
"""

from datetime import datetime
from enum import IntEnum

import attrs

from .position import Position


class Outcome(IntEnum):
    """How hard a rule falls; ordered, so that the most severe is the maximum."""

    PASS = 0
    STRIP = 1
    """Remove the field, let the call go on."""
    WITHHOLD = 2
    """Let the call go on without any number of its caller (art. 1 3°, the fallback)."""
    BLOCK = 3
    """Refuse the call."""

    @property
    def word(self) -> str:
        """The outcome as the evidence and the command line write it."""
        return self.name.lower()


@attrs.define(unsafe_hash=True)
class Draft:
    """A finding before it is sealed.

    A frozen class sets its fields one by one past itself, in 1.0 us where an open one takes 0.4, and a call has several
    findings. So who makes many makes drafts, and seals each at once by giving it the class that lets nothing be
    changed: a decision on five numbers takes 3.1 `phonenumbers.parse` so, and 3.6 without (2026-11-23).
    """

    position: Position
    header: str
    index: int
    raw: str
    """The text that was judged."""
    number: str | None
    """E.164 with +, or the short number's digits; None when the text holds no number that can be named."""
    range: str
    rule: str
    basis: str
    """Article and paragraph, such as "art. 1 2°, ¶8-9"."""
    outcome: Outcome
    why: str
    """One plain sentence, fit to be handed on."""
    digits: str = ""
    """Digits that must not reach the callee in any spelling; "" when there is nothing that can be searched for."""
    flag: str = ""
    """A name to count and alarm by; "" for none."""
    entry: str = ""
    """The reference of the register's entry that it rests on; "" when it rests on none."""


@attrs.frozen
class Finding(Draft):
    """What one rule says of one number in one place.

    Frozen, since a program that embeds the gateway gets to see what was found, and may not alter it.
    """


_PLACES = {position: place for place, position in enumerate(Position)}


def in_order(finding: Finding) -> tuple[int, str, int, str, str]:
    """The key by which a verdict's findings are sorted."""
    return (_PLACES[finding.position], finding.header, finding.index, finding.number or "", finding.rule)


@attrs.frozen(kw_only=True, slots=False)
class Verdict:
    """The decision on one claim."""

    outcome: Outcome
    basis: str
    findings: tuple[Finding, ...]
    """In the order of positions, headers and values, whatever the order they were claimed in."""
    flags: tuple[str, ...]
    profile: str
    """Name, effective date and digest of the profile that decided."""
    register: str
    """Version of the register that decided."""
    decided_at: datetime
    trunk_class: str = ""
    """The class that it was judged by, which may be another than the trunk's own."""
    class_entry: str = ""
    """The reference of the register's entry by which it has that class; "" when it has it as declared."""
    trial: str = ""
    """The reference of the entry by which the trunk is in shadow; "" when it is not."""
    enforced: bool = True
    """False where the trunk is in shadow: what was decided is recorded, and nothing comes of it."""
    forwarded_by: str = ""
    """The redirecting number by which art. 3 was proved; "" when it was not, or by none."""

    @property
    def deciding(self) -> Finding | None:
        """The finding that made the verdict what it is; None when the call passes."""
        if self.outcome is Outcome.PASS:
            return None
        return next(finding for finding in self.findings if finding.outcome is self.outcome)
