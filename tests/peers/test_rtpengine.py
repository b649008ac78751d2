"""rtpengine itself, in userspace: what a call makes of it, and packets that cross it octet for octet.

The two trunks are two of its interfaces, on two addresses of loopback, so that it shows by which one a packet leaves.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from ipaddress import ip_address
from itertools import count
from pathlib import Path

import attrs
import orjson
import pytest

from b2bua.config import Endpoint, Engine, Rtpengine
from b2bua.errors import MediaError
from b2bua.media.asking import Engines
from b2bua.media.engaged import Engaged
from b2bua.media.ng import Command, Reply, Terms
from b2bua.media.orders import A, B
from tests.peers.rtpengine import EAST, WEST, Box, boxed
from tests.peers.waiting import LONG

pytestmark = pytest.mark.peer("rtpengine")

_NUMBERS = count()
BODY = b"v=0\r\no=- 7 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
PACKETS = [
    b"\x80\x08" + bytes(range(170)),  # RTP
    b"\x80\xc8\x00\x06" + bytes(24),  # RTCP, where RTP goes
    b"\x16\xfe\xff\x00" + bytes(60),  # DTLS
    b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(range(12)),  # STUN
    b"\x00\x07\x06\xc0\x01\x80\x00\xff",  # UDPTL
    b"\xff",
]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with boxed(tmp_path_factory.mktemp("rtpengine"), 41_000) as one:
        yield one


@attrs.define(eq=False)
class Party:
    """Who sends and receives media."""

    host: str
    sock: socket.socket = attrs.field(init=False)
    _told: int = 0

    def __attrs_post_init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.host, 0))
        self.sock.settimeout(LONG)

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    def describes(
        self, media: str = "audio", transport: str = "RTP/AVP 8", *lines: str, port: int | None = None
    ) -> bytes:
        """Its session description, with octets that no text has."""
        family = f"IP{ip_address(self.host).version}"
        self._told += 1
        head = f"v=0\r\no=- 7 {self._told} IN {family} {self.host}\r\ns=\xe9\r\nc=IN {family} {self.host}\r\nt=0 0\r\n"
        media_line = f"m={media} {self.port if port is None else port} {transport}\r\n"
        return (head + media_line + "".join(f"{line}\r\n" for line in lines)).encode("latin-1")

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self.sock.sendto(data, to)

    def hears(self, data: bytes) -> tuple[str, int]:
        """Where that came from; what has come before it is let go by."""
        while True:
            heard, source = self.sock.recvfrom(65_536)
            if heard == data:
                return source[0], source[1]


def place(sdp: bytes) -> tuple[str, int]:
    """Where a description wants its only stream."""
    connection = re.search(rb"^c=IN IP\d (\S+)", sdp, re.M)
    media = re.search(rb"^m=\w+ (\d+)", sdp, re.M)
    assert connection
    assert media
    return connection[1].decode(), int(media[1])


@attrs.define
class Talk:
    """A call that the test leads, and its engines."""

    engines: Engines
    engaged: Engaged
    alarms: asyncio.Queue[str]
    asked: list[Command] = attrs.field(factory=list)

    async def ask(self, command: Command) -> Reply:
        done: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.engines.ask(command, done.set_result)
        return await done

    async def carry(self, command: Command | None) -> None:
        while command is not None:
            self.asked.append(command)
            command = self.engaged.heed(command, await self.ask(command))

    async def offer(self, side: int, body: bytes, branch: str = "") -> bytes:
        await self.carry(self.engaged.question(side, body, is_offer=True, branch=branch))
        return self.engaged.offered(side, body)

    async def answer(self, side: int, body: bytes, branch: str = "") -> bytes:
        await self.carry(self.engaged.question(side, body, is_offer=False, branch=branch))
        return self.engaged.answered(side, body, branch)

    async def over(self) -> Reply:
        command = self.engaged.over()
        assert command is not None
        return await self.ask(command)


@asynccontextmanager
async def talking(*boxes: Box | Endpoint, patience: float = 4.0, **more: object) -> AsyncIterator[Talk]:
    places = [one.endpoint if isinstance(one, Box) else one for one in boxes]
    config = Rtpengine(
        engine=tuple(Engine(address=place) for place in places),
        timeout_seconds=patience,
        ping_seconds=0.5,
        **more,  # type: ignore[arg-type]
    )
    alarms: asyncio.Queue[str] = asyncio.Queue()
    engines = Engines.of(config, alarms.put_nowait)
    engines.start()
    try:
        async with asyncio.timeout(2 * LONG):
            yield Talk(engines, Engaged(call=f"call-{next(_NUMBERS)}", sides=("west", "east")), alarms)
    finally:
        engines.stop()


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]


@contextmanager
def parties(*hosts: str) -> Iterator[list[Party]]:
    with ExitStack() as stack:
        made = [Party(host) for host in hosts]
        for one in made:
            stack.enter_context(one.sock)
        yield made


def crosses(one: Party, to_one: bytes, two: Party, to_two: bytes, packets: Sequence[bytes] = PACKETS) -> None:
    """Every octet, both ways; each party hears from where it sends to. `to_one`: the description that it was shown."""
    for number, packet in enumerate(packets):
        for sender, shown, hearer, hears_from in ((one, to_one, two, to_two), (two, to_two, one, to_one)):
            data = packet + bytes([number]) + sender.port.to_bytes(2, "big")
            sender.send(data, place(shown))
            assert hearer.hears(data) == place(hears_from)


def test_what_each_sends_arrives_octet_for_octet_by_the_interface_of_its_side(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as (ada, bob):
            async with talking(box) as talk:
                to_bob = await talk.offer(A, ada.describes())
                to_ada = await talk.answer(B, bob.describes(), "t1")
                assert (place(to_ada)[0], place(to_bob)[0]) == (WEST, EAST)
                assert b"s=\xe9\r\n" in to_bob
                crosses(ada, to_ada, bob, to_bob)
                reply = await talk.over()
                assert reply.figures["packets_a"] == reply.figures["packets_b"] == len(PACKETS)
                assert reply.figures["octets_a"] > sum(map(len, PACKETS))
                assert reply.figures["streams"] == 1
                assert talk.engaged.call not in box.calls()

    run(story)


def test_from_one_address_family_to_the_other(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "::1", "::1") as (ada, bob, eve):
            async with talking(box, options={"address family": "IP6"}) as talk:
                to_bob = await talk.offer(A, ada.describes())
                assert place(to_bob)[0] == "::1"
                talk.engines.pool.terms = Terms(options={"address family": "IP4"})
                to_ada = await talk.answer(B, bob.describes(), "t1")
                crosses(ada, to_ada, bob, to_bob)
                to_ada = await talk.offer(B, bob.describes())
                assert place(to_ada)[0] == WEST
            async with talking(box) as talk:
                to_bob = await talk.offer(A, eve.describes())
                to_eve = await talk.answer(B, bob.describes(), "t1")
                assert (place(to_eve)[0], place(to_bob)[0]) == ("::1", "::1")
                crosses(eve, to_eve, bob, to_bob, PACKETS[:2])

    run(story)


@pytest.mark.parametrize("side", [A, B])
def test_a_re_offer_of_either_side_moves_it(box: Box, side: int) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4", "127.0.0.5") as (ada, bob, new):
            async with talking(box) as talk:
                to_bob = await talk.offer(A, ada.describes())
                to_ada = await talk.answer(B, bob.describes(), "t1")
                talk.engaged.chosen("t1")
                talk.engaged.settled()
                crosses(ada, to_ada, bob, to_bob, PACKETS[:1])
                shown = await talk.offer(side, new.describes())
                stays = bob if side == A else ada
                to_new = await talk.answer(1 - side, stays.describes())
                crosses(new, to_new, stays, shown, PACKETS[1:])
                assert place(shown) == place(to_bob if side == A else to_ada)

    run(story)


def test_a_re_offer_to_nowhere_and_back_again(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as (ada, bob):
            async with talking(box) as talk:
                to_bob = await talk.offer(A, ada.describes())
                to_ada = await talk.answer(B, bob.describes(), "t1")
                held = await talk.offer(A, ada.describes("audio", "RTP/AVP 8", "a=inactive"))
                assert b"a=inactive" in held
                await talk.answer(B, bob.describes("audio", "RTP/AVP 8", "a=inactive"))
                again = await talk.offer(A, ada.describes())
                assert place(again) == place(to_bob)
                to_ada = await talk.answer(B, bob.describes())
                crosses(ada, to_ada, bob, again, PACKETS[:2])

    run(story)


def test_a_refused_re_offer_is_undone_in_the_engine(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4", "127.0.0.5") as (ada, bob, new):
            async with talking(box) as talk:
                to_bob = await talk.offer(A, ada.describes())
                to_ada = await talk.answer(B, bob.describes(), "t1")
                talk.engaged.settled()
                crosses(ada, to_ada, bob, to_bob, PACKETS[:1])
                shown = await talk.offer(A, new.describes())
                bob.send(b"\x80\x08 to the new place", place(shown))
                new.hears(b"\x80\x08 to the new place")
                await talk.carry(talk.engaged.refused())
                assert [command.verb for command in talk.asked[-2:]] == ["offer", "answer"]
                crosses(ada, to_ada, bob, to_bob)

    run(story)


def test_fax_takes_the_place_of_sound(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as (ada, bob):
            async with talking(box) as talk:
                await talk.offer(A, ada.describes())
                await talk.answer(B, bob.describes(), "t1")
                to_bob = await talk.offer(A, ada.describes("image", "udptl t38", "a=T38FaxVersion:0"))
                assert b"m=image" in to_bob
                to_ada = await talk.answer(B, bob.describes("image", "udptl t38", "a=T38FaxVersion:0"))
                crosses(ada, to_ada, bob, to_bob, PACKETS[4:])

    run(story)


def test_a_late_offer_is_the_callees(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as (ada, bob):
            async with talking(box) as talk:
                to_ada = await talk.offer(B, bob.describes(), "t1")
                talk.engaged.chosen("t1")
                to_bob = await talk.answer(A, ada.describes())
                assert (place(to_ada)[0], place(to_bob)[0]) == (WEST, EAST)
                crosses(ada, to_ada, bob, to_bob)

    run(story)


def test_branches_of_a_fork_speak_in_turn_and_the_chosen_one_stays(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4", "127.0.0.5") as (ada, bob, carol):
            async with talking(box) as talk:
                to_callee = await talk.offer(A, ada.describes())
                told = bob.describes()
                to_ada = await talk.answer(B, told, "t1")
                crosses(ada, to_ada, bob, to_callee, PACKETS[:2])
                of_carol = await talk.answer(B, carol.describes(), "t2")
                assert place(of_carol) == place(to_ada)
                crosses(ada, of_carol, carol, to_callee, PACKETS[:2])
                await talk.carry(talk.engaged.chosen("t1"))
                assert len(talk.asked) == 4
                crosses(ada, to_ada, bob, to_callee)

    run(story)


@pytest.mark.parametrize(
    ("transport", "lines"),
    [
        ("RTP/SAVP 8", ("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",)),
        ("UDP/TLS/RTP/SAVPF 8", ("a=setup:actpass", "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=rtcp-mux")),
    ],
)
def test_keys_are_nobodys_but_the_peers(box: Box, transport: str, lines: tuple[str, ...]) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as (ada, bob):
            async with talking(box) as talk:
                to_bob = await talk.offer(A, ada.describes("audio", transport, *lines))
                to_ada = await talk.answer(B, bob.describes("audio", transport, *lines), "t1")
                for shown in (to_bob, to_ada):
                    keys = re.findall(rb"^a=(?:crypto|fingerprint|setup).*", shown, re.M)
                    assert [key.strip().decode() for key in keys] == [line for line in lines if "mux" not in line]
                crosses(ada, to_ada, bob, to_bob)

    run(story)


def test_a_port_that_is_no_longer_wanted_is_told_as_such(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3") as (ada,):
            async with talking(box) as talk:
                assert place(await talk.offer(A, ada.describes(port=0)))[1] == 0

    run(story)


@pytest.mark.parametrize("body", [b"hello", b"v=0\r\nm=audio\r\n", b"v=0\r\n\x00\r\n", b"\xff" * 2_000])
def test_what_is_no_description_is_refused(box: Box, body: bytes) -> None:
    async def story() -> None:
        async with talking(box) as talk:
            with pytest.raises(MediaError) as caught:
                await talk.offer(A, body)
            assert caught.value.status == 488

    run(story)


def test_a_description_nearly_as_long_as_a_datagram_crosses(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3") as (ada,):
            async with talking(box) as talk:
                shown = await talk.offer(
                    A, ada.describes("audio", "RTP/AVP 8", *[f"a=x-{n}:{'y' * 100}" for n in range(400)])
                )
                assert shown.count(b"a=x-") == 400

    run(story)


def test_an_answer_to_what_the_engine_does_not_know_is_refused(box: Box) -> None:
    async def story() -> None:
        async with talking(box) as talk:
            reply = await talk.ask(
                Command(verb="answer", call="nobody", engine=str(box.endpoint), from_tag="a", to_tag="b")
            )
            assert reply.error
            assert not reply.is_lost

    run(story)


def test_a_query_tells_what_has_crossed(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as (ada, bob):
            async with talking(box) as talk:
                to_bob = await talk.offer(A, ada.describes())
                to_ada = await talk.answer(B, bob.describes(), "t1")
                crosses(ada, to_ada, bob, to_bob, PACKETS[:1])
                ada.send(b"\x80\x08 more", place(to_ada))
                bob.hears(b"\x80\x08 more")
                query = Command(verb="query", call=talk.engaged.call, engine=str(box.endpoint))
                figures = (await talk.ask(query)).figures
                assert (figures["packets_a"], figures["packets_b"]) == (2, 1)

    run(story)


def test_a_command_that_comes_twice_is_done_once_and_answered_twice(box: Box) -> None:
    offer = {
        "command": "offer",
        "call-id": "twice",
        "from-tag": "a",
        "sdp": BODY.decode(),
    }
    data = b"twice-1 " + orjson.dumps(offer)
    first = box.say(data)
    assert b'"result":"ok"' in first
    assert box.say(data) == first
    # Another cookie makes it another command; the port stays, for it is the same call.
    assert box.say(data.replace(b"twice-1", b"twice-2")).partition(b" ")[2] == first.partition(b" ")[2]
    box.say(b'twice-3 {"command": "delete", "call-id": "twice", "from-tag": "a", "delete delay": 0}')
    assert "twice" not in box.calls()
    # Its deletion is remembered by its cookie too: a late repetition does not make the call again.
    assert box.say(data) == first
    assert "twice" not in box.calls()


def test_an_engine_that_was_killed_is_left_alone_and_asked_again_once_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as (ada, bob), boxed(tmp_path, 43_000) as engine:
            async with talking(engine, patience=1.0) as talk:
                await talk.offer(A, ada.describes())
                to_ada = await talk.answer(B, bob.describes(), "t1")
                engine.kill()
                assert "left alone" in await talk.alarms.get()
                with pytest.raises(MediaError):
                    await talk.offer(A, ada.describes())
                await asyncio.to_thread(engine.start)
                assert "answers again" in await talk.alarms.get()
                # It knows nothing of the call, which begins anew by the next offer.
                to_bob = await talk.offer(A, ada.describes())
                to_ada = await talk.answer(B, bob.describes())
                crosses(ada, to_ada, bob, to_bob, PACKETS[:2])
                await talk.over()
                assert engine.calls() == []

    run(story)


@pytest.mark.parametrize("side", [A, B])
def test_a_call_whose_engine_is_killed_begins_anew_on_the_other(tmp_path: Path, box: Box, side: int) -> None:
    async def story() -> None:
        with parties("127.0.0.3", "127.0.0.4") as two, boxed(tmp_path, 43_000) as engine:
            async with talking(engine, box, patience=1.0) as talk:
                talk.engaged.engine = str(engine.endpoint)
                ada, bob = two
                await talk.offer(A, ada.describes())
                await talk.answer(B, bob.describes(), "t1")
                talk.engaged.settled()
                assert talk.engaged.engine == str(engine.endpoint)
                engine.kill()
                shown = await talk.offer(side, two[side].describes())
                assert talk.engaged.engine == str(box.endpoint)
                to_offerer = await talk.answer(1 - side, two[1 - side].describes())
                crosses(two[side], to_offerer, two[1 - side], shown)
                assert talk.engaged.call in box.calls()
                await asyncio.to_thread(engine.start)
                assert (await talk.over()).figures["packets_a"] == len(PACKETS)
                assert talk.engaged.call not in box.calls()

    run(story)


def test_a_silent_engine_costs_a_call_its_time_and_no_more(box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.9", "127.0.0.3") as (nobody, ada):
            async with talking(Endpoint("127.0.0.9", nobody.port), box, patience=0.5) as talk:
                for number in range(6):
                    talk.engaged = Engaged(call=f"silent-{number}", sides=("west", "east"))
                    assert await talk.offer(A, ada.describes())
                    assert talk.engaged.engine == str(box.endpoint)
                    await talk.over()
                assert "left alone" in await talk.alarms.get()

    run(story)


def test_an_engine_that_is_full_sends_its_calls_on(tmp_path: Path, box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3") as (ada,), boxed(tmp_path, 43_000, "--max-sessions=0") as full:
            async with talking(full) as alone:
                with pytest.raises(MediaError) as caught:
                    await alone.offer(A, ada.describes())
                assert caught.value.status == 503
            async with talking(full, box) as talk:
                for number in range(6):
                    talk.engaged = Engaged(call=f"full-{number}", sides=("west", "east"))
                    assert await talk.offer(A, ada.describes())
                    assert talk.engaged.engine == str(box.endpoint)
                    await talk.over()

    run(story)


def test_an_engine_without_ports_sends_its_calls_on(tmp_path: Path, box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3") as (ada,), boxed(tmp_path, 43_000, "--port-max=43009") as small:
            async with talking(small, box) as talk:
                engines = set()
                for number in range(30):
                    talk.engaged = Engaged(call=f"ports-{number}", sides=("west", "east"))
                    assert await talk.offer(A, ada.describes())
                    engines.add(talk.engaged.engine)
                assert str(box.endpoint) in engines
                for number in range(30):
                    for engine in (small, box):
                        await talk.ask(
                            Command(verb="delete", call=f"ports-{number}", engine=str(engine.endpoint), from_tag="a")
                        )
                assert not [call for call in [*box.calls(), *small.calls()] if call.startswith("ports")]

    run(story)


def test_new_calls_are_shared_by_weight(tmp_path: Path, box: Box) -> None:
    async def story() -> None:
        with parties("127.0.0.3") as (ada,), boxed(tmp_path, 43_000) as other:
            async with talking(box, other) as talk:
                talk.engines.pool.engines[str(other.endpoint)].weight = 9
                taken = []
                for number in range(100):
                    talk.engaged = Engaged(call=f"weights-{number}", sides=("west", "east"))
                    await talk.offer(A, ada.describes())
                    taken.append(talk.engaged.engine)
                    await talk.over()
                assert 70 < taken.count(str(other.endpoint)) < 100

    run(story)


@pytest.mark.slow
def test_nothing_is_left_of_ten_thousand_calls(box: Box) -> None:
    async def story() -> None:
        async with talking(box) as talk:
            before = box.calls()
            at_once = asyncio.Semaphore(50)
            replies = []

            async def call(number: int) -> None:
                async with at_once:
                    engaged = Engaged(call=f"many-{number}", sides=("west", "east"))
                    one = Talk(talk.engines, engaged, talk.alarms)
                    await one.offer(A, BODY)
                    if number % 2:
                        await one.answer(B, BODY, "t1")
                    replies.append(await one.over())

            await asyncio.gather(*(call(number) for number in range(10_000)))
            assert [reply.error for reply in replies if reply.error] == []
            assert box.calls() == before
            shown = talk.engines.statistics()
            assert shown["open"] in (0, 1)  # a ping
            assert talk.alarms.empty()

    run(story)
