"""All cases, folded from the desk's lines: their own, those of the entries that block for them, those of the holds."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from b2bua.cases.block import blocks_of
from b2bua.cases.case import Case
from b2bua.cases.event import KIND, Event
from b2bua.errors import CaseError, JournalError
from b2bua.evidence import holds
from b2bua.evidence.holds import Held
from b2bua.register import Entries


@attrs.frozen
class Docket:
    """The cases by their ids, the oldest first."""

    cases: Mapping[str, Case] = attrs.field(factory=dict)
    entries: Entries = attrs.field(factory=Entries, repr=False)
    """The register as people have entered it."""

    @classmethod
    def fold(cls, lines: Iterable[Mapping[str, Any]], day: datetime.date) -> "Docket":
        """What the desk's lines come to, on that civil day. Raises JournalError for a line that is not ours."""
        cases: dict[str, Case] = {}
        holding: list[Mapping[str, Any]] = []
        entries = Entries.fold(_beside(lines, cases, holding))
        held, blocks = Held.fold(holding).reasons, blocks_of(entries, day)
        return cls(
            {
                case.id: attrs.evolve(case, is_held=case.reason in held, blocks=blocks.get(case.reason, ()))
                for case in cases.values()
            },
            entries,
        )

    def __getitem__(self, case: str) -> Case:
        found = self.cases.get(case)
        if found is None:
            known = f"the last is {[*self.cases][-1]}" if self.cases else "none has been opened yet"
            raise CaseError(f"there is no case {case!r}; {known}")
        return found

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases.values())

    def next_id(self, year: int) -> str:
        """For a case that is opened in that year: 2026-0001 and so on."""
        taken = [int(case.partition("-")[2]) for case in self.cases if case.startswith(f"{year}-")]
        return f"{year}-{max(taken, default=0) + 1:04d}"


def _beside(
    lines: Iterable[Mapping[str, Any]], cases: dict[str, Case], holding: list[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """All lines, as they are read once; on their way those of cases are taken in and those of holds kept."""
    for line in lines:
        if line.get("kind") == KIND:
            try:
                _take(cases, line["case"], Event.of(line))
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise JournalError(
                    f"the desk's line of {line.get('at')} about case {line.get('case')}: {error!r}"
                ) from error
        elif line.get("kind") == holds.KIND:
            holding.append(line)
        yield line


def _take(cases: dict[str, Case], case: str, event: Event) -> None:
    cases[case] = Case.from_opening(case, event) if event.name == "opened" else cases[case].after(event)
