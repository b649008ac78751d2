"""Counting what a stranger chooses, in bounded memory."""

from typing import Final

import attrs

#: Names one tally keeps apart.
MOST_NAMES: Final = 65_536

Name = tuple[str, ...]


@attrs.define(eq=False)
class Tally:
    """How often each name was met, with each verdict.

    Of too many names the rarer half is forgotten, so that what is frequent keeps its count and what is rare may have
    too small a one: `is_partial` then says so.
    """

    limit: int = MOST_NAMES
    is_partial: bool = attrs.field(default=False, init=False)
    _counts: dict[tuple[Name, str], int] = attrs.field(factory=dict, init=False, repr=False)

    def add(self, name: Name, verdict: str = "") -> None:
        """One more."""
        key = name, verdict
        known = self._counts.get(key)
        if known is None and len(self._counts) >= self.limit:
            self._forget()
        self._counts[key] = (known or 0) + 1

    def rows(self, most: int | None = None) -> list[tuple[Name, int, dict[str, int]]]:
        """Each name with its count and the count of each verdict, the most frequent first."""
        found: dict[Name, dict[str, int]] = {}
        for (name, verdict), count in self._counts.items():
            found.setdefault(name, {})[verdict] = count
        rows = [(name, sum(verdicts.values()), verdicts) for name, verdicts in found.items()]
        return sorted(rows, key=_rank)[:most]

    def __len__(self) -> int:
        return len({name for name, _ in self._counts})

    def _forget(self) -> None:
        self.is_partial = True
        kept = sorted(self._counts.items(), key=lambda item: item[1], reverse=True)[: self.limit // 2]
        self._counts = dict(kept)


def _rank(row: tuple[Name, int, dict[str, int]]) -> tuple[int, Name]:
    name, count, _ = row
    return -count, name
