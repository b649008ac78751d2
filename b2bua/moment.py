"""Two clocks that must not meet, read together once for each input."""

import datetime

import attrs


@attrs.frozen
class Moment:
    """Now."""

    tick: float
    """Monotonic seconds: what transactions, dialogs and deadlines run by."""
    utc: datetime.datetime
    """Aware UTC: what the law's dates and the evidence are told by."""
