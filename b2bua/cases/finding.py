"""The calls that a request may mean: every reading of the numbers, at every time at which the clock may have shown that
moment.

The store does not say which of several it was; the nearest comes first, and a person decides.
"""

import datetime
from collections.abc import Callable
from itertools import product
from typing import Final

import attrs

from b2bua.cases.event import Asked
from b2bua.cases.spelling import spellings
from b2bua.civil import Span, error_of, spans_of
from b2bua.errors import CaseError
from b2bua.evidence.forgetting import MARK
from b2bua.store import Store, StoredCall, Wanted
from policy.numbering import Plan

MOST: Final = 500
"""Calls that a person is shown to choose from; among more, the right one would not be found."""
#: What stands for a number once it has been forgotten.
Pseudonym = Callable[[str], str]


@attrs.frozen(kw_only=True)
class Search:
    """What was looked for, where it is told that there is no such call."""

    number: tuple[str, ...]
    """Every reading of the caller's number; empty where none was told."""
    called: tuple[str, ...]
    spans: tuple[Span, ...]
    """When."""
    matches: int
    """How many calls agreed, of which a person has said that none is the one."""

    @classmethod
    def of(cls, asked: Asked, plan: Plan, matches: int) -> "Search":
        """Of a request. Raises CaseError and MomentError."""
        number, called = (spellings(text, plan) if text else () for text in (asked.number, asked.called))
        return cls(number=number, called=called, spans=_spans(asked), matches=matches)

    def as_dict(self) -> dict[str, object]:
        """Plain data."""
        spans = [{"since": span.since, "until": span.until} for span in self.spans]
        return {"number": self.number, "called": self.called, "spans": spans, "matches": self.matches}


def wanted(asked: Asked, plan: Plan, pseudonym: Pseudonym | None = None) -> list[Wanted]:
    """What to look for in the store; with `pseudonym` also calls whose numbers have been forgotten.

    Raises CaseError when the request names neither number or what is none, and MomentError when it names no moment.
    """
    if not asked.number and not asked.called:
        raise CaseError("there is neither a caller's nor a called number to look for")
    callers, called = (_readings(text, plan, pseudonym) for text in (asked.number, asked.called))
    return [
        Wanted(number=caller, called=callee, since=span.since, until=span.until, limit=MOST)
        for span, caller, callee in product(_spans(asked), callers, called)
        if (caller is None or callee is None or _is_hidden(caller) == _is_hidden(callee))
    ]


def find(store: Store, asked: Asked, plan: Plan, pseudonym: Pseudonym | None = None) -> list[StoredCall]:
    """The calls, the nearest to the moment first. Raises StoreError, and CaseError where they are too many to choose
    from."""
    found = {call.call: call for one in wanted(asked, plan, pseudonym) for call in _some(store, one)}
    spans = spans_of(asked.moment, datetime.timedelta())
    return sorted(found.values(), key=lambda call: (min(_distance(call.at, span) for span in spans), call.at))


def _some(store: Store, one: Wanted) -> list[StoredCall]:
    calls = store.search(one)
    if len(calls) == one.limit:
        raise CaseError(f"{one.limit} calls or more agree; tell both numbers, or a time and not only a day")
    return calls


def _spans(asked: Asked) -> tuple[Span, ...]:
    return spans_of(asked.moment, error_of(asked.error_seconds))


def _readings(text: str, plan: Plan, pseudonym: Pseudonym | None) -> list[str | None]:
    if not text:
        return [None]
    known = spellings(text, plan)
    return [*known, *(() if pseudonym is None else map(pseudonym, known))]


def _is_hidden(number: str) -> bool:
    """Whether it is a pseudonym; a call has forgotten all of its numbers or none."""
    return number.startswith(MARK)


def _distance(moment: datetime.datetime, span: Span) -> datetime.timedelta:
    """How far it lies outside; nothing within."""
    return max(span.since - moment, moment - span.until, datetime.timedelta())
