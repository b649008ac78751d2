"""Answers from a table: for trials, for the demonstration, for a holder that hands over lists."""

import datetime
from collections.abc import Mapping

import attrs

from b2bua.config import Roaming as RoamingConfig
from policy.roaming import Answer, Questions, Roaming

SOURCE = "table"


@attrs.frozen
class Table:
    """A number of no line is an unknown subscriber: nobody could vouch for it."""

    outcomes: Mapping[str, Roaming]
    not_offered: tuple[str, ...] = ()
    """Prefixes whose holder offers no check."""

    @classmethod
    def of(cls, config: RoamingConfig | None) -> "Table":
        """From `[roaming]`; without one, no holder offers a check."""
        return cls({}, ("",)) if config is None else cls(config.table, config.not_offered)

    def answer(self, questions: Questions, at: datetime.datetime) -> dict[str, Answer]:
        """An answer to each question."""
        return {number: Answer(self._outcome(number), SOURCE, at) for number in questions.numbers}

    def _outcome(self, number: str) -> Roaming:
        found = self.outcomes.get(number)
        if found is not None:
            return found
        return Roaming.NOT_OFFERED if number.startswith(self.not_offered) else Roaming.UNKNOWN_SUBSCRIBER
