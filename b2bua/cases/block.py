"""What blocks a user for a case: an entry of the register, made for it.

The register's lines have who entered it, who approved it and when it was ended, and a case writes none of that down
again: an entry is a case's when its act gives the case as its why.
"""

import datetime
from collections.abc import Mapping
from typing import Final

import attrs

from b2bua.civil import day_of
from b2bua.register import Act, Action, Entries, Item, State

KIND: Final = "blocked_user"
"""The table of such entries."""
_DATES: Final = ("reference", "since", "until")


@attrs.frozen(kw_only=True)
class Block:
    """One such entry, as it stands on a day."""

    entry: str
    user: Mapping[str, str]
    """What the user is known by there: number, account, peer, trunk; empty once it has been purged."""
    acts: tuple[Act, ...]
    """All that was done about it, oldest first."""
    since: datetime.datetime | None
    """Since when it has been in force; None while it waits for an approval, or if it never got one."""
    state: State
    ended: datetime.datetime | None = None
    """When it was withdrawn, or its last day was over; None while neither is so."""
    release: Act | None = None
    """The act by which it ends, or has ended; None where it has none but its own last day."""

    @property
    def is_in_force(self) -> bool:
        """Whether that user's calls are refused."""
        return self.state is State.IN_FORCE


def reason_of(case: str) -> str:
    """What stands as why, alone or before a colon and a person's own words."""
    return f"case {case}"


def blocks_of(entries: Entries, day: datetime.date) -> dict[str, tuple[Block, ...]]:
    """Those of each case, by its reason, in the order in which they were entered."""
    found: dict[str, tuple[Block, ...]] = {}
    for item in entries.items.values():
        reason = item.acts[0].why.partition(":")[0]
        if item.kind == KIND and reason.startswith(reason_of("")):
            found[reason] = (*found.get(reason, ()), _block(item, entries, day))
    return found


def _block(item: Item, entries: Entries, day: datetime.date) -> Block:
    last = item
    while last.state(day) is not State.IN_FORCE and (behind := _behind(last, entries)):
        last = entries[behind]
    return Block(
        entry=item.id,
        user={name: str(text) for name, text in (item.fields or {}).items() if name not in _DATES},
        acts=tuple(item.acts),
        since=_in_force(item),
        state=last.state(day),
        ended=_ended(last, day),
        release=_release(last),
    )


def _behind(item: Item, entries: Entries) -> str:
    """What has come in its place, or will; what had begun there before it was withdrawn, too."""
    behind = item.replaced_by or item.followed_by
    if behind or item.eve is None:
        return behind
    gone = (one for one in entries.items.values() if one.replaces == item.id and one.withdrawn)
    begun = [one.id for one in gone if (since := _in_force(one)) is not None and since < one.acts[-1].at]
    return begun[-1] if begun else ""


def _ended(item: Item, day: datetime.date) -> datetime.datetime | None:
    state = item.state(day)
    if state is State.WITHDRAWN:
        return item.acts[-1].at
    is_over = state is State.OVER or state is State.FORGOTTEN
    return day_of(item.until).until if is_over and item.until is not None else None


def _release(item: Item) -> Act | None:
    """Whose word it is that it ends, or has ended."""
    action = Action.WITHDRAW if item.withdrawn else Action.END if item.ended is not None else None
    return next((act for act in reversed(item.acts) if act.action is action), None)


def _in_force(item: Item) -> datetime.datetime | None:
    """When it came into force: with the act that made it stand, or with its first day."""
    addition, *later = item.acts
    # Until it is approved nothing else but a refusal or a withdrawal can be done about it.
    act = addition if not addition.waits else next(iter(later), None)
    if act is None or (addition.waits and act.action is not Action.APPROVE):
        return None
    return act.at if item.since is None else max(act.at, day_of(item.since).since)
