"""A call that comes in: its INVITE from the first response to the ACK (RFC 3261 §13.3, RFC 3262 §3)."""

from collections.abc import Iterable
from typing import Final, Self

import attrs

from sipstack.agent.acts import Act, Open, Reply, Tell, Watch
from sipstack.agent.call import Call
from sipstack.agent.content import checked, describes
from sipstack.agent.context import Context
from sipstack.agent.events import Established, Invited, Release, Released
from sipstack.agent.listener import Listener
from sipstack.agent.session import Session
from sipstack.dialog import Carrier, Dialog, Exchange, Glare, Offers, ReliableProvisionals, SessionTimer, Want, want
from sipstack.effects import Key
from sipstack.errors import StateError
from sipstack.message import Request, Response

Fields = Iterable[tuple[str, str]]


_EVERY_MINUTE: Final = 60.0
"""§13.3.1.1: how often a callee who takes his time says so, "at every minute", lest a proxy give up."""


@attrs.define(eq=False, repr=False, kw_only=True)
class IncomingCall(Call):
    """Their INVITE and what we make of it."""

    invite: Request
    key: Key
    session: Session = attrs.field(init=False)
    give_up_at: float
    """When the INVITE is refused unless it is answered by then."""
    _gives_up_by: int
    """The status for that: 487 when it is their Expires that is over (§13.3.1), else 480."""
    _answered: bool = False
    """Our final response has gone out, or waits for a PRACK."""
    _acknowledged: bool = False
    _rung: Reply | None = None
    """The reliable response that waits for its PRACK."""
    _rang: int = 0
    """The status of the last provisional response."""
    _ring_at: float | None = None
    """When it is said again that it rings."""
    _answer: tuple[bytes, tuple[tuple[str, str], ...]] | None = None
    """A 2xx that waits for the PRACK of a response with a session description (RFC 3262 §3)."""
    _hang_up: tuple[tuple[str, str], ...] | None = None
    """We want to hang up, but may send no BYE before the ACK has come (§15)."""

    @classmethod
    def begin(
        cls, invite: Request, key: Key, to_tag: str, listener: Listener, context: Context, *, now: float
    ) -> tuple[Self, list[Act]]:
        """The call that an INVITE opens.

        Raises ProtocolError for one that cannot be served: no Contact, a session interval too small (422); ParseError
        when a header that matters later cannot be read.
        """
        dialog = Dialog.as_callee(invite, to_tag)
        timer = SessionTimer(interval=context.session_interval, min_se=context.min_se)
        timer.judge(invite)
        want(invite)
        offers, glare = Offers(), Glare(owns_call_id=False)
        offers.receive(Carrier.INVITE, description=describes(invite))
        glare.receive("INVITE")
        expires = context.patience if invite.expires is None else invite.expires
        call = cls(
            id=to_tag,
            context=context,
            listener=listener,
            invite=invite,
            key=key,
            give_up_at=now + min(expires, context.patience),
            gives_up_by=487 if expires < context.patience else 480,
        )
        call.session = session = Session(
            call=call,
            context=context,
            listener=listener,
            dialog=dialog,
            offers=offers,
            glare=glare,
            timer=timer,
            peer_updates=allows(invite, "UPDATE"),
        )
        return call, [Open(session), Tell(Invited(call, invite)), Watch(call)]

    # The application's.

    def ring(
        self, now: float, status: int = 180, body: bytes = b"", headers: Fields = (), *, reliable: bool | None = None
    ) -> list[Act]:
        """Send a 101-199, which is said again every minute.

        `reliable` (RFC 3262) is by default as the caller requires; nothing is sent then while such a response may not
        go: before the PRACK of the last, or without the offer that it would have to hold. Asked for outright, what may
        not go raises StateError, as everything does after the final response.
        """
        self._expect_pending()
        if not 101 <= status <= 199:
            raise StateError(f"{status} is no ringing")
        wanted = want(self.invite)
        if (wanted is Want.NO and reliable) or (wanted is Want.REQUIRED and reliable is False):
            raise StateError("the caller does not know 100rel" if reliable else "the caller requires 100rel")
        fields = [*self._recorded(), self.session.contact, *checked(headers), *self.context.abilities.allow]
        if reliable is None and wanted is Want.REQUIRED and not self._may_ring(body):
            return []
        if reliable or wanted is Want.REQUIRED:
            reply = self._ring_reliably(now, status, body, fields)
        else:
            self.session.offers.send(Carrier.UNRELIABLE, description=bool(body))
            reply = self.session.reply(self.key, self.invite, status, fields, body)
        self._rang, self._ring_at = status, now + _EVERY_MINUTE
        return self._watched([reply])

    def answer(self, body: bytes, now: float, headers: Fields = ()) -> list[Act]:
        """Accept the call: 200 with our answer, or with our offer where the INVITE had none.

        Where the body has gone out in a reliable 18x already it may be empty. Raises StateError after a final response,
        and when the body is missing.
        """
        self._expect_pending()
        fields = checked(headers)
        if self._may_answer:
            acts = self._accept(body, now, fields)
        else:
            self._answer = body, fields
            acts = []
        self._answered = True
        return self._watched(acts)

    def refuse(self, status: int, now: float, reason: str | None = None, headers: Fields = ()) -> list[Act]:
        """Refuse the call with a 3xx-6xx. Raises StateError after a final response."""
        self._expect_pending()
        if not 300 <= status <= 699:
            raise StateError(f"{status} refuses nothing")
        return self._refuse(status, reason, headers, Release.REFUSED, None)

    def hang_up(self, now: float, headers: Fields = ()) -> list[Act]:
        """603 when it rings, BYE when it stands; after our 2xx the BYE waits for the ACK (§15)."""
        if self.over:
            return []
        if self._is_pending:
            return self._refuse(603, None, headers, Release.HUNG_UP, None)
        if self._acknowledged:
            return self._watched([*self.session.hang_up(headers), Tell(Released(self, Release.HUNG_UP, None))])
        self._hang_up = checked(headers)
        return []

    # The agent's.

    def requested(self, session: Session, request: Request, key: Key, now: float) -> list[Act]:
        """A request in the dialog; a PRACK may free the 2xx, a BYE before it ends the INVITE by 487 (§15.1.2)."""
        acts = session.requested(request, key, now)
        if session.over and self._is_pending:
            # A BYE to an early dialog: the INVITE is answered 487 (§15.1.2).
            acts.insert(0, self._conclude(487))
        return self._watched(acts + self._proceed(now))

    def acknowledged(self, session: Session, ack: Request, now: float) -> list[Act]:
        """An ACK; the first establishes the call."""
        first, acts = session.acknowledged(ack)
        if first and not self._acknowledged and not session.over:
            self._acknowledged = True
            # A call that is given up is not told as one that stands.
            acts += [Tell(Established(self, ack))] if self._hang_up is None else self.hang_up(now, self._hang_up)
        return self._watched(acts)

    def cancelled(self, key: Key, cancel: Request, now: float) -> list[Act]:
        """A CANCEL for the INVITE, or for a re-INVITE."""
        if key != self.key:
            return self._watched(self.session.cancelled(key))
        return [] if self.over else self._refuse(487, None, (), Release.CANCELLED, cancel)

    def responded(self, token: str, response: Response, now: float) -> list[Act]:
        """A response to a request of ours in the dialog."""
        return self._watched(self.session.responded(token, response, now))

    def renewed(self, token: str, request: Request, now: float) -> list[Act]:
        """A request in the dialog goes out once more: nothing depends on which copy is answered."""
        return []

    def deadline(self) -> float | None:
        """When `tick` is due."""
        times = [self.session.deadline()]
        if not self._answered:
            times += [self.give_up_at, self._ring_at]
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: float) -> list[Act]:
        """Repeat what waits for its PRACK or ACK, refresh, or give up."""
        if not self._answered and now >= self.give_up_at:
            return self._refuse(self._gives_up_by, None, (), Release.REFUSED, None)
        acts: list[Act] = []
        reliable = self.session.reliable
        if reliable is not None and self._is_pending:
            wire = reliable.tick(now)
            if wire is not None and self._rung is not None:
                acts.append(self._rung)
            elif reliable.given_up:
                return self._refuse(504, None, (), Release.NO_ACK, None)
        if not self._answered and self._ring_at is not None and now >= self._ring_at:
            acts += self._ring_on(now)
        return self._watched(acts + self.session.tick(now))

    # How.

    def _ring_on(self, now: float) -> list[Act]:
        """The caller, and who is between us, hear that we are still at it."""
        self._ring_at = now + _EVERY_MINUTE
        return self.ring(now, self._rang)

    def _may_ring(self, body: bytes) -> bool:
        """Whether a reliable response may go."""
        session = self.session
        is_free = session.reliable is None or session.reliable.may_send
        return is_free and (bool(body) or session.offers.exchange is not Exchange.OFFER_DUE)

    def _ring_reliably(self, now: float, status: int, body: bytes, fields: list[tuple[str, str]]) -> Reply:
        session = self.session
        if session.reliable is None:
            session.reliable = ReliableProvisionals(
                timing=self.context.timing,
                invite_cseq=self.invite.cseq.number,
                rseq=int(self.context.dice() * (2**31 - 1)),
            )
        fields += session.reliable.fields()
        session.offers.send(Carrier.RELIABLE, description=bool(body))
        self._rung = reply = session.reply(self.key, self.invite, status, fields, body)
        session.reliable.send(reply.response.encode(), now, description=bool(body))
        session.says(reply.response)
        return reply

    @property
    def _is_pending(self) -> bool:
        """Whether the INVITE still waits for a final response."""
        return not self._answered or self._answer is not None

    @property
    def _may_answer(self) -> bool:
        return self.session.reliable is None or self.session.reliable.may_answer

    def _proceed(self, now: float) -> list[Act]:
        """Send the 2xx that has waited, as soon as it may go."""
        if self._answer is None or self.session.over or not self._may_answer:
            return []
        (body, headers), self._answer = self._answer, None
        try:
            return self._accept(body, now, headers)
        except StateError:  # the PRACK lacks the answer to our offer: there is nothing to agree to
            return self._refuse(500, None, (), Release.LOST, None)

    def _accept(self, body: bytes, now: float, headers: Fields) -> list[Act]:
        session = self.session
        session.offers.send(Carrier.INVITE_OK, description=bool(body))
        if session.reliable is not None:
            session.reliable.stop()
        fields = [*self._recorded(), *session.own_fields(), *session.timer.accept(self.invite, now), *headers]
        reply = session.reply(self.key, self.invite, 200, fields, body)
        session.dialog.confirm(reply.response)
        session.glare.reply("INVITE", 200)
        session.answered(reply, self.invite.cseq.number, now)
        return [reply]

    def _recorded(self) -> list[tuple[str, str]]:
        """Every Record-Route of the INVITE, in its order: who would stay in the path must be told so (§12.1.1)."""
        return [("Record-Route", value) for value in self.invite.headers.all("record-route")]

    def _refuse(
        self, status: int, reason: str | None, headers: Fields, cause: Release, message: Request | None
    ) -> list[Act]:
        final = self._conclude(status, reason, headers)
        return self._watched([final, *self.session.release(cause, message)])

    def _conclude(self, status: int, reason: str | None = None, headers: Fields = ()) -> Reply:
        reply = self.session.reply(self.key, self.invite, status, checked(headers), reason=reason)
        reply.response.encode()  # tried now: the reason may be the application's
        self._answered, self._answer = True, None
        return reply

    def _standing(self) -> Session:
        if not (self._rang or self.session.dialog.confirmed):
            raise StateError("there is no dialog before our first response")
        return super()._standing()

    def _expect_pending(self) -> None:
        if self._answered or self.over:
            raise StateError("the INVITE has its final response")


def allows(message: Request | Response, method: str) -> bool:
    """Whether the sender's Allow names the method."""
    return method in ", ".join(message.headers.all("allow")).replace(" ", "").upper().split(",")
