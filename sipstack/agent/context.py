"""What every call of one agent shares: names, times, chance, and what we can do."""

from collections.abc import Callable

import attrs

from sipstack.agent.inspection import Abilities
from sipstack.ids import Ids
from sipstack.timing import Timing


@attrs.frozen(kw_only=True)
class Context:
    """Settings and sources; nothing here changes."""

    ids: Ids
    dice: Callable[[], float]
    """A random number in [0, 1): back-off after a 491, Retry-After, the first RSeq."""
    timing: Timing = attrs.field(factory=Timing)
    abilities: Abilities = attrs.field(factory=Abilities)
    session_interval: int | None = 1800
    """Seconds of Session-Expires that we ask for (RFC 4028 §7.1); None: we only follow the other side."""
    min_se: int = 90
    """The shortest session interval we take, in seconds."""
    patience: float = 600.0
    """Seconds after which a call that the application neither answers nor refuses is refused by 480."""
