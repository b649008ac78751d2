"""Offers and answers: who has offered a session, in which message, and what the next body must be.

RFC 3264 §4, RFC 6337 §2 (the six ways of its table 1), RFC 3261 §13.2.1 and §14, RFC 3262 §5, RFC 3311 §5. Bodies are
not read: the machine is told whether a message has a session description.
"""

import enum

import attrs

from sipstack.dialog.glare import RetryLater
from sipstack.errors import ProtocolError, SipError, StateError


class Carrier(enum.StrEnum):
    """The messages that can hold an offer or an answer."""

    INVITE = "INVITE"
    UNRELIABLE = "18x"
    """A provisional response to INVITE without 100rel; what it holds does not count."""
    RELIABLE = "reliable 18x"
    """A provisional response to INVITE that is acknowledged by a PRACK (RFC 3262)."""
    PRACK = "PRACK"
    PRACK_OK = "2xx to PRACK"
    UPDATE = "UPDATE"
    UPDATE_OK = "2xx to UPDATE"
    INVITE_OK = "2xx to INVITE"
    ACK = "ACK"


class Role(enum.StrEnum):
    """What a message's session description is."""

    NOTHING = "nothing"
    """There is none; or, in `Offers.our_role`, there may be none."""
    OFFER = "offer"
    ANSWER = "answer"
    COPY = "copy"
    """The answer ahead of its time, in an unreliable 18x, or once more, in a response after the one that counted."""


class Exchange(enum.StrEnum):
    """How far the offer and answer of the INVITE under way are."""

    NONE = "none"
    """No INVITE is under way, or its 2xx has been and owes nothing more."""
    OFFER_DUE = "offer due"
    """The INVITE had no offer; the first reliable response must (RFC 3261 §13.2.1)."""
    OFFERED = "offered"
    """There is an offer, in the INVITE or in a response to it, without its answer."""
    SETTLED = "settled"
    """There has been the answer; a description in a further response is a copy."""


@attrs.define(eq=False, repr=False)
class Offers:
    """The offer/answer state of one dialog, as one side sees it.

    Call `send` before a message of ours goes out and `receive` when one of the peer's has come, once each and not for
    repetitions: both tell what its description is. Call `refused` and `refuse` when an INVITE, UPDATE or PRACK gets a
    final response that is no 2xx. Each early dialog of a forked INVITE has a state of its own: take
    `attrs.evolve(offers)` after the INVITE for each.
    """

    carrier: Carrier | None = None
    """The message with the offer that has no answer; None when there is no such offer."""
    ours: bool = False
    """Whether that offer is ours."""
    exchange: Exchange = Exchange.NONE
    """How far the INVITE under way is."""
    invite_ours: bool = False
    """Whether the INVITE under way is ours."""
    unacknowledged: bool = False
    """A reliable 18x of ours waits for its PRACK."""
    agreed: bool = False
    """Whether there has been an offer with its answer, that is, a session."""

    @property
    def to_answer(self) -> Carrier | None:
        """Where the peer's offer stood that we have not answered."""
        return None if self.ours else self.carrier

    @property
    def unanswered(self) -> Carrier | None:
        """Where our offer stood that the peer has not answered."""
        return self.carrier if self.ours else None

    def our_role(self, carrier: Carrier) -> Role:
        """What a description in that message of ours would be now; NOTHING when it may hold none."""
        trial = attrs.evolve(self)
        try:
            return trial.send(carrier, description=True)
        except StateError:
            return Role.NOTHING

    def send(self, carrier: Carrier, *, description: bool) -> Role:
        """A message of ours goes out.

        Raises StateError, and notes nothing, when it may not hold a description or must and does not.
        """
        return _STEPS[carrier](self, description, True)

    def receive(self, carrier: Carrier, *, description: bool) -> Role:
        """A message of the peer's has come.

        Raises ProtocolError: 491 for an offer that crosses ours, as RetryLater 500 for one while we have not answered
        the peer's last (RFC 3311 §5.2), 400 where an answer or an offer is missing. A missing one in a response or an
        ACK cannot be refused: ACK what needs it and send BYE (RFC 3261 §13.2.2.4).
        """
        return _STEPS[carrier](self, description, False)

    def refused(self, carrier: Carrier) -> None:
        """Our INVITE, UPDATE or PRACK has failed: its offer is withdrawn, and the session is as before."""
        self._withdraw(carrier, True)

    def refuse(self, carrier: Carrier) -> None:
        """We have refused the peer's INVITE, UPDATE or PRACK, say with 488: its offer is withdrawn."""
        self._withdraw(carrier, False)

    def _withdraw(self, carrier: Carrier, ours: bool) -> None:
        if carrier is Carrier.INVITE and self.invite_ours is ours and self.exchange is not Exchange.NONE:
            if self.exchange is Exchange.OFFERED:
                self.carrier = None
            self.exchange = Exchange.NONE
            self.unacknowledged = False
        elif carrier is not Carrier.INVITE and self.carrier is carrier and self.ours is ours:
            self.carrier = None

    # One step a carrier. `ours` says who sends it; the rules are the same for both sides, but our own breach is a
    # StateError and the peer's a ProtocolError.

    def _invite(self, description: bool, ours: bool) -> Role:
        if self.carrier is not None:
            # Without an offer too: it asks the other side for one, and that side cannot make a second. RFC 5407
            # §3.1.5 prefers 491 where our 2xx with an offer waits for its ACK.
            raise _crossing(ours, self.ours)
        if self.exchange is not Exchange.NONE:
            raise _crossing(ours, self.invite_ours)
        self.invite_ours = ours
        self.unacknowledged = False
        if not description:
            self.exchange = Exchange.OFFER_DUE
            return Role.NOTHING
        self.exchange = Exchange.OFFERED
        return self._offer(Carrier.INVITE, ours)

    def _unreliable(self, description: bool, ours: bool) -> Role:
        if self._stray(ours):
            return _ignored(description)
        if description and ours and self.exchange is Exchange.OFFER_DUE:
            raise StateError("an offer in an unreliable response")
        return _ignored(description)

    def _reliable(self, description: bool, ours: bool) -> Role:
        if self._stray(ours):
            return _ignored(description)
        if ours and self.unacknowledged:
            raise StateError("a reliable response before the PRACK of the last")
        if self.exchange is Exchange.OFFER_DUE and not description and ours:
            raise StateError("the first reliable response has no offer")
        self.unacknowledged = ours
        if not description:
            return Role.NOTHING
        if self.exchange is Exchange.OFFER_DUE:
            self.exchange = Exchange.OFFERED
            return self._offer(Carrier.RELIABLE, ours)
        if self._answers(Carrier.INVITE, ours):
            self.exchange = Exchange.SETTLED
            return self._answer()
        return Role.COPY

    def _prack(self, description: bool, ours: bool) -> Role:
        if ours and not self.invite_ours:
            raise StateError("a PRACK for an INVITE that is not ours")
        if not ours:
            self.unacknowledged = False
        if not self._answers(Carrier.RELIABLE, ours):
            return self._request(Carrier.PRACK, description, ours)
        if not description:
            raise _missing("Answer", ours)
        self.exchange = Exchange.SETTLED
        return self._answer()

    def _update(self, description: bool, ours: bool) -> Role:
        if description and ours and self.unacknowledged:
            # RFC 3311 §5.1: the callee's answer in a reliable 18x must have had its PRACK.
            raise StateError("an offer before the PRACK of our reliable response")
        return self._request(Carrier.UPDATE, description, ours)

    def _prack_ok(self, description: bool, ours: bool) -> Role:
        return self._response(Carrier.PRACK, description, ours)

    def _update_ok(self, description: bool, ours: bool) -> Role:
        return self._response(Carrier.UPDATE, description, ours)

    def _invite_ok(self, description: bool, ours: bool) -> Role:
        if self._stray(ours):
            return _ignored(description)
        if self.exchange is Exchange.OFFER_DUE:
            if not description:
                self._abandon(ours)
                raise _missing("Offer", ours)
            self.exchange = Exchange.OFFERED
            return self._offer(Carrier.INVITE_OK, ours)
        if self.exchange is Exchange.OFFERED:
            if not description or not self._answers(Carrier.INVITE, ours):
                self._abandon(ours)
                raise _missing("Answer", ours)
            self.exchange = Exchange.NONE
            return self._answer()
        self.exchange = Exchange.NONE
        return _ignored(description)

    def _ack(self, description: bool, ours: bool) -> Role:
        if self._answers(Carrier.INVITE_OK, ours):
            if not description:
                self._abandon(ours)
                raise _missing("Answer", ours)
            self.exchange = Exchange.NONE
            return self._answer()
        if description and ours:
            raise StateError("a description in an ACK that answers no offer")
        return _ignored(description)

    # What the steps share.

    def _request(self, carrier: Carrier, description: bool, ours: bool) -> Role:
        """An UPDATE or a PRACK, whose description is an offer (RFC 3311 §5.1 and §5.2)."""
        if not description:
            return Role.NOTHING
        if self.carrier is not None:
            raise _crossing(ours, self.ours)
        if self.exchange is Exchange.OFFER_DUE:
            # The INVITE has left the offer to its other side; none may come before that one.
            raise _crossing(ours, self.invite_ours)
        return self._offer(carrier, ours)

    def _response(self, request: Carrier, description: bool, ours: bool) -> Role:
        if self._answers(request, ours):
            if description:
                return self._answer()
            if not ours:
                self.carrier = None
            raise _missing("Answer", ours)
        if description and ours:
            raise StateError(f"a description in the 2xx to {request} that answers no offer")
        return _ignored(description)

    def _stray(self, ours: bool) -> bool:
        """Whether there is no INVITE to respond to; the peer's own peculiar responses count for nothing."""
        stray = self.exchange is Exchange.NONE or self.invite_ours is ours
        if stray and ours:
            raise StateError("a response to no INVITE of the peer's")
        return stray

    def _answers(self, offer: Carrier, ours: bool) -> bool:
        """Whether a message of that side may answer the offer that stood there."""
        return self.carrier is offer and self.ours is not ours

    def _offer(self, carrier: Carrier, ours: bool) -> Role:
        self.carrier = carrier
        self.ours = ours
        return Role.OFFER

    def _answer(self) -> Role:
        self.carrier = None
        self.agreed = True
        return Role.ANSWER

    def _abandon(self, ours: bool) -> None:
        """The peer's 2xx or ACK ends the INVITE, even one that breaks the rules."""
        if not ours:
            self.carrier = None
            self.exchange = Exchange.NONE

    def __repr__(self) -> str:
        side = "our" if self.ours else "their"
        offer = "no offer" if self.carrier is None else f"{side} offer in {self.carrier}"
        return f"<Offers {offer}, invite {self.exchange}>"


_STEPS = {
    Carrier.INVITE: Offers._invite,
    Carrier.UNRELIABLE: Offers._unreliable,
    Carrier.RELIABLE: Offers._reliable,
    Carrier.PRACK: Offers._prack,
    Carrier.PRACK_OK: Offers._prack_ok,
    Carrier.UPDATE: Offers._update,
    Carrier.UPDATE_OK: Offers._update_ok,
    Carrier.INVITE_OK: Offers._invite_ok,
    Carrier.ACK: Offers._ack,
}


def _ignored(description: bool) -> Role:
    return Role.COPY if description else Role.NOTHING


def _crossing(ours: bool, pending_is_ours: bool) -> SipError:
    if ours:
        return StateError("an offer while another has no answer")
    if pending_is_ours:
        return ProtocolError("Request Pending", status=491)
    return RetryLater("Overlapping Offer")


def _missing(what: str, ours: bool) -> SipError:
    return StateError(f"no {what.lower()} where one is due") if ours else ProtocolError(f"Missing {what}", status=400)
