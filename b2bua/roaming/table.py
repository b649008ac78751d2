"""Answers from the configuration: for trials, for the demonstration, for what an operator knows himself."""

import datetime
from collections.abc import Mapping

import attrs

from b2bua.config import Roaming as RoamingConfig
from b2bua.roaming.routes import NOBODY, Routes
from policy.roaming import Answer, Questions, Roaming

SOURCE = "table"


@attrs.frozen
class Table:
    """What can be said of a number without asking a holder."""

    outcomes: Mapping[str, Roaming]
    not_offered: tuple[str, ...] = ()
    """Prefixes whose holder offers no check."""
    routes: Routes | None = None
    """The way to holders that know the rest; without them a number of no line is an unknown subscriber: nobody could
    vouch for it."""
    is_ported: bool = False
    """Whether a list that is not read here may send any number to another holder."""

    @classmethod
    def of(cls, config: RoamingConfig | None) -> "Table":
        """From `[roaming]`; without one, no holder offers a check."""
        if config is None:
            return cls({}, ("",))
        if not config.asks:
            return cls(config.table, config.not_offered)
        return cls(config.table, config.not_offered, Routes.of(config), config.portability is not None)

    def answer(self, questions: Questions, at: datetime.datetime) -> dict[str, Answer]:
        """An answer to each question that no holder would be asked."""
        outcomes = {number: self._outcome(number) for number in questions.numbers}
        return {number: Answer(outcome, SOURCE, at) for number, outcome in outcomes.items() if outcome is not None}

    def _outcome(self, number: str) -> Roaming | None:
        found = self.outcomes.get(number)
        if found is not None:
            return found
        if self.routes is None:
            return Roaming.NOT_OFFERED if number.startswith(self.not_offered) else Roaming.UNKNOWN_SUBSCRIBER
        if self.is_ported or self.routes.holder_of(number) != NOBODY:
            return None
        return Roaming.NOT_OFFERED
