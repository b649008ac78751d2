"""Who was shown which evidence: the desk's lines `look`, which every command writes before it shows anything."""

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

KIND: Final = "look"
"""Of the desk's lines (`b2bua.evidence.desk.look`)."""


@attrs.frozen(kw_only=True)
class Look:
    """One of them."""

    at: datetime.datetime
    by: str
    what: str
    """The command."""
    why: str
    calls: int
    """How many were shown."""
    asked: Mapping[str, Any] | None
    """What was asked for; None once it has been forgotten."""


def looks_in(
    lines: Iterable[Mapping[str, Any]], since: datetime.datetime | None = None, who: Collection[str] = ()
) -> Iterator[Look]:
    """Those of the desk's lines, oldest first; from a moment on, by some people."""
    for line in lines:
        if line.get("kind") != KIND or (who and line["by"] not in who):
            continue
        at = datetime.datetime.fromisoformat(line["at"])
        if since is None or at >= since:
            asked = line.get("personal", {}).get("asked")
            yield Look(
                at=at,
                by=line["by"],
                what=line["what"],
                why=line["why"],
                calls=line["calls"],
                asked=None if asked is None else asked["value"],
            )
