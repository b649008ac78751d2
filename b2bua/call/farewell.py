"""A BYE of ours until it is taken: it outlives the call, which is over as soon as it leaves.

A server that asks for credentials asks a BYE for them too (RFC 3261 §22.1 spares ACK and CANCEL alone), and may find
that the nonce of an hour ago is stale. A BYE that were left at its 401 would leave the other side up.
"""

import attrs

from b2bua.call.acts import Start
from b2bua.call.bridge import next_hop
from b2bua.call.leg import Leg
from sipstack.dialog import Dialog
from sipstack.ids import Ids
from sipstack.message import Request, Response

BYE = "bye"


@attrs.define(eq=False)
class Farewell:
    """The BYE, and what it takes to send it again."""

    leg: Leg
    dialog: Dialog
    bye: Request

    def answered(self, response: Response, ids: Ids) -> Start | None:
        """The BYE once more, with what its response asks for; None when that is the last word."""
        again = self.leg.again(self.bye, response, self.dialog, ids)
        if again is None:
            return None
        self.bye = again
        return self.start()

    def start(self) -> Start:
        """Sends it."""
        return Start(BYE, self.bye, next_hop(self.dialog.next_hop, self.leg.flow), farewell=self)


def hang_up(leg: Leg, dialog: Dialog, bye: Request, ids: Ids) -> Start:
    """Sends a BYE that is complete but for what servers on its way have asked for."""
    leg.prove(bye, ids)
    return Farewell(leg, dialog, bye).start()
