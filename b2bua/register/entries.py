"""What people have entered, folded from the desk's lines: each entry with all that was ever done about it.

An act is a line: it adds entries, approves or refuses what waits, ends or withdraws what stands. Nothing is ever
changed: an entry that says something else is another one, which takes the place of the first when it comes into force.
An act that waits has no effect until another person has approved it.

Entries that are put one in the place of another stand in a row, each until the eve of the next: of a row at most one
holds on a day, and only the last can be changed, so that a row has no branches. Lines whose `entries` have been purged
come to the same rows.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from b2bua.call.acts import Record
from b2bua.errors import JournalError, RegisterError
from b2bua.evidence.forgetting import HASHED
from policy.register import civil_day

KIND: Final = "entry"
"""Of the desk's lines that this is folded from."""
_SPAN: Final = re.compile(r"([a-z][a-z_]*)-([1-9][0-9]{0,8})(?:\.\.([1-9][0-9]{0,8}))?")


class Action(StrEnum):
    """What is done about an entry."""

    ADD = "add"
    APPROVE = "approve"
    """What waits takes effect."""
    REFUSE = "refuse"
    """What waits never will."""
    END = "end"
    """It holds until a day, and not after it."""
    WITHDRAW = "withdraw"
    """It holds no more."""


class State(StrEnum):
    """Where an entry stands on a civil day."""

    PROPOSED = "proposed"
    """It waits for another person's approval."""
    COMING = "coming"
    IN_FORCE = "in force"
    OVER = "over"
    REPLACED = "replaced"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    FORGOTTEN = "forgotten"
    """What it said has been purged after its time."""


@attrs.frozen
class Span:
    """One entry or several in a row, made together: `consent-7`, or `consent-1..1000`."""

    kind: str
    """The name of its table in the configuration."""
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> "Span":
        """As it is written on a command line, where a kind may have hyphens too. Raises RegisterError."""
        head, _, number = text.strip().rpartition("-")
        found = _SPAN.fullmatch(f"{head.replace('-', '_')}-{number}")
        if found is None or (found[3] and int(found[3]) < int(found[2])):
            raise RegisterError(f"{text!r} names no entry; write agreement-3, or consent-1..1000 for several in a row")
        return cls(found[1], int(found[2]), int(found[3] or found[2]))

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[str]:
        return (f"{self.kind}-{number}" for number in range(self.first, self.last + 1))

    def __str__(self) -> str:
        one = f"{self.kind}-{self.first}"
        return one if self.first == self.last else f"{one}..{self.last}"


@attrs.frozen(kw_only=True)
class Act:
    """What one line says: something done about one entry, or the same about several."""

    span: Span
    action: Action
    by: str
    at: datetime.datetime
    """Aware UTC."""
    why: str = ""
    waits: bool = False
    """Whether another person must approve it."""
    until: datetime.date | None = None
    """Of an end: the last day."""
    replaces: str = ""
    """Of an addition: the entry that it is put in the place of."""
    since: datetime.date | None = None
    """Of such an addition: its first day, on which the other's last one rests; stays when the fields are purged."""
    fields: tuple[Mapping[str, Any], ...] | None = None
    """Of an addition: what each entry says, as a file of the register would; None when it has been purged."""
    days: tuple[Mapping[str, Any], ...] | None = None
    """Of such a one: the first and the last day of each, which a purge leaves."""

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Act":
        """What a line of the desk says. Raises KeyError, ValueError or TypeError for one that we have not written."""
        until, since = line.get("until"), line.get("since")
        told, left = line.get("personal", {}).get("entries"), line.get(HASHED)
        return cls(
            span=Span.parse(line["entry"]),
            action=Action(line["action"]),
            by=str(line["by"]),
            at=datetime.datetime.fromisoformat(line["at"]),
            why=str(line["why"]),
            waits=bool(line.get("waits", False)),
            until=None if until is None else datetime.date.fromisoformat(until),
            replaces=str(line.get("replaces", "")),
            since=None if since is None else datetime.date.fromisoformat(since),
            fields=None if told is None else tuple(told["value"]),
            days=None if left is None else tuple(left["entries"]),
        )

    def record(self) -> Record:
        """The line, before it is sealed."""
        facts: dict[str, object] = {
            "entry": str(self.span),
            "action": str(self.action),
            "what": self.span.kind,
            "by": self.by,
            "why": self.why,
        }
        if self.waits:
            facts["waits"] = True
        if self.until is not None:
            facts["until"] = self.until
        if self.replaces:
            facts["replaces"], facts["since"] = self.replaces, self.since
        return Record(KIND, "", self.at, facts, {} if self.fields is None else {"entries": list(self.fields)})


@attrs.define
class Item:
    """One entry, and its history."""

    id: str
    kind: str
    fields: Mapping[str, Any] | None
    """As it was entered; None when that has been purged."""
    acts: list[Act]
    """All that was done about it, oldest first; the first is the addition."""
    waiting: Act | None = None
    """What waits for an approval."""
    refused: bool = False
    withdrawn: bool = False
    ended: datetime.date | None = None
    """The last day, where a person has ended it earlier than it says itself."""
    replaces: str = ""
    replaced_by: str = ""
    """The entry that has come in its place at once."""
    follows: str = ""
    """The entry before it in its row, which holds until the eve of its first day."""
    followed_by: str = ""
    """The entry behind it in its row."""
    eve: datetime.date | None = None
    """The last day before the one behind it begins, or began."""
    days: Mapping[str, Any] | None = None
    """Of one that has been purged: the first and the last day of its fields."""

    @property
    def is_proposed(self) -> bool:
        """Whether it has never been in force, and may yet be."""
        return self.waiting is not None and self.waiting.action is Action.ADD

    @property
    def stands(self) -> bool:
        """Whether nothing but its days decides if it holds."""
        return not (self.is_gone or self.is_proposed or self.fields is None)

    @property
    def since(self) -> datetime.date | None:
        """Its first day; None when that has been purged. What the line's seal covers goes before what a purge left."""
        if self.acts[0].since is not None:
            return self.acts[0].since
        since = self._dated.get("since")
        return None if since is None else datetime.date.fromisoformat(since)

    @property
    def until(self) -> datetime.date | None:
        """Its last day; None when it has none."""
        own = self._dated.get("until")
        ends = (None if own is None else datetime.date.fromisoformat(own), self.ended, self.eve)
        return min((end for end in ends if end is not None), default=None)

    @property
    def said(self) -> Mapping[str, Any]:
        """What it says now, with the day at which it ends."""
        fields, until = {} if self.fields is None else self.fields, self.until
        return fields if until is None else {**fields, "until": until.isoformat()}

    @property
    def _dated(self) -> Mapping[str, Any]:
        """Where its own days stand."""
        return self.fields or self.days or {}

    @property
    def is_gone(self) -> bool:
        """Whether it holds no more and never will, whatever the day."""
        return self.refused or self.withdrawn or bool(self.replaced_by)

    def state(self, day: datetime.date) -> State:
        """Where it stands on that day."""
        if self.is_proposed:
            return State.PROPOSED
        for is_so, state in (
            (self.refused, State.REFUSED),
            (self.withdrawn, State.WITHDRAWN),
            (bool(self.replaced_by), State.REPLACED),
            (self.fields is None, State.FORGOTTEN),
        ):
            if is_so:
                return state
        since, until = self.since, self.until
        if until is not None and until < day:
            return State.OVER
        return State.COMING if since is not None and day < since else State.IN_FORCE


@attrs.define(eq=False)
class Entries:
    """All entries that were ever made, by their names."""

    items: dict[str, Item] = attrs.field(factory=dict)
    _counts: dict[str, int] = attrs.field(factory=dict)
    """The highest number of each kind."""

    @classmethod
    def fold(cls, lines: Iterable[Mapping[str, Any]]) -> "Entries":
        """What the desk's lines come to; those of other kinds are passed over.

        Raises JournalError for a line that does not follow from those before: what is in force cannot be told then.
        """
        entries = cls()
        for line in lines:
            if line.get("kind") != KIND:
                continue
            try:
                entries.apply(Act.of(line))
            except (RegisterError, KeyError, ValueError, TypeError) as error:
                raise JournalError(f"the desk's line of {line.get('at')} about {line.get('entry')}: {error}") from error
        return entries

    def __getitem__(self, name: str) -> Item:
        """Raises RegisterError when there is none of that name."""
        item = self.items.get(name)
        if item is None:
            raise RegisterError(f"there is no entry {name!r}; `b2bua register list --all` names them")
        return item

    def standing(self) -> Iterator[Item]:
        """Those that hold on their days."""
        return (item for item in self.items.values() if item.stands)

    def waiting(self) -> Iterator[Item]:
        """Those about which something waits for an approval."""
        return (item for item in self.items.values() if item.waiting is not None)

    def next(self, kind: str, count: int = 1) -> Span:
        """The names that the next entries of that kind get."""
        first = self._counts.get(kind, 0) + 1
        return Span(kind, first, first + count - 1)

    def enter(self, act: Act) -> None:
        """An act of now; raises RegisterError, and changes nothing, where it cannot be done."""
        for name in [act.replaces] if act.replaces else [] if act.action is Action.ADD else act.span:
            if self[name].fields is None:
                raise RegisterError(f"{name} has been purged, and stays as it is")
        self.apply(act)

    def apply(self, act: Act) -> None:
        """An act of a line, whose fields may have been purged since; raises RegisterError, and changes nothing, where
        it could not be done."""
        if act.action is Action.ADD:
            self._add(act)
            return
        items = [self[name] for name in act.span]
        for item in items:
            self._judge(item, act)
        places = [
            item.replaces for item in items if act.action is Action.APPROVE and item.is_proposed and item.replaces
        ]
        if len({*places}) < len(places):
            raise RegisterError(f"of {act.span} several would come in the place of one; approve one of them")
        for item in items:
            item.acts.append(act)
            self._perform(item, act)

    def changeable(self, name: str) -> Item:
        """An entry in whose place another can be put. Raises RegisterError."""
        item = self[name]
        _must_stand(item)
        if item.followed_by:
            raise RegisterError(
                f"{item.followed_by} comes in the place of {item.id} already; change or withdraw that one"
            )
        return item

    def _judge(self, item: Item, act: Act) -> None:
        """Raises RegisterError where that cannot be done about it."""
        match act.action:
            case Action.APPROVE:
                _may_approve(item, act)
                if item.is_proposed and item.replaces:
                    self.changeable(item.replaces)
            case Action.REFUSE:
                _may_refuse(item)
            case Action.END:
                _may_end(item, act)
            case Action.WITHDRAW:
                _may_withdraw(item, act)

    def _add(self, act: Act) -> None:
        if act.span != self.next(act.span.kind, len(act.span)):
            raise RegisterError(f"{act.span} does not follow the last of its kind")
        fields: Sequence[Mapping[str, Any] | None] = act.fields or [None] * len(act.span)
        if len(fields) != len(act.span):
            raise RegisterError(f"{act.span} has {len(fields)} entries")
        if act.replaces:
            before = self.changeable(act.replaces)
            if before.kind != act.span.kind or len(act.span) != 1:
                raise RegisterError(f"{act.span} cannot stand in the place of {before.id}")
        self._counts[act.span.kind] = act.span.last
        days: Sequence[Mapping[str, Any] | None] = act.days or [None] * len(act.span)
        for name, said, left in zip(act.span, fields, days, strict=True):
            item = Item(name, act.span.kind, said, [act], replaces=act.replaces, days=left)
            self.items[name] = item
            self._perform(item, act)

    def _perform(self, item: Item, act: Act) -> None:
        """What an act does, or would, were it not waiting."""
        if act.waits:
            item.waiting = act
        elif act.action is Action.APPROVE:
            assert item.waiting is not None, "judged before"
            approved, item.waiting = item.waiting, None
            self._perform(item, attrs.evolve(approved, waits=False, at=act.at))
        elif act.action is Action.REFUSE:
            item.refused, item.waiting = item.is_proposed, None
        elif act.action is Action.END:
            item.ended = act.until
        elif act.action is Action.WITHDRAW:
            self._leave(item, civil_day(act.at))
            item.withdrawn, item.waiting = True, None
        elif act.replaces:
            self._take_place(self[act.replaces], item, civil_day(act.at))

    def _take_place(self, before: Item, item: Item, day: datetime.date) -> None:
        """An entry goes for the one in its place: on the eve of that one's first day, or at once; and one that goes
        before it has begun leaves that place to come in."""
        if _has_gone(before, day) or _begins_after(item, before, day):
            before.followed_by, item.follows = item.id, before.id
            _go_for(before, item, day)
            return
        earlier = self.items.get(before.follows)
        self._leave(before, day)
        before.replaced_by = item.id
        if earlier is not None:
            self._take_place(earlier, item, day)

    def _leave(self, item: Item, day: datetime.date) -> None:
        """An entry goes out of its row: the one before it, unless it has gone for it already, holds until the one
        behind it begins, or as long as it said before."""
        before, behind = self.items.get(item.follows), self.items.get(item.followed_by)
        item.follows = item.followed_by = ""
        if behind is not None:
            behind.follows = "" if before is None else before.id
        if before is not None:
            before.followed_by = "" if behind is None else behind.id
            _go_for(before, behind, day)


def _has_gone(item: Item, day: datetime.date) -> bool:
    """Whether another has begun in its place."""
    return item.eve is not None and item.eve < day


def _begins_after(item: Item, before: Item, day: datetime.date) -> bool:
    """Whether there are days to come that the one before still has; one whose first day was purged has begun."""
    return item.since is not None and day < item.since and (before.since or datetime.date.min) < item.since


def _go_for(before: Item, behind: Item | None, day: datetime.date) -> None:
    """An entry holds until the one behind it begins; what has gone, has gone."""
    if not _has_gone(before, day):
        since = None if behind is None else behind.since
        before.eve = None if since is None else since - datetime.timedelta(days=1)


def _may_approve(item: Item, act: Act) -> None:
    if item.waiting is None:
        raise RegisterError(f"nothing about {item.id} waits for an approval")
    if _same(item.waiting.by, act.by):
        raise RegisterError(f"{item.id}: {act.by} has entered it, and another person must approve it")


def _may_refuse(item: Item) -> None:
    if item.waiting is None:
        raise RegisterError(f"nothing about {item.id} waits, so there is nothing to refuse; `withdraw` takes it back")


def _may_end(item: Item, act: Act) -> None:
    _must_stand(item)
    since, until = item.since, item.until
    if act.until is None or (since is not None and act.until < since):
        raise RegisterError(f"{item.id} begins on {since}; end it then or later, or withdraw it")
    if until is not None and act.until >= until:
        raise RegisterError(f"{item.id} ends on {until} as it is; to prolong it, `change` it")


def _may_withdraw(item: Item, act: Act) -> None:
    if item.is_proposed and not act.waits:
        return  # it has had no effect
    _must_stand(item)


def _must_stand(item: Item) -> None:
    if item.waiting is not None:
        what = f"{item.waiting.action} by {item.waiting.by}"
        raise RegisterError(f"{item.id}: {what} waits for an approval; approve or refuse that first")
    if item.is_gone:
        gone = "refused" if item.refused else "withdrawn" if item.withdrawn else f"replaced by {item.replaced_by}"
        raise RegisterError(f"{item.id} is {gone}, and stays as it is")


def _same(one: str, other: str) -> bool:
    """Whether two names are one person's, as far as a name can tell."""
    return one.strip().casefold() == other.strip().casefold()
