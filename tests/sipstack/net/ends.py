"""Both ends of a wire on loopback: an endpoint that writes down what it is told, and the loops to run it on."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence

import attrs
import uvloop

from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.net import Driver, StreamSocket, Transport, UdpSocket, bind_tcp, bind_udp

PATIENCE = 20.0
"""Seconds after which what is waited for counts as never coming; a test that passes waits for none of them."""

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
HOSTS = ("127.0.0.1", "::1")

Story = Coroutine[object, object, None]


def play(loop: str, story: Story) -> None:
    """Runs a story to its end on that kind of loop; a callback that raised fails it."""
    faults: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(str(context)))
        await asyncio.wait_for(story, PATIENCE)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())
    assert not faults, faults


@attrs.define(eq=False)
class Recorder:
    """An endpoint that notes what it is told; `answer` may give bytes back to where a message came from."""

    answer: Callable[[bytes], bytes | None] = lambda _: None
    received: list[tuple[bytes, Flow]] = attrs.field(factory=list)
    failed: list[Flow] = attrs.field(factory=list)
    ticks: list[float] = attrs.field(factory=list)
    due: float | None = None
    changed: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def messages(self) -> list[bytes]:
        return [data for data, _ in self.received]

    def receive(self, data: bytes, flow: Flow, now: float) -> Sequence[object]:
        self.received.append((data, flow))
        self.changed.set()
        reply = self.answer(data)
        return [] if reply is None else [Send(flow, reply)]

    def transport_failed(self, flow: Flow, now: float) -> Sequence[object]:
        self.failed.append(flow)
        self.changed.set()
        return []

    def tick(self, now: float) -> Sequence[object]:
        self.ticks.append(now)
        self.due = None
        self.changed.set()
        return []

    def deadline(self) -> float | None:
        return self.due

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until it holds; it is looked at after each thing the endpoint is told."""
        while not holds():
            self.changed.clear()
            await self.changed.wait()


class Bell(Counter[str]):
    """Counters that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def __setitem__(self, name: str, value: int) -> None:
        super().__setitem__(name, value)
        self.changed.set()

    async def until(self, name: str, count: int = 1) -> None:
        while self[name] < count:
            self.changed.clear()
            await self.changed.wait()


@attrs.define(eq=False)
class End:
    """A driver over one transport, and its recorder."""

    transport: Transport
    recorder: Recorder
    driver: Driver
    counters: Bell

    def send(self, remote: tuple[str, int], data: bytes, otherwise: tuple[str, int] | None = None) -> Flow:
        flow = self.flow(remote)
        self.driver.send_all([Send(flow, data, None if otherwise is None else self.flow(otherwise))])
        return flow

    def flow(self, remote: tuple[str, int]) -> Flow:
        return Flow(self.transport.name, remote, getattr(self.transport, "transport", "UDP"))

    @property
    def stream(self) -> StreamSocket:
        assert isinstance(self.transport, StreamSocket)
        return self.transport

    @property
    def udp(self) -> UdpSocket:
        assert isinstance(self.transport, UdpSocket)
        return self.transport

    @property
    def address(self) -> tuple[str, int]:
        sock = self.transport.listener if isinstance(self.transport, StreamSocket) else self.udp.sock
        assert sock is not None
        host, port = sock.getsockname()[:2]
        return host, port


def everybody(_host: str, _port: int) -> bool:
    return True


def udp_end(host: str = "127.0.0.1", admits: Callable[[str, int], bool] = everybody, **recorder: object) -> End:
    bell = Bell()
    transport = UdpSocket("u", bind_udp(host, 0), admits, bell)
    return _ended(transport, bell, recorder)


def stream_end(
    host: str | None = "127.0.0.1",
    admits: Callable[[str, int], bool] = everybody,
    recorder: dict[str, object] | None = None,
    **settings: object,
) -> End:
    bell = Bell()
    listener = None if host is None else bind_tcp(host, 0)
    transport = StreamSocket("s", listener, admits, counters=bell, **settings)  # type: ignore[arg-type]
    return _ended(transport, bell, recorder or {})


def _ended(transport: Transport, bell: Bell, recorder: dict[str, object]) -> End:
    endpoint = Recorder(**recorder)  # type: ignore[arg-type]
    driver = Driver(endpoint, {transport.name: transport})
    return End(transport, endpoint, driver, bell)


class Ends:
    """Starts ends and stops them all when left."""

    def __init__(self, *ends: End) -> None:
        self.ends = ends

    async def __aenter__(self) -> tuple[End, ...]:
        for end in self.ends:
            end.driver.start()
        return self.ends

    async def __aexit__(self, *_: object) -> None:
        for end in self.ends:
            end.driver.stop()


def closed_port(host: str, kind: int) -> int:
    """A port of that address on which nobody listens."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def message(number: int = 1, body: bytes = b"", method: str = "OPTIONS", via: str = "SIP/2.0/TCP 127.0.0.1") -> bytes:
    """A request that can be told from its like."""
    head = (
        f"{method} sip:x@127.0.0.1 SIP/2.0\r\nVia: {via};branch=z9hG4bK{number}\r\nFrom: <sip:a@x>;tag=1\r\n"
        f"To: <sip:b@x>\r\nCall-ID: {number}\r\nCSeq: {number} {method}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def in_thread(act: Callable[[], object]) -> object:
    """Something that blocks, beside the loop."""
    return await asyncio.get_running_loop().run_in_executor(None, act)
