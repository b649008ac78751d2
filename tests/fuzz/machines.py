"""What must hold whatever peers, clocks and users do to the transaction layer and to a user agent.

An input is a script: steps with `MARK` between them, the first octet of each an order, the rest its argument. A
datagram may name what we last sent: `$VIA $FROM $TO $ID $CSEQ` stand for those headers of our last request, `$IVIA` and
`$ICSEQ` for those of our last INVITE, `$TAG` for the To tag of our last response and `$RSEQ` for its RSeq, so that
damage to a script still hits our dialogs.
"""

import abc
import ipaddress
import random
from collections.abc import Callable
from typing import Final

import attrs

from sipstack.agent import (
    Act,
    Binding,
    Call,
    Context,
    Established,
    Event,
    IncomingCall,
    Invited,
    Listener,
    Received,
    Released,
    Reoffered,
    Reply,
    Requested,
    UserAgent,
)
from sipstack.auth import Account, DigestClient, Secret
from sipstack.effects import Ended, Failed, Incoming, Key, Send
from sipstack.errors import ParseError, StateError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.locate import Locate, Located, Miss, Target
from sipstack.message import Request, Response, parse, parse_structure, response_to
from sipstack.message import request as build
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from tests.fuzz.reading import WIDE

MARK: Final = b"\n%%\n"
SDP: Final = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
FLOWS: Final = (
    Flow("u", ("192.0.2.1", 5060)),
    Flow("u", ("2001:db8::1", 40000)),
    Flow("t", ("192.0.2.1", 40001), "TCP"),
)
_PEERS: Final = frozenset(flow.remote[0] for flow in FLOWS)
_MOST_STEPS: Final = 40
_MOST_TICKS: Final = 5_000
_NAMED: Final = {
    b"$VIA": "via",
    b"$FROM": "from",
    b"$TO": "to",
    b"$ID": "call-id",
    b"$CSEQ": "cseq",
}
_NAMED_OF_INVITE: Final = {b"$IVIA": "via", b"$ICSEQ": "cseq"}


@attrs.define(eq=False)
class Wire:
    """What we have sent, and what a peer could know from it."""

    request: Request | None = None
    invite: Request | None = None
    response: Response | None = None
    sent: list[Request | Response] = attrs.field(factory=list)

    def note(self, send: Send, cause: bytes | None) -> None:
        """Whatever we send has one reading, all its lines, and its lines only; only to what is damaged may the answer
        be, since it repeats what came."""
        assert len(self.sent) < 20_000, "no end of messages"
        try:
            message = parse(send.data)
        except ParseError:
            assert cause is not None, send.data
            message = parse_structure(send.data, WIDE)
            assert isinstance(message, Response)
            assert message.status >= 400
            assert _is_damaged(cause), (send.data, cause)
        assert message.encode() == send.data
        assert b"\r" not in send.data.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"")
        self.sent.append(message)
        if isinstance(message, Request):
            self.request = message
            self.invite = message if message.method == "INVITE" else self.invite
        else:
            self.response = message
            address = send.flow.remote[0]
            assert address in _PEERS or ipaddress.ip_address(address).is_multicast, "a response to a third party"

    def filled(self, data: bytes) -> bytes:
        """The datagram with the names in it filled in."""
        if b"$" not in data:
            return data
        for request, names in ((self.request, _NAMED), (self.invite, _NAMED_OF_INVITE)):
            for name, key in names.items() if request is not None else ():
                value = request.headers.first(key) or ""
                data = data.replace(name, value.encode("utf-8", "surrogateescape"))
        if self.response is not None:
            to, rseq = self.response.headers.first("to") or "", self.response.headers.first("rseq") or ""
            tag = to.rpartition("tag=")[2]
            data = data.replace(b"$TAG", tag.encode("utf-8", "surrogateescape")).replace(b"$RSEQ", rseq.encode())
        return data


def _is_damaged(data: bytes) -> bool:
    try:
        parse(data)
    except ParseError:
        return True
    return False


def _number(argument: bytes, default: int, highest: int) -> int:
    text = argument.strip(b"\r\n ")[:6]
    return int(text) % (highest + 1) if text.isdigit() else default


class _Script(abc.ABC):
    """The steps of one input, given to what they are done to."""

    def __init__(self) -> None:
        self.now = 1.0
        self.wire = Wire()

    def run(self, data: bytes) -> None:
        orders: dict[bytes, Callable[[bytes], None]] = {
            b"r": lambda argument: self.receive(self.wire.filled(argument), FLOWS[0]),
            b"R": lambda argument: self.receive(self.wire.filled(argument), FLOWS[1]),
            b"s": lambda argument: self.receive(self.wire.filled(argument), FLOWS[2]),
            b"t": lambda argument: self.tick(),
            b"w": lambda argument: self.wait(_number(argument, 1, 4000)),
            b"f": lambda argument: self.fail(FLOWS[_number(argument, 0, 2)]),
            **self.orders(),
        }
        for step in data.split(MARK)[:_MOST_STEPS]:
            self.now += 0.01
            orders.get(step[:1], orders[b"r"])(step[1:])
        self.finish()

    @abc.abstractmethod
    def orders(self) -> dict[bytes, Callable[[bytes], None]]:
        """What can be ordered beside what every script can."""

    @abc.abstractmethod
    def receive(self, data: bytes, flow: Flow) -> None:
        """A datagram has come by the flow."""

    @abc.abstractmethod
    def fail(self, flow: Flow) -> None:
        """The transport says that the flow leads nowhere."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Nothing comes any more: in the end nothing is left."""

    @abc.abstractmethod
    def deadline(self) -> float | None:
        """When there is something to do."""

    @abc.abstractmethod
    def ticked(self) -> None:
        """It is time for it."""

    def tick(self) -> bool:
        """On to the next deadline; whether there was one."""
        due = self.deadline()
        if due is None:
            return False
        assert due >= self.now - 1.0, "a deadline that was passed over"
        self.now = max(self.now, due)
        self.ticked()
        after = self.deadline()
        assert after is None or after > self.now, "what was due is due still"
        return True

    def wait(self, seconds: int) -> None:
        end = self.now + seconds / 10
        for _ in range(_MOST_TICKS):
            due = self.deadline()
            if due is None or due > end:
                break
            self.tick()
        else:
            raise AssertionError("no end of deadlines")
        self.now = end


class Layer(_Script):
    """A transaction layer between peers and a user, who both do what they like."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = TransactionLayer(Timing(), Ids(random.Random(1).randbytes), limit=24)
        self.incoming: list[Incoming] = []
        self.ours: list[Key] = []
        self.live: set[Key] = set()
        self.serial = 0

    def orders(self) -> dict[bytes, Callable[[bytes], None]]:
        return {
            b"i": lambda argument: self.send("INVITE", argument),
            b"o": lambda argument: self.send("OPTIONS", argument),
            b"a": self.answer,
            b"c": self.cancel,
        }

    def receive(self, data: bytes, flow: Flow) -> None:
        self.take(self.layer.receive(data, flow, self.now), data)

    def fail(self, flow: Flow) -> None:
        self.take(self.layer.transport_failed(flow, self.now))

    def deadline(self) -> float | None:
        return self.layer.deadline()

    def ticked(self) -> None:
        self.take(self.layer.tick(self.now))

    def send(self, method: str, argument: bytes) -> None:
        self.serial += 1
        flow = FLOWS[_number(argument, 0, 2)]
        made = build(
            method,
            "sip:b@b.example",
            [
                ("Via", f"SIP/2.0/{flow.transport} 192.0.2.9;branch=z9hG4bK{self.serial}"),
                ("Max-Forwards", "70"),
                ("From", "<sip:a@a.example>;tag=ours"),
                ("To", "<sip:b@b.example>"),
                ("Call-ID", "ours"),
                ("CSeq", f"{self.serial} {method}"),
            ],
        )
        key, effects = self.layer.request(made, flow, self.now)
        self.ours.append(key)
        self.live.add(key)
        self.take(effects)

    def answer(self, argument: bytes) -> None:
        if self.incoming:
            last = self.incoming[-1]
            status = 100 + _number(argument, 100, 599)
            tag = None if status == 100 else last.to_tag
            assert last.key is not None
            response = response_to(last.request, status, to_tag=tag)
            self.take(self.layer.respond(last.key, response, self.now))

    def cancel(self, argument: bytes) -> None:
        if self.ours and self.ours[-1].startswith("client INVITE"):
            self.take(self.layer.cancel(self.ours[-1], self.now))

    def take(self, effects: list[object], cause: bytes | None = None) -> None:
        for effect in effects:
            match effect:
                case Send():
                    self.wire.note(effect, cause)
                case Incoming(key=None):
                    pass
                case Incoming(key=key):
                    assert key not in self.live
                    self.live.add(key)
                    self.incoming.append(effect)
                case Ended(key=key):
                    self.live.remove(key)
                case Failed(key=key):
                    assert key in self.live
        statistics = self.layer.statistics()
        assert len(self.layer) <= 24 + 6 + 2 * len(self.ours)
        assert statistics.deadlines <= 64 + 2 * len(self.layer) + len(effects)

    def finish(self) -> None:
        for incoming in self.incoming:
            assert incoming.key is not None
            self.take(self.layer.respond(incoming.key, response_to(incoming.request, 480), self.now))
        for _ in range(_MOST_TICKS):
            if not self.tick():
                break
        # An INVITE of ours that only ever got 1xx has no deadline: its user cancels it.
        for key in self.ours:
            if key in self.live and key.startswith("client INVITE"):
                self.take(self.layer.cancel(key, self.now))
        for _ in range(_MOST_TICKS):
            if not self.tick():
                break
        assert not self.live
        assert not len(self.layer)
        statistics = self.layer.statistics()
        assert (statistics.deadlines, statistics.flows, statistics.copies, statistics.merges) == (0, 0, 0, 0)


class Agent(_Script):
    """A user agent whose application answers, and is told by orders how."""

    def __init__(self) -> None:
        super().__init__()
        ids, dice = Ids(random.Random(1).randbytes), random.Random(2)
        self.manner = 0
        self.calls: list[Call] = []
        self.over: set[int] = set()
        self.wanted: list[Locate] = []
        self.agent = UserAgent(
            context=Context(ids=ids, dice=dice.random, session_interval=90),
            layer=TransactionLayer(Timing(), ids),
            listeners=(
                Listener(name="u", transport="UDP", host="192.0.2.9", port=5060, user="us"),
                Listener(name="t", transport="TCP", host="192.0.2.9", port=5060, user="us"),
            ),
            application=self.application,
            accounts=(Account("alice", Secret.of_password("wonder")),),
        )

    def application(self, event: Event, now: float) -> list[Act]:
        match event:
            case Invited(call=call):
                self.calls.append(call)
                return self.invited(call, now)
            case Established(call=call) if call.awaits_answer:
                return [] if self.manner == 4 else call.acknowledge(SDP)
            case Reoffered(call=call):
                return call.refuse_offer() if self.manner % 2 else call.accept(SDP, now)
            case Received(key=key):
                return [Reply(key, event.response(200))]
            case Requested(key=key):
                return [Reply(key, event.response(405))]
            case Released(call=call):
                assert id(call) not in self.over, "released twice"
                self.over.add(id(call))
        return []

    def invited(self, call: Call, now: float) -> list[Act]:
        assert isinstance(call, IncomingCall)
        match self.manner:
            case 0:
                return [*call.ring(now), *call.answer(SDP, now)]
            case 1:
                return call.ring(now)
            case 2:
                return call.refuse(486, now)
            case 3:
                return call.answer(SDP, now)
        return []

    def orders(self) -> dict[bytes, Callable[[bytes], None]]:
        return {
            b"p": self.behave,
            b"i": self.invite,
            b"o": self.options,
            b"g": self.register,
            b"l": lambda argument: self.locate(_number(argument, 0, 3)),
            b"h": lambda argument: self.act(lambda call: call.hang_up(self.now)),
            b"a": lambda argument: self.act(lambda call: call.answer(SDP, self.now)),
            b"q": lambda argument: self.act(lambda call: call.ring(self.now, 183, SDP, reliable=True)),
            b"d": lambda argument: self.act(lambda call: call.refuse(480, self.now)),
            b"n": lambda argument: self.act(lambda call: call.reoffer(SDP, self.now)),
            b"N": lambda argument: self.act(lambda call: call.reoffer(b"", self.now)),
            b"u": lambda argument: self.act(lambda call: call.reoffer(SDP, self.now, method="UPDATE")),
            b"m": lambda argument: self.act(lambda call: call.request("INFO")),
            b"k": lambda argument: self.act(lambda call: call.acknowledge(SDP)),
        }

    def receive(self, data: bytes, flow: Flow) -> None:
        self.take(self.agent.receive(data, flow, self.now), data)

    def fail(self, flow: Flow) -> None:
        self.take(self.agent.transport_failed(flow, self.now))

    def deadline(self) -> float | None:
        return self.agent.deadline()

    def ticked(self) -> None:
        self.take(self.agent.tick(self.now))

    def behave(self, argument: bytes) -> None:
        self.manner = _number(argument, 0, 4)

    def invite(self, argument: bytes) -> None:
        uri = ("sip:bob@192.0.2.1", "sip:bob@b.example", "sip:bob@192.0.2.1;transport=tcp")[_number(argument, 0, 2)]
        call, acts = self.agent.invite(uri, b"" if argument.endswith(b"-") else SDP, caller="<sip:us@192.0.2.9>")
        self.calls.append(call)
        self.take(self.agent.do(acts, self.now))

    def options(self, argument: bytes) -> None:
        ask = self.agent.request("OPTIONS", "sip:b.example", caller="<sip:us@192.0.2.9>")
        self.take(self.agent.do([ask], self.now))

    def register(self, argument: bytes) -> None:
        binding = Binding(registrar="sip:192.0.2.1", aor="sip:us@192.0.2.1", contact="sip:us@192.0.2.9")
        auth = DigestClient(self.agent.accounts, random.Random(3).randbytes)
        _, acts = self.agent.register(binding, self.now, auth)
        self.take(self.agent.do(acts, self.now))

    def locate(self, count: int) -> None:
        if self.wanted:
            found = [Target("UDP", f"192.0.2.{at + 1}", 5060, host="b.example") for at in range(count)]
            located = Located(self.wanted.pop(0).token, tuple(found), None if found else Miss.NOT_FOUND)
            self.take(self.agent.located(located, self.now))

    def act(self, what: Callable[..., list[Act]]) -> None:
        """The application's mistakes are told by StateError, and change nothing."""
        if not self.calls:
            return
        try:
            acts = what(self.calls[-1])
        except (StateError, AttributeError) as error:
            if isinstance(error, AttributeError) and error.obj is not self.calls[-1]:
                raise
            return
        self.take(self.agent.do(acts, self.now))

    def take(self, outputs: list[object], cause: bytes | None = None) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self.wire.note(output, cause)
            elif isinstance(output, Locate):
                self.wanted.append(output)
        assert len(self.agent) <= 4 * _MOST_STEPS

    def finish(self) -> None:
        """Nothing comes any more, and the application gives up: everything ends, and nothing is left."""
        self.manner = 2
        for _ in range(4):
            while self.wanted:
                self.locate(0)
            for call in self.calls:
                for end in (lambda call: call.refuse(480, self.now), lambda call: call.hang_up(self.now)):
                    try:
                        acts = end(call)
                    except (StateError, AttributeError):
                        continue
                    self.take(self.agent.do(acts, self.now))
            self.wait(2000)
        assert all(call.over for call in self.calls)
        assert not self.agent._sessions
        assert not self.agent._served


def layer(data: bytes) -> None:
    """A script for the transaction layer: see the module."""
    Layer().run(data)


def agent(data: bytes) -> None:
    """A script for a user agent: see the module."""
    Agent().run(data)
