"""What every call of a gateway shares: the mint, the times, the law, the way out."""

import attrs

from b2bua.call.hooks import Hooks
from b2bua.trunk import Routes, Trunks
from policy.profile import Profile
from policy.register import Register
from sipstack.ids import Ids
from sipstack.locate import FailureMemory
from sipstack.timing import Timing


@attrs.frozen(kw_only=True)
class Context:
    """Read by calls, changed by nobody: a reload makes a new one."""

    ids: Ids = attrs.field(repr=False)
    timing: Timing
    trunks: Trunks
    routes: Routes
    profile: Profile
    register: Register
    hooks: Hooks = attrs.field(factory=Hooks)
    """What the embedding program adds to law and routes."""
    failures: FailureMemory = attrs.field(factory=FailureMemory, repr=False)
    """Targets that failed lately, of all trunks: the one thing here that changes."""
    no_answer: float
    """Seconds a call may ring."""
    longest: float
    """Seconds a call may last."""
    patience: float = 2.0
    """Seconds a roaming question may hold an INVITE; after that it counts as failed."""
