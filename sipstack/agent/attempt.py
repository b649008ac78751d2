"""One request of ours on its way: target after target, and once more with credentials.

RFC 3263 §4.3 (the next target after a transport error, a timeout or a 503, each by a new transaction with a branch of
its own), RFC 3261 §22.2 (credentials, with the next CSeq number) and §8.1.3.1 (what never came counts as 408, or 503).
"""

from typing import TYPE_CHECKING

import attrs

from sipstack.effects import Key, Send
from sipstack.locate import Hunt
from sipstack.message import Request

if TYPE_CHECKING:
    from sipstack.agent.acts import Acknowledge, Owner
    from sipstack.dialog import Dialog


@attrs.define(eq=False, kw_only=True)
class Attempt:
    """A request, whose it is, and how far it has come."""

    token: str
    request: Request
    hop: str
    owner: "Owner | None"
    dialog: "Dialog | None"
    hunt: Hunt | None = None
    """None while the next hop is being looked for."""
    key: Key | None = None
    """Its transaction; None before the first and between two."""
    withdrawn: tuple[tuple[str, str], ...] | None = None
    """We have given it up; no further target is tried."""
    authorize: bool = True
    """Whether we answer challenges to it."""
    challenges: int = 0
    """How often it has gone out with new credentials."""
    acks: "dict[str, Send | Acknowledge]" = attrs.field(factory=dict)
    """The ACKs to its 2xx by To tag, to be sent again; one whose next hop is not known yet is still an act."""

    def renumber(self) -> None:
        """Take the next CSeq number: a request that is sent again with credentials is a new one (§22.2)."""
        number = self.request.cseq.number + 1
        if self.dialog is not None:
            number = self.dialog.local_cseq = self.dialog.local_cseq + 1
        self.request.headers.replace("cseq", f"{number} {self.request.method}")

    def renew(self, via: str) -> None:
        """A copy of the request for the next transaction, so that the last one's stays as it was sent."""
        sent = self.request
        self.request = Request(sent.method, sent.uri, sent.headers.copy(), sent.body)
        if "via" in sent.headers:
            self.request.headers.replace_top("via", via)
        else:
            self.request.headers.insert(0, "Via", via)
