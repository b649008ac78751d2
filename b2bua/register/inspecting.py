"""Whether the whole register holds: the desk's chain, what stands, and what the workers go by."""

import datetime

import attrs

from b2bua.config import Config, Register
from b2bua.config.due import due
from b2bua.config.entries import check_entries
from b2bua.config.finding import Finding, Where
from b2bua.config.source import spell
from b2bua.errors import RegisterError
from b2bua.evidence import Desk, segments_of, verify
from b2bua.register import snapshot
from b2bua.register.acts import desk_of
from b2bua.register.entries import Entries
from b2bua.register.presence import living
from b2bua.register.snapshot import Snapshot
from b2bua.register.tending import overdue
from policy.register import civil_day


def inspected(config: Config, now: datetime.datetime) -> tuple[list[str], list[str]]:
    """What is wrong, and what somebody should know, a sentence each. Raises JournalError where nothing can be told."""
    desk, day = desk_of(config), civil_day(now)
    broken = verify(segments_of(desk.directory))
    entries = Entries.fold(desk.lines())
    found = [
        (one.fatal, f"{name}: {one.problem} ({one.mend})")
        for name, one in _looked_over(config, snapshot.made_of(entries, day), day)
    ]
    wrong = [] if broken is None else [str(broken)]
    wrong += [told for fatal, told in found if fatal]
    wrong += _unread(desk, entries, day)
    return wrong, [*(told for fatal, told in found if not fatal), *overdue(entries, now)]


def _unread(desk: Desk, entries: Entries, day: datetime.date) -> list[str]:
    """What the workers do not have."""
    try:
        is_current = snapshot.is_current(desk, entries, day)
        digest = snapshot.read(desk.journal).digest
    except (RegisterError, OSError) as error:
        return [str(error)]
    old = [] if is_current else ["workers read an older state than the desk's; `b2bua register publish`"]
    others = (one for one in living(desk.journal) if one.digest != digest)
    return [*old, *(f"{one.name} goes by another state of it: {one.problem or 'it has not read it'}" for one in others)]


def _looked_over(config: Config, entered: Snapshot, day: datetime.date) -> list[tuple[str, Finding]]:
    """What is wrong or doubtful with what stands, in files and entered, and what ends soon; each by its name, or its
    place in a file."""
    written = config.register
    both = attrs.evolve(config, register=entered.beside(written))
    found = [*check_entries(both), *due(both, both.register.as_register(), day)]
    return [(_name(one.where, written, entered), one) for one in found]


def _name(where: Where, written: Register, entered: Snapshot) -> str:
    match where:
        case ("register", str(kind), int(index), *rest):
            place = index - len(written.kinds()[kind])
            if place >= 0:
                key = spell(tuple(rest)) if rest else ""
                return f"{entered.names[kind][place]}{': ' if key else ''}{key}"
    return spell(where)
