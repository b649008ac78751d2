"""The early dialogs of one INVITE of ours: a fork gives several, one or more are confirmed, the others end.

RFC 3261 §12.1.2, §12.3, §13.2.2.1 and §13.2.2.4; RFC 6228 for 199.
"""

import enum

import attrs

from sipstack.dialog.dialog import Dialog
from sipstack.message import Request, Response
from sipstack.timing import Timing


class Heard(enum.StrEnum):
    """What a response to the INVITE means for its dialogs."""

    NOTHING = "nothing"
    """No dialog: a 100, no To tag, one early dialog too many, or a provisional one after the end of its dialog."""
    EARLY = "early"
    """A provisional response in the early dialog of its To tag, which is new or known."""
    GONE = "gone"
    """A 199: that early dialog has ended, and the INVITE goes on (RFC 6228)."""
    CONFIRMED = "confirmed"
    """The first 2xx: its dialog is the call. ACK it."""
    SECOND = "second"
    """A further 2xx of a fork, a call of its own: ACK it, and send BYE unless two calls are wanted (§13.2.2.4)."""
    AGAIN = "again"
    """A 2xx that came before, whose ACK must be repeated (`SentAcks`)."""
    FAILED = "failed"
    """A 3xx-6xx: all early dialogs have ended (§12.3)."""


@attrs.define(eq=False, repr=False, kw_only=True)
class EarlyDialogs:
    """All dialogs that one INVITE of ours has opened.

    Give it every response by `receive`; when `deadline()` has come, `tick` names the early dialogs that ended because
    64*T1 have passed since the first 2xx.
    """

    invite: Request
    timing: Timing = attrs.field(factory=Timing)
    limit: int = 16
    """How many early dialogs are kept: a further fork's provisional responses are ignored, its 2xx is not."""
    early: dict[str, Dialog] = attrs.field(factory=dict)
    """The early dialogs by To tag."""
    confirmed: dict[str, Dialog] = attrs.field(factory=dict)
    """The confirmed ones, the call's own first; at most `limit`."""
    over: bool = False
    """Whether no early dialog can be any more: there has been a 3xx-6xx, or 64*T1 have passed since the first 2xx."""
    end_at: float | None = None
    """When the early dialogs end that no 2xx has confirmed."""

    def receive(self, response: Response, now: float) -> tuple[Heard, Dialog | None]:
        """A response to the INVITE: what it means, and the dialog it concerns.

        Raises ParseError when it would open or confirm a dialog and its Record-Route cannot be read.
        """
        tag = response.to.tag or ""
        if response.status >= 300:
            return self._fail(), None
        if response.status >= 200:
            return self._confirm(tag, response, now)
        if response.status == 199:
            gone = self.early.pop(tag, None)
            return (Heard.NOTHING, None) if gone is None else (Heard.GONE, gone)
        return self._progress(tag, response)

    def _progress(self, tag: str, response: Response) -> tuple[Heard, Dialog | None]:
        if response.status == 100 or not tag or self.over or tag in self.confirmed:
            return Heard.NOTHING, None
        dialog = self.early.get(tag)
        if dialog is None:
            if len(self.early) >= self.limit:
                return Heard.NOTHING, None
            dialog = self.early[tag] = Dialog.as_caller(self.invite, response)
        elif dialog.remote_target == self.invite.uri:
            # §12.1.2: the first response makes the dialog, and only a 2xx makes it anew. But a first one without the
            # Contact it must have, as many a 180 is, has made half of one; a PRACK would go astray.
            whole = Dialog.as_caller(self.invite, response)
            dialog.route_set, dialog.remote_target = whole.route_set, whole.remote_target
        return Heard.EARLY, dialog

    def _confirm(self, tag: str, response: Response, now: float) -> tuple[Heard, Dialog | None]:
        if tag in self.confirmed:
            return Heard.AGAIN, self.confirmed[tag]
        dialog = self.early.get(tag)
        if dialog is None:
            dialog = Dialog.as_caller(self.invite, response)
        else:
            dialog.confirm(response)
            del self.early[tag]
        heard = Heard.SECOND if self.confirmed or self.over else Heard.CONFIRMED
        if len(self.confirmed) >= self.limit:
            del self.confirmed[next(reversed(self.confirmed))]
        self.confirmed[tag] = dialog
        if heard is Heard.CONFIRMED:
            self.end_at = now + self.timing.give_up
        return heard, dialog

    def _fail(self) -> Heard:
        if self.confirmed:
            return Heard.NOTHING
        self.early.clear()
        self.over = True
        return Heard.FAILED

    def deadline(self) -> float | None:
        """When `tick` is due; None before the first 2xx and after the last tick."""
        return self.end_at

    def tick(self, now: float) -> list[Dialog]:
        """The early dialogs that end now; "the UAC core considers the INVITE transaction completed" (§13.2.2.4)."""
        if self.end_at is None or now < self.end_at:
            return []
        self.end_at = None
        self.over = True
        ended = list(self.early.values())
        self.early.clear()
        return ended

    def __repr__(self) -> str:
        return f"<EarlyDialogs early {list(self.early)} confirmed {list(self.confirmed)}{' over' if self.over else ''}>"
