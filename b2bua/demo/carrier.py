"""A carrier: a small user agent of RFC 3261 that places calls and answers them, and remembers what it saw.

It knows nothing of the gateway but where to reach it. Sans-IO like everything under it, and an `Endpoint` for the
driver. A called one rings and answers at once; the one who called hangs up as soon as it has its answer. Repetitions
are those of the transactions, the 2xx and its ACK among them; what still has no answer after 64*T1 is not followed up,
for the story about it is long over.
"""

import attrs

from b2bua.demo.story import Fields
from sipstack.dialog import Dialog, SentAcks, UnackedAnswer
from sipstack.effects import Answered, Cancelled, Effect, Incoming, Key, Send
from sipstack.errors import ProtocolError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request, Response, request, response_to
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

_METHODS = "INVITE, ACK, CANCEL, BYE, OPTIONS"
_SDP = ("Content-Type", "application/sdp")


@attrs.define(eq=False, kw_only=True)
class Placed:
    """A call that the carrier placed."""

    invite: Request
    began: float
    statuses: list[int] = attrs.field(factory=list)
    """Of all responses to the INVITE, repeated ones too."""
    final: Response | None = None
    final_at: float | None = None
    dialog: Dialog | None = None
    acks: SentAcks = attrs.field(factory=SentAcks)
    hung_up: int | None = None
    """The status that its BYE got."""

    @property
    def is_over(self) -> bool:
        """Whether it was refused, or answered and hung up."""
        return self.final is not None and (self.dialog is None or self.hung_up is not None)


@attrs.define(eq=False, kw_only=True)
class Taken:
    """A call that came in and was answered."""

    invite: Request
    began: float
    key: Key
    dialog: Dialog
    answer: UnackedAnswer
    is_acked: bool = False
    is_over: bool = False
    """Whether the other side has hung up."""


@attrs.define(eq=False, kw_only=True)
class Carrier:
    """One operator's switch, busy with one call at a time."""

    name: str
    shown: str
    """`host:port` for Via and Contact."""
    gateway: Flow
    """Where its calls go."""
    ids: Ids = attrs.field(repr=False)
    timing: Timing = attrs.field(factory=Timing)
    layer: TransactionLayer = attrs.field(init=False, repr=False)
    placed: Placed | None = attrs.field(default=None, init=False)
    taken: Taken | None = attrs.field(default=None, init=False)
    heard: list[bytes] = attrs.field(factory=list, init=False, repr=False)
    """Every datagram since `forget`, but for the answers to `probe`."""
    probes: int = attrs.field(default=0, init=False)
    """How many answers to `probe` have come since `forget`."""

    @layer.default
    def _new_layer(self) -> TransactionLayer:
        return TransactionLayer(self.timing, self.ids)

    # What the play wants.

    def forget(self) -> None:
        """Clears what was seen; transactions that still absorb repetitions go on."""
        self.placed = self.taken = None
        self.heard.clear()
        self.probes = 0

    def place(self, uri: str, telling: Fields, now: float) -> list[Effect]:
        """Calls `uri`; the first of `telling` is From, without a tag."""
        (_, caller), *others = telling
        fields = self._opening("INVITE", uri, caller, (*others, _SDP))
        invite = request("INVITE", uri, fields, self.session)
        self.placed = Placed(invite=invite, began=now)
        return self._send(invite, now)

    def probe(self, now: float) -> list[Effect]:
        """Asks the gateway for a sign of life: whatever it sent here before comes before its answer."""
        uri = f"sip:{self.gateway.remote[0]}:{self.gateway.remote[1]}"
        return self._send(request("OPTIONS", uri, self._opening("OPTIONS", uri, f"<sip:{self.shown}>", ())), now)

    @property
    def session(self) -> bytes:
        """The SDP it offers and answers: of no use to anybody, since nobody speaks."""
        host = self.shown.rpartition(":")[0]
        lines = ("v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", "m=audio 40000 RTP/AVP 8")
        return "".join(f"{line}\r\n" for line in lines).encode()

    # Inputs.

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Effect]:
        """One datagram."""
        effects = self.layer.receive(data, flow, now)
        if not any(isinstance(effect, Answered) and effect.response.cseq.method == "OPTIONS" for effect in effects):
            self.heard.append(data)
        return [out for effect in effects for out in self._take(effect, now)]

    def transport_failed(self, flow: Flow, now: float) -> list[Effect]:
        """The daemon cannot be reached: what was asked of it has failed."""
        return [out for effect in self.layer.transport_failed(flow, now) for out in self._take(effect, now)]

    def tick(self, now: float) -> list[Effect]:
        """Repeats what is due."""
        effects = self.layer.tick(now)
        taken = self.taken
        wire = None if taken is None else taken.answer.tick(now)
        if taken is not None and wire is not None:
            effects += self.layer.repeat(taken.key, wire, now)
        return [effect for effect in effects if isinstance(effect, Send)]

    def deadline(self) -> float | None:
        """When `tick` is due."""
        waits = (self.layer.deadline(), None if self.taken is None else self.taken.answer.deadline())
        return min((at for at in waits if at is not None), default=None)

    # What came in.

    def _take(self, effect: Effect, now: float) -> list[Effect]:
        match effect:
            case Send():
                return [effect]
            case Answered():
                return self._answered(effect.response, now)
            case Incoming(key=None):
                self._acknowledged(effect.request)
            case Incoming(key=key) if key is not None:
                return self._asked(effect.request, key, now)
            case Cancelled() if self.taken is not None:
                return self._respond(effect.key, self.taken.invite, 487, now)
        return []

    def _answered(self, response: Response, now: float) -> list[Effect]:
        if response.cseq.method == "OPTIONS":
            self.probes += 1
        placed = self.placed
        if placed is None or response.call_id != placed.invite.call_id:
            return []
        if response.cseq.method == "BYE":
            placed.hung_up = response.status
        elif response.cseq.method == "INVITE":
            placed.statuses.append(response.status)
            if response.status >= 200:
                return self._settled(placed, response, now)
        return []

    def _settled(self, placed: Placed, response: Response, now: float) -> list[Effect]:
        """The final response: an answer is ACKed and the call hung up; the ACK to a refusal is the transaction's."""
        repeated = placed.acks.repeat(response)
        if repeated is not None:
            return [Send(self.gateway, repeated)]
        placed.final, placed.final_at = response, now
        if response.status >= 300:
            return []
        placed.dialog = Dialog.as_caller(placed.invite, response)
        ack = placed.dialog.ack(response.cseq.number, via=self._via()).encode()
        placed.acks.remember(response, ack)
        return [Send(self.gateway, ack), *self._send(placed.dialog.request("BYE", via=self._via()), now)]

    def _acknowledged(self, ack: Request) -> None:
        taken = self._call_of(ack)
        if taken is not None:
            taken.answer.acknowledged()
            taken.is_acked = True

    def _asked(self, asked: Request, key: Key, now: float) -> list[Effect]:
        taken = self._call_of(asked)
        if asked.method == "INVITE" and asked.to.tag is None:
            return self._ring(asked, key, now)
        if asked.method == "OPTIONS" and asked.to.tag is None:
            return self._respond(key, asked, 200, now)
        if asked.method != "BYE" or taken is None:
            return self._respond(key, asked, 481 if asked.to.tag else 405, now)
        try:
            taken.dialog.receive(asked)
        except ProtocolError as error:
            return self._respond(key, asked, error.status, now)
        taken.is_over = True
        return self._respond(key, asked, 200, now)

    def _ring(self, invite: Request, key: Key, now: float) -> list[Effect]:
        """180 and at once 200; an INVITE that no dialog can be made of gets its 400."""
        tag = self.ids.tag()
        try:
            dialog = Dialog.as_callee(invite, tag)
        except ProtocolError as error:
            return self._respond(key, invite, error.status, now)
        here = ("Contact", f"<sip:{self.shown}>")
        ringing = response_to(invite, 180, to_tag=tag, headers=(here,))
        answer = response_to(invite, 200, to_tag=tag, headers=(here, _SDP), body=self.session)
        waiting = UnackedAnswer(answer.encode(), self.timing, now)
        self.taken = Taken(invite=invite, began=now, key=key, dialog=dialog, answer=waiting)
        dialog.confirm(answer)
        return [*self.layer.respond(key, ringing, now), *self.layer.repeat(key, waiting.wire, now)]

    def _call_of(self, message: Request) -> Taken | None:
        taken = self.taken
        mine = taken is not None and (message.call_id, message.to.tag) == taken.dialog.id[:2]
        return taken if mine else None

    # What goes out.

    def _opening(self, method: str, uri: str, caller: str, others: Fields) -> Fields:
        """The fields of a request that stands in no dialog yet."""
        return (
            ("Via", self._via()),
            ("Max-Forwards", "70"),
            ("From", f"{caller};tag={self.ids.tag()}"),
            ("To", f"<{uri}>"),
            ("Call-ID", self.ids.call_id()),
            ("CSeq", f"1 {method}"),
            ("Contact", f"<sip:{self.shown}>"),
            ("Allow", _METHODS),
            *others,
        )

    def _via(self) -> str:
        return f"SIP/2.0/UDP {self.shown};branch={self.ids.branch()};rport"

    def _send(self, ours: Request, now: float) -> list[Effect]:
        _, effects = self.layer.request(ours, self.gateway, now)
        return effects

    def _respond(self, key: Key, asked: Request, status: int, now: float) -> list[Effect]:
        allow = (("Allow", _METHODS),) if status in (200, 405) and asked.method != "BYE" else ()
        return self.layer.respond(key, response_to(asked, status, to_tag=self.ids.tag(), headers=allow), now)
