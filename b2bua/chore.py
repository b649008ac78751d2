"""What is to be done now and then, beside the calls: each part says it in this form, and the clerk does it.

It stands on the lowest floor, for every part that has chores must know what one is, and none of them the clerk.
"""

import datetime
from collections.abc import Callable
from typing import Final

import attrs

COMMON: Final = "common"
"""The lane of whoever names no other."""


@attrs.frozen
class Chore:
    """A chore is idempotent: it may be done twice, be cut off in the middle, and not be done for a day."""

    name: str
    """How the log and the statistics name it."""
    every_seconds: float
    """From one end to the next beginning."""
    run: Callable[[datetime.datetime], object] = attrs.field(repr=False)
    """Is given the time, aware UTC; what it returns is of no account. Whatever it raises is told as an alarm, and it is
    done again when it is due again."""
    lane: str = COMMON
    """Chores of one lane are done one after the other, those of different lanes beside each other: what may wait for
    long (a database, a server) has its own, and what touches the same files shares one."""
    at_end: bool = False
    """Whether it is done once more when the clerk ends, for that is when the daemon has written its last line."""
