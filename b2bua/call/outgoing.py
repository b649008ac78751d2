"""The way out: the INVITE of the B leg, to one target after another until one takes the call (RFC 3263 §4.3).

Each try is an INVITE of its own, with a branch and a CSeq number of its own, in one Call-ID and From tag. The next
target is tried after silence, an error of the network or a 503, and never once the caller has heard it ring.
"""

import attrs

from b2bua.call.bridge import retarget
from b2bua.call.context import Context
from b2bua.call.leg import Leg
from b2bua.call.moment import Moment
from b2bua.call.redaction import Redacted
from b2bua.trunk import Trunk
from sipstack.effects import Cause
from sipstack.ids import Ids
from sipstack.locate import Hunt, Target, retry_after
from sipstack.message import Request, Response
from sipstack.message import request as build


@attrs.frozen
class Again:
    """The INVITE goes out once more: `Outgoing.leg` and `Outgoing.invite` say where to, and how."""

    alarm: str = ""
    """Why somebody should look; "" when nobody need."""


@attrs.define(eq=False, kw_only=True)
class Outgoing:
    """What the INVITE to each target is made of, and how far the search for one is."""

    trunk: Trunk
    hunt: Hunt
    uri: str
    """The Request-URI that the caller asked for."""
    to: str
    """The value of To."""
    redacted: Redacted = attrs.field(repr=False)
    hops: int
    """Max-Forwards."""
    call_id: str
    tag: str
    tries: int = 0
    """How many INVITEs were sent; each has the next CSeq number, lest two that meet again get 482 (§8.2.2.2)."""
    sent: Request | None = attrs.field(default=None, repr=False)
    """The last of them, while responses to it may come."""

    def leg(self) -> Leg:
        """The B leg of the next try, to the hunt's target."""
        assert self.hunt.target is not None, "a hunt that begins has a target"
        self.tries += 1
        flow = self.trunk.targets.flow(self.hunt.target)
        return Leg(
            trunk=self.trunk,
            flow=flow,
            socket=self.trunk.socket(flow.socket),
            call_id=self.call_id,
            tag=self.tag,
            invite_number=self.tries,
        )

    def invite(self, leg: Leg, ids: Ids) -> Request:
        """The INVITE of that try."""
        own = [
            ("Via", leg.via(ids)),
            ("Max-Forwards", str(self.hops)),
            ("From", f"{self.redacted.caller};tag={leg.tag}"),
            ("To", self.to),
            ("Call-ID", leg.call_id),
            ("CSeq", f"{leg.invite_number} INVITE"),
            ("Contact", leg.socket.contact),
        ]
        invite = build("INVITE", retarget(self.uri, leg.flow), own, self.redacted.body)
        invite.headers.extend(self.redacted.headers)
        return invite

    def rings(self) -> None:
        """The caller has heard it ring: a second ring would tell of our troubles."""
        self.hunt.stop()

    def answered(self, response: Response, moment: Moment) -> Again | None:
        """A response to the INVITE that was sent; None when it is the call's to deal with."""
        failed = self.hunt.target
        following = self.hunt.answered(response.status, moment.tick, retry_after(response))
        return None if following is None else self._again(failed, "503")

    def missed(self, cause: Cause, moment: Moment) -> Again | None:
        """No response will come from the target that was tried; None when that was the last."""
        failed, now = self.hunt.target, moment.tick
        following = self.hunt.timed_out(now) if cause is Cause.TIMEOUT else self.hunt.unreachable(now)
        return None if following is None else self._again(failed, str(cause))

    def _again(self, failed: Target | None, why: str) -> Again:
        place = "" if failed is None else f"{failed.address} port {failed.port}"
        return Again(f"trunk {self.trunk.name}: {place}: {why}; the next target is tried")


def hunt_for(trunk: Trunk, context: Context, now: float, *, emergency: bool = False) -> Hunt:
    """The hunt through the targets of a trunk; it has no `target` when none may take the call.

    An emergency call has every target, the other calls those worth trying (`b2bua.trunk.health`).
    """

    def below(ceiling: int) -> int:
        return int.from_bytes(context.ids.randbytes(8)) % ceiling

    targets = trunk.health.worth_trying(trunk.targets.drawn(below), last_resort=emergency)
    return Hunt.start(targets, context.failures, now)
