"""The sockets to engines, over loopback, with engines that the test plays."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import orjson
import pytest

from b2bua.config import Endpoint, Engine, Rtpengine
from b2bua.media.asking import Engines
from b2bua.media.ng import Command, Reply

PATIENCE = 10.0
OFFER = Command(verb="offer", call="c1", from_tag="a", sdp=b"v=0\r\n")


@attrs.define(eq=False)
class Playing:
    """An engine whose words are the test's."""

    host: str = "127.0.0.1"
    port: int = 0
    sock: socket.socket = attrs.field(init=False)
    heard: asyncio.Queue[tuple[str, dict[str, object], tuple[str, int]]] = attrs.field(
        factory=asyncio.Queue, init=False
    )
    """Commands that are no pings: cookie, dictionary, source."""
    answers_pings: bool = True
    _seen: set[str] = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((self.host, self.port))
        self.port = self.sock.getsockname()[1]
        asyncio.get_running_loop().add_reader(self.sock, self._readable)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.host, self.port)

    def _readable(self) -> None:
        data, source = self.sock.recvfrom(65_536)
        cookie, _, text = data.partition(b" ")
        plain = orjson.loads(text)
        if plain["command"] != "ping":
            self.heard.put_nowait((cookie.decode(), plain, source))
        elif self.answers_pings:
            self.sock.sendto(cookie + b' {"result": "pong"}', source)

    async def next(self) -> tuple[str, dict[str, object], tuple[str, int]]:
        """The next command that is none of those before, sent again."""
        while True:
            heard = await self.heard.get()
            if heard[0] not in self._seen:
                self._seen.add(heard[0])
                return heard

    def say(self, cookie: str, to: tuple[str, int], **plain: object) -> None:
        self.sock.sendto(cookie.encode() + b" " + orjson.dumps({"result": "ok", "sdp": "v=0 moved"} | plain), to)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.sock)
        self.sock.close()


@attrs.define
class Desk:
    engines: Engines
    alarms: asyncio.Queue[str]
    replies: asyncio.Queue[Reply] = attrs.field(factory=asyncio.Queue)

    def ask(self, command: Command = OFFER) -> None:
        self.engines.ask(command, self.replies.put_nowait)


@asynccontextmanager
async def desk(*engines: Playing | Endpoint, patience: float = 4.0, ping: float = 3_600.0) -> AsyncIterator[Desk]:
    places = [one if isinstance(one, Endpoint) else one.endpoint for one in engines]
    config = Rtpengine(
        engine=tuple(Engine(address=place) for place in places), timeout_seconds=patience, ping_seconds=ping
    )
    alarms: asyncio.Queue[str] = asyncio.Queue()
    asking = Engines.of(config, alarms.put_nowait)
    asking.start()
    try:
        async with asyncio.timeout(PATIENCE):
            yield Desk(asking, alarms)
    finally:
        asking.stop()
        for one in engines:
            if isinstance(one, Playing):
                one.close()


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_command_crosses_and_its_answer_comes_back(host: str) -> None:
    async def story() -> None:
        engine = Playing(host)
        async with desk(engine) as ours:
            ours.ask()
            cookie, plain, source = await engine.next()
            assert (plain["command"], plain["call-id"], plain["sdp"]) == ("offer", "c1", "v=0\r\n")
            engine.say(cookie, source)
            assert await ours.replies.get() == Reply(engine=str(engine.endpoint), sdp=b"v=0 moved")

    run(story)


def test_nobody_is_told_within_the_question() -> None:
    async def story() -> None:
        async with desk(Playing()) as ours:
            ours.ask(Command(verb="answer", call="c1", engine="nobody", from_tag="a"))
            assert ours.replies.empty()
            assert (await ours.replies.get()).is_lost

    run(story)


def test_a_command_that_is_lost_is_sent_again_with_its_cookie() -> None:
    async def story() -> None:
        engine = Playing()
        async with desk(engine, patience=1.0) as ours:
            ours.ask()
            first = await engine.heard.get()
            second = await engine.heard.get()
            assert first == second
            engine.say(second[0], second[2])
            assert (await ours.replies.get()).sdp

    run(story)


def test_what_comes_from_elsewhere_never_arrives() -> None:
    async def story() -> None:
        engine, stranger = Playing(), Playing()
        async with desk(engine) as ours:
            ours.ask()
            cookie, _, source = await engine.next()
            stranger.say(cookie, source, sdp="v=0 a lie")
            engine.say("0123", source, sdp="v=0 a lie")
            engine.sock.sendto(b"\xff\x00", source)
            engine.sock.sendto(b"", source)
            engine.say(cookie, source)
            engine.say(cookie, source, sdp="v=0 a lie")
            assert (await ours.replies.get()).sdp == b"v=0 moved"
            stranger.close()
        shown = ours.engines.statistics()["engines"]
        assert isinstance(shown, dict)
        assert shown[str(engine.endpoint)]["counters"]["garbage"] == 2

    run(story)


def test_a_silent_engine_is_passed_over_and_told_of() -> None:
    async def story() -> None:
        silent, engine = Playing(answers_pings=False), Playing()
        async with desk(silent, engine, patience=0.2) as ours:
            for number in range(8):
                ours.ask(attrs.evolve(OFFER, call=f"c{number}"))
            for _ in range(8):
                cookie, _, source = await engine.next()
                engine.say(cookie, source)
                assert (await ours.replies.get()).engine == str(engine.endpoint)
            assert str(silent.endpoint) in await ours.alarms.get()

    run(story)


def test_where_nobody_listens_the_next_engine_has_it_long_before_the_time_is_over() -> None:
    async def story() -> None:
        engine, gone = Playing(), Playing()
        nowhere = gone.endpoint
        gone.close()
        async with desk(nowhere, engine, patience=4.0) as ours:
            loop = asyncio.get_running_loop()
            since = loop.time()
            for number in range(8):
                ours.ask(attrs.evolve(OFFER, call=f"c{number}"))
            for _ in range(8):
                cookie, _, source = await engine.next()
                engine.say(cookie, source)
                await ours.replies.get()
            assert loop.time() - since < 4.0
            assert "nobody is there" in await ours.alarms.get()

    run(story)


def test_that_nobody_listens_is_known_by_the_first_ping() -> None:
    async def story() -> None:
        gone = Playing()
        gone.close()
        async with desk(gone.endpoint) as ours:
            assert "nobody is there" in await ours.alarms.get()

    run(story)


def test_a_command_is_sent_again_in_time_where_nothing_else_was_due_for_long() -> None:
    async def story() -> None:
        engine = Playing()
        async with desk(engine, patience=0.1) as ours:
            loop = asyncio.get_running_loop()
            while ours.engines._timer is None or ours.engines._timer.when() < loop.time() + 100.0:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.001)
            ours.ask()
            assert await engine.heard.get() == await engine.heard.get()

    run(story)


def test_an_engine_that_comes_back_is_asked_again() -> None:
    async def story() -> None:
        gone = Playing()
        gone.close()
        async with desk(gone.endpoint, patience=0.2, ping=0.5) as ours:
            assert "left alone" in await ours.alarms.get()
            ours.ask()
            assert (await ours.replies.get()).is_lost
            engine = Playing(port=gone.port)
            assert "answers again" in await ours.alarms.get()
            ours.ask()
            cookie, _, source = await engine.next()
            engine.say(cookie, source)
            assert (await ours.replies.get()).sdp
            engine.close()

    run(story)


def test_what_has_come_while_the_loop_was_held_up_is_read_before_anybody_is_called_silent() -> None:
    async def story() -> None:
        engine = Playing()
        async with desk(engine, patience=0.2) as ours:
            ours.ask()
            cookie, _, source = await engine.next()
            engine.say(cookie, source)
            # As a loop that comes to its timers first, and late.
            ours.engines.pool.patience = 0.0
            held_up = asyncio.get_running_loop().time() + 0.3
            while asyncio.get_running_loop().time() < held_up:
                pass
            ours.engines._wake()
            assert (await ours.replies.get()).sdp
            assert ours.alarms.empty()

    run(story)


def test_what_is_told_to_somebody_who_fails_costs_nobody_else_anything(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        engine = Playing()
        async with desk(engine) as ours:

            def fails(_reply: Reply) -> None:
                raise ValueError("a bug")

            ours.engines.ask(OFFER, fails)
            ours.ask(attrs.evolve(OFFER, call="c2"))
            for _ in range(2):
                cookie, _, source = await engine.next()
                engine.say(cookie, source)
            assert (await ours.replies.get()).sdp

    run(story)
    assert "alarm: bug" in caplog.text


def test_after_the_end_nobody_is_told_and_no_socket_is_left() -> None:
    async def story() -> None:
        engine = Playing()
        async with desk(engine) as ours:
            ours.ask()
            cookie, _, source = await engine.next()
            engine.say(cookie, source)
            ours.engines.stop()
            ours.engines.stop()
            assert ours.engines._sockets == {}
            ours.engines.ask(OFFER, ours.replies.put_nowait)
            assert (ours.engines._sockets, ours.engines._timer) == ({}, None)
        await asyncio.sleep(0)
        assert ours.replies.empty()

    run(story)


def test_no_description_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)

    async def story() -> None:
        engine = Playing()
        async with desk(engine, patience=0.2) as ours:
            ours.ask(attrs.evolve(OFFER, sdp=b"v=0 secret"))
            assert (await ours.replies.get()).is_lost

    run(story)
    assert "secret" not in caplog.text
