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
#: What nobody has looked at yet may have anything in it.
_UNKNOWN: Final = Survey(taken=0, whole=1, hashed=1)


@attrs.frozen
class Limits:
    """The moments before which evidence is forgotten."""

    whole: datetime.datetime
    """Lines from before this have hashes at most."""
    hashed: datetime.datetime
    """Lines from before this have neither."""
    cases: datetime.datetime
    """Cases that were closed before this say nothing of anybody."""
    entries: datetime.datetime
    """Entries whose last day in force was before this have nothing left but their days."""

    @classmethod
    def at(cls, now: datetime.datetime, terms: Retention) -> "Limits":
        """Those of that moment."""
        days = (terms.full_days, terms.hashed_days, terms.case_days, terms.entry_days)
        return cls(*(now - datetime.timedelta(days=each) for each in days))

    @property
    def of_the_desk(self) -> datetime.datetime:
        """No younger line of the desk loses anything."""
        return max(self.hashed, self.cases, self.entries)


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

    def stands(self, piece: Piece) -> bool:
        """Whether a segment may have a line that can name somebody."""
        return self._state(piece) != (0, 0)

    def after(self, surveys: Mapping[Piece, Survey]) -> "Done":
        """The same once these have been purged too."""
        return Done({**self.found, **{piece.key: survey for piece, survey in surveys.items()}})

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


def filed(
    segment: int, kinds: Mapping[str, int], names: Collection[str], limits: Limits, *, by: str, now: datetime.datetime
) -> Record:
    """The line of a segment of the desk: how many lines of each kind have lost something, and of which entries and
    cases; an entry that has lost what it said, and that no such line names, was taken from by somebody else."""
    before = {"hashed_before": limits.hashed, "cases_before": limits.cases, "entries_before": limits.entries}
    facts = {"by": by, "action": "desk", **before, "segment": segment, "lines": dict(kinds), "names": sorted(names)}
    return Record(KIND, "", now, facts)


def cut(files: Iterable[tuple[str, int]], limits: Limits, by: str, now: datetime.datetime) -> Record:
    """The line of what repairs had cut off and kept beside segments, which has gone, by chain and segment."""
    facts = {"by": by, "action": "torn", "whole_before": limits.whole, "segments": [list(file) for file in files]}
    return Record(KIND, "", now, facts)


def _named(limits: Limits) -> dict[str, object]:
    return {"whole_before": limits.whole, "hashed_before": limits.hashed}
