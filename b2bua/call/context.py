"""What every call of a gateway shares: the mint, the times, the law, the way out."""

from collections.abc import Mapping
from typing import Final

import attrs

from b2bua.call.acts import Alarm
from b2bua.call.anomalies import Anomalies
from b2bua.call.callers import callers_of
from b2bua.call.hooks import Hooks
from b2bua.call.leg import Leg
from b2bua.call.liveness import Liveness
from b2bua.call.naming import Dialogs
from b2bua.call.trial import is_enforced
from b2bua.media.ways import Ways
from b2bua.moment import Moment
from b2bua.trunk import Routes, Trunk, Trunks, as_global, called_number
from policy.claim import Claim, TrunkClass
from policy.engine import decide
from policy.ledger import Ledger
from policy.profile import Profile
from policy.register import Register, civil_day
from policy.roaming import Answer, Questions
from policy.standing import standing
from policy.verdict import Verdict
from sipstack.dialog import SessionTimer
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.locate import FailureMemory
from sipstack.message import Request
from sipstack.timing import Timing

#: How much of a session interval passes before we refresh it. Both legs begin theirs at the same 2xx, and a side that
#: refreshes its own at half of it, as most do, refreshes the other leg too, since that crosses. Were ours to go there
#: at the same moment, the two would meet, and the peer's get 491.
REFRESHES_AFTER: Final = 5 / 9
_INTERNATIONAL: Final = TrunkClass.INTERNATIONAL


@attrs.define(eq=False)
class Law:
    """What calls are judged by, at whatever moment they are: the register may be another at the next INVITE."""

    profile: Profile
    register: Register


@attrs.frozen(kw_only=True)
class Context:
    """Read by calls, changed by nobody: a reload makes a new one."""

    ids: Ids = attrs.field(repr=False)
    timing: Timing
    trunks: Trunks
    routes: Routes
    law: Law
    hooks: Hooks = attrs.field(factory=Hooks)
    """What the embedding program adds to law and routes."""
    failures: FailureMemory = attrs.field(factory=FailureMemory, repr=False)
    """Targets that failed lately, of all trunks. This, `law`, `ledger`, `anomalies` and `dialogs` change."""
    ledger: Ledger = attrs.field(factory=Ledger, repr=False)
    """What has left by us lately, and come back forwarded (art. 3)."""
    anomalies: Anomalies = attrs.field(factory=Anomalies, repr=False)
    """What is measured of exceptions, and told of them."""
    dialogs: Dialogs = attrs.field(factory=Dialogs, repr=False)
    """The legs of all calls, kept by the core, for the messages that name one."""
    ways: Ways = attrs.field(factory=Ways.none, repr=False)
    """Who carries the media of which calls."""
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

    @property
    def profile(self) -> Profile:
        """The country's rules."""
        return self.law.profile

    @property
    def register(self) -> Register:
        """The dated entries as they are now."""
        return self.law.register

    def decide(self, claim: Claim, answers: Mapping[str, Answer], moment: Moment) -> Verdict | Questions:
        """The law's word on a claim."""
        return decide(claim, self.profile, self.register, moment.utc, answers, ledger=self.ledger)

    def weigh(
        self, claim: Claim, origin: Leg, invite: Request, verdict: Verdict, moment: Moment
    ) -> tuple[Verdict, list[Alarm]]:
        """The verdict on a set-up with the flags of what else is to be looked at; of an emergency call, nothing is."""
        if claim.emergency:
            return verdict, []
        law = self.law
        return self.anomalies.weigh(
            origin, invite, verdict, register=law.register, plan=law.profile.plan, moment=moment
        )

    def remember(self, origin: Leg, far: Leg, invite: Request, uri: str, moment: Moment) -> None:
        """An INVITE leaves to that URI: what began at home and goes abroad may be forwarded back (art. 3)."""
        if origin.trunk_class is not TrunkClass.NATIONAL or far.trunk_class is TrunkClass.NATIONAL:
            return
        called, callers = as_global(called_number(uri), self.profile.plan), callers_of(invite, self.profile.plan)
        if called is not None and callers:
            self.ledger.sent(callers, called, moment.utc)

    def class_of(self, claim: Claim, moment: Moment) -> TrunkClass:
        """What calls of that origin truly are, whatever the claim asserts."""
        if claim.trunk_class is _INTERNATIONAL:
            return _INTERNATIONAL  # nothing makes another of it
        return standing(claim, self.register, self.profile, civil_day(moment.utc)).trunk_class

    def caller(self, trunk: Trunk, flow: Flow, invite: Request, tag: str, moment: Moment) -> Leg:
        """The caller's side of a call that begins by that flow: of its circuit's class, and on trial if that is."""
        leg = Leg(
            trunk=trunk,
            flow=flow,
            socket=trunk.socket(flow.socket),
            call_id=invite.call_id,
            tag=tag,
            liveness=Liveness(timer=self.session_timer()),
        )
        leg.mark(trunk.circuits.signalled(invite, *flow.remote))
        leg.trunk_class = self.class_of(leg.origin, moment)
        leg.is_enforced = is_enforced(leg.known_as, self.register, moment)
        if self.trunks.marks(invite.headers) and leg.is_screened and leg.circuit is None:
            leg.is_forged = True  # also one of another trunk's circuits, which nobody here has been told of
        return leg

    def session_timer(self) -> SessionTimer:
        """The session timer of a new leg."""
        return SessionTimer(
            interval=self.session_seconds or None, min_se=self.session_least, refreshes_after=REFRESHES_AFTER
        )
