"""What the meter and the report ask of the store."""

import datetime
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Protocol


class Counts(Protocol):
    """Whoever can count calls: `b2bua.store.Store`."""

    def tally(
        self,
        since: datetime.datetime,
        until: datetime.datetime,
        by: Sequence[str],
        *,
        trunks: Collection[str] | None = None,
        callers: Collection[str] | None = None,
    ) -> Counter[tuple[Any, ...]]:
        """How many calls there were, by these columns."""
