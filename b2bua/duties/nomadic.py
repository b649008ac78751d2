"""The calls that the meter counts, and what somebody is told of them.

From abroad are those that came in by the special interface of an agreement for nomadic calls, with a number that it
lists; from Belgium those of the same number by national trunks, or in transit from there. Whoever pretends to be the
number on another trunk is not its user, and a call that was refused is no use. What comes in by us is a sample of the
number's use, on both sides of the scale.
"""

import datetime
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from b2bua.chore import Chore
from b2bua.config import Config, Nomadic
from b2bua.duties.counts import Counts
from b2bua.duties.meter import Decisions, Standing, Use
from b2bua.evidence import Desk
from b2bua.register import Entries
from b2bua.register.shape import entry_of
from policy.claim import TrunkClass
from policy.register import Agreement, Service, civil_day

log = logging.getLogger("b2bua")

DAILY: Final = 24 * 60 * 60.0
"""Seconds from one look to the next."""
LANE: Final = "nomadic"
#: Numbers that one question to the store names.
_MOST: Final = 500
_HOME: Final = (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT)
#: Verdicts of calls that were none: refused, or taken back while a holder was asked.
_NO_USE: Final = ("block", "undecided")
_ALARMS: Final = {
    Standing.EXCESSIVE: "are used from abroad more than occasionally; `b2bua nomadic show`",
    Standing.REJECTED: "must come off its list, as has been decided, and are still used; `b2bua register`",
}


@attrs.frozen(kw_only=True)
class Metered:
    """A number's use, and what it comes to."""

    use: Use
    standing: Standing


def metered(config: Config, counts: Counts, now: datetime.datetime) -> list[Metered]:
    """The numbers of the agreements that are in force and have called from abroad in the window, the greatest share
    first. Raises what the store does, and JournalError."""
    terms, day, desk = config.nomadic, civil_day(now), Desk(Path(config.journal.directory))
    told = list(desk.lines())
    decisions = Decisions.fold(told)
    uses = measured(counts, agreements(config, Entries.fold(told), day), national(config), terms, now)
    found = [Metered(use=use, standing=decisions.standing(use, terms, day)) for use in uses]
    return sorted(found, key=lambda one: (-one.use.share, -one.use.from_abroad, one.use.number, one.use.agreement))


def agreements(config: Config, entries: Entries, day: datetime.date) -> list[Agreement]:
    """Those for nomadic calls that are in force: of the configuration, and of what people have entered."""
    entered = [entry_of(item.kind, item.said) for item in entries.standing() if item.kind == "agreement"]
    found = [*config.register.agreement, *(entry for entry in entered if isinstance(entry, Agreement))]
    return [entry for entry in found if entry.service is Service.NOMADIC and entry.holds(day)]


def national(config: Config) -> list[str]:
    """The trunks and circuits by which calls from home come in."""
    return [name for _, name, trunk_class in config.interfaces() if trunk_class in _HOME]


def measured(
    counts: Counts, listed: Iterable[Agreement], home: Collection[str], terms: Nomadic, now: datetime.datetime
) -> list[Use]:
    """How often the numbers of these agreements have called from abroad, and from home: a use for each number of each
    agreement by whose interface it has."""
    since, agreements = now - datetime.timedelta(days=terms.window_days), [*listed]
    by_interface = {
        trunk: _made(counts.tally(since, now, ("caller", "verdict"), trunks=[trunk]))
        for trunk in dict.fromkeys(agreement.trunk for agreement in agreements)
    }
    abroad: dict[str, dict[str, int]] = {}
    """Of each number, its calls by each of its interfaces: two agreements of one interface count them once."""
    for agreement in agreements:
        for number, calls in by_interface[agreement.trunk].items():
            if number in agreement.numbers:
                abroad.setdefault(number, {})[agreement.trunk] = calls
    at_home: Counter[str] = Counter()
    for numbers in _some(sorted(abroad)):
        at_home += _made(counts.tally(since, now, ("caller", "verdict"), trunks=home, callers=numbers))
    return [
        Use(
            number=number,
            agreement=agreement.reference,
            trunk=agreement.trunk,
            abroad=by[agreement.trunk],
            elsewhere=sum(by.values()) - by[agreement.trunk],
            home=at_home[number],
        )
        for agreement in agreements
        for number, by in abroad.items()
        if agreement.trunk in by and number in agreement.numbers
    ]


def chore(config: Config, counts: Counts) -> Chore:
    """The same, daily, by the clerk: an alarm for each agreement of which somebody must look at a number."""

    def run(now: datetime.datetime) -> None:
        for reference, standings in by_agreement(metered(config, counts, now)).items():
            for standing, what in _ALARMS.items():
                if standings[standing]:
                    log.error("alarm: nomadic: %d numbers of %s %s", standings[standing], reference, what)

    return Chore("nomadic", DAILY, run, LANE)


def by_agreement(found: Iterable[Metered]) -> Mapping[str, Counter[Standing]]:
    """How many numbers of each agreement are of each standing."""
    told: dict[str, Counter[Standing]] = {}
    for one in found:
        told.setdefault(one.use.agreement, Counter())[one.standing] += 1
    return told


def _made(counted: Mapping[tuple[Any, ...], int]) -> Counter[str]:
    """The calls of each number that went on."""
    made: Counter[str] = Counter()
    for (caller, verdict), calls in counted.items():
        if caller is not None and verdict not in _NO_USE:
            made[str(caller)] += calls
    return made


def _some(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[start : start + _MOST] for start in range(0, len(numbers), _MOST))
