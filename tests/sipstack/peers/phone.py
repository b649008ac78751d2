"""Our side: a user agent of `sipstack` with sockets of its own, which does what the test says, when it says so.

It runs on a loop in a thread. Its application only writes down the events; every act is the test's, so that each step
of a call can wait for what the peer shows.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import attrs

from sipstack import Request, Response, parse
from sipstack.agent import Act, Call, Event, IncomingCall, OutgoingCall
from sipstack.agent.enrolment import Enrolment
from sipstack.agent.registration import Binding
from sipstack.auth import Account, DigestClient
from sipstack.effects import Send
from sipstack.net import Certificate, Clients, Inbox, Station, Tls, Transport, open_station
from tests.peers.waiting import until
from tests.sipstack.peers.certificates import Identity
from tests.sipstack.peers.process import HOST, PATIENCE, free_pairs

T = TypeVar("T")
E = TypeVar("E")


def sdp(version: int = 1, direction: str = "sendrecv") -> bytes:
    """A session of one voice that nobody will hear: the port is the discard service's."""
    lines = ("v=0", f"o=- 7 {version} IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0", "m=audio 9 RTP/AVP 0 8")
    return "\r\n".join((*lines, f"a={direction}", "")).encode()


@attrs.define(eq=False)
class Phone:
    """One user agent on UDP, TCP (the same port) and TLS (the next)."""

    port: int
    tls: Tls
    events: deque[Event] = attrs.field(factory=deque, init=False)
    told: list[Event] = attrs.field(factory=list, init=False)
    """All of them, for a test that fails."""
    sent: list[tuple[str, bytes]] = attrs.field(factory=list, init=False)
    """Transport and bytes of every message that left."""
    faults: list[str] = attrs.field(factory=list, init=False)
    station: Station = attrs.field(init=False)
    _loop: asyncio.AbstractEventLoop = attrs.field(factory=asyncio.new_event_loop, init=False)
    _thread: threading.Thread = attrs.field(init=False)

    @classmethod
    def start(cls, authority: Path, identity: Identity, clients: Clients, accounts: tuple[Account, ...]) -> "Phone":
        """It can be called when this returns."""
        certificate = Certificate(str(identity.certificate), str(identity.key))
        (port,) = free_pairs(1)
        phone = cls(port, Tls.load([certificate], str(authority), clients))
        phone._thread = threading.Thread(target=phone._run, name="phone", daemon=True)
        phone._thread.start()
        phone._on_loop(lambda: phone._open(accounts))
        return phone

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._fault)
        self._loop.run_forever()
        self._loop.close()

    def _fault(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self.faults.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _open(self, accounts: tuple[Account, ...]) -> None:
        addresses = (f"udp:{HOST}:{self.port}", f"tcp:{HOST}:{self.port}", f"tls:{HOST}:{self.port + 1}")
        self.station = open_station(self._application, addresses, tls=self.tls, accounts=accounts, user="phone")
        driver = self.station.driver
        driver.transports = {name: _Tapped(transport, self.sent) for name, transport in driver.transports.items()}

    def _application(self, event: Event, _now: float) -> Iterable[Act]:
        self.told.append(event)
        self.events.append(event)
        return ()

    def _on_loop(self, do: Callable[[], T]) -> T:
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(do())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(PATIENCE)

    def uri(self, transport: str) -> str:
        """Where it is called over that transport."""
        return f"sip:phone@{HOST}:{self.port + (transport == 'tls')};transport={transport}"

    def do(self, acts: Callable[[float], Iterable[Act]]) -> None:
        """Does what that gives for the present moment."""
        self._on_loop(lambda: self.station.act(acts(self._loop.time())))

    def dial(
        self,
        uri: str,
        *,
        body: bytes = sdp(),
        caller: str = "<sip:phone@peers.test>",
        proxy: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> OutgoingCall:
        """Calls."""

        def place() -> OutgoingCall:
            call, acts = self.station.agent.invite(uri, body, caller=caller, proxy=proxy, headers=headers)
            self.station.act(acts)
            return call

        return self._on_loop(place)

    def register(self, binding: Binding, auth: DigestClient) -> Enrolment:
        """Registers, and keeps doing so."""

        def begin() -> Enrolment:
            enrolment, acts = self.station.agent.register(binding, self._loop.time(), auth)
            self.station.act(acts)
            return enrolment

        return self._on_loop(begin)

    def rings(self, call: IncomingCall) -> None:
        """180."""
        self.do(call.ring)

    def answers(self, call: IncomingCall) -> None:
        """200 with a session."""
        self.do(lambda now: call.answer(sdp(), now))

    def accepts(self, call: Call, direction: str = "sendrecv") -> None:
        """200 to a re-INVITE."""
        self.do(lambda now: call.accept(sdp(2, direction), now))

    def asks_again(self, call: Call, direction: str = "sendonly") -> None:
        """A re-INVITE."""
        self.do(lambda now: call.reoffer(sdp(2, direction), now))

    def hangs_up(self, call: Call) -> None:
        """BYE, CANCEL or a refusal, as the call's stage has it."""
        self.do(call.hang_up)

    def tells(self, kind: type[E]) -> E:
        """Waits for the next event of that kind; those before it are passed over."""

        def seen() -> E | None:
            assert not self.faults, self.faults
            while self.events:
                event = self.events.popleft()
                if isinstance(event, kind):
                    return event
            return None

        return until(seen, f"the phone tells {kind.__name__}; told: {self.told}", PATIENCE)

    def said(self, transport: str, start: str) -> list[bytes]:
        """The messages with that start that left over that transport; sent again, one counts once."""
        sent = [data for used, data in self.sent if used == transport.upper() and data.startswith(start.encode())]
        return list(dict.fromkeys(sent))

    @property
    def ladder(self) -> list[str]:
        """What it sent and was told, for a test that fails."""
        sent = [f"{transport} {data.decode(errors='backslashreplace')}" for transport, data in self.sent]
        return [*(repr(event)[:200] for event in self.told), *sent, *self.faults]

    def close(self) -> None:
        """Calls that stand are left to the peers' own deaths."""
        try:
            self._on_loop(self.station.stop)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE)
        assert not self.faults, self.faults
        counted = self._numbers()
        assert all(numbers == sorted(set(numbers)) for numbers in counted.values()), counted

    def _numbers(self) -> dict[tuple[str, str | None], list[int]]:
        """The CSeq numbers of its requests in each dialog, ACK and CANCEL aside: each is higher (§12.2.1.1).

        Not every peer minds.
        """
        numbers: dict[tuple[str, str | None], list[int]] = {}
        sent = [parse(wire) for _, wire in self.sent if not wire.startswith((b"SIP/", b"ACK ", b"CANCEL "))]
        # One that is sent again, be it over another transport (§18.1.1), keeps its branch.
        for request in {request.via.branch: request for request in sent}.values():
            numbers.setdefault((request.call_id, request.from_.tag), []).append(request.cseq.number)
        return numbers


@attrs.define(eq=False)
class _Tapped:
    """A transport whose sends are written down."""

    inner: Transport
    sent: list[tuple[str, bytes]]
    name: str = attrs.field(init=False)
    counters: Counter[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.name, self.counters = self.inner.name, self.inner.counters

    def send(self, send: Send) -> None:
        self.sent.append((send.flow.transport, send.data))
        self.inner.send(send)

    def start(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        self.inner.start(loop, inbox)

    def poll(self) -> None:
        self.inner.poll()

    def stop(self) -> None:
        self.inner.stop()


def status_of(message: Request | Response | None) -> int | None:
    """Of a response; None for what is none."""
    return message.status if isinstance(message, Response) else None
