"""In which order the servers of one SRV answer are tried (RFC 2782, "Usage rules").

Chance is an argument: `below(n)` gives a whole number from 0 up to, not including, n, each as likely as the next.
"""

from collections.abc import Callable, Iterable
from itertools import groupby

from sipstack.locate.records import Srv

Below = Callable[[int], int]


def in_order(records: Iterable[Srv], below: Below) -> list[Srv]:
    """All of them: by priority, lowest first; within one priority drawn one after the other by weight."""
    ordered: list[Srv] = []
    for _, group in groupby(sorted(records, key=_priority), key=_priority):
        ordered += _drawn(list(group), below)
    return ordered


def _drawn(left: list[Srv], below: Below) -> list[Srv]:
    # Records of weight 0 stand first, so that they have "a very small chance of being selected" and not none.
    left.sort(key=lambda record: record.weight > 0)
    drawn: list[Srv] = []
    while left:
        # "between 0 and the sum computed (inclusive)"
        mark = below(sum([record.weight for record in left]) + 1)
        at = 0
        while (mark := mark - left[at].weight) > 0:
            at += 1
        drawn.append(left.pop(at))
    return drawn


def _priority(record: Srv) -> int:
    return record.priority
