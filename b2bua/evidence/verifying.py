"""Whether a whole journal is as it was written: every line of every chain, the segments, their signatures, the heads.

The chains alone show what was changed, taken out, put in or reordered. That the end of one was cut off, or a journal
written anew from some line on, is shown by signatures and by heads, and only to somebody who keeps the public key and
the heads where whoever writes the journal cannot.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import attrs
import orjson

from b2bua.errors import JournalError
from b2bua.evidence.chain import GENESIS, Broken, followed
from b2bua.evidence.reading import (
    Place,
    chain_name,
    chains_of,
    closed,
    lines,
    number_of,
    segment_at,
    segment_name,
    whole_lines,
)
from b2bua.evidence.signatures import Head, Span, signature_of, signatures_in, statement
from b2bua.evidence.signing import PublicKey, fault_of

_TORN: Final = "is torn: a crash has cut it, the next start takes it off and says so"


@attrs.define
class Verified:
    """What was found."""

    broken: list[Broken] = attrs.field(factory=list)
    """What does not hold: of each chain the first line, then signatures and heads."""
    chains: int = 0
    segments: int = 0
    lines: int = 0
    signed: int = 0
    """Segments whose signature says what they are; whether it is good is known by a key alone."""
    unsigned: list[Path] = attrs.field(factory=list)
    """Closed segments that bear none."""


def verify_journal(journal: Path, keys: Collection[PublicKey] = (), heads: Collection[Head] = ()) -> Verified:
    """Reads all of a journal. Without `keys` it is not known whose signatures there are. Raises OSError."""
    found = Verified()
    marks = dict[Place, str]()
    for head in heads:
        if marks.setdefault(head.place, head.hash) != head.hash:
            path = segment_at(journal, head.place)
            found.broken.append(Broken(path, head.place.line, "is two different lines by the heads"))
    for segments in chains_of(journal):
        _Chain(journal, segments, keys, marks, found).verify()
    names = {chain_name(journal, segments[0]) for segments in chains_of(journal)}
    for place in marks:
        if place.chain not in names:
            found.broken.append(Broken(segment_at(journal, place), 0, "is missing: a head names a line of it"))
    return found


@attrs.frozen
class _Chain:
    """One chain, its segments oldest first."""

    journal: Path
    segments: Sequence[Path]
    keys: Collection[PublicKey]
    marks: Mapping[Place, str]
    """The hash that the line at a place should have, by the heads."""
    found: Verified

    def verify(self) -> None:
        """Adds what there is to what was found."""
        name = chain_name(self.journal, self.segments[0])
        self.found.chains += 1
        unmet = {place for place in self.marks if place.chain == name}
        first = next(self._broken(unmet), None)
        if first is not None:  # what follows cannot be judged
            self.found.broken.append(first)
            return
        for place in sorted(unmet):
            problem = "is not there: a head names it, and the end has gone"
            self.found.broken.append(Broken(segment_at(self.journal, place), place.line, problem))
        self._find_strays()

    def _broken(self, unmet: set[Place]) -> Iterator[Broken]:
        previous, expected, finished = GENESIS, 1, {*closed([*self.segments])}
        for segment in self.segments:
            if number_of(segment) != expected:
                yield Broken(segment.with_name(segment_name(expected)), 0, "is missing")
            span = self._walk(segment, previous, unmet)
            if isinstance(span, Broken):
                yield span
                return
            previous, expected = span.last, expected + 1
            self.found.segments += 1
            self.found.lines += span.lines
            if span.lines:
                yield from self._ill_signed(segment, span, is_closed=segment in finished)

    def _walk(self, segment: Path, previous: str, unmet: set[Place]) -> Span | Broken:
        """Follows a segment's lines; takes what it meets of the heads out of `unmet`."""
        name, at, first, last, number = chain_name(self.journal, segment), number_of(segment), "", previous, 0
        try:
            for number, line in enumerate(lines(segment), start=1):
                problem, own = followed(line, last)
                if problem:
                    fault = self._fault(segment, number, line, problem)
                    return Span(previous, first, last, number - 1) if fault is None else fault
                first, last, place = first or own, own, Place(name, at, number)
                if place in unmet:
                    unmet.discard(place)
                    if self.marks[place] != own:
                        return Broken(segment, number, "is another line than the one that a head names")
        except JournalError:
            return Broken(segment, number + 1, "cannot be unpacked: the file is damaged")
        return Span(previous, first, last, number)

    def _fault(self, segment: Path, number: int, line: bytes, problem: str) -> Broken | None:
        """What is wrong with a line; None when it was being written as it was read, and so is none yet."""
        if segment != self.segments[-1]:
            return Broken(segment, number, problem)
        if next(islice(lines(segment), number - 1, None), b"") != line:
            return None
        is_torn = sum(1 for _ in whole_lines(segment)) < number
        return Broken(segment, number, _TORN if is_torn else problem)

    def _ill_signed(self, segment: Path, span: Span, *, is_closed: bool) -> Iterator[Broken]:
        """What is wrong with the signature of a segment that holds."""
        path = signature_of(segment)
        try:
            document = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            self.found.unsigned += [segment] if is_closed else []
            return
        except ValueError:
            document = {}
        said = statement(self.journal, segment, span)
        if not isinstance(document, dict) or {key: document.get(key) for key in said} != said:
            yield Broken(path, 0, "says something else of its segment than what that holds")
            return
        fault = fault_of(document, self.keys) if self.keys else ""
        if fault:
            yield Broken(path, 0, fault)
        else:
            self.found.signed += 1

    def _find_strays(self) -> None:
        """Signatures whose segments have gone."""
        there = {signature_of(segment) for segment in self.segments}
        for path in signatures_in(self.segments[0].parent):
            if path not in there:
                self.found.broken.append(Broken(path, 0, "signs a segment that is missing"))
