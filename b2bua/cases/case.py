"""One case after its events.

What the law asks follows from the events and the time, and is written down nowhere:

- The answer is due 24 hours after the request. Only a complete one counts, which is about the very calls that the case
  stands on, and none that was found wrong before then. That our evidence has no such call is an answer too, as long as
  the case stands on none; it is no identity, and never complete with one.
- The block is due 24 hours after the identity is known to be incomplete or wrong, or after the answer's time has run
  out without a complete one. What is completed within the answer's time stops that clock; later nothing does but the
  block. One that was released while something was missing has stopped nothing.
"""

import datetime
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import attrs

from b2bua.cases.block import Block, reason_of
from b2bua.cases.clock import Clock, Duty
from b2bua.cases.event import Asked, Event, identity_of
from b2bua.cases.identity import Identity

_NEVER: Final = datetime.datetime.max.replace(tzinfo=datetime.UTC)


class State(StrEnum):
    """What a case waits for."""

    OPEN = "open"
    """To be answered."""
    ANSWERED = "answered"
    """Nothing is due: it can be closed."""
    TO_BLOCK = "to block"
    """The second clock runs."""
    BLOCKED = "blocked"
    RELEASED = "released"
    """It was blocked, and is no more."""
    CLOSED = "closed"


@attrs.frozen
class Sent:
    """An answer that was handed to the regulator."""

    at: datetime.datetime
    calls: tuple[str, ...]
    """What it was about; none where it says that our evidence has no such call."""
    missing: tuple[str, ...]
    """What it left out."""


@attrs.frozen
class Spell:
    """A time in which nothing of the identity was missing."""

    since: datetime.datetime
    until: datetime.datetime | None = None
    """None while it goes on."""

    def holds(self, moment: datetime.datetime) -> bool:
        """Whether that moment was within it."""
        return self.since <= moment and (self.until is None or moment < self.until)


@attrs.frozen(kw_only=True)
class Case:
    """A request of the regulator, and what has become of it."""

    id: str
    asked: Asked
    opened: datetime.datetime
    by: str
    """Who opened it."""
    note: str = ""
    """What was noted when it was opened."""
    calls: tuple[str, ...] = ()
    """The calls that it was, by their names in the evidence."""
    is_none: bool = False
    """Whether a person has looked at the calls that may be meant, and said that it was none of them."""
    is_held: bool = False
    """Whether their evidence is kept from retention."""
    identity: Identity = attrs.field(factory=Identity)
    missing: tuple[str, ...] = Identity().missing
    """What the regulator would miss in it."""
    whole: tuple[Spell, ...] = ()
    """When nothing was missing."""
    disputed: frozenset[str] = frozenset()
    """Fields that were found wrong and have not been told anew."""
    wanting: datetime.datetime | None = None
    """Since when it is known that the identity is incomplete or wrong."""
    wrong: datetime.datetime | None = None
    """When it was last found wrong."""
    digest: str = ""
    """SHA-256 of the signed answer that was made last."""
    prepared: tuple[str, ...] = ()
    """What that answer leaves out."""
    sent: tuple[Sent, ...] = ()
    """The answers that were handed over, but for those that were found wrong while there was time for another."""
    blocks: tuple[Block, ...] = ()
    """What blocks the user, has blocked him, or will once another person approves."""
    told: frozenset[tuple[Duty, int, str]] = frozenset()
    """Which reminders have been given: of which clock, after how many hours, in which way."""
    closed: datetime.datetime | None = None
    history: tuple[Event, ...] = ()

    @classmethod
    def from_opening(cls, case: str, event: Event) -> "Case":
        """The case that an event `opened` begins."""
        asked = Asked(
            reference=event.facts["reference"],
            requested=event.moment("requested"),
            number=event.personal.get("number", ""),
            moment=event.facts["moment"],
            called=event.personal.get("called", ""),
            error_seconds=event.facts["error_seconds"],
        )
        note = event.personal.get("note", "")
        return cls(id=case, asked=asked, opened=event.at, by=event.by, note=note, history=(event,))

    def after(self, event: Event) -> "Case":
        """The case once that has happened; an event of a name that we do not know is only remembered."""
        changed = _CHANGES.get(event.name, _nothing)(self, event)
        return attrs.evolve(changed, history=(*self.history, event))

    @property
    def lacks(self) -> tuple[str, ...]:
        """What an answer would leave out that is made now; one that there is no such call tells of no user."""
        return self.missing if self.calls else ()

    def counts(self, sent: Sent) -> bool:
        """Whether an answer is whole, and about the calls that the case stands on."""
        return not sent.missing and {*sent.calls} == {*self.calls}

    @property
    def answered(self) -> datetime.datetime | None:
        """When an answer was handed over that counts, by what was written down of it first."""
        return next((sent.at for sent in self.sent if self.counts(sent)), None)

    @property
    def answer_clock(self) -> Clock:
        """From the request."""
        return Clock(Duty.ANSWER, self.asked.requested, self.answered)

    def block_clock(self, now: datetime.datetime) -> Clock | None:
        """From when the block became due; None while it is not."""
        answer = self.answer_clock
        causes = [self.wrong] if self._again else [self.wanting, answer.due if answer.is_late(now) else None]
        since = min((cause for cause in causes if cause is not None), default=None)
        return None if since is None else Clock(Duty.BLOCK, since, self._blocked_by(now))

    def next_due(self, now: datetime.datetime) -> datetime.datetime:
        """When the first of what is not done yet is due; the end of time when nothing is."""
        running = [clock.due for clock in self.clocks(now) if clock.met is None] if self.closed is None else []
        return min(running, default=_NEVER)

    def is_late(self, now: datetime.datetime) -> bool:
        """Whether something should have been done, and is not."""
        return self.next_due(now) < now

    @property
    def blocked(self) -> datetime.datetime | None:
        """Since when the user's calls have been refused."""
        return min((block.since for block in self.blocks if block.since and self._does(block)), default=None)

    def _blocked_by(self, now: datetime.datetime) -> datetime.datetime | None:
        """The same, and None while its first day is yet to come."""
        return self.blocked if self.blocked is not None and self.blocked <= now else None

    def _does(self, block: Block) -> bool:
        """Whether it does what the law asks for: not when it was over before its first day, while something of the
        identity was missing, or before that was found wrong again."""
        if block.since is None or block.ended is None:
            return block.since is not None
        return self._may_end(block) and (self.wrong is None or self.wrong < block.ended)

    @property
    def _again(self) -> bool:
        """Whether the user was blocked and is no more, as he might be, and the identity has been found wrong since."""
        over = [block.ended for block in self.blocks if block.ended is not None and self._may_end(block)]
        return self.blocked is None and self.wrong is not None and any(ended <= self.wrong for ended in over)

    def _may_end(self, block: Block) -> bool:
        """Whether it had begun, and ended while nothing was missing."""
        since, ended = block.since, block.ended
        return since is not None and ended is not None and since < ended and any(one.holds(ended) for one in self.whole)

    def clocks(self, now: datetime.datetime) -> tuple[Clock, ...]:
        """Those that tell of a duty: the answer's, and the block's when it runs or has run."""
        block = self.block_clock(now)
        return (self.answer_clock,) if block is None else (self.answer_clock, block)

    def state(self, now: datetime.datetime) -> State:
        """What it waits for."""
        if self.closed is not None:
            return State.CLOSED
        if self._blocked_by(now) is not None:
            return State.BLOCKED if any(block.is_in_force for block in self.blocks) else State.RELEASED
        if self.block_clock(now) is not None:
            return State.TO_BLOCK
        return State.OPEN if self.answered is None else State.ANSWERED

    @property
    def reason(self) -> str:
        """What the register's acts, the holds and the looks give as their why."""
        return reason_of(self.id)


def _nothing(case: Case, _: Event) -> Case:
    return case


def _found(case: Case, event: Event) -> Case:
    calls = tuple(event.facts["calls"])
    found = attrs.evolve(case, calls=calls, is_none=not calls)
    if {*calls} == {*case.calls}:
        return found
    # An answer that was made about other calls is none about these; and whoever made none of them made others.
    found = attrs.evolve(found, digest="", prepared=())
    return found if not case.calls or {*calls} & {*case.calls} else _unknown(found, event.at)


def _unknown(case: Case, at: datetime.datetime) -> Case:
    """The user is to be told anew; a block that is due for the one before stays due."""
    return attrs.evolve(
        case, identity=Identity(), missing=Identity().missing, disputed=frozenset(), whole=_broken(case.whole, at)
    )


def _identified(case: Case, event: Event) -> Case:
    told = attrs.evolve(
        case,
        identity=case.identity.after(identity_of(event)),
        disputed=case.disputed - set(event.facts["fields"]),
    )
    return _known(told, event)


def _begun(whole: tuple[Spell, ...], at: datetime.datetime) -> tuple[Spell, ...]:
    """With a spell that goes on from then, where none goes on already."""
    return whole if whole and whole[-1].until is None else (*whole, Spell(at))


def _broken(whole: tuple[Spell, ...], at: datetime.datetime) -> tuple[Spell, ...]:
    """With none that goes on beyond then."""
    return tuple(attrs.evolve(one, until=min(one.until or at, at)) for one in whole if one.since < at)


def _incomplete(case: Case, event: Event) -> Case:
    """It has been found wrong: it has to be answered anew, where there is still time to; and a case that was closed is
    not any more."""
    since = event.moment("since") if "since" in event.facts else event.at
    return attrs.evolve(
        case,
        disputed=case.disputed | set(event.facts["fields"]),
        missing=tuple(sorted({*case.missing, *event.facts["fields"]})),
        whole=_broken(case.whole, since),
        wanting=min(case.wanting or since, since),
        wrong=since,
        told=frozenset(one for one in case.told if one[0] is not Duty.BLOCK),
        sent=() if since <= case.answer_clock.due else case.sent,
        digest="",
        prepared=(),
        closed=None,
    )


def _known(case: Case, event: Event) -> Case:
    """What is missing starts the second clock; what is complete in time stops it."""
    missing = tuple(event.facts["missing"])
    if missing:
        whole = _broken(case.whole, event.at)
        return attrs.evolve(case, missing=missing, whole=whole, wanting=case.wanting or event.at)
    known = attrs.evolve(case, missing=(), whole=_begun(case.whole, event.at))
    if event.at > case.answer_clock.due:
        return known
    # The second clock stops. Should it run again, it is told of again.
    told = frozenset(one for one in case.told if one[0] is not Duty.BLOCK)
    return attrs.evolve(known, wanting=None, wrong=None, told=told)


def _prepared(case: Case, event: Event) -> Case:
    return attrs.evolve(case, digest=event.facts["sha256"], prepared=tuple(event.facts["missing"]))


def _answered(case: Case, event: Event) -> Case:
    sent = Sent(event.moment("answered"), case.calls, tuple(event.facts["missing"]))
    wanting = (case.wanting or sent.at) if sent.missing else case.wanting
    return attrs.evolve(case, sent=(*case.sent, sent), wanting=wanting)


def _reminded(case: Case, event: Event) -> Case:
    told = (Duty(event.facts["clock"]), event.facts["hours"], event.facts["way"])
    return attrs.evolve(case, told=case.told | {told})


def _closed(case: Case, event: Event) -> Case:
    return attrs.evolve(case, closed=event.at)


_CHANGES: Final[Mapping[str, Callable[[Case, Event], Case]]] = {
    "found": _found,
    "identified": _identified,
    "incomplete": _incomplete,
    "prepared": _prepared,
    "answered": _answered,
    "reminded": _reminded,
    "closed": _closed,
}
