"""What people have entered, folded from the desk's lines: each entry with all that was ever done about it.

An act is a line: it adds entries, approves or refuses what waits, ends or withdraws what stands. Nothing is ever
changed: an entry that says something else is another one, which takes the place of the first when it comes into force.
An act that waits has no effect until another person has approved it.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from b2bua.call.acts import Record
from b2bua.errors import JournalError, RegisterError
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
    fields: tuple[Mapping[str, Any], ...] | None = None
    """Of an addition: what each entry says, as a file of the register would; None when it has been purged."""

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Act":
        """What a line of the desk says. Raises KeyError, ValueError or TypeError for one that we have not written."""
        until = line.get("until")
        told = line.get("personal", {}).get("entries")
        return cls(
            span=Span.parse(line["entry"]),
            action=Action(line["action"]),
            by=str(line["by"]),
            at=datetime.datetime.fromisoformat(line["at"]),
            why=str(line["why"]),
            waits=bool(line.get("waits", False)),
            until=None if until is None else datetime.date.fromisoformat(until),
            replaces=str(line.get("replaces", "")),
            fields=None if told is None else tuple(told["value"]),
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
            facts["replaces"] = self.replaces
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
    """The last day, where an act has ended it earlier than it says itself."""
    replaces: str = ""
    replaced_by: str = ""
    """The entry that has come in its place."""
    followed_by: str = ""
    """The entry that comes in its place on a later day."""
    before_that: datetime.date | None = None
    """What `ended` was until that one made it end on its eve."""

    @property
    def is_proposed(self) -> bool:
        """Whether it has never been in force, and may yet be."""
        return self.waiting is not None and self.waiting.action is Action.ADD

    @property
    def stands(self) -> bool:
        """Whether nothing but its days decides if it holds."""
        gone = self.refused or self.withdrawn or bool(self.replaced_by)
        return not (gone or self.is_proposed or self.fields is None)

    @property
    def since(self) -> datetime.date | None:
        """Its first day; None when it has been purged."""
        return None if self.fields is None else datetime.date.fromisoformat(self.fields["since"])

    @property
    def until(self) -> datetime.date | None:
        """Its last day; None when it has none."""
        if self.ended is not None or self.fields is None:
            return self.ended
        own = self.fields.get("until")
        return None if own is None else datetime.date.fromisoformat(own)

    @property
    def said(self) -> Mapping[str, Any]:
        """What it says now, with the day at which it was ended."""
        fields = {} if self.fields is None else self.fields
        return fields if self.ended is None else {**fields, "until": self.ended.isoformat()}

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

    def apply(self, act: Act) -> None:
        """One act more; raises RegisterError, and changes nothing, where it cannot be done."""
        if act.action is Action.ADD:
            self._add(act)
            return
        items = [self[name] for name in act.span]
        for item in items:
            self._judge(item, act)
        for item in items:
            item.acts.append(act)
            self._perform(item, act)

    def _judge(self, item: Item, act: Act) -> None:
        """Raises RegisterError where that cannot be done about it."""
        match act.action:
            case Action.APPROVE:
                _may_approve(item, act)
                if item.is_proposed and item.replaces:
                    _must_stand(self[item.replaces])
                    self._must_be_last(self[item.replaces])
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
            _may_be_replaced(self[act.replaces], act)
            self._must_be_last(self[act.replaces])
        self._counts[act.span.kind] = act.span.last
        for name, said in zip(act.span, fields, strict=True):
            item = Item(name, act.span.kind, said, [act], replaces=act.replaces)
            self.items[name] = item
            self._perform(item, act)

    def _must_be_last(self, item: Item) -> None:
        if item.followed_by and self[item.followed_by].stands:
            raise RegisterError(
                f"{item.followed_by} comes in the place of {item.id} already; change or withdraw that one"
            )

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
            if item.stands and item.replaces:
                _give_back(self[item.replaces], item, civil_day(act.at))
            item.withdrawn, item.waiting = True, None
        elif act.replaces:
            _make_room(self[act.replaces], item, civil_day(act.at))


def _make_room(before: Item, item: Item, day: datetime.date) -> None:
    """An entry goes for the one in its place: at once, or on the eve of that one's first day."""
    if item.since is not None and before.since is not None and day < item.since and before.since < item.since:
        eve = item.since - datetime.timedelta(days=1)
        before.followed_by, before.before_that = item.id, before.ended
        before.ended = eve if before.until is None else min(eve, before.until)
    else:
        before.replaced_by = item.id


def _give_back(before: Item, item: Item, day: datetime.date) -> None:
    """What would have come in its place never does: an entry holds as long as it said before."""
    assert item.since is not None, "it stands"
    if before.followed_by == item.id and day < item.since and before.ended == item.since - datetime.timedelta(days=1):
        before.ended, before.followed_by = before.before_that, ""


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
    assert since is not None, "it stands"
    if act.until is None or act.until < since:
        raise RegisterError(f"{item.id} begins on {since}; end it then or later, or withdraw it")
    if until is not None and act.until >= until:
        raise RegisterError(f"{item.id} ends on {until} as it is; to prolong it, `change` it")


def _may_withdraw(item: Item, act: Act) -> None:
    if item.is_proposed and not act.waits:
        return  # it has had no effect
    _must_stand(item)


def _may_be_replaced(item: Item, act: Act) -> None:
    _must_stand(item)
    if item.kind != act.span.kind or len(act.span) != 1:
        raise RegisterError(f"{act.span} cannot stand in the place of {item.id}")


def _must_stand(item: Item) -> None:
    if item.waiting is not None:
        what = f"{item.waiting.action} by {item.waiting.by}"
        raise RegisterError(f"{item.id}: {what} waits for an approval; approve or refuse that first")
    if not item.stands:
        gone = "refused" if item.refused else "withdrawn" if item.withdrawn else "replaced or purged"
        raise RegisterError(f"{item.id} is {gone}, and stays as it is")


def _same(one: str, other: str) -> bool:
    """Whether two names are one person's, as far as a name can tell."""
    return one.strip().casefold() == other.strip().casefold()
