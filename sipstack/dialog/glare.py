"""Two requests that cross in one dialog: who must wait, who is refused, and when to try again.

RFC 3261 §14.1 and §14.2 for INVITE, RFC 3311 §5.1 and §5.2 for UPDATE, and RFC 5407 §3.3.1. Whether a body may be an
offer is another question, for `Offers`: here a request counts, whatever it carries.
"""

from typing import Final

import attrs

from sipstack.errors import ProtocolError, StateError

_RETRY_AFTER: Final = 10
"""The longest Retry-After of §14.2 and of RFC 3311 §5.2, in seconds."""
_LEAST_WAIT: Final = 0.5
"""Seconds for theirs to come to its end."""


class RetryLater(ProtocolError):  # noqa: N818 - named as what the peer shall do
    """The peer's request came before we are done with its last one: 500 with a Retry-After of `retry_after`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, status=500)


def retry_after(dice: float) -> int:
    """A Retry-After "with a randomly chosen value of between 0 and 10 seconds" (§14.2) from `dice` in [0, 1)."""
    return int(dice * (_RETRY_AFTER + 1))


def back_off(dice: float, *, owns_call_id: bool) -> float:
    """Seconds to wait after a 491, from `dice` in [0, 1), in units of 10 ms (§14.1).

    The side that made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, so that the two do not meet again.
    """
    return (210 + int(dice * 191)) / 100 if owns_call_id else int(dice * 201) / 100


@attrs.define(eq=False, repr=False)
class Glare:
    """The INVITE and UPDATE transactions of one dialog that are under way, and our pause after a 491.

    Start with the INVITE that opens the dialog: `send("INVITE")` or `receive("INVITE")`. Other methods are none of its
    business and may be told or not.
    """

    owns_call_id: bool
    """Whether our side sent the INVITE that opened the dialog; it decides who waits longer after a 491."""
    invite_sent: bool = False
    """Our INVITE has no final response."""
    update_sent: bool = False
    """Our UPDATE has no final response."""
    invite_received: bool = False
    """The peer's INVITE has no final response."""
    update_received: bool = False
    """The peer's UPDATE has no final response."""
    unacknowledged: int = 0
    """How many of our 2xx to INVITE wait for their ACK (the moratorium of RFC 5407 §2); two are possible by §3.1.4."""
    retry_at: float | None = None
    """When our refused request may be tried again."""

    def may_send(self, method: str) -> bool:
        """Whether the rules of the section let a request of ours go now; the pause after a 491 is not asked.

        A new INVITE waits for any other INVITE, of either side and the ACK included (§14.1, RFC 6337 §4.3 UAC-II); an
        UPDATE waits for our last UPDATE (UAC-UU) and for nothing else, as it is meant for the time of a pending INVITE.
        """
        if method == "INVITE":
            return not (self.invite_sent or self.invite_received or self.unacknowledged)
        return method != "UPDATE" or not self.update_sent

    def send(self, method: str) -> None:
        """A request of ours goes out. Raises StateError when `may_send` says no."""
        if not self.may_send(method):
            raise StateError(f"{method} while another is under way")
        if method == "INVITE":
            self.invite_sent = True
            self.retry_at = None
        elif method == "UPDATE":
            self.update_sent = True
            self.retry_at = None

    def answered(self, method: str, status: int, now: float, dice: float) -> None:
        """Our request has its final response, or has failed (say 408); `dice` in [0, 1) chooses the pause after a 491.

        After a 491 `deadline()` says when to try again.
        """
        if method == "INVITE":
            self.invite_sent = False
        elif method == "UPDATE":
            self.update_sent = False
        else:
            return
        if status == 491:
            self.retry_at = now + back_off(dice, owns_call_id=self.owns_call_id)

    def receive(self, method: str) -> None:
        """A request of the peer's has come.

        Raises ProtocolError (491) for an INVITE while ours is pending, and RetryLater (500) for an INVITE or UPDATE
        while the peer's own last one is (§14.2, RFC 3311 §5.2). A refused request is not noted. An INVITE before the
        ACK to our last 2xx is taken (RFC 5407 §3.1.4); where that ACK owes an answer, `Offers` refuses it (§3.1.5).
        """
        if method == "INVITE":
            if self.invite_sent:
                raise ProtocolError("Request Pending", status=491)
            if self.invite_received:
                raise RetryLater("Overlapping INVITE")
            self.invite_received = True
        elif method == "UPDATE":
            if self.update_received:
                raise RetryLater("Overlapping UPDATE")
            self.update_received = True

    def reply(self, method: str, status: int) -> None:
        """We send the final response to a request of the peer's that `receive` has taken."""
        if method == "INVITE":
            self.invite_received = False
            self.unacknowledged += 200 <= status < 300
        elif method == "UPDATE":
            self.update_received = False

    def acknowledged(self) -> None:
        """The first ACK to a 2xx of ours has come, or its `UnackedAnswer` has given up."""
        self.unacknowledged = max(0, self.unacknowledged - 1)

    def wait(self, now: float, dice: float) -> None:
        """The pause is over, but `may_send` says no: another one, and never none, lest we ask again without end."""
        self.retry_at = now + max(_LEAST_WAIT, back_off(dice, owns_call_id=self.owns_call_id))

    def stop(self) -> None:
        """Nothing is tried again: the session has ended, or the request is given up."""
        self.retry_at = None

    def deadline(self) -> float | None:
        """When our refused request is due again; None when none was refused."""
        return self.retry_at

    def tick(self, now: float) -> bool:
        """Whether the pause is over: try the request again, if it is still wanted and `may_send` agrees."""
        if self.retry_at is None or now < self.retry_at:
            return False
        self.retry_at = None
        return True

    def __repr__(self) -> str:
        under_way = {
            "our INVITE": self.invite_sent,
            "our UPDATE": self.update_sent,
            "their INVITE": self.invite_received,
            "their UPDATE": self.update_received,
            "ACK": self.unacknowledged,
        }
        waits = ", ".join([name for name, busy in under_way.items() if busy]) or "nothing"
        return f"<Glare waits for {waits}, retry at {self.retry_at}>"
