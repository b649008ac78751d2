"""Two sides made of these machines, joined by a link that loses, repeats and reorders, in virtual time.

A side repeats its requests until a final response comes and remembers its own responses: as much of the transactions
as the machines need. Everything it decides, it decides by asking the machines.
"""

import heapq
import itertools
import random

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sipstack.dialog import (
    Arrival,
    Carrier,
    Dialog,
    Due,
    EarlyDialogs,
    Glare,
    Heard,
    IntervalTooSmall,
    Offers,
    Provisionals,
    ReliableProvisionals,
    Role,
    SentAcks,
    SessionTimer,
    UnackedAnswer,
    rack,
)
from sipstack.errors import ProtocolError, StateError
from sipstack.message import Request, parse, response_to
from sipstack.message import request as build
from sipstack.timing import Timing

TIMING = Timing()
FOREVER = 20_000.0
OFFERED = {"INVITE": Carrier.INVITE, "UPDATE": Carrier.UPDATE, "PRACK": Carrier.PRACK}
ACCEPTED = {"INVITE": Carrier.INVITE_OK, "UPDATE": Carrier.UPDATE_OK, "PRACK": Carrier.PRACK_OK}


class Link:
    """Carries bytes from side to side; the dice say how badly."""

    def __init__(self, seed, loss):
        self.dice = random.Random(seed)
        self.loss = loss
        self.now = 0.0
        self.serial = itertools.count()
        self.flying = []

    def send(self, to, wire):
        for _ in range(2 if self.dice.random() < 0.1 else 1):
            if self.dice.random() >= self.loss:
                at = self.now + self.dice.uniform(0.01, 0.7)
                heapq.heappush(self.flying, (at, next(self.serial), to, wire))


@attrs.define(eq=False)
class Sent:
    """A request of ours without a final response."""

    request: Request
    repeat_at: float
    give_up_at: float
    pause: float = 0.5


class Side:
    """One user agent. `pending` holds what its user has not answered."""

    def __init__(self, link, name, timer):
        self.link, self.name, self.timer = link, name, timer
        self.peer = None
        self.dialog = self.early = self.called = None
        self.offers, self.glare = Offers(), Glare(owns_call_id=name == "a")
        self.provisionals, self.acks = Provisionals(), SentAcks()
        self.unacked, self.sent, self.replies, self.pending = {}, {}, {}, {}
        self.over = self.said_bye = False
        self.numbers, self.offer, self.offered_to_us = [], None, None
        self.accepted, self.got_acks, self.serial = [], [], itertools.count()

    # Bodies: an offer has a name, and its answer repeats it.

    def body(self, carrier, wanted=True):
        """A body fit for that message, or none, and the role it plays told to `Offers`."""
        role = self.offers.our_role(carrier)
        wanted = role is not Role.NOTHING and (wanted or role is Role.ANSWER) and role is not Role.COPY
        self.offers.send(carrier, description=wanted)
        if not wanted:
            return b""
        if role is Role.OFFER:
            self.offer = f"{self.name}{next(self.serial)}".encode()
            return self.offer
        return b"answer " + self.offered_to_us

    def hear(self, carrier, body):
        role = self.offers.receive(carrier, description=bool(body))
        if role is Role.OFFER:
            self.offered_to_us = body
        elif role is Role.ANSWER:
            assert body == b"answer " + self.offer, "the answer is to the offer we made"
        return role

    # What its user does.

    def call(self, offer):
        self.glare.send("INVITE")
        fields = [
            ("Via", self.via()),
            ("From", "<sip:a@a>;tag=a"),
            ("To", "<sip:b@b>"),
            ("Call-ID", "c"),
            ("CSeq", "1 INVITE"),
            ("Contact", "<sip:a@192.0.2.1>"),
            ("Supported", "100rel"),
            *self.timer.request_fields(),
        ]
        invite = build("INVITE", "sip:b@192.0.2.2", fields, self.body(Carrier.INVITE, offer))
        self.early = EarlyDialogs(invite=invite, timing=TIMING)
        self.track(invite)

    def ring(self, reliable, describe):
        invite = next((r for r in self.pending.values() if r.method == "INVITE" and not r.to.tag), None)
        if invite is None or (reliable and not self.called.may_send):
            return
        carrier = Carrier.RELIABLE if reliable else Carrier.UNRELIABLE
        role = self.offers.our_role(carrier)
        if reliable and self.offers.exchange.value == "offer due":
            describe = True
        body = self.body(carrier, describe and role is not Role.COPY)
        fields = [("Contact", "<sip:b@192.0.2.2>"), *(self.called.fields() if reliable else [])]
        wire = response_to(invite, 183, to_tag="b", headers=fields, body=body).encode()
        if reliable:
            self.called.send(wire, self.link.now, description=bool(body))
        self.link.send(self.peer, wire)

    def ask(self, method, offer):
        if self.dialog is None or self.over or not self.dialog.confirmed or not self.glare.may_send(method):
            return False
        if method == "INVITE" and self.offers.carrier is not None:
            return False
        carrier = OFFERED.get(method)
        offer = offer and carrier is not None and self.offers.our_role(carrier) is Role.OFFER
        try:
            body = self.body(carrier, offer) if carrier else b""
        except StateError:
            assert method == "INVITE"
            return False
        self.glare.send(method)
        refresh = self.timer.request_fields() if method in ("INVITE", "UPDATE") else []
        self.request(method, refresh, body)
        return True

    def request(self, method, fields=(), body=b""):
        contact = f"<sip:{self.name}@192.0.2.1>" if method in ("INVITE", "UPDATE") else None
        self.track(self.dialog.request(method, via=self.via(), contact=contact, headers=fields, body=body))

    def answer(self, status):
        """Answers the oldest pending request, if it may be answered."""
        for key, request in list(self.pending.items()):
            if status < 300 and request.method == "INVITE" and not request.to.tag and not self.called.may_answer:
                continue
            del self.pending[key]
            if status >= 300:
                self.refuse(request, status)
            else:
                self.accept(request)
            return

    def accept(self, request):
        body = self.body(ACCEPTED[request.method])
        fields = [("Contact", f"<sip:{self.name}@192.0.2.1>"), *self.timer.accept(request, self.link.now)]
        response = self.reply(request, 200, fields, body)
        self.glare.reply(request.method, 200)
        self.dialog.refresh_by(request)
        if request.method == "INVITE":
            if not request.to.tag:
                self.called.stop()
                self.dialog.confirm(response)
            self.unacked[request.cseq.number] = UnackedAnswer(response.encode(), TIMING, self.link.now)
            self.accepted.append(request.cseq.number)

    def refuse(self, request, status):
        self.offers.refuse(OFFERED[request.method])
        self.glare.reply(request.method, status)
        self.reply(request, status)
        if request.method == "INVITE" and not request.to.tag:
            self.called.stop()
            self.end()

    def hang_up(self):
        if self.dialog is None or self.over or not self.dialog.confirmed or (self.unacked and self.name == "b"):
            return
        self.said_bye = True
        self.request("BYE")
        self.end()

    def end(self):
        self.over = True
        self.timer.stop()
        self.glare.stop()
        for request in self.pending.values():
            self.reply(request, 487)
        self.pending.clear()

    # The wire.

    def via(self):
        return f"SIP/2.0/UDP {self.name};branch=z9hG4bK{self.name}{next(self.serial)}"

    def track(self, request):
        self.numbers.append(request.cseq.number)
        now = self.link.now
        self.sent[request.cseq.number] = Sent(request, now + 0.5, now + (200.0 if request.method == "INVITE" else 32.0))
        self.link.send(self.peer, request.encode())

    def reply(self, request, status, fields=(), body=b""):
        response = response_to(request, status, to_tag="b", headers=fields, body=body)
        self.replies[request.cseq.number] = response.encode()
        self.link.send(self.peer, response.encode())
        return response

    def receive(self, wire):
        message = parse(wire)
        if not isinstance(message, Request):
            self.answered(message)
        elif message.method == "ACK":
            self.acknowledged(message)
        elif message.cseq.number in self.replies:
            if message.cseq.number not in self.unacked:
                self.link.send(self.peer, self.replies[message.cseq.number])
        elif message.cseq.number not in self.pending:
            self.requested(message)

    def acknowledged(self, ack):
        unacked = self.unacked.pop(ack.cseq.number, None)
        if unacked is not None:
            unacked.acknowledged()
            self.got_acks.append(ack.cseq.number)
            self.glare.acknowledged()
            self.hear(Carrier.ACK, ack.body)

    def requested(self, request):
        if self.dialog is None:
            if request.method == "INVITE":
                self.invited(request)
            return
        if self.over:
            self.reply(request, 200 if request.method == "BYE" else 481)
            return
        try:
            self.dialog.receive(request)
            self.serve(request)
        except IntervalTooSmall as error:
            self.reply(request, error.status, error.fields)
        except ProtocolError as error:
            self.reply(request, error.status)

    def invited(self, invite):
        try:
            self.timer.judge(invite)
        except IntervalTooSmall as error:
            self.reply(invite, 422, error.fields)
            return
        self.dialog = Dialog.as_callee(invite, "b")
        self.called = ReliableProvisionals(timing=TIMING, invite_cseq=invite.cseq.number, rseq=4711)
        self.glare.receive("INVITE")
        self.hear(Carrier.INVITE, invite.body)
        self.pending[invite.cseq.number] = invite

    def serve(self, request):
        method = request.method
        if method == "BYE":
            self.reply(request, 200)
            self.end()
        elif method == "PRACK":
            self.called.acknowledge(request)
            self.hear(Carrier.PRACK, request.body)
            self.reply(request, 200, (), self.body(Carrier.PRACK_OK))
        elif method in ("INVITE", "UPDATE"):
            self.timer.judge(request)
            self.glare.receive(method)
            try:
                self.hear(OFFERED[method], request.body)
            except ProtocolError as error:
                self.glare.reply(method, error.status)
                raise
            self.pending[request.cseq.number] = request
        else:
            self.reply(request, 200)

    def answered(self, response):
        number, method, status = response.cseq.number, response.cseq.method, response.status
        again = self.acks.repeat(response)
        if again is not None:
            self.link.send(self.peer, again)
            return
        sent = self.sent.get(number)
        if sent is None:
            return
        if status < 200:
            self.progress(response)
            return
        del self.sent[number]
        if self.early is not None and number == self.early.invite.cseq.number and method == "INVITE":
            self.opened(sent.request, response)
        else:
            self.reanswered(sent.request, response)

    def progress(self, response):
        arrival = self.provisionals.receive(response)
        if arrival in (Arrival.REPEATED, Arrival.EARLY):
            return
        heard, dialog = self.early.receive(response, self.link.now)
        assert heard is Heard.EARLY
        self.dialog = dialog
        self.hear(Carrier.RELIABLE if arrival is Arrival.NEW else Carrier.UNRELIABLE, response.body)
        if arrival is Arrival.NEW:
            self.request("PRACK", [("RAck", rack(response))], self.body(Carrier.PRACK, wanted=False))

    def opened(self, invite, response):
        """The final response to the INVITE that opens the call."""
        now, status = self.link.now, response.status
        if status == 422 and self.timer.too_small(response):
            self.glare.answered("INVITE", 422, now, 0.5)
            self.offers.refused(Carrier.INVITE)
            fields = [(name, value) for name, value in invite.headers if name not in ("session-expires", "min-se")]
            names = ("supported", "cseq", "via", "content-length")
            fields = [(name, value) for name, value in fields if name not in names]
            number = invite.cseq.number + 1
            self.glare.send("INVITE")
            body = self.body(Carrier.INVITE, bool(invite.body))
            head = [("Via", self.via()), ("CSeq", f"{number} INVITE"), ("Supported", "100rel")]
            again = build("INVITE", invite.uri, [*head, *fields, *self.timer.request_fields()], body)
            self.early = EarlyDialogs(invite=again, timing=TIMING)
            self.track(again)
            return
        heard, dialog = self.early.receive(response, now)
        self.glare.answered("INVITE", status, now, self.link.dice.random())
        if heard is Heard.FAILED:
            self.offers.refused(Carrier.INVITE)
            self.end()
            return
        assert heard is Heard.CONFIRMED
        self.dialog = dialog
        self.timer.accepted(response, now)
        self.confirm(response)

    def confirm(self, response):
        self.hear(Carrier.INVITE_OK, response.body)
        body = self.body(Carrier.ACK)
        wire = self.dialog.ack(response.cseq.number, via=self.via(), body=body).encode()
        self.acks.remember(response, wire)
        self.link.send(self.peer, wire)

    def reanswered(self, request, response):
        method, status, now = request.method, response.status, self.link.now
        if self.over:
            if method == "INVITE" and status < 300:
                wire = self.dialog.ack(response.cseq.number, via=self.via()).encode()
                self.acks.remember(response, wire)
                self.link.send(self.peer, wire)
            return
        self.glare.answered(method, status, now, self.link.dice.random())
        if status >= 300:
            if method in OFFERED:
                self.offers.refused(OFFERED[method])
            if self.timer.refresh_failed(status, now):
                self.said_bye = True
                self.request("BYE")
                self.end()
            return
        if method in ("INVITE", "UPDATE"):
            self.dialog.refresh_by(response)
            self.timer.accepted(response, now)
        if method == "INVITE":
            self.confirm(response)
        elif method in OFFERED:
            self.hear(ACCEPTED[method], response.body)

    # The clock.

    def machines(self):
        return [m for m in (self.timer, self.glare, self.called, self.early, *self.unacked.values()) if m is not None]

    def deadline(self):
        times = [machine.deadline() for machine in self.machines()]
        times += [sent.repeat_at for sent in self.sent.values()]
        return min((at for at in times if at is not None), default=None)

    def tick(self, now):
        for sent in list(self.sent.values()):
            self.repeat(sent, now)
        for number, unacked in list(self.unacked.items()):
            wire = unacked.tick(now)
            if wire is not None:
                self.link.send(self.peer, wire)
            if unacked.given_up:
                del self.unacked[number]
                self.glare.acknowledged()
                self.hang_up_for_good()
        if self.called is not None:
            wire = self.called.tick(now)
            if wire is not None:
                self.link.send(self.peer, wire)
            if self.called.given_up and not self.over:
                self.answer(500)
        if self.early is not None:
            self.early.tick(now)
        if self.glare.tick(now):
            self.ask("INVITE", True)
        due = self.timer.tick(now)
        if due is Due.EXPIRE:
            self.hang_up_for_good()
        elif due is Due.REFRESH and not self.ask("UPDATE", False):
            self.timer.put_off(now)

    def hang_up_for_good(self):
        if not self.over:
            self.said_bye = True
            self.request("BYE")
            self.end()

    def repeat(self, sent, now):
        number = sent.request.cseq.number
        if now >= sent.give_up_at:
            del self.sent[number]
            if self.dialog is None or not self.dialog.confirmed:
                self.end()
            else:
                self.reanswered(sent.request, response_to(sent.request, 408, to_tag="b"))
        elif now >= sent.repeat_at:
            self.link.send(self.peer, sent.request.encode())
            sent.pause = min(2 * sent.pause, 4.0)
            sent.repeat_at = now + sent.pause


class TwoSides(RuleBasedStateMachine):
    @initialize(
        link=st.builds(Link, st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.3])),
        intervals=st.tuples(*[st.sampled_from([None, 90, 100, 1800])] * 2),
        least=st.tuples(*[st.sampled_from([90, 120, 2000])] * 2),
        offer=st.booleans(),
        answered=st.sampled_from([True, True, False]),
    )
    def start(self, link, intervals, least, offer, answered):
        self.link = link
        self.sides = [
            Side(self.link, name, SessionTimer(interval=interval, min_se=shortest))
            for name, interval, shortest in zip("ab", intervals, least, strict=True)
        ]
        self.a, self.b = self.sides
        self.a.peer, self.b.peer = self.b, self.a
        self.a.call(offer)
        while answered and not self.a.over and not (self.a.dialog is not None and self.a.dialog.confirmed):
            self.run(self.link.now + 1.0)
            self.b.answer(200)

    def run(self, until):
        """Every delivery and every deadline in its order, until then."""
        for _ in range(20_000):
            at, act = self.next()
            if at is None or at > until:
                self.link.now = max(self.link.now, min(until, FOREVER))
                return
            self.link.now = max(self.link.now, at)
            act()
            self.laws()
        raise AssertionError("no end of it")

    def next(self):
        due = [(side.deadline(), 1, side) for side in self.sides if side.deadline() is not None]
        first = min(due, key=lambda entry: entry[0], default=None)
        if self.link.flying and (first is None or self.link.flying[0][0] <= first[0]):
            at, _, to, wire = self.link.flying[0]

            def deliver():
                heapq.heappop(self.link.flying)
                to.receive(wire)

            return at, deliver
        if first is None:
            return None, None
        return first[0], lambda: first[2].tick(self.link.now)

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 5.0, 40.0, 1000.0]))
    def wait(self, seconds):
        self.run(self.link.now + seconds)

    @precondition(lambda self: not (self.b.dialog is not None and self.b.dialog.confirmed))
    @rule(reliable=st.booleans(), describe=st.booleans())
    def ring(self, reliable, describe):
        if not self.b.over:
            self.b.ring(reliable, describe)

    @precondition(lambda self: self.b.dialog is not None and self.b.dialog.confirmed)
    @rule(side=st.sampled_from([0, 1]), method=st.sampled_from(["INVITE", "UPDATE", "INFO"]), offer=st.booleans())
    def ask(self, side, method, offer):
        self.sides[side].ask(method, offer)

    @rule(side=st.sampled_from([0, 1]), status=st.sampled_from([200, 200, 200, 488]))
    def answer(self, side, status):
        self.sides[side].answer(status)

    @precondition(lambda self: self.b.dialog is not None and self.b.dialog.confirmed)
    @rule(
        methods=st.tuples(*[st.sampled_from(["INVITE", "UPDATE"])] * 2), offers=st.tuples(st.booleans(), st.booleans())
    )
    def both_ask_at_once(self, methods, offers):
        for side, method, offer in zip(self.sides, methods, offers, strict=True):
            side.ask(method, offer)

    @rule(side=st.sampled_from([0, 1]), sure=st.sampled_from([False, False, False, True]))
    def hang_up(self, side, sure):
        if sure:
            self.sides[side].hang_up()

    @invariant()
    def laws(self):
        if not hasattr(self, "sides"):
            return
        for side in self.sides:
            assert all(before < after for before, after in itertools.pairwise(side.numbers)), "CSeq grows"
            assert not (side.glare.invite_sent and side.glare.invite_received), "one INVITE at a time"
            if side.over:
                assert side.timer.deadline() is None
                assert side.glare.deadline() is None
        a, b = self.sides
        quiet = not (self.link.flying or a.sent or b.sent or a.pending or b.pending or a.unacked or b.unacked)
        if quiet and not a.over and not b.over and b.dialog is not None and b.dialog.confirmed:
            assert a.timer.agreed == b.timer.agreed, "both know the interval"
            assert a.timer.agreed is None or a.timer.we_refresh is not b.timer.we_refresh, "one refreshes"
            assert a.offers.carrier is b.offers.carrier is None, "no offer is open"
            assert a.offers.agreed
            assert b.offers.agreed

    def teardown(self):
        if not hasattr(self, "sides"):
            return
        self.run(self.link.now + 10.0)
        for _ in range(8):
            for side in self.sides:
                side.answer(200)
            self.run(self.link.now + 40.0)
        self.a.hang_up()
        self.run(self.link.now + 300.0)
        self.run(FOREVER)
        for side in self.sides:
            assert side.deadline() is None, f"{side.name} has a deadline after the end"
            for number in side.accepted:
                assert number in side.got_acks or side.said_bye or side.peer.said_bye, "a 2xx without ACK or BYE"
        assert self.a.over, "the caller's side has ended"
        assert self.b.over or self.b.dialog is None, "so has the other"


TestTwoSides = TwoSides.TestCase
