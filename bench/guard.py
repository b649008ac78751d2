"""The guard: no part of a call may cost more than it did, beyond what its measurement strays by itself.

A part that seems worse is a suspect and is measured again, alone and with more rounds; it is worse when it seems so
each time. Ratios are to the calibration loop for every part: beside a part that got faster, others would look worse.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum

import attrs

from bench.baseline import Baseline, Part

#: How many more times a suspect is measured.
AGAIN = 2
#: Of a machine that the baseline was not measured on nothing is known but that ratios move; this is no measured figure.
_ELSEWHERE = 1.3

Measure = Callable[[Collection[str]], Mapping[str, float]]
"""The ratios of these parts; of all of them, when none is named."""
Say = Callable[[str], None]


class Change(Enum):
    """What became of a part."""

    NONE = "as it was"
    WORSE = "worse"
    BETTER = "better"


@attrs.frozen
class Judged:
    """One part beside its baseline."""

    name: str
    was: Part
    found: tuple[float, ...]
    """The ratio, each time it was measured."""
    slack: float = 1.0
    """By which more than the noise is allowed."""

    @property
    def least(self) -> float:
        """Of the ratios found: a disturbance makes them larger, and hardly ever smaller."""
        return min(self.found)

    @property
    def change(self) -> Change:
        if self.least > self.was.allowed * self.slack:
            return Change.WORSE
        return Change.BETTER if max(self.found) < self.was.least / self.slack else Change.NONE

    def __str__(self) -> str:
        each = f" (measured {len(self.found)} times)" if len(self.found) > 1 else ""
        return (
            f"{self.name}: was {self.was.value:.3g} calibration loops, is {self.least:.3g}, "
            f"{self.least / self.was.value - 1:+.0%}{each}; allowed {self.was.allowed * self.slack:.3g}, "
            f"{self.was.allowed * self.slack / self.was.value - 1:+.0%}"
        )


@attrs.frozen(kw_only=True)
class Outcome:
    """Of one run of the guard."""

    judged: tuple[Judged, ...]
    strangers: tuple[str, ...]
    """Parts that are only measured, or only in the baseline: unguarded until it is written anew."""
    slack: float

    @property
    def worse(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.change is Change.WORSE)

    @property
    def passes(self) -> bool:
        return not self.worse and not self.strangers


def judge(baseline: Baseline, measure: Measure, say: Say, *, is_from_here: bool = True) -> Outcome:
    """Every part beside its baseline, suspects measured again."""
    slack = 1.0 if is_from_here else _ELSEWHERE
    found = measure(())
    judged = {name: Judged(name, was, (found[name],), slack) for name, was in baseline.parts.items() if name in found}
    for _ in range(AGAIN):
        suspects = [name for name, one in judged.items() if one.change is Change.WORSE]
        if not suspects:
            break
        say(f"guard: measured again, for they seem worse: {'; '.join(suspects)}")
        again = measure(suspects)
        for name in suspects:
            judged[name] = attrs.evolve(judged[name], found=(*judged[name].found, again[name]))
    strangers = sorted(found.keys() ^ baseline.parts.keys())
    return Outcome(judged=tuple(judged.values()), strangers=tuple(strangers), slack=slack)


def report(baseline: Baseline, outcome: Outcome) -> Iterator[str]:
    """For whoever reads why it failed, or did not."""
    day = baseline.date[:10]
    if outcome.slack > 1:
        yield f"guard: the baseline is of another machine ({baseline.processor}, {baseline.python}): more is allowed"
    for one in outcome.judged:
        if one.change is not Change.NONE:
            yield f"{one.change.value}: {one}"
    for name in outcome.strangers:
        yield f"stranger: {name} is measured and not in the baseline, or in it and no more measured"
    if outcome.passes:
        yield f"guard: none of {len(outcome.judged)} parts costs more than on {day}"
        return
    yield f"guard: {len(outcome.worse)} of {len(outcome.judged)} parts cost more than on {day}, beyond their noise."
    yield "  To look: `python -m bench micro`, here and at the last commit that passed, and a profile of the part as"
    yield "  bench/micro.py runs it. To accept it as the price of something, or a new part: `python -m bench baseline`"
    yield "  on a quiet machine, and the reason in the commit."
