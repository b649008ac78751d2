"""A call that comes in: its INVITE from the first response to the ACK (RFC 3261 §13.3, RFC 3262 §3)."""

from collections.abc import Iterable
from typing import Self

import attrs

from sipstack.agent.acts import Act, Open, Reply, Tell
from sipstack.agent.call import Call
from sipstack.agent.content import describes
from sipstack.agent.context import Context
from sipstack.agent.events import Established, Invited, Release, Released
from sipstack.agent.listener import Listener
from sipstack.agent.session import Session
from sipstack.dialog import Carrier, Dialog, Glare, Offers, ReliableProvisionals, SessionTimer, Want, want
from sipstack.effects import Key
from sipstack.errors import StateError
from sipstack.message import Request, Response

Fields = Iterable[tuple[str, str]]


@attrs.define(eq=False, repr=False, kw_only=True)
class IncomingCall(Call):
    """Their INVITE and what we make of it."""

    invite: Request
    key: Key
    session: Session = attrs.field(init=False)
    _answered: bool = False
    """Our final response has gone out, or waits for a PRACK."""
    _acknowledged: bool = False
    _rung: Reply | None = None
    """The reliable response that waits for its PRACK."""
    _known: bool = False
    """A response with our tag has gone out, so that there is a dialog."""
    _answer: tuple[bytes, tuple[tuple[str, str], ...]] | None = None
    """A 2xx that waits for the PRACK of a response with a session description (RFC 3262 §3)."""
    _hang_up: tuple[tuple[str, str], ...] | None = None
    """We want to hang up, but may send no BYE before the ACK has come (§15)."""

    @classmethod
    def begin(
        cls, invite: Request, key: Key, to_tag: str, listener: Listener, context: Context, *, secure: bool
    ) -> tuple[Self, list[Act]]:
        """The call that an INVITE opens.

        Raises ProtocolError for one that cannot be served: no Contact, a session interval too small (422).
        """
        dialog = Dialog.as_callee(invite, to_tag)
        timer = SessionTimer(interval=context.session_interval, min_se=context.min_se)
        timer.judge(invite)
        offers, glare = Offers(), Glare(owns_call_id=False)
        offers.receive(Carrier.INVITE, description=describes(invite))
        glare.receive("INVITE")
        call = cls(id=to_tag, context=context, listener=listener, invite=invite, key=key)
        call.session = session = Session(
            call=call,
            context=context,
            listener=listener,
            dialog=dialog,
            offers=offers,
            glare=glare,
            timer=timer,
            secure=secure,
            peer_updates=allows(invite, "UPDATE"),
        )
        return call, [Open(session), Tell(Invited(call, invite))]

    # The application's.

    def ring(
        self, now: float, status: int = 180, body: bytes = b"", headers: Fields = (), *, reliable: bool | None = None
    ) -> list[Act]:
        """Send a 101-199. `reliable` (RFC 3262) is by default as the caller requires.

        Raises StateError after the final response, or where a reliable one may not go yet or at all.
        """
        self._expect_pending()
        self._known = True
        wanted = want(self.invite)
        if reliable is None:
            reliable = wanted is Want.REQUIRED
        if reliable and wanted is Want.NO:
            raise StateError("the caller does not know 100rel")
        fields = [*self._recorded(), ("Contact", self.listener.contact(secure=self.session.secure)), *headers]
        fields.append(("Allow", self.context.abilities.allow))
        if not reliable:
            self.session.offers.send(Carrier.UNRELIABLE, description=bool(body))
            return self._watched([self.session.reply(self.key, self.invite, status, fields, body)])
        return self._watched(self._ring_reliably(now, status, body, fields))

    def answer(self, body: bytes, now: float, headers: Fields = ()) -> list[Act]:
        """Accept the call: 200 with our answer, or with our offer where the INVITE had none.

        Where the body has gone out in a reliable 18x already it may be empty. Raises StateError after a final response.
        """
        self._expect_pending()
        self._answered = True
        self._answer = body, tuple(headers)
        return self._watched(self._proceed(now))

    def refuse(self, status: int, now: float, reason: str | None = None, headers: Fields = ()) -> list[Act]:
        """Refuse the call with a 3xx-6xx. Raises StateError after a final response."""
        self._expect_pending()
        return self._refuse(status, reason, headers, Release.REFUSED, None)

    def hang_up(self, now: float, headers: Fields = ()) -> list[Act]:
        """603 when it rings, BYE when it stands; after our 2xx the BYE waits for the ACK (§15)."""
        if self.over:
            return []
        if not self._answered:
            return self._refuse(603, None, headers, Release.HUNG_UP, None)
        if self._acknowledged:
            return self._watched([*self.session.hang_up(headers), Tell(Released(self, Release.HUNG_UP, None))])
        self._hang_up = tuple(headers)
        return []

    # The agent's.

    def requested(self, session: Session, request: Request, key: Key, now: float) -> list[Act]:
        """A request in the dialog; a PRACK may free the 2xx, a BYE before it ends the INVITE by 487 (§15.1.2)."""
        acts = session.requested(request, key, now)
        if session.over and not self._answered:
            # A BYE to an early dialog: the INVITE is answered 487 (§15.1.2).
            acts.insert(0, self._final(487))
        return self._watched(acts + self._proceed(now))

    def acknowledged(self, session: Session, ack: Request, now: float) -> list[Act]:
        """An ACK; the first establishes the call."""
        first, acts = session.acknowledged(ack)
        if first and not self._acknowledged:
            self._acknowledged = True
            if not session.over:
                acts.append(Tell(Established(self, ack)))
                if self._hang_up is not None:
                    acts += [*session.hang_up(self._hang_up), Tell(Released(self, Release.HUNG_UP, None))]
        return self._watched(acts)

    def cancelled(self, key: Key, cancel: Request, now: float) -> list[Act]:
        """A CANCEL for the INVITE, or for a re-INVITE."""
        if key != self.key:
            return self._watched(self.session.cancelled(key))
        return [] if self.over else self._refuse(487, None, (), Release.CANCELLED, cancel)

    def responded(self, token: str, response: Response, now: float) -> list[Act]:
        """A response to a request of ours in the dialog."""
        return self._watched(self.session.responded(token, response, now))

    def deadline(self) -> float | None:
        """When `tick` is due."""
        return self.session.deadline()

    def tick(self, now: float) -> list[Act]:
        """Repeat what waits for its PRACK or ACK, refresh, or give up."""
        reliable = self.session.reliable
        acts: list[Act] = []
        if reliable is not None and not self.session.over:
            wire = reliable.tick(now)
            if wire is not None and self._rung is not None:
                acts.append(self._rung)
            elif reliable.given_up:
                return self._refuse(504, None, (), Release.NO_ACK, None)
        return self._watched(acts + self.session.tick(now))

    # How.

    def _ring_reliably(self, now: float, status: int, body: bytes, fields: list[tuple[str, str]]) -> list[Act]:
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
        return [reply]

    def _proceed(self, now: float) -> list[Act]:
        """Send the 2xx as soon as it may go."""
        session = self.session
        if self._answer is None or session.over or not (session.reliable is None or session.reliable.may_answer):
            return []
        body, headers = self._answer
        self._answer = None
        self._known = True
        session.offers.send(Carrier.INVITE_OK, description=bool(body))
        if session.reliable is not None:
            session.reliable.stop()
        fields = [*self._recorded(), *session.own_fields(), *session.timer.accept(self.invite, now), *headers]
        reply = session.reply(self.key, self.invite, 200, fields, body)
        session.dialog.confirm(reply.response)
        session.glare.reply("INVITE", 200)
        session.answered(self.key, reply.response.encode(), self.invite.cseq.number, now)
        return [reply]

    def _recorded(self) -> list[tuple[str, str]]:
        """Every Record-Route of the INVITE, in its order: who would stay in the path must be told so (§12.1.1)."""
        return [("Record-Route", value) for value in self.invite.headers.all("record-route")]

    def _refuse(
        self, status: int, reason: str | None, headers: Fields, cause: Release, message: Request | None
    ) -> list[Act]:
        final = self._final(status, reason, headers)
        self._answered = True
        self._answer = None
        return self._watched([final, *self.session.release(cause, message)])

    def _final(self, status: int, reason: str | None = None, headers: Fields = ()) -> Reply:
        return self.session.reply(self.key, self.invite, status, headers, reason=reason)

    def _standing(self) -> Session:
        if not self._known:
            raise StateError("there is no dialog before our first response")
        return super()._standing()

    def _expect_pending(self) -> None:
        if self._answered or self.over:
            raise StateError("the INVITE has its final response")


def allows(message: Request | Response, method: str) -> bool:
    """Whether the sender's Allow names the method."""
    return method in ", ".join(message.headers.all("allow")).replace(" ", "").upper().split(",")
