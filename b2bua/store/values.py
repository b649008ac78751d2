"""What is looked for in the store, and what is found: plain values."""

import datetime
from typing import Final

import attrs

from b2bua.evidence.reading import Place

MOST: Final = 1_000
"""Rows that are found unless more are wanted."""


@attrs.frozen(kw_only=True)
class Wanted:
    """Which calls; each field that is given narrows it down. Moments are aware; `since` counts, `until` does not.

    Numbers are in normal form: E.164 with +, or the digits of a short number (`b2bua.store.normal` makes it of other
    spellings), or what `keyed` makes of such a one, for calls whose numbers have been forgotten.
    """

    number: str | None = None
    """Of a caller, in any position."""
    called: str | None = None
    """Of whoever was called, at first or after a redirection."""
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    trunk: str | None = None
    """By which it came in: the trunk, or the circuit where it has one."""
    call_id: str | None = None
    """The Call-ID of either side."""
    verdict: str | None = None
    """pass, strip, withhold, block, undecided."""
    limit: int = MOST


@attrs.frozen(kw_only=True)
class StoredCall:
    """One call, as its lines in the journal have it so far."""

    call: str
    """Its name in the evidence."""
    at: datetime.datetime
    """When it was judged."""
    trunk: str
    trunk_class: str
    """As which it was judged: `international`, `national`, ..."""
    circuit: str | None
    """The virtual circuit of that trunk by which it came in."""
    peer: str
    """host:port that it came from."""
    own: str
    """host:port that it came in at."""
    call_id: str
    b_call_id: str | None
    """Call-ID of the leg that was answered, or else of the last one."""
    to_trunk: str | None
    """By which it left."""
    caller: str | None
    """What From says, or else the first number there is; None when there is none, or it has been forgotten."""
    called: str | None
    verdict: str
    basis: str
    """The article that decided."""
    enforced: bool
    """False where the trunk was in shadow, so that nothing came of the verdict."""
    status: int | None
    cause: str | None
    answered_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    """None while it goes on."""
    seconds: float | None
    """How long it was spoken."""
    forgotten: bool
    """Whether its numbers have given way to their keyed hashes."""
    place: Place
    """Of its verdict."""


@attrs.frozen(kw_only=True)
class StoredNumber:
    """One number of a call, in one place."""

    call: str
    at: datetime.datetime
    number: str
    position: str
    """presentation, display, network, redirect, other; `called` for whom it was made to."""
    header: str
    outcome: str
    """What that place alone would have led to; "" where nothing was judged."""
    rule: str
    place: Place
    """Of the line that has it."""


@attrs.frozen(kw_only=True)
class Standing:
    """How far the index of one chain has come."""

    chain: str
    segment: int
    """Of the last line that is indexed; 0 before the first."""
    line: int
    waiting: int
    """Lines behind it."""

    def __str__(self) -> str:
        """One line of text."""
        return f"{self.chain or 'journal'}: indexed to line {self.line} of segment {self.segment}, {self.waiting} wait"


@attrs.frozen(kw_only=True)
class StoredAct:
    """A line of the desk: what somebody entered, decided, or looked at."""

    at: datetime.datetime
    kind: str
    """entry, case, look, retention."""
    subject: str
    """The id of the entry or the case; "" for the other kinds."""
    act: str
    """The action of an entry, the event of a case, the command of a look."""
    by: str
    place: Place
