"""INVITEs of ours that nobody is in need of any more: whoever accepts one all the same is ACKed, and hung up.

RFC 3261 §13.2.2.4. A branch of a fork may accept it while the transaction lives, 64*T1 after the first 2xx (RFC 6026
§7.2), which is often longer than the call; and a re-INVITE may be under way when the call ends.
"""

import attrs

from b2bua.call.acts import Act, Transmit
from b2bua.call.decline import decline
from b2bua.call.farewell import hang_up
from b2bua.call.leg import Leg
from sipstack.dialog import Dialog
from sipstack.ids import Ids
from sipstack.message import Headers, Request, Response


@attrs.frozen(eq=False)
class Fork:
    """What is needed to hang up a branch; it outlives the call."""

    leg: Leg
    sent: Request
    """The INVITE that forked, or a re-INVITE."""
    is_parted: bool = False
    """Whether the dialog has had its BYE: that of a re-INVITE whose call is over."""

    def answered(self, response: Response, ids: Ids) -> list[Act]:
        """A 2xx of a branch: its ACK and BYE, or its ACK again; nothing of any other response."""
        if not 200 <= response.status < 300:
            return []
        repeated = self.leg.acks.repeat(response)
        if repeated is not None:
            return [Transmit(self.leg.next_hop(), repeated)]
        # A branch that has had requests of ours goes on counting where they were.
        tag = response.to.tag or ""
        is_parted = self.is_parted or tag in self.leg.left
        known = None if is_parted else self.leg.branches.get(tag)
        dialog = Dialog.as_caller(self.sent, response) if known is None else known.dialog
        dialog.confirm(response)
        offers = bool(response.body) and not self.sent.body
        answer = decline(response, is_ipv6=self.leg.socket.is_ipv6) if offers else (Headers(), b"")
        ack = self.leg.acknowledge(response, dialog, ids, *answer)
        if is_parted:
            return [ack]
        bye = dialog.request("BYE", via=self.leg.via(ids))
        return [ack, hang_up(self.leg, dialog, bye, ids)]
