"""One dialog of a call: all that happens in it, from either side, besides the INVITE that opened it.

Re-INVITE and UPDATE with their offers, glare and back-off (RFC 3261 §14, RFC 3311), PRACK (RFC 3262), session timers
(RFC 4028), 2xx repeated until its ACK (§13.3.1.4), BYE (§15), and every other method, which the application answers.
The rules are in the machines of `sipstack.dialog`; here they meet.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import attrs

from sipstack.agent.acts import Acknowledge, Act, Ask, Close, Repeat, Reply, Tell
from sipstack.agent.content import checked, describes, fields_of
from sipstack.agent.context import Context
from sipstack.agent.events import Reanswered, Received, Release, Released, Reoffered, Responded
from sipstack.agent.listener import Listener
from sipstack.dialog import (
    Carrier,
    Dialog,
    Due,
    Glare,
    IntervalTooSmall,
    Offers,
    ReliableProvisionals,
    RetryLater,
    Role,
    SessionTimer,
    UnackedAnswer,
    retry_after,
)
from sipstack.effects import Key
from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.message import Message, Request, Response, response_to

if TYPE_CHECKING:
    from sipstack.agent.call import Call

Fields = Iterable[tuple[str, str]]

GONE: Final = (408, 481)
"""Finals that end the dialog they come in (§12.2.1.2)."""
_ACCEPTS: Final = {"INVITE": Carrier.INVITE_OK, "UPDATE": Carrier.UPDATE_OK, "PRACK": Carrier.PRACK_OK}
_REFRESHES: Final = ("INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER")
"""Requests that bear a Contact (§12.2: target refresh; RFC 6665 §4.4.1)."""
_OF_ITS_OWN: Final = ("INVITE", "UPDATE", "PRACK", "BYE", "ACK", "CANCEL")
"""Requests that change what the session knows: each has a method of its own."""
_MOST_TRIES: Final = 4
"""How often a re-INVITE or UPDATE goes out again after 491, for a peer that says nothing else."""
_LATEST_ACK: Final = 60
"""Times T1: after 64 the other side gives its 2xx up, and our ACK must have its time to arrive."""
_MOST_UNACKED: Final = 2
"""2xx that may wait for their ACK at once (RFC 5407 §3.1.4); each is sent eleven times to a peer that sends none."""


@attrs.define(eq=False)
class _Unacked:
    """A 2xx of ours that waits for its ACK."""

    key: Key
    answer: UnackedAnswer


@attrs.define(eq=False, kw_only=True)
class _Reoffer:
    """A re-INVITE or UPDATE of ours, to be tried again after a 491 or 422."""

    method: str
    body: bytes
    headers: tuple[tuple[str, str], ...]
    tries: int = 0
    refusal: Response | None = None
    """The last response to it, for the application if there is no further try."""


@attrs.define(eq=False, repr=False, kw_only=True)
class Session:
    """The INVITE usage of one dialog. Its steps return acts; `deadline()` says when `tick` is due."""

    call: "Call"
    context: Context
    listener: Listener
    dialog: Dialog
    offers: Offers
    glare: Glare
    timer: SessionTimer
    reliable: ReliableProvisionals | None = None
    """Our provisional responses, while we are the called side."""
    peer_updates: bool = False
    """Whether the other side allows UPDATE."""
    over: bool = False
    description: tuple[bytes, str] = (b"", "")
    """Our last session description that was not refused, with its type: what a refresh by re-INVITE repeats (RFC 4028
    §7.4)."""
    _offered: _Reoffer | None = None
    """Our re-INVITE or UPDATE that is under way, or got 491 and is to be tried again."""
    _sent: dict[str, Request] = attrs.field(factory=dict)
    """Requests of ours without a final response, by token."""
    _taken: dict[Key, Request] = attrs.field(factory=dict)
    """Re-INVITEs and UPDATEs of theirs that the application has not answered."""
    _unacked: dict[int, _Unacked] = attrs.field(factory=dict)
    """2xx of ours to INVITE, by CSeq number."""
    _late: tuple[str, Response, float] | None = None
    """The 2xx with an offer whose ACK waits for the application's answer, and until when."""

    @property
    def awaits_answer(self) -> bool:
        """Whether a 2xx with the offer waits for `acknowledge`."""
        return self._late is not None

    @property
    def awaits_decision(self) -> bool:
        """Whether an offer of theirs waits for `accept` or `refuse`."""
        return bool(self._taken)

    # What the application does.

    def reoffer(self, method: str, body: bytes, headers: Fields = ()) -> list[Act]:
        """Send a re-INVITE or an UPDATE; raises StateError when another is under way (§14.1, RFC 3311 §5.1)."""
        if method not in ("INVITE", "UPDATE"):
            raise StateError(f"{method} offers no session")
        return self._reoffer(_Reoffer(method=method, body=body, headers=checked(headers)))

    def request(self, method: str, headers: Fields = (), body: bytes = b"", content_type: str = "") -> list[Act]:
        """Send any other request in the dialog: INFO, MESSAGE, REFER, NOTIFY, OPTIONS ..."""
        if method in _OF_ITS_OWN:
            raise StateError(f"{method} is not sent by `request`")
        return [self._ask(method, checked(headers), body, content_type)]

    def accept(self, body: bytes, now: float, headers: Fields = ()) -> list[Act]:
        """Answer their re-INVITE or UPDATE 200; raises StateError when there is none."""
        key, request = self._first_taken()
        fields = checked(headers)
        self.offers.send(_ACCEPTS[request.method], description=bool(body))
        del self._taken[key]
        return self._accept(key, request, body, now, fields)

    def refuse(self, status: int, headers: Fields = ()) -> list[Act]:
        """Refuse their re-INVITE or UPDATE; the session stays as it is."""
        key, request = self._first_taken()
        if not 300 <= status <= 699:
            raise StateError(f"{status} refuses nothing")
        fields = checked(headers)
        del self._taken[key]
        self.glare.reply(request.method, status)
        self.offers.refuse(Carrier(request.method))
        return [self.reply(key, request, status, fields)]

    def acknowledge(self, body: bytes) -> list[Act]:
        """Send the ACK, with the answer, to a 2xx that had the offer; raises StateError when none waits."""
        if self._late is None:
            raise StateError("no 2xx waits for an answer")
        token, answer, _ = self._late
        self.offers.send(Carrier.ACK, description=bool(body))
        self._late = None
        return [self.ack(token, answer, body)]

    def hang_up(self, headers: Fields = ()) -> list[Act]:
        """Send BYE, after the ACK that is due, and forget the dialog."""
        if self.over:
            return []
        fields = checked(headers)
        return [*self._settle(), self._ask("BYE", fields, b""), *self.end()]

    # What the other side does.

    def requested(self, request: Request, key: Key, now: float) -> list[Act]:
        """A request in the dialog, other than ACK."""
        try:
            self.dialog.receive(request)
            return self._serve(request, key, now)
        except IntervalTooSmall as error:
            return [self.reply(key, request, error.status, error.fields)]
        except RetryLater as error:
            pause = str(retry_after(self.context.dice()))
            return [self.reply(key, request, error.status, (("Retry-After", pause),))]
        except (ProtocolError, ParseError) as error:
            return [self.reply(key, request, error.status, reason=error.reason)]

    def acknowledged(self, ack: Request) -> tuple[bool, list[Act]]:
        """An ACK: whether it is the first for a 2xx of ours, and what follows from what it holds."""
        unacked = self._unacked.pop(ack.cseq.number, None)
        if unacked is None:
            return False, []
        unacked.answer.acknowledged()
        self.glare.acknowledged()
        try:
            self.offers.receive(Carrier.ACK, description=describes(ack))
        except ProtocolError:  # it lacks the answer: nothing can be refused any more (§13.2.2.4)
            return True, self.release(Release.LOST, ack, bye=True)
        return True, []

    def responded(self, token: str, response: Response, now: float) -> list[Act]:
        """A response to a request of ours in the dialog."""
        request = self._sent.get(token)
        if request is None or response.status < 200:
            return []
        del self._sent[token]
        if self.over:
            # The session ended while a re-INVITE was under way: its 2xx wants an ACK all the same.
            accepted = request.method == "INVITE" and response.status < 300
            return [self.ack(token, response)] if accepted else []
        if request.method in ("INVITE", "UPDATE"):
            return self._reanswered(token, request, response, now)
        if request.method == "PRACK":
            return self._pracked(response)
        if self._is_gone(response):
            return self.release(Release.LOST, response, bye=True)
        return [Tell(Responded(self.call, response))]

    def cancelled(self, key: Key) -> list[Act]:
        """Their CANCEL for a re-INVITE."""
        request = self._taken.pop(key, None)
        if request is None:
            return []
        self.glare.reply("INVITE", 487)
        self.offers.refuse(Carrier.INVITE)
        return [self.reply(key, request, 487)]

    # What the clock does.

    def deadline(self) -> float | None:
        """When `tick` is due."""
        times = [self.glare.deadline(), self.timer.deadline(), None if self._late is None else self._late[2]]
        times += [unacked.answer.deadline() for unacked in self._unacked.values()]
        if self.reliable is not None:
            times.append(self.reliable.deadline())
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: float) -> list[Act]:
        """Do what is due."""
        acts: list[Act] = []
        for number, unacked in tuple(self._unacked.items()):
            wire = unacked.answer.tick(now)
            if wire is not None:
                acts.append(Repeat(unacked.key, wire))
            if unacked.answer.given_up:
                del self._unacked[number]
                self.glare.acknowledged()
                return acts + self.release(Release.NO_ACK, None, bye=True)
        if self._late is not None and now >= self._late[2]:
            return acts + self.release(Release.LOST, self._late[1], bye=True)
        if self.glare.tick(now):
            acts += self._try_again(now)
        return acts + self._tick_timer(now)

    # What calls use while the dialog opens.

    def answered(self, reply: Reply, cseq: int, now: float) -> None:
        """Our 2xx to an INVITE goes out: it is repeated until its ACK comes."""
        wire = reply.response.encode()
        self._unacked[cseq] = _Unacked(reply.key, UnackedAnswer(wire, self.context.timing, now))
        self.says(reply.response)

    def says(self, message: Message) -> None:
        """Remember the session description of a message of ours that stands."""
        if describes(message):
            self.description = message.body, message.headers.first("content-type") or ""

    def reply(
        self,
        key: Key,
        request: Request,
        status: int,
        headers: Fields = (),
        body: bytes = b"",
        *,
        reason: str | None = None,
    ) -> Reply:
        """A response in the dialog, with our tag."""
        fields = fields_of(body, headers)
        return Reply(key, response_to(request, status, reason, to_tag=self.dialog.local_tag, headers=fields, body=body))

    def ack(self, token: str, answer: Response, body: bytes = b"") -> Acknowledge:
        """The ACK to a 2xx of the INVITE `token`."""
        via = self.listener.via(self.context.ids.branch())
        request = self.dialog.ack(answer.cseq.number, via=via, headers=fields_of(body), body=body)
        self.says(request)
        return Acknowledge(token, answer, request, self.dialog.next_hop)

    def prack(self, rack: str, body: bytes = b"") -> Act:
        """The PRACK to a reliable provisional response (RFC 3262 §4)."""
        self.offers.send(Carrier.PRACK, description=bool(body))
        ask = self._ask("PRACK", (("RAck", rack),), body)
        self.says(ask.request)
        return ask

    def holds_answer(self, token: str, answer: Response, now: float) -> None:
        """A 2xx with the offer has come: its ACK waits for `acknowledge`, as long as the other side waits for it."""
        self._late = token, answer, now + _LATEST_ACK * self.context.timing.t1

    def release(self, cause: Release, message: Message | None, *, bye: bool = False) -> list[Act]:
        """The call ends with this dialog."""
        if self.over:
            return []
        acts = self.hang_up() if bye else self.end()
        return [*acts, Tell(Released(self.call, cause, message))]

    def end(self) -> list[Act]:
        """Nothing more happens in this dialog; what they wait for is refused, what we owe an ACK gets one."""
        self.over = True
        self.timer.stop()
        self.glare.stop()
        if self.reliable is not None:
            self.reliable.stop()
        acts = self._settle()
        acts += [self.reply(key, request, 487) for key, request in self._taken.items()]
        self._taken.clear()
        self._unacked.clear()
        return [*acts, Close(self.dialog)]

    def _settle(self) -> list[Act]:
        """The ACK to a 2xx with an offer that nobody has answered: without it the 2xx would be repeated."""
        if self._late is None:
            return []
        (token, answer, _), self._late = self._late, None
        return [self.ack(token, answer)]

    # The rest.

    def _serve(self, request: Request, key: Key, now: float) -> list[Act]:
        match request.method:
            case "BYE":
                return [self.reply(key, request, 200), *self.release(Release.BYE, request)]
            case "INVITE" | "UPDATE":
                return self._reoffered(request, key, now)
            case "PRACK":
                return self._acknowledged_by_prack(request, key)
            case "OPTIONS":
                abilities = self.context.abilities
                told = [*abilities.allow, *abilities.accept, *abilities.supported]
                return [self.reply(key, request, 200, told)]
            case _:
                return [Tell(Received(self.call, request, key))]

    def _reoffered(self, request: Request, key: Key, now: float) -> list[Act]:
        method = request.method
        self.timer.judge(request)
        if method == "INVITE" and len(self._unacked) >= _MOST_UNACKED:
            raise RetryLater("Overlapping INVITE")
        self.glare.receive(method)
        try:
            self.offers.receive(Carrier(method), description=describes(request))
        except ProtocolError as error:
            self.glare.reply(method, error.status)
            raise
        if method == "UPDATE" and not describes(request):
            return self._accept(key, request, b"", now)  # a refresh: nothing to decide (RFC 4028 §7.4)
        self._taken[key] = request
        return [Tell(Reoffered(self.call, request))]

    def _accept(self, key: Key, request: Request, body: bytes, now: float, headers: Fields = ()) -> list[Act]:
        if request.method == "PRACK":
            prack = self.reply(key, request, 200, headers, body)
            self.says(prack.response)
            return [prack]
        self.dialog.refresh_by(request)
        self.glare.reply(request.method, 200)
        fields = [*self.own_fields(), *self.timer.accept(request, now), *headers]
        reply = self.reply(key, request, 200, fields, body)
        if request.method == "INVITE":
            self.answered(reply, request.cseq.number, now)
        self.says(reply.response)
        return [reply]

    def own_fields(self) -> list[tuple[str, str]]:
        """What each 2xx to a target refresh says of us: Contact, Allow, Supported (§13.3.1.4, §20.5)."""
        abilities = self.context.abilities
        return [self.contact, *abilities.allow, *abilities.supported]

    @property
    def contact(self) -> tuple[str, str]:
        """Our Contact header; a sips one where the dialog asks for it (§12.1.1)."""
        return "Contact", self.listener.contact(secure=self.dialog.secure)

    def _acknowledged_by_prack(self, prack: Request, key: Key) -> list[Act]:
        if self.reliable is None:
            return [self.reply(key, prack, 481)]
        self.reliable.acknowledge(prack)
        role = self.offers.receive(Carrier.PRACK, description=describes(prack))
        if role is Role.OFFER:
            self._taken[key] = prack
            return [Tell(Reoffered(self.call, prack))]
        return [self.reply(key, prack, 200)]

    def _reoffer(self, offered: _Reoffer) -> list[Act]:
        method, body = offered.method, offered.body
        if not self.glare.may_send(method):
            raise StateError(f"{method} while another is under way")
        self.offers.send(Carrier(method), description=bool(body))
        self.glare.send(method)
        self._offered = offered
        return [self._ask(method, [*self.timer.request_fields(), *offered.headers], body)]

    def _reanswered(self, token: str, request: Request, response: Response, now: float) -> list[Act]:
        method, status = request.method, response.status
        self.glare.answered(method, status, now, self.context.dice())
        if status < 300:
            return self._reoffer_taken(token, request, response, now)
        if request.body or method == "INVITE":
            self.offers.refused(Carrier(method))
        offered = self._offered if self._offered is not None and self._offered.method == method else None
        if offered is not None:
            offered.refusal = response
            if status == 422 and self.timer.too_small(response):
                return self._reoffer_or_tell(offered, now)
            offered.tries += 1
            if status == 491 and offered.tries < _MOST_TRIES:
                return []
            self._offered = None
            self.glare.stop()
        if self._is_gone(response):
            return self.release(Release.LOST, response, bye=True)
        self.timer.put_off(now)
        return [Tell(Reanswered(self.call, response))]

    def _reoffer_or_tell(self, offered: _Reoffer, now: float) -> list[Act]:
        """Send it again, or where that may not be done, tell the application why it was refused."""
        try:
            return self._reoffer(offered)
        except StateError:  # theirs has come in the meantime, and one offer at a time is the rule
            self._offered = None
            self.timer.put_off(now)
            return [] if offered.refusal is None else [Tell(Reanswered(self.call, offered.refusal))]

    def _is_gone(self, response: Response) -> bool:
        """Whether the dialog has ended by this; before the ACK it may only not have reached the other side yet."""
        return response.status in GONE and self.dialog.confirmed and not self._unacked

    def _reoffer_taken(self, token: str, request: Request, response: Response, now: float) -> list[Act]:
        if self._offered is not None and self._offered.method == request.method:
            self._offered = None
        self.says(request)
        self.dialog.refresh_by(response)
        self.timer.accepted(response, now)
        told = Tell(Reanswered(self.call, response))
        try:
            role = self.offers.receive(_ACCEPTS[request.method], description=describes(response))
        except ProtocolError:
            if not self.dialog.confirmed:
                return [told]  # about a call that only rings its INVITE's final response decides
            acts: list[Act] = [self.ack(token, response)] if request.method == "INVITE" else []
            return acts + self.release(Release.LOST, response, bye=True)
        if request.method != "INVITE":
            return [told] if request.body else []
        if role is Role.OFFER:
            self.holds_answer(token, response, now)
            return [told]
        return [self.ack(token, response), told]

    def _pracked(self, response: Response) -> list[Act]:
        """Whatever becomes of the PRACK, the INVITE's own final response decides about the call."""
        try:
            if response.status < 300:
                self.offers.receive(Carrier.PRACK_OK, description=describes(response))
            else:
                self.offers.refused(Carrier.PRACK)
        except ProtocolError:
            self.offers.refused(Carrier.PRACK)
        return []

    def _try_again(self, now: float) -> list[Act]:
        """The pause after a 491 is over (§14.1)."""
        offered = self._offered
        if offered is None:
            return []
        if not self.glare.may_send(offered.method):
            self.glare.wait(now, self.context.dice())  # one of theirs is under way
            return []
        return self._reoffer_or_tell(offered, now)

    def _tick_timer(self, now: float) -> list[Act]:
        due = self.timer.tick(now)
        if not self.dialog.confirmed:
            return []  # an UPDATE has set it already, but what only rings is no session (RFC 4028 §7.2)
        match due:
            case Due.EXPIRE:
                return self.release(Release.EXPIRED, None, bye=True)
            case Due.REFRESH:
                return self._refresh(now)
            case _:
                return []

    def _refresh(self, now: float) -> list[Act]:
        """RFC 4028 §7.4 prefers UPDATE without an offer; a re-INVITE says again what was said."""
        if self._offered is not None:  # one of the application's is to go first, and refreshes as well
            self.timer.put_off(now)
            return []
        try:
            if self.peer_updates:
                return self.reoffer("UPDATE", b"")
            body, kind = self.description
            return self.reoffer("INVITE", body, [("Content-Type", kind)] if body else ())
        except StateError:  # something else is under way
            self.timer.put_off(now)
            return []

    def _ask(self, method: str, headers: Fields, body: bytes, content_type: str = "") -> Ask:
        via = self.listener.via(self.context.ids.branch())
        contact = self.contact[1] if method in _REFRESHES else None
        fields = fields_of(body, headers, content_type)
        if method in ("INVITE", "UPDATE"):
            fields += self.context.abilities.allow
        request = self.dialog.request(method, via=via, contact=contact, headers=fields, body=body)
        token = self.context.ids.tag()
        self._sent[token] = request
        return Ask(token, request, self.dialog.next_hop, self.call, dialog=self.dialog)

    def _first_taken(self) -> tuple[Key, Request]:
        for key, request in self._taken.items():
            return key, request
        raise StateError("nothing waits for an answer")

    def __repr__(self) -> str:
        return f"<Session {self.dialog!r}{' over' if self.over else ''}>"
