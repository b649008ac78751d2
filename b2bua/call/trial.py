"""Trials: a trunk whose calls are judged and recorded, and left as they are, while the register says so (`Shadow`).

Nothing of a trial may touch a call: what would have been refused goes on, what would have been taken out stays, and an
INVITE waits for a roaming answer no longer than it would have. What is on trial is settled when a leg begins and stays
for as long as the leg lasts, so that no call is judged by two measures.
"""

from datetime import date, timedelta

import attrs

from b2bua.call.acts import Alarm
from b2bua.moment import Moment
from policy.register import SHADOW_DAYS, Register, Shadow, civil_day


def is_enforced(trunk: str, register: Register, moment: Moment) -> bool:
    """Whether what is found in calls of a trunk has consequences; `trunk` as the register names it."""
    return not register.has(Shadow) or register.find(Shadow, trunk, civil_day(moment.utc)) is None


@attrs.define(eq=False)
class Trials:
    """Which trials somebody has been told of today."""

    _told: dict[str, date] = attrs.field(factory=dict, repr=False)
    """The Brussels day of the last alarm, by trunk."""

    def news(self, trunk: str, register: Register, moment: Moment) -> list[Alarm]:
        """An alarm at a trunk's first call of each day on trial, since nothing else would tell that it does nothing."""
        if not register.has(Shadow):
            return []
        day = civil_day(moment.utc)
        entry = register.find(Shadow, trunk, day)
        if entry is None or self._told.get(trunk) == day:
            return []
        self._told[trunk] = day
        last = min(entry.until, entry.since + timedelta(days=SHADOW_DAYS - 1))
        said = f"trunk {trunk} is judged and nothing is enforced ({entry.reference}); last day {last}"
        return [Alarm("shadow", said)]
