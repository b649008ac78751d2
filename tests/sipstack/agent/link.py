"""Two user agents and the network between them, in virtual time and by seed."""

import heapq
import random
from collections.abc import Callable, Iterable

import attrs

from sipstack.agent import Abilities, Act, Context, Event, Listener, Released, UserAgent
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.locate import Locate, Located
from sipstack.message import Message, Request, parse
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
Script = Callable[[Event, float], Iterable[Act]]


def nothing(event: Event, now: float) -> Iterable[Act]:
    return ()


@attrs.define(eq=False)
class Peer:
    """One user agent, what it was told, and what it has sent."""

    name: str
    agent: UserAgent
    script: Script = nothing
    events: list[Event] = attrs.field(factory=list)
    sent: list[Message] = attrs.field(factory=list)
    heard: list[Message] = attrs.field(factory=list)

    def application(self, event: Event, now: float) -> Iterable[Act]:
        self.events.append(event)
        return self.script(event, now)

    def told(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def releases(self) -> list[str]:
        return [event.cause.value for event in self.told(Released)]

    def requests(self, method: str) -> list[Request]:
        """Those it has received."""
        return [message for message in self.heard if isinstance(message, Request) and message.method == method]


@attrs.define(eq=False)
class Link:
    """The network: delay 10 ms, and loss, copies and reordering where a test asks for them."""

    seed: int = 1
    loss: float = 0.0
    copies: float = 0.0
    jitter: float = 0.0
    now: float = 0.0
    peers: dict[str, Peer] = attrs.field(factory=dict)
    drop: Callable[[Message], bool] = lambda message: False
    deaf: set[str] = attrs.field(factory=set)
    """Names of peers to whom nothing gets through."""
    names: dict[str, tuple] = attrs.field(factory=dict)
    """What a `Locate` finds, by host."""
    _queue: list = attrs.field(factory=list)
    _serial: int = 0
    dice: random.Random = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def peer(self, name: str, transports: tuple[str, ...] = ("UDP",), **options: object) -> Peer:
        address = f"127.0.0.{len(self.peers) + 1}"
        timing = options.pop("timing", Timing())
        accounts = options.pop("accounts", ())
        abilities = options.pop("abilities", Abilities())
        randbytes = random.Random(f"{self.seed} {name}").randbytes
        ids = Ids(randbytes)
        context = Context(ids=ids, dice=self.dice.random, timing=timing, abilities=abilities, **options)
        listeners = tuple(
            Listener(name=f"{name} {kind}", transport=kind, host=address, port=5060, user=name) for kind in transports
        )
        agent = UserAgent(
            context=context,
            layer=TransactionLayer(timing, ids),
            listeners=listeners,
            application=lambda event, now: peer.application(event, now),  # noqa: PLW0108 - bound below
            accounts=accounts,
        )
        peer = self.peers[address] = Peer(name, agent)
        return peer

    def uri(self, peer: Peer, rest: str = "") -> str:
        listener = peer.agent.listeners[0]
        transport = "" if listener.transport == "UDP" else f";transport={listener.transport.lower()}"
        return f"sip:{peer.name}@{listener.host}{transport}{rest}"

    def do(self, peer: Peer, acts: Iterable[Act]) -> None:
        self.perform(peer, peer.agent.do(acts, self.now))

    def perform(self, peer: Peer, outputs: Iterable[object]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self._send(peer, output)
            elif isinstance(output, Locate):
                targets = self.names.get(getattr(output.wanted, "host", ""), ())
                self._later(0.005, self._locate, peer, Located(output.token, targets))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            times = [due for peer in self.peers.values() if (due := peer.agent.deadline()) is not None]
            if self._queue:
                times.append(self._queue[0][0])
            at = min(times, default=end)
            if at > end:
                break
            if at == end and not times:
                break
            assert at >= self.now - 1e-9, "a deadline in the past"
            self.now = max(self.now, at)
            while self._queue and self._queue[0][0] <= self.now:
                _, _, action, arguments = heapq.heappop(self._queue)
                action(*arguments)
            for peer in self.peers.values():
                due = peer.agent.deadline()
                if due is not None and due <= self.now:
                    self.perform(peer, peer.agent.tick(self.now))
        self.now = end

    def settle(self) -> None:
        """Let everything that is on its way, or lingers, come to its end."""
        self.run(200.0)

    def _send(self, peer: Peer, send: Send) -> None:
        message = parse(send.data)
        peer.sent.append(message)
        if self.drop(message) or self.dice.random() < self.loss:
            return
        for _ in range(2 if self.dice.random() < self.copies else 1):
            self._later(0.01 + self.dice.random() * self.jitter, self._arrive, peer, send, message)

    def _arrive(self, sender: Peer, send: Send, message: Message) -> None:
        receiver = self.peers.get(send.flow.remote[0])
        own = next(listener for listener in sender.agent.listeners if listener.name == send.flow.socket)
        if receiver is None:
            self.perform(sender, sender.agent.transport_failed(send.flow, self.now))
            return
        theirs = next((one for one in receiver.agent.listeners if one.transport == own.transport), None)
        if theirs is None:
            self.perform(sender, sender.agent.transport_failed(send.flow, self.now))
            return
        if receiver.name in self.deaf:
            return
        receiver.heard.append(message)
        flow = Flow(theirs.name, (own.host, own.port), own.transport)
        self.perform(receiver, receiver.agent.receive(send.data, flow, self.now))

    def _locate(self, peer: Peer, located: Located) -> None:
        self.perform(peer, peer.agent.located(located, self.now))

    def _later(self, seconds: float, action: Callable[..., None], *arguments: object) -> None:
        self._serial += 1
        heapq.heappush(self._queue, (self.now + seconds, self._serial, action, arguments))
