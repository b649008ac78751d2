"""What the clerk does about the register: sees to it that workers read what was entered, and tells what has waited long
for somebody's approval. What ends soon the daemon tells itself, whose rules it changes."""

import datetime
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from b2bua.chore import Chore
from b2bua.evidence import Desk
from b2bua.register import snapshot
from b2bua.register.acts import desk_of
from b2bua.register.entries import Entries

if TYPE_CHECKING:
    from b2bua.config import Config

log = logging.getLogger("b2bua")

#: How long an act may wait for an approval before somebody is told.
LONG: Final = datetime.timedelta(hours=8)
_EVERY: Final = 3_600.0


def chore(config: "Config") -> Chore:
    """Each hour. A command that was killed between the desk and the snapshot is made good by it too."""
    return Chore("register", _EVERY, partial(tend, desk_of(config)))


def tend(desk: Desk, now: datetime.datetime) -> None:
    """Once. Raises JournalError."""
    snapshot.renew(desk, now)
    for told in overdue(Entries.fold(desk.lines()), now):
        log.warning("register: %s", told)


def overdue(entries: Entries, now: datetime.datetime) -> list[str]:
    """A sentence for each act that has waited long, those that were done together told once."""
    acts = {item.waiting.span: item.waiting for item in entries.waiting() if item.waiting is not None}
    return [
        f"{act.action} of {span} by {act.by} has waited for an approval since {act.at:%Y-%m-%d %H:%M} UTC"
        for span, act in acts.items()
        if now - act.at >= LONG
    ]
