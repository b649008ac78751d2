"""Entries and acts as plain data, and as lines for people."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, Final

from b2bua.config import Config
from b2bua.register.entries import Act, Entries, Item, State
from b2bua.register.shape import fields_of

#: Numbers of a list that are told one by one.
_FEW: Final = 3
_DAYS: Final = {"since", "until"}


def rows(config: Config, entries: Entries, today: datetime.date) -> Iterator[dict[str, Any]]:
    """A row for each entry, fit for JSON: those of files first, kind by kind. `gone` says that it holds no more."""
    for kind, found in config.register.kinds().items():
        for entry in found:
            state = State.IN_FORCE if entry.holds(today) else State.COMING if today < entry.since else State.OVER
            yield _row("", kind, str(state), fields_of(entry), gone=state is State.OVER)
    shown = (State.PROPOSED, State.COMING, State.IN_FORCE)
    for item in entries.items.values():
        state = item.state(today)
        waits = "" if item.waiting is None else str(item.waiting.action)
        yield _row(item.id, item.kind, str(state), item.said, gone=state not in shown, waits=waits)


def _row(name: str, kind: str, state: str, said: Mapping[str, Any], *, gone: bool, waits: str = "") -> dict[str, Any]:
    keys = sorted(said.keys() - _DAYS, key=lambda key: (key != "reference", key))
    says = ", ".join(f"{key} {short(said[key])}" for key in keys)
    return {
        "entry": name,
        "kind": kind,
        "state": state,
        "waits": waits,
        "since": said.get("since", ""),
        "until": said.get("until", ""),
        "says": says,
        "gone": gone,
    }


def entry_data(item: Item, today: datetime.date) -> dict[str, object]:
    """One entry whole."""
    return {
        "entry": item.id,
        "kind": item.kind,
        "state": str(item.state(today)),
        "fields": None if item.fields is None else item.said,
        "replaces": item.replaces,
        "replaced_by": item.replaced_by,
        "followed_by": item.followed_by,
        "history": [act_data(act) for act in item.acts],
    }


def act_data(act: Act) -> dict[str, object]:
    """What was done, once."""
    return {
        "at": act.at,
        "entry": str(act.span),
        "action": str(act.action),
        "by": act.by,
        "why": act.why,
        "waits": act.waits,
        "until": act.until,
        "replaces": act.replaces,
    }


def act_line(act: Act) -> str:
    """The same for people."""
    more = f" in the place of {act.replaces}" if act.replaces else f" on {act.until}" if act.until else ""
    waits = ", waiting for an approval" if act.waits else ""
    why = f" ({act.why})" if act.why else ""
    return f"{act.at:%Y-%m-%d %H:%M:%S} UTC  {act.span} {act.action}{more} by {act.by}{waits}{why}"


def short(value: object) -> str:
    """A value in a line: of a long list, how long it is."""
    if isinstance(value, list):
        return f"{len(value)} numbers" if len(value) > _FEW else " ".join(map(str, value))
    return str(value)
