"""The gateway in a loop that is not its own: real sockets, a host with habits of its own."""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import uvloop

import b2bua
from b2bua import Alarm, ConfigError, Gateway, GatewayError, Hooks, JournalError, Record, Watch
from b2bua.app import App
from b2bua.config import Journal
from b2bua.evidence import Journal as EvidenceJournal
from b2bua.evidence import segments_of, verify
from policy import Claim, Outcome, Verdict
from tests.b2bua.evidence.making import read
from tests.b2bua.test_app import PATIENCE, Stage, one_call

ROOT = Path(__file__).parents[2]
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
Story = Callable[[Gateway], Coroutine[Any, Any, None]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def play(gateway: Gateway, story: Story, loop: str = "asyncio") -> None:
    async def played() -> None:
        async with gateway, asyncio.timeout(PATIENCE):
            await story(gateway)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(played())


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def kinds(notes: list[Record | Alarm]) -> list[str]:
    return [note.kind if isinstance(note, Record) else note.name for note in notes]


# A guest in somebody else's loop.


@pytest.mark.parametrize("loop", LOOPS)
def test_it_takes_calls_in_the_loop_that_is_running_whichever_that_is(stage: Stage, loop: str) -> None:
    async def story(gateway: Gateway) -> None:
        await one_call(stage)
        assert gateway.statistics()["counters"] == {"verdict: pass": 1, "end: BYE": 1}

    play(Gateway(stage.config), story, loop)
    assert [line["kind"] for line in read(stage.evidence)] == ["segment", "verdict", "answer", "end"]
    assert verify(segments_of(stage.evidence)) is None


def test_it_leaves_the_hosts_signals_logging_loop_policy_exceptions_and_collector_alone(stage: Stage) -> None:
    root, ours = logging.getLogger(), logging.getLogger("b2bua")

    def habits() -> tuple[object, ...]:
        return (
            [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)],
            (root.level, list(root.handlers), ours.level, list(ours.handlers), ours.propagate, ours.disabled),
            type(asyncio.get_running_loop()),
            asyncio.get_running_loop().get_exception_handler(),
            (sys.excepthook, threading.excepthook),
            (gc.get_threshold(), gc.get_freeze_count(), gc.isenabled()),
        )

    async def story() -> None:
        before = habits()
        async with Gateway(stage.config):
            await one_call(stage)
            assert habits() == before
        assert habits() == before
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_it_gives_everything_back_when_it_stops_and_may_be_started_again(stage: Stage) -> None:
    async def story() -> None:
        gateway = Gateway(stage.config)
        await gateway.stop()  # nothing to stop yet
        async with gateway:  # the threads of the loop's pool stay, so that the first time counts for nothing
            pass
        before = descriptors()
        for _ in range(2):
            await gateway.start()
            assert descriptors() > before
            assert await stage.foreign.is_served()
            await gateway.stop()
            await gateway.stop()
            assert descriptors() == before

    asyncio.run(story())
    assert [line["kind"] for line in read(stage.evidence)] == ["segment"] * 3


def test_two_gateways_live_in_one_loop(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Stage(tmp_path / "other")

    async def story() -> None:
        async with Gateway(stage.config), Gateway(other.config):
            await asyncio.gather(one_call(stage), one_call(other))

    asyncio.run(story())
    other.close()
    for evidence in (stage.evidence, other.evidence):
        assert len([line for line in read(evidence) if line["kind"] == "verdict"]) == 1


def test_the_loop_turns_while_the_journal_is_opened_and_closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for a turn of the loop that comes after it began, which cannot come if it holds the loop."""
    begun, turned = threading.Event(), threading.Event()
    real_open, real_close = EvidenceJournal.open, EvidenceJournal.close

    def wait() -> None:
        begun.set()
        assert turned.wait(PATIENCE), "the loop stood still"

    def slow_open(*arguments: Any, **limits: Any) -> EvidenceJournal:
        wait()
        return real_open(*arguments, **limits)

    def slow_close(self: EvidenceJournal) -> None:
        wait()
        real_close(self)

    monkeypatch.setattr(EvidenceJournal, "open", slow_open)
    monkeypatch.setattr(EvidenceJournal, "close", slow_close)

    async def story() -> None:
        gateway = Gateway(stage.config)
        for change in (gateway.start, gateway.stop):
            begun.clear()
            turned.clear()
            changing = asyncio.ensure_future(change())
            while not begun.is_set():  # noqa: ASYNC110 - it is set by a thread
                await asyncio.sleep(0)
            turned.set()
            await changing

    asyncio.run(story())


# Starting badly.


def test_what_cannot_be_used_is_an_error_before_anything_is_opened(stage: Stage, tmp_path: Path) -> None:
    config = attrs.evolve(stage.config, route=(attrs.evolve(stage.config.route[0], to="nowhere"),))
    with pytest.raises(ConfigError, match=r"route\[0\]\.to: 'nowhere' is no trunk \(one of abroad, home\)"):
        Gateway(config)
    broken = tmp_path / "broken.toml"
    broken.write_text("[journal]\n")
    with pytest.raises(ConfigError, match=r"broken.toml:1: journal.directory: is missing"):
        Gateway(broken)
    assert not stage.evidence.exists()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read(stage: Stage, tmp_path: Path, kind: type) -> None:
    assert Gateway(kind(tmp_path / "gateway.toml")).config == stage.config


def test_an_address_that_is_taken_leaves_nothing_open_and_the_next_try_succeeds(stage: Stage) -> None:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    holder.bind(("127.0.0.1", stage.national.gateway))

    async def story() -> None:
        gateway = Gateway(stage.config)
        with pytest.raises(GatewayError, match="cannot listen on"):
            await gateway.start()
        holder.close()
        with pytest.raises(GatewayError, match="never started"):
            gateway.statistics()
        async with gateway:
            assert await stage.foreign.is_served()

    asyncio.run(story())


def test_a_journal_that_cannot_be_written_is_an_error(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = attrs.evolve(stage.config, journal=Journal(directory=str(tmp_path / "file")))
    with pytest.raises(JournalError, match="cannot be opened"):
        asyncio.run(Gateway(config).start())


def test_it_is_started_once(stage: Stage) -> None:
    async def story(gateway: Gateway) -> None:
        with pytest.raises(GatewayError, match="running already"):
            await gateway.start()
        await one_call(stage)

    play(Gateway(stage.config), story)


def test_two_who_start_it_at_once_do_not_both_succeed(stage: Stage) -> None:
    async def story() -> None:
        gateway = Gateway(stage.config)
        results = await asyncio.gather(gateway.start(), gateway.start(), return_exceptions=True)
        assert [type(result) for result in results] == [type(None), GatewayError]
        await gateway.stop()

    asyncio.run(story())


def test_a_start_that_is_cancelled_lets_go_of_the_journal(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    opening, go_on, real = threading.Event(), threading.Event(), App.open.__func__  # type: ignore[attr-defined]

    def slow_open(*arguments: Any) -> App:
        opening.set()
        assert go_on.wait(PATIENCE)
        app: App = real(App, *arguments)
        return app

    async def story() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(App, "open", slow_open)
            starting = asyncio.ensure_future(Gateway(stage.config).start())
            await asyncio.get_running_loop().run_in_executor(None, opening.wait, PATIENCE)
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            go_on.set()
        while True:  # the thread ends when it ends; until then the journal is another's
            try:
                async with Gateway(stage.config):
                    assert await stage.foreign.is_served()
                    return
            except JournalError:
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


# Reading along.


def test_a_watch_gives_the_evidence_of_each_call_and_ends_with_the_gateway(stage: Stage) -> None:
    gateway, notes = Gateway(stage.config), list[Record | Alarm]()

    async def story() -> None:
        watch = gateway.watch()
        async with gateway:
            await one_call(stage)
            stage.foreign.request("INVITE", "<sip:+3225551212@x>", call_id="d")
            assert (await stage.foreign.receive()).status == 603
        notes.extend([note async for note in watch])

    asyncio.run(asyncio.wait_for(story(), PATIENCE))
    assert kinds(notes) == ["verdict", "answer", "end", "verdict", "end"]
    written = [line for line in read(stage.evidence) if line["kind"] != "segment"]
    assert [note.call for note in notes if isinstance(note, Record)] == [line["call"] for line in written]


def test_a_line_can_be_watched_once_it_is_written_and_not_before(stage: Stage) -> None:
    on_disk: list[list[str]] = []

    async def story(gateway: Gateway) -> None:
        real = gateway._observe

        def observe(note: Record | Alarm) -> None:
            on_disk.append([line["kind"] for line in read(stage.evidence)][1:])
            real(note)

        assert gateway._app is not None
        gateway._app.observe = observe
        stage.foreign.request("INVITE")
        await stage.national.receive()

    play(Gateway(stage.config), story)
    assert on_disk[0] == ["verdict"]


def test_every_watch_gets_everything_and_one_that_is_dropped_is_forgotten(stage: Stage) -> None:
    async def story(gateway: Gateway) -> None:
        first, second, dropped = gateway.watch(), gateway.watch(1), gateway.watch()
        assert len(gateway._watches) == 3
        del dropped
        gc.collect()
        assert len(gateway._watches) == 2
        await one_call(stage)
        assert kinds([await anext(first) for _ in range(3)]) == ["verdict", "answer", "end"]
        assert kinds([await anext(second)]) == ["end"]
        assert second.missed == 2

    play(Gateway(stage.config), story)


def test_alarms_can_be_watched_and_stand_in_the_log_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def pwrite(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def story(gateway: Gateway) -> None:
        watch = gateway.watch()
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", pwrite)
            stage.foreign.request("INVITE", "<sip:+3225551212@x>")
            assert (await stage.foreign.receive()).status == 603
        notes = [await anext(watch) for _ in range(3)]
        assert kinds(notes) == ["journal", "verdict", "end"]
        assert notes[0] == Alarm("journal", "No space left on device; 2 lines wait")

    with caplog.at_level(logging.ERROR, "b2bua"):
        play(Gateway(stage.config), story)
    assert "alarm: journal: No space left on device; 2 lines wait" in caplog.text


def test_a_bug_of_ours_is_an_alarm_that_can_be_watched(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from b2bua.call import Core

    def receive(*_: Any) -> Any:
        raise ZeroDivisionError

    async def story(gateway: Gateway) -> None:
        watch = gateway.watch()
        with monkeypatch.context() as patched:
            patched.setattr(Core, "receive", receive)
            stage.foreign.request("OPTIONS", call_id="poison")
            note = await anext(watch)
        assert isinstance(note, Alarm)
        assert note.name == "bug"

    play(Gateway(stage.config), story)


def test_the_host_may_stop_the_gateway_from_inside_its_loop_over_a_watch(stage: Stage) -> None:
    async def story() -> None:
        gateway, seen = Gateway(stage.config), list[Record | Alarm]()
        await gateway.start()
        watch = gateway.watch()
        stage.foreign.request("INVITE", "<sip:+3225551212@x>")
        async for note in watch:
            seen.append(note)
            await gateway.stop()
        assert kinds(seen) == ["verdict", "end"]

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


# Hooks, over real sockets; what they may do is told in call/test_hooks.py.


def test_a_hook_of_the_host_blocks_and_the_journal_says_so(stage: Stage) -> None:
    def ours(claim: Claim, verdict: Verdict) -> Verdict:
        return attrs.evolve(verdict, outcome=Outcome.BLOCK)

    async def story(gateway: Gateway) -> None:
        stage.foreign.request("INVITE")
        assert (await stage.foreign.receive()).status == 603
        assert stage.national.is_empty()

    play(Gateway(stage.config, hooks=Hooks(verdict=ours)), story)
    (line,) = [line for line in read(stage.evidence) if line["kind"] == "verdict"]
    assert (line["verdict"], line["rules"]) == ("block", ["foreign", "hook"])
    assert verify(segments_of(stage.evidence)) is None


def test_a_hook_that_raises_is_an_alarm_and_its_call_goes_on(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    def broken(source: str, called: str) -> str:
        raise KeyError(called)

    async def story(gateway: Gateway) -> None:
        watch = gateway.watch()
        await one_call(stage)
        note = await anext(watch)
        assert isinstance(note, Alarm)
        assert note.text.startswith("the route hook raised KeyError at ")

    play(Gateway(stage.config, hooks=Hooks(route=broken)), story)
    assert "+3293330000" not in caplog.text


# The base install.

WITHOUT_EXTRAS = """
import sys
for name in ("cattrs", "cyclopts", "rich", "uvloop"):
    sys.modules[name] = None
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "dev", "-c", WITHOUT_EXTRAS + code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_the_base_install_runs_a_gateway_that_is_configured_in_python(stage: Stage) -> None:
    code = f"""
import asyncio
from b2bua import Gateway
from b2bua.config import Config, Endpoint, Journal, Peer, Route, Target, Trunk
trunk = Trunk(name="a", listen=(Endpoint("127.0.0.1", {stage.foreign.gateway}),), peers=(Peer.parse("127.0.0.2"),),
              targets=(Target(address=Endpoint("127.0.0.2", 5060)),))
config = Config(journal=Journal(directory={str(stage.evidence)!r}, segment_mib=1), trunk=(trunk,),
                route=(Route(source="a", to="a"),))
async def main():
    async with Gateway(config) as gateway:
        print(gateway.statistics()["calls"])
asyncio.run(main())
"""
    ran = python(code)
    assert (ran.stdout, ran.stderr) == ("0\n", "")


def test_the_base_install_reads_no_file_and_says_what_would(tmp_path: Path) -> None:
    code = """
from b2bua import ConfigError, Gateway
try:
    Gateway("examples/gateway.toml")
except ConfigError as error:
    print(error)
"""
    ran = python(code)
    assert (ran.stdout, ran.stderr) == ("reading a file needs cattrs, which comes with b2bua[daemon]\n", "")


def test_the_command_of_a_base_install_says_what_it_lacks() -> None:
    ran = python("import runpy; runpy.run_module('b2bua', run_name='__main__')")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "b2bua: the command line needs cyclopts: pip install 'b2bua[daemon]'\n"


def test_importing_the_package_imports_neither_loop_nor_sockets_until_a_gateway_is_asked_for() -> None:
    ran = python(
        "import b2bua, b2bua.call; print('asyncio' in sys.modules); b2bua.Gateway; print('asyncio' in sys.modules)"
    )
    assert ran.stdout.split() == ["False", "True"]


def test_the_front_door_has_these_names_and_no_others() -> None:
    assert b2bua.__all__ == [
        "Alarm",
        "ConfigError",
        "Gateway",
        "GatewayError",
        "Hooks",
        "JournalError",
        "Record",
        "Watch",
    ]
    assert {name: getattr(b2bua, name).__name__ for name in b2bua.__all__} == {name: name for name in b2bua.__all__}
    assert b2bua.Watch is Watch
    with pytest.raises(AttributeError, match="no attribute 'Gatewy'"):
        b2bua.Gatewy  # type: ignore[attr-defined]  # noqa: B018 - the mistake itself
