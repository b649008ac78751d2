"""A call that we place: its INVITE, the dialogs it opens, and which of them becomes the call (RFC 3261 §13.2)."""

from collections.abc import Iterable
from typing import Final, Self

import attrs

from sipstack.agent.acts import Act, Ask, Open, Tell, Withdraw
from sipstack.agent.call import Call
from sipstack.agent.content import checked, describes, fields_of
from sipstack.agent.context import Context
from sipstack.agent.events import Established, Progressed, Release, Released
from sipstack.agent.incoming import allows
from sipstack.agent.listener import Listener
from sipstack.agent.session import Session
from sipstack.dialog import (
    Arrival,
    Carrier,
    Dialog,
    EarlyDialogs,
    Glare,
    Heard,
    Offers,
    Provisionals,
    Role,
    SessionTimer,
)
from sipstack.dialog import rack as rack_of
from sipstack.effects import Key
from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.message import Request, Response
from sipstack.message import request as build
from sipstack.values import Address

Fields = Iterable[tuple[str, str]]

_MOST_FORKS: Final = 64
"""2xx to one INVITE that get an ACK and a BYE: each names where the BYE goes, so a peer could aim them at others."""


@attrs.define(eq=False, repr=False, kw_only=True)
class OutgoingCall(Call):
    """Our INVITE and what becomes of it."""

    invite: Request
    token: str
    hop: str
    dialogs: EarlyDialogs
    offers: Offers
    """As they were when the INVITE went out; each dialog goes on with a copy."""
    timer: SessionTimer
    provisionals: Provisionals = attrs.field(factory=Provisionals)
    sessions: dict[str, Session] = attrs.field(factory=dict)
    """By To tag: the early ones, then the one that is the call."""
    _final: bool = False
    _hang_up: tuple[tuple[str, str], ...] | None = None
    """We have given up: a 2xx that comes all the same is acknowledged and ended by BYE (§9.1)."""
    _forks: int = 0
    """2xx that were acknowledged only to be ended."""
    _to_prack: dict[str, str] = attrs.field(factory=dict)
    """RAck of reliable responses with an offer, by To tag: their PRACK waits for the answer."""

    @classmethod
    def begin(
        cls,
        uri: str,
        *,
        caller: str,
        body: bytes,
        listener: Listener,
        context: Context,
        hop: str | None = None,
        headers: Fields = (),
    ) -> tuple[Self, list[Act]]:
        """The call that an INVITE to `uri` opens.

        `caller` is the From value without a tag, `hop` the URI of an outbound proxy, which becomes the Route. Raises
        StateError when a part would not print as one header line, ParseError when `uri` or `caller` is none.
        """
        timer = SessionTimer(interval=context.session_interval, min_se=context.min_se)
        # §8.1.1.8: "If the Request-URI or top Route header field value contains a SIPS URI" our Contact is one too.
        secure = any(way.lower().startswith("sips:") for way in (uri, hop or ""))
        ids, abilities = context.ids, context.abilities
        tag, call_id = ids.tag(), ids.call_id()
        route = [] if hop is None else [("Route", f"<{hop}>")]
        fields = [
            ("Via", listener.via(ids.branch())),
            ("Max-Forwards", "70"),
            *route,
            ("From", str(_tagged(Address.parse(caller), tag))),
            ("To", f"<{uri}>"),
            ("Call-ID", call_id),
            ("CSeq", "1 INVITE"),
            ("Contact", listener.contact(secure=secure)),
            *abilities.allow,
            ("Supported", ", ".join(name for name in abilities.extensions if name != "timer")),
            *timer.request_fields(),
            *fields_of(body, headers),
        ]
        invite = build("INVITE", uri, [field for field in fields if field[1]], body)
        invite.request_uri, invite.from_  # noqa: B018 - read to be tried: what we send must be readable
        offers = Offers()
        offers.send(Carrier.INVITE, description=bool(body))
        call = cls(
            id=tag,
            context=context,
            listener=listener,
            invite=invite,
            token=ids.tag(),
            hop=hop or uri,
            dialogs=EarlyDialogs(invite=invite, timing=context.timing),
            offers=offers,
            timer=timer,
        )
        return call, [Ask(call.token, invite, call.hop, call)]

    # The application's.

    def hang_up(self, now: float, headers: Fields = ()) -> list[Act]:
        """CANCEL while it rings, BYE when it stands (§9.1, §15)."""
        if self.over or self._hang_up is not None:
            return []
        fields = checked(headers)
        if self._final and self.session is not None:
            told = Tell(Released(self, Release.HUNG_UP, None))
            return self._watched([*self.session.hang_up(fields), told])
        self._hang_up = fields
        return [Withdraw(self.token, fields)]

    def prack(self, response: Response, body: bytes) -> list[Act]:
        """Answer, in the PRACK, the offer that a reliable 18x of `Progressed` had (RFC 3262 §5)."""
        tag = response.to.tag or ""
        session, rack = self.sessions.get(tag), self._to_prack.get(tag)
        if session is None or rack is None:
            raise StateError("no reliable response waits for an answer")
        ask = session.prack(rack, body)
        del self._to_prack[tag]
        return self._watched([ask])

    # The agent's.

    def renewed(self, token: str, request: Request, now: float) -> list[Act]:
        """A request goes out once more. When it is the INVITE, what the refused one has opened is over (§12.3)."""
        if token != self.token:
            return []
        self.invite = request
        self.dialogs = EarlyDialogs(invite=request, timing=self.context.timing)
        self.provisionals = Provisionals()
        self._to_prack.clear()
        return [act for tag in tuple(self.sessions) for act in self._drop(tag)]

    def requested(self, session: Session, request: Request, key: Key, now: float) -> list[Act]:
        """A request in one of the dialogs."""
        if request.method == "BYE" and not self._final:
            # Not allowed (§15), but it may have overtaken the 2xx (RFC 5407 §3.1.2): whatever still comes is ended.
            return [session.reply(key, request, 200), *self.hang_up(now)]
        if request.method == "BYE" and session is not self.session:
            # One of those that lost: the call is another one.
            return self._watched([session.reply(key, request, 200), *self._drop(session.dialog.remote_tag)])
        if self.over:
            return [session.reply(key, request, 481)]
        return self._watched(session.requested(request, key, now))

    def acknowledged(self, session: Session, ack: Request, now: float) -> list[Act]:
        """An ACK to our 2xx to a re-INVITE of theirs."""
        return self._watched(session.acknowledged(ack)[1])

    def cancelled(self, key: Key, cancel: Request, now: float) -> list[Act]:
        """A CANCEL for a re-INVITE of theirs."""
        return self._watched([act for session in self._all() for act in session.cancelled(key)])

    def responded(self, token: str, response: Response, now: float) -> list[Act]:
        """A response to the INVITE, or to a request in one of the dialogs."""
        if token != self.token:
            return self._watched([act for session in self._all() for act in session.responded(token, response, now)])
        if response.status < 200:
            return self._watched(self._progressed(response, now))
        if response.status < 300:
            return self._watched(self._accepted(response, now))
        return self._watched(self._refused(response, now))

    def deadline(self) -> float | None:
        """When `tick` is due."""
        times = [self.dialogs.deadline(), *[session.deadline() for session in self._all()]]
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: float) -> list[Act]:
        """End the early dialogs that lost, and do what is due in the others."""
        acts: list[Act] = []
        for dialog in self.dialogs.tick(now):
            acts += self._drop(dialog.remote_tag)
        for session in self._all():
            acts += session.tick(now)
        return self._watched(acts)

    # How.

    def _progressed(self, response: Response, now: float) -> list[Act]:
        if response.status == 100:
            return []
        try:
            arrival = self.provisionals.receive(response)
            if arrival in (Arrival.REPEATED, Arrival.EARLY):
                return []
            heard, dialog = self.dialogs.receive(response, now)
        except ParseError:
            return []  # what cannot be read opens no dialog; the final response decides
        acts: list[Act] = []
        if heard is Heard.GONE and dialog is not None:
            return [*self._drop(dialog.remote_tag), Tell(Progressed(self, response))]
        if dialog is not None:
            acts += self._early(dialog, response, arrival)
        return [*acts, Tell(Progressed(self, response))]

    def _early(self, dialog: Dialog, response: Response, arrival: Arrival) -> list[Act]:
        session, acts = self._session(dialog)
        session.peer_updates = session.peer_updates or allows(response, "UPDATE")
        if arrival is not Arrival.NEW or dialog.remote_tag in self._to_prack:
            # A second reliable one before the PRACK of a first with an offer breaks RFC 3262 §3: it gets none.
            return acts
        try:
            role = session.offers.receive(Carrier.RELIABLE, description=describes(response))
        except ProtocolError:
            role = Role.COPY
        if role is Role.OFFER:
            self._to_prack[dialog.remote_tag] = rack_of(response)
            return acts
        return [*acts, session.prack(rack_of(response))]

    def _accepted(self, response: Response, now: float) -> list[Act]:
        lost = False
        try:
            heard, dialog = self.dialogs.receive(response, now)
        except ParseError:
            # Its Record-Route cannot be read, but without an ACK it would come again and again: that and the BYE go
            # straight to its Contact.
            lost, response = True, _without_route(response)
            heard, dialog = self.dialogs.receive(response, now)
        if dialog is None or heard is Heard.AGAIN:
            return []  # the agent repeats the ACK, or the application owes it
        if heard is Heard.SECOND:
            return self._unwanted(dialog, response)
        if lost or self._hang_up is not None:
            cause = Release.LOST if self._hang_up is None else Release.HUNG_UP
            return [*self._unwanted(dialog, response), *self._release(cause, response)]
        return self._established(dialog, response, now)

    def _established(self, dialog: Dialog, response: Response, now: float) -> list[Act]:
        session, acts = self._session(dialog)
        self.session, self._final = session, True
        session.peer_updates = session.peer_updates or allows(response, "UPDATE")
        session.glare.answered("INVITE", 200, now, 0.0)
        session.timer.accepted(response, now)
        try:
            role = session.offers.receive(Carrier.INVITE_OK, description=describes(response))
        except ProtocolError:  # no answer, or no offer, where one is due: §13.2.2.4
            return [*acts, session.ack(self.token, response), *session.release(Release.LOST, response, bye=True)]
        told = Tell(Established(self, response))
        if role is Role.OFFER:
            session.holds_answer(self.token, response, now)
            return [*acts, told]
        return [*acts, session.ack(self.token, response), told]

    def _unwanted(self, dialog: Dialog, response: Response) -> list[Act]:
        """A second 2xx of a fork, or one that crossed our CANCEL: ACK and BYE (§13.2.2.4, §9.1)."""
        if self._forks >= _MOST_FORKS:
            return []
        self._forks += 1
        session, acts = self._session(dialog)
        del self.sessions[dialog.remote_tag]
        return [*acts, session.ack(self.token, response), *session.hang_up(self._hang_up or ())]

    def _refused(self, response: Response, now: float) -> list[Act]:
        if self._hang_up is None and response.status == 422 and self.timer.too_small(response):
            return self._again(now)
        return self._release(Release.REFUSED if self._hang_up is None else Release.HUNG_UP, response)

    def _again(self, now: float) -> list[Act]:
        """The INVITE with another session interval and the next CSeq number (RFC 4028 §7.3)."""
        refused = self.invite
        fresh = Request(refused.method, refused.uri, refused.headers.copy(), refused.body)
        for name, value in self.timer.request_fields():
            if name.lower() in ("session-expires", "min-se"):
                fresh.headers.replace(name.lower(), value)
        fresh.headers.replace("cseq", f"{fresh.cseq.number + 1} INVITE")
        self.token = self.context.ids.tag()
        return [*self.renewed(self.token, fresh, now), Ask(self.token, fresh, self.hop, self)]

    def _session(self, dialog: Dialog) -> tuple[Session, list[Act]]:
        """The session of a dialog, and the act that opens it when it is new."""
        session = self.sessions.get(dialog.remote_tag)
        if session is not None:
            session.dialog = dialog
            return session, []
        session = self.sessions[dialog.remote_tag] = Session(
            call=self,
            context=self.context,
            listener=self.listener,
            dialog=dialog,
            offers=attrs.evolve(self.offers),
            glare=Glare(owns_call_id=True, invite_sent=True),
            timer=attrs.evolve(self.timer),
        )
        session.says(self.invite)
        return session, [Open(session)]

    def _asked(self) -> Session:
        """An offer may come in an early dialog too (RFC 3311 §5.1)."""
        return next((session for session in self._all() if session.awaits_decision), None) or self._standing()

    def _all(self) -> tuple[Session, ...]:
        return tuple(self.sessions.values())

    def _drop(self, tag: str) -> list[Act]:
        session = self.sessions.pop(tag, None)
        return [] if session is None else session.end()

    def _release(self, cause: Release, response: Response) -> list[Act]:
        self.over = self._final = True
        acts = [act for tag in tuple(self.sessions) for act in self._drop(tag)]
        return [*acts, Tell(Released(self, cause, response))]


def _without_route(response: Response) -> Response:
    return Response(response.status, response.reason, response.headers.without(("record-route",)), response.body)


def _tagged(address: Address, tag: str) -> Address:
    return attrs.evolve(address, parameters=address.parameters.with_("tag", tag))
