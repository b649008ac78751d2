"""The ledger of outbound legs (art. 3) as each worker has it: all of it, since the call that comes back may be any's.

A leg is told before its INVITE leaves (`worker.py`), and boxes are emptied before a datagram is looked at that came
later (`sorting.py`); so the leg is known wherever the call comes back to.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import attrs

from b2bua.workers.post import Item
from policy.ledger import Ledger

SENT: Final = "leg sent"
FORWARDED: Final = "call forwarded"


@attrs.define(eq=False)
class CommonLedger(Ledger):
    """A ledger that tells the others what it is told."""

    tell: Callable[..., None] = attrs.field(kw_only=True, repr=False)

    def sent(self, callers: Iterable[str], called: str, at: datetime) -> None:
        """A leg of ours has left."""
        known = sorted(callers)
        Ledger.sent(self, known, called, at)
        self.tell(SENT, known, called, at.timestamp())

    def forwarded(self, number: str, at: datetime) -> None:
        """A call redirected by that number was let through under art. 3."""
        Ledger.forwarded(self, number, at)
        self.tell(FORWARDED, number, at.timestamp())

    def hear(self, item: Item) -> None:
        """Another worker's ledger has been told that."""
        if item[0] == SENT:
            Ledger.sent(self, item[1], item[2], datetime.fromtimestamp(item[3], UTC))
        elif item[0] == FORWARDED:
            Ledger.forwarded(self, item[1], datetime.fromtimestamp(item[2], UTC))
