"""What the register will soon no longer say, or says no more, and which trunks are on trial."""

import datetime
from collections.abc import Iterator
from typing import Final

from b2bua.config.finding import Finding
from b2bua.config.tree import Config
from policy.claim import TrunkClass
from policy.register import Agreement, Attestation, Entry, Node, Register, Shadow

#: Days ahead: an agreement takes weeks to renew.
AHEAD: Final = datetime.timedelta(days=30)
_ONE_DAY: Final = datetime.timedelta(days=1)


def due(config: Config, register: Register, day: datetime.date) -> list[Finding]:
    """What somebody should know on that civil day, `register` being made of that of `config`; none of it is fatal."""
    return list(_due(config, register, day))


def _due(config: Config, register: Register, day: datetime.date) -> Iterator[Finding]:
    yield from _conditions(config, register, day)
    for kind, entries in config.register.kinds().items():
        yield from _ends(kind, entries, register, day)
    for index, shadow in enumerate(config.register.shadow):
        if shadow.holds(day):
            yield Finding(
                ("register", "shadow", index),
                f"{shadow.trunk!r} is judged and nothing is enforced until {shadow.until} ({shadow.reference})",
                f"ask {shadow.owner} whether the trial must go on",
                fatal=False,
            )


def _conditions(config: Config, register: Register, day: datetime.date) -> Iterator[Finding]:
    """Trunks of a class that is nothing without an entry."""
    for where, name, trunk_class in config.interfaces():
        if trunk_class is TrunkClass.NATIONAL_TRANSIT and register.find(Attestation, name, day) is None:
            yield Finding(
                (*where, "class"),
                f"no attestation of {name!r} is in force on {day}, so its calls count as international (¶31)",
                "write [[register.attestation]] for it",
                fatal=False,
            )
        if trunk_class is TrunkClass.ARTICLE_4 and register.find(Agreement, name, day) is None:
            yield Finding(
                (*where, "class"),
                f"no agreement about {name!r} is in force on {day}, so every home number on it is refused (art. 4)",
                "write [[register.agreement]] for it",
                fatal=False,
            )


def _ends(kind: str, entries: tuple[Entry, ...], register: Register, day: datetime.date) -> Iterator[Finding]:
    """One word for all entries of a kind that end soon and are not renewed: there may be thousands."""
    ending = [
        (entry.until, index, entry)
        for index, entry in enumerate(entries)
        if entry.until is not None
        and not isinstance(entry, Shadow)
        and entry.holds(day)
        and entry.until - day <= AHEAD
        and not _goes_on(entry, entry.until, register)
    ]
    if ending:
        until, index, first = min(ending, key=lambda one: one[:2])
        more = f", and {len(ending) - 1} more of its kind within {AHEAD.days} days" if len(ending) > 1 else ""
        yield Finding(
            ("register", kind, index, "until"),
            f"{first.reference} ends on {until}{more}",
            "renew what must go on",
            fatal=False,
        )


def _goes_on(entry: Entry, until: datetime.date, register: Register) -> bool:
    """Whether another entry says the same on the next day."""
    if until == datetime.date.max:
        return True
    return any(_place(other) == _place(entry) for other in register.all(type(entry), entry.key, until + _ONE_DAY))


def _place(entry: Entry) -> object:
    """What tells a node from another: all of them have one key."""
    return entry.network if isinstance(entry, Node) else None
