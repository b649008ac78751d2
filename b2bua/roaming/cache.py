"""Answers that are still believed: so many at most, each for its time, the one used longest ago given up first.

A failure is no answer and is never kept: the proof of one call's failed check would be another's.
"""

from collections import OrderedDict

import attrs

from policy.roaming import Answer, Roaming


@attrs.define(eq=False)
class Cache:
    """By number. `now` is monotonic seconds."""

    most: int
    """How many numbers; 0: nothing is kept."""
    abroad: float
    """Seconds for which "abroad" is believed."""
    home: float
    """Seconds for which any other answer is."""
    _kept: OrderedDict[str, tuple[float, Answer]] = attrs.field(factory=OrderedDict, init=False, repr=False)
    """With the moment from which it is believed no more."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, number: str, now: float) -> Answer | None:
        """What is known of a number."""
        kept = self._kept.get(number)
        if kept is None:
            return None
        until, answer = kept
        if now >= until:
            del self._kept[number]
            return None
        self._kept.move_to_end(number)
        return answer

    def keep(self, number: str, answer: Answer, now: float) -> None:
        """A holder has answered this."""
        seconds = self.abroad if answer.outcome is Roaming.ABROAD else self.home
        if seconds <= 0 or self.most <= 0:
            return
        self._kept[number] = (now + seconds, answer)
        self._kept.move_to_end(number)
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)
