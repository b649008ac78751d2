"""The daemon on the loopback interface: real sockets, real journal, the loop of the test."""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua import app as shell
from b2bua.app import Admission, App, core_of, journal_of
from b2bua.config import Config, WhenFull, load
from b2bua.errors import GatewayError, JournalError
from b2bua.evidence import journal as journal_module
from b2bua.evidence import segments_of, verify
from b2bua.trunk import Trunks
from policy import Dossier
from sipstack.ids import Ids
from sipstack.net import Driver
from tests.b2bua.evidence.making import read
from tests.world.wire import Wire, write

PATIENCE = 10.0
"""Seconds after which a datagram counts as never sent; a test that passes waits for none of them."""

TOML = """\
[journal]
directory = "evidence"
segment_mib = 1
fsync_seconds = 0.01
[roaming.table]
"+32470123456" = "abroad"
[[trunk]]
name = "abroad"
class = "international"
listen = ["127.0.0.1:{abroad}"]
peers = ["127.0.0.2"]
targets = ["127.0.0.2:{foreign}"]
[[trunk]]
name = "home"
class = "national"
listen = ["127.0.0.1:{home}"]
peers = ["127.0.0.3"]
targets = ["127.0.0.3:{national}"]
[[route]]
from = "abroad"
to = "home"
[[route]]
from = "home"
to = "abroad"
"""


class Peer:
    """A carrier's socket."""

    def __init__(self, host: str, gateway: int = 0) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((host, 0))
        self.host, self.port = self.sock.getsockname()
        self.gateway = gateway
        self._branch = 0

    def send(self, data: bytes) -> None:
        self.sock.sendto(data, ("127.0.0.1", self.gateway))

    def request(
        self, method: str, caller: str = "<sip:+33612345678@x>", to: str = "", call_id: str = "c", cseq: int = 1
    ) -> None:
        self._branch += 1
        fields = [
            ("Via", f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{self.host}-{self._branch}"),
            ("Max-Forwards", "70"),
            ("From", f"{caller};tag=peer"),
            ("To", to or "<sip:+3293330000@x>"),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", f"<sip:{self.host}:{self.port}>"),
        ]
        self.send(write(f"{method} sip:+3293330000@127.0.0.1 SIP/2.0", fields))

    def answer(self, request: Wire, status: int) -> None:
        kept = [(name, value) for name, value in request.fields if name in ("via", "from", "to", "call-id", "cseq")]
        fields = [(name, value if name != "to" or request.to_tag else f"{value};tag=far") for name, value in kept]
        self.send(write(f"SIP/2.0 {status} OK", [*fields, ("Contact", f"<sip:{self.host}:{self.port}>")]))

    async def receive(self, *, skip: tuple[int, ...] = (100,)) -> Wire:
        """The next message, provisional ones left out."""
        loop = asyncio.get_running_loop()
        while True:
            wire = Wire.read(await asyncio.wait_for(loop.sock_recv(self.sock, 65_535), PATIENCE))
            if wire.status not in skip:
                return wire

    def is_empty(self) -> bool:
        try:
            self.sock.recv(65_535, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        return False

    async def is_served(self) -> bool:
        """Whether the gateway answers; whatever was sent before has been dealt with then."""
        # Each with a Call-ID of its own: the same request by another branch is a merged one, and gets 482 (§8.2.2.2).
        self.request("OPTIONS", call_id=f"ping-{self._branch}")
        return (await self.receive()).status == 200


class Stage:
    """A configuration with its two carriers."""

    def __init__(self, folder: Path) -> None:
        self.foreign, self.national = Peer("127.0.0.2"), Peer("127.0.0.3")
        free = [Peer("127.0.0.1"), Peer("127.0.0.1")]
        self.foreign.gateway, self.national.gateway = (one.port for one in free)
        for one in free:
            one.sock.close()
        self.path = path = folder / "gateway.toml"
        path.write_text(
            TOML.format(
                abroad=self.foreign.gateway,
                home=self.national.gateway,
                foreign=self.foreign.port,
                national=self.national.port,
            )
        )
        self.config: Config = load(path)
        self.evidence = folder / "evidence"

    def close(self) -> None:
        self.foreign.sock.close()
        self.national.sock.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[App]:
        app = App.open(self.config)
        try:
            app.start()
            yield app
        finally:
            await app.stop()

    def play(self, story: Callable[[App], Coroutine[Any, Any, None]]) -> None:
        """Runs a story beside the daemon."""

        async def played() -> None:
            async with self.running() as app:
                await story(app)

        asyncio.run(played())


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    made = Stage(tmp_path)
    yield made
    made.close()


async def one_call(stage: Stage, call_id: str = "c", caller: str = "<sip:+33612345678@x>") -> None:
    """From INVITE to BYE."""
    foreign, national = stage.foreign, stage.national
    foreign.request("INVITE", caller, call_id=call_id)
    invite = await national.receive()
    assert invite.method == "INVITE"
    national.answer(invite, 180)
    assert (await foreign.receive()).status == 180
    national.answer(invite, 200)
    assert (await national.receive()).method == "ACK"
    answer = await foreign.receive()
    assert answer.status == 200
    foreign.request("ACK", caller, answer.first("to"), call_id)
    foreign.request("BYE", caller, answer.first("to"), call_id, cseq=2)
    assert (await foreign.receive()).start == "SIP/2.0 200 OK"
    bye = await national.receive()
    assert bye.method == "BYE"
    national.answer(bye, 200)


def test_a_call_goes_through_and_its_evidence_is_on_disk(stage: Stage) -> None:
    async def story(app: App) -> None:
        await one_call(stage)
        assert await stage.national.is_served()
        statistics = app.statistics()
        assert statistics["calls"] == statistics["dialogs"] == 0
        assert app.core.counters["verdict: pass"] == app.core.counters["end: BYE"] == 1

    stage.play(story)
    assert [line["kind"] for line in read(stage.evidence)] == ["segment", "verdict", "answer", "end"]
    assert verify(segments_of(stage.evidence)) is None


@pytest.mark.law("¶33")
def test_the_line_of_a_verdict_is_on_disk_before_its_message_leaves(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, on_disk = Driver.send_all, list[list[str]]()

    def send_all(self: Driver, effects: Iterable[object]) -> None:
        on_disk.append([line["kind"] for line in read(stage.evidence)][1:])
        real(self, effects)

    async def story(app: App) -> None:
        monkeypatch.setattr(Driver, "send_all", send_all)
        stage.foreign.request("INVITE")
        await stage.national.receive()
        stage.foreign.request("INVITE", "<sip:+3225551212@x>", call_id="d")
        assert (await stage.foreign.receive()).status == 603

    stage.play(story)
    assert on_disk[:2] == [["verdict"], ["verdict", "verdict", "end"]]


@pytest.mark.law("¶7")
def test_a_blocked_call_sends_nothing_to_the_other_side(stage: Stage) -> None:
    async def story(app: App) -> None:
        stage.foreign.request("INVITE", "<sip:+3225551212@x>")
        refusal = await stage.foreign.receive()
        assert refusal.status == 603
        assert await stage.foreign.is_served()
        assert stage.national.is_empty()

    stage.play(story)


def test_a_mobile_number_is_answered_from_the_table(stage: Stage) -> None:
    async def story(app: App) -> None:
        await one_call(stage, caller="<sip:+32470123456@x>")
        stage.foreign.request("INVITE", "<sip:+32470999999@x>", call_id="d")
        assert (await stage.foreign.receive()).status == 603

    stage.play(story)


@pytest.mark.law("¶11")
def test_unknown_sources_are_dropped_unread_and_counted(stage: Stage) -> None:
    async def story(app: App) -> None:
        stranger = Peer("127.0.0.9", stage.foreign.gateway)
        for _ in range(3):
            stranger.request("INVITE")
        stage.national.gateway, own = stage.foreign.gateway, stage.national.gateway
        stage.national.request("OPTIONS")  # a peer, but of the other socket
        stage.national.gateway = own
        assert await stage.foreign.is_served()
        name = f"127.0.0.1:{stage.foreign.gateway}"
        assert app.statistics()["sockets"] == {name: {"unknown source": 4}}
        assert stranger.is_empty()
        assert stage.national.is_empty()
        assert app.core.statistics().counters == {}
        stranger.sock.close()

    stage.play(story)


def test_a_call_id_that_is_no_text_harms_nobody(stage: Stage) -> None:
    async def story(app: App) -> None:
        await one_call(stage, call_id="a\udcffb")
        await one_call(stage, call_id="next")
        assert app.journal.waiting == 0

    stage.play(story)
    assert len([line for line in read(stage.evidence) if line["kind"] == "verdict"]) == 2


@pytest.mark.law("¶33")
def test_a_full_disk_lets_national_calls_on_and_refuses_screened_ones_when_the_spool_is_full(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journal_module, "SPARE", 2)
    real, is_full = os.pwrite, [True]

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        if is_full[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data, offset)

    async def story(app: App) -> None:
        monkeypatch.setattr(os, "pwrite", pwrite)
        app.journal.spool = 12
        for number in range(3):  # two lines a refused call
            stage.foreign.request("INVITE", "<sip:+3225551212@x>", call_id=f"s{number}")
            assert (await stage.foreign.receive()).status == 603
        assert app.journal.is_full
        stage.foreign.request("INVITE", "<sip:+3225551212@x>", call_id="refused")
        refusal = await stage.foreign.receive()
        assert (refusal.status, refusal.first("retry-after")) == (503, "30")
        stage.national.request("INVITE", call_id="national")
        assert (await stage.foreign.receive()).method == "INVITE"
        is_full[0] = False
        while not app.core.may_record:
            assert await stage.national.is_served()
        stage.foreign.request("INVITE", "<sip:+3225551212@x>", call_id="again")
        assert (await stage.foreign.receive(skip=(100, 503))).status == 603

    with caplog.at_level(logging.ERROR):
        stage.play(story)
    assert "alarm: journal: No space left on device" in caplog.text
    verdicts = [line["call_id"] for line in read(stage.evidence) if line["kind"] == "verdict"]
    assert verdicts == ["s0", "s1", "s2", "national", "again"]
    assert verify(segments_of(stage.evidence)) is None


def test_whoever_wants_calls_without_evidence_gets_their_number_when_the_disk_is_well(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.config = attrs.evolve(stage.config, journal=attrs.evolve(stage.config.journal, when_full=WhenFull.CARRY))
    real, is_full = os.pwrite, [True]

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        if is_full[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data, offset)

    async def story(app: App) -> None:
        monkeypatch.setattr(os, "pwrite", pwrite)
        app.journal.spool = 5
        for number in range(4):  # two lines a refused call
            stage.foreign.request("INVITE", "<sip:+3225551212@x>", call_id=f"s{number}")
            assert (await stage.foreign.receive()).status == 603
        assert app.journal.is_full
        is_full[0] = False
        while app.journal.waiting:
            assert await stage.national.is_served()

    stage.play(story)
    (gap,) = [line for line in read(stage.evidence) if line["kind"] == "gap"]
    assert gap["lost_lines"] == 3
    assert verify(segments_of(stage.evidence)) is None


def test_a_journal_has_the_limits_of_its_configuration(stage: Stage) -> None:
    kept = attrs.evolve(stage.config.journal, segment_mib=2, segment_hours=3, spool_lines=4_000)
    config = attrs.evolve(stage.config, journal=kept)
    journal = journal_of(config, stage.evidence, datetime(2026, 1, 31, tzinfo=UTC))
    assert (journal.segment_size, journal.age, journal.spool) == (2 * 1024 * 1024, timedelta(hours=3), 4_000)
    journal.close()


def test_a_segment_is_closed_when_it_is_too_old_though_nobody_calls(stage: Stage) -> None:
    async def story(app: App) -> None:
        await one_call(stage)
        app.journal.age = timedelta(0)
        while app.journal.number == 1:
            assert await stage.foreign.is_served()

    stage.play(story)
    assert len(segments_of(stage.evidence)) == 2


def test_a_bug_costs_its_own_message_only(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from b2bua.call import Core

    real = Core.receive

    def receive(self: Core, data: bytes, *rest: Any) -> Any:
        if b"poison" in data:
            raise ZeroDivisionError
        return real(self, data, *rest)

    async def story(app: App) -> None:
        monkeypatch.setattr(Core, "receive", receive)
        stage.foreign.request("OPTIONS", call_id="poison")
        assert await stage.foreign.is_served()
        assert app.core.counters["bug"] == 1

    stage.play(story)
    assert "ZeroDivisionError" in caplog.text


def test_a_daemon_that_stops_gives_back_its_sockets_and_its_room_on_disk(stage: Stage) -> None:
    async def story(app: App) -> None:
        await one_call(stage)

    stage.play(story)
    stage.play(story)
    assert all(path.stat().st_size < 10_000 for path in segments_of(stage.evidence))
    assert len(segments_of(stage.evidence)) == 2


def test_an_address_that_is_taken_is_an_error_that_names_it_and_leaves_no_socket_open(stage: Stage) -> None:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    holder.bind(("127.0.0.1", stage.national.gateway))

    async def start() -> None:
        app = App.open(stage.config)
        try:
            with pytest.raises(GatewayError, match=f"cannot listen on 127.0.0.1:{stage.national.gateway}"):
                app.start()
        finally:
            app.close()
        holder.close()
        async with stage.running():
            assert await stage.foreign.is_served()

    asyncio.run(start())


def test_a_second_daemon_on_one_journal_does_not_start(stage: Stage) -> None:
    async def story(app: App) -> None:
        with pytest.raises(JournalError, match="another process"):
            App.open(stage.config)
        await one_call(stage)

    stage.play(story)


class Ready(logging.Handler):
    """Does something once the daemon says that it is ready."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self._then = then

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "ready":
            self._then()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_daemon_cleanly(
    stage: Stage, number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    def end() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), number)

    ready = Ready(end)
    logger = logging.getLogger("b2bua")
    with caplog.at_level(logging.INFO):
        logger.addHandler(ready)
        try:
            asyncio.run(asyncio.wait_for(shell._serve(stage.config, stage.path), PATIENCE))
        finally:
            logger.removeHandler(ready)
            gc.unfreeze()
    words = [record.message.split()[0] for record in caplog.records if record.name == "b2bua"]
    assert words == ["trunk", "trunk", "ready", "statistics", "stopped"]
    assert [line["kind"] for line in read(stage.evidence)] == ["segment"]


@pytest.mark.law("L5", "K12")
def test_the_register_holds_the_dossiers_of_the_file() -> None:
    config = load(Path(__file__).parents[2] / "examples/vectors/b2bua.toml")
    found = core_of(config, Ids(os.urandom)).context.register.covering(Dossier, "+32456123456", date(2026, 1, 1))
    assert found is not None
    assert (found.prefix, found.reference) == ("+32456", "DOSSIER-TEST")


def test_a_core_is_made_of_its_configuration(stage: Stage) -> None:
    context = core_of(stage.config, Ids(os.urandom)).context
    assert (context.timing.t1, context.timing.t2, context.timing.t4) == (0.5, 4.0, 5.0)
    assert (context.no_answer, context.longest) == (180, 14_400)
    assert "112" in context.profile.emergency


def test_only_the_peers_of_a_socket_are_admitted(stage: Stage) -> None:
    admits = Admission(Trunks.of(stage.config), f"127.0.0.1:{stage.foreign.gateway}")
    assert admits("127.0.0.2", 1)
    assert not admits("127.0.0.3", 1)
