"""Legal holds: calls whose evidence must stand whatever its age, each for a reason (a case, a court, a complaint).

A hold is a line of the desk, kind `hold`, with `action` (`hold`, `release`), `by`, `why` and the `calls` by their names
in the evidence. A call may be held for several reasons, and is free when the last is released.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from b2bua.call.acts import Record

KIND: Final = "hold"


def hold(calls: Sequence[str], by: str, why: str, now: datetime.datetime) -> Record:
    """The line that keeps these calls; `why` names the case, and is what they are released by."""
    return Record(KIND, "", now, {"action": "hold", "by": by, "why": why, "calls": list(calls)})


def release(why: str, by: str, now: datetime.datetime) -> Record:
    """The line that ends all that is held for that reason."""
    return Record(KIND, "", now, {"action": "release", "by": by, "why": why})


@attrs.frozen
class Held:
    """What is held, and why: the calls by reason."""

    reasons: Mapping[str, frozenset[str]] = attrs.field(factory=dict)

    @classmethod
    def fold(cls, lines: Iterable[Mapping[str, Any]]) -> "Held":
        """What the desk's lines come to; those of other kinds are passed over."""
        reasons: dict[str, frozenset[str]] = {}
        for line in lines:
            if line.get("kind") != KIND:
                continue
            if line["action"] == "hold":
                reasons[line["why"]] = reasons.get(line["why"], frozenset()) | {str(call) for call in line["calls"]}
            else:
                reasons.pop(line["why"], None)
        return cls(reasons)

    @property
    def calls(self) -> frozenset[str]:
        """All that must stand."""
        return frozenset().union(*self.reasons.values())
