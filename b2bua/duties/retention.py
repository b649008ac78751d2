"""How long numbers stand, and what is due to be forgotten. Asks no clock and reads no file.

A line of evidence is whole, then has keyed hashes in place of its numbers, then neither; its verdict, its times and
its place in the chain stay as long as the journal. The decree sets no period, so that they are settings; a call that is
held keeps all it has. What has been done is read from the desk's own lines, kind `retention`: a segment that has
nothing more to lose is not opened again.
"""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from b2bua.call.acts import Record
from b2bua.config import Retention
from b2bua.evidence.purging import Choice, Left, Survey

KIND: Final = "retention"
"""Of the desk's lines."""
DESK: Final = "desk"
"""The chain of what people enter."""
#: Lines of the desk that tell only whom somebody looked at, or judged. Entries and cases are folds of all their lines.
_OF_THE_DESK: Final = ("look", "nomadic")
#: What nobody has looked at yet may have anything in it.
_UNKNOWN: Final = Survey(taken=0, whole=1, hashed=1)


@attrs.frozen
class Limits:
    """The moments before which evidence is forgotten."""

    whole: datetime.datetime
    """Lines from before this have hashes at most."""
    hashed: datetime.datetime
    """Lines from before this have neither."""

    @classmethod
    def at(cls, now: datetime.datetime, terms: Retention) -> "Limits":
        """Those of that moment."""
        days = datetime.timedelta
        return cls(now - days(days=terms.full_days), now - days(days=terms.hashed_days))


@attrs.frozen(order=True)
class Piece:
    """A closed segment."""

    chain: str
    """Its folder within the journal's: "." for the journal's own, "worker-1", "desk"."""
    segment: int
    begins: datetime.datetime = attrs.field(order=False)
    """When its first line was written; no later one is older."""
    path: Path = attrs.field(order=False)

    @property
    def key(self) -> tuple[str, int]:
        """How the desk's lines name it."""
        return self.chain, self.segment


@attrs.frozen
class Done:
    """What has been found in each segment when it was purged last."""

    found: Mapping[tuple[str, int], Survey] = attrs.field(factory=dict)

    @classmethod
    def fold(cls, lines: Iterable[Mapping[str, Any]]) -> "Done":
        """What the desk's lines come to; those of other kinds are passed over."""
        found: dict[tuple[str, int], Survey] = {}
        for line in lines:
            if line.get("kind") == KIND and line.get("action") == "purged":
                for chain, segment, taken, whole, hashed in line["segments"]:
                    found[str(chain), int(segment)] = Survey(int(taken), int(whole), int(hashed))
        return cls(found)

    def due(self, pieces: Iterable[Piece], limits: Limits) -> list[Piece]:
        """The segments that may have something to lose by now."""
        return [piece for piece in pieces if self._is_due(piece, limits)]

    def is_news(self, piece: Piece, survey: Survey) -> bool:
        """Whether a look into a segment tells more than is known of it."""
        return survey.taken > 0 or self._state(piece) != (survey.whole, survey.hashed)

    def _state(self, piece: Piece) -> tuple[int, int]:
        known = self.found.get(piece.key, _UNKNOWN)
        return known.whole, known.hashed

    def _is_due(self, piece: Piece, limits: Limits) -> bool:
        whole, hashed = self._state(piece)
        return (whole > 0 and piece.begins < limits.whole) or (hashed > 0 and piece.begins < limits.hashed)


def chooser(limits: Limits, held: Collection[str], hashed: Callable[[Mapping[str, Any]], Left]) -> Choice:
    """What a line of a call loses; `hashed` makes of a whole line what stays of it under that name."""

    def choose(line: Mapping[str, Any]) -> Left | None:
        at = datetime.datetime.fromisoformat(line["at"])
        if line["call"] in held or at >= limits.whole:
            return None
        if at < limits.hashed:
            return {}
        return hashed(line) if "personal" in line else None

    return choose


def chooser_of_the_desk(limits: Limits) -> Choice:
    """What a line of the desk loses: only who was looked at, and only after the last of the periods."""

    def choose(line: Mapping[str, Any]) -> Left | None:
        is_over = datetime.datetime.fromisoformat(line["at"]) < limits.hashed
        return {} if is_over and line["kind"] in _OF_THE_DESK else None

    return choose


def begun(pieces: Iterable[Piece], limits: Limits, by: str, now: datetime.datetime) -> Record:
    """The line before the first segment is touched: should it be the last, what was going on is known."""
    facts = {"by": by, "action": "begun", **_named(limits), "segments": [list(piece.key) for piece in pieces]}
    return Record(KIND, "", now, facts)


def purged(surveys: Mapping[Piece, Survey], limits: Limits, by: str, now: datetime.datetime) -> Record:
    """The line after the last: of each segment, how many lines lost something, have all, have hashes."""
    segments = [[*piece.key, found.taken, found.whole, found.hashed] for piece, found in sorted(surveys.items())]
    lines = sum(found.taken for found in surveys.values())
    facts = {"by": by, "action": "purged", **_named(limits), "lines": lines, "segments": segments}
    return Record(KIND, "", now, facts)


def rows(forgotten: int, dropped: int, limits: Limits, by: str, now: datetime.datetime) -> Record:
    """The line of the store: how many of its calls were hashed, and how many went."""
    facts = {"by": by, "action": "store", **_named(limits), "forgotten": forgotten, "dropped": dropped}
    return Record(KIND, "", now, facts)


def _named(limits: Limits) -> dict[str, object]:
    return {"whole_before": limits.whole, "hashed_before": limits.hashed}
