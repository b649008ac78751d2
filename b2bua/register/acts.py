"""What people do to the register: each act is checked, written to the desk and put in force, in that order or not at
all. While it is done the desk is held, so that of two people who approve one entry the second is told that it is done.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from b2bua.config import Config, FourEyes
from b2bua.errors import RegisterError
from b2bua.evidence import Desk
from b2bua.register import snapshot
from b2bua.register.checking import checked
from b2bua.register.entries import Act, Action, Entries, Span
from b2bua.register.shape import kind_of
from policy.register import civil_day

#: Entries that are made together, and numbers in all of them, at most: an act is one line, whole or not there at all.
MOST: Final = 100_000
MOST_NUMBERS: Final = 1_000_000
#: What only stops calls; all other kinds can let one pass that would be stopped.
_STOPPING: Final = frozenset({"suspension", "blocked_user", "do_not_originate"})
#: Kinds whose absence may let a call pass.
_HOLDING: Final = _STOPPING | {"decision", "caller_list", "node"}


@attrs.frozen(kw_only=True)
class Done:
    """What has been written, and what the workers are to have now."""

    span: Span
    """What it was done to."""
    waits: bool
    """Whether another person must approve it first."""
    digest: str
    """Of the snapshot with it."""


def desk_of(config: Config) -> Desk:
    """The desk of a gateway."""
    return Desk(Path(config.journal.directory))


def add(
    desk: Desk, config: Config, kind: str, fields: Mapping[str, Any], *, by: str, why: str, now: datetime.datetime
) -> Done:
    """One entry more, of fields as a file of the register has them (days as `2026-01-31` too); it begins today unless
    they say `since`. Raises RegisterError, which names every mistake, and JournalError."""
    return add_all(desk, config, kind, [fields], by=by, why=why, now=now)


def add_all(
    desk: Desk,
    config: Config,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    by: str,
    why: str,
    now: datetime.datetime,
    places: Sequence[str] = (),
) -> Done:
    """Several of one kind: all of them, or none. `places` say where each was written, for mistakes to be told by.

    Raises RegisterError and JournalError.
    """
    kind = kind_of(kind)
    _bound(rows)
    today = civil_day(now).isoformat()

    def act(entries: Entries) -> Act:
        dated = [{"since": today, **row} for row in rows]
        said = tuple(checked(config, entries, kind, dated, places=places))
        waits = must_wait(config.register.four_eyes, Action.ADD, kind)
        span = entries.next(kind, len(said))
        return Act(span=span, action=Action.ADD, by=by, at=now, why=why, waits=waits, fields=said)

    return _write(desk, act)


def change(
    desk: Desk, config: Config, name: str, fields: Mapping[str, Any], *, by: str, why: str, now: datetime.datetime
) -> Done:
    """An entry in the place of another, which says the same but for these fields; None takes a key out.

    Raises RegisterError and JournalError.
    """
    name = str(Span.parse(name))

    def act(entries: Entries) -> Act:
        before = entries.changeable(name)
        merged = {key: value for key, value in {**before.said, **fields}.items() if value is not None}
        said = tuple(checked(config, entries, before.kind, [merged], instead_of=name))
        four_eyes = config.register.four_eyes
        waits = any(must_wait(four_eyes, action, before.kind) for action in (Action.ADD, Action.WITHDRAW))
        span = entries.next(before.kind)
        since = datetime.date.fromisoformat(said[0]["since"])
        return Act(
            span=span, action=Action.ADD, by=by, at=now, why=why, waits=waits, replaces=name, since=since, fields=said
        )

    return _write(desk, act)


def approve(desk: Desk, name: str, *, by: str, why: str, now: datetime.datetime) -> Done:
    """What waits about an entry (or several, `consent-1..1000`) takes effect. Raises RegisterError and JournalError."""
    return _write(desk, lambda _: Act(span=Span.parse(name), action=Action.APPROVE, by=by, at=now, why=why))


def refuse(desk: Desk, name: str, *, by: str, why: str, now: datetime.datetime) -> Done:
    """What waits about it never takes effect. Raises RegisterError and JournalError."""
    return _write(desk, lambda _: Act(span=Span.parse(name), action=Action.REFUSE, by=by, at=now, why=why))


def end(
    desk: Desk,
    config: Config,
    name: str,
    *,
    by: str,
    why: str,
    now: datetime.datetime,
    until: datetime.date | None = None,
) -> Done:
    """It holds to the end of that day, today if none is named. Raises RegisterError and JournalError."""
    day, span = until or civil_day(now), Span.parse(name)
    if day < civil_day(now):
        raise RegisterError(f"{day} is over, and what was in force then cannot be changed; `withdraw` ends it at once")

    def act(_: Entries) -> Act:
        waits = must_wait(config.register.four_eyes, Action.END, span.kind)
        return Act(span=span, action=Action.END, by=by, at=now, why=why, waits=waits, until=day)

    return _write(desk, act)


def withdraw(desk: Desk, config: Config, name: str, *, by: str, why: str, now: datetime.datetime) -> Done:
    """It holds no more from the next INVITE on. Raises RegisterError and JournalError."""
    span = Span.parse(name)

    def act(entries: Entries) -> Act:
        is_new = all(entries[one].is_proposed for one in span)
        waits = not is_new and must_wait(config.register.four_eyes, Action.WITHDRAW, span.kind)
        return Act(span=span, action=Action.WITHDRAW, by=by, at=now, why=why, waits=waits)

    return _write(desk, act)


def must_wait(four_eyes: FourEyes, action: Action, kind: str) -> bool:
    """Whether one person is not enough for it."""
    if four_eyes is not FourEyes.RELIEF:
        return four_eyes is FourEyes.ALL
    return kind not in _STOPPING if action is Action.ADD else kind in _HOLDING


def _bound(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        raise RegisterError("there is no entry in it")
    numbers = sum(len(listed) for row in rows if isinstance(listed := row.get("numbers"), list))
    if len(rows) > MOST or numbers > MOST_NUMBERS:
        raise RegisterError(f"more than {MOST} entries or {MOST_NUMBERS} numbers at once; enter them in parts")


def _write(desk: Desk, made: Callable[[Entries], Act]) -> Done:
    with desk.writing() as append:
        entries = Entries.fold(desk.lines())
        act = made(entries)
        if not act.by.strip() or not act.by.isprintable():
            raise RegisterError(f"{act.by!r} names nobody who could answer for it; --by NAME")
        entries.enter(act)
        with snapshot.replacing(desk.journal, entries.items.values(), civil_day(act.at), act.at) as digest:
            append([act.record()])
    return Done(span=act.span, waits=act.waits, digest=digest)
