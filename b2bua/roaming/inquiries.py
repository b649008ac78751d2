"""Which questions are put to which holder, and which need not be, or may not: the rules, without a loop or a socket.

A number is looked up in the table, then among the answers that are still believed, then in its holder's list. Only then
its holder is asked, once however many calls wait for the answer, and only while the holder is not being left alone and
has not too many questions open. Every question that `ask` sets out must come back by `told`, whatever became of it.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs

from b2bua.call import Alarm, Record
from b2bua.config import Asked, Roaming
from b2bua.moment import Moment
from b2bua.roaming.breaker import Breaker
from b2bua.roaming.cache import Cache
from b2bua.roaming.pages import Pages
from b2bua.roaming.routes import NOBODY, Routes
from b2bua.roaming.table import SOURCE
from b2bua.roaming.told import Told
from b2bua.trunk import News
from policy.roaming import Answer, Questions
from policy.roaming import Roaming as Outcome

#: Seconds between two alarms of one holder about questions that it does not take.
ALARM_EVERY: Final = 300.0
Note = Record | Alarm


@attrs.frozen
class Errand:
    """One number to ask a holder about; it comes back by `Inquiries.told`."""

    holder: str
    number: str
    correlator: str
    """By which both sides find the question again (`x-correlator`)."""
    since: float
    """Monotonic seconds."""


@attrs.define(eq=False)
class Waiting:
    """Somebody who waits for several answers."""

    answers: dict[str, Answer]
    done: Callable[[dict[str, Answer]], None]
    """Takes all of them, once."""
    open: set[str] = attrs.field(factory=set)
    """Numbers without an answer."""


@attrs.frozen
class Reply:
    """What comes of a question at once."""

    answers: dict[str, Answer] | None
    """All of them, or None: `done` will be told."""
    errands: Sequence[Errand] = ()
    notes: Sequence[Note] = ()


@attrs.frozen
class Settled:
    """What comes of an answer."""

    finished: Sequence[Waiting] = ()
    """Who waits for nothing more: whoever settles it calls their `done`."""
    notes: Sequence[Note] = ()


@attrs.define(eq=False)
class Standing:
    """How things are with one holder that is asked."""

    most: int
    breaker: Breaker
    open: int = 0
    """Questions that have not come back."""
    counters: Counter[str] = attrs.field(factory=Counter)
    milliseconds: int = 0
    """What all questions took, together."""
    news: News = attrs.field(factory=lambda: News(ALARM_EVERY))

    @classmethod
    def of(cls, config: Asked) -> "Standing":
        """At the start."""
        return cls(config.most_questions, Breaker(config.failures, config.pause_seconds))

    def statistics(self) -> dict[str, object]:
        """Fit for JSON, and for being added up."""
        breaker = {"open": int(self.breaker.is_open), "opened": self.breaker.opened}
        asked = {"questions": self.open, "milliseconds": self.milliseconds}
        return {"breaker": breaker, **asked, "counters": dict(self.counters)}


@attrs.define(eq=False)
class Shelf:
    """The list of one holder."""

    numbers: Pages
    at: datetime.datetime
    """When it was made, aware UTC."""
    max_age: float
    """Seconds."""
    counters: Counter[str] = attrs.field(factory=Counter)

    def statistics(self) -> dict[str, object]:
        """Fit for JSON."""
        return {
            "numbers": self.numbers.count,
            "counters": {name: self.counters[name] for name in sorted(self.counters)},
        }


@attrs.define(eq=False)
class Inquiries:
    """Those of one gateway."""

    table: Mapping[str, Outcome]
    routes: Routes
    cache: Cache
    holders: Mapping[str, Standing]
    """Who is asked."""
    lists: dict[str, Shelf]
    """Who has handed over a list."""
    randbytes: Callable[[int], bytes] = attrs.field(repr=False)
    asks: bool = True
    """Whether there is any holder: without one, a number in no line of the table is an unknown subscriber."""
    counters: Counter[str] = attrs.field(factory=Counter, init=False)
    _asked: dict[str, list[Waiting]] = attrs.field(factory=dict, init=False, repr=False)
    """Who waits, by number that is being asked about."""

    @classmethod
    def of(
        cls, config: Roaming | None, randbytes: Callable[[int], bytes], routes: Routes, lists: dict[str, Shelf]
    ) -> "Inquiries":
        """For `[roaming]`; without one, no holder offers a check."""
        terms = Roaming() if config is None else config
        return cls(
            table=terms.table,
            routes=routes,
            cache=Cache(terms.kept_numbers, terms.abroad_seconds, terms.home_seconds),
            holders={one.name: Standing.of(one) for _, one in terms.holders() if isinstance(one, Asked)},
            lists=lists,
            randbytes=randbytes,
            asks=config is None or config.asks,
        )

    def ask(self, questions: Questions, moment: Moment, done: Callable[[dict[str, Answer]], None]) -> Reply:
        """What is known of these numbers, and who must be asked about the others."""
        waiting, errands, notes = Waiting({}, done), list[Errand](), list[Note]()
        for number in questions.numbers:
            known = self._known(number, moment)
            if known is None and number not in self._asked:
                known = self._set_out(number, moment, errands, notes)
            if known is not None:
                waiting.answers[number] = known
                continue
            self._asked.setdefault(number, []).append(waiting)
            waiting.open.add(number)
        return Reply(None if waiting.open else waiting.answers, errands, notes)

    def told(self, errand: Errand, told: Told, moment: Moment) -> Settled:
        """An errand has come back with this."""
        holder, number = self.holders[errand.holder], errand.number
        holder.open -= 1
        took = round((moment.tick - errand.since) * 1_000)
        holder.milliseconds += took
        holder.counters[str(told.outcome)] += 1
        answer = Answer(told.outcome, _source(errand.holder, told.why), told.at or moment.utc)
        notes: list[Note] = []
        if told.is_answer:
            self.cache.keep(number, answer, moment.tick)
            if holder.breaker.answered():
                notes += _breaker_notes(errand.holder, "closed", "it answers again", moment)
        else:
            notes.append(_evidence(errand, told, took, moment))
            if holder.breaker.failed(moment.tick, told.pause):
                notes += _breaker_notes(errand.holder, "open", told.why, moment)
            elif told.outcome is Outcome.NOT_ASKED and holder.news.is_due(moment.tick):
                notes.append(Alarm("roaming-holder", f"holder {errand.holder}: {told.why}"))
        finished: list[Waiting] = []
        for waiting in self._asked.pop(number, ()):
            waiting.answers[number] = answer
            waiting.open.discard(number)
            if not waiting.open:
                finished.append(waiting)
        return Settled(finished, notes)

    def statistics(self) -> dict[str, object]:
        """What is held now and has been counted since the start, fit for JSON."""
        asked = {name: holder.statistics() for name, holder in self.holders.items()}
        lists = {name: one.statistics() for name, one in self.lists.items()}
        return {"kept": len(self.cache), "counters": dict(self.counters), "holders": {**asked, **lists}}

    def _known(self, number: str, moment: Moment) -> Answer | None:
        """What can be said without anybody's being asked."""
        outcome = self.table.get(number)
        if outcome is None and not self.asks:
            outcome = Outcome.NOT_OFFERED if self._is_not_offered(number) else Outcome.UNKNOWN_SUBSCRIBER
        if outcome is not None:
            self.counters["from the table"] += 1
            return Answer(outcome, SOURCE, moment.utc)
        kept = self.cache.get(number, moment.tick)
        if kept is not None:
            self.counters["kept"] += 1
            return attrs.evolve(kept, source=f"{kept.source}, kept")
        if number in self._asked:
            self.counters["joined"] += 1
            return None
        return self._listed(number, moment)

    def _is_not_offered(self, number: str) -> bool:
        return any(number.startswith(prefix) for prefix in self.routes.prefixes)

    def _listed(self, number: str, moment: Moment) -> Answer | None:
        """What its holder's list says; None when its holder has handed over none."""
        if self.routes.awaits_ported and self.routes.ported is None:
            return Answer(Outcome.NOT_ASKED, "the list of ported numbers cannot be read", moment.utc)
        name = self.routes.holder_of(number)
        if name == NOBODY:
            self.counters["not offered"] += 1
            return Answer(Outcome.NOT_OFFERED, "no holder", moment.utc)
        shelf = self.lists.get(name)
        if shelf is None:
            if name in self.holders:
                return None
            return Answer(Outcome.NOT_ASKED, _source(name, "its list cannot be read"), moment.utc)
        if (moment.utc - shelf.at).total_seconds() > shelf.max_age:
            shelf.counters[str(Outcome.NOT_ASKED)] += 1
            return Answer(Outcome.NOT_ASKED, _source(name, "its list is too old"), moment.utc)
        outcome = Outcome.NOT_ABROAD if shelf.numbers.get(number) is None else Outcome.ABROAD
        shelf.counters[str(outcome)] += 1
        return Answer(outcome, name, shelf.at)

    def _set_out(self, number: str, moment: Moment, errands: list[Errand], notes: list[Note]) -> Answer | None:
        """Adds the errand; or says why there is none."""
        name = self.routes.holder_of(number)
        holder = self.holders[name]
        if holder.open >= holder.most:
            holder.counters["beyond the limit"] += 1
            if holder.news.is_due(moment.tick):
                notes.append(Alarm("roaming-holder", f"holder {name}: {holder.most} questions are open, and no more"))
            return Answer(Outcome.NOT_ASKED, _source(name, f"{holder.most} questions are open"), moment.utc)
        if not holder.breaker.admits(moment.tick):
            holder.counters["left alone"] += 1
            return Answer(Outcome.NOT_ASKED, _source(name, "left alone after failures"), moment.utc)
        holder.open += 1
        holder.counters["asked"] += 1
        errands.append(Errand(name, number, self.randbytes(16).hex(), moment.tick))
        return None


def _source(holder: str, why: str) -> str:
    return f"{holder}: {why}" if why else holder


def _evidence(errand: Errand, told: Told, took: int, moment: Moment) -> Record:
    """The line of a question without an answer: what withholding rests on, where the holder's side failed."""
    facts = {
        "holder": errand.holder,
        "outcome": str(told.outcome),
        "why": told.why,
        "correlator": errand.correlator,
        "milliseconds": took,
    }
    return Record("roaming", "", moment.utc, facts, {"number": errand.number})


def _breaker_notes(holder: str, state: str, why: str, moment: Moment) -> list[Note]:
    facts = {"holder": holder, "breaker": state, "why": why}
    said = f"holder {holder} is left alone: {why}" if state == "open" else f"holder {holder}: {why}"
    return [Record("roaming", "", moment.utc, facts), Alarm("roaming-holder", said)]
