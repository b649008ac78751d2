"""Answers kept for as long as they say (RFC 1035 section 3.2.1, RFC 2308 for those that say no)."""

import attrs

from sipstack.locate.records import Answer, Outcome, Question


@attrs.frozen(kw_only=True)
class Keeping:
    """For how long answers are kept, seconds, whatever their own TTL says."""

    shortest: float = 0.0
    """The least for records. 0 leaves an answer with TTL 0 to the search that asked."""
    longest: float = 86_400.0
    """The most for records (RFC 8767 section 4 counsels a cap in days)."""
    negative: float = 300.0
    """The most for "no such name" and "no data"; RFC 2308 section 5 counsels one to three hours, calls cannot wait."""
    failed: float = 5.0
    """How long a failed question is not asked again; RFC 2308 section 7.1 allows five minutes."""
    stale: float = 3_600.0
    """For how long after its time a record serves when asking again failed (RFC 8767): servers that cannot be looked
    up are mostly still where they were. 0 forbids it."""


@attrs.frozen
class _Kept:
    answer: Answer
    until: float
    stale_until: float


@attrs.define(eq=False)
class Cache:
    """Answers by question. Bounded: what was not used for longest makes room."""

    keeping: Keeping = attrs.field(factory=Keeping)
    limit: int = 4096
    _kept: dict[Question, _Kept] = attrs.field(factory=dict, init=False, repr=False)

    def get(self, question: Question, now: float) -> Answer | None:
        """The answer, when one is still good."""
        kept = self._kept.get(question)
        if kept is None or kept.until <= now:
            return None
        # Put back at the end: the front is what nobody used.
        self._kept[question] = self._kept.pop(question)
        return kept.answer

    def put(self, question: Question, answer: Answer, now: float) -> Answer:
        """Keep what has just come back, and return what to go by: a stale answer when this one is a failure."""
        old = self._kept.pop(question, None)
        seconds = self._seconds(answer)
        if answer.outcome is Outcome.FAILED and old is not None and old.stale_until > now:
            self._kept[question] = attrs.evolve(old, until=min(now + seconds, old.stale_until))
            return old.answer
        if seconds > 0:
            if len(self._kept) >= self.limit:
                del self._kept[next(iter(self._kept))]
            stale = self.keeping.stale if answer.outcome is Outcome.FOUND else 0.0
            self._kept[question] = _Kept(answer, now + seconds, now + seconds + stale)
        return answer

    def clear(self) -> None:
        """Forget everything: the network has changed."""
        self._kept.clear()

    @property
    def size(self) -> int:
        """Answers kept."""
        return len(self._kept)

    def _seconds(self, answer: Answer) -> float:
        if answer.outcome is Outcome.FAILED:
            return self.keeping.failed
        if answer.outcome is Outcome.FOUND:
            return min(max(answer.ttl, self.keeping.shortest), self.keeping.longest)
        return min(answer.ttl, self.keeping.negative)
