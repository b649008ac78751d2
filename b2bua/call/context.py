"""What every call of a gateway shares: the mint, the times, the law, the way out."""

from typing import Final

import attrs

from b2bua.call.hooks import Hooks
from b2bua.call.naming import Dialogs
from b2bua.trunk import Routes, Trunks
from policy.profile import Profile
from policy.register import Register
from sipstack.dialog import SessionTimer
from sipstack.ids import Ids
from sipstack.locate import FailureMemory
from sipstack.timing import Timing

#: How much of a session interval passes before we refresh it. Both legs begin theirs at the same 2xx, and a side that
#: refreshes its own at half of it, as most do, refreshes the other leg too, since that crosses. Were ours to go there
#: at the same moment, the two would meet, and the peer's get 491.
REFRESHES_AFTER: Final = 5 / 9


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
    """Targets that failed lately, of all trunks: this and `dialogs` are the two things here that change."""
    dialogs: Dialogs = attrs.field(factory=Dialogs, repr=False)
    """The legs of all calls, kept by the core, for the messages that name one."""
    no_answer: float
    """Seconds a call may ring."""
    longest: float
    """Seconds a call may last."""
    session_seconds: int = 1_800
    """The session interval asked for on each leg (RFC 4028); 0: none is asked for, and the peer's is followed."""
    session_least: int = 90
    """The shortest session interval taken from a peer."""
    probe_seconds: int = 900
    """After how much silence a side without a session timer is asked whether it is there; 0: never."""
    patience: float = 2.0
    """Seconds a roaming question may hold an INVITE; after that it counts as failed."""

    def session_timer(self) -> SessionTimer:
        """The session timer of a new leg."""
        return SessionTimer(
            interval=self.session_seconds or None, min_se=self.session_least, refreshes_after=REFRESHES_AFTER
        )
